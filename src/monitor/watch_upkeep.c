/* upkeep: the ground everything stands on: disks, and how old the champion is. */
#include "monitor/alarms.h"
#include "monitor/watch.h"

#include <errno.h>
#include <math.h>
#include <sys/statvfs.h>

static const struct alarm *const covers[] = {&alarm_disk, &alarm_model_age};

/* What an unprivileged process may still write. A directory that is not there holds nothing yet. */
static bool read_disk(struct watch_look *look, const char *subject, const char *dir,
                      struct err *err)
{
    struct statvfs disk;
    double free_share = (double)NAN;
    if (statvfs(dir, &disk) == 0 && disk.f_blocks > 0)
        free_share = (double)disk.f_bavail / (double)disk.f_blocks;
    else if (errno != ENOENT)
        return err_set(err, ERR_IO, "the disk of '%s': %s", dir, strerror(errno));
    json_key(look->document, subject), json_number(look->document, free_share);
    if (!isnan(free_share))
        text_addf(look->message, "%s%s %.0f %% free", look->message->length == 0 ? "" : ", ",
                  subject, 100 * free_share);
    struct reading reading = {.alarm = &alarm_disk,
                              .subject = view_of(subject),
                              .value = free_share,
                              .limit = (double)NAN,
                              .at_ms = look->now_ms,
                              .text = view_of(dir)};
    return look_read(look, &reading, err);
}

static bool read_age(struct watch_look *look, struct err *err)
{
    if (look->version == NULL)
        return true;
    double seconds = (double)(look->now_ms - look->version->created_ms) / 1000;
    json_key(look->document, "champion_seconds"), json_number(look->document, seconds);
    text_addf(look->message, ", the champion is %.1f days old", seconds / 86400);
    struct reading reading = {.alarm = &alarm_model_age,
                              .value = seconds,
                              .limit = (double)NAN,
                              .at_ms = look->now_ms,
                              .text = look->version->name};
    return look_read(look, &reading, err);
}

/* Alarms' history and notices that were delivered: a year to compare with, and a month. */
static bool clear_alarms(const struct watch_look *look, struct err *err)
{
    return alarms_prune(look->store, look->now_ms - INT64_C(400) * 86400000, err);
}

static bool look(struct watch_look *look, struct err *err)
{
    return read_disk(look, "store", look->store->dir, err) &&
           read_disk(look, "journal", look->journal_dir, err) && read_age(look, err) &&
           clear_alarms(look, err);
}

const struct watch watch_upkeep = {
    .name = "upkeep",
    .about = "disks, and the age of the champion",
    .schedule = KEY_MONITOR_UPKEEP,
    .covers = covers,
    .covers_count = LENGTH_OF(covers),
    .look = look,
};
