#include "store/journal_erase.h"

#include "ground.h"
#include "journal_add.h"
#include "journal_ground.h"
#include "store/audit.h"
#include "store/journal_log.h"
#include "store/journal_move.h"

enum { MEMORY = 8 << 20 };

#define WITH_STORE(title)                                                                          \
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};                                 \
    struct store store = {0};                                                                      \
    struct err err = {0};                                                                          \
    struct store_place place = ground_place(ground, &arena, title);                                \
    WORKS(store_open_place(&store, &place, &err), err);                                            \
    const char *dir UNUSED = path_join(&arena, place.dir, "journal")

/* Decisions `from`..`to`, those with an even number of card "even"; each with a label and answer.
 */
static void write_journal(const char *dir, uint64_t from, uint64_t to)
{
    CLEANUP(journal_release) struct journal journal = {0};
    struct err err = {0};
    WORKS(journal_open(&journal, &(struct journal_options){.dir = dir}, 1, &err), err);
    for (uint64_t i = from; i <= to; i++) {
        struct numbered n;
        uint64_t ticket;
        number_it(&n, 0, i);
        n.decision.entity = i % 2 == 0 ? VIEW("even") : VIEW("odd");
        struct journal_answer answer = {
            .key = n.decision.id, .at_us = n.decision.at_us, .body = VIEW("yes")};
        struct journal_label label = {
            .decision = n.decision.id, .label = VIEW("fraud"), .at_us = n.decision.at_us};
        WORKS(journal_append(&journal, 0, &n.decision, 1, &answer, &ticket, &err), err);
        WORKS(journal_append_label(&journal, 0, &label, &ticket, &err), err);
    }
    WORKS(journal_close(&journal, &err), err);
}

static const char *found(struct store *store, const char *dir)
{
    static char bytes[512];
    CLEANUP(journal_log_close) struct journal_log log = {0};
    struct text text = text_in(bytes, sizeof bytes);
    struct journal_decision d;
    struct err err = {0};
    WORKS(journal_log_open(&log, store, dir, &(struct journal_query){0}, &err), err);
    while (journal_log_next(&log, &d, &err)) {
        text_add(&text, view_from(d.id, 3));
        text_addc(&text, ' ');
    }
    WORKS(err.kind == ERR_NONE, err);
    return text_c(&text);
}

static int64_t count_of(struct store *store, const char *sql)
{
    CLEANUP(db_finish) struct db_statement s = {0};
    struct err err = {0};
    WORKS(db_prepare(&store->db, sql, &s, &err), err);
    TRUE(db_next(&s, &err));
    return db_i64(&s, 0);
}

ON_BOTH(an_entity_is_erased_where_it_is_and_left_out_where_it_comes_from)
{
    WITH_STORE("erase_entity");
    struct journal_moved moved;
    struct journal_erased erased;
    write_journal(dir, 1, 6);
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    write_journal(dir, 7, 10); /* these are not moved yet */
    WORKS(journal_erase(&store, ERASE_BY_ENTITY, VIEW("even"), "ann", &erased, &err), err);
    SAME(erased.decisions, 3);
    SAME(erased.labels, 3);
    SAME(erased.answers, 3);
    TEXT(view_of(found(&store, dir)), "1 3 5 7 9 ");
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    SAME(moved.decisions, 2);
    SAME(moved.answers, 2);
    SAME(moved.left_out, 2 + 2); /* decisions, and what was said of them */
    TEXT(view_of(found(&store, dir)), "1 3 5 7 9 ");
    SAME(count_of(&store, "select count(*) from label"), 5);
    SAME(count_of(&store, "select count(*) from answer"), 5);
    SAME(count_of(&store, "select count(*) from decision where entity = 'even'"), 0);
    SAME(count_of(&store, "select count(*) from erased where mark = 'even'"), 0);
    store_close(&store);
}

ON_BOTH(a_decision_is_erased_by_its_id_with_all_that_was_said_of_it)
{
    WITH_STORE("erase_id");
    struct journal_moved moved;
    struct journal_erased erased;
    write_journal(dir, 1, 3);
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    write_journal(dir, 4, 5);
    WORKS(journal_erase(&store, ERASE_BY_ID, VIEW("w0-2"), "ann", &erased, &err), err);
    SAME(erased.decisions + erased.labels + erased.answers, 3);
    WORKS(journal_erase(&store, ERASE_BY_ID, VIEW("w0-4"), "ann", &erased, &err), err);
    SAME(erased.decisions + erased.labels + erased.answers, 0);
    TEXT(view_of(found(&store, dir)), "1 3 5 ");
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    TEXT(view_of(found(&store, dir)), "1 3 5 ");
    SAME(count_of(&store, "select count(*) from label"), 3);
    SAME(count_of(&store, "select count(*) from answer"), 3);
    store_close(&store);
}

/* The decision was moved and erased long ago; its chargeback comes today. */
ON_BOTH(what_is_said_of_an_erased_decision_later_is_left_out)
{
    WITH_STORE("erase_late");
    CLEANUP(journal_release) struct journal journal = {0};
    struct journal_moved moved;
    struct journal_erased erased;
    uint64_t ticket;
    write_journal(dir, 1, 2);
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    WORKS(journal_erase(&store, ERASE_BY_ENTITY, VIEW("even"), "ann", &erased, &err), err);
    WORKS(journal_open(&journal, &(struct journal_options){.dir = dir}, 1, &err), err);
    struct journal_label late = {.decision = VIEW("w0-2"), .source = VIEW("chargeback")};
    WORKS(journal_append_label(&journal, 0, &late, &ticket, &err), err);
    WORKS(journal_close(&journal, &err), err);
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    SAME(moved.left_out, 1);
    SAME(count_of(&store, "select count(*) from label where decision = 'w0-2'"), 0);
    store_close(&store);
}

