#include "harness.h"

#include "base/err.h"

TEST(a_failing_function_can_end_with_err_set)
{
    struct err err = {0};
    TRUE(!err_set(&err, ERR_INPUT, "row %d is short", 7));
    SAME(err.kind, ERR_INPUT);
    TEXT(view_of(err.text), "row 7 is short");
}

TEST(callers_say_what_they_were_doing_in_front)
{
    struct err err = {0};
    err_set(&err, ERR_IO, "the disk is full");
    TRUE(!err_while(&err, "writing '%s'", "a.csv"));
    TRUE(!err_while(&err, "assay train"));
    SAME(err.kind, ERR_IO);
    TEXT(view_of(err.text), "assay train: writing 'a.csv': the disk is full");
}

TEST(a_message_too_long_is_cut_short_and_still_ends)
{
    struct err err = {0};
    err_set(&err, ERR_LIMIT, "%600d", 1);
    SAME(strlen(err.text), sizeof err.text - 1);
    err_while(&err, "%s", "outside");
    SAME(strlen(err.text), sizeof err.text - 1);
    TRUE(view_starts(view_of(err.text), "outside:  "));
    err_while(&err, "%600d", 1);
    SAME(strlen(err.text), sizeof err.text - 1);
}

TEST(every_kind_has_a_name_an_exit_status_and_an_http_status)
{
    static const enum err_kind kinds[] = {
#define ERR(kind, exit, http, name) ERR_##kind,
#include "base/errs.def"
#undef ERR
    };
    for (size_t i = 0; i < LENGTH_OF(kinds); i++) {
        SAME(kinds[i], i);
        TRUE(err_name(kinds[i])[0] != '\0');
        for (size_t j = 0; j < i; j++)
            TRUE(!view_is(view_of(err_name(kinds[j])), err_name(kinds[i])));
        SAME(err_exit_status(kinds[i]) == 0, kinds[i] == ERR_NONE);
        SAME(err_http_status(kinds[i]) == 200, kinds[i] == ERR_NONE);
        TRUE(err_exit_status(kinds[i]) != 1 && err_exit_status(kinds[i]) < 64);
        TRUE(kinds[i] == ERR_NONE || err_http_status(kinds[i]) / 100 == 4 ||
             err_http_status(kinds[i]) / 100 == 5);
    }
    SAME(err_exit_status(ERR_INPUT), 3);
    SAME(err_http_status(ERR_LIMIT), 413);
}
