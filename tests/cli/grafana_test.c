#include "cli/grafana.h"

#include "harness.h"

#include "base/doc.h"

enum { WIDTH = 24, HEIGHT_MAX = 256 };

static double number(const struct doc *object, const char *key)
{
    const struct doc *doc = doc_find(object, key);
    TRUE(doc != NULL && doc->kind == DOC_NUMBER);
    return doc->number;
}

TEST(panels_lie_side_by_side_and_none_on_another)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct text text = text_in_arena(&arena);
    struct err err = {0};
    static bool taken[HEIGHT_MAX][WIDTH];
    memset(taken, 0, sizeof taken);
    grafana_write(&text);
    TRUE(!text.cut);
    const struct doc *doc = doc_parse(text_view(&text), &arena, &err);
    WORKS(doc != NULL, err);
    size_t count = 0;
    double last_id = 0;
    for (const struct doc *panel = doc_find(doc, "panels")->first; panel != NULL;
         panel = panel->next, count++) {
        const struct doc *place = doc_find(panel, "gridPos");
        size_t x = (size_t)number(place, "x"), y = (size_t)number(place, "y");
        size_t w = (size_t)number(place, "w"), h = (size_t)number(place, "h");
        TRUE(x + w <= WIDTH && y + h <= HEIGHT_MAX);
        for (size_t i = y; i < y + h; i++)
            for (size_t k = x; k < x + w; k++) {
                TRUE(!taken[i][k]);
                taken[i][k] = true;
            }
        TRUE(number(panel, "id") > last_id);
        last_id = number(panel, "id");
        if (view_is(doc_find(panel, "type")->text, "row"))
            continue;
        const struct doc *targets = doc_find(panel, "targets");
        TRUE(targets->count > 0);
        size_t letter = 0;
        for (const struct doc *target = targets->first; target != NULL; target = target->next) {
            TRUE(doc_find(target, "refId")->text.text[0] == (char)('A' + letter++));
            TRUE(doc_find(target, "expr")->text.length > 0);
            TEXT(doc_find(doc_find(target, "datasource"), "uid")->text, "${datasource}");
        }
    }
    TRUE(count > 20);
}
