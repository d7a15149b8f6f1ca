#include "store/journal_log.h"

#include "journal_ground.h"
#include "store/journal_move.h"

static void open_all(struct store *store, struct journal *journal, const char *name, char dir[600])
{
    struct err err = {0};
    snprintf(dir, 600, "%s/%s", test_dir(), name);
    WORKS(store_open(store, dir, &err), err);
    strncat(dir, "/journal", 20);
    WORKS(journal_open(journal, &(struct journal_options){.dir = dir}, 1, &err), err);
}

static void append(struct journal *journal, uint64_t from, uint64_t to)
{
    struct err err = {0};
    uint64_t ticket = 0;
    for (uint64_t i = from; i <= to; i++) {
        struct numbered n;
        number_it(&n, 0, i);
        WORKS(journal_append(journal, 0, &n.decision, 1, NULL, &ticket, &err), err);
    }
    TRUE(wait_kept(journal, 0, ticket));
}

static const char *found(struct store *store, const char *dir, const struct journal_query *query)
{
    static char bytes[512];
    CLEANUP(journal_log_close) struct journal_log log = {0};
    struct text text = text_in(bytes, sizeof bytes);
    struct journal_decision d;
    struct err err = {0};
    WORKS(journal_log_open(&log, store, dir, query, &err), err);
    while (journal_log_next(&log, &d, &err)) {
        text_add(&text, view_from(d.id, 3));
        text_addc(&text, ' ');
    }
    WORKS(err.kind == ERR_NONE, err);
    return text_c(&text);
}

/* 1..4 in the table, 5..8 in a segment that is open. */
TEST(a_question_is_put_to_the_table_and_to_the_segments)
{
    CLEANUP(store_close) struct store store = {0};
    CLEANUP(journal_release) struct journal journal = {0};
    struct journal_moved moved;
    struct err err = {0};
    char dir[600];
    open_all(&store, &journal, "ask", dir);
    append(&journal, 1, 4);
    WORKS(journal_close(&journal, &err), err);
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    SAME(moved.decisions, 4);
    WORKS(journal_open(&journal, &(struct journal_options){.dir = dir}, 1, &err), err);
    append(&journal, 5, 8);
    TEXT(view_of(found(&store, dir, &(struct journal_query){0})), "1 2 3 4 5 6 7 8 ");
    TEXT(view_of(found(&store, dir, &(struct journal_query){.outcome = VIEW("approve")})),
         "2 4 6 8 ");
    TEXT(view_of(found(
             &store, dir,
             &(struct journal_query){.since_us = 1760000000003000, .until_us = 1760000000007000})),
         "3 4 5 6 ");
    TEXT(view_of(found(&store, dir, &(struct journal_query){.id = VIEW("w0-7")})), "7 ");
    TEXT(view_of(found(&store, dir, &(struct journal_query){.entity = VIEW("card-8")})), "");
    TEXT(view_of(found(&store, dir, &(struct journal_query){.client = VIEW("nobody")})), "");
    TEXT(view_of(found(&store, dir, &(struct journal_query){.variant = VIEW("shadow")})), "");
    WORKS(journal_close(&journal, &err), err);
}

static void collect(void *self, const struct journal_label *label)
{
    text_add(self, label->source);
    text_addc(self, ' ');
}

TEST(labels_come_from_both_places_as_they_were_said)
{
    CLEANUP(store_close) struct store store = {0};
    CLEANUP(journal_release) struct journal journal = {0};
    struct journal_moved moved;
    struct err err = {0};
    char dir[600], bytes[200];
    uint64_t ticket;
    open_all(&store, &journal, "labels", dir);
    static const char *const sources[] = {"customer", "analyst", "chargeback"};
    for (size_t i = 0; i < LENGTH_OF(sources); i++) {
        struct journal_label label = {.decision = VIEW("w0-1"), .source = view_of(sources[i])};
        struct journal_label other = {.decision = VIEW("w0-2"), .source = VIEW("other")};
        WORKS(journal_append_label(&journal, 0, &label, &ticket, &err), err);
        WORKS(journal_append_label(&journal, 0, &other, &ticket, &err), err);
        if (i != 1)
            continue;
        WORKS(journal_close(&journal, &err), err);
        WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
        WORKS(journal_open(&journal, &(struct journal_options){.dir = dir}, 1, &err), err);
    }
    TRUE(wait_kept(&journal, 0, ticket));
    struct text text = text_in(bytes, sizeof bytes);
    WORKS(journal_labels(&store, dir, VIEW("w0-1"), collect, &text, &err), err);
    TEXT(text_view(&text), "customer analyst chargeback ");
    WORKS(journal_close(&journal, &err), err);
}
