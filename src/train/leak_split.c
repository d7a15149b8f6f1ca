/* Leaks across the split: what the test rows share with the training rows. */
#include "train/leak.h"

#include <math.h>

static bool is_judged(uint8_t slice)
{
    return slice == SLICE_VALIDATION || slice == SLICE_TEST;
}

/* ---------------------------------------------------------------- copies */

static int by_hash(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static bool look_copies(struct leaks *leaks, const struct leak *leak, struct err *err)
{
    enum { WIDTH_LEAST = 8 }; /* rows of fewer features are alike by chance */
    const struct prepared *p = leaks->prepared;
    CLEANUP(arena_release) struct arena scratch = {.limit = leaks->arena->limit};
    uint64_t *known = arena_new(&scratch, uint64_t, p->past.table.rows);
    size_t training = 0, judged = 0, copies = 0;
    if (known == NULL)
        return err_set(err, ERR_LIMIT, "the rows do not fit the memory limit");
    for (size_t i = 0; i < p->past.table.rows; i++)
        if (p->slice[i] == SLICE_TRAIN)
            known[training++] = leaks->hash[i];
    qsort(known, training, sizeof *known, by_hash);
    for (size_t i = 0; i < p->past.table.rows; i++) {
        if (!is_judged(p->slice[i]))
            continue;
        judged++;
        copies += bsearch(&leaks->hash[i], known, training, sizeof *known, by_hash) != NULL;
    }
    if (copies == 0)
        return true;
    double share = (double)copies / (double)judged;
    enum leak_level level = share < 0.01 || p->plan.width < WIDTH_LEAST ? LEAK_NOTE
                            : share < 0.05                              ? LEAK_WARNING
                                                                        : LEAK_ERROR;
    return leak_add(leaks, leak, level, VIEW(""), share, err,
                    "%zu of %zu validation and test rows are copies of training rows, label and "
                    "all",
                    copies, judged);
}

const struct leak leak_copies = {
    .name = "copies",
    .about = "rows on both sides of the split whose features and label are the same",
    .remedy = "remove duplicates from the data, or split.kind group by what they share",
    .look = look_copies,
};

/* ---------------------------------------------------------------- shared ids */

static bool look_at_id(struct leaks *leaks, const struct leak *leak, uint32_t column,
                       struct err *err)
{
    const struct prepared *p = leaks->prepared;
    const struct table *table = &p->past.table;
    CLEANUP(arena_release) struct arena scratch = {.limit = leaks->arena->limit};
    uint8_t *known = arena_new(&scratch, uint8_t, table->texts.count);
    const uint32_t *text = table->series[column].text;
    size_t judged = 0, shared = 0;
    if (known == NULL)
        return err_set(err, ERR_LIMIT, "the ids do not fit the memory limit");
    for (size_t i = 0; i < table->rows; i++)
        if (p->slice[i] == SLICE_TRAIN && text[i] != DICTIONARY_NONE)
            known[text[i]] = 1;
    for (size_t i = 0; i < table->rows; i++) {
        if (!is_judged(p->slice[i]) || text[i] == DICTIONARY_NONE)
            continue;
        judged++;
        shared += known[text[i]];
    }
    double share = judged == 0 ? 0 : (double)shared / (double)judged;
    if (share < 0.01)
        return true;
    /* By time the same customers come again, as they will when the model serves. */
    bool by_time = split_is_timed(p->split.kind);
    struct view name = p->schema.column[column].name;
    return leak_add(leaks, leak, by_time ? LEAK_NOTE : LEAK_WARNING, name, share, err,
                    "%zu of %zu validation and test rows have a '" VIEW_FMT
                    "' that stands among the training rows",
                    shared, judged, VIEW_ARG(name));
}

static bool look_shared(struct leaks *leaks, const struct leak *leak, struct err *err)
{
    const struct prepared *p = leaks->prepared;
    for (uint32_t i = 0; i < p->schema.count; i++)
        if (p->schema.column[i].kind == COLUMN_ID && p->past.table.series[i].present &&
            !look_at_id(leaks, leak, i, err))
            return false;
    return true;
}

const struct leak leak_shared_id = {
    .name = "shared_id",
    .about = "an id (a card, a policy, a customer) on both sides of the split",
    .remedy = "split.kind group with split.column that id, or split.kind time",
    .look = look_shared,
};

/* ---------------------------------------------------------------- joins */

static bool look_fan_out(struct leaks *leaks, const struct leak *leak, struct err *err)
{
    const struct past *past = &leaks->prepared->past;
    for (size_t i = 0; i < past->joins; i++) {
        const struct join_audit *audit = &past->join[i].audit;
        double factor = (double)audit->rows / (double)audit->left_rows;
        if (audit->rows > audit->left_rows &&
            !leak_add(leaks, leak, LEAK_WARNING, past->join[i].key, factor, err,
                      "the join of %s makes %zu rows of %zu: one event counts more than once",
                      past->join[i].path, audit->rows, audit->left_rows))
            return false;
        if (audit->unmatched_left * 20 > audit->left_rows &&
            !leak_add(leaks, leak, LEAK_NOTE, past->join[i].key,
                      (double)audit->unmatched_left / (double)audit->left_rows, err,
                      "%zu of %zu rows find nothing in %s", audit->unmatched_left, audit->left_rows,
                      past->join[i].path))
            return false;
    }
    return true;
}

const struct leak leak_fan_out = {
    .name = "fan_out",
    .about = "a join whose key is not unique on the right, or finds nothing for many rows",
    .remedy = "make the key unique in the joined file",
    .look = look_fan_out,
};
