#include "base/card_number.h"

#include "base/rng.h"
#include "harness.h"

static bool in(const char *text)
{
    return card_number_in(view_of(text));
}

/* The schemes' own numbers for tests. */
TEST(the_numbers_that_schemes_give_for_tests_are_found)
{
    TRUE(in("4111111111111111"));    /* Visa */
    TRUE(in("4222222222222"));       /* Visa, 13 digits */
    TRUE(in("5555555555554444"));    /* Mastercard */
    TRUE(in("2223003122003222"));    /* Mastercard, the newer range */
    TRUE(in("378282246310005"));     /* American Express */
    TRUE(in("30569309025904"));      /* Diners Club */
    TRUE(in("6011111111111117"));    /* Discover */
    TRUE(in("3530111333300000"));    /* JCB */
    TRUE(in("6759649826438453"));    /* Maestro */
    TRUE(in("6250946000000016"));    /* UnionPay */
    TRUE(in("6205500000000000004")); /* UnionPay, 19 digits */
}

TEST(a_wrong_last_digit_is_no_card)
{
    for (char last = '0'; last <= '9'; last++) {
        char text[] = "411111111111111?";
        text[15] = last;
        SAME(in(text), last == '1');
    }
}

TEST(two_digits_exchanged_are_no_card)
{
    TRUE(in("4012888888881881"));
    TRUE(!in("4102888888881881"));
}

TEST(groups_with_single_marks_between_are_one_number)
{
    TRUE(in("4111 1111 1111 1111"));
    TRUE(in("4111-1111-1111-1111"));
    TRUE(in("3782 822463 10005"));
    TRUE(in("4111 1111 1111 1111 04 25 123")); /* and what stands beside it on the card */
    TRUE(in("4111111111111111 0425"));
    TRUE(!in("4111  1111  1111  1111"));
    TRUE(!in("4111,1111,1111,1111"));
}

TEST(it_is_found_wherever_it_stands)
{
    TRUE(in("{\"note\":\"pay with 4111111111111111, please\"}"));
    TRUE(in("PAN4111111111111111"));
    TRUE(in("no.4111111111111111"));
    TRUE(in("1234,4111111111111111.0,5")); /* it went through floats */
    struct view found;
    TRUE(card_number_find(VIEW("id 77 card 4111-1111-1111-1111."), &found));
    TEXT(found, "4111-1111-1111-1111");
}

TEST(numbers_of_other_kinds_are_no_cards)
{
    TRUE(!in(""));
    TRUE(!in("411111111111"));         /* too short */
    TRUE(!in("41111111111111111111")); /* a longer number */
    TRUE(!in("0000000000000000"));     /* no issuer's, though Luhn holds */
    TRUE(!in("0.4111111111111111"));   /* digits of a probability */
    TRUE(!in("[.4111111111111111]"));
    TRUE(!in("4111111111111111.25")); /* an amount */
    TRUE(!in("2025-11-21 13-56-37")); /* a time */
    TRUE(!in("1760000000008"));       /* milliseconds */
    TRUE(!in("1760000000000008"));    /* microseconds */
    TRUE(!in("a4111111111111111f"));  /* a piece of a digest */
    TRUE(!in("550e8400-e29b-41d4-a716-446655440000"));
}

/* What a model's row looks like as text: shortest decimals of floats and doubles. */
TEST(rows_of_random_numbers_are_not_taken_for_cards)
{
    struct rng rng = rng_of(7, 1, 0);
    char text[64];
    for (int i = 0; i < 200000; i++) {
        double value = rng_unit(&rng) * (i % 3 == 0 ? 1 : 10000);
        snprintf(text, sizeof text, "%.17g,%.9g", value, value);
        TRUE(!in(text));
    }
}

/* The promise in the header: of numbers with sixteen digits that are no cards, one in twenty. */
TEST(few_random_numbers_pass)
{
    enum { TIMES = 100000 };
    struct rng rng = rng_of(8, 1, 0);
    char text[64];
    int found = 0;
    for (int i = 0; i < TIMES; i++) {
        snprintf(text, sizeof text, "%016llu",
                 (unsigned long long)rng_below(&rng, 10000000000000000ULL));
        found += in(text);
    }
    TRUE(found < TIMES / 20);
    TRUE(found > TIMES / 40);
}
