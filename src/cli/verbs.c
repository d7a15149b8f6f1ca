#include "cli/verbs.h"

const struct verb *verbs_find(const struct verbs *verbs, const char *name)
{
    for (size_t i = 0; i < verbs->count; i++)
        if (strcmp(verbs->verb[i].name, name) == 0)
            return &verbs->verb[i];
    return NULL;
}

bool verb_takes(const struct verb *verb, const struct call *call)
{
    size_t given = call->arguments > 0 ? call->arguments - 1 : 0;
    return given >= verb->least && given <= verb->most;
}

bool verbs_call(const struct verbs *verbs, const struct verb *verb, const struct call *call,
                struct err *err)
{
    struct project project;
    if (!(verbs->needs_project ? project_open : project_open_loosely)(&project, call, err))
        return false;
    bool ok = (verb->writes ? project_open_store : project_find_store)(&project, err) &&
              verb->run(&project, call, err) &&
              (!verb->writes || project_checkpoint(&project, false, err));
    project_close(&project);
    return ok;
}

bool verbs_run(const struct verbs *verbs, const struct call *call, struct err *err)
{
    const struct verb *verb = verbs_find(verbs, call->argument[0]);
    if (verb == NULL || !verb_takes(verb, call))
        return err_set(err, ERR_USAGE, "%s", verbs->usage);
    return verbs_call(verbs, verb, call, err);
}
