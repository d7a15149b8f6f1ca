#include "base/file.h"
#include "base/json.h"
#include "cli/project.h"
#include "report/report.h"
#include "store/governance.h"
#include "store/meeting.h"

enum { OPTION_OUT, OPTION_BUNDLE, OPTION_CARD };

enum { PAGE_MEMORY = 512 << 20 };

/* What the registry says of the version, for the report. */
static bool gather(struct project *project, struct report *report, struct err *err)
{
    struct store *store = &project->store;
    struct text text = text_in_arena(&project->arena);
    struct json json = json_to(&text);
    struct meeting last;
    int64_t champion, challenger, number = report->version->number;
    json_open(&json, '{');
    if (!governance_write(store, number, &json, err) ||
        !meeting_last(store, number, &project->arena, &last, err) ||
        !alias_get(store, "champion", &champion, err) ||
        !alias_get(store, "challenger", &challenger, err))
        return false;
    json_close(&json);
    report->governance = text_view(&text);
    report->comparison = last.document;
    report->alias = number == champion     ? VIEW("champion")
                    : number == challenger ? VIEW("challenger")
                                           : VIEW("");
    return !text.cut || err_set(err, ERR_LIMIT, "the judgements do not fit the memory limit");
}

static bool put(const struct call *call, struct view bytes, struct err *err)
{
    const char *path = call->option[OPTION_OUT];
    if (path != NULL)
        return file_save(path, bytes, err);
    return fwrite(bytes.text, 1, bytes.length, stdout) == bytes.length ||
           err_set(err, ERR_IO, "the report cannot be written");
}

static bool write_page(const struct call *call, struct report *report, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = PAGE_MEMORY};
    struct text html = text_in_arena(&arena);
    return report_write(report, &arena, &html, err) && put(call, text_view(&html), err);
}

static bool write_card(const struct call *call, const struct bundle *bundle, struct err *err)
{
    struct view card = bundle->paper[PAPER_card];
    if (card.length == 0)
        return err_set(err, ERR_NOT_FOUND,
                       "this bundle carries no model card: `assay train` makes one");
    return put(call, card, err);
}

static bool report_version(struct project *project, const struct call *call, struct err *err)
{
    struct bundle bundle = {0};
    struct version version;
    const char *file = call->option[OPTION_BUNDLE];
    const char *reference = call->arguments == 0 ? NULL : call->argument[0];
    if (!project_load_bundle(project, file, reference, &bundle, &version, err))
        return false;
    struct report report = {.version = file == NULL ? &version : NULL, .bundle = &bundle};
    bool ok = call->option[OPTION_CARD] != NULL ? write_card(call, &bundle, err)
                                                : (file != NULL || gather(project, &report, err)) &&
                                                      write_page(call, &report, err);
    bundle_release(&bundle);
    return ok;
}

static bool run(const struct call *call, struct err *err)
{
    struct project project;
    if (!project_open_loosely(&project, call, err))
        return false;
    bool ok = report_version(&project, call, err);
    project_close(&project);
    return ok;
}

static const struct option_row options[] = {
    [OPTION_OUT] = {"out", "FILE", "where the page goes; standard output when not given"},
    [OPTION_BUNDLE] = {"bundle", "FILE", "of a bundle's file instead of a version"},
    [OPTION_CARD] = {"card", NULL, "the model card instead, JSON in SageMaker's field names"},
    {0},
};

const struct command command_report = {
    .name = "report",
    .arguments = "[VERSION]",
    .about = "everything that is known of a version, on one page of HTML",
    .more = "The version is a number, a name, an alias or a digest; the champion when not given.\n"
            "The page needs nothing but itself: no scripts, no network.\n",
    .options = options,
    .most = 1,
    .run = run,
};
