#include "monitor/columns.h"

#include "harness.h"

#include <math.h>

enum { WIDTH = 6 };

TEST(indicators_and_orders_are_codes_again_and_the_clock_is_left_out)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    struct column column[4] = {{.name = VIEW("amount"), .kind = COLUMN_NUMBER},
                               {.name = VIEW("at"), .kind = COLUMN_TIMESTAMP},
                               {.name = VIEW("colour"), .kind = COLUMN_CATEGORY},
                               {.name = VIEW("size"), .kind = COLUMN_ORDINAL}};
    struct schema schema = {.column = column, .count = 4};
    uint32_t index;
    for (int i = 2; i < 4; i++) {
        column[i].values = dictionary_in(&arena);
        TRUE(dictionary_add(&column[i].values, VIEW("a"), &index));
        TRUE(dictionary_add(&column[i].values, VIEW("b"), &index));
        TRUE(dictionary_add(&column[i].values, VIEW("c"), &index));
    }
    struct feature feature[] = {
        {.name = VIEW("amount"),
         .transform = &transform_identity,
         .column = 0,
         .first = 0,
         .width = 1},
        {.name = VIEW("hour"), .transform = &transform_hour, .column = 1, .first = 1, .width = 1},
        {.name = VIEW("colour"),
         .transform = &transform_one_hot,
         .column = 2,
         .first = 2,
         .width = 3},
        {.name = VIEW("size"),
         .transform = &transform_ordinal,
         .column = 3,
         .first = 5,
         .width = 1},
    };
    struct plan plan = {.schema = &schema, .feature = feature, .count = 4, .width = WIDTH};
    static const float rows[] = {
        1.5F, 7, 0, 1, 0, 2,   /**/
        NAN,  8, 0, 0, 0, NAN, /**/
        3,    9, 1, 0, 0, 0,   /**/
    };
    struct watched_columns columns;
    float number[3];
    uint32_t code[3];
    WORKS(watched_columns_of(&plan, &columns, &arena, &err), err);
    SAME(columns.count, 3);
    SAME(columns.left_out, 1);
    TRUE(columns.column[0].numbers && !columns.column[1].numbers && !columns.column[2].numbers);
    SAME(columns.column[1].values, 3);
    watched_numbers(&columns.column[0], rows, 3, WIDTH, number);
    NEAR(number[0], 1.5, 0);
    TRUE(isnan(number[1]));
    NEAR(number[2], 3, 0);
    watched_codes(&columns.column[1], rows, 3, WIDTH, code);
    SAME(code[0], 1);
    SAME(code[1], DRIFT_MISSING);
    SAME(code[2], 0);
    watched_codes(&columns.column[2], rows, 3, WIDTH, code);
    SAME(code[0], 2);
    SAME(code[1], DRIFT_MISSING);
    SAME(code[2], 0);
}
