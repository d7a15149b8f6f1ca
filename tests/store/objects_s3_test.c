#include "store/objects.h"

#include "answers.h"
#include "s3_ground.h"

enum { MEMORY = 8 << 20 };

#define SERVER()                                                                                   \
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};                                 \
    CLEANUP(objects_close) struct objects objects = {0};                                           \
    struct err err = {0};                                                                          \
    bool made UNUSED;                                                                              \
    const char *absent = s3_start();                                                               \
    if (absent != NULL)                                                                            \
    SKIP(absent)

/* ---------------------------------------------------------------- against a server that checks */

TEST(names_of_any_letters_are_kept_apart_and_listed_as_they_are)
{
    static const char *const keys[] = {"a b",   "a+b",   "a%20b",    "a=b",   "a&b",
                                       "a?b#c", "a~b",   "\xc3\xa4", "a'\"b", "a<b>",
                                       "a;b,c", "b!*()", "a  b"};
    SERVER();
    struct objects_place place = s3_place(&arena, "letters + \xc3\xa4=/deeper");
    WORKS(objects_open(&objects, &place, &err), err);
    for (size_t i = 0; i < LENGTH_OF(keys); i++) {
        WORKS(objects_put(&objects, keys[i], view_of(keys[i]), &made, &err), err);
        TRUE(made);
    }
    struct object *all;
    size_t count;
    WORKS(objects_list(&objects, &arena, &all, &count, &err), err);
    SAME(count, LENGTH_OF(keys));
    for (size_t i = 0; i < count; i++) {
        struct view bytes;
        const char *key = view_copy(all[i].key, &arena);
        WORKS(objects_get(&objects, key, 100, &arena, &bytes, &err), err);
        TEXT(bytes, key);
    }
}

TEST(a_list_of_many_pages_is_whole_and_stays_in_its_prefix)
{
    enum { MANY = 1001 }; /* a page has 1000 */
    SERVER();
    struct objects_place place = s3_place(&arena, "many"), other = s3_place(&arena, "many-others");
    CLEANUP(objects_close) struct objects others = {0};
    WORKS(objects_open(&objects, &place, &err), err);
    WORKS(objects_open(&others, &other, &err), err);
    WORKS(objects_put(&others, "x", VIEW("x"), &made, &err), err);
    for (int i = 0; i < MANY; i++) {
        char key[16];
        snprintf(key, sizeof key, "%05d", i);
        WORKS(objects_put(&objects, key, VIEW("x"), &made, &err), err);
    }
    struct object *all;
    size_t count;
    WORKS(objects_list(&objects, &arena, &all, &count, &err), err);
    SAME(count, MANY);
    for (size_t i = 0; i < count; i++) {
        char key[16];
        snprintf(key, sizeof key, "%05d", (int)i);
        TEXT(all[i].key, key);
    }
}

TEST(a_wrong_secret_is_a_clear_error_that_does_not_show_it)
{
    SERVER();
    struct objects_place place = s3_place(&arena, "wrong");
    struct view bytes;
    bool there;
    s3_set_environment(s3_server.access, "n0tthesecret", NULL);
    WORKS(objects_open(&objects, &place, &err), err);
    FAILS(objects_put(&objects, "a", VIEW("x"), &made, &err), err, ERR_STORE);
    SAYS(err, "PUT answered 403 SignatureDoesNotMatch");
    SAYS(err, "AWS_SECRET_ACCESS_KEY is not the secret of AWS_ACCESS_KEY_ID");
    SAYS(err, place.where);
    TRUE(strstr(err.text, "n0tthesecret") == NULL);
    err = (struct err){0};
    FAILS(objects_get(&objects, "a", 10, &arena, &bytes, &err), err, ERR_STORE);
    err = (struct err){0};
    FAILS(objects_head(&objects, "a", &there, NULL, &err), err, ERR_STORE);
    SAYS(err, "HEAD answered 403");
    err = (struct err){0};
    FAILS(objects_remove(&objects, "a", &err), err, ERR_STORE);
}

TEST(a_key_that_is_not_known_is_a_clear_error)
{
    SERVER();
    struct objects_place place = s3_place(&arena, "wrong");
    setenv("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN", 1);
    WORKS(objects_open(&objects, &place, &err), err);
    FAILS(objects_put(&objects, "a", VIEW("x"), &made, &err), err, ERR_STORE);
    SAYS(err, "AWS_ACCESS_KEY_ID");
}

TEST(a_bucket_that_is_not_there_is_a_clear_error)
{
    SERVER();
    struct objects_place place = s3_place(&arena, "x");
    struct view bytes;
    place.where = "s3://no-such-bucket/x";
    WORKS(objects_open(&objects, &place, &err), err);
    FAILS(objects_put(&objects, "a", VIEW("x"), &made, &err), err, ERR_STORE);
    SAYS(err, "NoSuchBucket");
    SAYS(err, "make it first");
    err = (struct err){0};
    FAILS(objects_get(&objects, "a", 10, &arena, &bytes, &err), err, ERR_STORE);
    SAYS(err, "NoSuchBucket");
}

