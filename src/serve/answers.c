#include "serve/answers.h"

enum { SLOTS = 1024 };

struct answers_entry {
    struct answers_entry *next;          /* of the chain */
    struct answers_entry *newer, *older; /* by age */
    uint64_t hash;
    struct digest request;
    int64_t at_ms;
    bool done;
    struct answered told; /* its texts are behind the key */
    char *texts;
    size_t key_length;
    char key[];
};

void answers_open(struct answers *answers, size_t bytes_max, int64_t keep_ms)
{
    *answers = (struct answers){.bytes_max = bytes_max / ANSWERS_SHARDS, .keep_ms = keep_ms};
    for (size_t i = 0; i < ANSWERS_SHARDS; i++) {
        struct answers_shard *shard = &answers->shard[i];
        pthread_mutex_init(&shard->lock, NULL);
        shard->slot = calloc(SLOTS, sizeof *shard->slot);
        assert(shard->slot != NULL);
    }
}

static size_t size_of(const struct answers_entry *entry)
{
    return sizeof *entry + entry->key_length + entry->told.content_type.length +
           entry->told.body.length;
}

static struct answers_entry **link_of(struct answers_shard *shard, uint64_t hash, struct view key)
{
    struct answers_entry **link = &shard->slot[hash / ANSWERS_SHARDS % SLOTS];
    while (*link != NULL && ((*link)->hash != hash ||
                             !view_same((struct view){(*link)->key, (*link)->key_length}, key)))
        link = &(*link)->next;
    return link;
}

static void forget(struct answers_shard *shard, struct answers_entry **link)
{
    struct answers_entry *entry = *link;
    *link = entry->next;
    if (entry->older != NULL)
        entry->older->newer = entry->newer;
    else
        shard->oldest = entry->newer;
    if (entry->newer != NULL)
        entry->newer->older = entry->older;
    else
        shard->newest = entry->older;
    if (shard->placed == entry)
        shard->placed = entry->older != NULL ? entry->older : entry->newer;
    shard->count--;
    shard->bytes -= size_of(entry);
    free(entry->texts);
    free(entry);
}

/* What is too old, and the oldest of what is too much. What is being answered stays. */
static void make_room(const struct answers *answers, struct answers_shard *shard, int64_t now_ms)
{
    while (
        shard->oldest != NULL && shard->oldest->done &&
        (shard->bytes > answers->bytes_max || now_ms - shard->oldest->at_ms > answers->keep_ms)) {
        struct answers_entry *entry = shard->oldest;
        forget(shard, link_of(shard, entry->hash, (struct view){entry->key, entry->key_length}));
    }
}

/* The newest that is not newer: NULL when all are. What is loaded comes in runs, each in order. */
static struct answers_entry *older_than(const struct answers_shard *shard, int64_t at_ms)
{
    struct answers_entry *entry = shard->placed != NULL ? shard->placed : shard->newest;
    while (entry != NULL && entry->at_ms > at_ms)
        entry = entry->older;
    while (entry != NULL && entry->newer != NULL && entry->newer->at_ms <= at_ms)
        entry = entry->newer;
    return entry;
}

/* Behind `older`; NULL: before all. */
static struct answers_entry *add(struct answers_shard *shard, struct answers_entry **link,
                                 uint64_t hash, struct view key, const struct digest *request,
                                 int64_t at_ms, struct answers_entry *older)
{
    struct answers_entry *entry = calloc(1, sizeof *entry + key.length);
    assert(entry != NULL);
    *entry = (struct answers_entry){.hash = hash, .request = *request, .at_ms = at_ms};
    entry->key_length = key.length;
    memcpy(entry->key, key.text, key.length);
    *link = entry;
    entry->older = older;
    entry->newer = older != NULL ? older->newer : shard->oldest;
    if (older != NULL)
        older->newer = entry;
    else
        shard->oldest = entry;
    if (entry->newer != NULL)
        entry->newer->older = entry;
    else
        shard->newest = entry;
    shard->count++;
    shard->bytes += size_of(entry);
    return entry;
}

