#include "harness.h"

#include "base/file.h"

#include <dirent.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *in_dir(struct arena *arena, const char *name)
{
    return path_join(arena, test_dir(), name);
}

static struct view load(struct arena *arena, const char *path)
{
    struct view bytes;
    struct err err = {0};
    WORKS(file_load(path, 1 << 20, arena, &bytes, &err), err);
    return bytes;
}

static void save(const char *path, struct view bytes)
{
    struct err err = {0};
    WORKS(file_save(path, bytes, &err), err);
}

static size_t names_in(const char *path)
{
    DIR *dir = opendir(path);
    TRUE(dir != NULL);
    size_t count = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

TEST(what_is_saved_is_loaded_with_a_nul_past_its_end)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    const char *path = in_dir(&arena, "whole");
    save(path, (struct view){"a\0b\n", 4});
    struct view bytes = load(&arena, path);
    SAME(bytes.length, 4);
    TRUE(memcmp(bytes.text, "a\0b\n", 5) == 0);
    save(path, VIEW(""));
    SAME(load(&arena, path).length, 0);
}

TEST(a_pipe_is_no_file_and_not_taken_for_an_empty_one)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    int ends[2];
    SAME(pipe(ends), 0);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    struct view bytes;
    struct err err = {0};
    FAILS(file_load(path, 1 << 20, &arena, &bytes, &err), err, ERR_INPUT);
    SAYS(err, "is a pipe");
    fd_close(&ends[0]);
    fd_close(&ends[1]);
}

TEST(a_save_replaces_the_whole_file_and_leaves_nothing_beside_it)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    const char *dir = in_dir(&arena, "beside");
    WORKS(dir_make(dir, &err), err);
    const char *path = path_join(&arena, dir, "file");
    save(path, VIEW("the old and longer one"));
    save(path, VIEW("new"));
    TEXT(load(&arena, path), "new");
    SAME(names_in(dir), 1);
}

TEST(a_file_too_large_for_its_reader_is_a_limit_error)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(arena_release) struct arena small = {.limit = 64};
    const char *path = in_dir(&arena, "large");
    char bytes[100] = {0};
    save(path, (struct view){bytes, sizeof bytes});
    struct view out;
    struct err err = {0};
    FAILS(file_load(path, 99, &arena, &out, &err), err, ERR_LIMIT);
    SAYS(err, "has 100 bytes, at most 99 are read");
    FAILS(file_load(path, 100, &small, &out, &err), err, ERR_LIMIT);
    WORKS(file_load(path, 100, &arena, &out, &err), err);
}

TEST(what_cannot_be_read_or_written_is_named)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct view out;
    struct err err = {0};
    const char *absent = in_dir(&arena, "no/such/file");
    FAILS(file_load(absent, 100, &arena, &out, &err), err, ERR_NOT_FOUND);
    SAYS(err, absent);
    FAILS(file_save(absent, VIEW("x"), &err), err, ERR_IO);
    SAYS(err, absent);
    FAILS(file_load(test_dir(), 100, &arena, &out, &err), err, ERR_INPUT);
    SAYS(err, "is a directory");
}

/* A file may not grow past 4 KB for as long as this is in force. */
static bool save_with_little_room(const char *path, struct view bytes, struct err *err)
{
    struct rlimit before, little;
    TRUE(getrlimit(RLIMIT_FSIZE, &before) == 0);
    little = (struct rlimit){.rlim_cur = 4096, .rlim_max = before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    TRUE(setrlimit(RLIMIT_FSIZE, &little) == 0);
    bool saved = file_save(path, bytes, err);
    TRUE(setrlimit(RLIMIT_FSIZE, &before) == 0);
    signal(SIGXFSZ, handler);
    return saved;
}

TEST(a_save_that_fails_half_way_leaves_the_old_file_and_nothing_else)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    const char *dir = in_dir(&arena, "half");
    WORKS(dir_make(dir, &err), err);
    const char *path = path_join(&arena, dir, "file");
    save(path, VIEW("old"));
    char *bytes = arena_new(&arena, char, 10000);
    FAILS(save_with_little_room(path, (struct view){bytes, 10000}, &err), err, ERR_IO);
    SAYS(err, "cannot be written");
    TEXT(load(&arena, path), "old");
    SAME(names_in(dir), 1);
}

TEST(a_full_disk_leaves_the_old_file)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    const char *dir = in_dir(&arena, "disk");
    WORKS(dir_make(dir, &err), err);
    if (mount("tmpfs", dir, "tmpfs", 0, "size=64k") != 0)
        SKIP("a disk of 64 KB can be mounted by root only");
    const char *path = path_join(&arena, dir, "file");
    struct view old = {arena_new(&arena, char, 30000), 30000};
    save(path, old);
    struct view new = {arena_new(&arena, char, 50000), 50000};
    bool saved = file_save(path, new, &err);
    struct view left = load(&arena, path);
    size_t names = names_in(dir);
    TRUE(umount(dir) == 0);
    FAILS(saved, err, ERR_IO);
    SAYS(err, "No space left");
    TRUE(view_same(left, old));
    SAME(names, 1);
}

TEST(directories_are_made_with_their_parents_and_removed_with_their_children)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    const char *deep = in_dir(&arena, "one/two/three/");
    WORKS(dir_make(deep, &err), err);
    WORKS(dir_make(deep, &err), err);
    save(path_join(&arena, deep, "file"), VIEW("x"));
    TRUE(file_exists(in_dir(&arena, "one/two/three/file")));
    WORKS(dir_remove(in_dir(&arena, "one"), &err), err);
    TRUE(!file_exists(in_dir(&arena, "one")));
    WORKS(dir_remove(in_dir(&arena, "one"), &err), err);
}

TEST(removing_a_directory_does_not_follow_links_out_of_it)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    const char *outside = in_dir(&arena, "outside"), *inside = in_dir(&arena, "inside");
    WORKS(dir_make(outside, &err), err);
    WORKS(dir_make(inside, &err), err);
    save(path_join(&arena, outside, "kept"), VIEW("x"));
    TRUE(symlink(outside, path_join(&arena, inside, "link")) == 0);
    WORKS(dir_remove(inside, &err), err);
    TRUE(file_exists(path_join(&arena, outside, "kept")));
}

TEST(a_file_in_the_place_of_a_directory_is_an_error)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    const char *path = in_dir(&arena, "taken");
    save(path, VIEW("x"));
    FAILS(dir_make(path, &err), err, ERR_IO);
    SAYS(err, "is not a directory");
    FAILS(dir_make(path_join(&arena, path, "below"), &err), err, ERR_IO);
}

TEST(removing_a_file_twice_is_fine)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    const char *path = in_dir(&arena, "once");
    save(path, VIEW("x"));
    WORKS(file_remove(path, &err), err);
    TRUE(!file_exists(path));
    WORKS(file_remove(path, &err), err);
    FAILS(file_remove(test_dir(), &err), err, ERR_IO);
}

TEST(paths_are_joined_with_one_slash_and_absolute_names_stand_alone)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    TEXT(view_of(path_join(&arena, "a", "b")), "a/b");
    TEXT(view_of(path_join(&arena, "a/", "b")), "a/b");
    TEXT(view_of(path_join(&arena, "", "b")), "b");
    TEXT(view_of(path_join(&arena, "a", "/b")), "/b");
}
