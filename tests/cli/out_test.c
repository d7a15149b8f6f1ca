#include "cli/out.h"

#include "base/file.h"
#include "harness.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is in the file after `text` was written well, or not. */
static struct view written(const char *path, const char *text, bool well, struct arena *arena)
{
    struct out out;
    struct err err = {0};
    struct view content;
    WORKS(out_open(&out, path, arena, &err), err);
    TRUE(fputs(text, out.stream) >= 0);
    TRUE(out_end(&out, well, &err) == well);
    TRUE(out.building != NULL && !file_exists(out.building));
    WORKS(file_load(path, 100, arena, &content, &err), err);
    return content;
}

TEST(a_file_takes_its_name_when_all_is_in_it_and_one_that_went_wrong_leaves_the_old_one)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    const char *path = path_join(&arena, test_dir(), "scores.csv");
    TEXT(written(path, "first\n", true, &arena), "first\n");
    TEXT(written(path, "broken", false, &arena), "first\n");
    TEXT(written(path, "second\n", true, &arena), "second\n");
}

TEST(a_pipe_is_written_to_as_it_is)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    const char *path = path_join(&arena, test_dir(), "pipe");
    struct out out;
    struct err err = {0};
    struct stat there;
    char read_back[5] = "";
    TRUE(mkfifo(path, 0600) == 0);
    int pipe = open(path, O_RDWR);
    WORKS(out_open(&out, path, &arena, &err), err);
    TRUE(pipe >= 0 && fputs("text", out.stream) >= 0);
    WORKS(out_end(&out, true, &err), err);
    TRUE(read(pipe, read_back, 4) == 4 && close(pipe) == 0);
    TEXT(view_of(read_back), "text");
    TRUE(stat(path, &there) == 0 && S_ISFIFO(there.st_mode));
}

TEST(what_cannot_be_made_is_named_and_standard_output_stays_open)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct out out;
    struct err err = {0};
    FAILS(out_open(&out, "/nowhere/scores.csv", &arena, &err), err, ERR_IO);
    SAYS(err, "'/nowhere/scores.csv' cannot be created");
    err = (struct err){0};
    WORKS(out_open(&out, NULL, &arena, &err), err);
    TRUE(out.stream == stdout);
    TRUE(out_end(&out, true, &err) && !out_end(&out, false, &err));
    TRUE(fflush(stdout) == 0);
}
