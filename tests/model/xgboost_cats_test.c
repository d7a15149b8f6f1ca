#include "model/small_model.h"

#include <math.h>

#define CATS(enc) ",\"cats\":{\"sorted_idx\":[1,0],\"enc\":[" enc "],\"feature_segments\":[0,2]}"
#define NONE      "{\"offsets\":[],\"values\":[]}"

static void parse(const char *cats, struct arena *arena, struct forest *out)
{
    struct err err = {0};
    struct view json = small_json(&(struct small){.model_more = cats}, arena);
    WORKS(xgboost_parse(json, arena, out, &err), err);
    struct forest binary;
    WORKS(xgboost_parse(small_ubj(json, UBJ_TYPED, arena), arena, &binary, &err), err);
    for (size_t i = 0; out->category != NULL && i < out->feature_count; i++) {
        SAME(binary.category[i].count, out->category[i].count);
        for (size_t j = 0; j < out->category[i].count; j++)
            TRUE(view_same(binary.category[i].name[j], out->category[i].name[j]));
    }
}

TEST(names_of_categories_are_cut_out_of_their_bytes)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct forest forest;
    /* "ab", "", "e with an acute accent" in UTF-8, as signed bytes */
    parse(CATS(NONE ",{\"offsets\":[0,2,2,4],\"values\":[97,98,-61,-87]}"), &arena, &forest);
    SAME(forest.category[0].count, 0);
    SAME(forest.category[1].count, 3);
    TEXT(forest.category[1].name[0], "ab");
    TEXT(forest.category[1].name[1], "");
    TEXT(forest.category[1].name[2], "\303\251");
}

TEST(categories_that_are_numbers_are_named_by_their_digits)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct forest forest;
    parse(CATS("{\"type\":15,\"values\":[10,-3]}," NONE), &arena, &forest);
    SAME(forest.category[0].count, 2);
    TEXT(forest.category[0].name[0], "10");
    TEXT(forest.category[0].name[1], "-3");
}

TEST(a_model_without_categories_has_no_names)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct forest forest;
    parse(",\"cats\":{\"enc\":[],\"feature_segments\":[],\"sorted_idx\":[]}", &arena, &forest);
    TRUE(forest.category == NULL);
}

static void refused(const char *cats, const char *says)
{
    small_refused(&(struct small){.model_more = cats}, ERR_MODEL, says);
}

TEST(dictionaries_that_do_not_fit_are_refused)
{
    refused(CATS(NONE), "cats.enc has 1 entries, num_feature says 2");
    refused(CATS(NONE ",{\"offsets\":[0,1]}"), "cats: enc: feature 1: the key 'values' is missing");
    refused(CATS(NONE ",{\"offsets\":[],\"values\":[97]}"), "offsets do not span the 1 values");
    refused(CATS(NONE ",{\"offsets\":[1,1],\"values\":[97]}"), "offsets do not span");
    refused(CATS(NONE ",{\"offsets\":[0,2],\"values\":[97]}"), "offsets do not span");
    refused(CATS(NONE ",{\"offsets\":[0,2,1,2],\"values\":[97,98]}"), "entry 2 is out of order");
    refused(CATS(NONE ",{\"offsets\":[0,9,2],\"values\":[97,98]}"), "entry 1 is out of order");
    refused(CATS(NONE ",{\"offsets\":[0,1],\"values\":[300]}"), "is no byte of a text");
    refused(CATS(NONE ",{\"offsets\":[0,1],\"values\":[0]}"), "is no byte of a text");
    refused(CATS(NONE ",{\"offsets\":[0,1],\"values\":[-61]}"), "not valid UTF-8");
    refused(CATS(NONE ",{\"type\":7,\"values\":[1]}"), "type 7 are not whole numbers");
    refused(CATS(NONE ",7"), "entry 1 is no object");
}
