#include "store/journal_move.h"

#include "base/clock.h"
#include "ground.h"
#include "journal_add.h"
#include "journal_ground.h"
#include "store/journal_log.h"

enum { MEMORY = 8 << 20 };

#define WITH_STORE(title)                                                                          \
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};                                 \
    struct store store = {0};                                                                      \
    struct err err = {0};                                                                          \
    struct store_place place = ground_place(ground, &arena, title);                                \
    WORKS(store_open_place(&store, &place, &err), err);                                            \
    const char *dir = path_join(&arena, place.dir, "journal")

/* Decisions `from`..`to` of worker 0 in a segment of their own; each third with an answer, each
 * fifth with a label. */
static void write_journal(const char *dir, uint64_t from, uint64_t to)
{
    CLEANUP(journal_release) struct journal journal = {0};
    struct err err = {0};
    WORKS(journal_open(&journal, &(struct journal_options){.dir = dir}, 1, &err), err);
    for (uint64_t i = from; i <= to; i++) {
        struct numbered n;
        uint64_t ticket;
        number_it(&n, 0, i);
        struct journal_answer answer = {
            .key = n.decision.id, .at_us = n.decision.at_us, .body = VIEW("yes")};
        struct journal_label label = {.decision = n.decision.id, .label = VIEW("fraud")};
        while (!journal_append(&journal, 0, &n.decision, 1, i % 3 == 0 ? &answer : NULL, &ticket,
                               &err))
            usleep(100);
        err = (struct err){0};
        if (i % 5 == 0)
            WORKS(journal_append_label(&journal, 0, &label, &ticket, &err), err);
    }
    WORKS(journal_close(&journal, &err), err);
}

/* Everything there is, table and segments: decisions 1..last of worker 0, each once, in order. */
static void check_log(struct store *store, const char *dir, uint64_t last)
{
    CLEANUP(journal_log_close) struct journal_log log = {0};
    struct journal_decision d;
    struct err err = {0};
    uint64_t seen = 0;
    WORKS(journal_log_open(&log, store, dir, &(struct journal_query){0}, &err), err);
    while (journal_log_next(&log, &d, &err))
        TRUE(is_numbered(&d, 0, ++seen));
    WORKS(err.kind == ERR_NONE, err);
    SAME(seen, last);
}

static int64_t count_of(struct store *store, const char *sql)
{
    CLEANUP(db_finish) struct db_statement s = {0};
    struct err err = {0};
    WORKS(db_prepare(&store->db, sql, &s, &err), err);
    TRUE(db_next(&s, &err));
    return db_i64(&s, 0);
}

ON_BOTH(what_is_sealed_is_moved_and_its_file_is_gone)
{
    WITH_STORE("move");
    struct journal_moved moved;
    write_journal(dir, 1, 10);
    usleep(2000);
    write_journal(dir, 11, 15);
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    SAME(moved.segments, 2);
    SAME(moved.decisions, 15);
    SAME(moved.labels, 3);
    SAME(moved.answers, 5);
    SAME(moved.left_out, 0);
    SAME(segments_in(dir, SEGMENT_SEALED), 0);
    check_log(&store, dir, 15);
    SAME(count_of(&store, "select count(*) from label"), 3);
    SAME(count_of(&store, "select count(*) from answer"), 5);
    SAME(count_of(&store, "select sum(decisions) from journal_segment"), 15);
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    SAME(moved.decisions, 0);
    store_close(&store);
}

ON_BOTH(the_log_is_the_table_and_the_segments_each_record_once)
{
    WITH_STORE("move_log");
    struct journal_moved moved;
    write_journal(dir, 1, 10);
    check_log(&store, dir, 10);
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    usleep(2000);
    write_journal(dir, 11, 20);
    check_log(&store, dir, 20);
    store_close(&store);
}

static void count_answer(void *self, const struct journal_answer *answer UNUSED)
{
    ++*(int *)self;
}

/* The file is still there when its rows are: as after a crash between commit and unlink. */
ON_BOTH(a_segment_whose_file_outlived_its_move_is_not_moved_twice)
{
    WITH_STORE("move_again");
    CLEANUP(arena_release) struct arena bytes = {.limit = MEMORY};
    struct journal_moved moved;
    struct view copy;
    char path[600];
    write_journal(dir, 1, 10);
    snprintf(path, sizeof path, "%s", last_segment(dir, SEGMENT_SEALED));
    WORKS(file_load(path, MEMORY, &bytes, &copy, &err), err);
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    WORKS(file_save(path, copy, &err), err);
    check_log(&store, dir, 10);
    int answers_told = 0;
    struct journal_answers answers = {.store = &store,
                                      .bytes_max = 1 << 20,
                                      .segments_max = 1 << 20,
                                      .each = count_answer,
                                      .self = &answers_told};
    WORKS(journal_answers(&answers, dir, &err), err);
    SAME(answers_told, 3); /* from the database, and not from the file too */
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    SAME(moved.segments, 1);
    SAME(moved.decisions + moved.labels + moved.answers + moved.left_out, 0);
    SAME(segments_in(dir, SEGMENT_SEALED), 0);
    SAME(count_of(&store, "select count(*) from label"), 2);
    store_close(&store);
}

