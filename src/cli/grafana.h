/*
 * grafana: the dashboard as Grafana's own JSON, from the rows of cli/panels.def.
 *
 * Its data source and its job are variables of the dashboard, so that the same file is imported
 * anywhere.
 */
#ifndef CLI_GRAFANA_H
#define CLI_GRAFANA_H

#include "base/text.h"

enum panel_part { PANEL_ROW, PANEL_ITSELF, PANEL_QUERY };

/* One line of the table. */
struct panel {
    enum panel_part part;
    const char *kind;
    int width;
    const char *unit, *title, *about; /* a row has its title alone */
    const char *legend, *expression;  /* PANEL_QUERY */
};
extern const struct panel panels[];
extern const size_t panels_count;

void grafana_write(struct text *text);

#endif
