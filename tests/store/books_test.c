#include "store/books.h"

#include "ground.h"
#include "store/governance.h"
#include "store/history.h"
#include "store/trust.h"

static void add_version(struct store *store, const char *seed, struct version *out,
                        struct arena *arena)
{
    struct version wanted = {
        .project = VIEW("p"), .algorithm = VIEW("xgboost"), .metrics = VIEW("{}")};
    struct err err = {0};
    bool known;
    WORKS(store_put_bundle(store, view_of(seed), &wanted.bundle, &err), err);
    WORKS(registry_add(store, &wanted, "ann", arena, out, &known, &err), err);
}

static void promote(struct store *store, const char *alias, int64_t number)
{
    struct err err = {0};
    WORKS(governance_promote(store, alias, GOVERNANCE_ANY, number, 0, "ann", "good", &err), err);
}

static int64_t roll_back(struct store *store)
{
    struct err err = {0};
    int64_t number;
    WORKS(governance_rollback(store, "champion", "ann", "bad", NULL, &number, &err), err);
    return number;
}

#define STORE(store, name)                                                                         \
    FRESH_STORE(store, name);                                                                      \
    struct version version[3];                                                                     \
    add_version(&store, "one", &version[0], &arena);                                               \
    add_version(&store, "two", &version[1], &arena);                                               \
    add_version(&store, "three", &version[2], &arena)

#define NAMED(change, words)                                                                       \
    do {                                                                                           \
        WORKS(db_run(&store.db, change, &err), err);                                               \
        FAILS(books_check(&store, &err), err, ERR_STORE);                                          \
        SAYS(err, words);                                                                          \
        err = (struct err){0};                                                                     \
    } while (0)

ON_BOTH(books_that_were_kept_hold)
{
    STORE(store, "books_hold");
    CLEANUP(trust_close) struct trust trust = {0};
    WORKS(signing_key_make(&trust.key, &err), err);
    WORKS(books_check(&store, &err), err);
    promote(&store, "champion", 1);
    promote(&store, "challenger", 3);
    promote(&store, "champion", 2);
    WORKS(governance_judge(&store, 2, true, "bob", "fine", &err), err);
    WORKS(governance_judge(&store, 2, true, "eve", "fine", &err), err);
    WORKS(governance_judge(&store, 1, false, "bob", "old", &err), err);
    WORKS(trust_sign(&trust, &store, &version[1], "ann", &err), err);
    WORKS(books_check(&store, &err), err);
    promote(&store, "champion", 3);
    SAME(roll_back(&store), 2);
    WORKS(books_check(&store, &err), err);
}

ON_BOTH(what_was_changed_beside_the_log_is_named)
{
    STORE(store, "books_named");
    CLEANUP(trust_close) struct trust trust = {0};
    WORKS(signing_key_make(&trust.key, &err), err);
    promote(&store, "champion", 1);
    promote(&store, "champion", 2);
    WORKS(governance_judge(&store, 2, true, "bob", "fine", &err), err);
    WORKS(trust_sign(&trust, &store, &version[1], "ann", &err), err);
    WORKS(books_check(&store, &err), err);
    NAMED("update alias set number = 1", "version 1: the audit log has it otherwise: an alias");
    WORKS(db_run(&store.db, "update alias set number = 2", &err), err);
    NAMED("insert into judgement (number, verdict, at_ms, actor, comment) values (1, 'approved', "
          "1, 'eve', 'x')",
          "version 1: the audit log has it otherwise: its judgements");
    WORKS(db_run(&store.db, "delete from judgement where actor = 'eve'", &err), err);
    NAMED("delete from judgement", "version 2: the audit log has it otherwise: a judgement");
    WORKS(db_run(&store.db,
                 "insert into judgement (number, verdict, at_ms, actor, comment) values (2, "
                 "'approved', 1, 'bob', 'fine')",
                 &err),
          err);
    WORKS(books_check(&store, &err), err);
    NAMED("delete from signature", "version 2: the audit log has it otherwise: a signature of it");
}