static void note_progress(struct store *store, const char *name, uint64_t offset)
{
    CLEANUP(db_finish) struct db_statement s = {0};
    struct err err = {0};
    WORKS(
        db_prepare(&store->db, "insert into journal_segment values ($1, $2, 4, 0, 0, 0)", &s, &err),
        err);
    db_bind_text(&s, 1, view_of(name));
    db_bind_i64(&s, 2, (int64_t)offset);
    WORKS(db_done(&s, &err), err);
}

/* As after a crash between two transactions of one segment. */
ON_BOTH(a_segment_half_moved_goes_on_where_it_was)
{
    WITH_STORE("move_half");
    struct journal_moved moved;
    uint64_t offset = 0;
    char path[600], name[SEGMENT_STEM_LENGTH + 1];
    write_journal(dir, 1, 10);
    snprintf(path, sizeof path, "%s", last_segment(dir, SEGMENT_SEALED));
    memcpy(name, strrchr(path, '/') + 1, SEGMENT_STEM_LENGTH);
    name[SEGMENT_STEM_LENGTH] = '\0';
    CLEANUP(journal_read_close) struct journal_reader reader = {0};
    struct journal_record record;
    WORKS(journal_read(&reader, dir, &err), err);
    for (uint64_t i = 1; i <= 4; i++) {
        struct journal_decision d;
        TRUE(journal_next(&reader, &record, &err) && journal_decision_next(&record, &d));
        add_decision(&store, &d);
    }
    offset = reader.segment.at;
    note_progress(&store, name, offset);
    check_log(&store, dir, 10);
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    SAME(moved.decisions, 0);
    TRUE(moved.busy); /* somebody is reading */
    journal_read_close(&reader);
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    SAME(moved.decisions, 6);
    TRUE(!moved.busy);
    SAME(moved.left_out, 0);
    check_log(&store, dir, 10);
    store_close(&store);
}

TEST(a_damaged_segment_is_put_aside_and_its_good_records_are_moved)
{
    const struct ground ground_of = {0}, *ground = &ground_of;
    WITH_STORE("move_damaged");
    struct journal_moved moved;
    write_journal(dir, 1, 10);
    CLEANUP(fd_close) int fd = open(last_segment(dir, SEGMENT_SEALED), O_WRONLY);
    SAME(pwrite(fd, "????????", 8, SEGMENT_HEADER_SIZE + 100), 8);
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    SAME(moved.decisions, 9);
    SAME(moved.damage.places, 1);
    TRUE(strstr(moved.damage.text, "from byte 64 on") != NULL);
    SAME(segments_in(dir, SEGMENT_DAMAGED), 1);
    SAME(segments_in(dir, SEGMENT_SEALED), 0);
    store_close(&store);
}

TEST(a_stranger_does_not_keep_the_others_from_being_moved)
{
    const struct ground ground_of = {0}, *ground = &ground_of;
    WITH_STORE("move_stranger");
    struct journal_moved moved;
    write_journal(dir, 1, 10);
    const char *path = path_join(&arena, dir, "000000000bb8-00000000000000ff.segment");
    WORKS(file_save(path, VIEW("none of ours"), &err), err);
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    SAME(moved.decisions, 10);
    SAME(moved.damage.places, 1);
    TRUE(file_exists(path));
    store_close(&store);
}

ON_BOTH(the_mover_moves_while_serving_goes_on)
{
    WITH_STORE("move_live");
    CLEANUP(journal_release) struct journal journal = {0};
    CLEANUP(journal_mover_close) struct journal_mover mover = {0};
    struct journal_options options = {.dir = dir, .segment_bytes = 64 << 10};
    enum { MANY = 3000 };
    WORKS(journal_open(&journal, &options, 1, &err), err);
    WORKS(journal_mover_open(
              &mover, &(struct journal_mover_options){.dir = dir, .store = place, .every_ms = 20},
              &err),
          err);
    for (uint64_t i = 1; i <= MANY; i++) {
        struct numbered n;
        uint64_t ticket;
        number_it(&n, 0, i);
        WORKS(journal_append(&journal, 0, &n.decision, 1, NULL, &ticket, &err), err);
        if (i % 100 == 0) {
            TRUE(wait_kept(&journal, 0, ticket));
            check_log(&store, dir, i);
        }
    }
    WORKS(journal_close(&journal, &err), err);
    for (int i = 0; i < 3000 && journal_mover_state(&mover, NULL).decisions < MANY; i++)
        usleep(5000);
    char why[256];
    SAME(journal_mover_state(&mover, why).decisions, MANY);
    TEXT(view_of(why), "");
    journal_mover_close(&mover);
    SAME(segments_in(dir, SEGMENT_SEALED), 0);
    check_log(&store, dir, MANY);
    store_close(&store);
}

