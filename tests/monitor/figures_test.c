#include "monitor/figures.h"

#include "harness.h"

#include <math.h>

static const char page[] =
    "assay_http_requests_total{route=\"/predict\",method=\"POST\",code=\"200\"} 90\n"
    "assay_http_requests_total{route=\"/predict\",method=\"POST\",code=\"422\"} 4\n"
    "assay_http_requests_total{route=\"/decide\",method=\"POST\",code=\"503\"} 6\n"
    "assay_http_requests_total{route=\"/readyz\",method=\"GET\",code=\"503\"} 1000\n"
    "assay_http_request_duration_seconds_bucket{route=\"/predict\",le=\"0.1\"} 50\n"
    "assay_http_request_duration_seconds_bucket{route=\"/predict\",le=\"1\"} 90\n"
    "assay_http_request_duration_seconds_bucket{route=\"/predict\",le=\"+Inf\"} 94\n"
    "assay_http_request_duration_seconds_bucket{route=\"/decide\",le=\"0.1\"} 0\n"
    "assay_http_request_duration_seconds_bucket{route=\"/decide\",le=\"1\"} 6\n"
    "assay_http_request_duration_seconds_bucket{route=\"/decide\",le=\"+Inf\"} 6\n"
    "assay_http_request_duration_seconds_bucket{route=\"/metrics\",le=\"7\"} 6\n"
    "assay_build_info{version=\"1\"} 1\n"
    "assay_journal_lag_seconds 0.25\nassay_journal_stalled 0\n"
    "process_resident_memory_bytes 1048576\nprocess_start_time_seconds 1700000000.5\n";

static struct figures parsed(const char *text)
{
    struct figures figures;
    struct err err = {0};
    WORKS(figures_parse(&figures, view_of(text), &err), err);
    return figures;
}

TEST(only_routes_that_decide_count)
{
    struct figures f = parsed(page);
    TRUE(f.requests == 100 && f.client_errors == 4 && f.server_errors == 6);
    SAME(f.bounds, 3);
    TRUE(f.bound[0] == 0.1 && f.bound[1] == 1 && isinf(f.bound[2]));
    TRUE(f.within[0] == 50 && f.within[1] == 96 && f.within[2] == 100);
    TRUE(f.journal_lag_s == 0.25 && f.journal_stalled == 0 && f.resident_bytes == 1048576 &&
         f.started_s == 1700000000.5);
    struct figures none = parsed("assay_build_info 1\n");
    TRUE(none.requests == 0 && isnan(none.journal_lag_s) && isnan(none.started_s));
}

TEST(what_is_not_ours_or_cannot_be_is_refused)
{
    static const char *const bad[] = {
        "up 1\n",
        "assay_build_info 1\nassay_http_requests_total{route=\"/predict\",code=\"200\"} -1\n",
        "assay_build_info 1\nassay_http_requests_total{route=\"/predict\",code=\"200\"} NaN\n",
        "assay_build_info "
        "1\nassay_http_request_duration_seconds_bucket{route=\"/predict\",le=\"x\"} "
        "1\n",
        "assay_build_info "
        "1\nassay_http_request_duration_seconds_bucket{route=\"/predict\",le=\"2\"} "
        "1\nassay_http_request_duration_seconds_bucket{route=\"/predict\",le=\"1\"} 1\n",
        "<html>\n",
    };
    for (size_t i = 0; i < LENGTH_OF(bad); i++) {
        struct figures figures;
        struct err err = {0};
        FAILS(figures_parse(&figures, view_of(bad[i]), &err), err, ERR_INPUT);
    }
}

TEST(what_is_kept_reads_back)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct text text = text_in_arena(&arena);
    struct json json = json_to(&text);
    struct figures f = parsed(page), back;
    struct err err = {0};
    f.journal_lag_s = (double)NAN;
    figures_write(&f, &json);
    const struct doc *doc = doc_parse(text_view(&text), &arena, &err);
    TRUE(doc != NULL && figures_read(&back, doc));
    TRUE(back.requests == 100 && back.client_errors == 4 && back.server_errors == 6);
    TRUE(isnan(back.journal_lag_s) && back.resident_bytes == 1048576);
    SAME(back.bounds, 3);
    TRUE(back.bound[1] == 1 && isinf(back.bound[2]) && back.within[1] == 96);
    TRUE(!figures_read(&back, doc_parse(VIEW("{}"), &arena, &err)));
    TRUE(!figures_read(&back, doc_parse(VIEW("{\"within\":[[1]],\"requests\":1}"), &arena, &err)));
}

TEST(counters_give_what_was_added)
{
    struct figures before = parsed(page), after = before;
    after.requests = 130, after.server_errors = 8, after.within[0] = 60, after.within[1] = 120;
    after.within[2] = 130;
    struct figures f = figures_increase(&before, &after);
    TRUE(f.requests == 30 && f.server_errors == 2 && f.client_errors == 0);
    TRUE(f.within[0] == 10 && f.within[1] == 24 && f.within[2] == 30);
}

TEST(a_server_that_was_started_anew_has_added_all_it_has)
{
    struct figures before = parsed(page), after = before, f;
    after.requests = 7, after.within[2] = 7, after.within[1] = 7, after.within[0] = 7;
    f = figures_increase(&before, &after);
    TRUE(f.requests == 7 && f.within[2] == 7 && f.server_errors == 6);
    after = before;
    after.requests = 130; /* it has overtaken what it had before */
    after.started_s += 60;
    f = figures_increase(&before, &after);
    SAME(f.requests, 130);
    after.started_s = before.started_s + 0.01; /* the same start, by another tick */
    f = figures_increase(&before, &after);
    SAME(f.requests, 30);
}

TEST(increases_add_up_over_servers)
{
    struct figures sum = {0}, f = parsed(page), other = f;
    figures_add(&sum, &f);
    figures_add(&sum, &f);
    TRUE(sum.requests == 200 && sum.server_errors == 12 && sum.within[1] == 192);
    other.bound[1] = 2; /* another version's buckets are not mixed in */
    figures_add(&sum, &other);
    TRUE(sum.requests == 300 && sum.within[1] == 192);
}

/* Prometheus' documentation of histogram_quantile: linear between the bucket's bounds. */
TEST(a_quantile_is_linear_within_its_bucket)
{
    struct figures f = {.bounds = 3, .bound = {0.1, 1, (double)INFINITY}, .within = {50, 96, 100}};
    NEAR(figures_quantile(&f, 0.25), 0.05, 1e-12);
    NEAR(figures_quantile(&f, 0.5), 0.1, 1e-12);
    NEAR(figures_quantile(&f, 0.73), 0.55, 1e-12);
    NEAR(figures_quantile(&f, 0.99), 1, 1e-12); /* beyond all bounds: the last of them */
    f = (struct figures){.bounds = 3, .bound = {0.1, 1, (double)INFINITY}};
    TRUE(isnan(figures_quantile(&f, 0.5)));
    TRUE(isnan(figures_quantile(&(struct figures){0}, 0.5)));
}
