#include "serve/serving.h"

#include <time.h>

/* What a worker is using, alone on its cache line. */
struct serving_seat {
    _Alignas(64) _Atomic(struct served *) used;
};

struct served *served_new(void)
{
    struct served *served = calloc(1, sizeof *served);
    assert(served != NULL);
    return served;
}

void served_free(struct served *served)
{
    if (served == NULL)
        return;
    bundle_release(&served->bundle);
    free(served);
}

void serving_open(struct serving *serving, unsigned workers)
{
    *serving = (struct serving){.workers = workers};
    serving->seat = aligned_alloc(_Alignof(struct serving_seat), workers * sizeof *serving->seat);
    assert(serving->seat != NULL);
    for (unsigned i = 0; i < workers; i++)
        atomic_init(&serving->seat[i].used, NULL);
    pthread_mutex_init(&serving->lock, NULL);
}

void serving_close(struct serving *serving)
{
    if (serving->seat == NULL)
        return;
    serving_replace(serving, NULL);
    pthread_mutex_destroy(&serving->lock);
    free(serving->seat);
    serving->seat = NULL;
}

struct served *serving_take(struct serving *serving, unsigned worker)
{
    assert(worker < serving->workers);
    /* Once the seat is taken and the model is still in force, whoever replaces it sees the seat.
     * Both must be in one order for all threads, so both are sequentially consistent. */
    for (;;) {
        struct served *served = atomic_load(&serving->now);
        atomic_store(&serving->seat[worker].used, served);
        if (atomic_load(&serving->now) == served)
            return served;
    }
}

void serving_leave(struct serving *serving, unsigned worker)
{
    atomic_store_explicit(&serving->seat[worker].used, NULL, memory_order_release);
}

static bool is_used(const struct serving *serving, const struct served *served)
{
    for (unsigned i = 0; i < serving->workers; i++)
        if (atomic_load(&serving->seat[i].used) == served)
            return true;
    return false;
}

void serving_replace(struct serving *serving, struct served *served)
{
    const struct timespec moment = {.tv_nsec = 100000};
    pthread_mutex_lock(&serving->lock);
    struct served *old = atomic_exchange(&serving->now, served);
    while (old != NULL && is_used(serving, old))
        nanosleep(&moment, NULL);
    pthread_mutex_unlock(&serving->lock);
    served_free(old);
}
