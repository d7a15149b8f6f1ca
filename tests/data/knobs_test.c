#include "harness.h"

#include "data/knobs.h"

#include <math.h>

struct dose {
    double factor;
    struct view word;
};

static const struct knob rows[] = {
    {"factor", KNOB_NUMBER, offsetof(struct dose, factor), 0, 100},
    {"word", KNOB_WORD, offsetof(struct dose, word), 0, 0},
    {0},
};

TEST(what_is_said_is_taken_and_what_is_not_is_left)
{
    struct err err = {0};
    struct dose dose = {.factor = 7};
    uint32_t given = 99;
    WORKS(knobs_parse(VIEW("word=a-b_c.1"), rows, &dose, &given, &err), err);
    SAME(given, 2);
    SAME(dose.factor, 7);
    TEXT(dose.word, "a-b_c.1");
    WORKS(knobs_parse(VIEW("factor=2.5,word=x"), rows, &dose, &given, &err), err);
    SAME(given, 3);
    NEAR(dose.factor, 2.5, 0);
    WORKS(knobs_parse((struct view){0}, rows, &dose, &given, &err), err);
    SAME(given, 0);
}

TEST(settings_that_cannot_be_are_refused_by_name)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "NAME=VALUE"},
        {"factor", "NAME=VALUE"},
        {"factor=1,", "NAME=VALUE"},
        {"factors=1", "there are factor, word"},
        {"factor=", "from 0 to 100"},
        {"factor=1e3", "from 0 to 100"},
        {"factor=-1", "from 0 to 100"},
        {"factor=nan", "from 0 to 100"},
        {"factor=1,factor=2", "said twice"},
        {"word=", "takes a word"},
        {"word=\"x\"", "takes a word"},
        {"word=12345678901234567890123456789012345678901234567890123456789012345", "at most 64"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct err err = {0};
        struct dose dose;
        uint32_t given;
        FAILS(knobs_parse(view_of(cases[i].text), rows, &dose, &given, &err), err, ERR_USAGE);
        SAYS(err, cases[i].says);
    }
}
