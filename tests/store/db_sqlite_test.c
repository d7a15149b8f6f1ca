#include "store/db.h"

#include "harness.h"

TEST(a_file_that_cannot_be_opened_is_named)
{
    struct db db = {0};
    struct err err = {0};
    FAILS(db_open(&db, "/no/such/dir/x.db", &err), err, ERR_STORE);
    SAYS(err, "/no/such/dir/x.db");
    TRUE(db.handle == NULL);
    db_close(&db); /* harmless */
}
