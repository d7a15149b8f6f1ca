#include "monitor/outbox.h"

#include "base/clock.h"
#include "base/dictionary.h"
#include "watch_ground.h"

/* A way out that takes or does not, and remembers. */
struct door {
    char sent[4000]; /* "begun:a over:a " */
    char ids[4000];
    int refuse; /* so many times yet; -1: always */
    int64_t retry_after_ms;
    int tries;
};

static bool take(void *self, const struct notice *notice, int64_t *retry_after_ms, struct err *err)
{
    struct door *door = self;
    door->tries++;
    if (door->refuse != 0) {
        door->refuse -= door->refuse > 0;
        *retry_after_ms = door->retry_after_ms;
        return err_set(err, ERR_IO, "it answered 503");
    }
    size_t at = strlen(door->sent), id_at = strlen(door->ids);
    snprintf(door->sent + at, sizeof door->sent - at, "%s:" VIEW_FMT " ",
             notice_kinds[notice->kind], VIEW_ARG(notice->subject));
    snprintf(door->ids + id_at, sizeof door->ids - id_at, VIEW_FMT " ", VIEW_ARG(notice->id));
    return true;
}

static struct outbox_tally deliver(struct store *store, const char *sink, struct door *door)
{
    struct err err = {0};
    struct outbox_tally tally;
    struct notice_port port = {.name = sink, .send = take, .self = door};
    WORKS(outbox_deliver(store, &port, 1, clock_now_ms() + 60000, &tally, &err), err);
    return tally;
}

ON_BOTH(what_is_due_is_sent_once_in_order_and_whole)
{
    STORE(store, "outbox_once");
    struct door door = {0};
    take_errors(&store, &rules, "a", 0, 12);
    take_errors(&store, &rules, "b", 1, 12);
    take_errors(&store, &rules, "a", 10, 0);
    struct outbox_tally tally = deliver(&store, "log", &door);
    TRUE(tally.sent == 3 && tally.failed == 0 && tally.waiting == 0);
    TEXT(view_of(door.sent), "begun:a begun:b over:a ");
    tally = deliver(&store, "log", &door);
    SAME(tally.sent, 0);
    SAME(door.tries, 3);
}

static bool look(void *self, const struct notice *notice, int64_t *retry_after_ms UNUSED,
                 struct err *err UNUSED)
{
    bool *seen = self;
    TEXT(notice->alarm, "errors");
    TEXT(notice->subject, "a");
    TEXT(notice->title, "Requests fail: a");
    TEXT(notice->text, "12 of 40 failed");
    TEXT(notice->value, "12");
    TEXT(notice->limit, "10");
    TEXT(notice->runbook, alarm_errors.runbook);
    TRUE(notice->kind == NOTICE_BEGUN && notice->severity == SEVERITY_WARNING);
    TRUE(notice->since_ms == START && notice->at_ms == START);
    TRUE(view_starts(notice->id, notice->incident.text) && view_ends(notice->id, "-1"));
    SAME(notice->incident.length, 32);
    return *seen = true;
}

ON_BOTH(a_notice_comes_out_as_it_went_in)
{
    STORE(store, "outbox_whole");
    bool seen = false;
    struct notice_port port = {.name = "log", .send = look, .self = &seen};
    struct outbox_tally tally;
    take_errors(&store, &rules, "a", 0, 12);
    WORKS(outbox_deliver(&store, &port, 1, clock_now_ms() + 60000, &tally, &err), err);
    TRUE(seen);
}

ON_BOTH(what_was_not_taken_waits_longer_each_time_and_is_the_same_notice)
{
    STORE(store, "outbox_again");
    struct door door = {.refuse = 2};
    take_errors(&store, &rules, "a", 0, 12);
    struct outbox_tally tally = deliver(&store, "log", &door);
    TRUE(tally.sent == 0 && tally.failed == 1 && tally.waiting == 1);
    SAME(tally.oldest_ms, START);
    TEXT(view_of(tally.error), "log: it answered 503");
    SAME(deliver(&store, "log", &door).failed, 0); /* not due yet */

    struct outbox_item *item;
    size_t count;
    WORKS(outbox_list(&store, 10, &arena, &item, &count, &err), err);
    SAME(count, 1);
    TRUE(item[0].attempts == 1 && item[0].made_ms == START);
    TEXT(item[0].error, "it answered 503");
    int64_t first = item[0].next_ms - clock_now_ms();
    FAIL_UNLESS(first > 1500 && first <= 5000, "%lld ms", (long long)first);

    WORKS(db_run(&store.db, "update alarm_delivery set next_ms = 0", &err), err);
    SAME(deliver(&store, "log", &door).failed, 1);
    WORKS(outbox_list(&store, 10, &arena, &item, &count, &err), err);
    int64_t second = item[0].next_ms - clock_now_ms();
    FAIL_UNLESS(second > 4000 && second <= 10000, "%lld ms", (long long)second);
    WORKS(db_run(&store.db, "update alarm_delivery set next_ms = 0", &err), err);
    SAME(deliver(&store, "log", &door).sent, 1);
    TEXT(view_of(door.sent), "begun:a ");
    SAME(count_rows(&store, "select attempts from alarm_delivery"), 3);
}

