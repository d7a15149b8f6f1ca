#include "train/explain_reasons.h"

#include "base/json.h"
#include "decide/reason.h"

static bool check_columns(const struct config *config, const struct yaml *reasons,
                          const struct schema *schema, struct err *err)
{
    for (const struct yaml *item = reasons == NULL ? NULL : reasons->first; item != NULL;
         item = item->next)
        if (schema_find(schema, item->key) == NULL)
            return config_wrong(config, item, err,
                                "reasons: '" VIEW_FMT "' is no column of the data",
                                VIEW_ARG(item->key));
    return true;
}

static void write_member(const struct yaml *item, enum key_id key, const char *name,
                         struct json *json)
{
    struct view text = config_item_text(item, key);
    if (text.length > 0)
        json_key(json, name), json_text(json, text);
}

bool explain_reasons_write(const struct config *config, const struct schema *schema,
                           struct arena *arena, struct view *out, struct err *err)
{
    const struct yaml *reasons = config_node(config, "reasons");
    struct text text = text_in_arena(arena);
    struct json json = json_pretty_to(&text);
    struct reason_book book;
    if (!check_columns(config, reasons, schema, err))
        return false;
    json_open(&json, '{');
    json_key(&json, "most"), json_count(&json, config_count(config, KEY_EXPLAIN_REASONS_MAX));
    json_key(&json, "floor"), json_number(&json, config_number(config, KEY_EXPLAIN_REASONS_FLOOR));
    json_key(&json, "columns");
    json_open(&json, '{');
    for (const struct yaml *item = reasons == NULL ? NULL : reasons->first; item != NULL;
         item = item->next) {
        json_key_view(&json, item->key);
        json_open(&json, '{');
        write_member(item, KEY_REASON_CODE, "code", &json);
        write_member(item, KEY_REASON_TEXT, "text", &json);
        json_close(&json);
    }
    json_close(&json);
    json_close(&json);
    *out = text_view(&text);
    if (text.cut)
        return err_set(err, ERR_LIMIT, "the reasons do not fit the memory limit");
    /* Read back as a server will: whatever is wrong is said now. */
    return reason_book_read(&book, schema, *out, arena, err) || err_while(err, "reasons");
}
