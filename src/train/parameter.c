#include "train/parameter.h"

#include "base/number.h"

static const struct key known[] = {
#define PARAMETER(name, type, min, max, choices) {name, KEY_##type, "", min, max, choices, ""},
#include "train/parameters.def"
#undef PARAMETER
};

/* Two names for one thing: XGBoost takes both, a configuration only one at a time. */
static const char *const aliases[][2] = {
    {"eta", "learning_rate"},
    {"gamma", "min_split_loss"},
    {"lambda", "reg_lambda"},
    {"alpha", "reg_alpha"},
};

static const struct key *known_find(struct view name)
{
    for (size_t i = 0; i < LENGTH_OF(known); i++)
        if (view_is(name, known[i].path))
            return &known[i];
    return NULL;
}

static bool check_one(const struct config *config, const struct yaml *item, struct err *err)
{
    const struct key *parameter = known_find(item->key);
    if (parameter == NULL)
        return config_wrong(config, item, err,
                            "XGBoost has no parameter '" VIEW_FMT
                            "' that Assay knows; rounds, seed and threads are keys of `model`",
                            VIEW_ARG(item->key));
    if (item->kind != YAML_SCALAR)
        return config_wrong(config, item, err, "'%s' takes one value", parameter->path);
    char bytes[300];
    struct text what = text_in(bytes, sizeof bytes);
    if (!key_check(parameter, item->text, &what))
        return config_wrong(config, item, err, "'%s' %s", parameter->path, text_c(&what));
    return true;
}

bool parameters_check(const struct config *config, struct err *err)
{
    const struct yaml *map = config_node(config, "model.parameters");
    for (const struct yaml *item = map == NULL ? NULL : map->first; item != NULL; item = item->next)
        if (!check_one(config, item, err))
            return false;
    for (size_t i = 0; i < LENGTH_OF(aliases); i++) {
        const struct yaml *second = yaml_find(map, aliases[i][1]);
        if (second != NULL && yaml_find(map, aliases[i][0]) != NULL)
            return config_wrong(config, second, err, "'%s' and '%s' are one parameter: give one",
                                aliases[i][0], aliases[i][1]);
    }
    return true;
}

/* The other name of the same thing, or the name itself. */
static const char *other_name(const char *name)
{
    for (size_t i = 0; i < LENGTH_OF(aliases); i++)
        if (strcmp(aliases[i][0], name) == 0)
            return aliases[i][1];
    return name;
}

static void set_default(struct parameters *parameters, const struct yaml *given, const char *name,
                        struct view value)
{
    if (yaml_find(given, name) != NULL || yaml_find(given, other_name(name)) != NULL)
        return;
    assert(parameters->count < PARAMETERS_MAX);
    parameters->item[parameters->count++] = (struct parameter){view_of(name), value};
}

static struct view printed(double number, struct arena *arena)
{
    char digits[NUMBER_SIZE];
    size_t length = number_print(number, digits);
    char *copy = arena_copy(arena, digits, length);
    assert(copy != NULL); /* a few bytes: a job that has not even them cannot have got here */
    return (struct view){copy, length};
}

/* Depth by how many frauds there are to learn from. */
static struct view depth_of(size_t positives)
{
    enum { FEW = 500, SOME = 2000 };
    return positives < FEW ? VIEW("2") : positives < SOME ? VIEW("3") : VIEW("4");
}

static void boosted_defaults(struct parameters *out, const struct yaml *given, size_t positives)
{
    set_default(out, given, "eta", VIEW("0.1"));
    set_default(out, given, "max_depth", depth_of(positives));
    set_default(out, given, "subsample", VIEW("0.8"));
    set_default(out, given, "colsample_bytree", VIEW("0.5"));
    set_default(out, given, "lambda", VIEW("1"));
}

/* One round of parallel trees: each sees a sample of rows and, at each split, of columns. */
static void forest_defaults(struct parameters *out, const struct yaml *given,
                            const struct config *config, struct arena *arena)
{
    set_default(out, given, "eta", VIEW("1"));
    set_default(out, given, "max_depth", VIEW("10"));
    set_default(out, given, "subsample", VIEW("0.8"));
    set_default(out, given, "colsample_bynode", VIEW("0.5"));
    set_default(out, given, "lambda", VIEW("0.00001"));
    out->item[out->count++] = (struct parameter){
        VIEW("num_parallel_tree"), printed(config_number(config, KEY_MODEL_ROUNDS), arena)};
}

bool parameters_resolve(const struct config *config, size_t rows, size_t positives,
                        struct arena *arena, struct parameters *out, struct err *err)
{
    if (!parameters_check(config, err))
        return false;
    const struct yaml *given = config_node(config, "model.parameters");
    *out = (struct parameters){0};
    for (const struct yaml *item = given == NULL ? NULL : given->first; item != NULL;
         item = item->next) {
        if (out->count == PARAMETERS_MAX / 2)
            return config_wrong(config, item, err, "more parameters than there are");
        out->item[out->count++] = (struct parameter){item->key, item->text};
    }
    if (view_is(config_text(config, KEY_MODEL_ALGORITHM), "random_forest"))
        forest_defaults(out, given, config, arena);
    else
        boosted_defaults(out, given, positives);
    set_default(out, given, "base_score", printed((double)positives / (double)rows, arena));
    set_default(out, given, "tree_method", VIEW("hist"));
    set_default(out, given, "objective", VIEW("binary:logistic"));
    set_default(out, given, "seed", printed(config_number(config, KEY_MODEL_SEED), arena));
    set_default(out, given, "nthread", printed(config_number(config, KEY_MODEL_THREADS), arena));
    return true;
}
