#include "cli/joined.h"

bool joined_check(const struct joined *joined, struct err *err)
{
    return (joined->with == NULL) == (joined->key == NULL) ||
           err_set(err, ERR_USAGE, "--join FILE and --on COLUMN, the key, go together");
}

bool joined_load(const struct joined *joined, const struct schema *schema, struct arena *arena,
                 struct table *out, struct err *err)
{
    struct table left, right;
    struct join_audit audit;
    if (!table_load(&left, schema, joined->path, arena->limit, arena, err))
        return false;
    *out = left;
    if (joined->with == NULL)
        return table_require_inputs(out, err) || err_while(err, "without --join FILE --on COLUMN");
    struct join join = {.key = view_of(joined->key)};
    return table_load(&right, schema, joined->with, arena->limit, arena, err) &&
           table_join(out, &left, &right, &join, &audit, arena, err) &&
           table_require_inputs(out, err);
}