ON_BOTH(that_it_is_over_is_not_told_before_that_it_began)
{
    STORE(store, "outbox_order");
    struct door door = {.refuse = 1};
    take_errors(&store, &rules, "a", 0, 12);
    SAME(deliver(&store, "log", &door).failed, 1);
    take_errors(&store, &rules, "a", 10, 0);
    take_errors(&store, &rules, "b", 10, 12);
    SAME(deliver(&store, "log", &door).sent, 1);
    TEXT(view_of(door.sent), "begun:b ");
    WORKS(db_run(&store.db, "update alarm_delivery set next_ms = 0", &err), err);
    SAME(deliver(&store, "log", &door).sent, 2);
    TEXT(view_of(door.sent), "begun:b begun:a over:a ");
}

ON_BOTH(what_a_sink_asks_for_holds_for_all_that_waits_for_it)
{
    STORE(store, "outbox_retry_after");
    struct door door = {.refuse = 1, .retry_after_ms = 3600000}, other = {0};
    rules.routes = 2;
    rules.route[0] = (struct alarm_route){.sink = "team"};
    rules.route[1] = (struct alarm_route){.sink = "pager"};
    take_errors(&store, &rules, "a", 0, 12);
    take_errors(&store, &rules, "b", 0, 12);
    struct outbox_tally tally = deliver(&store, "team", &door);
    TRUE(tally.failed == 1 && tally.sent == 0);
    SAME(door.tries, 1);
    struct outbox_item *item;
    size_t count;
    WORKS(outbox_list(&store, 10, &arena, &item, &count, &err), err);
    SAME(count, 4);
    for (size_t i = 0; i < count; i++) {
        int64_t wait = item[i].next_ms - clock_now_ms();
        FAIL_UNLESS(view_is(item[i].sink, "team") ? wait > 3500000 && wait <= 3600000 : wait < 0,
                    VIEW_FMT ": %lld ms", VIEW_ARG(item[i].sink), (long long)wait);
    }
    SAME(deliver(&store, "pager", &other).sent, 2);
}

ON_BOTH(a_sink_that_is_down_is_left_alone_after_a_few_tries)
{
    STORE(store, "outbox_down");
    struct door door = {.refuse = -1};
    char subject[16];
    for (int i = 0; i < 10; i++) {
        snprintf(subject, sizeof subject, "s%d", i);
        take_errors(&store, &rules, subject, 0, 12);
    }
    struct outbox_tally tally = deliver(&store, "log", &door);
    TRUE(tally.failed == 3 && tally.waiting == 10);
}

ON_BOTH(what_somebody_delivers_just_now_is_his_until_his_lease_ends)
{
    STORE(store, "outbox_lease");
    struct door door = {0};
    take_errors(&store, &rules, "a", 0, 12);
    WORKS(db_run(&store.db,
                 "update alarm_delivery set lease = 'x', lease_ms = 4102444800000, attempts = 1",
                 &err),
          err);
    SAME(deliver(&store, "log", &door).sent, 0);
    WORKS(db_run(&store.db, "update alarm_delivery set lease_ms = 5", &err), err);
    SAME(deliver(&store, "log", &door).sent, 1);
}

/* Many processes at once: each notice leaves by one of them. */
ON_BOTH(two_deliverers_at_once_send_each_notice_once)
{
    enum { NOTICES = 30, DELIVERERS = 3 };
    STORE(store, "outbox_two");
    char subject[16];
    for (int i = 0; i < NOTICES; i++) {
        snprintf(subject, sizeof subject, "s%d", i);
        take_errors(&store, &rules, subject, 0, 12);
    }
    int ends[2];
    TRUE(pipe(ends) == 0);
    pid_t child[DELIVERERS];
    for (int i = 0; i < DELIVERERS; i++) {
        child[i] = fork();
        if (child[i] != 0)
            continue;
        struct store own = {0};
        struct door door = {0};
        struct err wrong = {0};
        if (!store_open_place(&own, &place, &wrong))
            _exit(1);
        struct outbox_tally tally = deliver(&own, "log", &door);
        ssize_t written = write(ends[1], door.ids, strlen(door.ids));
        store_close(&own);
        _exit(written == (ssize_t)strlen(door.ids) && tally.failed == 0 ? 0 : 2);
    }
    for (int i = 0; i < DELIVERERS; i++) {
        int status;
        TRUE(waitpid(child[i], &status, 0) == child[i] && status == 0);
    }
    close(ends[1]);
    static char all[NOTICES * NOTICE_ID_SIZE];
    ssize_t got = 0, now;
    while ((now = read(ends[0], all + got, sizeof all - (size_t)got)) > 0)
        got += now;
    close(ends[0]);
    struct view rest = view_trim((struct view){all, (size_t)got}), id;
    struct dictionary ids = dictionary_in(&arena);
    size_t sent = 0;
    while (view_cut(&rest, ' ', &id)) {
        uint32_t index;
        TRUE(dictionary_add(&ids, id, &index) && index == sent++);
    }
    SAME(sent, NOTICES);
    SAME(count_rows(&store, "select count(*) from alarm_delivery where state = 'waiting'"), 0);
}
