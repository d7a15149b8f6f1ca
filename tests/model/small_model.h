/*
 * small_model: models a test can write down by hand, as JSON, and the same as UBJ.
 *
 *     struct small small = {.trees = TREE_OF_THREE};
 *     struct view json = small_json(&small, &arena), ubj = small_ubj(json, UBJ_TYPED, &arena);
 */
#ifndef TESTS_MODEL_SMALL_MODEL_H
#define TESTS_MODEL_SMALL_MODEL_H

#include "harness.h"

#include "base/scan.h"
#include "model/xgboost.h"

/* x0 < 0.5: -1, else 2; missing goes right. */
#define TREE_OF_THREE                                                                              \
    "{\"id\":0,\"left_children\":[1,-1,-1],\"right_children\":[2,-1,-1],"                          \
    "\"parents\":[2147483647,0,0],\"split_indices\":[0,0,0],"                                      \
    "\"split_conditions\":[5E-1,-1E0,2E0],\"default_left\":[0,0,0],\"sum_hessian\":[8,5,3],"       \
    "\"loss_changes\":[1.5,0,0],\"tree_param\":{\"num_nodes\":\"3\",\"num_feature\":\"2\","        \
    "\"num_deleted\":\"0\",\"size_leaf_vector\":\"1\"}}"

/* x1 in {1, 33}: 0.5, else -0.25; missing goes left. */
#define TREE_OF_CATEGORIES                                                                         \
    "{\"left_children\":[1,-1,-1],\"right_children\":[2,-1,-1],"                                   \
    "\"parents\":[2147483647,0,0],\"split_indices\":[1,0,0],\"split_type\":[1,0,0],"               \
    "\"categories\":[1,33],\"categories_nodes\":[0],\"categories_segments\":[0],"                  \
    "\"categories_sizes\":[2],\"split_conditions\":[1E-45,-2.5E-1,5E-1],"                          \
    "\"default_left\":[1,0,0],\"sum_hessian\":[8,5,3],\"loss_changes\":[1,0,0],"                   \
    "\"tree_param\":{\"num_nodes\":\"3\",\"size_leaf_vector\":\"0\"}}"

/* Every member has a working default; the texts are JSON. */
struct small {
    const char *version;      /* [1,7,4] */
    const char *trees;        /* TREE_OF_THREE */
    const char *tree_info;    /* [0] */
    const char *model_more;   /* more members of "model": ",\"cats\":{}" */
    const char *booster_more; /* of "gradient_booster" */
    const char *booster;      /* gbtree */
    const char *learner_more; /* of "learner" */
    const char *param;        /* of "learner_model_param" */
    const char *objective;    /* binary:logistic */
};

static inline const char *or_else(const char *text, const char *other)
{
    return text == NULL ? other : text;
}

static inline struct view small_json(const struct small *small, struct arena *arena)
{
    struct text text = text_in_arena(arena);
    text_adds(&text,
              "{\"learner\":{\"attributes\":{},\"gradient_booster\":{\"model\":{\"trees\":[");
    text_adds(&text, or_else(small->trees, TREE_OF_THREE));
    text_adds(&text, "],\"tree_info\":");
    text_adds(&text, or_else(small->tree_info, "[0]"));
    text_adds(&text, or_else(small->model_more, ""));
    text_adds(&text, "},\"name\":\"");
    text_adds(&text, or_else(small->booster, "gbtree"));
    text_adds(&text, "\"");
    text_adds(&text, or_else(small->booster_more, ""));
    text_adds(&text, "},\"learner_model_param\":{");
    text_adds(&text, or_else(small->param, "\"base_score\":\"5E-1\",\"num_class\":\"0\","
                                           "\"num_feature\":\"2\""));
    text_adds(&text, "},\"objective\":{\"name\":\"");
    text_adds(&text, or_else(small->objective, "binary:logistic"));
    text_adds(&text, "\"}");
    text_adds(&text, or_else(small->learner_more, ""));
    text_adds(&text, "},\"version\":");
    text_adds(&text, or_else(small->version, "[1,7,4]"));
    text_adds(&text, "}");
    assert(!text.cut);
    return text_view(&text);
}

/* How lists are written: "[" items "]", "[#L" count items, or "[$d#L" count numbers. */
enum ubj_lists { UBJ_PLAIN, UBJ_COUNTED, UBJ_TYPED };

