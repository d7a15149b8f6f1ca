#include "train/job.h"

void job_write(const struct job *job, struct json *json)
{
    json_open(json, '{');
    json_key(json, "prepared"), json_text(json, job->prepared);
    json_key(json, "out"), json_text(json, job->out);
    json_key(json, "metric"), json_text(json, job->metric);
    json_key(json, "rounds"), json_count(json, job->rounds);
    json_key(json, "early_stopping"), json_count(json, job->early_stopping);
    json_key(json, "folds"), json_count(json, job->folds);
    json_key(json, "fold_dir"), json_text(json, job->fold_dir);
    json_key(json, "folds_alone"), json_bool(json, job->folds_alone);
    json_key(json, "parameters");
    json_open(json, '[');
    for (size_t i = 0; i < job->parameters.count; i++) {
        json_open(json, '[');
        json_text(json, job->parameters.item[i].name);
        json_text(json, job->parameters.item[i].value);
        json_close(json);
    }
    json_close(json);
    json_key(json, "features");
    json_open(json, '[');
    for (size_t i = 0; i < job->feature_count; i++)
        json_text(json, job->feature_name[i]);
    json_close(json);
    json_close(json);
}

static bool read_parameters(const struct doc *doc, struct parameters *out, struct err *err)
{
    const struct doc *list;
    if (!doc_need(doc, "parameters", DOC_LIST, &list, err))
        return false;
    for (const struct doc *pair = list->first; pair != NULL; pair = pair->next) {
        bool is_pair = pair->kind == DOC_LIST && pair->count == 2 &&
                       pair->first->kind == DOC_TEXT && pair->first->next->kind == DOC_TEXT;
        if (!is_pair || out->count == PARAMETERS_MAX)
            return err_set(err, ERR_INPUT, "'parameters' is no list of at most %d pairs of texts",
                           PARAMETERS_MAX);
        out->item[out->count++] = (struct parameter){pair->first->text, pair->first->next->text};
    }
    return true;
}

static bool read_features(const struct doc *doc, struct job *job, struct arena *arena,
                          struct err *err)
{
    const struct doc *list;
    if (!doc_need(doc, "features", DOC_LIST, &list, err))
        return false;
    struct view *name = arena_new(arena, struct view, list->count);
    if (name == NULL)
        return err_set(err, ERR_LIMIT, "the job does not fit the memory limit");
    for (const struct doc *item = list->first; item != NULL; item = item->next) {
        if (item->kind != DOC_TEXT)
            return err_set(err, ERR_INPUT, "'features' is no list of texts");
        name[job->feature_count++] = item->text;
    }
    job->feature_name = name;
    return true;
}

bool job_read(struct job *job, const struct doc *doc, struct arena *arena, struct err *err)
{
    enum { MANY = 1000000 };
    *job = (struct job){0};
    return doc_need_text(doc, "prepared", &job->prepared, err) &&
           doc_need_text(doc, "out", &job->out, err) &&
           doc_need_text(doc, "metric", &job->metric, err) &&
           doc_need_count(doc, "rounds", MANY, &job->rounds, err) &&
           doc_need_count(doc, "early_stopping", MANY, &job->early_stopping, err) &&
           doc_need_count(doc, "folds", MANY, &job->folds, err) &&
           doc_need_text(doc, "fold_dir", &job->fold_dir, err) &&
           doc_need_bool(doc, "folds_alone", &job->folds_alone, err) &&
           read_parameters(doc, &job->parameters, err) && read_features(doc, job, arena, err);
}
