#include "model/xgboost_write.h"

#include "model/xgboost_cats.h"

#include <math.h>

/* One tree of the forest: its nodes are `count` from `first`. */
struct tree {
    const struct forest *forest;
    size_t index, first, count;
    const int32_t *parent;
    const float *mean;
};

/* What is kept from tree to tree, as long as the longest one. */
struct scratch {
    struct arena arena;
    int32_t *parent;
    float *mean;
};

static void forget(struct scratch *scratch)
{
    arena_release(&scratch->arena);
}

/* ------------------------------------------------- lists with an item a node */

static const struct node *node_of(const struct tree *tree, size_t i)
{
    return &tree->forest->node[tree->first + i];
}

static double left_of(const struct tree *tree, size_t i)
{
    const struct node *node = node_of(tree, i);
    return node_is_leaf(node) ? -1.0 : (double)(node->left - tree->first);
}

static double right_of(const struct tree *tree, size_t i)
{
    const struct node *node = node_of(tree, i);
    return node_is_leaf(node) ? -1.0 : (double)(node->left + 1 - tree->first);
}

static double parent_of(const struct tree *tree, size_t i)
{
    return (double)tree->parent[i];
}

static double feature_of(const struct tree *tree, size_t i)
{
    const struct node *node = node_of(tree, i);
    return node_is_leaf(node) ? 0.0 : (double)node->feature;
}

static double condition_of(const struct tree *tree, size_t i)
{
    const struct node *node = node_of(tree, i);
    if (node_is_leaf(node))
        return (double)node->weight;
    return node->categorical ? 0.0 : (double)node->threshold;
}

static double split_type_of(const struct tree *tree, size_t i)
{
    const struct node *node = node_of(tree, i);
    return !node_is_leaf(node) && node->categorical;
}

static double missing_left_of(const struct tree *tree, size_t i)
{
    const struct node *node = node_of(tree, i);
    return !node_is_leaf(node) && node->missing_left;
}

static double cover_of(const struct tree *tree, size_t i)
{
    return (double)tree->forest->cover[tree->first + i];
}

static double gain_of(const struct tree *tree, size_t i)
{
    return (double)tree->forest->gain[tree->first + i];
}

static double mean_of(const struct tree *tree, size_t i)
{
    return (double)tree->mean[i];
}

static const struct {
    const char *key;
    char type;
    double (*item)(const struct tree *tree, size_t i);
} lists[] = {
    {"base_weights", 'd', mean_of},
    {"default_left", 'U', missing_left_of},
    {"left_children", 'l', left_of},
    {"loss_changes", 'd', gain_of},
    {"parents", 'l', parent_of},
    {"right_children", 'l', right_of},
    {"split_conditions", 'd', condition_of},
    {"split_indices", 'l', feature_of},
    {"split_type", 'U', split_type_of},
    {"sum_hessian", 'd', cover_of},
};

/* A forest does not keep the weights of branches. What stands for them is the mean of the leaves
 * below, as rows reached them: XGBoost scores without them, and shows them in tables. */
static float mean_below(const struct forest *forest, const struct tree *tree, const float *mean,
                        size_t i)
{
    size_t left = node_of(tree, i)->left - tree->first;
    double weight_left = (double)forest->cover[tree->first + left];
    double weight_right = (double)forest->cover[tree->first + left + 1];
    double sum = weight_left + weight_right;
    double share = sum > 0 && isfinite(sum) ? weight_left / sum : 0.5;
    double between = (double)mean[left] * share + (double)mean[left + 1] * (1 - share);
    return isfinite((float)between) ? (float)between : 0.0F;
}

static void look_up_and_down(struct scratch *scratch, struct tree *tree)
{
    scratch->parent[0] = INT32_MAX; /* XGBoost's word for none */
    for (size_t i = tree->count; i-- > 0;) {
        const struct node *node = node_of(tree, i);
        if (node_is_leaf(node)) {
            scratch->mean[i] = node->weight;
            continue;
        }
        size_t left = node->left - tree->first;
        scratch->parent[left] = scratch->parent[left + 1] = (int32_t)i;
        scratch->mean[i] = mean_below(tree->forest, tree, scratch->mean, i);
    }
    tree->parent = scratch->parent;
    tree->mean = scratch->mean;
}

/* --------------------------------------------------------------- categories */

static const struct category_set *set_of(const struct tree *tree, size_t i)
{
    const struct node *node = node_of(tree, i);
    bool has = !node_is_leaf(node) && node->categorical;
    return has ? &tree->forest->set[node->set] : NULL;
}

