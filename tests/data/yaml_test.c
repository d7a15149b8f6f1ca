#include "harness.h"

#include "base/text.h"
#include "data/yaml.h"

/* The tree as text: {key:value,key:[item,item]}, quoted scalars in quotes. */
static void show(const struct yaml *node, struct text *out)
{
    static const char *const open[] = {"", "[", "{"}, *const close[] = {"", "]", "}"};
    text_adds(out, open[node->kind]);
    if (node->kind == YAML_SCALAR)
        text_addf(out, node->quoted ? "'%.*s'" : "%.*s", VIEW_ARG(node->text));
    size_t count = 0;
    for (const struct yaml *item = node->first; item != NULL; item = item->next) {
        text_adds(out, count++ == 0 ? "" : ",");
        if (node->kind == YAML_MAP)
            text_addf(out, "%.*s:", VIEW_ARG(item->key));
        show(item, out);
    }
    SAME(node->count, count);
    text_adds(out, close[node->kind]);
}

static void reads(const char *yaml, const char *want)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct text have = text_in_arena(&arena);
    struct err err = {0};
    const struct yaml *root = yaml_parse(view_of(yaml), &arena, &err);
    WORKS(root != NULL, err);
    show(root, &have);
    TEXT(text_view(&have), want);
}

static void refuses_view(struct view yaml, const char *want)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct err err = {0};
    FAILS(yaml_parse(yaml, &arena, &err) != NULL, err, ERR_INPUT);
    TEXT(view_of(err.text), want);
}

static void refuses(const char *yaml, const char *want)
{
    refuses_view(view_of(yaml), want);
}

TEST(maps_lists_and_scalars_are_read_in_their_order)
{
    reads("a: 1\nb:\n  c: [x, y]\n  d:\n    - 1\n    - e: 2\n      f: 3\n",
          "{a:1,b:{c:[x,y],d:[1,{e:2,f:3}]}}");
    reads("{a: {}, b: []}", "{a:{},b:[]}");
    reads("- a\n- b\n", "[a,b]");
    reads("---\na: 1\n...\n", "{a:1}");
    reads("\xef\xbb\xbf"
          "a: 1\n",
          "{a:1}");
}

TEST(scalars_stay_the_text_they_are)
{
    reads("a: no\nb: 010\nc: 1e3\nd: ~\ne:\nf: 2025-01-01\n",
          "{a:no,b:010,c:1e3,d:~,e:,f:2025-01-01}");
    reads("a: \"x\\ty\"\nb: 'it''s'\nc: ''\n", "{a:'x\ty',b:'it's',c:''}");
    reads("a: |\n  x\n  y\n", "{a:'x\ny\n'}");
}

TEST(an_empty_document_is_an_empty_map)
{
    reads("", "{}");
    reads("# only a comment\n", "{}");
    reads("---\n", "{}");
    reads("---\n...\n", "{}");
}

TEST(every_node_knows_its_place)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    const struct yaml *root = yaml_parse(VIEW("# c\na:\n  b: x\n  c: [1, 22]\n"), &arena, &err);
    WORKS(root != NULL, err);
    const struct yaml *a = yaml_find(root, "a"), *b = yaml_find(a, "b"), *c = yaml_find(a, "c");
    SAME(a->line, 2); /* a map or list is where its key is */
    SAME(a->column, 1);
    SAME(b->line, 3); /* a scalar is where it is itself */
    SAME(b->column, 6);
    SAME(c->line, 4);
    SAME(c->column, 3);
    SAME(c->first->next->line, 4);
    SAME(c->first->next->column, 10);
}

TEST(a_key_is_found_in_a_map_and_nowhere_else)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    const struct yaml *root = yaml_parse(VIEW("a: 1\nlist: [a]\n"), &arena, &err);
    WORKS(root != NULL, err);
    TEXT(yaml_find(root, "a")->text, "1");
    TRUE(yaml_find(root, "b") == NULL);
    TRUE(yaml_find(yaml_find(root, "list"), "a") == NULL);
    TRUE(yaml_find(yaml_find(root, "a"), "a") == NULL);
    TRUE(yaml_find(NULL, "a") == NULL);
}

