#include "store/journal_capture.h"

#include "journal_ground.h"

static struct journal_decision small(const char *id, const char *variant, int64_t at_us)
{
    static const float row[] = {1.5F, 0, -3, 0.1F};
    static float gaps[4];
    memcpy(gaps, row, sizeof row);
    gaps[1] = NAN;
    return (struct journal_decision){.id = view_of(id),
                                     .variant = view_of(variant),
                                     .at_us = at_us,
                                     .score = 0.25F,
                                     .row = gaps,
                                     .width = 4};
}

/* The shape of SageMaker's own, field by field. */
TEST(a_line_is_what_data_capture_writes)
{
    char bytes[2048];
    struct text text = text_in(bytes, sizeof bytes);
    struct journal_decision d = small("id-1", "champion", 1644859506123456);
    journal_capture_add(&text, &d);
    TEXT(text_view(&text),
         "{\"captureData\":{\"endpointInput\":{\"observedContentType\":\"text/csv\",\"mode\":"
         "\"INPUT\",\"data\":\"1.5,,-3,0.10000000149011612\",\"encoding\":\"CSV\"},"
         "\"endpointOutput\":{\"observedContentType\":\"text/csv\",\"mode\":\"OUTPUT\",\"data\":"
         "\"0.25\",\"encoding\":\"CSV\"}},\"eventMetadata\":{\"eventId\":\"id-1\","
         "\"inferenceTime\":\"2022-02-14T17:25:06Z\"},\"eventVersion\":\"0\"}\n");
}

static size_t lines_in(const char *dir, const char *name)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct view bytes;
    struct err err = {0};
    size_t lines = 0;
    WORKS(file_load(path_join(&arena, dir, name), 1 << 16, &arena, &bytes, &err), err);
    for (size_t i = 0; i < bytes.length; i++)
        lines += bytes.text[i] == '\n';
    return lines;
}

TEST(files_lie_by_endpoint_variant_and_hour_whatever_the_order)
{
    CLEANUP(capture_close) struct capture capture = {0};
    struct err err = {0};
    const char *dir = journal_place("capture");
    int64_t hour_us = 3600000000, at = 1644859506000000; /* 17:25:06 */
    struct journal_decision d[] = {
        small("a", "champion", at), small("b", "../up", at), small("c", "champion", at + hour_us),
        small("d", "champion", at), small("e", "", at),
    };
    capture_open(&capture, dir, "fraud");
    for (size_t i = 0; i < LENGTH_OF(d); i++)
        WORKS(capture_add(&capture, &d[i], &err), err);
    SAME(capture.files, 4);
    WORKS(capture_finish(&capture, &err), err);
    SAME(lines_in(dir, "fraud/champion/2022/02/14/17/assay.jsonl"), 2);
    SAME(lines_in(dir, "fraud/champion/2022/02/14/18/assay.jsonl"), 1);
    SAME(lines_in(dir, "fraud/_._up/2022/02/14/17/assay.jsonl"), 1);
    SAME(lines_in(dir, "fraud/none/2022/02/14/17/assay.jsonl"), 1);
}

TEST(an_export_that_does_not_finish_leaves_the_last_one)
{
    struct err err = {0};
    const char *dir = journal_place("capture-again");
    struct journal_decision d = small("a", "champion", 1644859506000000);
    for (int times = 0; times < 3; times++) {
        CLEANUP(capture_close) struct capture capture = {0};
        capture_open(&capture, dir, "fraud");
        for (int i = 0; i <= times; i++)
            WORKS(capture_add(&capture, &d, &err), err);
        if (times < 2)
            WORKS(capture_finish(&capture, &err), err);
    }
    SAME(lines_in(dir, "fraud/champion/2022/02/14/17/assay.jsonl"), 2);
    char command[700];
    snprintf(command, sizeof command, "%s/fraud/champion/2022/02/14/17/assay.jsonl.new-%ld", dir,
             (long)getpid());
    TRUE(!file_exists(command));
}
