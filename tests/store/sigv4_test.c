#include "store/sigv4.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/rng.h"
#include "harness.h"

#include <sys/wait.h>
#include <unistd.h>

enum { MEMORY = 64 << 20 };

/* Amazon's published examples:
 * docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
TEST(the_published_examples_have_the_published_signatures)
{
    static const struct http_header range[] = {{"host", VIEW("examplebucket.s3.amazonaws.com")},
                                               {"range", VIEW("bytes=0-9")}};
    static const struct http_header dated[] = {{"host", VIEW("examplebucket.s3.amazonaws.com")},
                                               {"x-amz-storage-class", VIEW("REDUCED_REDUNDANCY")},
                                               {"date", VIEW("Fri, 24 May 2013 00:00:00 GMT")}};
    const struct {
        struct sigv4_request request;
        const char *signature;
    } cases[] = {
        {{.method = "GET", .path = VIEW("/test.txt"), .header = range, .headers = 2},
         "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
        {{.method = "PUT",
          .path = VIEW("/test%24file.text"),
          .header = dated,
          .headers = 3,
          .payload = digest_of(VIEW("Welcome to Amazon S3."))},
         "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
        {{.method = "GET",
          .path = VIEW("/"),
          .query = VIEW("lifecycle"),
          .header = range,
          .headers = 1},
         "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
        {{.method = "GET",
          .path = VIEW("/"),
          .query = VIEW("prefix=J&max-keys=2"), /* in the wrong order */
          .header = range,
          .headers = 1},
         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
    };
    const struct sigv4_keys keys = {.access = VIEW("AKIAIOSFODNN7EXAMPLE"),
                                    .secret = VIEW("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")};
    struct sigv4_scope scope = {.region = VIEW("us-east-1"), .service = VIEW("s3")};
    TRUE(clock_parse(VIEW("2013-05-24T00:00:00Z"), &scope.time_ms));
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
        struct sigv4_request request = cases[i].request;
        struct sigv4_signed done;
        struct err err = {0};
        if (strcmp(request.method, "GET") == 0)
            request.payload = digest_of(VIEW(""));
        WORKS(sigv4_sign(&keys, &scope, &request, &arena, &done, &err), err);
        TEXT(view_of(done.header[done.headers - 1].name), "authorization");
        TRUE(view_ends(done.header[done.headers - 1].value, cases[i].signature));
    }
}

TEST(letters_digits_and_four_marks_stay_and_a_slash_in_paths)
{
    char bytes[100];
    struct text text = text_in(bytes, sizeof bytes);
    sigv4_encode(&text, VIEW("aZ09-._~ +=/\xc3\xa4\0%"), false);
    TEXT(text_view(&text), "aZ09-._~%20%2B%3D%2F%C3%A4%00%25");
    text = text_in(bytes, sizeof bytes);
    sigv4_encode(&text, VIEW("a/b c"), true);
    TEXT(text_view(&text), "a/b%20c");
}

TEST(too_many_headers_or_parameters_are_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct http_header header[SIGV4_HEADERS_MAX];
    struct text query = text_in_arena(&arena);
    struct sigv4_signed done;
    struct sigv4_scope scope = {.region = VIEW("r"), .service = VIEW("s3")};
    struct sigv4_keys keys = {.access = VIEW("a"), .secret = VIEW("s"), .token = VIEW("t")};
    struct sigv4_request request = {.method = "GET", .path = VIEW("/"), .header = header};
    struct err err = {0};
    for (size_t i = 0; i < SIGV4_HEADERS_MAX; i++)
        header[i] = (struct http_header){"x", VIEW("y")};
    request.headers = SIGV4_HEADERS_MAX - 4;
    WORKS(sigv4_sign(&keys, &scope, &request, &arena, &done, &err), err);
    SAME(done.headers, SIGV4_HEADERS_MAX);
    request.headers++;
    FAILS(sigv4_sign(&keys, &scope, &request, &arena, &done, &err), err, ERR_LIMIT);
    request.headers = 1;
    for (int i = 0; i <= SIGV4_PARAMETERS_MAX; i++)
        text_addf(&query, "&a%d=1", i);
    request.query = text_view(&query);
    err = (struct err){0};
    FAILS(sigv4_sign(&keys, &scope, &request, &arena, &done, &err), err, ERR_LIMIT);
}

/* ---------------------------------------------------------------- botocore */

