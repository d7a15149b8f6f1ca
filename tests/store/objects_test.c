#include "store/objects.h"

#include "base/clock.h"
#include "base/file.h"
#include "harness.h"

#include <sys/wait.h>
#include <unistd.h>

enum { MEMORY = 8 << 20 };

#define OBJECTS(objects, folder)                                                                   \
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};                                 \
    CLEANUP(objects_close) struct objects objects = {0};                                           \
    struct err err = {0};                                                                          \
    const char *where = path_join(&arena, test_dir(), folder);                                     \
    WORKS(dir_remove(where, &err), err);                                                           \
    WORKS(objects_open(&objects, &(struct objects_place){.where = where}, &err), err)

TEST(what_was_put_is_got_and_a_second_put_changes_nothing)
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

TEST(what_is_absent_is_not_found_and_too_much_is_refused)
{
    OBJECTS(objects, "absent");
    bool made, there = true;
    struct view bytes;
    FAILS(objects_get(&objects, "a", MEMORY, &arena, &bytes, &err), err, ERR_NOT_FOUND);
    SAYS(err, where);
    err = (struct err){0};
    WORKS(objects_head(&objects, "a", &there, NULL, &err), err);
    TRUE(!there);
    WORKS(objects_remove(&objects, "a", &err), err);
    WORKS(objects_put(&objects, "a", VIEW("0123456789"), &made, &err), err);
    FAILS(objects_get(&objects, "a", 9, &arena, &bytes, &err), err, ERR_LIMIT);
}

TEST(a_head_and_a_list_say_size_and_time)
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
    WORKS(dir_make(path_join(&arena, where, "folder"), &err), err); /* is no object */
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

TEST(a_key_leads_nowhere_else)
{
    static const char *const keys[] = {"", ".", "..", "../a", "a/b", ".hidden"};
    OBJECTS(objects, "keys");
    bool made;
    for (size_t i = 0; i < LENGTH_OF(keys); i++) {
        err = (struct err){0};
        FAILS(objects_put(&objects, keys[i], VIEW("x"), &made, &err), err, ERR_INPUT);
    }
}

TEST(of_many_that_put_one_key_at_once_one_makes_it)
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
            bool made, ok = objects_put(&objects, key, VIEW("bytes"), &made, &err);
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
