#include "monitor/scrape.h"

enum {
    PAGE_MAX = 4 << 20,
    MEMORY_MAX = 16 << 20,
    TIMEOUT_MS = 5000,
    STALE_MS = 120000, /* a look so long before a window does not belong to it */
};

bool scraper_open(struct scraper *scraper, struct store *store, struct err *err)
{
    *scraper = (struct scraper){.store = store, .arena = {.limit = MEMORY_MAX}};
    return http_client_open(&scraper->http, err);
}

void scraper_close(struct scraper *scraper)
{
    http_client_close(&scraper->http);
    arena_release(&scraper->arena);
}

/* ---------------------------------------------------------------- asking */

static bool ask(struct scraper *scraper, struct view server, struct http_got *out, struct err *err)
{
    struct text url = text_in_arena(&scraper->arena), bearer = text_in_arena(&scraper->arena);
    while (view_ends(server, "/"))
        server.length--;
    text_add(&url, server);
    text_adds(&url, view_ends(server, "/metrics") ? "" : "/metrics");
    struct http_header header = {.name = "authorization"};
    if (scraper->key != NULL) {
        text_addf(&bearer, "Bearer %s", scraper->key);
        header.value = text_view(&bearer);
    }
    struct http_ask wanted = {
        .method = "GET",
        .url = text_c(&url),
        .header = &header,
        .headers = scraper->key != NULL ? 1 : 0,
        .answer_max = PAGE_MAX,
        .authority = scraper->authority,
        .timeout_ms = TIMEOUT_MS,
    };
    if (url.cut || bearer.cut)
        return err_set(err, ERR_LIMIT, "a URL does not fit the memory limit");
    if (!http_send(&scraper->http, &wanted, &scraper->arena, out, err))
        return false;
    if (out->status == 401 || out->status == 403)
        return err_set(err, ERR_IO,
                       "it answered %d: name a file with the key of a client of scope metrics in "
                       "monitor.key_file",
                       out->status);
    return out->status == 200 || err_set(err, ERR_IO, "it answered %d", out->status);
}

static bool keep(struct scraper *scraper, struct view server, int64_t now_ms,
                 const struct figures *figures, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    struct text text = text_in_arena(&scraper->arena);
    struct json json = json_to(&text);
    figures_write(figures, &json);
    if (text.cut)
        return err_set(err, ERR_LIMIT, "figures do not fit the memory limit");
    if (!db_prepare(&scraper->store->db,
                    "insert into scrape (server, at_ms, figures) values ($1, $2, $3)", &row, err))
        return false;
    db_bind_text(&row, 1, server);
    db_bind_i64(&row, 2, now_ms);
    db_bind_text(&row, 3, text_view(&text));
    return db_done(&row, err);
}

bool scrape_server(struct scraper *scraper, struct view server, int64_t now_ms, struct figures *out,
                   struct err *err)
{
    struct http_got got;
    arena_reset(&scraper->arena);
    return ask(scraper, server, &got, err) && figures_parse(out, got.body, err) &&
           keep(scraper, server, now_ms, out, err);
}

bool scrape_page(struct scraper *scraper, struct view server, struct view *out, struct err *err)
{
    struct http_got got;
    arena_reset(&scraper->arena);
    if (!ask(scraper, server, &got, err))
        return false;
    *out = got.body;
    return true;
}

/* ---------------------------------------------------------------- a window */

static bool add_row(const struct db_statement *row, struct arena *arena, struct figures *last,
                    int64_t *last_ms, int64_t *first_ms, struct figures *sum, struct err *err)
{
    struct figures now;
    int64_t at_ms = db_i64(row, 0);
    arena_reset(arena);
    const struct doc *doc = doc_parse(db_text(row, 1), arena, err);
    if (doc == NULL || !figures_read(&now, doc))
        return err_set(err, ERR_STORE, "what was kept of a server's metrics is damaged");
    if (*last_ms == 0) {
        *first_ms = at_ms;
    } else {
        struct figures increase = figures_increase(last, &now);
        figures_add(sum, &increase);
    }
    *last = now;
    *last_ms = at_ms;
    return true;
}

bool scrape_window(struct store *store, struct view server, int64_t until_ms, int64_t window_ms,
                   struct scrape_window *out, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(db_finish) struct db_statement row = {0};
    struct figures last = {0}, sum = {0};
    int64_t first_ms = 0, last_ms = 0, from_ms = until_ms - window_ms;
    if (!db_prepare(&store->db,
                    "select at_ms, figures from scrape where server = $1 and at_ms <= $2 and at_ms "
                    ">= (select coalesce(max(at_ms), $3) from scrape where server = $1 and at_ms "
                    "<= $3 and at_ms >= $4) order by at_ms, id",
                    &row, err))
        return false;
    db_bind_text(&row, 1, server);
    db_bind_i64(&row, 2, until_ms);
    db_bind_i64(&row, 3, from_ms);
    db_bind_i64(&row, 4, from_ms - STALE_MS);
    while (db_next(&row, err))
        if (!add_row(&row, &arena, &last, &last_ms, &first_ms, &sum, err))
            return false;
    if (err->kind != ERR_NONE)
        return false;
    *out = (struct scrape_window){.increase = sum, .covered_ms = last_ms - first_ms};
    return true;
}

bool scrape_prune(struct store *store, int64_t before_ms, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&store->db, "delete from scrape where at_ms < $1", &row, err))
        return false;
    db_bind_i64(&row, 1, before_ms);
    return db_done(&row, err);
}
