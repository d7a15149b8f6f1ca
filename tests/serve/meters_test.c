#include "serve/meters.h"

#include "base/file.h"
#include "harness.h"

#include <math.h>

static const char *const route_names[] = {"/ping", "/in\"voca\\tions"};
static const char *const outcomes[] = {"legitimate", "fraud"};
static const struct meters_labels labels = {route_names, 2, outcomes, 2};

static const struct meters_outside outside = {.connections = 3,
                                              .tls = {.expires_ms = 1800000000000,
                                                      .lists_expire_ms = 1790000000000,
                                                      .refused = {[TLS_REVOKED] = 4}},
                                              .journal_appended = 7,
                                              .journal_dropped = 2,
                                              .journal_lag_s = 0.25,
                                              .journal_stalled = true,
                                              .experiment = "autumn",
                                              .experiment_kind = "canary",
                                              .experiment_share = 0.1};

static void decided(struct meters *meters, unsigned worker, enum variant variant, double score,
                    size_t outcome, double amount)
{
    struct meters_decision decision = {variant, score, outcome, amount};
    meters_decision(meters, worker, &decision);
}

static void forget(struct meters *meters)
{
    meters_close(meters);
}

/* The page as a string in the arena. */
static const char *page_of(struct meters *meters, struct arena *arena)
{
    struct text text = text_in_arena(arena);
    meters_write(meters, &outside, false, &text);
    return text_c(&text);
}

#define PAGE_HAS(page, line)                                                                       \
    FAIL_UNLESS(strstr(page, "\n" line "\n") != NULL, "no line '%s' in\n%s", line, page)

TEST(requests_are_counted_by_route_method_and_status_over_all_workers)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(forget) struct meters meters;
    meters_open(&meters, 2, labels);
    for (unsigned worker = 0; worker < 2; worker++) {
        meters_begin(&meters, worker);
        meters_end(&meters, worker, 0, VIEW("GET"), 200, 60000);
    }
    meters_begin(&meters, 1);
    meters_end(&meters, 1, 1, VIEW("POST"), 400, 2000000000);
    meters_begin(&meters, 1);
    meters_end(&meters, 1, 2, VIEW("BREW"), 299, 0);
    meters_refused(&meters, 0, 431);
    const char *page = page_of(&meters, &arena);
    PAGE_HAS(page, "assay_http_requests_total{route=\"/ping\",method=\"GET\",code=\"200\"} 2");
    PAGE_HAS(page, "assay_http_requests_total{route=\"/in\\\"voca\\\\tions\",method=\"POST\","
                   "code=\"400\"} 1");
    PAGE_HAS(page, "assay_http_requests_total{route=\"none\",method=\"other\",code=\"other\"} 1");
    PAGE_HAS(page, "assay_http_requests_total{route=\"none\",method=\"other\",code=\"431\"} 1");
}

TEST(a_duration_on_a_bound_belongs_below_it_and_buckets_add_up)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(forget) struct meters meters;
    meters_open(&meters, 1, labels);
    const int64_t took_ns[] = {50000, 50001, 1000000000, 1000000001};
    for (size_t i = 0; i < LENGTH_OF(took_ns); i++) {
        meters_begin(&meters, 0);
        meters_end(&meters, 0, 0, VIEW("GET"), 200, took_ns[i]);
    }
    const char *page = page_of(&meters, &arena);
#define DURATION "assay_http_request_duration_seconds"
    PAGE_HAS(page, DURATION "_bucket{route=\"/ping\",le=\"5e-05\"} 1");
    PAGE_HAS(page, DURATION "_bucket{route=\"/ping\",le=\"0.0001\"} 2");
    PAGE_HAS(page, DURATION "_bucket{route=\"/ping\",le=\"1\"} 3");
    PAGE_HAS(page, DURATION "_bucket{route=\"/ping\",le=\"+Inf\"} 4");
    PAGE_HAS(page, DURATION "_sum{route=\"/ping\"} 2.000100002");
    PAGE_HAS(page, DURATION "_count{route=\"/ping\"} 4");
    TRUE(strstr(page, DURATION "_bucket{route=\"none\"") == NULL);
}

