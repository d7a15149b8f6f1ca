#include "store/journal_segment.h"

#include "base/file.h"
#include "store/journal_crc.h"
#include "store/journal_record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    WINDOW_SIZE = 1 << 20,
    FILES_MAX = 1000000,
};

static const char magic[8] = "ASSAYJNL";
static const char *const suffixes[] = {
    [SEGMENT_NEW] = ".new",
    [SEGMENT_OPEN] = ".open",
    [SEGMENT_SEALED] = ".segment",
    [SEGMENT_DAMAGED] = ".damaged",
};

static uint32_t crc_of_header(const struct segment_header *header)
{
    struct segment_header bare = *header;
    bare.crc = 0;
    return journal_crc(0, &bare, sizeof bare);
}

void segment_header_init(struct segment_header *header, uint64_t instance, uint32_t salt,
                         uint32_t number, int64_t created_us)
{
    *header = (struct segment_header){
        .format = SEGMENT_FORMAT,
        .instance = instance,
        .salt = salt,
        .number = number,
        .created_us = created_us,
    };
    memcpy(header->magic, magic, sizeof magic);
    header->crc = crc_of_header(header);
}

void segment_name(int64_t created_us, uint64_t instance, enum segment_state state,
                  char out[SEGMENT_NAME_SIZE])
{
    snprintf(out, SEGMENT_NAME_SIZE, "%012llx-%016llx%s",
             (unsigned long long)(created_us / 1000) & 0xFFFFFFFFFFFF, (unsigned long long)instance,
             suffixes[state]);
}

void segment_rename(const struct segment_file *file, enum segment_state state,
                    char out[SEGMENT_NAME_SIZE])
{
    snprintf(out, SEGMENT_NAME_SIZE, "%.*s%s", SEGMENT_STEM_LENGTH, file->name, suffixes[state]);
}

/* ---------------------------------------------------------------- the directory */

static bool is_hex(const char *text, size_t length)
{
    return strspn(text, "0123456789abcdef") >= length;
}

static bool file_of(const char *name, struct segment_file *out)
{
    if (strlen(name) >= SEGMENT_NAME_SIZE || !is_hex(name, 12) || name[12] != '-' ||
        !is_hex(name + 13, 16))
        return false;
    for (int state = 0; state < SEGMENT_STATES; state++) {
        if (strcmp(name + SEGMENT_STEM_LENGTH, suffixes[state]) != 0)
            continue;
        out->state = (enum segment_state)state;
        memcpy(out->name, name, strlen(name) + 1);
        return true;
    }
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct segment_file *)a)->name, ((const struct segment_file *)b)->name);
}

static void dir_close(DIR **dir)
{
    if (*dir != NULL)
        closedir(*dir);
}

static size_t count_files(DIR *dir)
{
    struct segment_file file;
    size_t count = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        count += file_of(entry->d_name, &file);
    rewinddir(dir);
    return count;
}

bool segment_list(const char *dir, struct arena *arena, struct segment_file **out, size_t *count,
                  struct err *err)
{
    *out = NULL, *count = 0;
    CLEANUP(dir_close) DIR *handle = opendir(dir);
    if (handle == NULL && errno == ENOENT)
        return true;
    if (handle == NULL)
        return err_set(err, ERR_IO, "the journal '%s' cannot be listed: %s", dir, strerror(errno));
    size_t most = count_files(handle);
    struct segment_file *files =
        most > FILES_MAX ? NULL : arena_new(arena, struct segment_file, most);
    if (files == NULL)
        return err_set(err, ERR_LIMIT, "the journal '%s' has too many segments (%zu)", dir, most);
    size_t have = 0;
    for (struct dirent *entry = readdir(handle); entry != NULL && have < most;
         entry = readdir(handle))
        have += file_of(entry->d_name, &files[have]);
    qsort(files, have, sizeof *files, by_name);
    *out = files, *count = have;
    return true;
}

/* ---------------------------------------------------------------- reading one */

static bool read_at(struct segment_reader *reader, uint64_t at, size_t size, struct err *err)
{
    reader->window_at = at, reader->window_have = 0;
    while (reader->window_have < size) {
        ssize_t got = pread(reader->fd, reader->window + reader->window_have,
                            size - reader->window_have, (off_t)(at + reader->window_have));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, ERR_IO, "segment %s, byte %llu: %s", reader->name,
                           (unsigned long long)(at + reader->window_have), strerror(errno));
        if (got == 0)
            return true; /* it was cut meanwhile: what is left is what it has */
        reader->window_have += (size_t)got;
    }
    return true;
}

/* `size` bytes from `at`, or what there is of them. Frames begin at multiples of 8, and so does
 * the window. */
static bool look(struct segment_reader *reader, uint64_t at, size_t size, struct view *out,
                 struct err *err)
{
    if (size > reader->size - at)
        size = (size_t)(reader->size - at);
    bool inside = at >= reader->window_at && at + size <= reader->window_at + reader->window_have;
    if (!inside) {
        size_t want = size > WINDOW_SIZE ? size : WINDOW_SIZE;
        if (want > reader->window_size) {
            arena_reset(&reader->arena);
            reader->window = arena_new(&reader->arena, char, want);
            reader->window_size = reader->window == NULL ? 0 : want;
        }
        if (reader->window == NULL)
            return err_set(err, ERR_LIMIT, "segment %s: no memory for a record of %zu bytes",
                           reader->name, size);
        if (want > reader->size - at)
            want = (size_t)(reader->size - at);
        if (!read_at(reader, at, want, err))
            return false;
        if (size > reader->window_have)
            size = reader->window_have;
    }
    *out = (struct view){reader->window + (at - reader->window_at), size};
    return true;
}