/* number_it's decisions are of 2025: what comes after the mark is somebody's new business. */
ON_BOTH(an_entity_that_comes_again_is_kept_again)
{
    WITH_STORE("erase_again");
    struct journal_erased erased;
    struct erasures erasures = {0};
    struct journal_decision d = {
        .id = VIEW("new"), .entity = VIEW("even"), .at_us = (int64_t)4000000000000000};
    WORKS(journal_erase(&store, ERASE_BY_ENTITY, VIEW("even"), "ann", &erased, &err), err);
    WORKS(erasures_load(&erasures, &store, &err), err);
    TRUE(!erasures_cover(&erasures, &d));
    d.at_us = 1760000000000000;
    TRUE(erasures_cover(&erasures, &d));
    d.entity = VIEW("eve");
    TRUE(!erasures_cover(&erasures, &d));
    WORKS(journal_erase(&store, ERASE_BY_ENTITY, VIEW("eve"), "ann", &erased, &err), err);
    TRUE(!erasures_cover(&erasures, &d));
    WORKS(erasures_load(&erasures, &store, &err), err); /* it sees that there is a new one */
    TRUE(erasures_cover(&erasures, &d));
    SAME(erasures.count, 2);
    erasures_close(&erasures);
    store_close(&store);
}

ON_BOTH(the_audit_log_tells_how_much_was_erased_and_not_whose)
{
    WITH_STORE("erase_audit");
    CLEANUP(audit_close) struct audit_reader reader = {0};
    struct journal_moved moved;
    struct journal_erased erased;
    struct audit_event event;
    write_journal(dir, 1, 2);
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    WORKS(journal_erase(&store, ERASE_BY_ENTITY, VIEW("even"), "ann", &erased, &err), err);
    WORKS(audit_read(&store, 0, &reader, &err), err);
    TRUE(audit_next(&reader, &event, &err));
    TEXT(event.action, "erase");
    TEXT(event.actor, "ann");
    TEXT(event.payload, "{\"by\":\"entity\",\"decisions\":1,\"labels\":1,\"answers\":1}");
    TRUE(!audit_next(&reader, &event, &err));
    audit_close(&reader);
    store_close(&store);
}

static void collect(void *self, const struct journal_answer *answer)
{
    text_add(self, answer->key);
    text_addc(self, ' ');
}

/* 1..3 in the database, 4..6 in a segment; each told once, and nothing of what was erased. */
ON_BOTH(answers_are_told_from_both_places_and_not_of_what_was_erased)
{
    WITH_STORE("erase_answers");
    struct journal_moved moved;
    struct journal_erased erased;
    char bytes[512];
    struct text text = text_in(bytes, sizeof bytes);
    struct journal_answers answers = {.store = &store,
                                      .bytes_max = 1 << 20,
                                      .segments_max = 1 << 20,
                                      .each = collect,
                                      .self = &text};
    write_journal(dir, 1, 3);
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    write_journal(dir, 4, 6);
    WORKS(journal_answers(&answers, dir, &err), err);
    TEXT(text_view(&text), "w0-1 w0-2 w0-3 w0-4 w0-5 w0-6 ");
    WORKS(journal_erase(&store, ERASE_BY_ENTITY, VIEW("even"), "ann", &erased, &err), err);
    text.length = 0;
    WORKS(journal_answers(&answers, dir, &err), err);
    TEXT(text_view(&text), "w0-1 w0-3 w0-5 ");
    store_close(&store);
}

ON_BOTH(what_has_been_kept_long_enough_goes)
{
    WITH_STORE("retain");
    struct journal_moved moved;
    struct journal_erased gone;
    const int64_t day_us = 86400000000, base = 1760000000000000;
    write_journal(dir, 1, 5); /* a millisecond apart */
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    struct journal_keep keep = {.days = 10, .answer_hours = 24 * 10};
    WORKS(journal_retain(&store, &keep, base + 10 * day_us, &gone, &err), err);
    SAME(gone.decisions + gone.labels + gone.answers, 0);
    WORKS(journal_retain(&store, &keep, base + 10 * day_us + 3000, &gone, &err), err);
    SAME(gone.decisions, 2);
    SAME(gone.labels, 2);
    SAME(gone.answers, 2);
    TEXT(view_of(found(&store, dir)), "3 4 5 ");
    keep.days = 0;
    WORKS(journal_retain(&store, &keep, base + 1000 * day_us, &gone, &err), err);
    SAME(gone.decisions, 0);
    SAME(gone.answers, 3);
    SAME(count_of(&store, "select count(*) from audit where action = 'retain'"), 1);
    store_close(&store);
}

TEST(retention_goes_on_until_nothing_is_too_old)
{
    const struct ground ground_of = {0}, *ground = &ground_of;
    WITH_STORE("retain_many");
    struct journal_erased gone;
    enum { MANY = 5003 };
    WORKS(db_begin(&store.db, &err), err);
    for (uint64_t i = 1; i <= MANY; i++) {
        struct numbered n;
        number_it(&n, 0, i);
        add_decision(&store, &n.decision);
    }
    WORKS(db_commit(&store.db, &err), err);
    struct journal_keep keep = {.days = 1};
    WORKS(journal_retain(&store, &keep, 1860000000000000, &gone, &err), err);
    SAME(gone.decisions, MANY);
    store_close(&store);
}