TEST(scores_and_their_outcomes_are_counted)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(forget) struct meters meters;
    meters_open(&meters, 2, labels);
    decided(&meters, 0, VARIANT_CHAMPION, 0.01, 0, 10);
    decided(&meters, 1, VARIANT_CHAMPION, 0.97, 1, (double)NAN);
    decided(&meters, 1, VARIANT_CHAMPION, 1, 1, 2.5);
    const char *page = page_of(&meters, &arena);
    PAGE_HAS(page, "assay_score_bucket{le=\"0.01\"} 1");
    PAGE_HAS(page, "assay_score_bucket{le=\"0.95\"} 1");
    PAGE_HAS(page, "assay_score_bucket{le=\"0.99\"} 2");
    PAGE_HAS(page, "assay_score_bucket{le=\"+Inf\"} 3");
    PAGE_HAS(page, "assay_score_sum 1.98");
    PAGE_HAS(page, "assay_score_count 3");
    PAGE_HAS(page, "assay_decisions_total{outcome=\"legitimate\",variant=\"champion\"} 1");
    PAGE_HAS(page, "assay_decisions_total{outcome=\"fraud\",variant=\"champion\"} 2");
}

TEST(variants_are_told_apart_and_the_shadow_is_no_decision)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(forget) struct meters meters;
    struct meters_tally tally;
    meters_open(&meters, 2, labels);
    decided(&meters, 0, VARIANT_CHAMPION, 0.5, 0, 10);
    decided(&meters, 1, VARIANT_RIVAL, 0.5, 1, 5);
    decided(&meters, 1, VARIANT_SHADOW, 0.5, 1, 100);
    meters_variant(&meters, 0, VARIANT_RIVAL, false, 60000);
    meters_variant(&meters, 1, VARIANT_RIVAL, true, 200000);
    const char *page = page_of(&meters, &arena);
    PAGE_HAS(page, "assay_decisions_total{outcome=\"legitimate\",variant=\"champion\"} 1");
    PAGE_HAS(page, "assay_decisions_total{outcome=\"fraud\",variant=\"rival\"} 1");
    PAGE_HAS(page, "assay_decisions_total{outcome=\"fraud\",variant=\"shadow\"} 1");
    PAGE_HAS(page, "assay_score_count 2");
    PAGE_HAS(page, "assay_amount_decided_total{outcome=\"legitimate\"} 10");
    PAGE_HAS(page, "assay_amount_decided_total{outcome=\"fraud\"} 5");
    PAGE_HAS(page, "assay_variant_failures_total{variant=\"rival\"} 1");
    PAGE_HAS(page, "assay_variant_duration_seconds_bucket{variant=\"rival\",le=\"0.0001\"} 1");
    PAGE_HAS(page, "assay_variant_duration_seconds_count{variant=\"rival\"} 2");
    meters_tally(&meters, VARIANT_RIVAL, &tally);
    TRUE(tally.requests == 2 && tally.failures == 1 && tally.outcome[1] == 1 && tally.time[2] == 1);
}

TEST(what_others_know_is_on_the_page)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(forget) struct meters meters;
    meters_open(&meters, 1, labels);
    const char *page = page_of(&meters, &arena);
    PAGE_HAS(page, "assay_experiment_share{experiment=\"autumn\",kind=\"canary\"} 0.1");
    PAGE_HAS(page, "assay_journal_records_total 7");
    PAGE_HAS(page, "assay_journal_dropped_total 2");
    PAGE_HAS(page, "assay_journal_lag_seconds 0.25");
    PAGE_HAS(page, "assay_journal_stalled 1");
    PAGE_HAS(page, "assay_tls_certificate_expires_timestamp_seconds 1800000000");
    PAGE_HAS(page, "assay_tls_revocation_lists_expire_timestamp_seconds 1790000000");
    PAGE_HAS(page, "assay_tls_certificates_refused_total{reason=\"revoked\"} 4");
    PAGE_HAS(page, "assay_tls_certificates_refused_total{reason=\"no_list\"} 0");
}

TEST(openmetrics_names_its_counters_without_total_and_ends_with_eof)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(forget) struct meters meters;
    meters_open(&meters, 1, labels);
    struct text text = text_in_arena(&arena);
    meters_write(&meters, &outside, true, &text);
    const char *page = text_c(&text);
    PAGE_HAS(page, "# TYPE assay_http_requests counter");
    PAGE_HAS(page, "# TYPE assay_http_connections gauge");
    PAGE_HAS(page, "assay_journal_records_total 7");
    TRUE(strcmp(page + strlen(page) - 6, "# EOF\n") == 0);
}

