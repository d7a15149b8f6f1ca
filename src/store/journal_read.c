#include "store/journal_read.h"

#include "base/file.h"
#include "store/journal_erase.h"
#include "store/journal_table.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Locked before it is listed: what is listed stays. */
static bool open_dir(struct journal_reader *reader, const char *dir, struct err *err)
{
    reader->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (reader->dir < 0 && errno == ENOENT) /* an empty journal */
        return true;
    if (reader->dir < 0)
        return err_set(err, ERR_IO, "the journal '%s' cannot be opened: %s", dir, strerror(errno));
    while (flock(reader->dir, LOCK_SH) < 0)
        if (errno != EINTR)
            return err_set(err, ERR_IO, "the journal '%s' cannot be locked: %s", dir,
                           strerror(errno));
    return true;
}

bool journal_read(struct journal_reader *reader, const char *dir, struct err *err)
{
    enum { LIST_MAX = 128 << 20 };
    *reader = (struct journal_reader){.arena = {.limit = LIST_MAX}, .dir = -1, .opened = true};
    return open_dir(reader, dir, err) &&
           (reader->dir < 0 ||
            segment_list(dir, &reader->arena, &reader->file, &reader->files, err));
}

static void leave_segment(struct journal_reader *reader)
{
    struct segment_reader *segment = &reader->segment;
    bool sealed = reader->file[reader->next - 1].state == SEGMENT_SEALED;
    if (sealed && segment->tail < segment->size) /* nothing is on its way any more */
        segment_tell(segment, segment->tail, segment->size);
    segment_damage_add(&reader->damage, &segment->damage);
    segment_close(segment);
    reader->reading = false;
}

static void tell(struct journal_reader *reader, const char *why)
{
    struct segment_damage damage = {.places = 1};
    snprintf(damage.text, sizeof damage.text, "%.*s", (int)sizeof damage.text - 1, why);
    segment_damage_add(&reader->damage, &damage);
}

/* A segment that is none, or of a newer program, is told like damage: the others are read. */
static bool open_segment(struct journal_reader *reader, const char *name, bool *gone,
                         struct err *err)
{
    struct err why = {0};
    if (segment_open(&reader->segment, reader->dir, name, gone, &why)) {
        reader->reading = !*gone;
        return *gone || reader->store == NULL ||
               journal_moved_to(reader->store, name, &reader->segment.at, err);
    }
    if (why.kind == ERR_INPUT) {
        tell(reader, why.text);
        return true;
    }
    *err = why;
    return false;
}

static bool next_segment(struct journal_reader *reader, struct err *err)
{
    struct segment_file *file = &reader->file[reader->next++];
    char name[SEGMENT_NAME_SIZE];
    bool gone;
    if (file->state == SEGMENT_NEW)
        return true;
    if (file->state == SEGMENT_DAMAGED) {
        char why[200];
        snprintf(why, sizeof why,
                 "segment %s is damaged and was put aside: what could be read of it was; restore "
                 "it from a copy, or remove it",
                 file->name);
        tell(reader, why);
        return true;
    }
    if (!open_segment(reader, file->name, &gone, err))
        return false;
    if (reader->reading || file->state != SEGMENT_OPEN || !gone)
        return true;
    file->state = SEGMENT_SEALED; /* meanwhile, or it was moved */
    segment_rename(file, SEGMENT_SEALED, name);
    memcpy(file->name, name, sizeof name);
    return open_segment(reader, file->name, &gone, err);
}

bool journal_next(struct journal_reader *reader, struct journal_record *out, struct err *err)
{
    struct view frame;
    for (;;) {
        if (!reader->reading) {
            if (reader->next == reader->files)
                return false;
            if (!next_segment(reader, err))
                return false;
            continue;
        }
        if (!segment_next(&reader->segment, &frame, &reader->offset, err)) {
            if (err->kind != ERR_NONE)
                return false;
            leave_segment(reader);
            continue;
        }
        struct err why = {0};
        if (journal_record_read(frame, out, &why))
            return true;
        tell(reader, why.text);
    }
}

void journal_read_close(struct journal_reader *reader)
{
    if (!reader->opened)
        return;
    if (reader->reading)
        segment_close(&reader->segment);
    fd_close(&reader->dir);
    arena_release(&reader->arena);
    *reader = (struct journal_reader){.dir = -1};
}

/* ---------------------------------------------------------------- answers */

/* Leaves out the oldest segments: those that ended before, and those past the most bytes. */
static void begin_late(struct journal_reader *reader, const struct journal_answers *answers)
{
    uint64_t bytes = 0;
    for (size_t i = reader->files; i > 0; i--) {
        struct stat stat;
        if (fstatat(reader->dir, reader->file[i - 1].name, &stat, AT_SYMLINK_NOFOLLOW) < 0)
            continue; /* gone, or sealed meanwhile and small: it is read */
        bytes += (uint64_t)stat.st_size;
        int64_t written_us = ((int64_t)stat.st_mtim.tv_sec + 1) * 1000000;
        if (bytes <= answers->segments_max && written_us >= answers->since_us)
            continue;
        reader->next = i;
        return;
    }
}

static bool is_erased(const struct erasures *erasures, const struct journal_record *record)
{
    struct journal_record copy = *record;
    struct journal_decision decision;
    while (journal_decision_next(&copy, &decision))
        if (erasures_cover(erasures, &decision))
            return true;
    return false;
}

bool journal_answers(struct journal_answers *answers, const char *dir, struct err *err)
{
    CLEANUP(journal_read_close) struct journal_reader reader = {0};
    CLEANUP(erasures_close) struct erasures erasures = {0};
    struct journal_record record;
    if (!journal_read(&reader, dir, err))
        return false;
    reader.store = answers->store;
    if (answers->store != NULL && (!journal_answers_moved(answers, answers->store, err) ||
                                   !erasures_load(&erasures, answers->store, err)))
        return false;
    begin_late(&reader, answers);
    while (journal_next(&reader, &record, err))
        if (record.kind == JOURNAL_REQUEST && record.answered &&
            record.answer.at_us >= answers->since_us && !is_erased(&erasures, &record))
            answers->each(answers->self, &record.answer);
    answers->damage = reader.damage;
    return err->kind == ERR_NONE;
}
