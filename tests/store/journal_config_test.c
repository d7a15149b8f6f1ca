#include "store/journal_config.h"

#include "harness.h"

static struct config config_of(struct arena *arena)
{
    struct config config;
    config_init(&config, arena);
    return config;
}

static void set(struct config *config, const char *key, const char *value)
{
    struct err err = {0};
    WORKS(config_set(config, view_of(key), view_of(value), &err), err);
}

TEST(without_a_word_the_journal_lies_in_the_store_and_keeps_what_is_written)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct config config = config_of(&arena);
    struct journal_options options;
    struct err err = {0};
    WORKS(journal_options_of(&config, &options, &err), err);
    TEXT(view_of(options.dir), ".assay/journal");
    SAME(options.durability, JOURNAL_WRITE);
    SAME(options.when_full, JOURNAL_REFUSE);
    SAME(options.segment_ms, 60000);
    SAME(options.segment_bytes, 64 << 20);
    SAME(options.ring_bytes, 8 << 20);
    SAME(options.free_bytes_min, 256 << 20);
}

TEST(every_word_of_the_configuration_is_heard)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct config config = config_of(&arena);
    struct journal_options options;
    struct err err = {0};
    set(&config, "journal.dir", "/srv/j");
    set(&config, "journal.durability", "fsync");
    set(&config, "journal.when_full", "drop");
    set(&config, "journal.sync_ms", "50");
    set(&config, "journal.segment_seconds", "7");
    WORKS(journal_options_of(&config, &options, &err), err);
    TEXT(view_of(options.dir), "/srv/j");
    SAME(options.durability, JOURNAL_FSYNC);
    SAME(options.when_full, JOURNAL_DROP);
    SAME(options.sync_ms, 50);
    SAME(options.segment_ms, 7000);
    set(&config, "journal.durability", "interval");
    WORKS(journal_options_of(&config, &options, &err), err);
    SAME(options.durability, JOURNAL_INTERVAL);
    set(&config, "journal.ring_bytes", "100000");
    FAILS(journal_options_of(&config, &options, &err), err, ERR_INPUT);
    SAYS(err, "a power of two");
}