TEST(a_model_is_shown_while_it_is_served)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(forget) struct meters meters;
    meters_open(&meters, 1, labels);
    struct meters_model model = {.model = "cards\n2",
                                 .version = "1",
                                 .sha256 = "ab",
                                 .alias = "champion",
                                 .loaded_ms = 1750391384533};
    meters_set_model(&meters, 1, &model);
    const char *page = page_of(&meters, &arena);
    PAGE_HAS(page, "assay_model_info{model=\"cards\\n2\",version=\"1\",sha256=\"ab\","
                   "alias=\"champion\"} 1");
    PAGE_HAS(page, "assay_model_load_timestamp_seconds{model=\"cards\\n2\",alias=\"champion\"} "
                   "1750391384.533");
    meters_set_model(&meters, 1, NULL);
    TRUE(strstr(page_of(&meters, &arena), "assay_model_info{") == NULL);
}

TEST(what_is_in_progress_and_the_plain_counts_are_shown)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(forget) struct meters meters;
    meters_open(&meters, 2, labels);
    meters_begin(&meters, 0);
    meters_begin(&meters, 1);
    meters_end(&meters, 1, 0, VIEW("GET"), 200, 1);
    meters_add(&meters, 0, METER_ABSENT_FILLED, 25);
    meters_add(&meters, 1, METER_ABSENT_FILLED, 1);
    meters_add(&meters, 1, METER_UNSEEN_CATEGORIES, 2);
    const char *page = page_of(&meters, &arena);
    PAGE_HAS(page, "assay_http_requests_in_progress 1");
    PAGE_HAS(page, "assay_http_connections 3");
    PAGE_HAS(page, "assay_absent_filled_total 26");
    PAGE_HAS(page, "assay_unseen_categories_total 2");
}

TEST(every_meter_has_help_and_type_once_and_the_process_is_described)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(forget) struct meters meters;
    meters_open(&meters, 1, labels);
    const char *page = page_of(&meters, &arena);
    static const char *const names[] = {
#define METER(id, type, name, help) "# HELP " name " " help "\n# TYPE " name " " #type "\n",
#include "serve/meters.def"
#undef METER
    };
    for (size_t i = 0; i < LENGTH_OF(names); i++) {
        const char *at = strstr(page, names[i]);
        FAIL_UNLESS(at != NULL, "no '%s'", names[i]);
        TRUE(strstr(at + 1, names[i]) == NULL);
    }
    TRUE(strstr(page, "NaN") == NULL);
    TRUE(strstr(page, "\nassay_build_info{version=\"") != NULL);
}

static void *count_many(void *meters)
{
    for (int i = 0; i < 20000; i++) {
        meters_begin(meters, 0);
        decided(meters, 0, VARIANT_RIVAL, 0.5, 1, 0);
        meters_end(meters, 0, 1, VIEW("POST"), 200, i);
    }
    return NULL;
}

TEST(a_scrape_while_workers_count_sees_no_more_ended_than_begun)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(forget) struct meters meters;
    meters_open(&meters, 1, labels);
    CLEANUP(test_thread_join) struct test_thread thread = {0};
    test_thread_start(&thread, count_many, &meters);
    for (int i = 0; i < 50; i++) {
        TRUE(meters_sum_in_progress(&meters) <= 20000);
        page_of(&meters, &arena);
        arena_reset(&arena);
    }
    test_thread_join(&thread);
    SAME(meters_sum_in_progress(&meters), 0);
    SAME(meters_sum_outcome(&meters, VARIANT_RIVAL, 1), 20000);
    NEAR(meters_sum_scores(&meters), 10000, 1e-9);
}

