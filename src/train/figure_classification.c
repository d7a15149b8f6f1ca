/* The metrics of whole slices, with intervals on the test slice, and the line they are taken at. */
#include "train/evaluation.h"

#include <math.h>

static const double level = 0.95;

void write_origin(const struct evaluation *e, const struct scored *scored, struct json *json)
{
    char hex[DIGEST_HEX_SIZE];
    json_key(json, "slice"), json_string(json, scored->name);
    json_key(json, "rows"), json_count(json, scored->ranking.rows);
    json_key(json, "frauds"), json_count(json, scored->ranking.frauds);
    if (scored->stream.sample.weight != NULL) {
        json_key(json, "weighted_by");
        json_text(json, config_text(e->pipeline->config, KEY_EVALUATION_WEIGHT));
        json_key(json, "weight"), json_number(json, ranking_weight(&scored->ranking));
        json_key(json, "fraud_weight"), json_number(json, scored->ranking.fraud);
    }
    json_key(json, "sha256"), json_string(json, digest_print(&scored->digest, hex));
    json_key(json, "threshold"), json_number(json, (double)e->policy.threshold);
}

void write_unweighted(const struct evaluation *e, const char *const *names, struct json *json)
{
    if (e->test.stream.sample.weight == NULL)
        return;
    json_key(json, "unweighted");
    json_open(json, '[');
    for (; *names != NULL; names++)
        json_string(json, *names);
    json_close(json);
}

static void write_confusion(const struct confusion *confusion, struct json *json)
{
    const double weight[2][2] = {
        {confusion->true_negative, confusion->false_positive},
        {confusion->false_negative, confusion->true_positive},
    };
    static const char *const label[] = {"0", "1"};
    json_key(json, "confusion_matrix");
    json_open(json, '{');
    for (int actual = 0; actual < 2; actual++) {
        json_key(json, label[actual]);
        json_open(json, '{');
        for (int predicted = 0; predicted < 2; predicted++)
            json_key(json, label[predicted]), json_number(json, weight[actual][predicted]);
        json_close(json);
    }
    json_close(json);
}

void write_metrics(const struct ranking *ranking, float threshold, const struct interval *interval,
                   struct json *json)
{
    double value[METRIC_COUNT];
    metrics_of(ranking, threshold, value);
    json_open(json, '{');
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        json_key(json, metrics[i]->name);
        json_open(json, '{');
        json_key(json, "value"), json_number(json, value[i]);
        if (interval != NULL && !isnan(interval[i].deviation)) {
            json_key(json, "standard_deviation"), json_number(json, interval[i].deviation);
            json_key(json, "interval_95");
            json_open(json, '[');
            json_number(json, interval[i].low), json_number(json, interval[i].high);
            json_close(json);
        }
        json_close(json);
    }
    struct confusion confusion = ranking_confusion(ranking, threshold);
    write_confusion(&confusion, json);
    json_close(json);
}

/* DeLong's for roc_auc, the bootstrap's for every other metric that judges a model, and for all
 * where rows have weights. */
static bool find_intervals(struct evaluation *e, size_t draws, struct interval *out,
                           struct err *err)
{
    static const struct interval none = {.value = (double)NAN, .deviation = (double)NAN};
    const struct metric *wanted[METRIC_COUNT];
    struct interval each[METRIC_COUNT];
    struct bootstrap bootstrap;
    bool weighted = e->test.stream.sample.weight != NULL;
    size_t count = 0;
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        out[i] = none;
        if (!metrics[i]->describes && (i != METRIC_roc_auc || weighted))
            wanted[count++] = metrics[i];
    }
    out[METRIC_roc_auc] = delong_of(&e->test.ranking, level);
    if (draws == 0)
        return true;
    CLEANUP(arena_release) struct arena scratch = {.limit = e->arena->limit};
    struct contender contender = {e->test.stream.sample, e->policy.threshold};
    uint64_t seed = config_count(e->pipeline->config, KEY_EVALUATION_SEED);
    if (!bootstrap_init(&bootstrap, &contender, 1, e->test.stream.entity, seed, &scratch, err) ||
        !bootstrap_intervals(&bootstrap, wanted, count, draws, level, &scratch, each, NULL, err))
        return false;
    for (size_t i = 0; i < count; i++)
        out[metric_index_of(wanted[i])] = each[i];
    return true;
}

static bool write_classification(struct evaluation *e, struct json *json, struct err *err)
{
    struct interval interval[METRIC_COUNT];
    size_t draws = config_count(e->pipeline->config, KEY_EVALUATION_DRAWS);
    const char *others = draws == 0 ? "none" : "bootstrap";
    bool weighted = e->test.stream.sample.weight != NULL;
    if (!find_intervals(e, draws, interval, err))
        return false;
    json_key(json, "classification_metrics");
    write_metrics(&e->test.ranking, e->policy.threshold, interval, json);
    json_key(json, "classification");
    json_open(json, '{');
    write_origin(e, &e->test, json);
    json_key(json, "intervals");
    json_open(json, '{');
    json_key(json, "level"), json_number(json, level);
    json_key(json, "roc_auc"), json_string(json, weighted ? others : "delong");
    json_key(json, "others"), json_string(json, others);
    json_key(json, "draws"), json_count(json, draws);
    json_key(json, "drawn_by");
    struct view entity = config_text(e->pipeline->config, KEY_EVALUATION_ENTITY);
    json_text(json, entity.length == 0 ? VIEW("row") : entity);
    json_close(json);
    json_close(json);
    return true;
}

const struct figure figure_classification = {"classification", write_classification};

static bool write_threshold(struct evaluation *e, struct json *json, struct err *err UNUSED)
{
    static const char *const rule[] = {"fixed", "best_f1", "least_cost", "budget"};
    json_key(json, "threshold");
    json_open(json, '{');
    json_key(json, "value"), json_number(json, (double)e->policy.threshold);
    json_key(json, "rule"), json_string(json, rule[e->rule]);
    json_key(json, "chosen_on");
    json_string(json, e->rule == RULE_FIXED ? "configuration" : e->validation.name);
    if (e->rule == RULE_BEST_F1)
        json_key(json, "f1_on_validation"), json_number(json, e->f1_on_validation);
    json_close(json);
    return true;
}

const struct figure figure_threshold = {"threshold", write_threshold};

static bool write_slices(struct evaluation *e, struct json *json, struct err *err UNUSED)
{
    const struct scored *const slices[] = {&e->validation, &e->test};
    json_key(json, "slices");
    json_open(json, '{');
    for (size_t i = 0; i < LENGTH_OF(slices); i++) {
        json_key(json, slices[i]->name);
        json_open(json, '{');
        write_origin(e, slices[i], json);
        json_key(json, "metrics");
        write_metrics(&slices[i]->ranking, e->policy.threshold, NULL, json);
        json_close(json);
    }
    json_close(json);
    return true;
}

const struct figure figure_slices = {"slices", write_slices};
