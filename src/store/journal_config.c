#include "store/journal_config.h"

#include "base/file.h"

const char *journal_dir_of(const struct config *config)
{
    if (config_text(config, KEY_JOURNAL_DIR).length > 0)
        return config_path(config, KEY_JOURNAL_DIR);
    return path_join(config->arena, config_path(config, KEY_STORE_DIR), "journal");
}

/* The place of a choice among its words: the enums are in the order of keys.def. */
static size_t choice_of(const struct config *config, enum key_id key, const char *const words[])
{
    size_t i = 0;
    while (!view_is(config_text(config, key), words[i]))
        i++; /* keys.def lets no other through */
    return i;
}

bool journal_options_of(const struct config *config, struct journal_options *out, struct err *err)
{
    static const char *const durabilities[] = {"write", "interval", "fsync"};
    static const char *const when_full[] = {"refuse", "drop"};
    enum { SECOND_MS = 1000 };
    uint64_t ring = config_count(config, KEY_JOURNAL_RING_BYTES);
    if ((ring & (ring - 1)) != 0)
        return err_set(err, ERR_INPUT,
                       "journal.ring_bytes is a power of two, 8388608 for example, not %llu",
                       (unsigned long long)ring);
    *out = (struct journal_options){
        .dir = journal_dir_of(config),
        .durability =
            (enum journal_durability)choice_of(config, KEY_JOURNAL_DURABILITY, durabilities),
        .when_full = (enum journal_when_full)choice_of(config, KEY_JOURNAL_WHEN_FULL, when_full),
        .sync_ms = (uint32_t)config_count(config, KEY_JOURNAL_SYNC_MS),
        .segment_bytes = config_count(config, KEY_JOURNAL_SEGMENT_BYTES),
        .segment_ms = (uint32_t)config_count(config, KEY_JOURNAL_SEGMENT_SECONDS) * SECOND_MS,
        .ring_bytes = (size_t)ring,
        .free_bytes_min = config_count(config, KEY_JOURNAL_FREE),
    };
    return true;
}

struct journal_keep journal_keep_of(const struct config *config)
{
    return (struct journal_keep){
        .days = (uint32_t)config_count(config, KEY_JOURNAL_KEEP_DAYS),
        .answer_hours = (uint32_t)config_count(config, KEY_JOURNAL_ANSWER_HOURS),
    };
}