TEST(expectations_have_places_of_their_own_and_the_last_is_for_the_rest)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct meters meters;
    meters_open(&meters, 2, labels);
    uint16_t first = meters_quality_place(&meters, VIEW("between"), VIEW("a\"b"), "warn");
    SAME(first, 0);
    SAME(meters_quality_place(&meters, VIEW("between"), VIEW("a\"b"), "error"), 1);
    SAME(meters_quality_place(&meters, VIEW("between"), VIEW("a\"b"), "warn"), first);
    meters_violation(&meters, 0, first);
    meters_violation(&meters, 1, first);
    for (unsigned i = 0; i < METERS_QUALITY_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%u", i);
        uint16_t place = meters_quality_place(&meters, VIEW("type"), view_of(name), "error");
        SAME(place, i + 2 < METERS_QUALITY_MAX ? i + 2 : METERS_QUALITY_MAX - 1);
    }
    meters_violation(&meters, 0, METERS_QUALITY_MAX - 1);
    const char *page = page_of(&meters, &arena);
    PAGE_HAS(page, "assay_quality_violations_total{expectation=\"between\",column=\"a\\\"b\","
                   "severity=\"warn\"} 2");
    PAGE_HAS(page, "assay_quality_violations_total{expectation=\"other\",column=\"other\","
                   "severity=\"other\"} 1");
    meters_close(&meters);
}

TEST(versions_have_places_of_their_own_and_those_that_found_none_are_nobodys)
{
    CLEANUP(forget) struct meters meters;
    struct meters_work work;
    meters_open(&meters, 2, labels);
    SAME(meters_work_place(&meters, "cards", "1"), 1);
    SAME(meters_work_place(&meters, "cards", "2"), 2);
    SAME(meters_work_place(&meters, "claims", "1"), 3);
    SAME(meters_work_place(&meters, "cards", "2"), 2);
    meters_work(&meters, 0, &(struct meters_done){2, false, 3, 100, 1000});
    meters_work(&meters, 1, &(struct meters_done){2, false, 17, 10, 900});
    meters_work(&meters, 1, &(struct meters_done){2, true, 5, 7, 950});
    TRUE(meters_work_at(&meters, 2, &work));
    TRUE(strcmp(work.name, "cards") == 0 && strcmp(work.version, "2") == 0);
    TRUE(work.rows == 20 && work.requests == 2 && work.time_ns == 110);
    TRUE(work.failures == 1 && work.failed_ns == 7 && work.last_ticks_ns == 1000);
    TRUE(work.batch[2].requests == 1 && work.batch[2].time_ns == 100);
    for (size_t i = 0; i < METERS_BATCHES; i++)
        TRUE(i == 2 || work.batch[i].requests == 0);
    TRUE(meters_work_at(&meters, 1, &work) && work.requests == 0);
    TRUE(meters_work_at(&meters, 3, &work) && work.rows == 0);
    TRUE(!meters_work_at(&meters, 4, &work) && !meters_work_at(&meters, 0, &work));
    for (unsigned i = 0; i < METERS_WORKS_MAX; i++) {
        char version[16];
        snprintf(version, sizeof version, "v%u", i);
        uint16_t place = meters_work_place(&meters, "cards", version);
        SAME(place, i + 4 < METERS_WORKS_MAX ? i + 4 : METERS_WORKS_MAX - 1);
    }
    TRUE(meters_work_at(&meters, METERS_WORKS_MAX - 2, &work));
    TRUE(!meters_work_at(&meters, METERS_WORKS_MAX - 1, &work));
    SAME(meters_work_place(&meters, "cards", "1"), 1);
}

TEST(what_the_monitor_says_is_shown_until_it_says_something_else)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct meters meters;
    meters_open(&meters, 1, labels);
    const struct meters_alarm said[] = {{"drift", "amount", 3, 0.31, 0.25},
                                        {"quality", "", 1, (double)NAN, (double)NAN}};
    meters_set_alarms(&meters, said, 2);
    const char *page = page_of(&meters, &arena);
    PAGE_HAS(page, "assay_alarm_state{alarm=\"drift\",subject=\"amount\"} 3");
    PAGE_HAS(page, "assay_alarm_value{alarm=\"drift\",subject=\"amount\"} 0.31");
    PAGE_HAS(page, "assay_alarm_limit{alarm=\"drift\",subject=\"amount\"} 0.25");
    PAGE_HAS(page, "assay_alarm_state{alarm=\"quality\",subject=\"\"} 1");
    TRUE(strstr(page, "assay_alarm_value{alarm=\"quality\"") == NULL);
    meters_set_alarms(&meters, NULL, 0);
    TRUE(strstr(page_of(&meters, &arena), "assay_alarm_state{") == NULL);
    meters_close(&meters);
}
