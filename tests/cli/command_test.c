#include "cli/command.h"

#include "cli/help.h"
#include "harness.h"

static bool is_common(const char *name)
{
    return strcmp(name, "help") == 0 || strcmp(name, "project") == 0 || strcmp(name, "set") == 0;
}

static void options_are_complete(const struct command *command)
{
    size_t count = 0;
    for (const struct option_row *row = command->options; row != NULL && row->name != NULL; row++) {
        FAIL_UNLESS(row->about != NULL && row->about[0] != '\0', "%s --%s says nothing",
                    command->name, row->name);
        FAIL_UNLESS(!is_common(row->name), "%s has its own --%s", command->name, row->name);
        FAIL_UNLESS(row->value == NULL || row->value[0] != '\0', "%s --%s takes nothing",
                    command->name, row->name);
        for (const struct option_row *other = command->options; other < row; other++)
            FAIL_UNLESS(strcmp(other->name, row->name) != 0, "%s has --%s twice", command->name,
                        row->name);
        count++;
    }
    TRUE(count <= OPTIONS_MAX);
}

TEST(every_command_is_complete_and_its_name_its_own)
{
    TRUE(commands_count > 5);
    for (size_t i = 0; i < commands_count; i++) {
        const struct command *command = commands[i];
        TRUE(command->name != NULL && command->name[0] != '\0');
        FAIL_UNLESS(command->run != NULL && command->arguments != NULL && command->about != NULL &&
                        command->about[0] != '\0',
                    "%s is half a command", command->name);
        FAIL_UNLESS(command->least <= command->most, "%s takes %zu to %zu arguments", command->name,
                    command->least, command->most);
        FAIL_UNLESS((command->most == 0) == (command->arguments[0] == '\0'),
                    "%s does not say what arguments it takes", command->name);
        FAIL_UNLESS(command->more == NULL || command->more[strlen(command->more) - 1] == '\n',
                    "%s: help does not end its line", command->name);
        TRUE(command_find(command->name) == command); /* no earlier one has the name */
        options_are_complete(command);
    }
    TRUE(command_find("nonsense") == NULL && command_find("") == NULL);
    TRUE(command_find("help") != NULL && command_find("train") != NULL);
}

static struct view printed(void (*print)(FILE *out, const struct command *command),
                           const struct command *command, struct arena *arena)
{
    char *bytes = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&bytes, &size);
    if (print == NULL)
        help_all(out);
    else
        print(out, command);
    fclose(out);
    struct view view = {arena_copy(arena, bytes, size), size};
    free(bytes);
    return view;
}

static bool has(struct view text, const char *part)
{
    return memmem(text.text, text.length, part, strlen(part)) != NULL;
}

TEST(help_lists_every_command_but_the_hidden_ones_and_each_options_line)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct view all = printed(NULL, NULL, &arena);
    for (size_t i = 0; i < commands_count; i++) {
        char line[64];
        snprintf(line, sizeof line, "\n  %-9s ", commands[i]->name);
        SAME(has(all, line), !commands[i]->hidden);
        struct view one = printed(help_one, commands[i], &arena);
        TRUE(has(one, commands[i]->name) && has(one, commands[i]->about));
        for (const struct option_row *row = commands[i]->options; row != NULL && row->name != NULL;
             row++)
            TRUE(has(one, row->name) && has(one, row->about));
    }
    /* Every exit status is explained. */
#define ERR(kind, status, http, name)                                                              \
    snprintf(number, sizeof number, "%d ", status);                                                \
    FAIL_UNLESS(has(all, number), "help does not say what exit status %d means", status);
    char number[16];
#include "base/errs.def"
#undef ERR
}
