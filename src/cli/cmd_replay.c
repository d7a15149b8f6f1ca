#include "base/number.h"
#include "cli/instant.h"
#include "cli/project.h"
#include "store/journal_config.h"
#include "store/journal_log.h"
#include "store/journal_replay.h"

enum { OPTION_SINCE, OPTION_UNTIL };

enum { TOLD_MAX = 20 }; /* differences that are printed one by one */

struct tally {
    uint64_t same, different, not_scored;
    char first[VIEW_SHOWN_MAX + 1]; /* id of the first that differs */
};

static void print_pair(const char *what, double kept, double now)
{
    char left[NUMBER_SIZE], right[NUMBER_SIZE];
    number_print(kept, left), number_print(now, right);
    printf("  %-12s kept %s, now %s\n", what, left, right);
}

static void print_all(const struct journal_decision *d, const struct replayed *r)
{
    print_pair("margin", (double)d->margin, (double)r->margin);
    print_pair("score", (double)d->score, (double)r->score);
    print_pair("probability", d->probability, r->probability);
    printf("  %-12s kept %s, now %s\n", "verdict", d->fraud ? "fraud" : "no fraud",
           r->fraud ? "fraud" : "no fraud");
    if (r->outcome != NULL)
        printf("  %-12s kept " VIEW_FMT ", now %s\n", "outcome", VIEW_ARG(d->outcome), r->outcome);
}

static void count(struct tally *tally, const struct journal_decision *d, const struct replayed *r,
                  bool in_full)
{
    if (!r->was_scored) {
        tally->not_scored++;
        if (in_full)
            printf(VIEW_FMT ": " VIEW_FMT " without a score: there is nothing to replay\n",
                   VIEW_ARG(d->id), VIEW_ARG(d->outcome));
        return;
    }
    if (r->differs == NULL) {
        tally->same++;
    } else if (tally->different++ == 0) {
        snprintf(tally->first, sizeof tally->first, VIEW_FMT, VIEW_ARG(d->id));
    }
    if (!in_full && (r->differs == NULL || tally->different > TOLD_MAX))
        return;
    printf(VIEW_FMT ": %s%s\n", VIEW_ARG(d->id),
           r->differs == NULL ? "the same, bit for bit" : "not the same: ",
           r->differs == NULL ? "" : r->differs);
    print_all(d, r);
}

static bool replay_all(struct project *project, const struct journal_query *query,
                       struct tally *tally, struct err *err)
{
    CLEANUP(journal_log_close) struct journal_log log = {0};
    CLEANUP(replay_close) struct replay replay = {0};
    struct journal_decision d;
    struct replayed replayed;
    replay_open(&replay, &project->store);
    if (!journal_log_open(&log, &project->store, journal_dir_of(&project->config), query, err))
        return false;
    while (journal_log_next(&log, &d, err)) {
        if (!replay_decision(&replay, &d, &replayed, err))
            return err_while(err, "replaying " VIEW_FMT, VIEW_ARG(d.id));
        count(tally, &d, &replayed, query->id.length > 0);
    }
    if (log.reader.damage.places > 0)
        fprintf(stderr, "assay replay: %zu damaged places in the journal, the first: %s\n",
                log.reader.damage.places, log.reader.damage.text);
    return err->kind == ERR_NONE;
}

static bool judge(const struct tally *tally, const struct call *call, struct err *err)
{
    uint64_t all = tally->same + tally->different + tally->not_scored;
    if (call->arguments == 1 && all == 0)
        return err_set(err, ERR_NOT_FOUND, "there is no decision '%s' in the journal",
                       call->argument[0]);
    if (call->arguments == 0) {
        printf("%llu decisions replayed, %llu the same bit for bit, %llu not",
               (unsigned long long)(tally->same + tally->different),
               (unsigned long long)tally->same, (unsigned long long)tally->different);
        if (tally->not_scored > 0)
            printf("; %llu were made without a score", (unsigned long long)tally->not_scored);
        printf("\n");
    }
    if (tally->different > 0)
        return err_set(err, ERR_MODEL, "%llu of %llu decisions are not reproduced, the first is %s",
                       (unsigned long long)tally->different,
                       (unsigned long long)(tally->same + tally->different), tally->first);
    return true;
}

static bool run(const struct call *call, struct err *err)
{
    struct journal_query query = {0};
    struct tally tally = {0};
    struct project project;
    if (!instant_option(call, OPTION_SINCE, &query.since_us, err) ||
        !instant_option(call, OPTION_UNTIL, &query.until_us, err))
        return false;
    if (call->arguments == 1)
        query.id = view_of(call->argument[0]);
    if (!project_open_loosely(&project, call, err))
        return false;
    bool ok = project_find_store(&project, err) && replay_all(&project, &query, &tally, err) &&
              judge(&tally, call, err);
    project_close(&project);
    return ok;
}

static const struct option_row options[] = {
    [OPTION_SINCE] = {"since", "TIME", "decisions from this instant on"},
    [OPTION_UNTIL] = {"until", "TIME", "decisions before this instant"},
    {0},
};

const struct command command_replay = {
    .name = "replay",
    .arguments = "[ID]",
    .about = "decisions made again from the rows that were kept, and compared bit for bit",
    .more =
        "Each decision's bundle is found by its digest, and margin, score, probability, verdict\n"
        "and outcome are computed anew from the row in the journal. Without an ID every decision\n"
        "from --since to --until is. The exit status is 9 when one is not the same.\n",
    .options = options,
    .least = 0,
    .most = 1,
    .run = run,
};