static size_t set_size(const struct forest *forest, const struct category_set *set)
{
    size_t count = 0;
    for (size_t word = 0; word < set->words; word++)
        count += (size_t)__builtin_popcount(forest->bits[set->first + word]);
    return count;
}

static void write_codes(struct spell *spell, const struct tree *tree)
{
    const struct forest *forest = tree->forest;
    for (size_t i = 0; i < tree->count; i++) {
        const struct category_set *set = set_of(tree, i);
        for (size_t code = 0; set != NULL && code < set->words * 32; code++)
            if (forest->bits[set->first + code / 32] >> code % 32 & 1)
                spell_number(spell, (double)code);
    }
}

enum of_set { SET_NODE, SET_SEGMENT, SET_SIZE };

static void write_sets(struct spell *spell, const struct tree *tree, enum of_set what)
{
    size_t segment = 0;
    for (size_t i = 0; i < tree->count; i++) {
        const struct category_set *set = set_of(tree, i);
        if (set == NULL)
            continue;
        size_t size = set_size(tree->forest, set);
        spell_number(spell, (double)(what == SET_NODE ? i : what == SET_SEGMENT ? segment : size));
        segment += size;
    }
}

static void write_categories(struct spell *spell, const struct tree *tree)
{
    static const struct {
        const char *key;
        char type;
        enum of_set what;
    } of_sets[] = {{"categories_nodes", 'l', SET_NODE},
                   {"categories_segments", 'L', SET_SEGMENT},
                   {"categories_sizes", 'L', SET_SIZE}};
    size_t sets = 0, codes = 0;
    for (size_t i = 0; i < tree->count; i++) {
        const struct category_set *set = set_of(tree, i);
        sets += set != NULL;
        codes += set != NULL ? set_size(tree->forest, set) : 0;
    }
    spell_key(spell, "categories"), spell_list(spell, 'l', codes);
    write_codes(spell, tree);
    spell_list_end(spell);
    for (size_t i = 0; i < LENGTH_OF(of_sets); i++) {
        spell_key(spell, of_sets[i].key), spell_list(spell, of_sets[i].type, sets);
        write_sets(spell, tree, of_sets[i].what);
        spell_list_end(spell);
    }
}

/* -------------------------------------------------------------------- trees */

static void write_doubles(struct spell *spell, const struct tree *tree)
{
    spell_key(spell, XGBOOST_DOUBLES_KEY), spell_list(spell, 'l', tree->count * 2);
    for (size_t i = 0; i < tree->count; i++) {
        uint64_t bits;
        memcpy(&bits, &tree->forest->weight[tree->first + i], sizeof bits);
        spell_number(spell, (double)(int32_t)(bits >> 32));
        spell_number(spell, (double)(int32_t)(bits & UINT32_MAX));
    }
    spell_list_end(spell);
}

/* Parameters are numbers in quotes. */
static void write_param(struct spell *spell, const char *key, size_t value)
{
    char bytes[32];
    struct text digits = text_in(bytes, sizeof bytes);
    text_addf(&digits, "%zu", value);
    spell_key(spell, key), spell_text(spell, text_view(&digits));
}

static void write_tree(struct spell *spell, const struct tree *tree)
{
    spell_open(spell);
    write_categories(spell, tree);
    spell_key(spell, "id"), spell_whole(spell, (int64_t)tree->index);
    if (tree->forest->weight != NULL)
        write_doubles(spell, tree);
    for (size_t list = 0; list < LENGTH_OF(lists); list++) {
        spell_key(spell, lists[list].key), spell_list(spell, lists[list].type, tree->count);
        for (size_t i = 0; i < tree->count; i++)
            spell_number(spell, lists[list].item(tree, i));
        spell_list_end(spell);
    }
    spell_key(spell, "tree_param"), spell_open(spell);
    write_param(spell, "num_deleted", 0);
    write_param(spell, "num_feature", tree->forest->feature_count);
    write_param(spell, "num_nodes", tree->count);
    write_param(spell, "size_leaf_vector", 0);
    spell_close(spell);
    spell_close(spell);
}

static struct tree tree_of(const struct forest *forest, size_t index)
{
    size_t first = forest->root[index];
    size_t end = index + 1 < forest->tree_count ? forest->root[index + 1] : forest->node_count;
    return (struct tree){.forest = forest, .index = index, .first = first, .count = end - first};
}

static bool make_room(struct scratch *scratch, const struct forest *forest, struct err *err)
{
    size_t longest = 0;
    for (size_t i = 0; i < forest->tree_count; i++) {
        size_t count = tree_of(forest, i).count;
        longest = count > longest ? count : longest;
    }
    scratch->arena.limit =
        longest * (sizeof(int32_t) + sizeof(float)) + cats_write_size(forest) + (1 << 16);
    scratch->parent = arena_new(&scratch->arena, int32_t, longest);
    scratch->mean = arena_new(&scratch->arena, float, longest);
    return (scratch->parent != NULL && scratch->mean != NULL) ||
           err_set(err, ERR_LIMIT, "there is no memory to write the model");
}