/* Every column of a version's row but its number, by which it is found. */
ON_BOTH(a_row_of_the_registry_is_what_the_log_heard_when_it_was_registered)
{
    static const struct {
        const char *change, *back, *words;
    } each[] = {
        {"update version set algorithm = 'lightgbm'", "update version set algorithm = 'xgboost'",
         "version 2: its algorithm"},
        {"update version set created_ms = created_ms + 1",
         "update version set created_ms = created_ms - 1", "version 2: its created_ms"},
        {"update version set project = 'q'", "update version set project = 'p'",
         "version 2: its project"},
        {"update version set origin = 'import'", "update version set origin = 'train'",
         "version 2: its origin"},
        {"update version set metrics = '{\"f1\":1}'", "update version set metrics = '{}'",
         "version 2: its metrics"},
    };
    STORE(store, "books_row");
    for (size_t i = 0; i < LENGTH_OF(each); i++) {
        struct version now;
        WORKS(registry_find(&store, VIEW("2"), &arena, &now, &err), err);
        WORKS(governance_check(&store, &now, &err), err);
        WORKS(db_run(&store.db, each[i].change, &err), err);
        WORKS(registry_find(&store, VIEW("2"), &arena, &now, &err), err);
        FAILS(governance_check(&store, &now, &err), err, ERR_STORE);
        SAYS(err, each[i].words);
        err = (struct err){0};
        WORKS(db_run(&store.db, each[i].back, &err), err);
    }
}

/* An event of an earlier program says nothing of algorithm and time. */
ON_BOTH(what_the_log_was_not_told_is_not_held_against_a_version)
{
    STORE(store, "books_untold");
    struct version now;
    WORKS(registry_find(&store, VIEW("2"), &arena, &now, &err), err);
    char bundle[DIGEST_HEX_SIZE], metrics[DIGEST_HEX_SIZE], sql[1024];
    struct digest digest = digest_of(now.metrics);
    snprintf(sql, sizeof sql,
             "update audit set payload = '{\"name\":\"" VIEW_FMT "\",\"bundle\":\"%s\","
             "\"metrics\":\"%s\",\"origin\":\"train\",\"project\":\"p\"}' where subject = "
             "'version 2'",
             VIEW_ARG(now.name), digest_print(&now.bundle, bundle), digest_print(&digest, metrics));
    WORKS(db_run(&store.db, sql, &err), err);
    WORKS(governance_check(&store, &now, &err), err);
    WORKS(db_run(&store.db, "update version set project = 'q'", &err), err);
    WORKS(registry_find(&store, VIEW("2"), &arena, &now, &err), err);
    FAILS(governance_check(&store, &now, &err), err, ERR_STORE);
}

ON_BOTH(a_rollback_walks_down_the_stack)
{
    STORE(store, "books_stack");
    struct history history;
    bool left;
    promote(&store, "champion", 1);
    promote(&store, "champion", 2);
    promote(&store, "champion", 3);
    promote(&store, "champion", 2);
    WORKS(governance_judge(&store, 3, false, "bob", "biased", &err), err);
    SAME(roll_back(&store), 1);
    WORKS(history_load(&store, "champion", &arena, &history, &err), err);
    SAME(history.count, 1);
    WORKS(history_was_left(&store, "champion", 2, &left, &err), err);
    TRUE(left);
    WORKS(history_was_left(&store, "champion", 1, &left, &err), err);
    FAIL_UNLESS(!left, "version 1 is in force and counts as left");
    promote(&store, "champion", 2);
    WORKS(history_was_left(&store, "champion", 2, &left, &err), err);
    FAIL_UNLESS(!left, "version 2 was promoted again and counts as left");
    int64_t number;
    WORKS(governance_judge(&store, 1, false, "bob", "old", &err), err);
    FAILS(governance_rollback(&store, "champion", "ann", "x", NULL, &number, &err), err,
          ERR_NOT_FOUND);
}

ON_BOTH(a_champion_is_no_challenger_and_neither_is_what_was_rejected)
{
    STORE(store, "books_challenger");
    int64_t number;
    promote(&store, "champion", 1);
    promote(&store, "challenger", 2);
    promote(&store, "champion", 2);
    WORKS(alias_get(&store, "challenger", &number, &err), err);
    SAME(number, 0);
    promote(&store, "challenger", 3);
    WORKS(governance_judge(&store, 3, false, "bob", "biased", &err), err);
    WORKS(alias_get(&store, "challenger", &number, &err), err);
    SAME(number, 0);
    WORKS(governance_promote(&store, "champion", 2, 1, 0, "ann", "x", &err), err);
    FAILS(governance_promote(&store, "champion", 2, 1, 0, "ann", "x", &err), err, ERR_CONFLICT);
    SAYS(err, "version 1 became the champion meanwhile");
}
