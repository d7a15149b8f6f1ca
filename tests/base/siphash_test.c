#include "base/siphash.h"

#include "harness.h"

static const struct siphash_key key = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};
static const char bytes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};

TEST(the_papers_example_comes_out)
{
    TRUE(siphash(key, (struct view){bytes, 15}) == 0xa129ca6149be45e5);
}

/* The authors' own table for the same key and the first bytes of the same text. */
TEST(the_authors_first_vectors_come_out)
{
    TRUE(siphash(key, (struct view){bytes, 0}) == 0x726fdb47dd0e0e31);
    TRUE(siphash(key, (struct view){bytes, 1}) == 0x74f839c593dc67fd);
    TRUE(siphash(key, (struct view){bytes, 8}) == 0x93f5f5799a932462);
}
