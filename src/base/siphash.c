#include "base/siphash.h"

static uint64_t turn(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

/* The paper's round: four words, each added, turned and mixed with its neighbour. */
static void rounds(uint64_t v[4], unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        v[0] += v[1], v[1] = turn(v[1], 13) ^ v[0], v[0] = turn(v[0], 32);
        v[2] += v[3], v[3] = turn(v[3], 16) ^ v[2];
        v[0] += v[3], v[3] = turn(v[3], 21) ^ v[0];
        v[2] += v[1], v[1] = turn(v[1], 17) ^ v[2], v[2] = turn(v[2], 32);
    }
}

static void take(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    rounds(v, 2);
    v[0] ^= word;
}

/* Up to eight bytes, the first the lowest, whatever the machine. */
static uint64_t word_of(const char *bytes, size_t count)
{
    uint64_t word = 0;
    for (size_t i = 0; i < count; i++)
        word |= (uint64_t)(unsigned char)bytes[i] << (8 * i);
    return word;
}

uint64_t siphash(struct siphash_key key, struct view bytes)
{
    uint64_t v[4] = {key.half[0] ^ 0x736f6d6570736575, key.half[1] ^ 0x646f72616e646f6d,
                     key.half[0] ^ 0x6c7967656e657261, key.half[1] ^ 0x7465646279746573};
    size_t whole = bytes.length - bytes.length % 8;
    for (size_t i = 0; i < whole; i += 8)
        take(v, word_of(bytes.text + i, 8));
    take(v, (uint64_t)bytes.length << 56 | word_of(bytes.text + whole, bytes.length % 8));
    v[2] ^= 0xff;
    rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