static void write_trees(struct spell *spell, const struct forest *forest, struct scratch *scratch)
{
    spell_key(spell, "trees"), spell_list(spell, 0, forest->tree_count);
    for (size_t i = 0; i < forest->tree_count && !spell->text->cut; i++) {
        struct tree tree = tree_of(forest, i);
        look_up_and_down(scratch, &tree);
        write_tree(spell, &tree);
    }
    spell_list_end(spell);
}

/* ----------------------------------------------------------- names and rest */

static void write_texts(struct spell *spell, const char *key, const struct view *text, size_t count)
{
    if (text == NULL)
        return;
    spell_key(spell, key), spell_list(spell, 0, count);
    for (size_t i = 0; i < count; i++)
        spell_text(spell, text[i]);
    spell_list_end(spell);
}

static bool write_booster(struct spell *spell, const struct forest *forest, struct scratch *scratch,
                          struct err *err)
{
    spell_key(spell, "gradient_booster"), spell_open(spell);
    spell_key(spell, "model"), spell_open(spell);
    if (!cats_write(forest, spell, &scratch->arena, err))
        return err_while(err, "cats");
    spell_key(spell, "gbtree_model_param"), spell_open(spell);
    write_param(spell, "num_parallel_tree", 1);
    write_param(spell, "num_trees", forest->tree_count);
    write_param(spell, "size_leaf_vector", 0);
    spell_close(spell);
    spell_key(spell, "tree_info"), spell_list(spell, 0, forest->tree_count);
    for (size_t i = 0; i < forest->tree_count; i++)
        spell_whole(spell, 0);
    spell_list_end(spell);
    write_trees(spell, forest, scratch);
    spell_close(spell);
    spell_key(spell, "name"), spell_text(spell, VIEW("gbtree"));
    spell_close(spell);
    return true;
}

static bool write_learner(struct spell *spell, const struct forest *forest, struct scratch *scratch,
                          struct err *err)
{
    char base_score[SPELL_FLOAT_SIZE];
    struct view base = {base_score, spell_float(forest->base_score, base_score)};
    spell_open(spell);
    spell_key(spell, "attributes"), spell_open(spell), spell_close(spell);
    write_texts(spell, "feature_names", forest->feature_name, forest->feature_count);
    write_texts(spell, "feature_types", forest->feature_type, forest->feature_count);
    if (!write_booster(spell, forest, scratch, err))
        return false;
    spell_key(spell, "learner_model_param"), spell_open(spell);
    spell_key(spell, "base_score"), spell_text(spell, base);
    write_param(spell, "boost_from_average", 0);
    write_param(spell, "num_class", 0);
    write_param(spell, "num_feature", forest->feature_count);
    write_param(spell, "num_target", 1);
    spell_close(spell);
    spell_key(spell, "objective"), spell_open(spell);
    spell_key(spell, "name"), spell_text(spell, view_of(forest->objective->name));
    spell_key(spell, "reg_loss_param"), spell_open(spell);
    write_param(spell, "scale_pos_weight", 1);
    spell_close(spell);
    spell_close(spell);
    spell_close(spell);
    return true;
}

bool xgboost_format_find(struct view name, enum xgboost_format *out)
{
    bool ubj = view_is(name, "xgboost-ubj");
    if (!ubj && !view_is(name, "xgboost-json"))
        return false;
    *out = ubj ? XGBOOST_UBJ : XGBOOST_JSON;
    return true;
}

bool xgboost_write(const struct forest *forest, enum xgboost_format format, struct text *out,
                   struct err *err)
{
    static const int version[] = {1, 7, 4}; /* whose schema this is */
    CLEANUP(forget) struct scratch scratch = {0};
    if (!make_room(&scratch, forest, err))
        return false;
    struct spell spell = spell_to(out, format == XGBOOST_JSON ? SPELL_JSON : SPELL_UBJ);
    spell_open(&spell);
    spell_key(&spell, "learner");
    if (!write_learner(&spell, forest, &scratch, err))
        return false;
    spell_key(&spell, "version"), spell_list(&spell, 0, LENGTH_OF(version));
    for (size_t i = 0; i < LENGTH_OF(version); i++)
        spell_whole(&spell, version[i]);
    spell_list_end(&spell);
    spell_close(&spell);
    return !out->cut || err_set(err, ERR_LIMIT, "the model does not fit the memory it may take");
}
