#include "serve/named.h"

static size_t index_of(const struct lineup *lineup, struct view name)
{
    size_t i = 0;
    while (i < lineup->named_count && !view_is(name, lineup->named[i]->name))
        i++;
    return i;
}

const struct served *named_find(const struct lineup *lineup, struct view name)
{
    size_t i = index_of(lineup, name);
    return i == lineup->named_count ? NULL : lineup->named[i];
}

/* Names end up in paths. */
static bool is_name(struct view name)
{
    for (size_t i = 0; i < name.length; i++) {
        char c = name.text[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && c != '.' && c != '_' && c != '-')
            return false;
    }
    return name.length > 0 && name.length < SERVED_NAME_SIZE;
}

/* What can be said before anything is read. */
static bool may_load(const struct server *server, const struct lineup *lineup, struct view name,
                     struct view url, bool anew, struct err *err)
{
    const struct served *champion = lineup->champion;
    bool loaded = named_find(lineup, name) != NULL;
    if (!is_name(name) || url.length >= SERVED_URL_SIZE)
        return err_set(err, ERR_INPUT,
                       "a model's name is 1 to %d letters, digits, '.', '_' and '-', its url "
                       "shorter than %d bytes",
                       SERVED_NAME_SIZE - 1, SERVED_URL_SIZE);
    if (view_is(name, "champion") || (champion != NULL && view_is(name, served_name(champion))))
        return err_set(err, ERR_CONFLICT, "'" VIEW_FMT "' is the champion's name", VIEW_ARG(name));
    if (loaded && !anew)
        return err_set(err, ERR_CONFLICT, "model '" VIEW_FMT "' is loaded already", VIEW_ARG(name));
    if (!loaded && lineup->named_count == LINEUP_NAMED_MAX)
        return err_set(err, ERR_LIMIT, "%d models are loaded, and there is room for no more",
                       (int)LINEUP_NAMED_MAX);
    return server->options.source.load != NULL ||
           err_set(err, ERR_NOT_FOUND, "this server was started with one model: it loads no other");
}

static bool has_room(const struct server *server, const struct lineup *lineup, size_t place,
                     const struct served *more, struct err *err)
{
    size_t most = server->options.named_bytes_max, used = more->bundle.arena.used;
    for (size_t i = 0; i < lineup->named_count; i++)
        used += i == place ? 0 : lineup->named[i]->bundle.arena.used;
    return most == 0 || used <= most ||
           err_set(err, ERR_LIMIT,
                   "the models that are loaded by name may hold %zu bytes, and "
                   "would hold %zu",
                   most, used);
}

static bool put(struct server *server, struct served *served, struct err *err)
{
    struct lineup *draft = serving_draft(&server->serving);
    size_t place = index_of(draft, view_of(served->name));
    if (!has_room(server, draft, place, served, err)) {
        serving_discard(&server->serving, draft);
        return false;
    }
    if (place == draft->named_count)
        draft->named[draft->named_count++] = NULL;
    lineup_set(&draft->named[place], served);
    server_publish(server, draft);
    return true;
}

bool named_load(struct server *server, struct view name, struct view url, bool anew,
                struct err *err)
{
    const struct model_source *source = &server->options.source;
    struct served *served;
    /* Only this thread publishes, so the line-up in force stays. */
    if (!may_load(server, atomic_load(&server->serving.now), name, url, anew, err) ||
        !source->load(source->self, name, url, &served, err))
        return false;
    snprintf(served->name, sizeof served->name, "%.*s", (int)name.length, name.text);
    snprintf(served->url, sizeof served->url, "%.*s", (int)url.length, url.text);
    if (put(server, served, err))
        return true;
    served_free(served);
    return false;
}

bool named_unload(struct server *server, struct view name, struct err *err)
{
    struct lineup *draft = serving_draft(&server->serving);
    size_t place = index_of(draft, name);
    if (place == draft->named_count) {
        serving_discard(&server->serving, draft);
        return err_set(err, ERR_NOT_FOUND, "no model is loaded as '" VIEW_FMT "'", VIEW_ARG(name));
    }
    lineup_set(&draft->named[place], NULL);
    draft->named_count--;
    memmove(&draft->named[place], &draft->named[place + 1],
            (draft->named_count - place) * sizeof draft->named[0]);
    server_publish(server, draft);
    return true;
}