/* The server's: at the record of this id, the first time only, whatever is rolled back. */
static void strike(struct store *store, const char *id, const char *blow)
{
    char sql[600];
    struct err err = {0};
    snprintf(sql, sizeof sql,
             "create sequence blows; create function strike() returns trigger as $$ begin "
             "if new.id = '%s' and nextval('blows') = 1 then perform %s; end if; return new; "
             "end $$ language plpgsql; create trigger strike before insert on decision "
             "for each row execute function strike()",
             id, blow);
    WORKS(db_run(&store->db, sql, &err), err);
}

/* A batch is 2000 records: the connection ends in the middle of the second. */
TEST(a_connection_that_ends_in_the_middle_of_a_batch_moves_nothing_of_it_and_the_next_all)
{
    enum { MANY = 5000 };
    const struct ground ground_of = {.server = true}, *ground = &ground_of;
    const char *why = ground_start();
    if (why != NULL)
        SKIP(why);
    WITH_STORE("move_struck");
    struct journal_moved moved;
    write_journal(dir, 1, MANY);
    strike(&store, "w0-2500", "pg_terminate_backend(pg_backend_pid())");
    FAILS(journal_move(&store, dir, NULL, &moved, &err), err, ERR_STORE);
    SAYS(err, "connection was lost");
    SAME(segments_in(dir, SEGMENT_SEALED), 1);
    store_close(&store);
    err = (struct err){0};
    WORKS(store_open_place(&store, &place, &err), err);
    int64_t first = count_of(&store, "select count(*) from decision");
    TRUE(first > 1000 && first < 2000); /* one batch, with its labels and answers */
    SAME(count_of(&store, "select sum(decisions) from journal_segment"), first);
    check_log(&store, dir, MANY);
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    SAME(moved.decisions, MANY - (uint64_t)first);
    SAME(moved.left_out, 0);
    check_log(&store, dir, MANY);
    SAME(count_of(&store, "select count(*) from label"), MANY / 5);
    SAME(count_of(&store, "select count(*) from answer"), MANY / 3);
    store_close(&store);
}

/* The mover is killed while the server still works through its batch. */
TEST(a_mover_that_is_killed_in_the_middle_of_a_batch_has_moved_nothing_of_it)
{
    enum { MANY = 1200 };
    const struct ground ground_of = {.server = true}, *ground = &ground_of;
    const char *why = ground_start();
    if (why != NULL)
        SKIP(why);
    WITH_STORE("move_killed");
    struct journal_moved moved;
    write_journal(dir, 1, MANY);
    strike(&store, "w0-700", "pg_sleep(1)");
    pid_t child = fork();
    if (child == 0) {
        struct store own = {0};
        if (store_open_place(&own, &place, &err))
            journal_move(&own, dir, NULL, &moved, &err);
        _exit(1); /* it came to its end: too late */
    }
    for (int i = 0; i < 10000 && count_of(&store, "select count(*) from pg_stat_activity "
                                                  "where wait_event = 'PgSleep'") == 0;
         i++)
        usleep(1000);
    int status;
    TRUE(kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    check_log(&store, dir, MANY);
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    SAME(moved.decisions, MANY);
    SAME(moved.left_out, 0);
    check_log(&store, dir, MANY);
    SAME(count_of(&store, "select count(*) from answer"), MANY / 3);
    store_close(&store);
}

ON_BOTH(a_record_that_is_there_already_is_left_out_of_a_batch)
{
    WITH_STORE("move_known");
    struct journal_moved moved;
    write_journal(dir, 1, 100);
    for (uint64_t i = 40; i < 50; i++) {
        struct numbered n;
        number_it(&n, 0, i);
        SAME(add_decision(&store, &n.decision), 1);
    }
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    SAME(moved.decisions, 90);
    SAME(moved.left_out, 10);
    check_log(&store, dir, 100);
    store_close(&store);
}

TEST(a_database_that_is_away_only_delays)
{
    const struct ground ground_of = {0}, *ground = &ground_of;
    WITH_STORE("move_away");
    CLEANUP(journal_mover_close) struct journal_mover mover = {0};
    char why[256] = "";
    struct store_place away = {.dir = place.dir,
                               .database = "postgresql://nobody@127.0.0.1:1/none"};
    write_journal(dir, 1, 10);
    WORKS(journal_mover_open(
              &mover, &(struct journal_mover_options){.dir = dir, .store = away, .every_ms = 10},
              &err),
          err);
    for (int i = 0; i < 2000 && why[0] == '\0'; i++, usleep(1000))
        journal_mover_state(&mover, why);
    TRUE(why[0] != '\0');
    journal_mover_close(&mover);
    check_log(&store, dir, 10);
    SAME(segments_in(dir, SEGMENT_SEALED), 1);
    store_close(&store);
}

ON_BOTH(moving_is_fast_enough)
{
    WITH_STORE("move_speed");
    struct journal_moved moved;
    enum { MANY = 20000 };
    write_journal(dir, 1, MANY);
    int64_t begun = clock_ticks_ns();
    WORKS(journal_move(&store, dir, NULL, &moved, &err), err);
    double seconds = (double)(clock_ticks_ns() - begun) / 1e9;
    SAME(moved.decisions, MANY);
    printf("# %.0f decisions a second into %s\n", MANY / seconds,
           ground->server ? "PostgreSQL" : "SQLite");
    store_close(&store);
}