/* It encodes path and query itself. */
static const char botocore[] =
    "import json, sys\n"
    "from urllib.parse import quote\n"
    "try:\n"
    "    from botocore.auth import S3SigV4Auth\n"
    "    from botocore.awsrequest import AWSRequest\n"
    "    from botocore.credentials import Credentials\n"
    "except ImportError:\n"
    "    sys.exit(77)\n"
    "out = open(sys.argv[2], 'wb')\n"
    "for case in json.load(open(sys.argv[1])):\n"
    "    query = '&'.join(quote(k, safe='~') + '=' + quote(v, safe='~') for k, v in "
    "case['query'])\n"
    "    url = 'https://' + case['host'] + quote(case['path'], safe='/~') + ('?' + query if query "
    "else '')\n"
    "    request = AWSRequest(case['method'], url, dict(case['headers']), case['body'].encode())\n"
    "    request.context['timestamp'] = case['stamp']\n"
    "    keys = Credentials(case['access'], case['secret'], case['token'] or None)\n"
    "    auth = S3SigV4Auth(keys, 's3', case['region'])\n"
    "    auth._modify_request_before_signing(request)\n"
    "    canonical = auth.canonical_request(request)\n"
    "    to_sign = auth.string_to_sign(request, canonical)\n"
    "    auth._inject_signature_to_request(request, auth.signature(to_sign, request))\n"
    "    got = [canonical, to_sign, request.headers['Authorization']]\n"
    "    out.write(('\\x1f'.join(got) + '\\x1e').encode())\n";

