#include "monitor/retrain_turn.h"

#include "store/registry.h"

#include <stdarg.h>

bool turn_move(struct retrain_turn *s, enum retraining_state state, const char *message,
               struct err *err)
{
    struct retraining to = s->is;
    bool changed;
    to.state = state;
    to.changed_ms = s->now_ms;
    if (message != to.message)
        snprintf(to.message, sizeof to.message, "%s", message);
    if (!retraining_change(s->retrain->store, &s->is, &to, s->now_ms, s->retrain->owner, &changed,
                           err))
        return false;
    if (changed)
        s->is = to;
    return true;
}

bool turn_wait_for(struct retrain_turn *s, struct err *err, const char *fmt, ...)
{
    char message[RETRAINING_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, fmt);
    vsnprintf(message, sizeof message, fmt, arguments);
    va_end(arguments);
    return (s->is.state == RETRAINING_waiting && strcmp(s->is.message, message) == 0) ||
           turn_move(s, RETRAINING_waiting, message, err);
}

bool turn_load_bundle(struct retrain_turn *s, int64_t number, struct bundle *out, struct err *err)
{
    struct version version;
    const char *path;
    char reference[32];
    snprintf(reference, sizeof reference, "%lld", (long long)number);
    return registry_find(s->retrain->store, view_of(reference), s->arena, &version, err) &&
           store_get_bundle(s->retrain->store, &version.bundle, s->arena, &path, err) &&
           bundle_load(out, path, err);
}
