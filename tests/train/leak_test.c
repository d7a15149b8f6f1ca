#include "train/leak.h"

#include "base/file.h"
#include "base/rng.h"
#include "harness.h"

#include <math.h>

enum { ROWS = 1000 };

/* A past of one file, looked over. */
struct past_case {
    struct arena arena;
    struct config config;
    struct prepared prepared;
    struct leaks leaks;
    struct text csv;
};

static void release(struct past_case *c)
{
    arena_release(&c->arena);
}

#define PAST(c)                                                                                    \
    CLEANUP(release) struct past_case c = {.arena = {.limit = 256 << 20}};                         \
    c.csv = text_in_arena(&c.arena)

static bool look(struct past_case *c, const char *yaml, struct err *err)
{
    struct arena *arena = &c->arena;
    const char *path = path_join(arena, test_dir(), "past.csv");
    WORKS(file_save(path, text_view(&c->csv), err), *err);
    struct text text = text_in_arena(arena);
    text_addf(&text, "data:\n  file: %s\n  label: fraud\n%s", path, yaml);
    config_init(&c->config, arena);
    return config_parse(&c->config, text_view(&text), err) &&
           prepared_load(&c->prepared, &c->config, arena, err) &&
           leaks_find(&c->leaks, &c->prepared, &c->config, arena, err);
}

static void find(struct past_case *c, const char *yaml)
{
    struct err err = {0};
    WORKS(look(c, yaml, &err), err);
}

static const struct leak_finding *found(const struct past_case *c, const struct leak *leak)
{
    for (size_t i = 0; i < c->leaks.count; i++)
        if (c->leaks.finding[i].leak == leak)
            return &c->leaks.finding[i];
    return NULL;
}

/* Columns a and b of noise, one fraud in ten. */
static bool fraud_of(size_t row)
{
    return row % 10 == 3;
}

static double noise(size_t row, uint32_t stream)
{
    struct rng rng = rng_of(1, stream, row);
    return floor(rng_normal(&rng) * 1000) / 8;
}

static const char two_numbers[] = "columns:\n  a: {type: number}\n  b: {type: number}\n"
                                  "  x: {type: %s}\n  fraud: {type: integer}\n";

static const char *yaml_of(struct past_case *c, const char *type, const char *more)
{
    struct text text = text_in_arena(&c->arena);
    text_addf(&text, two_numbers, type);
    text_adds(&text, more);
    return text_c(&text);
}

static void write_rows(struct past_case *c, void (*x)(struct text *text, size_t row))
{
    text_adds(&c->csv, "a,b,x,fraud\n");
    for (size_t i = 0; i < ROWS; i++) {
        text_addf(&c->csv, "%g,%g,", noise(i, 1), noise(i, 2));
        x(&c->csv, i);
        text_addf(&c->csv, ",%d\n", fraud_of(i));
    }
}

static void x_noise(struct text *text, size_t row)
{
    text_addf(text, "%g", noise(row, 3));
}

TEST(nothing_is_found_in_honest_noise)
{
    PAST(c);
    write_rows(&c, x_noise);
    find(&c, yaml_of(&c, "number", ""));
    SAME(c.leaks.count, 0);
    SAME(leaks_unaccepted(&c.leaks), 0);
}

/* ---------------------------------------------------------------- a feature that knows */

static void x_label(struct text *text, size_t row)
{
    text_addf(text, "%g", -5 * fraud_of(row) + 0.01 * noise(row, 3) / 100);
}

static void x_nearly(struct text *text, size_t row)
{
    text_addf(text, "%g", 2.6 * fraud_of(row) + noise(row, 3) / 125);
}

TEST(a_feature_that_is_the_label_is_an_error_whichever_way_it_points)
{
    PAST(c);
    write_rows(&c, x_label);
    find(&c, yaml_of(&c, "number", ""));
    const struct leak_finding *oracle = found(&c, &leak_oracle);
    TRUE(oracle != NULL && oracle->level == LEAK_ERROR);
    TEXT(oracle->subject, "x");
    NEAR(oracle->value, 1, 0.001);
    SAME(leaks_unaccepted(&c.leaks), 1);
}

TEST(a_feature_that_nearly_knows_is_a_warning)
{
    PAST(c);
    write_rows(&c, x_nearly);
    find(&c, yaml_of(&c, "number", ""));
    const struct leak_finding *oracle = found(&c, &leak_oracle);
    TRUE(oracle != NULL && oracle->level == LEAK_WARNING);
    TRUE(oracle->value > 0.95 && oracle->value < 0.99);
}

TEST(an_error_that_is_accepted_by_name_stops_nothing_and_stays_in_the_list)
{
    PAST(c);
    write_rows(&c, x_label);
    find(&c, yaml_of(&c, "number", "audit: {accept: [\"oracle:x\"]}\n"));
    const struct leak_finding *oracle = found(&c, &leak_oracle);
    TRUE(oracle != NULL && oracle->accepted);
    SAME(leaks_unaccepted(&c.leaks), 0);
}

TEST(accepting_what_was_not_found_is_a_mistake_with_its_line)
{
    PAST(c);
    struct err err = {0};
    write_rows(&c, x_noise);
    FAILS(look(&c, yaml_of(&c, "number", "audit: {accept: [\"oracle:x\"]}\n"), &err), err,
          ERR_INPUT);
    SAYS(err, "'oracle:x'");
    SAYS(err, "line 9");
}

