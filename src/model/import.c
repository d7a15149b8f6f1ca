#include "model/import.h"

#include "base/text.h"
#include "data/source.h"
#include "model/archive.h"
#include "model/pickle_read.h"
#include "model/sklearn.h"
#include "model/xgboost.h"
#include "model/xgboost_pickle.h"

#include <math.h>

enum { LAYERS_MAX = 4 };

/* ---------------------------------------------------------------- the rows that are short */

static bool is_xgboost(struct view bytes)
{
    struct view trimmed = view_trim(bytes);
    return trimmed.length > 0 && trimmed.text[0] == '{';
}

static bool read_xgboost(struct view bytes, struct arena *arena, struct imported *out,
                         struct err *err)
{
    if (!xgboost_parse(bytes, arena, &out->forest, err))
        return false;
    size_t trees = xgboost_trees_used(bytes, arena);
    if (out->forest.tree_count > trees)
        return err_set(err, ERR_MODEL,
                       "training stopped early, and the estimator's predict() uses %zu of its %zu "
                       "trees: save model.get_booster()[: model.best_iteration + 1]",
                       trees, out->forest.tree_count);
    struct text text = text_in_arena(arena);
    const int *version = out->forest.version;
    text_addf(&text, "xgboost %s %d.%d.%d", xgboost_is_json(bytes) ? "json" : "ubj", version[0],
              version[1], version[2]);
    out->kind = text_view(&text);
    out->model = bytes;
    out->feature_name = out->forest.feature_name;
    return !text.cut || err_set(err, ERR_LIMIT, "the model does not fit the memory limit");
}

const struct importer importer_xgboost = {
    .name = "xgboost",
    .about = "XGBoost 1.0 to 3.x, JSON or UBJ",
    .is = is_xgboost,
    .read = read_xgboost,
};

static bool read_pickle(struct view bytes, struct arena *arena, struct imported *out,
                        struct err *err)
{
    const struct pickle *root;
    return pickle_read(bytes, arena, &root, err) &&
           sklearn_read(root, bytes.length, arena, out, err);
}

const struct importer importer_pickle = {
    .name = "pickle",
    .about = "Python's pickle and joblib: scikit-learn's tree models, XGBoost's estimators",
    .is = pickle_is_one,
    .read = read_pickle,
};

/* ---------------------------------------------------------------- packing */

static const struct packing {
    const char *name;
    bool (*is)(struct view bytes);
    bool (*unpack)(struct view bytes, size_t size_max, struct arena *arena, struct view *out,
                   struct err *err);
} packings[] = {
    {"gzip", gzip_is, gzip_unpack},
    {"zlib", zlib_is, zlib_unpack},
    {"zstd", zstd_is, zstd_unpack},
};

static const struct packing *packing_of(struct view bytes)
{
    for (size_t i = 0; i < LENGTH_OF(packings); i++)
        if (packings[i].is(bytes))
            return &packings[i];
    return NULL;
}

/* What is known and not read, by its first bytes. */
static const struct {
    struct view first;
    const char *what, *remedy;
} refused[] = {
#define RESAVE "save it with joblib.dump(model, path, compress=3)"
    {{"\xfd"
      "7zXZ",
      5},
     "packed with lzma (xz)",
     RESAVE},
    {{"\x5d\x00\x00", 3}, "packed with lzma", RESAVE},
    {{"BZh", 3}, "packed with bz2", RESAVE},
    {{"\x04\x22\x4d\x18", 4}, "packed with lz4", RESAVE},
    {{"ZF", 2}, "a file of joblib before 0.10", RESAVE},
#undef RESAVE
    {{"binf", 4},
     "XGBoost's old binary form",
     "load it with the XGBoost that wrote it and save it with save_model('model.json')"},
    {{"PK\x03\x04", 4}, "a zip file", "unpack it and give the model inside"},
    {{"\x89HDF", 4}, "an HDF5 file", "only tree models are read"},
};

static bool check_known(struct view bytes, struct err *err)
{
    for (size_t i = 0; i < LENGTH_OF(refused); i++)
        if (bytes.length >= refused[i].first.length &&
            memcmp(bytes.text, refused[i].first.text, refused[i].first.length) == 0)
            return err_set(err, ERR_MODEL, "this is %s, which is not read: %s", refused[i].what,
                           refused[i].remedy);
    return true;
}