static void fill(struct answers_shard *shard, struct answers_entry *entry,
                 const struct answered *told)
{
    shard->bytes -= size_of(entry);
    entry->told = *told;
    entry->texts = malloc(told->content_type.length + told->body.length + 1);
    assert(entry->texts != NULL);
    memcpy(entry->texts, told->content_type.text, told->content_type.length);
    if (told->body.length > 0)
        memcpy(entry->texts + told->content_type.length, told->body.text, told->body.length);
    entry->told.content_type.text = entry->texts;
    entry->told.body.text = entry->texts + told->content_type.length;
    entry->done = true;
    shard->bytes += size_of(entry);
}

static struct answers_shard *lock(struct answers *answers, uint64_t hash)
{
    struct answers_shard *shard = &answers->shard[hash % ANSWERS_SHARDS];
    pthread_mutex_lock(&shard->lock);
    return shard;
}

/* ---------------------------------------------------------------- from outside */

static bool copy(const struct answered *told, struct arena *arena, struct answered *out)
{
    const char *type = arena_copy(arena, told->content_type.text, told->content_type.length);
    const char *body = arena_copy(arena, told->body.text, told->body.length);
    *out = *told;
    out->content_type.text = type;
    out->body.text = body;
    return type != NULL && body != NULL;
}

enum answers_found answers_begin(struct answers *answers, struct view key,
                                 const struct digest *request, int64_t now_ms, struct arena *arena,
                                 struct answered *out)
{
    uint64_t hash = view_hash(key);
    struct answers_shard *shard = lock(answers, hash);
    enum answers_found found = ANSWERS_NEW;
    make_room(answers, shard, now_ms);
    struct answers_entry **link = link_of(shard, hash, key);
    if (*link == NULL)
        if (shard->bytes > answers->bytes_max)
            found = ANSWERS_FULL;
        else
            add(shard, link, hash, key, request, now_ms, shard->newest);
    else if (!digest_same(&(*link)->request, request))
        found = ANSWERS_OTHER;
    else if (!(*link)->done)
        found = ANSWERS_BUSY;
    else
        found = copy(&(*link)->told, arena, out) ? ANSWERS_KNOWN : ANSWERS_FULL;
    pthread_mutex_unlock(&shard->lock);
    return found;
}

void answers_finish(struct answers *answers, struct view key, const struct answered *told)
{
    uint64_t hash = view_hash(key);
    struct answers_shard *shard = lock(answers, hash);
    struct answers_entry **link = link_of(shard, hash, key);
    assert(*link != NULL && !(*link)->done);
    fill(shard, *link, told);
    pthread_mutex_unlock(&shard->lock);
}

void answers_abandon(struct answers *answers, struct view key)
{
    uint64_t hash = view_hash(key);
    struct answers_shard *shard = lock(answers, hash);
    struct answers_entry **link = link_of(shard, hash, key);
    assert(*link != NULL && !(*link)->done);
    forget(shard, link);
    pthread_mutex_unlock(&shard->lock);
}

void answers_load(struct answers *answers, struct view key, const struct digest *request,
                  int64_t at_ms, const struct answered *told)
{
    uint64_t hash = view_hash(key);
    struct answers_shard *shard = lock(answers, hash);
    struct answers_entry **link = link_of(shard, hash, key);
    if (*link == NULL) { /* the first answer is the one that counts */
        shard->placed = add(shard, link, hash, key, request, at_ms, older_than(shard, at_ms));
        fill(shard, shard->placed, told);
        make_room(answers, shard, at_ms);
    }
    pthread_mutex_unlock(&shard->lock);
}

void answers_close(struct answers *answers)
{
    for (size_t i = 0; i < ANSWERS_SHARDS; i++) {
        struct answers_shard *shard = &answers->shard[i];
        if (shard->slot == NULL)
            continue;
        while (shard->oldest != NULL) {
            struct answers_entry *entry = shard->oldest;
            forget(shard,
                   link_of(shard, entry->hash, (struct view){entry->key, entry->key_length}));
        }
        free(shard->slot);
        shard->slot = NULL;
        pthread_mutex_destroy(&shard->lock);
    }
}
