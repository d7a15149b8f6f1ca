#include "serve/cache.h"

#include "base/text.h"

#include <sys/random.h>

struct cache_entry {
    uint64_t lineup, ticket;
    int64_t at_ns;                        /* 0: empty */
    uint32_t key, content_type, body, id; /* how much of `bytes` each is, in this order */
    char bytes[CACHE_ENTRY_BYTES - 40];
};
static_assert(sizeof(struct cache_entry) == CACHE_ENTRY_BYTES, "an entry is what it says");

void cache_open(struct cache *cache, unsigned workers, size_t bytes_max, unsigned seconds)
{
    *cache = (struct cache){.workers = workers, .keep_ns = (int64_t)seconds * 1000000000};
    if (seconds == 0)
        return;
    cache->entries = bytes_max / workers / CACHE_ENTRY_BYTES;
    if (cache->entries == 0)
        cache->entries = 1;
    ssize_t got = getrandom(&cache->secret, sizeof cache->secret, 0);
    assert(got == sizeof cache->secret); /* so few bytes come whole */
    cache->table = calloc(workers, sizeof *cache->table);
    assert(cache->table != NULL);
    for (unsigned i = 0; i < workers; i++) {
        cache->table[i] = calloc(cache->entries, sizeof *cache->table[i]);
        assert(cache->table[i] != NULL);
    }
}

void cache_close(struct cache *cache)
{
    for (unsigned i = 0; cache->table != NULL && i < cache->workers; i++)
        free(cache->table[i]);
    free(cache->table);
    *cache = (struct cache){0};
}

/* Each part with its length before it, so that no two keys are written alike. */
static bool write_key(const struct cache_key *key, struct text *out)
{
    text_addf(out, "%u", key->client);
    for (size_t i = 0; i < CACHE_PARTS; i++) {
        text_addf(out, " %zu:", key->part[i].length);
        text_add(out, key->part[i]);
    }
    return !out->cut;
}

static struct view part_of(const struct cache_entry *entry, size_t from, size_t length)
{
    return (struct view){entry->bytes + from, length};
}

/* In the arena: the entry may be another's before the answer is sent. */
static bool copy(const struct cache_entry *entry, struct arena *arena, struct cached *known)
{
    size_t from = entry->key, all = (size_t)entry->content_type + entry->body + entry->id;
    const char *bytes = view_copy(part_of(entry, from, all), arena);
    if (bytes == NULL)
        return false;
    known->content_type = (struct view){bytes, entry->content_type};
    known->body = (struct view){bytes + entry->content_type, entry->body};
    known->id = (struct view){bytes + entry->content_type + entry->body, entry->id};
    known->ticket = entry->ticket;
    known->at_ns = entry->at_ns;
    return true;
}

bool cache_find(struct cache *cache, unsigned worker, const struct cache_key *key,
                struct arena *arena, int64_t now_ns, struct cache_asked *asked,
                struct cached *known)
{
    struct text text = text_in_arena(arena);
    *asked = (struct cache_asked){.lineup = key->lineup};
    if (!write_key(key, &text) || text.length >= sizeof((struct cache_entry *)0)->bytes)
        return false;
    asked->key = text_view(&text);
    uint64_t hash = siphash(cache->secret, asked->key);
    struct cache_entry *entry = &cache->table[worker][hash % cache->entries];
    asked->entry = entry;
    return entry->at_ns != 0 && now_ns - entry->at_ns < cache->keep_ns &&
           entry->lineup == key->lineup && view_same(part_of(entry, 0, entry->key), asked->key) &&
           copy(entry, arena, known);
}

static char *add(char *at, struct view part)
{
    if (part.length > 0)
        memcpy(at, part.text, part.length);
    return at + part.length;
}

void cache_put(const struct cache_asked *asked, const struct cached *told)
{
    struct cache_entry *entry = asked->entry;
    size_t size =
        asked->key.length + told->content_type.length + told->body.length + told->id.length;
    if (entry == NULL || size > sizeof entry->bytes)
        return;
    entry->lineup = asked->lineup;
    entry->ticket = told->ticket;
    entry->at_ns = told->at_ns;
    entry->key = (uint32_t)asked->key.length;
    entry->content_type = (uint32_t)told->content_type.length;
    entry->body = (uint32_t)told->body.length;
    entry->id = (uint32_t)told->id.length;
    char *at = add(entry->bytes, asked->key);
    at = add(at, told->content_type);
    at = add(at, told->body);
    add(at, told->id);
}
