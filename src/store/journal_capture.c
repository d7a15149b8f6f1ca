#include "store/journal_capture.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/number.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

enum { PATHS_MEMORY = 256 << 20, LINE_MEMORY = 16 << 20 };

static void add_csv(struct text *out, const float *row, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        if (i > 0)
            text_addc(out, ',');
        if (!isnan(row[i]))
            text_add_number(out, (double)row[i]);
    }
}

static void add_side(struct json *json, const char *key, const char *mode, struct view csv)
{
    json_key(json, key);
    json_open(json, '{');
    json_key(json, "observedContentType"), json_string(json, "text/csv");
    json_key(json, "mode"), json_string(json, mode);
    json_key(json, "data"), json_text(json, csv);
    json_key(json, "encoding"), json_string(json, "CSV");
    json_close(json);
}

void journal_capture_add(struct text *out, const struct journal_decision *d)
{
    CLEANUP(arena_release) struct arena arena = {.limit = LINE_MEMORY};
    struct text input = text_in_arena(&arena), output = text_in_arena(&arena);
    char time[32];
    struct civil at = civil_of(d->at_us / 1000);
    snprintf(time, sizeof time, "%04d-%02d-%02dT%02d:%02d:%02dZ", at.year, at.month, at.day,
             at.hour, at.minute, at.second);
    add_csv(&input, d->row, d->width);
    add_csv(&output, &d->score, 1);
    struct json json = json_to(out);
    json_open(&json, '{');
    json_key(&json, "captureData");
    json_open(&json, '{');
    add_side(&json, "endpointInput", "INPUT", text_view(&input));
    add_side(&json, "endpointOutput", "OUTPUT", text_view(&output));
    json_close(&json);
    json_key(&json, "eventMetadata");
    json_open(&json, '{');
    json_key(&json, "eventId"), json_text(&json, d->id);
    json_key(&json, "inferenceTime"), json_string(&json, time);
    json_close(&json);
    json_key(&json, "eventVersion"), json_string(&json, "0");
    json_close(&json);
    text_addc(out, '\n');
    out->cut |= input.cut || output.cut;
}

/* ---------------------------------------------------------------- a directory of them */

struct capture_file {
    struct capture_file *older;
    const char *path, *building; /* the name it gets, and has until then */
};

void capture_open(struct capture *capture, const char *dir, const char *endpoint)
{
    *capture = (struct capture){.arena = {.limit = PATHS_MEMORY}, .dir = dir, .endpoint = endpoint};
}

/* A name of somebody's as a directory's: letters, digits, '-', '_' and '.', not at the start. */
static void add_name(struct text *out, struct view name)
{
    for (size_t i = 0; i < name.length; i++) {
        char c = name.text[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_' || (c == '.' && i > 0);
        text_addc(out, plain ? c : '_');
    }
    if (name.length == 0)
        text_adds(out, "none");
}

static bool failed(const char *path, const char *doing, struct err *err)
{
    return err_set(err, ERR_IO, "'%s' cannot be %s: %s", path, doing, strerror(errno));
}

static bool close_file(struct capture *capture, struct err *err)
{
    FILE *open = capture->open;
    capture->open = NULL;
    return open == NULL || fclose(open) == 0 || failed(capture->file->building, "written", err);
}

/* The file of this path is the first and is open; made when this export has not yet. */
static bool use_file(struct capture *capture, const char *dir, const char *path, struct err *err)
{
    struct capture_file **link = &capture->file;
    while (*link != NULL && strcmp((*link)->path, path) != 0)
        link = &(*link)->older;
    struct capture_file *file = *link;
    if (file != NULL && file == capture->file && capture->open != NULL)
        return true;
    if (!close_file(capture, err))
        return false;
    if (file == NULL) {
        struct text building = text_in_arena(&capture->arena);
        text_addf(&building, "%s.new-%ld", path, (long)getpid());
        file = arena_new(&capture->arena, struct capture_file, 1);
        if (file == NULL || building.cut)
            return err_set(err, ERR_LIMIT, "an export of too many hours for one; use --since");
        *file = (struct capture_file){
            .path = view_copy(view_of(path), &capture->arena),
            .building = text_c(&building),
        };
        if (file->path == NULL)
            return err_set(err, ERR_LIMIT, "an export of too many hours for one; use --since");
        if (!dir_make(dir, err) || !file_remove(file->building, err))
            return false;
        capture->files++;
    } else {
        *link = file->older;
    }
    file->older = capture->file;
    capture->file = file;
    capture->open = fopen(file->building, "ab");
    return capture->open != NULL || failed(file->building, "created", err);
}

bool capture_add(struct capture *capture, const struct journal_decision *d, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = LINE_MEMORY};
    struct text dir = text_in_arena(&arena), line = text_in_arena(&arena);
    struct civil at = civil_of(d->at_us / 1000);
    text_addf(&dir, "%s/", capture->dir);
    add_name(&dir, view_of(capture->endpoint));
    text_addc(&dir, '/');
    add_name(&dir, d->variant);
    text_addf(&dir, "/%04d/%02d/%02d/%02d", at.year, at.month, at.day, at.hour);
    journal_capture_add(&line, d);
    if (dir.cut || line.cut)
        return err_set(err, ERR_LIMIT, "decision " VIEW_FMT " does not fit a line",
                       VIEW_ARG(d->id));
    const char *path = text_c(&dir);
    if (!use_file(capture, path, path_join(&arena, path, "assay.jsonl"), err))
        return false;
    return fwrite(line.bytes, 1, line.length, capture->open) == line.length ||
           failed(capture->file->building, "written", err);
}

bool capture_finish(struct capture *capture, struct err *err)
{
    if (!close_file(capture, err))
        return false;
    while (capture->file != NULL) {
        if (rename(capture->file->building, capture->file->path) < 0)
            return failed(capture->file->path, "put in place", err);
        capture->file = capture->file->older;
    }
    return true;
}

void capture_close(struct capture *capture)
{
    struct err lost = {0};
    if (capture->dir == NULL)
        return;
    close_file(capture, &lost);
    for (; capture->file != NULL; capture->file = capture->file->older)
        unlink(capture->file->building);
    arena_release(&capture->arena);
    *capture = (struct capture){0};
}
