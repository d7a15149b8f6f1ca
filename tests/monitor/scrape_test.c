#include "monitor/scrape.h"

#include "store/answers.h"
#include "watch_ground.h"

#define PAGE(n)                                                                                    \
    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nassay_build_info 1\n"                             \
    "assay_http_requests_total{route=\"/predict\",code=\"200\"} " n "\n"

static const char *url_of(struct arena *arena, int port)
{
    struct text text = text_in_arena(arena);
    text_addf(&text, "http://127.0.0.1:%d", port);
    return text_c(&text);
}

static double requests(struct store *store, const char *server, int64_t minute, int64_t window,
                       int64_t *covered)
{
    struct err err = {0};
    struct scrape_window out;
    WORKS(
        scrape_window(store, view_of(server), START + minute * MINUTE, window * MINUTE, &out, &err),
        err);
    *covered = out.covered_ms / MINUTE;
    return out.increase.requests;
}

ON_BOTH(a_window_is_what_was_added_since_the_last_look_before_it)
{
    STORE(store, "scrape_window");
    static const char *const script[] = {PAGE("10"), PAGE("15"), PAGE("40"), PAGE("3"),
                                         PAGE("4"),  PAGE("6"),  PAGE("9"),  PAGE("13")};
    struct answers server = answers_start(script, LENGTH_OF(script));
    const char *url = url_of(&arena, server.port);
    CLEANUP(scraper_close) struct scraper scraper = {0};
    struct figures figures;
    int64_t covered;
    static const int64_t minutes[] = {0, 5, 10, 15, 40, 41, 42, 43};
    WORKS(scraper_open(&scraper, &store, &err), err);
    for (size_t i = 0; i < LENGTH_OF(minutes); i++)
        WORKS(scrape_server(&scraper, view_of(url), START + minutes[i] * MINUTE, &figures, &err),
              err);
    answers_stop(&server);
    TRUE(strstr(server.heard->text[0], "GET /metrics HTTP/1.1\r\n") != NULL);
    SAME(figures.requests, 13);

    SAME(requests(&store, url, 10, 5, &covered), 25);
    SAME(covered, 5);
    SAME(requests(&store, url, 10, 4, &covered), 25); /* from the look just before */
    SAME(requests(&store, url, 10, 30, &covered), 30);
    SAME(covered, 10);
    SAME(requests(&store, url, 15, 15, &covered), 33); /* started anew between */
    SAME(requests(&store, url, 0, 5, &covered), 0);
    SAME(covered, 0);
    SAME(requests(&store, url, 40, 10, &covered), 0); /* an old look is no beginning */
    SAME(covered, 0);
    SAME(requests(&store, url, 43, 1, &covered), 4); /* of those before, the last is */
    SAME(covered, 1);
    SAME(requests(&store, "http://other", 10, 30, &covered), 0);

    WORKS(scrape_prune(&store, START + 10 * MINUTE, &err), err);
    SAME(count_rows(&store, "select count(*) from scrape"), 6);
}

ON_BOTH(a_server_that_does_not_give_its_metrics_is_told_and_nothing_is_kept)
{
    STORE(store, "scrape_refused");
    static const char *const script[] = {
        "HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello there\n", PAGE("1")};
    static const char *const want[] = {"monitor.key_file", "it answered 503", "line 1"};
    struct answers server = answers_start(script, LENGTH_OF(script));
    const char *url = url_of(&arena, server.port);
    CLEANUP(scraper_close) struct scraper scraper = {0};
    struct figures figures;
    WORKS(scraper_open(&scraper, &store, &err), err);
    scraper.key = "ak_1_secret";
    for (size_t i = 0; i < LENGTH_OF(want); i++) {
        err = (struct err){0};
        TRUE(!scrape_server(&scraper, view_of(url), START, &figures, &err));
        SAYS(err, want[i]);
        TRUE(strstr(err.text, "secret") == NULL);
    }
    err = (struct err){0};
    WORKS(scrape_server(&scraper, view_of(url), START, &figures, &err), err);
    answers_stop(&server);
    TRUE(strstr(server.heard->text[3], "authorization: Bearer ak_1_secret\r\n") != NULL);
    FAILS(scrape_server(&scraper, view_of(url), START, &figures, &err), err, ERR_IO);
    SAME(count_rows(&store, "select count(*) from scrape"), 1);
}
