/*
 * describe: what may be sent and what is answered, as JSON Schema (2020-12).
 *
 * A shape describes its bodies with these (struct shape's `describe`), a contract its answers as
 * text of its own; serve/openapi.h puts them together. The rows themselves stand once, under
 * components, by the schema of the model that is served.
 */
#ifndef SERVE_DESCRIBE_H
#define SERVE_DESCRIBE_H

#include "base/json.h"
#include "data/schema.h"

/* What a shape describes its bodies by, and where to. */
struct description {
    const struct schema *schema; /* NULL: there is no model */
    bool filled;                 /* absent numbers are filled */
    struct json *json;
};

/* What may stand in a column. */
void describe_column(const struct column *column, struct json *json);

/* The components NamedRow, FilledRow (what is absent is filled) and ListedRow. */
void describe_rows(const struct schema *schema, struct json *json);

/* {"$ref": "#/components/schemas/NAME"} */
void describe_reference(const char *name, struct json *json);

/* A row, named or by position; `filled`: absent numbers may be left out. */
void describe_row(bool filled, struct json *json);

/* A list of at least one row. */
void describe_list_of_rows(bool filled, struct json *json);

/* Rows of CSV as text: a pattern, with the header and without, of values that are surely taken. */
void describe_csv(const struct schema *schema, struct json *json);

#endif
