/* Bodies into records, by every contract's rules: whatever comes, a row that is given is whole, and
 * what is refused is refused with words. The first byte chooses the rules and the content type. */
#include "serve/contract.h"

#include <math.h>

enum { COLUMNS = 4, ARENA_MAX = 16 << 20 };

static struct arena lasting = {.limit = 1 << 20};
static struct schema schema;

static void make_schema(void)
{
    static struct column column[COLUMNS] = {
        {.name = VIEW("amount"), .kind = COLUMN_NUMBER, .input = true, .optional = true},
        {.name = VIEW("count"), .kind = COLUMN_INTEGER, .input = true},
        {.name = VIEW("kind"), .kind = COLUMN_CATEGORY, .input = true},
        {.name = VIEW("note"), .kind = COLUMN_TEXT, .optional = true},
    };
    struct err err = {0};
    uint32_t index;
    for (size_t i = 0; i < COLUMNS; i++)
        column[i].min = column[i].max = (double)NAN;
    column[2].values = dictionary_in(&lasting);
    assert(dictionary_add(&column[2].values, VIEW("fire"), &index));
    assert(schema_init(&schema, column, COLUMNS, &lasting, &err));
}

static void check_row(const struct decode *decode)
{
    for (size_t i = 0; i < COLUMNS; i++)
        assert(decode->record.cell[i].set);
    double count = decode->record.cell[1].number;
    assert(count == floor(count) && isfinite(count));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (schema.count == 0)
        make_schema();
    if (size == 0)
        return 0;
    CLEANUP(arena_release) struct arena arena = {.limit = ARENA_MAX};
    struct view body = {arena_copy(&arena, (const char *)data + 1, size - 1), size - 1};
    if (body.text == NULL)
        return 0;
    const struct decode_rules *rules = &contracts[data[0] % contracts_count]->rules;
    size_t types = 0;
    while (types < DECODE_TYPES && rules->takes[types].shape != NULL)
        types++;
    struct view type = view_of(rules->takes[data[0] / contracts_count % types].type);
    CLEANUP(decode_close) struct decode decode;
    struct err err = {0};
    size_t rows = 0;
    decode_names_features(body, &arena);
    shape_begins(&shape_mlflow, &schema, body, &arena);
    bool opened = decode_open(&decode, rules, &schema, type, body, &arena, &err);
    for (; opened && decode_next(&decode, &err); rows++)
        check_row(&decode);
    assert(err.kind == ERR_NONE ? rows > 0 : err.text[0] != '\0');
    return 0;
}
