#include "store/journal_rows.h"

#include "journal_rows_ground.h"

ON_BOTH(a_decision_comes_back_to_the_bit)
{
    WITH_STORE("table_bits");
    CLEANUP(journal_rows_close) struct journal_rows rows = {0};
    struct journal_decision d;
    for (uint64_t i = 0; i < 4; i++)
        add(&store, 0, i);
    WORKS(journal_rows_open(&rows, &store, &(struct journal_query){0}, &err), err);
    for (uint64_t i = 0; i < 4; i++) {
        TRUE(journal_rows_next(&rows, &d, &err));
        TRUE(is_numbered(&d, 0, i));
    }
    TRUE(!journal_rows_next(&rows, &d, &err));
    WORKS(err.kind == ERR_NONE, err);
    store_close(&store);
}

ON_BOTH(a_decision_is_added_once_and_known_by_its_id_and_time)
{
    WITH_STORE("table_once");
    struct numbered n;
    add(&store, 0, 1);
    number_it(&n, 0, 1);
    SAME(add_decision(&store, &n.decision), 0);
    n.decision.at_us++; /* the id was forgotten, and comes again */
    SAME(add_decision(&store, &n.decision), 1);
    TEXT(view_of(found(&store, &(struct journal_query){.id = VIEW("w0-1")})), "1 1 ");
    store_close(&store);
}

ON_BOTH(bytes_that_are_no_text_are_kept_as_text)
{
    WITH_STORE("table_bytes");
    struct numbered n;
    number_it(&n, 0, 1);
    n.decision.entity = (struct view){"a\xFF\0\xC3\xA9z", 6};
    add_decision(&store, &n.decision);
    TEXT(view_of(found(&store, &(struct journal_query){.entity = VIEW("a\\xFF\\x00\xC3\xA9z")})),
         "1 ");
    store_close(&store);
}

static void say(struct store *store, const char *label, const char *source, int64_t at_us)
{
    struct journal_label l = {.decision = VIEW("w0-1"),
                              .label = view_of(label),
                              .source = view_of(source),
                              .at_us = at_us,
                              .label_ms = 5,
                              .amount_lost = at_us == 30 ? 12.75 : (double)NAN};
    add_label(store, &l);
}

static void count_label(void *self, const struct journal_label *label UNUSED)
{
    ++*(int *)self;
}

ON_BOTH(of_labels_that_disagree_the_better_source_is_believed_and_then_the_newer)
{
    WITH_STORE("table_label");
    struct journal_label label;
    bool there;
    int count = 0;
    WORKS(journal_label_of(&store, VIEW("w0-1"), &arena, &label, &there, &err), err);
    TRUE(!there);
    say(&store, "legit", "customer", 10);
    say(&store, "fraud", "hearsay", 20);
    WORKS(journal_label_of(&store, VIEW("w0-1"), &arena, &label, &there, &err), err);
    TRUE(there);
    TEXT(label.source, "customer");
    TRUE(isnan(label.amount_lost));
    say(&store, "fraud", "chargeback", 30);
    say(&store, "legit", "analyst", 40);
    WORKS(journal_label_of(&store, VIEW("w0-1"), &arena, &label, &there, &err), err);
    TEXT(label.source, "chargeback");
    TEXT(label.label, "fraud");
    NEAR(label.amount_lost, 12.75, 0);
    say(&store, "legit", "chargeback", 50);
    WORKS(journal_label_of(&store, VIEW("w0-1"), &arena, &label, &there, &err), err);
    TEXT(label.label, "legit");
    WORKS(journal_labels_moved(&store, VIEW("w0-1"), count_label, &count, &err), err);
    SAME(count, 5); /* the history is kept */
    store_close(&store);
}

static void collect(void *self, const struct journal_answer *answer)
{
    struct text *text = self;
    text_add(text, answer->key);
    text_addc(text, '=');
    text_add(text, answer->body);
    text_addf(text, "/%d ", answer->status);
}

ON_BOTH(answers_come_back_oldest_first_and_the_newest_when_not_all_fit)
{
    WITH_STORE("table_answer");
    char bytes[512];
    struct text text = text_in(bytes, sizeof bytes);
    static const char *const keys[] = {"k1", "k2", "k3"};
    struct journal_adding adding;
    uint64_t added;
    WORKS(journal_adding_open(&adding, &store, &err), err);
    for (size_t i = 0; i < LENGTH_OF(keys); i++) {
        struct journal_answer answer = {.key = view_of(keys[i]),
                                        .at_us = (int64_t)i + 10,
                                        .request = digest_of(VIEW("b")),
                                        .status = 200,
                                        .body = VIEW("a\xFF")};
        WORKS(journal_add_answer(&adding, &answer, VIEW("w0-1"), &err), err);
    }
    WORKS(journal_adding_settle(&adding, &added, &err), err);
    journal_adding_close(&adding);
    struct journal_answers answers = {.bytes_max = 1000, .each = collect, .self = &text};
    WORKS(journal_answers_moved(&answers, &store, &err), err);
    TEXT(text_view(&text), "k1=a\xFF/200 k2=a\xFF/200 k3=a\xFF/200 ");
    text.length = 0;
    answers.since_us = 11;
    WORKS(journal_answers_moved(&answers, &store, &err), err);
    TEXT(text_view(&text), "k2=a\xFF/200 k3=a\xFF/200 ");
    text.length = 0;
    answers.bytes_max = 7;
    WORKS(journal_answers_moved(&answers, &store, &err), err);
    TEXT(text_view(&text), "k3=a\xFF/200 ");
    store_close(&store);
}
