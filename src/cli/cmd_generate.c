#include "base/number.h"
#include "cli/command.h"
#include "data/preset.h"

enum {
    OPTION_OUT,
    OPTION_ROWS,
    OPTION_DAYS,
    OPTION_FROM_DAY,
    OPTION_SEED,
    OPTION_DRIFT,
    OPTION_LABELS,
    OPTION_LABEL_DELAY,
    OPTION_UNLABELLED,
    OPTION_REQUESTS,
    OPTION_THREADS,
    OPTION_FORCE,
};

static bool take_count(const struct call *call, int option, const char *name, int64_t max,
                       int64_t *out, struct err *err)
{
    if (call->option[option] == NULL)
        return true;
    int64_t value;
    if (!number_parse_i64(view_of(call->option[option]), &value) || value < 0 || value > max)
        return err_set(err, ERR_USAGE, "--%s takes a whole number from 0 to %lld, not '%s'", name,
                       (long long)max, call->option[option]);
    *out = value;
    return true;
}

static bool run(const struct call *call, struct err *err)
{
    const struct preset *preset = preset_find(view_of(call->argument[0]));
    if (preset == NULL)
        return err_set(err, ERR_USAGE, "no preset '%s'; `assay help generate` lists them",
                       call->argument[0]);
    int64_t rows = 0, days = 0, from_day = 0, seed = 1, threads = 2;
    if (!take_count(call, OPTION_ROWS, "rows", 100000000, &rows, err) ||
        !take_count(call, OPTION_DAYS, "days", 3650, &days, err) ||
        !take_count(call, OPTION_FROM_DAY, "from-day", 3650, &from_day, err) ||
        !take_count(call, OPTION_SEED, "seed", INT64_MAX, &seed, err) ||
        !take_count(call, OPTION_THREADS, "threads", 64, &threads, err))
        return false;
    struct preset_options options = {
        .dir = call->option[OPTION_OUT] == NULL ? "." : call->option[OPTION_OUT],
        .seed = (uint64_t)seed,
        .rows = (uint32_t)rows,
        .days = (uint32_t)days,
        .threads = threads == 0 ? 1 : (unsigned)threads,
        .keep = call->option[OPTION_FORCE] == NULL,
        .from_day = (uint32_t)from_day,
        .drift = call->many,
        .drifts = call->manys,
        .labels = call->option[OPTION_LABELS],
        .delay = call->option[OPTION_LABEL_DELAY],
        .unlabelled = call->option[OPTION_UNLABELLED] != NULL,
        .requests = call->option[OPTION_REQUESTS],
    };
    if (!preset->write(&options, err))
        return false;
    fprintf(stderr, "%s: %s%s%s%s%s%s in %s\n", preset->name, preset->files,
            options.labels == NULL ? "" : ", ", options.labels == NULL ? "" : options.labels,
            options.requests == NULL ? "" : ", ", options.requests == NULL ? "" : options.requests,
            options.drifts == 0 ? "" : ", drift.json", options.dir);
    return true;
}

static const struct option_row options[] = {
    [OPTION_OUT] = {"out", "DIR", "where the files go, default ."},
    [OPTION_ROWS] = {"rows", "N", "claims: policies; cards: customers; 0 is the preset's own size"},
    [OPTION_DAYS] = {"days", "N", "cards: how long the stream runs"},
    [OPTION_FROM_DAY] = {"from-day", "N", "cards: write the days from N on; those before happen"},
    [OPTION_DRIFT] = {"drift", "KIND:NAME=VALUE,...", "cards: what changes, and when; repeatable"},
    [OPTION_LABELS] = {"labels", "FILE", "cards: labels as they become known; CSV, or .jsonl"},
    [OPTION_LABEL_DELAY] = {"label-delay", "NAME=VALUE,...",
                            "median, spread, most (days), analyst, cleared, unreported, noise"},
    [OPTION_UNLABELLED] = {"unlabelled", NULL, "cards: transactions.csv without the label"},
    [OPTION_REQUESTS] = {"requests", "FILE", "cards: each payment as a row of JSON for /decide"},
    [OPTION_SEED] = {"seed", "N", "default 1; the same seed gives the same bytes"},
    [OPTION_THREADS] = {"threads", "N", "default 2; any number gives the same bytes"},
    [OPTION_FORCE] = {"force", NULL, "replace files that are there already"},
    {0},
};

const struct command command_generate = {
    .name = "generate",
    .arguments = "PRESET",
    .about = "synthetic history: claims (two tables) or cards (a transaction stream)",
    .more =
        "claims   claims.csv and customers.csv, joined on policy_id\n"
        "cards    transactions.csv, and scenarios.csv with the truth that is no feature\n"
        "\n"
        "--drift covariate|mix|prior|concept|schema|seasonality:..., each with from=DAY (30, or\n"
        "2025-01-31), over=DAYS and until=DAY; docs/generate.md has their settings.\n"
        "What they did goes to drift.json.\n",
    .options = options,
    .repeats = "drift",
    .least = 1,
    .most = 1,
    .run = run,
};
