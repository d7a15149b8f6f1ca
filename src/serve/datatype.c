#include "serve/datatype.h"

#include <math.h>

static const struct datatype datatypes[] = {
    {.name = "BOOL", .family = FAMILY_BOOL},   {"UINT8", FAMILY_WHOLE, 0, 0xff},
    {"UINT16", FAMILY_WHOLE, 0, 0xffff},       {"UINT32", FAMILY_WHOLE, 0, 0xffffffff},
    {"UINT64", FAMILY_WHOLE, 0, 0x1p64},       {"INT8", FAMILY_WHOLE, -0x80, 0x7f},
    {"INT16", FAMILY_WHOLE, -0x8000, 0x7fff},  {"INT32", FAMILY_WHOLE, -0x1p31, 0x7fffffff},
    {"INT64", FAMILY_WHOLE, -0x1p63, 0x1p63},  {.name = "FP16", .family = FAMILY_REAL},
    {.name = "FP32", .family = FAMILY_REAL},   {.name = "FP64", .family = FAMILY_REAL},
    {.name = "BYTES", .family = FAMILY_BYTES},
};

const struct datatype *datatype_find(struct view name)
{
    for (size_t i = 0; i < LENGTH_OF(datatypes); i++)
        if (view_is(name, datatypes[i].name))
            return &datatypes[i];
    return NULL;
}

const char *datatype_of_column(const struct column *column)
{
    switch (column->kind) {
    case COLUMN_NUMBER:
        return "FP64";
    case COLUMN_INTEGER:
        return "INT64";
    case COLUMN_BOOLEAN:
        return "BOOL";
    case COLUMN_TIMESTAMP:
        return column->format == TIME_ISO ? "BYTES" : "FP64";
    default:
        return "BYTES";
    }
}

bool datatype_takes(const struct datatype *type, const struct token *token)
{
    bool number = token->kind == TOKEN_NUMBER;
    if (token->kind == TOKEN_NULL)
        return true;
    switch (type->family) {
    case FAMILY_BOOL:
        return token->kind == TOKEN_TRUE || token->kind == TOKEN_FALSE ||
               (number && (token->number == 0 || token->number == 1));
    case FAMILY_WHOLE:
        return number && token->number == floor(token->number) && token->number >= type->min &&
               token->number <= type->max;
    case FAMILY_REAL:
        return number;
    case FAMILY_BYTES:
        break;
    }
    return token->kind == TOKEN_TEXT;
}

const char *datatype_schema(const struct datatype *type)
{
    static const char *const values[] = {
        [FAMILY_BOOL] = "{\"enum\":[true,false,0,1,null]}",
        [FAMILY_WHOLE] = "{\"type\":[\"integer\",\"null\"]}",
        [FAMILY_REAL] = "{\"type\":[\"number\",\"null\"]}",
        [FAMILY_BYTES] = "{\"type\":[\"string\",\"null\"]}",
    };
    return values[type->family];
}