TEST(the_bucket_may_be_in_the_host_or_the_whole_bucket_the_place)
{
    SERVER();
    struct objects_place place = s3_place(&arena, "");
    struct text endpoint = text_in_arena(&arena);
    struct view bytes;
    const char *port = strrchr(place.endpoint, ':');
    WORKS(objects_open(&objects, &place, &err), err);
    WORKS(objects_put(&objects, "by path", VIEW("x"), &made, &err), err);
    objects_close(&objects);
    text_addf(&endpoint, "http://localhost%s/", port);
    place.endpoint = text_c(&endpoint);
    place.addressing = "virtual";
    WORKS(objects_open(&objects, &place, &err), err);
    WORKS(objects_get(&objects, "by path", 10, &arena, &bytes, &err), err);
    TEXT(bytes, "x");
    WORKS(objects_put(&objects, "by host", VIEW("y"), &made, &err), err);
    struct object *all;
    size_t count, found = 0;
    WORKS(objects_list(&objects, &arena, &all, &count, &err), err);
    for (size_t i = 0; i < count; i++)
        found += view_starts(all[i].key, "by ");
    SAME(found, 2);
}

/* ---------------------------------------------------------------- what goes over the wire */

static void without_server(void)
{
    s3_set_environment("AKID", "secret", NULL);
}

static bool open_at(struct objects *objects, struct arena *arena, int port, struct err *err)
{
    struct text endpoint = text_in_arena(arena);
    text_addf(&endpoint, "http://localhost:%d", port);
    return objects_open(
        objects, &(struct objects_place){.where = "s3://bucket/a b", .endpoint = text_c(&endpoint)},
        err);
}

#define WIRE(...)                                                                                  \
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};                                 \
    CLEANUP(objects_close) struct objects objects = {0};                                           \
    struct err err = {0};                                                                          \
    bool made UNUSED;                                                                              \
    static const char *const script[] = {__VA_ARGS__};                                             \
    struct answers server = answers_start(script, LENGTH_OF(script));                              \
    without_server();                                                                              \
    setenv("AWS_SESSION_TOKEN", "to/ken+", 1);                                                     \
    WORKS(open_at(&objects, &arena, server.port, &err), err)

#define STATUS(line) "HTTP/1.1 " line "\r\nContent-Length: 0\r\n\r\n"

TEST(a_put_asks_for_absence_and_is_signed_with_its_token)
{
    WIRE(STATUS("200 OK"));
    WORKS(objects_put(&objects, "k+", VIEW("x"), &made, &err), err);
    TRUE(made);
    answers_stop(&server);
    const char *heard = server.heard->text[0];
    TRUE(view_starts(view_of(heard), "PUT /bucket/a%20b/k%2B HTTP/1.1\r\n"));
    TRUE(strstr(heard, "\r\nif-none-match: *\r\n") != NULL);
    TRUE(strstr(heard, "\r\nx-amz-security-token: to/ken+\r\n") != NULL);
    TRUE(strstr(heard, "SignedHeaders=host;if-none-match;x-amz-content-sha256;x-amz-date;"
                       "x-amz-security-token, ") != NULL);
}

TEST(a_put_onto_what_is_there_says_so)
{
    WIRE(STATUS("412 Precondition Failed"));
    WORKS(objects_put(&objects, "k", VIEW("x"), &made, &err), err);
    TRUE(!made);
    answers_stop(&server);
}

TEST(a_reading_is_tried_again_three_times_at_most)
{
    WIRE(STATUS("503 Slow Down"), "", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
         STATUS("500 x"), STATUS("500 x"), STATUS("500 x"), STATUS("500 x"));
    struct view bytes;
    WORKS(objects_get(&objects, "k", 10, &arena, &bytes, &err), err);
    TEXT(bytes, "x");
    FAILS(objects_get(&objects, "k", 10, &arena, &bytes, &err), err, ERR_IO);
    SAYS(err, "GET answered 500: the server has a fault");
    SAME(answers_stop(&server), 6);
}

TEST(a_writing_is_tried_again_only_when_the_server_said_it_did_nothing)
{
    WIRE(STATUS("503 Slow Down"),
         "HTTP/1.1 409 Conflict\r\n\r\n"
         "<Error><Code>ConditionalRequestConflict</Code></Error>",
         STATUS("200 OK"), "", STATUS("500 x"), STATUS("200 OK"));
    WORKS(objects_put(&objects, "k", VIEW("x"), &made, &err), err);
    TRUE(made);
    FAILS(objects_put(&objects, "k", VIEW("x"), &made, &err), err, ERR_IO); /* silence */
    err = (struct err){0};
    FAILS(objects_put(&objects, "k", VIEW("x"), &made, &err), err, ERR_IO); /* 500 */
    SAME(answers_stop(&server), 5);
}