TEST(a_column_known_after_the_event_may_be_there_and_may_not_be_read)
{
    PAST(c);
    write_rows(&c, x_noise);
    find(&c, yaml_of(&c, "number, known: after", ""));
    const struct leak_finding *after = found(&c, &leak_after_event);
    TRUE(after != NULL && after->level == LEAK_ERROR);
    PAST(unread);
    write_rows(&unread, x_noise);
    find(&unread, yaml_of(&unread, "number, known: after, use: false", ""));
    SAME(unread.leaks.count, 0);
}

/* ---------------------------------------------------------------- ids and times */

static void x_row(struct text *text, size_t row)
{
    text_addf(text, "%zu", 7000 + row * 3);
}

static void x_shuffled(struct text *text, size_t row)
{
    text_addf(text, "%zu", row * 617 % ROWS);
}

static void x_name(struct text *text, size_t row)
{
    text_addf(text, "card-%zu", row - row % 100 / 99);
}

TEST(a_row_number_is_an_id_and_tells_the_time)
{
    PAST(c);
    write_rows(&c, x_row);
    find(&c, yaml_of(&c, "integer", ""));
    const struct leak_finding *id = found(&c, &leak_id_feature), *time = found(&c, &leak_time_like);
    TRUE(id != NULL && id->level == LEAK_ERROR && id->value == 1);
    TRUE(time != NULL && time->level == LEAK_WARNING);
    NEAR(time->value, 1, 1e-9);
    TRUE(c.leaks.finding[0].level == LEAK_ERROR); /* the worst first */
}

TEST(an_id_in_no_order_is_an_id)
{
    PAST(c);
    write_rows(&c, x_shuffled);
    find(&c, yaml_of(&c, "number", ""));
    TRUE(found(&c, &leak_id_feature) != NULL);
    TRUE(found(&c, &leak_time_like) == NULL);
}

TEST(a_category_that_is_different_in_nearly_every_row_is_a_warning)
{
    PAST(c);
    write_rows(&c, x_name);
    find(&c, yaml_of(&c, "category", ""));
    const struct leak_finding *id = found(&c, &leak_id_feature);
    TRUE(id != NULL && id->level == LEAK_WARNING);
    NEAR(id->value, 0.99, 1e-12);
}

/* ---------------------------------------------------------------- across the split */

static void x_customer(struct text *text, size_t row)
{
    text_addf(text, "customer %zu", row % 37);
}

TEST(an_id_on_both_sides_of_a_random_split_is_a_warning_and_of_a_group_split_nothing)
{
    PAST(c);
    write_rows(&c, x_customer);
    find(&c, yaml_of(&c, "id", ""));
    const struct leak_finding *shared = found(&c, &leak_shared_id);
    TRUE(shared != NULL && shared->level == LEAK_WARNING && shared->value > 0.9);
    PAST(grouped);
    write_rows(&grouped, x_customer);
    find(&grouped, yaml_of(&grouped, "id", "split: {kind: group, column: x}\n"));
    TRUE(found(&grouped, &leak_shared_id) == NULL);
}

static void write_wide(struct past_case *c, size_t copies)
{
    text_adds(&c->csv, "c0,c1,c2,c3,c4,c5,c6,c7,c8,fraud\n");
    for (size_t i = 0; i < ROWS; i++) {
        size_t row = i < copies ? i / 2 * 20 : i; /* pairs, equal in all things */
        for (uint32_t f = 0; f < 9; f++)
            text_addf(&c->csv, "%g,", noise(row, 10 + f));
        text_addf(&c->csv, "%d\n", fraud_of(row) || (i >= copies && i % 11 == 0));
    }
}

TEST(copies_of_training_rows_among_the_test_rows_are_counted)
{
    struct text yaml;
    PAST(none);
    PAST(some);
    PAST(many);
    yaml = text_in_arena(&none.arena);
    text_adds(&yaml, "columns:\n  fraud: {type: integer}\n");
    for (size_t f = 0; f < 9; f++)
        text_addf(&yaml, "  c%zu: {type: number}\n", f);
    write_wide(&none, 0);
    find(&none, text_c(&yaml));
    TRUE(found(&none, &leak_copies) == NULL);
    write_wide(&some, 16);
    find(&some, text_c(&yaml));
    const struct leak_finding *copies = found(&some, &leak_copies);
    TRUE(copies != NULL && copies->level < LEAK_ERROR);
    write_wide(&many, 600);
    find(&many, text_c(&yaml));
    copies = found(&many, &leak_copies);
    TRUE(copies != NULL && copies->level == LEAK_ERROR && copies->value > 0.2);
}

TEST(every_kind_of_leak_has_a_name_and_a_remedy)
{
    for (size_t i = 0; i < leak_table_count; i++) {
        const struct leak *leak = leak_table[i];
        TRUE(leak->name[0] != '\0' && leak->about[0] != '\0' && leak->remedy[0] != '\0');
        TRUE(leak->look != NULL);
        for (size_t j = 0; j < i; j++)
            TRUE(strcmp(leak_table[j]->name, leak->name) != 0);
    }
}