bool segment_open_fd(struct segment_reader *reader, int fd, const char *name, struct err *err)
{
    *reader = (struct segment_reader){
        .fd = fd, .arena = {.limit = JOURNAL_RECORD_MAX + 2 * (size_t)WINDOW_SIZE}};
    snprintf(reader->name, sizeof reader->name, "%s", name);
    struct stat stat;
    if (fstat(fd, &stat) < 0) {
        err_set(err, ERR_IO, "segment %s cannot be looked at: %s", name, strerror(errno));
        segment_close(reader);
        return false;
    }
    reader->size = (uint64_t)stat.st_size;
    struct segment_header *header = &reader->header;
    struct view bytes;
    if (!look(reader, 0, sizeof *header, &bytes, err)) {
        segment_close(reader);
        return false;
    }
    if (bytes.length == sizeof *header)
        memcpy(header, bytes.text, sizeof *header);
    bool ours = bytes.length == sizeof *header && memcmp(header->magic, magic, sizeof magic) == 0;
    if (ours && header->crc == crc_of_header(header) && header->format == SEGMENT_FORMAT) {
        reader->at = SEGMENT_HEADER_SIZE;
        reader->tail = reader->size;
        return true;
    }
    segment_close(reader);
    if (ours && header->crc == crc_of_header(header))
        return err_set(err, ERR_INPUT,
                       "segment %s has format %u, this program reads format %d: it is a newer "
                       "program's",
                       name, header->format, SEGMENT_FORMAT);
    return err_set(err, ERR_INPUT,
                   "segment %s has no whole header: without it nothing in it can be checked; "
                   "restore it from a copy, or move it away",
                   name);
}

bool segment_open(struct segment_reader *reader, int dir, const char *name, bool *gone,
                  struct err *err)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    *gone = fd < 0 && errno == ENOENT;
    if (fd >= 0)
        return segment_open_fd(reader, fd, name, err);
    *reader = (struct segment_reader){.fd = -1};
    return *gone || err_set(err, ERR_IO, "segment %s cannot be opened: %s", name, strerror(errno));
}

void segment_close(struct segment_reader *reader)
{
    fd_close(&reader->fd);
    if (reader->arena.limit > 0)
        arena_release(&reader->arena);
    reader->window = NULL;
}

/* Is there a frame that holds at `at`? */
static bool try_frame(struct segment_reader *reader, uint64_t at, struct view *frame, bool *holds,
                      struct err *err)
{
    struct view head;
    *holds = false;
    if (!look(reader, at, JOURNAL_FRAME_SIZE, &head, err))
        return false;
    size_t length = head.length < JOURNAL_FRAME_SIZE ? 0 : journal_frame_length(head.text);
    if (length == 0 || length > reader->size - at)
        return true;
    if (!look(reader, at, length, frame, err))
        return false;
    reader->searched += length;
    *holds = frame->length == length && journal_frame_holds(*frame, reader->header.salt);
    return true;
}

/* From `at` on, the next frame that holds; `found` is reader->size when there is none. Bytes that
 * were made to look like heads cannot keep it busy: it gives up when it has tried many times the
 * file's size. */
static bool search(struct segment_reader *reader, uint64_t at, uint64_t *found, struct err *err)
{
    enum { TRIES_MAX = 16 };
    struct view frame;
    bool holds = false;
    reader->searched = 0;
    for (*found = at; *found + JOURNAL_FRAME_SIZE <= reader->size; *found += 8) {
        if (!try_frame(reader, *found, &frame, &holds, err))
            return false;
        if (holds)
            return true;
        if (reader->searched / TRIES_MAX > reader->size)
            break;
    }
    *found = reader->size;
    return true;
}

void segment_damage_add(struct segment_damage *to, const struct segment_damage *from)
{
    if (to->places == 0 && from->places > 0)
        snprintf(to->text, sizeof to->text, "%s", from->text);
    to->places += from->places;
    to->bytes += from->bytes;
}

void segment_tell(struct segment_reader *reader, uint64_t from, uint64_t to)
{
    struct segment_damage *damage = &reader->damage;
    if (damage->places++ == 0)
        snprintf(damage->text, sizeof damage->text,
                 "segment %s is damaged: %llu bytes from byte %llu on are no records; those before "
                 "and behind are read. Restore the file from a copy if there is one",
                 reader->name, (unsigned long long)(to - from), (unsigned long long)from);
    damage->bytes += to - from;
}

bool segment_next(struct segment_reader *reader, struct view *frame, uint64_t *offset,
                  struct err *err)
{
    uint64_t at = reader->at, found;
    bool holds = false;
    if (at >= reader->size)
        return false;
    if (!try_frame(reader, at, frame, &holds, err))
        return false;
    if (!holds) {
        if (!search(reader, at + 8, &found, err))
            return false;
        if (found >= reader->size) {
            reader->tail = at;
            reader->at = reader->size;
            return false;
        }
        segment_tell(reader, at, found);
        at = found;
        if (!try_frame(reader, at, frame, &holds, err) || !holds)
            return false;
    }
    reader->at = at + frame->length;
    if (offset != NULL)
        *offset = at;
    return true;
}