TEST(a_put_in_virtual_style_has_the_bucket_in_the_host)
{
    WIRE(STATUS("200 OK"));
    struct text endpoint = text_in_arena(&arena), host = text_in_arena(&arena);
    text_addf(&endpoint, "http://localhost:%d", server.port);
    text_addf(&host, "\r\nhost: bucket.localhost:%d\r\n", server.port);
    objects_close(&objects);
    struct objects_place place = {
        .where = "s3://bucket", .endpoint = text_c(&endpoint), .addressing = "virtual"};
    WORKS(objects_open(&objects, &place, &err), err);
    WORKS(objects_put(&objects, "k", VIEW("x"), &made, &err), err);
    answers_stop(&server);
    const char *heard = server.heard->text[0];
    TRUE(view_starts(view_of(heard), "PUT /k HTTP/1.1\r\n"));
    TRUE(strcasestr(heard, text_c(&host)) != NULL);
}

TEST(a_plus_in_a_list_is_a_space_and_the_prefix_itself_no_object)
{
    WIRE("HTTP/1.1 200 OK\r\n\r\n<L><EncodingType>url</EncodingType>"
         "<Contents><Key>a+b/</Key><Size>0</Size><LastModified>2026-01-01T00:00:00Z"
         "</LastModified></Contents><Contents><Key>a%20b/x+y%2Bz%</Key><Size>7</Size>"
         "<LastModified>2026-01-01T00:00:01.5Z</LastModified></Contents></L>");
    struct object *all;
    size_t count;
    WORKS(objects_list(&objects, &arena, &all, &count, &err), err);
    answers_stop(&server);
    SAME(count, 1);
    TEXT(all[0].key, "x y+z%");
    SAME(all[0].size, 7);
    SAME(all[0].modified_ms, 1767225601500);
}

TEST(a_server_that_does_not_encode_names_is_taken_at_its_word)
{
    WIRE("HTTP/1.1 200 OK\r\n\r\n<L><Contents><Key>a b/x+%20&amp;y</Key><Size>7</Size>"
         "<LastModified>2026-01-01T00:00:00Z</LastModified></Contents></L>");
    struct object *all;
    size_t count;
    WORKS(objects_list(&objects, &arena, &all, &count, &err), err);
    answers_stop(&server);
    SAME(count, 1);
    TEXT(all[0].key, "x+%20&y");
}

TEST(a_404_that_is_not_the_keys_is_no_absence)
{
    WIRE("HTTP/1.1 404 x\r\n\r\n<Error><Code>InvalidAccessKeyId</Code></Error>",
         "HTTP/1.1 404 x\r\n\r\n<Error><Code>NoSuchBucket</Code></Error>",
         "HTTP/1.1 404 x\r\n\r\n<Error><Code>NoSuchKey</Code></Error>");
    struct view bytes;
    FAILS(objects_get(&objects, "k", 10, &arena, &bytes, &err), err, ERR_STORE);
    SAYS(err, "AWS_ACCESS_KEY_ID is not known there");
    err = (struct err){0};
    FAILS(objects_remove(&objects, "k", &err), err, ERR_STORE);
    err = (struct err){0};
    FAILS(objects_get(&objects, "k", 10, &arena, &bytes, &err), err, ERR_NOT_FOUND);
    answers_stop(&server);
}

TEST(a_list_that_cannot_be_read_is_an_error)
{
    WIRE("HTTP/1.1 200 OK\r\n\r\n"
         "<L><Contents><Key>a%20b/k</Key><Size>x</Size><LastModified>2026</LastModified>"
         "</Contents></L>",
         "HTTP/1.1 200 OK\r\n\r\n<L><IsTruncated>true</IsTruncated></L>");
    struct object *all;
    size_t count;
    FAILS(objects_list(&objects, &arena, &all, &count, &err), err, ERR_STORE);
    SAYS(err, "an entry that cannot be read");
    err = (struct err){0};
    FAILS(objects_list(&objects, &arena, &all, &count, &err), err, ERR_STORE);
    SAYS(err, "its list breaks off");
    answers_stop(&server);
    TRUE(view_starts(view_of(server.heard->text[0]),
                     "GET /bucket?list-type=2&encoding-type=url&delimiter=%2F&prefix=a%20b%2F "));
}

/* ---------------------------------------------------------------- where and who */

static void refuses(struct objects_place place, const char *says)
{
    struct objects objects = {0};
    struct err err = {0};
    FAILS(objects_open(&objects, &place, &err), err, ERR_INPUT);
    SAYS(err, says);
}

TEST(a_place_that_is_none_is_refused)
{
    static const char *const places[] = {"s3://",        "s3://a",     "s3:///x",
                                         "s3://Upper/x", "s3://b_c/x", "s3://bucket//x"};
    static const char *const endpoints[] = {"s3.example", "ftp://s3.example", "https://",
                                            "https://u:p@s3.example", "https://s3.example/path"};
    without_server();
    for (size_t i = 0; i < LENGTH_OF(places); i++)
        refuses((struct objects_place){.where = places[i], .region = "r"},
                "is not s3://BUCKET/PREFIX");
    for (size_t i = 0; i < LENGTH_OF(endpoints); i++)
        refuses((struct objects_place){.where = "s3://bucket", .endpoint = endpoints[i]},
                "store.endpoint takes https://HOST");
    refuses((struct objects_place){.where = "s3://bucket"}, "AWS_REGION");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    refuses((struct objects_place){.where = "s3://bucket", .region = "r"},
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
}
