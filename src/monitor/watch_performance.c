/*
 * performance: decisions whose labels are mature, held against the floors and against what the
 * model itself had made expect.
 *
 * A look at [since, until) is about what was decided monitor.maturity_days before. Three things are
 * judged:
 *
 *     performance     each floor: ALARM when the metric's whole 95 % interval is past it, WATCH
 *                     when the metric is and its interval is not
 *     concept_drift   each figure that can be estimated without labels: ALARM when labels and
 *                     estimate disagree (measure/estimate.h), by more than they did on rows of the
 *                     past that trained nothing
 *     label_rate      the share of fraud, against the reference's
 *
 * The document also has the estimate of what is not mature yet, and how soon labels of fraud come.
 */
#include "measure/drift_judge.h"
#include "measure/estimate.h"
#include "monitor/floors.h"
#include "monitor/stretch.h"
#include "store/reference.h"

#include <math.h>

#define DAY_US (INT64_C(86400) * 1000000)

enum { SEED = 1 };
#define LEVEL 0.95

static const struct alarm *const covers[] = {&alarm_performance, &alarm_concept_drift,
                                             &alarm_label_rate};

/* Decisions and what they turned out to be, as the instruments want them. */
struct cohort {
    struct estimate_rows rows;
    float *score;
    double *probability, *amount;
    uint8_t *alarm, *label;
    size_t frauds;
};

struct performing {
    struct watch_look *look;
    struct window window;
    struct cohort now, before; /* mature; the reference's rows that trained nothing */
    struct disagreement found[ESTIMATE_COUNT], past[ESTIMATE_COUNT];
    struct floors floors;
};

/* ---------------------------------------------------------------- cohorts */

static bool cohort_init(struct cohort *cohort, size_t rows, const struct watch_look *look,
                        struct err *err)
{
    cohort->score = arena_new(look->arena, float, rows + 1);
    cohort->probability = arena_new(look->arena, double, rows + 1);
    cohort->amount = arena_new(look->arena, double, rows + 1);
    cohort->alarm = arena_new(look->arena, uint8_t, rows + 1);
    cohort->label = arena_new(look->arena, uint8_t, rows + 1);
    if (cohort->score == NULL || cohort->probability == NULL || cohort->amount == NULL ||
        cohort->alarm == NULL || cohort->label == NULL)
        return window_too_large(err);
    cohort->rows = (struct estimate_rows){
        .score = cohort->score,
        .probability = cohort->probability,
        .alarm = cohort->alarm,
        .amount = cohort->amount,
        .matrix = {.handling = config_number(look->config, KEY_COST_HANDLING),
                   .insult = config_number(look->config, KEY_COST_INSULT),
                   .loss_given_fraud = config_number(look->config, KEY_COST_LOSS),
                   .chargeback = config_number(look->config, KEY_COST_CHARGEBACK)}};
    return true;
}

static void cohort_add(struct cohort *cohort, float score, double probability, double amount,
                       bool alarm, bool fraud)
{
    size_t at = cohort->rows.count++;
    cohort->score[at] = score;
    cohort->probability[at] = fmin(fmax(probability, 0), 1);
    cohort->amount[at] = amount > 0 ? amount : 0; /* not where it is not known */
    cohort->alarm[at] = alarm;
    cohort->label[at] = fraud;
    cohort->frauds += fraud;
}

static bool take_window(const struct window *w, bool labels, struct cohort *out,
                        const struct watch_look *look, struct err *err)
{
    bool all = stretch_unlabelled_count(look);
    if (!cohort_init(out, w->rows, look, err))
        return false;
    for (size_t i = 0; i < w->rows; i++) {
        if (labels && !all && w->label[i] == WINDOW_UNLABELLED)
            continue;
        cohort_add(out, w->score[i], w->probability[i], w->amount[i], w->fraud[i],
                   labels && w->label[i] == 1);
    }
    return true;
}

/* The held-out rows of the reference, decided now as they would have been. */
static bool take_reference(struct performing *p, struct err *err)
{
    const struct bundle *bundle = p->look->bundle;
    struct reference reference;
    if (bundle->paper[PAPER_reference].length == 0)
        return true;
    if (!reference_load(&reference, bundle, p->look->arena, err) ||
        !cohort_init(&p->before, reference.rows, p->look, err))
        return false;
    for (struct held_out row = {0}; reference_next_held_out(&reference, bundle, &row);)
        cohort_add(&p->before, row.score, calibration_of(&bundle->policy.calibration, row.score), 0,
                   row.fraud, row.label);
    return true;
}