static bool refuse(struct view bytes, struct err *err)
{
    if (bytes.length == 0)
        return err_set(err, ERR_MODEL, "the model file is empty");
    char list[256];
    struct text text = text_in(list, sizeof list);
    for (size_t i = 0; i < importers_count; i++)
        text_addf(&text, "%s%s", i == 0 ? "" : "; ", importers[i]->about);
    return err_set(err, ERR_MODEL, "this is no model of a kind that is read: " VIEW_FMT,
                   (int)text.length, text.bytes);
}

/* ---------------------------------------------------------------- the table */

const struct importer *const importers[] = {
#define IMPORT(name) &importer_##name,
#include "model/imports.def"
#undef IMPORT
};

const size_t importers_count = LENGTH_OF(importers);

static const struct importer *importer_of(struct view bytes)
{
    for (size_t i = 0; i < importers_count; i++)
        if (importers[i]->is(bytes))
            return importers[i];
    return NULL;
}

static struct view base_name(struct view path)
{
    struct view rest = path, part = path;
    while (view_cut(&rest, '/', &part))
        ;
    return part;
}

/* The one file of an archive that is a model: by its bytes and, of several, by its name. */
static bool pick_member(struct view archive, struct view *out, struct err *err)
{
    struct view rest = archive, name, bytes, first = {0}, chosen = {0};
    size_t models = 0, named = 0;
    while (archive_next(&rest, &name, &bytes, err)) {
        struct view base = base_name(name);
        if (base.length == 0 || base.text[0] == '.') /* macOS puts a ._file beside each */
            continue;
        if (importer_of(bytes) == NULL && packing_of(bytes) == NULL)
            continue;
        if (view_starts(base, "model") || view_starts(base, "xgboost-model")) {
            named++;
            chosen = bytes;
        }
        models++;
        first = bytes;
    }
    if (err->kind != ERR_NONE)
        return false;
    if (models == 0)
        return err_set(err, ERR_MODEL, "the tar file holds no model of a kind that is read");
    if (models > 1 && named != 1)
        return err_set(err, ERR_MODEL,
                       "the tar file holds %zu files that could be the model: unpack it and give "
                       "the right one",
                       models);
    *out = models == 1 ? first : chosen;
    return true;
}

/* Bytes that an importer may know, out of what they are packed in. */
static bool unwrap(struct view bytes, struct arena *arena, struct view *out, struct err *err)
{
    for (size_t layer = 0; layer < LAYERS_MAX; layer++) {
        const struct packing *packing = packing_of(bytes);
        if (packing != NULL) {
            if (!packing->unpack(bytes, IMPORT_SIZE_MAX, arena, &bytes, err)) {
                err->kind = err->kind == ERR_INPUT ? ERR_MODEL : err->kind;
                return false;
            }
        } else if (archive_is(bytes)) {
            if (!pick_member(bytes, &bytes, err))
                return false;
        } else {
            *out = bytes;
            return true;
        }
    }
    return err_set(err, ERR_MODEL, "the model is packed more than %d times", LAYERS_MAX);
}

bool import_read(struct view bytes, struct arena *arena, struct imported *out, struct err *err)
{
    struct view inside;
    if (!unwrap(bytes, arena, &inside, err) || !check_known(inside, err))
        return false;
    const struct importer *importer = importer_of(inside);
    if (importer == NULL)
        return refuse(inside, err);
    struct imported model = {.threshold = (double)NAN};
    if (!importer->read(inside, arena, &model, err))
        return false;
    *out = model;
    return true;
}

bool import_companion(struct view name, struct view bytes, struct arena *arena,
                      struct imported *model, struct err *err)
{
    struct view inside;
    const struct pickle *root;
    if (!unwrap(bytes, arena, &inside, err) || !check_known(inside, err))
        return false;
    if (!pickle_is_one(inside))
        return err_set(err, ERR_MODEL,
                       "this is no pickle: what may stand beside a model is a StandardScaler or a "
                       "threshold, saved with pickle or joblib");
    return pickle_read(inside, arena, &root, err) &&
           sklearn_companion(root, base_name(name), arena, model, err);
}
