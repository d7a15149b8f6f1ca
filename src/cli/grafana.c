#include "cli/grafana.h"

#include "base/json.h"
#include "cli/prometheus.h"

enum { LINE_WIDTH = 24, PANEL_HEIGHT = 8, SCHEMA_VERSION = 38 }; /* 38: Grafana 10 */

const struct panel panels[] = {
#define ROW(name) {.part = PANEL_ROW, .title = name},
#define PANEL(panel_kind, columns, of_unit, name, said)                                            \
    {.part = PANEL_ITSELF,                                                                         \
     .kind = panel_kind,                                                                           \
     .width = columns,                                                                             \
     .unit = of_unit,                                                                              \
     .title = name,                                                                                \
     .about = said},
#define QUERY(name, query) {.part = PANEL_QUERY, .legend = name, .expression = query},
#include "cli/panels.def"
#undef ROW
#undef PANEL
#undef QUERY
};
const size_t panels_count = LENGTH_OF(panels);

struct place {
    int x, y, height; /* of what comes next; of the line so far */
};

static void end_line(struct place *place)
{
    place->y += place->height;
    place->x = place->height = 0;
}

static void add_place(struct json *json, struct place *place, int width, int height)
{
    if (place->x + width > LINE_WIDTH)
        end_line(place);
    json_key(json, "gridPos");
    json_open(json, '{');
    json_key(json, "h"), json_i64(json, height);
    json_key(json, "w"), json_i64(json, width);
    json_key(json, "x"), json_i64(json, place->x);
    json_key(json, "y"), json_i64(json, place->y);
    json_close(json);
    place->x += width;
    place->height = height;
}

static void add_source(struct json *json)
{
    json_key(json, "datasource");
    json_open(json, '{');
    json_key(json, "type"), json_string(json, "prometheus");
    json_key(json, "uid"), json_string(json, "${datasource}");
    json_close(json);
}

static void add_query(struct json *json, const struct panel *query, const char *kind, size_t index)
{
    char bytes[4096], letter[2] = {(char)('A' + index), '\0'};
    struct text text = text_in(bytes, sizeof bytes);
    bool now = strcmp(kind, "table") == 0 || strcmp(kind, "bargauge") == 0;
    prometheus_expand(query->expression, "$job", &text); /* the dashboard's own variable */
    assert(!text.cut);
    json_open(json, '{');
    add_source(json);
    json_key(json, "expr"), json_text(json, text_view(&text));
    json_key(json, "instant"), json_bool(json, now);
    json_key(json, "format");
    json_string(json, strcmp(kind, "table") == 0 ? "table" : "time_series");
    json_key(json, "legendFormat"), json_string(json, query->legend);
    json_key(json, "refId"), json_string(json, letter);
    json_close(json);
}

static void add_row(struct json *json, const struct panel *row, struct place *place, size_t id)
{
    end_line(place);
    json_open(json, '{');
    json_key(json, "id"), json_count(json, id);
    json_key(json, "type"), json_string(json, "row");
    json_key(json, "title"), json_string(json, row->title);
    json_key(json, "collapsed"), json_bool(json, false);
    json_key(json, "panels");
    json_open(json, '[');
    json_close(json);
    add_place(json, place, LINE_WIDTH, 1);
    json_close(json);
    end_line(place);
}

static void add_panel(struct json *json, const struct panel *panel, struct place *place, size_t id)
{
    json_open(json, '{');
    json_key(json, "id"), json_count(json, id);
    json_key(json, "type"), json_string(json, panel->kind);
    json_key(json, "title"), json_string(json, panel->title);
    json_key(json, "description"), json_string(json, panel->about);
    add_source(json);
    add_place(json, place, panel->width, PANEL_HEIGHT);
    json_key(json, "fieldConfig");
    json_open(json, '{');
    json_key(json, "defaults");
    json_open(json, '{');
    json_key(json, "unit"), json_string(json, panel->unit);
    json_close(json);
    json_key(json, "overrides");
    json_open(json, '[');
    json_close(json);
    json_close(json);
    json_key(json, "targets");
    json_open(json, '[');
    for (size_t i = 1; panel + i < panels + panels_count && panel[i].part == PANEL_QUERY; i++)
        add_query(json, &panel[i], panel->kind, i - 1);
    json_close(json);
    json_close(json);
}

static void add_variable(struct json *json, const char *name, const char *label, const char *kind,
                         const char *query)
{
    bool source = strcmp(kind, "datasource") == 0;
    json_open(json, '{');
    json_key(json, "name"), json_string(json, name);
    json_key(json, "label"), json_string(json, label);
    json_key(json, "type"), json_string(json, kind);
    json_key(json, "query"), json_string(json, query);
    if (!source) {
        add_source(json);
        json_key(json, "definition"), json_string(json, query);
        json_key(json, "refresh"), json_count(json, 2); /* whenever the time changes */
        json_key(json, "includeAll"), json_bool(json, true);
        json_key(json, "multi"), json_bool(json, true);
        json_key(json, "allValue"), json_string(json, ".+");
    }
    json_close(json);
}

void grafana_write(struct text *text)
{
    struct json json = json_pretty_to(text);
    struct place place = {0};
    json_open(&json, '{');
    json_key(&json, "uid"), json_string(&json, "assay");
    json_key(&json, "title"), json_string(&json, "Assay");
    json_key(&json, "tags");
    json_open(&json, '[');
    json_string(&json, "assay");
    json_close(&json);
    json_key(&json, "schemaVersion"), json_count(&json, SCHEMA_VERSION);
    json_key(&json, "editable"), json_bool(&json, true);
    json_key(&json, "refresh"), json_string(&json, "30s");
    json_key(&json, "time");
    json_open(&json, '{');
    json_key(&json, "from"), json_string(&json, "now-6h");
    json_key(&json, "to"), json_string(&json, "now");
    json_close(&json);
    json_key(&json, "templating");
    json_open(&json, '{');
    json_key(&json, "list");
    json_open(&json, '[');
    add_variable(&json, "datasource", "Prometheus", "datasource", "prometheus");
    add_variable(&json, "job", "Job", "query", "label_values(assay_build_info, job)");
    json_close(&json);
    json_close(&json);
    json_key(&json, "panels");
    json_open(&json, '[');
    for (size_t i = 0; i < panels_count; i++) {
        if (panels[i].part == PANEL_ROW)
            add_row(&json, &panels[i], &place, i + 1);
        else if (panels[i].part == PANEL_ITSELF)
            add_panel(&json, &panels[i], &place, i + 1);
    }
    json_close(&json);
    json_close(&json);
    text_addc(text, '\n');
}