TEST(a_key_that_stands_twice_is_refused_with_both_its_lines)
{
    refuses("a: 1\nb: 2\na: 3\n",
            "line 3, column 1: 'a' stands here a second time; the first is on line 1");
    refuses("x:\n  b: 1\n  c: 2\n  d: 3\n  c: 4\n",
            "line 5, column 3: 'c' stands here a second time; the first is on line 3");
    refuses("{a: 1, 'a': 2}",
            "line 1, column 8: 'a' stands here a second time; the first is on line 1");
    reads("x: {a: 1}\ny: {a: 2}\n", "{x:{a:1},y:{a:2}}");
}

TEST(anchors_aliases_and_tags_are_refused_with_their_place)
{
    refuses("a: &x 1\n", "line 1, column 4: anchors and aliases are not taken");
    refuses("a: &x [1]\n", "line 1, column 4: anchors and aliases are not taken");
    refuses("a: &x {b: 1}\n", "line 1, column 4: anchors and aliases are not taken");
    refuses("a: 1\nb: *x\n", "line 2, column 4: anchors and aliases are not taken");
    refuses("&k a: 1\n", "line 1, column 1: anchors and aliases are not taken");
    refuses("a: !!int 1\n", "line 1, column 4: tags are not taken");
    refuses("a: !x [1]\n", "line 1, column 4: tags are not taken");
    refuses("a: ! {b: 1}\n", "line 1, column 4: tags are not taken");
    refuses("!!str a: 1\n", "line 1, column 1: tags are not taken");
}

TEST(a_second_document_is_refused)
{
    refuses("a: 1\n---\nb: 2\n", "line 2, column 1: a second document begins here");
    refuses("---\n---\n", "line 2, column 1: a second document begins here");
}

TEST(a_key_that_is_no_text_is_refused)
{
    refuses("? [a, b]\n: 1\n", "line 1, column 3: a key must be a plain text");
    refuses("? {a: 1}\n: 1\n", "line 1, column 3: a key must be a plain text");
    refuses("*x : 1\n", "line 1, column 1: a key must be a plain text");
}

TEST(a_nul_is_refused_in_a_value_and_in_a_key)
{
    refuses("a: \"x\\0y\"\n", "line 1, column 4: a NUL byte: this is no text");
    refuses("\"a\\0b\": 1\n", "line 1, column 1: a NUL byte: this is no text");
}

TEST(what_is_not_yaml_is_refused_with_its_place)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    static const struct {
        struct view yaml;
        const char *place;
    } cases[] = {
        {VIEW("a: [1, 2\nb: 3\n"), "line 2, column 2"},
        {VIEW("a: 'x\n"), "line 2, column 1"},
        {VIEW("a: 1\n b: 2\n"), "line 2, column 3"},
        {VIEW("a: 1\n\tb: 2\n"), "line 2"},
        {VIEW("a: \xff\n"), "line 1"},
        {VIEW("\xff\xfe"
              "a\0:\0 \0b\0"),
         "line 1"}, /* UTF-16 */
        {VIEW("a: \0\n"), "line 1"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct err err = {0};
        FAILS(yaml_parse(cases[i].yaml, &arena, &err) != NULL, err, ERR_INPUT);
        SAYS(err, cases[i].place);
    }
}

static struct view repeated(const char *part, size_t count, struct arena *arena)
{
    struct text text = text_in_arena(arena);
    for (size_t i = 0; i < count; i++)
        text_adds(&text, part);
    TRUE(!text.cut);
    return text_view(&text);
}

