#include "base/clock.h"
#include "base/number.h"
#include "cli/duration.h"
#include "cli/verbs.h"
#include "store/client.h"

#include <math.h>

enum {
    OPTION_SCOPES,
    OPTION_EXPIRES,
    OPTION_RATE,
    OPTION_BURST,
    OPTION_QUOTA,
    OPTION_GRACE,
    OPTION_NO_KEY
};

/* ---------------------------------------------------------------- what options say */

/* The instant until which a new key is good; 0: for ever. */
static bool read_expiry(const struct call *call, int64_t *out, struct err *err)
{
    const char *text = call->option[OPTION_EXPIRES];
    int64_t ms;
    *out = 0;
    if (text != NULL && strcmp(text, "never") == 0)
        return true;
    if (!duration_read(text == NULL ? "365d" : text, "expires", &ms, err))
        return false;
    *out = clock_now_ms() + ms;
    return true;
}

static bool read_number(const struct call *call, int option, const char *name, double max,
                        double *out, struct err *err)
{
    const char *text = call->option[option];
    if (text == NULL || (number_parse(view_of(text), out) && *out >= 0 && *out <= max))
        return true;
    return err_set(err, ERR_USAGE, "--%s takes a number from 0 to %g, not '%s'", name, max, text);
}

/* A rate without a burst lets a second's worth come at once. */
static bool read_terms(const struct call *call, struct client_terms *out, struct err *err)
{
    double rate = 0, burst = 0, quota = 0;
    const char *scopes = call->option[OPTION_SCOPES];
    if (scopes == NULL)
        return err_set(err, ERR_USAGE, "--scopes says what the client may do: score,label");
    if (!client_scopes_parse(view_of(scopes), &out->scopes, err) ||
        !read_number(call, OPTION_RATE, "rate", (double)CLIENT_RATE_MILLI_MAX / 1000, &rate, err) ||
        !read_number(call, OPTION_BURST, "burst", (double)CLIENT_BURST_MAX, &burst, err) ||
        !read_number(call, OPTION_QUOTA, "quota", (double)CLIENT_QUOTA_MAX, &quota, err))
        return false;
    if (rate > 0 && rate < 0.001)
        return err_set(err, ERR_USAGE, "--rate takes 0.001 requests a second and more, not %g",
                       rate);
    if (rate == 0 && burst > 0)
        return err_set(err, ERR_USAGE, "--burst goes with --rate");
    if (burst != floor(burst) || quota != floor(quota))
        return err_set(err, ERR_USAGE, "--burst and --quota take whole numbers");
    if (rate > 0 && call->option[OPTION_BURST] == NULL)
        burst = ceil(rate);
    out->name = view_of(call->argument[1]);
    out->rate_milli = (int64_t)llround(rate * 1000);
    out->burst = (int64_t)burst;
    out->quota_day = (int64_t)quota;
    return true;
}

/* ---------------------------------------------------------------- verbs */

/* The key alone on standard output, so that a script can keep it. */
static void show_key(const struct client_key_text *key, struct view name)
{
    printf("%s\n", key->text);
    fprintf(stderr, "assay clients: key %lld of " VIEW_FMT " is shown once and kept nowhere\n",
            (long long)key->id, VIEW_ARG(name));
}

static bool add(struct project *project, const struct call *call, struct err *err)
{
    struct client_terms terms = {0};
    struct client_key_text key;
    int64_t expires_ms;
    bool no_key = call->option[OPTION_NO_KEY] != NULL;
    if (!read_terms(call, &terms, err) || !read_expiry(call, &expires_ms, err) ||
        !client_add(&project->store, &terms, expires_ms, project_actor(), no_key ? NULL : &key,
                    err))
        return false;
    if (!no_key)
        show_key(&key, terms.name);
    return true;
}

static bool rotate(struct project *project, const struct call *call, struct err *err)
{
    struct client_key_text key;
    struct view name = view_of(call->argument[1]);
    const char *grace = call->option[OPTION_GRACE];
    int64_t expires_ms, grace_ms;
    if (!read_expiry(call, &expires_ms, err) ||
        !duration_read(grace == NULL ? "24h" : grace, "grace", &grace_ms, err) ||
        !client_rotate(&project->store, name, grace_ms, expires_ms, project_actor(), &key, err))
        return false;
    show_key(&key, name);
    return true;
}

