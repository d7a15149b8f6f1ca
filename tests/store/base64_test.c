#include "store/base64.h"

#include "harness.h"

static struct view there(const char *bytes, size_t length, char *room, size_t size)
{
    struct text text = text_in(room, size);
    base64_add(&text, (struct view){bytes, length});
    TRUE(!text.cut);
    return text_view(&text);
}

/* RFC 4648, section 10. */
TEST(the_published_examples_come_out)
{
    static const char *const examples[][2] = {{"", ""},
                                              {"f", "Zg=="},
                                              {"fo", "Zm8="},
                                              {"foo", "Zm9v"},
                                              {"foob", "Zm9vYg=="},
                                              {"fooba", "Zm9vYmE="},
                                              {"foobar", "Zm9vYmFy"}};
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    char room[64];
    for (size_t i = 0; i < LENGTH_OF(examples); i++) {
        struct view out;
        TEXT(there(examples[i][0], strlen(examples[i][0]), room, sizeof room), examples[i][1]);
        TRUE(base64_read(view_of(examples[i][1]), &arena, &out));
        TEXT(out, examples[i][0]);
    }
}

TEST(every_byte_comes_back)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    char bytes[256], room[512];
    struct view out;
    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    TRUE(base64_read(there(bytes, sizeof bytes, room, sizeof room), &arena, &out));
    SAME(out.length, sizeof bytes);
    SAME(memcmp(out.text, bytes, sizeof bytes), 0);
}

TEST(what_is_no_base64_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    struct view out;
    static const char *const wrong[] = {
        "Z", "Zg=", "Zg", "Z===", "Zm9v!A==", "Zg==Zg==", "Zm 9v==="};
    for (size_t i = 0; i < LENGTH_OF(wrong); i++)
        TRUE(!base64_read(view_of(wrong[i]), &arena, &out));
}
