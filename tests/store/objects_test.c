#include "store/objects.h"

#include "base/clock.h"
#include "base/file.h"
#include "harness.h"
#include "s3_ground.h"

#include <sys/wait.h>
#include <unistd.h>

enum { MEMORY = 8 << 20 };

struct ground {
    bool s3;
};

/* Two tests: ..._in_a_directory and ..._in_s3. */
#define ON_BOTH(title)                                                                             \
    static void title(const struct ground *ground);                                                \
    TEST(title##_in_a_directory)                                                                   \
    {                                                                                              \
        title(&(struct ground){.s3 = false});                                                      \
    }                                                                                              \
    TEST(title##_in_s3)                                                                            \
    {                                                                                              \
        const char *why = s3_start();                                                              \
        if (why != NULL)                                                                           \
            SKIP(why);                                                                             \
        title(&(struct ground){.s3 = true});                                                       \
    }                                                                                              \
    static void title(const struct ground *ground)

static struct objects_place place_of(const struct ground *ground, struct arena *arena,
                                     const char *name)
{
    if (ground->s3)
        return s3_place(arena, name);
    return (struct objects_place){.where = path_join(arena, test_dir(), name)};
}

#define OBJECTS(objects, folder)                                                                   \
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};                                 \
    CLEANUP(objects_close) struct objects objects = {0};                                           \
    struct err err = {0};                                                                          \
    struct objects_place place = place_of(ground, &arena, folder);                                 \
    WORKS(objects_open(&objects, &place, &err), err)

ON_BOTH(what_was_put_is_got_and_a_second_put_changes_nothing)
{
    OBJECTS(objects, "put");
    bool made;
    struct view bytes;
    WORKS(objects_put(&objects, "a", VIEW("one\0two"), &made, &err), err);
    TRUE(made);
    WORKS(objects_put(&objects, "a", VIEW("three"), &made, &err), err);
    TRUE(!made);
    WORKS(objects_get(&objects, "a", MEMORY, &arena, &bytes, &err), err);
    TRUE(view_same(bytes, VIEW("one\0two")));
    WORKS(objects_put(&objects, "empty", VIEW(""), &made, &err), err);
    WORKS(objects_get(&objects, "empty", MEMORY, &arena, &bytes, &err), err);
    SAME(bytes.length, 0);
}

ON_BOTH(what_is_absent_is_not_found_and_too_much_is_refused)
{
    OBJECTS(objects, "absent");
    bool made, there = true;
    struct view bytes;
    FAILS(objects_get(&objects, "a", MEMORY, &arena, &bytes, &err), err, ERR_NOT_FOUND);
    SAYS(err, place.where);
    err = (struct err){0};
    WORKS(objects_head(&objects, "a", &there, NULL, &err), err);
    TRUE(!there);
    WORKS(objects_remove(&objects, "a", &err), err);
    WORKS(objects_put(&objects, "a", VIEW("0123456789"), &made, &err), err);
    FAILS(objects_get(&objects, "a", 9, &arena, &bytes, &err), err, ERR_LIMIT);
}

ON_BOTH(a_head_and_a_list_say_size_and_time)
{
    OBJECTS(objects, "list");
    bool made, there;
    struct object one, *all;
    size_t count;
    int64_t before = clock_now_ms() - 1000;
    WORKS(objects_list(&objects, &arena, &all, &count, &err), err);
    SAME(count, 0);
    WORKS(objects_put(&objects, "b", VIEW("12345"), &made, &err), err);
    WORKS(objects_put(&objects, "a+ =\xc3\xa4", VIEW("1"), &made, &err), err);
    if (!ground->s3) /* is no object */
        WORKS(dir_make(path_join(&arena, place.where, "folder"), &err), err);
    WORKS(objects_head(&objects, "b", &there, &one, &err), err);
    TRUE(there && one.size == 5);
    TRUE(one.modified_ms >= before && one.modified_ms <= clock_now_ms());
    WORKS(objects_list(&objects, &arena, &all, &count, &err), err);
    SAME(count, 2);
    TEXT(all[0].key, "a+ =\xc3\xa4");
    TEXT(all[1].key, "b");
    SAME(all[1].size, 5);
    SAME(all[1].modified_ms, one.modified_ms);
    WORKS(objects_remove(&objects, "b", &err), err);
    WORKS(objects_head(&objects, "b", &there, NULL, &err), err);
    TRUE(!there);
}

ON_BOTH(a_key_leads_nowhere_else)
{
    static const char *const keys[] = {"", ".", "..", "../a", "a/b", ".hidden"};
    OBJECTS(objects, "keys");
    bool made;
    for (size_t i = 0; i < LENGTH_OF(keys); i++) {
        err = (struct err){0};
        FAILS(objects_put(&objects, keys[i], VIEW("x"), &made, &err), err, ERR_INPUT);
    }
}

ON_BOTH(of_many_that_put_one_key_at_once_one_makes_it)
{
    enum { TIMES = 20, PROCESSES = 6 };
    OBJECTS(objects, "race");
    for (int times = 0; times < TIMES; times++) {
        char key[16];
        int made_it = 0;
        pid_t child[PROCESSES];
        snprintf(key, sizeof key, "key%d", times);
        for (int i = 0; i < PROCESSES; i++) {
            child[i] = fork();
            if (child[i] != 0)
                continue;
            struct objects own;
            bool made, ok = objects_open(&own, &place, &err) &&
                            objects_put(&own, key, VIEW("bytes"), &made, &err);
            _exit(!ok ? 2 : made ? 1 : 0);
        }
        for (int i = 0; i < PROCESSES; i++) {
            int status;
            TRUE(waitpid(child[i], &status, 0) == child[i] && WIFEXITED(status) &&
                 WEXITSTATUS(status) < 2);
            made_it += WEXITSTATUS(status);
        }
        SAME(made_it, 1);
    }
    struct object *all;
    size_t count;
    WORKS(objects_list(&objects, &arena, &all, &count, &err), err);
    SAME(count, TIMES); /* and nothing beside them is left */
}

TEST(what_is_neither_directory_nor_s3_is_refused)
{
    struct objects objects = {0};
    struct err err = {0};
    FAILS(objects_open(&objects, &(struct objects_place){.where = "ftp://host/x"}, &err), err,
          ERR_INPUT);
    SAYS(err, "a directory or s3://BUCKET/PREFIX");
    objects_close(&objects); /* harmless */
}
