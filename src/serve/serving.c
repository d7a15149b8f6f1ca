#include "serve/serving.h"

#include "base/json.h"

#include <time.h>

/* What a worker is using, alone on its cache line. */
struct serving_seat {
    _Alignas(64) _Atomic(struct lineup *) used;
};

struct served *served_new(void)
{
    struct served *served = calloc(1, sizeof *served);
    assert(served != NULL);
    return served;
}

/* A column that the policy names and the records may not have. */
static size_t column_named(const struct schema *schema, struct view name)
{
    const struct column *column = name.length == 0 ? NULL : schema_find(schema, name);
    return column == NULL ? SIZE_MAX : (size_t)(column - schema->column);
}

/* It is the same in every answer. */
static bool say_model(struct served *served, struct err *err)
{
    struct text said = text_in_arena(&served->bundle.arena);
    struct json json = json_to(&said);
    json_open(&json, '{');
    json_key(&json, "name"), json_string(&json, served->model);
    json_key(&json, "version"), json_string(&json, served->version);
    json_key(&json, "sha256"), json_string(&json, served->sha256);
    json_close(&json);
    served->said = text_view(&said);
    return !said.cut || err_set(err, ERR_LIMIT, "the model's name does not fit the memory limit");
}

bool served_ready(struct served *served, struct err *err)
{
    struct bundle *bundle = &served->bundle;
    served->amount_column = column_named(&bundle->schema, bundle->policy.amount);
    served->entity_column = column_named(&bundle->schema, bundle->policy.entity);
    digest_print(&bundle->digest, served->sha256);
    return say_model(served, err) &&
           explainer_build(&bundle->forest, NULL, &bundle->arena, &served->explainer, err) &&
           reason_book_open(&served->reasons, bundle, &bundle->arena, err) &&
           live_quality_open(&served->quality, bundle, err);
}

void served_free(struct served *served)
{
    if (served == NULL)
        return;
    bundle_release(&served->bundle);
    free(served);
}

const char *served_name(const struct served *served)
{
    return served->name[0] != '\0' ? served->name : served->model;
}

/* ---------------------------------------------------------------- line-ups */

static void hold(struct served *served)
{
    if (served != NULL)
        served->holders++;
}

static void let_go(struct served *served)
{
    if (served != NULL && --served->holders == 0)
        served_free(served);
}

void lineup_set(struct served **place, struct served *served)
{
    hold(served);
    let_go(*place);
    *place = served;
}

static struct lineup *lineup_copy(const struct lineup *from)
{
    struct lineup *lineup = malloc(sizeof *lineup);
    assert(lineup != NULL);
    *lineup = *from;
    hold(lineup->champion);
    hold(lineup->trial.rival);
    for (size_t i = 0; i < lineup->named_count; i++)
        hold(lineup->named[i]);
    return lineup;
}

static void lineup_free(struct lineup *lineup)
{
    let_go(lineup->champion);
    let_go(lineup->trial.rival);
    for (size_t i = 0; i < lineup->named_count; i++)
        let_go(lineup->named[i]);
    free(lineup);
}

/* ---------------------------------------------------------------- in force */

void serving_open(struct serving *serving, unsigned workers)
{
    static const struct lineup nothing = {0};
    *serving = (struct serving){.workers = workers};
    serving->seat = aligned_alloc(_Alignof(struct serving_seat), workers * sizeof *serving->seat);
    assert(serving->seat != NULL);
    for (unsigned i = 0; i < workers; i++)
        atomic_init(&serving->seat[i].used, NULL);
    atomic_init(&serving->now, lineup_copy(&nothing));
    pthread_mutex_init(&serving->lock, NULL);
}

void serving_close(struct serving *serving)
{
    if (serving->seat == NULL)
        return;
    lineup_free(atomic_load(&serving->now));
    pthread_mutex_destroy(&serving->lock);
    free(serving->seat);
    serving->seat = NULL;
}

const struct lineup *serving_take(struct serving *serving, unsigned worker)
{
    assert(worker < serving->workers);
    /* Once the seat is taken and the line-up is still in force, whoever replaces it sees the seat.
     * Both must be in one order for all threads, so both are sequentially consistent. */
    for (;;) {
        struct lineup *lineup = atomic_load(&serving->now);
        atomic_store(&serving->seat[worker].used, lineup);
        if (atomic_load(&serving->now) == lineup)
            return lineup;
    }
}

void serving_leave(struct serving *serving, unsigned worker)
{
    atomic_store_explicit(&serving->seat[worker].used, NULL, memory_order_release);
}

static bool is_used(const struct serving *serving, const struct lineup *lineup)
{
    for (unsigned i = 0; i < serving->workers; i++)
        if (atomic_load(&serving->seat[i].used) == lineup)
            return true;
    return false;
}

struct lineup *serving_draft(struct serving *serving)
{
    pthread_mutex_lock(&serving->lock);
    return lineup_copy(atomic_load(&serving->now));
}

void serving_publish(struct serving *serving, struct lineup *lineup)
{
    const struct timespec moment = {.tv_nsec = 100000};
    lineup->number = atomic_load(&serving->now)->number + 1;
    struct lineup *old = atomic_exchange(&serving->now, lineup);
    while (is_used(serving, old))
        nanosleep(&moment, NULL);
    lineup_free(old);
    pthread_mutex_unlock(&serving->lock);
}

void serving_discard(struct serving *serving, struct lineup *lineup)
{
    lineup_free(lineup);
    pthread_mutex_unlock(&serving->lock);
}

void serving_replace(struct serving *serving, struct served *served)
{
    struct lineup *lineup = serving_draft(serving);
    lineup_set(&lineup->champion, served);
    serving_publish(serving, lineup);
}
