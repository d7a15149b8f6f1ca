#include "cli/project.h"

enum { OPTION_KEYS };

static void print_keys(void)
{
    for (size_t i = 0; i < KEYS; i++) {
        const struct key *key = &config_keys[i];
        printf("%-26s %-12s %-14s %s", key->path, key_type_name(key->type),
               key->fallback[0] == '\0' ? "-" : key->fallback, key->help);
        if (key->type == KEY_CHOICE)
            printf(" (%s)", key->choices);
        if (key->type == KEY_NUMBER || key->type == KEY_COUNT)
            printf(" (%g to %g)", key->min, key->max);
        putchar('\n');
    }
}

static void print_force(const struct config *config)
{
    char bytes[8192]; /* no plain key takes as much */
    for (size_t i = 0; i < KEYS; i++) {
        if (key_is_collection(&config_keys[i]))
            continue;
        const struct setting *setting = &config->setting[i];
        struct text shown = text_in(bytes, sizeof bytes);
        db_show(setting->text, &shown); /* a password is nobody's to read off a screen */
        printf("%-24s %-24s %s", config_keys[i].path, text_c(&shown), origin_name(setting->origin));
        if (setting->origin == ORIGIN_FILE)
            printf(" line %zu", setting->line);
        putchar('\n');
    }
}

static bool run(const struct call *call, struct err *err)
{
    if (call->option[OPTION_KEYS] != NULL) {
        print_keys();
        return true;
    }
    struct project project;
    if (!project_open_loosely(&project, call, err))
        return false;
    print_force(&project.config);
    project_close(&project);
    return true;
}

static const struct option_row options[] = {
    [OPTION_KEYS] = {"keys", NULL, "every key of assay.yaml: type, default, help, limits"},
    {0},
};

const struct command command_config = {
    .name = "config",
    .arguments = "",
    .about = "what is in force, and where each value came from",
    .options = options,
    .run = run,
};