TEST(a_document_may_nest_as_deep_as_the_limit_and_no_deeper)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct err err = {0};
    char nested[2 * YAML_DEPTH_MAX + 3];
    memset(nested, '[', YAML_DEPTH_MAX + 1);
    memset(nested + YAML_DEPTH_MAX + 1, ']', YAML_DEPTH_MAX + 1);
    nested[2 * YAML_DEPTH_MAX + 2] = '\0';
    WORKS(yaml_parse(view_of(nested), &arena, &err) != NULL, err);
    struct text maps = text_in_arena(&arena);
    for (int i = 0; i < YAML_DEPTH_MAX; i++)
        text_adds(&maps, "{a: ");
    text_add(&maps, repeated("}", YAML_DEPTH_MAX, &arena));
    WORKS(yaml_parse(text_view(&maps), &arena, &err) != NULL, err);
    refuses_view(repeated("{a: ", 100000, &arena),
                 "line 1, column 69: the document nests too deeply");
    refuses_view(repeated("[", 100000, &arena), "line 1, column 18: the document nests too deeply");
    refuses_view(repeated("- ", 100000, &arena),
                 "line 1, column 35: the document nests too deeply");
}

TEST(a_document_over_its_limits_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 256 << 20};
    struct err err = {0};
    WORKS(yaml_parse(repeated("- a\n", YAML_NODES_MAX - 1, &arena), &arena, &err) != NULL, err);
    FAILS(yaml_parse(repeated("- a\n", YAML_NODES_MAX, &arena), &arena, &err) != NULL, err,
          ERR_LIMIT);
    TEXT(view_of(err.text), "line 200000: the document is too large");
    struct view long_one = repeated("#", YAML_SIZE_MAX + 1, &arena);
    FAILS(yaml_parse(long_one, &arena, &err) != NULL, err, ERR_LIMIT);
    long_one.length--;
    WORKS(yaml_parse(long_one, &arena, &err) != NULL, err);
}

TEST(a_small_arena_is_a_limit_error)
{
    for (size_t limit = 16; limit < 4096; limit += 16) {
        CLEANUP(arena_release) struct arena arena = {.limit = limit};
        struct err err = {0};
        if (yaml_parse(VIEW("a: 1\nb: {c: [2, 3]}\n"), &arena, &err) == NULL)
            SAME(err.kind, ERR_LIMIT);
        else
            TRUE(limit > 1000);
    }
}

/* Each of these took minutes when keys, or libyaml's tags, were compared pair by pair. */
TEST(a_hundred_thousand_keys_take_no_longer_than_their_number)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 256 << 20};
    struct text text = text_in_arena(&arena);
    struct err err = {0};
    for (size_t i = 0; i < 100000; i++)
        text_addf(&text, "k%zu: 1\n", i);
    const struct yaml *root = yaml_parse(text_view(&text), &arena, &err);
    WORKS(root != NULL, err);
    SAME(root->count, 100000);
    text_adds(&text, "k5: 1\n");
    FAILS(yaml_parse(text_view(&text), &arena, &err) != NULL, err, ERR_INPUT);
    SAYS(err, "line 100001, column 1: 'k5' stands here a second time; the first is on line 6");
}

TEST(a_hundred_tag_directives_are_stepped_over_and_more_are_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct text text = text_in_arena(&arena);
    struct err err = {0};
    for (size_t i = 0; i < 100; i++)
        text_addf(&text, "%%TAG !t%zu! x\n", i);
    struct text more = text_in_arena(&arena);
    text_add(&more, text_view(&text));
    text_adds(&text, "---\na: 1\n");
    text_adds(&more, "%TAG !more! x\n---\na: 1\n");
    WORKS(yaml_parse(text_view(&text), &arena, &err) != NULL, err);
    FAILS(yaml_parse(text_view(&more), &arena, &err) != NULL, err, ERR_INPUT);
    TEXT(view_of(err.text), "more than 100 %TAG directives");
}