static bool revoke(struct project *project, const struct call *call, struct err *err)
{
    return client_revoke(&project->store, view_of(call->argument[1]), project_actor(), err);
}

static void print_time(int64_t time_ms)
{
    char bytes[40];
    struct text text = text_in(bytes, sizeof bytes);
    text_add_time(&text, time_ms);
    printf("%.19sZ", text_c(&text));
}

static void print_bound(int64_t value, double unit)
{
    if (value == 0)
        printf(" %10s", "-");
    else
        printf(" %10.12g", (double)value / unit);
}

static void print_key(const struct client_key *key, int64_t now)
{
    printf("%6s  key %-6lld made ", "", (long long)key->id);
    print_time(key->created_ms);
    if (key->revoked_ms != 0)
        printf("  revoked "), print_time(key->revoked_ms);
    else if (key->expires_ms == 0)
        printf("  does not expire");
    else
        printf(key->expires_ms <= now ? "  expired " : "  until "), print_time(key->expires_ms);
    putchar('\n');
}

static bool list(struct project *project, const struct call *call UNUSED, struct err *err)
{
    struct client *client;
    struct client_key *key;
    size_t clients, keys;
    int64_t now = clock_now_ms();
    if (!client_list_keys(&project->store, &project->arena, &key, &keys, err) ||
        !client_list(&project->store, &project->arena, &client, &clients, err))
        return false;
    printf("%6s  %-24s %-28s %10s %10s %10s  %s\n", "id", "name", "scopes", "rate/s", "burst",
           "quota/day", "state");
    for (size_t i = 0; i < clients; i++) {
        char scopes[CLIENT_SCOPES_SIZE];
        const struct client_terms *terms = &client[i].terms;
        printf("%6lld  %-24s %-28s", (long long)client[i].id, terms->name.text,
               client_scopes_print(terms->scopes, scopes));
        print_bound(terms->rate_milli, 1000);
        print_bound(terms->burst, 1);
        print_bound(terms->quota_day, 1);
        printf("  %s\n", client[i].revoked_ms != 0 ? "revoked" : "in force");
        for (size_t k = 0; k < keys; k++)
            if (key[k].client_id == client[i].id)
                print_key(&key[k], now);
    }
    return true;
}

static bool run(const struct call *call, struct err *err)
{
    static const struct verb rows[] = {{"list", .run = list},
                                       {"add", 1, 1, true, add},
                                       {"rotate", 1, 1, true, rotate},
                                       {"revoke", 1, 1, true, revoke}};
    static const struct verbs verbs = {
        rows, LENGTH_OF(rows),
        .usage = "usage: assay clients list | add NAME --scopes SCOPES | rotate NAME | "
                 "revoke NAME or KEY NUMBER"};
    return verbs_run(&verbs, call, err);
}

static const struct option_row options[] = {
    [OPTION_SCOPES] = {"scopes", "LIST", "add: score, read, label, metrics, admin; with commas"},
    [OPTION_EXPIRES] = {"expires", "TIME", "add, rotate: 90d, 12h, or never; default 365d"},
    [OPTION_RATE] = {"rate", "N", "add: requests a second; default no bound"},
    [OPTION_BURST] = {"burst", "N", "add: requests that may come at once; default one second's"},
    [OPTION_QUOTA] = {"quota", "N", "add: requests in a day of UTC; default no bound"},
    [OPTION_GRACE] = {"grace", "TIME", "rotate: earlier keys stay good so long; default 24h"},
    [OPTION_NO_KEY] = {"no-key", NULL, "add: known by its certificate alone"},
    {0},
};

const struct command command_clients = {
    .name = "clients",
    .arguments = "list | add NAME | rotate NAME | revoke NAME-OR-KEY",
    .about = "who may ask the server what: API keys, scopes, rates and quotas",
    .more =
        "add prints the client's key, once: only its SHA-256 is kept. rotate prints one more,\n"
        "and the keys before it expire after --grace. revoke takes a client with all its keys,\n"
        "by name, or one key, by its number. A running server follows within two seconds.\n"
        "serve.auth says whether the server asks for keys or certificates; docs/gateway.md.\n",
    .options = options,
    .least = 1,
    .most = 2,
    .run = run,
};
