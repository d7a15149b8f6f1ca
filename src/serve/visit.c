#include "serve/visit.h"

static const struct served *find(const struct lineup *lineup, struct view name)
{
    const struct served *champion = lineup->champion;
    for (size_t i = 0; i < lineup->named_count; i++)
        if (view_is(name, served_name(lineup->named[i])))
            return lineup->named[i];
    if (champion != NULL && (view_is(name, "champion") || view_is(name, served_name(champion))))
        return champion;
    return NULL;
}

const struct served *visit_model(struct visit *visit, const struct contract *contract)
{
    struct view name = visit->part[0], version = visit->part[1];
    const struct served *served = find(visit->lineup, name);
    struct err err = {0};
    if (served != NULL && (version.length == 0 || view_is(version, served->version)))
        return served;
    if (served != NULL)
        err_set(&err, ERR_NOT_FOUND, "model '" VIEW_FMT "' has no version '" VIEW_FMT "' here",
                VIEW_ARG(name), VIEW_ARG(version));
    else if (visit->served == NULL && !visit->server->options.many_models)
        err_set(&err, ERR_UNAVAILABLE, "no model is loaded");
    else
        err_set(&err, ERR_NOT_FOUND, "there is no model '" VIEW_FMT "' here", VIEW_ARG(name));
    contract_fail_by(contract, &err, visit->response);
    return NULL;
}
