#include "cli/ledger.h"

#include "base/file.h"
#include "store/journal_config.h"

enum { CARD_KEY_MIN = 16, CARD_KEY_MAX = 4096 };

static bool read_card_key(struct project *project, struct view *out, struct err *err)
{
    const char *path = config_path(&project->config, KEY_JOURNAL_CARD_KEY);
    if (config_text(&project->config, KEY_JOURNAL_CARD_KEY).length == 0)
        return err_set(err, ERR_INPUT,
                       "journal.card_numbers hmac needs a secret: name a file of %d bytes or more "
                       "in journal.card_key",
                       CARD_KEY_MIN);
    if (!file_load(path, CARD_KEY_MAX, &project->arena, out, err))
        return err_while(err, "journal.card_key");
    *out = view_trim(*out);
    return out->length >= CARD_KEY_MIN ||
           err_set(err, ERR_INPUT, "journal.card_key: '%s' holds %zu bytes, %d or more are wanted",
                   path, out->length, CARD_KEY_MIN);
}

static bool is_wanted(const struct config *config)
{
    bool said = config->setting[KEY_JOURNAL_ENABLED].origin != ORIGIN_DEFAULT;
    return config_bool(config, KEY_JOURNAL_ENABLED) && (said || config->path != NULL);
}

bool ledger_open(struct ledger *ledger, struct project *project, struct server_options *options,
                 struct err *err)
{
    const struct config *config = &project->config;
    ledger->project = project;
    if (!is_wanted(config))
        return true;
    if (!journal_options_of(config, &ledger->journal, err))
        return false;
    ledger->kept = true;
    options->journal = &ledger->journal;
    options->answers_ms = (int64_t)config_count(config, KEY_JOURNAL_ANSWER_HOURS) * 3600000;
    options->answers_bytes = config_count(config, KEY_JOURNAL_ANSWER_BYTES);
    options->cards_hashed = view_is(config_text(config, KEY_JOURNAL_CARDS), "hmac");
    return !options->cards_hashed || read_card_key(project, &options->card_key, err);
}

/* Over a connection of its own: the server's thread has the project's by now. */
static bool remember(const struct store_place *place, struct server *server, struct err *err)
{
    CLEANUP(store_close) struct store store = {0};
    return store_open_place(&store, place, err) && server_remember(server, &store, err);
}

bool ledger_begin(struct ledger *ledger, struct server *server, struct err *err)
{
    struct journal_mover_options mover = {.dir = ledger->journal.dir,
                                          .store = project_store_place(ledger->project),
                                          .keep = journal_keep_of(&ledger->project->config)};
    if (!ledger->kept)
        return true;
    ledger->moving =
        remember(&mover.store, server, err) && journal_mover_open(&ledger->mover, &mover, err);
    return ledger->moving;
}

void ledger_close(struct ledger *ledger)
{
    if (ledger->moving)
        journal_mover_close(&ledger->mover);
    ledger->moving = false;
}
