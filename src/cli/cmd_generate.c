#include "base/number.h"
#include "cli/command.h"
#include "data/preset.h"

enum { OPTION_OUT, OPTION_ROWS, OPTION_DAYS, OPTION_SEED, OPTION_THREADS, OPTION_FORCE };

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
    int64_t rows = 0, days = 0, seed = 1, threads = 2;
    if (!take_count(call, OPTION_ROWS, "rows", 100000000, &rows, err) ||
        !take_count(call, OPTION_DAYS, "days", 3650, &days, err) ||
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
    };
    if (!preset->write(&options, err))
        return false;
    fprintf(stderr, "%s: %s in %s\n", preset->name, preset->files, options.dir);
    return true;
}

static const struct option_row options[] = {
    [OPTION_OUT] = {"out", "DIR", "where the files go, default ."},
    [OPTION_ROWS] = {"rows", "N", "claims: policies; cards: customers; 0 is the preset's own size"},
    [OPTION_DAYS] = {"days", "N", "cards: how long the stream runs"},
    [OPTION_SEED] = {"seed", "N", "default 1; the same seed gives the same bytes"},
    [OPTION_THREADS] = {"threads", "N", "default 2; any number gives the same bytes"},
    [OPTION_FORCE] = {"force", NULL, "replace files that are there already"},
    {0},
};

const struct command command_generate = {
    .name = "generate",
    .arguments = "PRESET",
    .about = "synthetic history: claims (two tables) or cards (a transaction stream)",
    .more = "claims   claims.csv and customers.csv, joined on policy_id\n"
            "cards    transactions.csv, and scenarios.csv with the truth that is no feature\n",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
