#include "store/journal_crc.h"

#include "harness.h"

/* The check value of CRC-32C, and the vectors of RFC 3720, B.4. */
TEST(the_published_checksums_come_out)
{
    unsigned char bytes[32];
    SAME(journal_crc(0, "123456789", 9), 0xE3069283);
    memset(bytes, 0, sizeof bytes);
    SAME(journal_crc(0, bytes, sizeof bytes), 0x8A9136AA);
    memset(bytes, 0xFF, sizeof bytes);
    SAME(journal_crc(0, bytes, sizeof bytes), 0x62A8AB43);
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    SAME(journal_crc(0, bytes, sizeof bytes), 0x46DD794E);
}

TEST(with_and_without_the_instruction_the_bits_are_the_same)
{
    unsigned char bytes[100];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 37 + 11);
    for (size_t from = 0; from < 9; from++)
        for (size_t size = 0; size + from <= sizeof bytes; size++)
            SAME(journal_crc(77, bytes + from, size), journal_crc_portable(77, bytes + from, size));
}

TEST(another_seed_is_another_checksum)
{
    TRUE(journal_crc(1, "fraud", 5) != journal_crc(2, "fraud", 5));
}
