#include "serve/errand.h"

#include "base/clock.h"

#include <signal.h>
#include <time.h>

enum { ERRAND_BYTES_MAX = 64 << 20 };

/* ---------------------------------------------------------------- one errand */

static void leave(struct errand *errand)
{
    if (atomic_fetch_sub(&errand->owners, 1) != 1)
        return;
    arena_release(&errand->arena);
    free(errand);
}

static bool waits(const struct http_wait *wait)
{
    const struct errand *errand = wait->self;
    return !atomic_load(&errand->done);
}

static void give_answer(const struct http_wait *wait, struct http_response *response)
{
    const struct errand *errand = wait->self;
    *response = errand->response;
    response->wait = (struct http_wait){0};
}

static void end_wait(const struct http_wait *wait, bool answered UNUSED)
{
    leave(wait->self);
}

static bool copy(struct view *view, struct arena *arena)
{
    char *bytes = arena_alloc(arena, 1, view->length + 1);
    if (bytes == NULL)
        return false;
    if (view->length > 0)
        memcpy(bytes, view->text, view->length);
    bytes[view->length] = '\0';
    view->text = bytes;
    return true;
}

static bool copy_request(struct errand *errand, const struct http_request *request,
                         const struct view part[ROUTE_PARTS_MAX])
{
    struct http_request *own = &errand->request;
    *own = *request;
    own->arena = &errand->arena;
    struct view *views[] = {&own->method,       &own->path,       &own->query,
                            &own->content_type, &own->accept,     &own->body,
                            &own->fields,       &errand->part[0], &errand->part[1]};
    static_assert(ROUTE_PARTS_MAX == 2, "every part is copied");
    memcpy(errand->part, part, sizeof errand->part);
    for (size_t i = 0; i < LENGTH_OF(views); i++)
        if (!copy(views[i], &errand->arena))
            return false;
    return true;
}

void errand_ask(struct errands *errands, const struct http_request *request,
                const struct view part[ROUTE_PARTS_MAX], void (*run)(struct errand *errand),
                struct http_response *response)
{
    struct errand *errand = calloc(1, sizeof *errand);
    assert(errand != NULL);
    errand->errands = errands;
    errand->self = errands->self;
    errand->run = run;
    errand->worker = request->worker;
    errand->arena.limit = ERRAND_BYTES_MAX;
    atomic_init(&errand->owners, 2);
    if (!copy_request(errand, request, part)) {
        atomic_init(&errand->owners, 1);
        leave(errand);
        http_response_error(response, 413, VIEW("the request is larger than this route takes"));
        return;
    }
    errand->response = http_response_in(&errand->arena);

    pthread_mutex_lock(&errands->lock);
    bool room = errands->running && !errands->stop && errands->count < ERRANDS_MAX;
    if (room) {
        *errands->end = errand;
        errands->end = &errand->next;
        errands->count++;
        pthread_cond_signal(&errands->wanted);
    }
    pthread_mutex_unlock(&errands->lock);
    if (!room) {
        atomic_init(&errand->owners, 1);
        leave(errand);
        http_response_error(response, 503, VIEW("too much is being done already: try again"));
        http_response_field(response, "Retry-After", VIEW("1"));
        return;
    }
    response->wait =
        (struct http_wait){.waits = waits, .answer = give_answer, .end = end_wait, .self = errand};
}

/* ---------------------------------------------------------------- the thread */

static struct errand *take(struct errands *errands)
{
    struct errand *errand = errands->first;
    if (errand == NULL)
        return NULL;
    errands->first = errand->next;
    if (errands->first == NULL)
        errands->end = &errands->first;
    errands->count--;
    return errand;
}

static void finish(struct errands *errands, struct errand *errand)
{
    unsigned worker = errand->worker;
    atomic_store(&errand->done, true);
    leave(errand);
    http_wake(errands->http, worker);
}

static struct timespec in_ms(unsigned ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

static bool has_come(struct timespec at)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > at.tv_sec || (now.tv_sec == at.tv_sec && now.tv_nsec >= at.tv_nsec);
}

static void *work(void *errands_)
{
    struct errands *errands = errands_;
    struct timespec chore_at = in_ms(errands->chore_ms);
    pthread_mutex_lock(&errands->lock);
    while (!errands->stop) {
        struct errand *errand = take(errands);
        bool chore = errand == NULL && errands->chore != NULL && has_come(chore_at);
        if (errand == NULL && !chore) {
            if (errands->chore != NULL)
                pthread_cond_timedwait(&errands->wanted, &errands->lock, &chore_at);
            else
                pthread_cond_wait(&errands->wanted, &errands->lock);
            continue;
        }
        pthread_mutex_unlock(&errands->lock);
        if (errand != NULL) {
            errand->run(errand);
            finish(errands, errand);
        } else {
            errands->chore(errands->self);
            chore_at = in_ms(errands->chore_ms);
        }
        pthread_mutex_lock(&errands->lock);
    }
    pthread_mutex_unlock(&errands->lock);
    return NULL;
}

/* ---------------------------------------------------------------- life */

bool errands_open(struct errands *errands, struct http *http, void *self, void (*chore)(void *self),
                  unsigned chore_ms, struct err *err)
{
    *errands = (struct errands){.http = http, .self = self, .chore = chore, .chore_ms = chore_ms};
    errands->end = &errands->first;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&errands->wanted, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&errands->lock, NULL);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_mutex_lock(&errands->lock);
    int status = pthread_create(&errands->thread, NULL, work, errands);
    errands->running = status == 0;
    pthread_mutex_unlock(&errands->lock);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status == 0 || err_set(err, ERR_IO, "cannot start a thread: %s", strerror(status));
}

void errands_close(struct errands *errands)
{
    if (!errands->running)
        return;
    pthread_mutex_lock(&errands->lock);
    errands->stop = true;
    pthread_cond_signal(&errands->wanted);
    pthread_mutex_unlock(&errands->lock);
    pthread_join(errands->thread, NULL);
    for (struct errand *errand; (errand = take(errands)) != NULL;) {
        http_response_error(&errand->response, 503, VIEW("the server is stopping"));
        finish(errands, errand);
    }
    /* The lock stays: the loops go on until http_close, and may still ask. */
    pthread_mutex_lock(&errands->lock);
    errands->running = false;
    pthread_mutex_unlock(&errands->lock);
}
