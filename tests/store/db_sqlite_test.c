#include "store/db.h"

#include "base/file.h"
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

TEST(a_file_that_is_no_database_is_damaged_and_a_copy_helps)
{
    struct db db = {0};
    struct err err = {0};
    char path[300];
    snprintf(path, sizeof path, "%s/damaged.db", test_dir());
    WORKS(file_save(path, VIEW("this was a database once, and is none any more"), &err), err);
    FAILS(db_open(&db, path, &err), err, ERR_STORE);
    SAYS(err, "damaged.db is damaged (file is not a database): put a copy of it back");
    db_close(&db);
}