/* ---------------------------------------------------------------- floors, estimates */

static bool judge_floors(struct performing *p, struct err *err)
{
    struct contender contender = {
        .sample = {.score = p->now.score, .label = p->now.label, .count = p->now.rows.count},
        .threshold = p->look->bundle->policy.threshold,
    };
    return floors_judge(&p->floors, &contender, p->now.frauds, p->look->arena, err) &&
           floors_tell(&p->floors, p->look, err);
}

/* Labels and estimate disagree, and did not already by as much when the model was made. */
static bool is_concept_drift(const struct performing *p, size_t figure)
{
    const struct disagreement *now = &p->found[figure], *past = &p->past[figure];
    double gap = past->realised - past->estimated;
    bool as_before = p->before.frauds >= FLOORS_FRAUDS_MIN && gap >= now->low && gap <= now->high;
    return now->disagrees && !as_before;
}

static bool compare_estimates(struct performing *p, struct err *err)
{
    return estimate_against(&p->now.rows, p->now.label, ESTIMATE_DRAWS, SEED, p->look->arena,
                            p->found, err) &&
           (p->before.frauds < FLOORS_FRAUDS_MIN ||
            estimate_against(&p->before.rows, p->before.label, ESTIMATE_DRAWS, SEED, p->look->arena,
                             p->past, err));
}

static bool tell_estimates(struct performing *p, struct err *err)
{
    struct json *json = p->look->document;
    json_key(json, "estimates");
    json_open(json, '[');
    for (size_t i = 0; i < ESTIMATE_COUNT; i++) {
        const struct disagreement *now = &p->found[i];
        bool drifted = is_concept_drift(p, i);
        char bytes[160];
        struct text text = text_in(bytes, sizeof bytes);
        json_open(json, '{');
        json_key(json, "name"), json_string(json, estimates[i]->name);
        json_key(json, "estimated"), json_number(json, now->estimated);
        json_key(json, "realised"), json_number(json, now->realised);
        json_key(json, "gap_low"), json_number(json, now->low);
        json_key(json, "gap_high"), json_number(json, now->high);
        json_key(json, "chance"), json_number(json, now->chance);
        if (p->before.frauds >= FLOORS_FRAUDS_MIN) {
            json_key(json, "gap_before");
            json_number(json, p->past[i].realised - p->past[i].estimated);
        }
        json_key(json, "drifted"), json_bool(json, drifted);
        json_close(json);
        text_addf(&text, "%s: %.4g was expected, %.4g it is", estimates[i]->name, now->estimated,
                  now->realised);
        struct reading reading = {.alarm = &alarm_concept_drift,
                                  .subject = view_of(estimates[i]->name),
                                  .state = drifted ? STATE_ALARM : STATE_OK,
                                  .value = now->realised,
                                  .limit = now->estimated,
                                  .at_ms = p->look->until_us / 1000,
                                  .text = text_view(&text)};
        if (p->now.frauds < FLOORS_FRAUDS_MIN && !drifted)
            reading.state = STATE_INSUFFICIENT;
        if (!look_read(p->look, &reading, err))
            return false;
        if (drifted)
            text_addf(p->look->message, "; %s", text_c(&text));
    }
    json_close(json);
    return true;
}

/* Of what is decided and not mature yet. */
static bool tell_expected(struct performing *p, int64_t mature_us, struct err *err)
{
    struct watch_look *look = p->look;
    struct window window;
    struct cohort cohort = {0};
    struct interval figure[ESTIMATE_COUNT];
    if (mature_us == 0)
        return true;
    if (!stretch_load(look, look->until_us - mature_us, look->until_us, &window, err) ||
        !take_window(&window, false, &cohort, look, err))
        return false;
    json_key(look->document, "not_mature");
    json_open(look->document, '{');
    json_key(look->document, "rows"), json_count(look->document, window.rows);
    if (window.rows > 0 &&
        !estimate_figures(&cohort.rows, ESTIMATE_DRAWS, SEED, LEVEL, look->arena, figure, err))
        return false;
    for (size_t i = 0; window.rows > 0 && i < ESTIMATE_COUNT; i++) {
        json_key(look->document, estimates[i]->name);
        json_open(look->document, '{');
        json_key(look->document, "value"), json_number(look->document, figure[i].value);
        json_key(look->document, "low"), json_number(look->document, figure[i].low);
        json_key(look->document, "high"), json_number(look->document, figure[i].high);
        json_close(look->document);
    }
    json_close(look->document);
    return true;
}

