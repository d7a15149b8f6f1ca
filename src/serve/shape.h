/*
 * shape: how the rows of a body are laid out.
 *
 * A contract says which shape each content type has (struct decode_rules); a
 * shape takes one row after the other into decode->record. It is made of these:
 *
 *     shape_begin_row(decode);
 *     ... shape_find_column, shape_set for each field, in any order ...
 *     return shape_finish_row(decode, err);
 *
 * What a shape needs besides is in the arena, behind decode->state.
 */
#ifndef SERVE_SHAPE_H
#define SERVE_SHAPE_H

#include "serve/decode.h"
#include "serve/describe.h"

enum { SHAPE_BESIDE = 3 };

/* How rows may lie in a member of an object that may hold them in several ways. */
enum shape_form {
    FORM_ROWS = 1,    /* [row, ...] */
    FORM_RECORDS = 2, /* [{"age": 35}, ...] */
    FORM_SPLIT = 4,   /* {"columns": ["age"], "data": [[35], ...]} */
    FORM_COLUMNS = 8, /* {"age": [35, ...]} */
};

struct shape_member {
    const char *name;
    unsigned forms;
};

struct shape {
    /* Before the first row. NULL: nothing to do. */
    bool (*open)(struct decode *decode, struct view body, struct arena *arena, struct err *err);
    /* The next row. False at the end, and on an error. */
    bool (*next)(struct decode *decode, struct err *err);
    /* Of an envelope: the member that holds the list of rows, and those that may stand beside it
     * and change nothing. */
    const char *rows, *beside[SHAPE_BESIDE];
    /* Of shapes with several ways: the members, one of which there has to be; ends with NULL. */
    const struct shape_member *member;
    /* Its bodies, as JSON Schema (serve/describe.h). NULL: no client is told to send such. */
    void (*describe)(const struct shape *shape, const struct description *description);
};

/* {"age": 35}, [35], and lists of either. */
extern const struct shape shape_rows;
/* {"features": row}, one. */
extern const struct shape shape_features;
/* {"instances": [row, ...]}, with "parameters" and "signature_name" beside. */
extern const struct shape shape_instances;
/* MLflow's: dataframe_split, dataframe_records, instances or inputs, with "params" beside. */
extern const struct shape shape_mlflow;
/* Azure's: data or input_data, with "params" beside. */
extern const struct shape shape_azure;
/* A row in each line. */
extern const struct shape shape_lines;
/* age=35&city=Oslo, one row. */
extern const struct shape shape_form;
/* {"inputs": [tensor, ...]}; what else it asks for is a struct tensors (serve/tensors.h). */
extern const struct shape shape_tensors;
/* With a header, whose first field names a column, or without one. */
extern const struct shape shape_csv;

void shape_begin_row(struct decode *decode);
bool shape_finish_row(struct decode *decode,
                      struct err *err); /* what is absent, and whether it may be */

/* The column of that name. `*index` is where it is looked for first: clients mostly send fields in
 * one order. ERR_INPUT names what the model does not know. */
bool shape_find_column(const struct decode *decode, struct view name, size_t *index,
                       struct err *err);

/* The value that begins with `token` is the column's; decode->scan stands behind the token. */
bool shape_set(struct decode *decode, size_t index, const struct token *token, struct err *err);
bool shape_set_text(struct decode *decode, size_t index, struct view text, struct err *err);

/* A whole row, named or positional, whose first token is given. */
bool shape_take_row(struct decode *decode, const struct token *first, struct err *err);
/* The same for a list that has been entered, whose first value is `token`. */
bool shape_take_positional(struct decode *decode, struct token token, struct err *err);

/* Nothing may follow the document's value. */
bool shape_end_document(struct decode *decode, struct err *err);

/* The next row of an envelope, for the shapes that have `rows`. */
bool shape_next_of_envelope(struct decode *decode, struct err *err);

/* Whether the body is an object that begins with a member of the shape, or what stands beside it,
 * and not with a column of the schema. */
bool shape_begins(const struct shape *shape, const struct schema *schema, struct view body,
                  struct arena *arena);

bool shape_wrong_count(const struct decode *decode, struct err *err); /* false */

#endif
