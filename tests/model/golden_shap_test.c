#include "model/golden.h"
#include "model/golden_shap.h"
#include "model/tar.h"

#include "harness.h"
#include "model/small_bundle.h"

enum { MEMORY = 64 << 20 };

struct sealed {
    struct arena arena;
    struct bundle bundle;
    struct view golden;
};

static void seal(struct sealed *s)
{
    struct small_bundle small;
    struct view file, rest, name, bytes;
    struct err err = {0};
    *s = (struct sealed){.arena = {.limit = MEMORY}};
    small_bundle_init(&small, &s->arena);
    WORKS(bundle_seal(&small.parts, &s->arena, &file, &err), err);
    WORKS(bundle_open(&s->bundle, file, &err), err);
    for (rest = file; tar_next(&rest, &name, &bytes, &err);)
        if (view_is(name, "golden.json"))
            s->golden = bytes;
    TRUE(s->golden.length > 0);
}

static void release(struct sealed *s)
{
    bundle_release(&s->bundle);
    arena_release(&s->arena);
}

/* golden.json with the first `from` in it replaced. */
static struct view changed(struct sealed *s, const char *from, const char *to)
{
    struct text text = text_in_arena(&s->arena);
    const char *at = strstr(s->golden.text, from);
    FAIL_UNLESS(at != NULL, "'%s' is not in %.*s", from, (int)s->golden.length, s->golden.text);
    size_t before = (size_t)(at - s->golden.text);
    text_add(&text, (struct view){s->golden.text, before});
    text_adds(&text, to);
    text_add(&text, view_from(s->golden, before + strlen(from)));
    return text_view(&text);
}

static void refused(const char *from, const char *to, const char *says)
{
    struct sealed s;
    struct err err = {0};
    size_t count;
    seal(&s);
    FAILS(golden_check(&s.bundle, changed(&s, from, to), &count, &err), err, ERR_MODEL);
    SAYS(err, says);
    release(&s);
}

static void passes(const char *from, const char *to)
{
    struct sealed s;
    struct err err = {0};
    size_t count;
    seal(&s);
    WORKS(golden_check(&s.bundle, changed(&s, from, to), &count, &err), err);
    SAME(count, SMALL_GOLDEN);
    release(&s);
}

/* amount 250.5 >= 100: the tree says 2 where its mean is (5 x -1 + 3 x 2) / 8 = 0.125. */
TEST(contributions_are_sealed_as_a_hand_computes_them)
{
    passes("[[0,1.875]", "[[0,1.875]");
    passes("[9,0.405000005]", "[9,0.405]"); /* 0.75 - (5 x 0.75 + 3 x -0.33) / 8 */
}

TEST(a_contribution_further_than_1e_5_from_the_sealed_one_is_refused)
{
    refused("[[0,1.875]", "[[0,1.87502]", "feature 0 contributes 1.875");
    refused("[[0,1.875]", "[[0,-1.875]", "feature 0 contributes 1.875");
    refused("[[0,1.875],", "[", "feature 0 contributes 1.875, it was sealed with 0");
    refused("[9,0.405000005]", "[10,0.405000005]", "feature 9 contributes");
}

TEST(contributions_that_do_not_add_up_to_the_margin_by_1e_6_are_refused)
{
    refused("[[0,1.875]", "[[0,1.875005]", "sealed adding up to");
    passes("[[0,1.875]", "[[0,1.8750005]");
}

TEST(another_expectation_is_refused)
{
    struct sealed s;
    seal(&s);
    char from[64];
    const char *at = strstr(s.golden.text, "\"expected\": ");
    TRUE(at != NULL);
    snprintf(from, sizeof from, "%.*s", (int)strcspn(at, ","), at);
    release(&s);
    refused(from, "\"expected\": 0", "record 1 expects");
    refused(from, "\"expected\": \"no\"", "a text where a number belongs");
    refused(from, "\"unexpected\": 1", "where the record ends");
}

TEST(contributions_that_are_no_list_of_pairs_are_refused)
{
    refused("\"contributions\": ", "\"other\": ", "lacks 'contributions'");
    refused("[[0,1.875]", "[[0]", "where a number belongs");
    refused("[[0,1.875]", "[7", "where a list belongs");
    refused("[[0,1.875]", "[[0.5,1.875]", "feature 0.5 out of place");
    refused("[[0,1.875]", "[[-1,1.875]", "feature -1 out of place");
    refused("[9,0.405000005]", "[13,0.4]", "feature 13 out of place");
    refused("[9,0.405000005]", "[0,0.4]", "feature 0 out of place");
}

TEST(records_sealed_without_contributions_are_still_held_to_their_margins)
{
    struct sealed s;
    struct err err = {0};
    size_t count;
    seal(&s);
    struct text text = text_in_arena(&s.arena);
    struct view rest = s.golden, line;
    while (view_cut(&rest, '\n', &line)) {
        struct view bare = view_trim(line);
        if (view_starts(bare, "\"expected\"") || view_starts(bare, "\"contributions\""))
            continue;
        if (view_starts(bare, "\"fraud\""))
            line.length--; /* the comma */
        text_add(&text, line);
    }
    WORKS(golden_check(&s.bundle, text_view(&text), &count, &err), err);
    SAME(count, SMALL_GOLDEN);
    release(&s);
}
