#include "harness.h"

#include "base/doc.h"
#include "base/file.h"
#include "base/log.h"

#include <fcntl.h>
#include <unistd.h>

/* What is written to standard error between these two. */
static int kept = -1;

static void catch_lines(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    TRUE(fd >= 0);
    kept = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    close(fd);
}

static struct view caught_lines(const char *path, struct arena *arena)
{
    dup2(kept, STDERR_FILENO);
    close(kept);
    struct view bytes;
    struct err err = {0};
    WORKS(file_load(path, 1 << 20, arena, &bytes, &err), err);
    return bytes;
}

static void write_line(enum log_level level, const char *event, size_t filler)
{
    struct log_line line;
    log_begin(&line, level, event);
    json_key(&line.json, "port"), json_count(&line.json, 8080);
    json_key(&line.json, "filler");
    json_open(&line.json, '[');
    for (size_t i = 0; i < filler; i++)
        json_count(&line.json, i);
    json_close(&line.json);
    log_end(&line);
}

TEST(a_line_is_one_json_object_with_time_level_and_event)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    const char *path = path_join(&arena, test_dir(), "log");
    catch_lines(path);
    write_line(LOG_LEVEL_WARN, "say \"hi\"\n", 3);
    struct view bytes = caught_lines(path, &arena);
    TRUE(view_ends(bytes, "}\n"));
    struct err err = {0};
    const struct doc *doc = doc_parse(view_trim(bytes), &arena, &err);
    WORKS(doc != NULL, err);
    TEXT(doc->first->key, "time");
    SAME(doc->first->text.length, sizeof "2025-06-20T03:49:44.533Z" - 1);
    TEXT(doc_find(doc, "level")->text, "warn");
    TEXT(doc_find(doc, "event")->text, "say \"hi\"\n");
    NEAR(doc_find(doc, "port")->number, 8080, 0);
    SAME(memchr(bytes.text, '\n', bytes.length) == bytes.text + bytes.length - 1, true);
}

TEST(lines_below_the_level_are_not_written)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    const char *path = path_join(&arena, test_dir(), "level");
    catch_lines(path);
    write_line(LOG_LEVEL_DEBUG, "quiet", 0);
    log_set_level(LOG_LEVEL_ERROR);
    write_line(LOG_LEVEL_WARN, "quiet", 0);
    write_line(LOG_LEVEL_ERROR, "loud", 0);
    log_set_level(LOG_LEVEL_INFO);
    struct view bytes = caught_lines(path, &arena);
    TRUE(strstr(bytes.text, "quiet") == NULL);
    TRUE(strstr(bytes.text, "loud") != NULL);
}

TEST(a_line_too_long_is_replaced_by_one_that_says_so)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    const char *path = path_join(&arena, test_dir(), "long");
    catch_lines(path);
    write_line(LOG_LEVEL_INFO, "endless", 5000);
    struct view bytes = caught_lines(path, &arena);
    struct err err = {0};
    const struct doc *doc = doc_parse(view_trim(bytes), &arena, &err);
    WORKS(doc != NULL, err);
    TEXT(doc_find(doc, "event")->text, "log_line_too_long");
}

/* Sizes around the buffer's end: whole JSON or the replacement, never half a line. */
TEST(a_line_of_any_length_is_valid_json)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    const char *path = path_join(&arena, test_dir(), "edge");
    size_t replaced = 0;
    for (size_t length = 3990; length < 4060; length++) {
        struct log_line line;
        char *filler = arena_new(&arena, char, length);
        memset(filler, 'x', length);
        catch_lines(path);
        log_begin(&line, LOG_LEVEL_INFO, "e");
        json_key(&line.json, "f"), json_text(&line.json, (struct view){filler, length});
        log_end(&line);
        struct view bytes = caught_lines(path, &arena);
        struct err err = {0};
        WORKS(doc_parse(view_trim(bytes), &arena, &err) != NULL, err);
        TRUE(view_ends(bytes, "}\n"));
        TRUE(bytes.length <= sizeof line.bytes);
        replaced += strstr(bytes.text, "log_line_too_long") != NULL;
    }
    TRUE(replaced > 0 && replaced < 70);
}

TEST(levels_have_names)
{
    enum log_level level;
    TRUE(log_level_of(VIEW("debug"), &level) && level == LOG_LEVEL_DEBUG);
    TRUE(log_level_of(VIEW("error"), &level) && level == LOG_LEVEL_ERROR);
    TRUE(!log_level_of(VIEW("loud"), &level));
}