static inline void ubj_put(struct text *out, uint64_t bits, int width)
{
    for (int shift = 8 * (width - 1); shift >= 0; shift -= 8)
        text_addc(out, (char)(bits >> shift & 0xff));
}

static inline void ubj_put_text(struct text *out, struct view text)
{
    text_addc(out, 'L');
    ubj_put(out, text.length, 8);
    text_add(out, text);
}

static inline void ubj_put_number(struct text *out, double number, char type)
{
    float narrow = (float)number;
    uint32_t bits;
    memcpy(&bits, &narrow, sizeof bits);
    if (type == 'd')
        ubj_put(out, bits, 4);
    else
        ubj_put(out, (uint64_t)(int64_t)number, 4);
}

static inline char ubj_type_of(const struct token *token)
{
    return memchr(token->text.text, 'E', token->text.length) != NULL ||
                   memchr(token->text.text, '.', token->text.length) != NULL
               ? 'd'
               : 'l';
}

/* What the list that `scan` has just entered holds: its count, and one type when all are numbers.
 * A copy of the scanner looks ahead. */
static inline char ubj_look(struct scan scan, size_t *count)
{
    struct token token;
    struct err err = {0};
    char type = 'l';
    *count = 0;
    while (scan_next(&scan, &token, &err) && token.kind != TOKEN_LIST_END) {
        if (token.kind != TOKEN_NUMBER)
            type = 0;
        else if (type == 'l')
            type = ubj_type_of(&token);
        ++*count;
        assert(scan_skip(&scan, &token, &err));
    }
    return *count == 0 ? 0 : type;
}

/* The same document in UBJ. */
static inline struct view small_ubj(struct view json, enum ubj_lists lists, struct arena *arena)
{
    struct text out = text_in_arena(arena), scratch = text_in_arena(arena);
    struct scan scan = scan_of(json, &scratch);
    struct token token;
    struct err err = {0};
    char type[SCAN_DEPTH_MAX] = {0};
    while (scan_next(&scan, &token, &err)) {
        size_t count;
        switch (token.kind) {
        case TOKEN_OBJECT:
            text_addc(&out, '{');
            break;
        case TOKEN_OBJECT_END:
            text_addc(&out, '}');
            break;
        case TOKEN_LIST:
            text_addc(&out, '[');
            type[scan.depth] = ubj_look(scan, &count);
            if (lists != UBJ_TYPED)
                type[scan.depth] = 0;
            if (type[scan.depth] != 0)
                text_addc(&out, '$'), text_addc(&out, type[scan.depth]);
            if (lists != UBJ_PLAIN)
                text_adds(&out, "#L"), ubj_put(&out, count, 8);
            break;
        case TOKEN_LIST_END:
            if (lists == UBJ_PLAIN)
                text_addc(&out, ']');
            break;
        case TOKEN_KEY:
            ubj_put_text(&out, token.text);
            break;
        case TOKEN_TEXT:
            text_addc(&out, 'S');
            ubj_put_text(&out, token.text);
            break;
        case TOKEN_NUMBER: {
            bool in_list = scan.depth > 0 && !scan.object[scan.depth - 1];
            char known = in_list ? type[scan.depth] : 0;
            if (known == 0)
                text_addc(&out, ubj_type_of(&token));
            ubj_put_number(&out, token.number, known == 0 ? ubj_type_of(&token) : known);
            break;
        }
        case TOKEN_TRUE:
        case TOKEN_FALSE:
        case TOKEN_NULL:
            text_addc(&out, token.kind == TOKEN_TRUE ? 'T' : token.kind == TOKEN_FALSE ? 'F' : 'Z');
            break;
        }
    }
    FAIL_UNLESS(err.kind == ERR_NONE && !out.cut, "the test's JSON is broken: %s", err.text);
    return text_view(&out);
}

/* The error a small model is refused with, in both spellings alike. */
static inline void small_refused(const struct small *small, enum err_kind kind, const char *says)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct view json = small_json(small, &arena);
    for (int spelling = 0; spelling < 2; spelling++) {
        struct err err = {0};
        struct forest forest = {.node_count = 77};
        struct view bytes = spelling == 0 ? json : small_ubj(json, UBJ_TYPED, &arena);
        FAILS(xgboost_parse(bytes, &arena, &forest, &err), err, kind);
        SAYS(err, says);
        SAME(forest.node_count, 77); /* outputs are written on success only */
    }
}

#endif
