#include "monitor/guard.h"

#include "store/ground.h"
#include "store/journal_add.h"

#include <math.h>

static const int64_t day_us = INT64_C(86400) * 1000000;
static const int64_t base_us = 1760000000000000;

static const struct guard_limits limits = {
    .times = 5, .labels_min = 20, .entity_labels = 10, .turned_share = 0.2};

#define WITH_STORE(title)                                                                          \
    FRESH_STORE(store, title);                                                                     \
    struct guard_findings findings;                                                                \
    WORKS(db_begin(&store.db, &err), err)

static void tell(struct store *store, const char *decision, const char *label, const char *source,
                 const char *client, int64_t at_us)
{
    struct journal_label told = {.decision = view_of(decision),
                                 .label = view_of(label),
                                 .source = view_of(source),
                                 .client = view_of(client),
                                 .at_us = at_us,
                                 .label_ms = at_us / 1000,
                                 .amount_lost = (double)NAN};
    add_label(store, &told);
}

/* Labels of so many decisions nobody has labelled, at one instant. */
static void tell_many(struct store *store, const char *source, const char *client, int count,
                      int64_t at_us)
{
    static int number;
    for (int i = 0; i < count; i++) {
        char id[32];
        snprintf(id, sizeof id, "d%d", number++);
        tell(store, id, "legit", source, client, at_us);
    }
}

static int64_t last_label(struct store *store)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    struct err err = {0};
    WORKS(db_prepare(&store->db, "select coalesce(max(id), 0) from label", &row, &err), err);
    TRUE(db_next(&row, &err));
    return db_i64(&row, 0);
}

/* At what came after label number `after`, until a day after the base. */
static bool look(struct store *store, int64_t after, int64_t since_us, struct guard_findings *out,
                 struct err *err)
{
    struct guard_span span = {after, last_label(store), since_us, base_us + day_us};
    return guard_look(store, &span, &limits, out, err);
}

/* Four weeks of ten chargebacks and two words of an analyst a day. */
static void usual_weeks(struct store *store)
{
    for (int day = -28; day < 0; day++) {
        tell_many(store, "chargeback", "bank", 10, base_us + day * day_us);
        tell_many(store, "analyst", "desk", 2, base_us + day * day_us);
    }
}

ON_BOTH(what_comes_as_it_always_came_is_no_finding)
{
    WITH_STORE("guard_usual");
    usual_weeks(&store);
    int64_t seen = last_label(&store);
    tell_many(&store, "chargeback", "bank", 45, base_us + 1);
    WORKS(look(&store, seen, base_us, &findings, &err), err);
    SAME(findings.count, 0);
    SAME(findings.labels, 45);
    WORKS(db_commit(&store.db, &err), err);
}

ON_BOTH(a_source_that_suddenly_tells_much_more_is_one)
{
    WITH_STORE("guard_source");
    usual_weeks(&store);
    int64_t seen = last_label(&store);
    tell_many(&store, "analyst", "desk", 21, base_us + 1);
    WORKS(look(&store, seen, base_us, &findings, &err), err);
    SAME(findings.count, 2); /* the source, and the client behind it */
    TRUE(strstr(findings.text[0], "source 'analyst' told 21 labels") != NULL);
    TRUE(strstr(findings.text[1], "client 'desk'") != NULL);
    /* Over four days it would be two and a half times what is usual. */
    WORKS(look(&store, seen - 36, base_us - 3 * day_us, &findings, &err), err);
    SAME(findings.count, 0);
    WORKS(db_commit(&store.db, &err), err);
}

ON_BOTH(a_client_that_never_told_any_is_one)
{
    WITH_STORE("guard_client");
    usual_weeks(&store);
    int64_t seen = last_label(&store);
    tell_many(&store, "chargeback", "stranger", 30, base_us + 1);
    WORKS(look(&store, seen, base_us, &findings, &err), err);
    SAME(findings.count, 1);
    TRUE(strstr(findings.text[0], "client 'stranger' told 30 labels") != NULL);
    WORKS(db_commit(&store.db, &err), err);
}

ON_BOTH(the_very_first_labels_have_nothing_usual_before_them)
{
    WITH_STORE("guard_first");
    int64_t seen = 0;
    tell_many(&store, "analyst", "desk", 5000, base_us + 1);
    WORKS(look(&store, seen, base_us, &findings, &err), err);
    SAME(findings.count, 0);
    WORKS(db_commit(&store.db, &err), err);
}

ON_BOTH(an_entity_that_is_called_fraud_again_and_again_is_one_and_is_not_named)
{
    WITH_STORE("guard_entity");
    static const float row[1] = {1};
    usual_weeks(&store);
    int64_t seen = last_label(&store);
    for (int i = 0; i < 32; i++) { /* 11 of card-7, one of card-8; 20 of card-9 were well */
        char id[32];
        snprintf(id, sizeof id, "e%d", i);
        struct journal_decision decision = {.id = view_of(id),
                                            .at_us = base_us - 1,
                                            .variant = VIEW("champion"),
                                            .outcome = VIEW("approve"),
                                            .entity = i < 11    ? VIEW("card-7")
                                                      : i == 11 ? VIEW("card-8")
                                                                : VIEW("card-9"),
                                            .amount = (double)NAN,
                                            .row = row,
                                            .width = 1};
        add_decision(&store, &decision);
        tell(&store, id, i < 12 ? "fraud" : "legit", "chargeback", "bank", base_us + 1);
    }
    WORKS(look(&store, seen, base_us, &findings, &err), err);
    SAME(findings.count, 1);
    TRUE(strstr(findings.text[0], "one of them 11 times") != NULL);
    TRUE(strstr(findings.text[0], "card-7") == NULL);
    WORKS(db_commit(&store.db, &err), err);
}

ON_BOTH(labels_that_are_turned_round_are_one)
{
    WITH_STORE("guard_turned");
    char id[40][32];
    usual_weeks(&store);
    for (int i = 0; i < 40; i++) {
        snprintf(id[i], sizeof id[i], "t%d", i);
        tell(&store, id[i], "fraud", "chargeback", "bank", base_us - day_us);
    }
    int64_t seen = last_label(&store);
    for (int i = 0; i < 40; i++)
        tell(&store, id[i], i < 9 ? "legit" : "fraud", "chargeback", "bank", base_us + 1);
    WORKS(look(&store, seen, base_us, &findings, &err), err);
    SAME(findings.count, 1);
    TRUE(strstr(findings.text[0], "of 40 labelled decisions 9 were turned") != NULL);
    WORKS(db_commit(&store.db, &err), err);
}