/* ---------------------------------------------------------------- labels */

static bool tell_rate(struct performing *p, struct err *err)
{
    struct rate_case rate = {.hits_before = p->before.frauds,
                             .rows_before = p->before.rows.count,
                             .hits = p->now.frauds,
                             .rows = p->now.rows.count,
                             .watch = RATE_WATCH,
                             .alarm = RATE_ALARM,
                             .rows_min =
                                 (size_t)config_count(p->look->config, KEY_MONITOR_ROWS_MIN)};
    struct rate_finding finding;
    char bytes[120];
    struct text text = text_in(bytes, sizeof bytes);
    rate_judge(&rate, 1, DRIFT_ALPHA, &finding);
    text_addf(&text, "%.3g %% of the records were fraud, of the reference's %.3g %%",
              100 * finding.now, 100 * finding.before);
    json_key(p->look->document, "fraud_share"), json_number(p->look->document, finding.now);
    json_key(p->look->document, "fraud_share_before");
    json_number(p->look->document, finding.before);
    if (finding.state == DRIFT_WATCH || finding.state == DRIFT_ALARM)
        text_addf(p->look->message, "; %s", text_c(&text));
    struct reading reading = {.alarm = &alarm_label_rate,
                              .state = alarm_state_of(finding.state),
                              .value = finding.times,
                              .limit = rate.alarm,
                              .at_ms = p->look->until_us / 1000,
                              .text = text_view(&text)};
    return look_read(p->look, &reading, err);
}

/* Of the frauds that are known by now, how many were so many days after the decision. */
static void tell_completeness(const struct performing *p)
{
    static const int days[] = {1, 2, 3, 7, 14, 30, 60, 90};
    const struct window *w = &p->window;
    struct json *json = p->look->document;
    json_key(json, "label_completeness");
    json_open(json, '[');
    for (size_t d = 0; d < LENGTH_OF(days); d++) {
        size_t known = 0, all = 0;
        for (size_t i = 0; i < w->rows; i++) {
            all += w->told_us[i] != 0;
            known += w->told_us[i] != 0 && w->told_us[i] - w->at_us[i] <= days[d] * DAY_US;
        }
        json_open(json, '{');
        json_key(json, "days"), json_i64(json, days[d]);
        json_key(json, "share"),
            json_number(json, all == 0 ? (double)NAN : (double)known / (double)all);
        json_close(json);
    }
    json_close(json);
}

static size_t count_labelled(const struct window *w)
{
    size_t labelled = 0;
    for (size_t i = 0; i < w->rows; i++)
        labelled += w->label[i] != WINDOW_UNLABELLED;
    return labelled;
}

/* ---------------------------------------------------------------- the look */

static bool look(struct watch_look *look, struct err *err)
{
    struct performing *p = arena_new(look->arena, struct performing, 1);
    int64_t mature_us = stretch_maturity_us(look);
    if (p == NULL)
        return window_too_large(err);
    p->look = look;
    if (!floors_read(&p->floors, look->config, err) ||
        !stretch_load_mature(look, &p->window, err) ||
        !take_window(&p->window, true, &p->now, look, err) || !take_reference(p, err))
        return false;
    size_t labelled = count_labelled(&p->window);
    look->rows = p->now.rows.count;
    text_addf(look->message, "%zu mature rows, %zu labelled, %zu frauds", p->window.rows, labelled,
              p->now.frauds);
    json_key(look->document, "rows"), json_count(look->document, p->now.rows.count);
    json_key(look->document, "labelled"), json_count(look->document, labelled);
    json_key(look->document, "frauds"), json_count(look->document, p->now.frauds);
    if (labelled == 0) {
        look->state = WATCH_INSUFFICIENT;
        text_addf(look->message, ": nobody has labelled any, POST /feedback");
        return tell_expected(p, mature_us, err);
    }
    return judge_floors(p, err) && compare_estimates(p, err) && tell_estimates(p, err) &&
           tell_rate(p, err) && (tell_completeness(p), true) && tell_expected(p, mature_us, err);
}

const struct watch watch_performance = {
    .name = "performance",
    .about = "mature labels against the floors and against what was estimated without them",
    .schedule = KEY_MONITOR_PERFORMANCE,
    .needs_champion = true,
    .covers = covers,
    .covers_count = LENGTH_OF(covers),
    .look = look,
};
