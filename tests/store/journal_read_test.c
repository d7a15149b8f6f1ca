#include "store/journal_read.h"

#include "journal_ground.h"

#include <fcntl.h>
#include <sys/stat.h>

static void write_journal(const char *dir, uint64_t from, uint64_t to, bool answers)
{
    CLEANUP(journal_release) struct journal journal = {0};
    struct err err = {0};
    WORKS(journal_open(&journal, &(struct journal_options){.dir = dir}, 1, &err), err);
    for (uint64_t i = from; i <= to; i++) {
        struct numbered n;
        uint64_t ticket;
        char key[32];
        number_it(&n, 0, i);
        snprintf(key, sizeof key, "key-%llu", (unsigned long long)i);
        struct journal_answer answer = {
            .key = view_of(key), .at_us = n.decision.at_us, .status = 200, .body = VIEW("yes")};
        WORKS(journal_append(&journal, 0, &n.decision, 1, answers ? &answer : NULL, &ticket, &err),
              err);
    }
    WORKS(journal_close(&journal, &err), err);
}

static size_t count_records(const char *dir, struct segment_damage *damage)
{
    CLEANUP(journal_read_close) struct journal_reader reader = {0};
    struct journal_record record;
    struct err err = {0};
    size_t count = 0;
    WORKS(journal_read(&reader, dir, &err), err);
    while (journal_next(&reader, &record, &err))
        count++;
    WORKS(err.kind == ERR_NONE, err);
    *damage = reader.damage;
    return count;
}

TEST(a_journal_that_is_not_there_is_empty)
{
    struct segment_damage damage;
    SAME(count_records(journal_place("nothing"), &damage), 0);
    SAME(damage.places, 0);
}

TEST(segments_are_read_in_the_order_they_were_begun)
{
    CLEANUP(journal_read_close) struct journal_reader reader = {0};
    const char *dir = journal_place("order");
    struct journal_record record;
    struct journal_decision decision;
    struct err err = {0};
    for (uint64_t i = 0; i < 4; i++, usleep(2000))
        write_journal(dir, i * 10 + 1, i * 10 + 10, false);
    WORKS(journal_read(&reader, dir, &err), err);
    uint64_t seen = 0;
    while (journal_next(&reader, &record, &err)) {
        TRUE(journal_decision_next(&record, &decision));
        TRUE(is_numbered(&decision, 0, ++seen));
    }
    SAME(seen, 40);
}

TEST(a_sealed_segment_with_a_torn_end_is_damaged)
{
    const char *dir = journal_place("torn-sealed");
    struct segment_damage damage;
    struct stat stat_of;
    write_journal(dir, 1, 10, false);
    SAME(stat(last_segment(dir, SEGMENT_SEALED), &stat_of), 0);
    SAME(truncate(last_segment(dir, SEGMENT_SEALED), stat_of.st_size - 1), 0);
    SAME(count_records(dir, &damage), 9);
    SAME(damage.places, 1);
    TRUE(damage.bytes > 100);
    TRUE(strstr(damage.text, "is damaged") != NULL);
}

TEST(a_stranger_among_the_segments_is_told_and_the_others_are_read)
{
    const char *dir = journal_place("stranger");
    struct segment_damage damage;
    struct err err = {0};
    char path[600];
    write_journal(dir, 1, 10, false);
    snprintf(path, sizeof path, "%s/000000000bb8-00000000000000ff.segment", dir);
    WORKS(file_save(path, VIEW("not a segment, though it is called one"), &err), err);
    SAME(count_records(dir, &damage), 10);
    SAME(damage.places, 1);
    TRUE(strstr(damage.text, "has no whole header") != NULL);
}

/* ---------------------------------------------------------------- answers */

static void collect(void *self, const struct journal_answer *answer)
{
    struct text *text = self;
    text_add(text, answer->key);
    text_addc(text, ' ');
}

TEST(answers_come_oldest_first_since_a_time)
{
    const char *dir = journal_place("answers");
    struct err err = {0};
    char bytes[512];
    struct text text = text_in(bytes, sizeof bytes);
    write_journal(dir, 1, 3, true);
    usleep(2000);
    write_journal(dir, 4, 5, false);
    usleep(2000);
    write_journal(dir, 6, 7, true);
    struct journal_answers answers = {.segments_max = 1 << 20, .each = collect, .self = &text};
    WORKS(journal_answers(&answers, dir, &err), err);
    TEXT(text_view(&text), "key-1 key-2 key-3 key-6 key-7 ");

    text.length = 0;
    answers.since_us = 1760000000000000 + 3 * 1000;
    WORKS(journal_answers(&answers, dir, &err), err);
    TEXT(text_view(&text), "key-3 key-6 key-7 ");

    text.length = 0;
    answers.segments_max = 1500; /* the last two segments, not the first */
    WORKS(journal_answers(&answers, dir, &err), err);
    TEXT(text_view(&text), "key-6 key-7 ");
}