static int python(const char *script, const char *in, const char *out)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        execl("/usr/bin/python3", "/usr/bin/python3", "-c", script, in, out, (char *)NULL);
        _exit(77);
    }
    TRUE(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* What one case is made of, before anything is encoded. */
struct drawn {
    char host[40], path[128], secret[48], token[64], body[64], header[64];
    const char *method;
    char name[4][16], value[4][24];
    size_t parameters;
};

static void draw_text(struct rng *rng, char *out, size_t size, bool ascii)
{
    static const char *const pieces[] = {"a",
                                         "B",
                                         "7",
                                         "-",
                                         ".",
                                         "_",
                                         "~",
                                         " ",
                                         "  ",
                                         "+",
                                         "=",
                                         "&",
                                         "%",
                                         "%20",
                                         "/",
                                         "?",
                                         "#",
                                         "!",
                                         "'",
                                         "(",
                                         ")",
                                         "*",
                                         ":",
                                         "@",
                                         ",",
                                         ";",
                                         "$",
                                         "\"",
                                         "<",
                                         "\\",
                                         "^",
                                         "\xc3\xa4",
                                         "\xe2\x82\xac",
                                         "\xf0\x9f\x92\xb3"};
    size_t usable = ascii ? LENGTH_OF(pieces) - 3 : LENGTH_OF(pieces);
    struct text text = text_in(out, size);
    size_t count = rng_below(rng, 9);
    for (size_t i = 0; i < count; i++) {
        const char *piece = pieces[rng_below(rng, usable)];
        if (text.length + strlen(piece) + 1 < size)
            text_adds(&text, piece);
    }
    text_c(&text);
}

static void draw(struct rng *rng, struct drawn *out)
{
    static const char *const methods[] = {"GET", "PUT", "HEAD", "DELETE"};
    char key[100];
    snprintf(out->host, sizeof out->host, "b%u.s3.example%s", (unsigned)rng_below(rng, 100),
             rng_below(rng, 2) == 0 ? "" : ":9000");
    draw_text(rng, key, sizeof key, false);
    snprintf(out->path, sizeof out->path, "/bucket/%s", key);
    draw_text(rng, out->secret, sizeof out->secret, true);
    draw_text(rng, out->token, sizeof out->token, true);
    draw_text(rng, out->body, sizeof out->body, false);
    draw_text(rng, out->header, sizeof out->header, true);
    out->method = methods[rng_below(rng, LENGTH_OF(methods))];
    out->parameters = rng_below(rng, 5);
    for (size_t i = 0; i < out->parameters; i++) {
        static const char *const names[] = {"prefix", "a", "a+", "list-type", "\xc3\xbc", "a b"};
        snprintf(out->name[i], sizeof out->name[i], "%s", names[rng_below(rng, LENGTH_OF(names))]);
        draw_text(rng, out->value[i], sizeof out->value[i], false);
    }
    if (out->token[0] == ' ') /* a header's value is trimmed, a credential is not */
        out->token[0] = 'x';
}

static void write_case(struct json *json, const struct drawn *one)
{
    json_open(json, '{');
    json_key(json, "method"), json_string(json, one->method);
    json_key(json, "host"), json_string(json, one->host);
    json_key(json, "path"), json_string(json, one->path);
    json_key(json, "stamp"), json_string(json, "20260228T235959Z");
    json_key(json, "region"), json_string(json, "eu-central-1");
    json_key(json, "access"), json_string(json, "AKIDEXAMPLE");
    json_key(json, "secret"), json_string(json, one->secret);
    json_key(json, "token"), json_string(json, one->token);
    json_key(json, "body"), json_string(json, one->body);
    json_key(json, "headers");
    json_open(json, '[');
    json_open(json, '[');
    json_string(json, "x-amz-meta-note"), json_string(json, one->header);
    json_close(json);
    json_close(json);
    json_key(json, "query");
    json_open(json, '[');
    for (size_t i = 0; i < one->parameters; i++) {
        json_open(json, '[');
        json_string(json, one->name[i]), json_string(json, one->value[i]);
        json_close(json);
    }
    json_close(json);
    json_close(json);
}

static void sign(const struct drawn *one, struct arena *arena, struct sigv4_signed *out)
{
    struct text path = text_in_arena(arena), query = text_in_arena(arena);
    const struct http_header header[] = {{"x-amz-meta-note", view_of(one->header)},
                                         {"host", view_of(one->host)}};
    struct sigv4_keys keys = {VIEW("AKIDEXAMPLE"), view_of(one->secret), view_of(one->token)};
    struct sigv4_scope scope = {.region = VIEW("eu-central-1"), .service = VIEW("s3")};
    struct err err = {0};
    TRUE(clock_parse(VIEW("2026-02-28T23:59:59Z"), &scope.time_ms));
    sigv4_encode(&path, view_of(one->path), true);
    for (size_t i = 0; i < one->parameters; i++) {
        text_adds(&query, i == 0 ? "" : "&");
        sigv4_encode(&query, view_of(one->name[i]), false);
        text_addc(&query, '=');
        sigv4_encode(&query, view_of(one->value[i]), false);
    }
    struct sigv4_request request = {.method = one->method,
                                    .path = text_view(&path),
                                    .query = text_view(&query),
                                    .header = header,
                                    .headers = 2,
                                    .payload = digest_of(view_of(one->body))};
    WORKS(sigv4_sign(&keys, &scope, &request, arena, out, &err), err);
}

static void same(struct view ours, struct view theirs, size_t number)
{
    FAIL_UNLESS(view_same(ours, theirs), "case %zu: ours\n%.*s\nbotocore's\n%.*s", number,
                (int)ours.length, ours.text, (int)theirs.length, theirs.text);
}

TEST(a_thousand_requests_are_signed_as_botocore_signs_them)
{
    enum { CASES = 1000 };
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct drawn *drawn = arena_new(&arena, struct drawn, CASES);
    struct text text = text_in_arena(&arena);
    struct json json = json_to(&text);
    struct rng rng = rng_of(7, 0, 0);
    struct err err = {0};
    struct view rest, one, part;
    const char *in = path_join(&arena, test_dir(), "in"),
               *out = path_join(&arena, test_dir(), "out");
    json_open(&json, '[');
    for (size_t i = 0; i < CASES; i++) {
        draw(&rng, &drawn[i]);
        write_case(&json, &drawn[i]);
    }
    json_close(&json);
    WORKS(file_save(in, text_view(&text), &err), err);
    int status = python(botocore, in, out);
    if (status == 77)
        SKIP("python3-botocore is not installed");
    SAME(status, 0);
    WORKS(file_load(out, MEMORY, &arena, &rest, &err), err);
    for (size_t i = 0; i < CASES; i++) {
        struct sigv4_signed done;
        sign(&drawn[i], &arena, &done);
        TRUE(view_cut(&rest, '\x1e', &one));
        TRUE(view_cut(&one, '\x1f', &part));
        same(done.canonical, part, i);
        TRUE(view_cut(&one, '\x1f', &part));
        same(done.to_sign, part, i);
        same(done.header[done.headers - 1].value, one, i);
    }
}
