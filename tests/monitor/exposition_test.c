#include "monitor/exposition.h"

#include "harness.h"

#include <math.h>

static bool one(const char *text, struct exposition_sample *sample, struct err *err)
{
    struct exposition page = exposition_of(view_of(text));
    return exposition_next(&page, sample, err);
}

TEST(samples_follow_each_other_between_comments)
{
    struct exposition page = exposition_of(VIEW("# HELP a b\n# TYPE a counter\na 1\n\n"
                                                "a_b:c{x=\"1\"} 2.5e3 1395066363000\r\nz -4"));
    struct exposition_sample sample;
    struct err err = {0};
    TRUE(exposition_next(&page, &sample, &err));
    TEXT(sample.name, "a");
    TRUE(sample.value == 1 && sample.labels == 0);
    TRUE(exposition_next(&page, &sample, &err));
    TEXT(sample.name, "a_b:c");
    TEXT(exposition_label(&sample, "x"), "1");
    TRUE(sample.value == 2500);
    TRUE(exposition_next(&page, &sample, &err));
    TRUE(sample.value == -4);
    TRUE(!exposition_next(&page, &sample, &err));
    SAME(err.kind, ERR_NONE);
}

TEST(labels_are_read_with_their_escapes)
{
    struct exposition_sample sample;
    struct err err = {0};
    TRUE(one("m{ a = \"x\\\\y\\\"z\\n\" , b=\"}{\", c=\"\", } 1", &sample, &err));
    SAME(sample.labels, 3);
    TEXT(exposition_label(&sample, "a"), "x\\y\"z\n");
    TEXT(exposition_label(&sample, "b"), "}{");
    TEXT(exposition_label(&sample, "c"), "");
    SAME(exposition_label(&sample, "d").length, 0);
    TRUE(one("m{} 1", &sample, &err));
    SAME(sample.labels, 0);
}

TEST(values_may_be_no_numbers)
{
    struct exposition_sample sample;
    struct err err = {0};
    TRUE(one("m NaN", &sample, &err) && isnan(sample.value));
    TRUE(one("m +Inf", &sample, &err) && sample.value == (double)INFINITY);
    TRUE(one("m -Inf", &sample, &err) && sample.value == -(double)INFINITY);
    TRUE(one("m +1.5", &sample, &err) && sample.value == 1.5);
}

TEST(what_is_no_sample_is_refused_with_its_line)
{
    static const char *const bad[] = {
        "1a 2",
        "a",
        "a b",
        "a{x=\"1\" 2",
        "a{x=1} 2",
        "a{x=\"1\"y=\"2\"} 1",
        "a{=\"1\"} 2",
        "a{x=\"1} 2",
        "a 1 2 3",
        "a 1 x",
        "{} 1",
        "a{x=\"\\t\"} 1",
        "a{x=\"1\"}",
        "a 0x10",
        "a{x=\"\\",
        "a{,} 1",
        "a{x=\"1\",,} 1",
    };
    for (size_t i = 0; i < LENGTH_OF(bad); i++) {
        struct exposition_sample sample;
        struct err err = {0};
        char text[100];
        snprintf(text, sizeof text, "# one\n%s\n", bad[i]);
        FAIL_UNLESS(!one(text, &sample, &err), "'%s' was taken", bad[i]);
        SAME(err.kind, ERR_INPUT);
        SAYS(err, "line 2");
    }
}

TEST(labels_have_a_ceiling)
{
    char text[4000] = "m{";
    struct exposition_sample sample;
    struct err err = {0};
    for (int i = 0; i < EXPOSITION_LABELS_MAX; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "l%d=\"v\",", i);
    size_t length = strlen(text);
    snprintf(text + length, sizeof text - length, "} 1");
    TRUE(one(text, &sample, &err));
    snprintf(text + length, sizeof text - length, "more=\"v\"} 1");
    FAILS(one(text, &sample, &err), err, ERR_INPUT);

    err = (struct err){0};
    snprintf(text, sizeof text, "m{x=\"\\\\");
    length = strlen(text);
    memset(text + length, 'a', EXPOSITION_ESCAPED_MAX - 1);
    snprintf(text + length + EXPOSITION_ESCAPED_MAX - 1, 100, "\"} 1");
    TRUE(one(text, &sample, &err));
    SAME(exposition_label(&sample, "x").length, EXPOSITION_ESCAPED_MAX);
    snprintf(text + length + EXPOSITION_ESCAPED_MAX - 1, 100, "a\"} 1");
    FAILS(one(text, &sample, &err), err, ERR_INPUT);
}
