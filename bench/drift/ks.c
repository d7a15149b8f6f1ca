/*
 * ks: Kolmogorov-Smirnov of many columns, timed: from a reference that is kept, and from scratch.
 *
 *     ks_bench FILE ROUNDS
 *
 * FILE: columns, reference rows and window rows as three little-endian uint32, then floats, column
 * by column, all of the reference first. On standard output the seconds of each round, and each
 * column's distance and p-value, as JSON.
 */
#include "base/file.h"
#include "base/json.h"
#include "base/number.h"
#include "measure/drift.h"
#include "measure/ks_chance.h"

#include <time.h>

enum { COLUMNS_MAX = 1024, FILE_MAX = 1 << 30 };

struct columns {
    uint32_t count, reference_rows, window_rows;
    const float *reference, *window;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static bool build(const struct columns *c, struct drift_reference *reference, struct arena *arena,
                  struct err *err)
{
    for (uint32_t i = 0; i < c->count; i++)
        if (!drift_reference_numbers(&reference[i], c->reference + (size_t)i * c->reference_rows,
                                     c->reference_rows, arena, err))
            return false;
    return true;
}

/* Each column's distance and its p-value. */
static bool compare(const struct columns *c, const struct drift_reference *reference,
                    struct arena *arena, double *distance, double *chance, struct err *err)
{
    for (uint32_t i = 0; i < c->count; i++) {
        struct drift_window window;
        if (!drift_window_numbers(&window, &reference[i], c->window + (size_t)i * c->window_rows,
                                  c->window_rows, arena, err))
            return false;
        distance[i] = drift_ks.distance(&reference[i], &window);
        chance[i] = ks_chance(distance[i], reference[i].self.present, window.present);
    }
    return true;
}

/* Seconds of each round; memory is kept from one to the next, as a program that runs keeps it. */
static bool time_rounds(const struct columns *c, size_t rounds, bool kept, struct json *json,
                        double *distance, double *chance, struct err *err)
{
    static struct drift_reference reference[COLUMNS_MAX];
    CLEANUP(arena_release) struct arena keeps = {.limit = FILE_MAX}, arena = {.limit = FILE_MAX};
    if (kept && !build(c, reference, &keeps, err))
        return false;
    json_open(json, '[');
    for (size_t round = 0; round < rounds; round++) {
        arena_reset(&arena);
        double started = now();
        if ((!kept && !build(c, reference, &arena, err)) ||
            !compare(c, reference, &arena, distance, chance, err))
            return false;
        json_number(json, now() - started);
    }
    json_close(json);
    return true;
}

static bool run(const char *path, size_t rounds, struct err *err)
{
    static double distance[COLUMNS_MAX], chance[COLUMNS_MAX];
    CLEANUP(arena_release) struct arena arena = {.limit = FILE_MAX};
    struct view bytes;
    struct columns c;
    if (!file_load(path, FILE_MAX, &arena, &bytes, err))
        return false;
    uint32_t head[3] = {0};
    if (bytes.length >= sizeof head)
        memcpy(head, bytes.text, sizeof head);
    c = (struct columns){.count = head[0], .reference_rows = head[1], .window_rows = head[2]};
    size_t floats = (size_t)c.count * ((size_t)c.reference_rows + c.window_rows);
    float *value = arena_new(&arena, float, floats + 1);
    if (c.count > COLUMNS_MAX || bytes.length != sizeof head + floats * sizeof(float) ||
        value == NULL)
        return err_set(err, ERR_INPUT, "%s is no file of columns", path);
    memcpy(value, bytes.text + sizeof head, floats * sizeof(float));
    c.reference = value;
    c.window = value + (size_t)c.count * c.reference_rows;
    struct text text = text_in_arena(&arena);
    struct json json = json_to(&text);
    json_open(&json, '{');
    json_key(&json, "kept");
    if (!time_rounds(&c, rounds, true, &json, distance, chance, err))
        return false;
    json_key(&json, "scratch");
    if (!time_rounds(&c, rounds, false, &json, distance, chance, err))
        return false;
    json_key(&json, "distance");
    json_open(&json, '[');
    for (uint32_t i = 0; i < c.count; i++)
        json_number(&json, distance[i]);
    json_close(&json);
    json_key(&json, "p");
    json_open(&json, '[');
    for (uint32_t i = 0; i < c.count; i++)
        json_number(&json, chance[i]);
    json_close(&json);
    json_close(&json);
    printf("%s\n", text_c(&text));
    return true;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    int64_t rounds = 0;
    if (argc != 3 || !number_parse_i64(view_of(argv[2]), &rounds) || rounds < 1)
        err_set(&err, ERR_USAGE, "usage: ks_bench FILE ROUNDS");
    else if (run(argv[1], (size_t)rounds, &err))
        return 0;
    fprintf(stderr, "ks_bench: %s\n", err.text);
    return err_exit_status(err.kind);
}
