/*
 * look_ground: one look of a watch at the champion's decisions of an hour.
 *
 *     struct seen seen = champion_look(&watch_drift, &store, &champion, yaml, until_us, &arena);
 *     SAME(reading_of(&seen, &alarm_drift, "amount")->state, STATE_OK);
 */
#ifndef TESTS_MONITOR_LOOK_GROUND_H
#define TESTS_MONITOR_LOOK_GROUND_H

#include "base/doc.h"
#include "champion_ground.h"
#include "monitor/watch.h"

struct seen {
    const struct reading *reading;
    size_t count, rows;
    enum watch_state state;
    const char *message;
    const struct doc *document;
};

/* The hour that ends at `until_us`, of the segments in `journal_dir` too. */
static inline bool champion_try_in(const struct watch *watch, struct watch_look *look,
                                   const char *yaml, const char *journal_dir, int64_t until_us,
                                   struct arena *arena, struct seen *out, struct err *err)
{
    struct text *message = arena_new(arena, struct text, 1), document = text_in_arena(arena);
    struct json json = json_to(&document);
    *message = text_in_arena(arena);
    look->config = config_from(yaml, arena);
    look->journal_dir = journal_dir;
    look->arena = arena;
    look->since_us = until_us - 3600 * SECOND_US;
    look->until_us = until_us;
    look->now_ms = until_us / 1000;
    look->message = message;
    look->document = &json;
    look->reading = arena_new(arena, struct reading, WATCH_READINGS_MAX);
    assert(look->reading != NULL);
    json_open(&json, '{');
    if (!watch->look(look, err))
        return false;
    json_close(&json);
    *out =
        (struct seen){look->reading, look->readings,  look->rows,
                      look->state,   text_c(message), doc_parse(text_view(&document), arena, err)};
    FAIL_UNLESS(out->document != NULL, "the document: %s", err->text);
    return true;
}

static inline bool champion_try(const struct watch *watch, struct watch_look *look,
                                const char *yaml, int64_t until_us, struct arena *arena,
                                struct seen *out, struct err *err)
{
    return champion_try_in(watch, look, yaml, test_dir(), until_us, arena, out, err);
}

static inline struct seen champion_look(const struct watch *watch, struct store *store,
                                        const struct champion *champion, const char *yaml,
                                        int64_t until_us, struct arena *arena)
{
    struct err err = {0};
    struct seen seen;
    struct watch_look look = {.store = store, .bundle = &champion->bundle};
    WORKS(champion_try(watch, &look, yaml, until_us, arena, &seen, &err), err);
    return seen;
}

static inline const struct reading *reading_of(const struct seen *seen, const struct alarm *alarm,
                                               const char *subject)
{
    for (size_t i = 0; i < seen->count; i++)
        if (seen->reading[i].alarm == alarm && view_is(seen->reading[i].subject, subject))
            return &seen->reading[i];
    test_fail(__FILE__, __LINE__, "no reading of %s '%s'", alarm->name, subject);
}

static inline const struct doc *doc_at(const struct doc *doc, const char *key)
{
    const struct doc *found = doc_find(doc, key);
    FAIL_UNLESS(found != NULL, "the document has no '%s'", key);
    return found;
}

#endif
