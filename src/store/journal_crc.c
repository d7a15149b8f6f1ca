#include "store/journal_crc.h"

/* Four bits at a time: the remainders of 0..15 by the reflected polynomial 0x82F63B78. */
static const uint32_t nibble[16] = {
    0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1, 0x417B1DBC, 0x5125DAD3, 0x61C69362, 0x7198540D,
    0x82F63B78, 0x92A8FC17, 0xA24BB5A6, 0xB21572C9, 0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75,
};

uint32_t journal_crc_portable(uint32_t seed, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    uint32_t crc = ~seed;
    for (size_t i = 0; i < size; i++) {
        crc ^= byte[i];
        crc = crc >> 4 ^ nibble[crc & 15];
        crc = crc >> 4 ^ nibble[crc & 15];
    }
    return ~crc;
}

#if defined(__x86_64__)

#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t seed, const void *bytes,
                                                                 size_t size)
{
    const unsigned char *byte = bytes;
    uint64_t crc = (uint32_t)~seed;
    for (; size >= sizeof(uint64_t); size -= sizeof(uint64_t), byte += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, byte, sizeof word);
        crc = _mm_crc32_u64(crc, word);
    }
    uint32_t rest = (uint32_t)crc;
    for (; size > 0; size--, byte++)
        rest = _mm_crc32_u8(rest, *byte);
    return ~rest;
}

uint32_t journal_crc(uint32_t seed, const void *bytes, size_t size)
{
    return __builtin_cpu_supports("sse4.2") ? by_instruction(seed, bytes, size)
                                            : journal_crc_portable(seed, bytes, size);
}

#else

uint32_t journal_crc(uint32_t seed, const void *bytes, size_t size)
{
    return journal_crc_portable(seed, bytes, size);
}

#endif
