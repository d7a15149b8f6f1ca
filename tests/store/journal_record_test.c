#include "store/journal_record.h"

#include "journal_ground.h"

static const struct journal_stamp stamp = {.salt = 99, .worker = 3, .ticket = 41};

static size_t write_request(unsigned char *bytes, const struct journal_decision *decision,
                            size_t count, const struct journal_answer *answer)
{
    struct err err = {0};
    size_t size;
    WORKS(journal_request_size(decision, count, answer, &size, &err), err);
    journal_request_write(bytes, size, &stamp, decision, count, answer);
    return size;
}

TEST(a_request_is_read_back_to_the_bit)
{
    _Alignas(8) static unsigned char bytes[1 << 16];
    struct numbered n[3];
    struct journal_decision decision[3], got;
    for (unsigned i = 0; i < 3; i++) {
        number_it(&n[i], 3, i);
        decision[i] = n[i].decision;
    }
    struct journal_answer answer = {.key = VIEW("key-1"),
                                    .at_us = 1760000000000123,
                                    .request = digest_of(VIEW("{}")),
                                    .status = 200,
                                    .content_type = VIEW("application/json"),
                                    .body = VIEW("{\"is_fraud\":true}")};
    size_t size = write_request(bytes, decision, 3, &answer);
    SAME(size % 8, 0);
    struct view frame = {(char *)bytes, size};
    struct journal_record record;
    struct err err = {0};
    TRUE(journal_frame_holds(frame, 99));
    TRUE(!journal_frame_holds(frame, 98));
    WORKS(journal_record_read(frame, &record, &err), err);
    SAME(record.kind, JOURNAL_REQUEST);
    SAME(record.worker, 3);
    SAME(record.ticket, 41);
    SAME(record.at_us, n[0].decision.at_us);
    SAME(record.decisions, 3);
    for (unsigned i = 0; i < 3; i++) {
        TRUE(journal_decision_next(&record, &got));
        TRUE(is_numbered(&got, 3, i));
    }
    TRUE(!journal_decision_next(&record, &got));
    TRUE(record.answered);
    TEXT(record.answer.key, "key-1");
    TEXT(record.answer.body, "{\"is_fraud\":true}");
    TEXT(record.answer.content_type, "application/json");
    SAME(record.answer.status, 200);
    SAME(record.answer.at_us, 1760000000000123);
    TRUE(digest_same(&record.answer.request, &answer.request));
}

TEST(a_label_is_read_back)
{
    _Alignas(8) unsigned char bytes[512];
    struct journal_label label = {.decision = VIEW("w1-9"),
                                  .label = VIEW("fraud"),
                                  .source = VIEW("chargeback"),
                                  .at_us = 5000,
                                  .label_ms = 7,
                                  .amount_lost = 80.25,
                                  .client = VIEW("bank")};
    struct err err = {0};
    struct journal_record record;
    size_t size;
    WORKS(journal_label_size(&label, &size, &err), err);
    journal_label_write(bytes, size, &stamp, &label);
    WORKS(journal_record_read((struct view){(char *)bytes, size}, &record, &err), err);
    SAME(record.kind, JOURNAL_LABEL);
    SAME(record.at_us, 5000);
    TEXT(record.label.decision, "w1-9");
    TEXT(record.label.label, "fraud");
    TEXT(record.label.source, "chargeback");
    TEXT(record.label.client, "bank");
    SAME(record.label.label_ms, 7);
    NEAR(record.label.amount_lost, 80.25, 0);
}

TEST(no_changed_byte_passes_the_checksum)
{
    _Alignas(8) unsigned char bytes[1024];
    struct numbered n;
    number_it(&n, 0, 5);
    size_t size = write_request(bytes, &n.decision, 1, NULL);
    for (size_t i = 4; i < size; i++) {
        bytes[i] ^= 0x10;
        TRUE(!journal_frame_holds((struct view){(char *)bytes, size}, 99));
        bytes[i] ^= 0x10;
    }
}

/* Whoever knows the salt may write anything: the reader must bear it. */
TEST(no_changed_payload_is_read_past_its_end)
{
    _Alignas(8) static unsigned char bytes[4096], copy[4096];
    struct numbered n;
    number_it(&n, 0, 5);
    struct journal_answer answer = {.key = VIEW("k"), .body = VIEW("body")};
    size_t size = write_request(bytes, &n.decision, 1, &answer);
    for (size_t i = 12; i < size; i++)
        for (int value = 0; value < 256; value += 51) {
            memcpy(copy, bytes, size);
            copy[i] = (unsigned char)value;
            struct journal_record record;
            struct journal_decision got;
            struct err err = {0};
            if (!journal_record_read((struct view){(char *)copy, size}, &record, &err))
                continue;
            while (record.kind == JOURNAL_REQUEST && journal_decision_next(&record, &got))
                TRUE(got.id.text >= (char *)copy &&
                     got.id.text + got.id.length <= (char *)copy + size);
        }
}

TEST(a_text_that_is_too_long_is_named)
{
    static char text[JOURNAL_TEXT_MAX + 1];
    struct numbered n;
    struct err err = {0};
    size_t size;
    number_it(&n, 0, 1);
    n.decision.entity = (struct view){text, sizeof text};
    FAILS(journal_request_size(&n.decision, 1, NULL, &size, &err), err, ERR_LIMIT);
    SAYS(err, "the entity has 4097 bytes");
    n.decision.entity.length--;
    WORKS(journal_request_size(&n.decision, 1, NULL, &size, &err), err);
}

TEST(an_answer_that_is_too_long_is_refused)
{
    struct numbered n;
    struct err err = {0};
    size_t size;
    number_it(&n, 0, 1);
    struct journal_answer answer = {.body = {"", JOURNAL_BODY_MAX + 1}}; /* only measured */
    FAILS(journal_request_size(&n.decision, 1, &answer, &size, &err), err, ERR_LIMIT);
    SAYS(err, "send fewer records");
    answer.body.length--;
    WORKS(journal_request_size(&n.decision, 1, &answer, &size, &err), err);
}

TEST(ids_are_in_the_order_of_time_and_never_twice_the_same)
{
    enum { IDS = 20000 };
    static char id[IDS][JOURNAL_ID_SIZE];
    struct journal_ids ids, other;
    struct err err = {0};
    WORKS(journal_ids_init(&ids, &err), err);
    WORKS(journal_ids_init(&other, &err), err);
    TRUE(memcmp(&ids, &other, sizeof ids) != 0);
    for (size_t i = 0; i < IDS; i++)
        journal_id(&ids, 1760000000000000 + (int64_t)(i / 100) * 1000, id[i]);
    for (size_t i = 100; i < IDS; i++)
        TRUE(strcmp(id[i - 100], id[i]) < 0); /* a millisecond later */
    SAME(strlen(id[0]), 32);
    TRUE(view_starts(view_of(id[0]), "0199c82cc000")); /* 1760000000000 */
    qsort(id, IDS, JOURNAL_ID_SIZE, (int (*)(const void *, const void *))strcmp);
    for (size_t i = 1; i < IDS; i++)
        TRUE(strcmp(id[i - 1], id[i]) != 0);
}
