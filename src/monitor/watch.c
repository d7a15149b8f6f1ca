#include "monitor/watch.h"

const struct watch *const watches[WATCHES] = {
#define WATCH(name) &watch_##name,
#include "monitor/watches.def"
#undef WATCH
};

const struct watch *watch_find(struct view name)
{
    for (size_t i = 0; i < WATCHES; i++)
        if (view_is(name, watches[i]->name))
            return watches[i];
    return NULL;
}

bool watch_schedule(const struct watch *watch, const struct config *config, struct schedule *out,
                    struct err *err)
{
    return schedule_parse(config_text(config, watch->schedule), out, err) ||
           err_while(err, "%s", config_keys[watch->schedule].path);
}

enum alarm_state alarm_state_of(enum drift_state state)
{
    static const enum alarm_state states[] = {
        [DRIFT_OK] = STATE_OK,
        [DRIFT_INSUFFICIENT] = STATE_INSUFFICIENT,
        [DRIFT_WATCH] = STATE_WATCH,
        [DRIFT_ALARM] = STATE_ALARM,
    };
    return states[state];
}

enum watch_state watch_state_of(enum alarm_state state)
{
    static const enum watch_state states[STATES] = {
        [STATE_OK] = WATCH_OK,
        [STATE_INSUFFICIENT] = WATCH_INSUFFICIENT,
        [STATE_WATCH] = WATCH_WATCH,
        [STATE_ALARM] = WATCH_ALARM,
    };
    return states[state];
}

/* At most so much of it, between characters. */
static struct view cut(struct view text, size_t most)
{
    if (text.length > most) {
        text.length = most;
        while (text.length > 0 && (text.text[text.length] & 0xc0) == 0x80)
            text.length--;
    }
    return text;
}

bool look_read(struct watch_look *look, const struct reading *reading, struct err *err)
{
    if (look->readings == WATCH_READINGS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d readings of one watch", WATCH_READINGS_MAX);
    struct view named = cut(reading->subject, ALARM_SUBJECT_MAX);
    const char *subject = view_copy(named, look->arena);
    const char *text = view_copy(reading->text, look->arena);
    if (subject == NULL || text == NULL)
        return err_set(err, ERR_LIMIT, "the readings do not fit the memory limit");
    struct reading *kept = &look->reading[look->readings++];
    *kept = *reading;
    kept->anew = look->anew;
    kept->subject = (struct view){subject, named.length};
    kept->text.text = text;
    enum watch_state state = watch_state_of(reading->state);
    if (state > look->state)
        look->state = state;
    return true;
}

static struct reading *find_reading(struct reading *reading, size_t count,
                                    const struct reading *like)
{
    for (size_t i = 0; i < count; i++)
        if (reading[i].alarm == like->alarm && view_same(reading[i].subject, like->subject))
            return &reading[i];
    return NULL;
}

void look_merge(struct watch_look *look)
{
    size_t kept = 0;
    for (size_t i = 0; i < look->readings; i++) {
        const struct reading *reading = &look->reading[i];
        struct reading *same = find_reading(look->reading, kept, reading);
        if (same == NULL)
            look->reading[kept++] = *reading;
        else if (reading->state > same->state)
            *same = *reading;
    }
    look->readings = kept;
}
