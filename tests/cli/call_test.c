#include "cli/command.h"

#include "harness.h"

static bool nothing(const struct call *call UNUSED, struct err *err UNUSED)
{
    return true;
}

static const struct option_row rows[] = {{"out", "FILE", "where"}, {"loud", NULL, "a switch"}, {0}};

static const struct command sample = {
    .name = "sample",
    .arguments = "ONE [TWO]",
    .about = "for tests",
    .options = rows,
    .repeats = "out",
    .least = 1,
    .most = 2,
    .run = nothing,
};

enum { WORDS_MAX = 140 };

/* "sample" and the words, as main would pass them. Ends with NULL. */
static bool parse(const char *const *words, struct call *call, bool *wants_help, struct err *err)
{
    static char copy[WORDS_MAX][64];
    static char *argv[WORDS_MAX + 2];
    int argc = 1;
    static char name[] = "sample";
    argv[0] = name;
    for (; words[argc - 1] != NULL; argc++) {
        snprintf(copy[argc], sizeof copy[0], "%s", words[argc - 1]);
        argv[argc] = copy[argc];
    }
    argv[argc] = NULL;
    *call = (struct call){0};
    *wants_help = false;
    return call_parse(&sample, argc, argv, call, wants_help, err);
}

#define WORDS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void refused(const char *const *words, const char *says)
{
    struct call call;
    bool help;
    struct err err = {0};
    FAILS(parse(words, &call, &help, &err), err, ERR_USAGE);
    SAYS(err, says);
    SAYS(err, "assay help sample");
}

TEST(options_and_arguments_come_in_any_order)
{
    struct call call;
    bool help;
    struct err err = {0};
    WORKS(parse(WORDS("one", "--out", "file", "two", "--loud"), &call, &help, &err), err);
    SAME(call.arguments, 2);
    TEXT(view_of(call.argument[0]), "one");
    TEXT(view_of(call.argument[1]), "two");
    TEXT(view_of(call.option[0]), "file");
    TEXT(view_of(call.option[1]), "");
    TEXT(view_of(call.project), ".");
    TRUE(!help);
    WORKS(parse(WORDS("--out=a=b", "--", "--loud"), &call, &help, &err), err);
    TEXT(view_of(call.option[0]), "a=b");
    TRUE(call.option[1] == NULL);
    TEXT(view_of(call.argument[0]), "--loud");
    WORKS(parse(WORDS("-", "--out="), &call, &help, &err), err);
    TEXT(view_of(call.argument[0]), "-");
    TEXT(view_of(call.option[0]), "");
}

TEST(project_and_set_are_everybodys_and_set_keeps_its_order)
{
    struct call call;
    bool help;
    struct err err = {0};
    WORKS(parse(WORDS("one", "--set", "a.b=1", "--project", "dir", "--set=a.b=2=3"), &call, &help,
                &err),
          err);
    TEXT(view_of(call.project), "dir");
    SAME(call.sets, 2);
    TEXT(view_of(call.set[0]), "a.b=1");
    TEXT(view_of(call.set[1]), "a.b=2=3");
}

TEST(an_option_the_command_does_not_have_is_named)
{
    refused(WORDS("one", "--bogus"), "'--bogus' is no option of this command");
    refused(WORDS("--bogus", "one"), "'--bogus' is no option");
    refused(WORDS("one", "--bogus=3"), "'--bogus=3' is no option");
    refused(WORDS("one", "--loud=3"), "'--loud=3' takes no value");
    refused(WORDS("one", "-x"), "'-x' is no option");
    refused(WORDS("one", "-xyz", "two"), "'-xyz' is no option");
    refused(WORDS("one", "-xout", "file"), "'-xout' is no option");
    refused(WORDS("one", "-o", "file"), "'-o' is no option");
}

/* A script that says --pro today must not mean another option tomorrow. */
TEST(an_option_is_spelled_whole)
{
    refused(WORDS("one", "--pro", "dir"), "'--pro' is no option");
    refused(WORDS("one", "--lou"), "'--lou' is no option");
    refused(WORDS("one", "--ou=file"), "'--ou=file' is no option");
}

TEST(an_option_without_its_value_is_named)
{
    refused(WORDS("one", "--out"), "'--out' needs a value");
    refused(WORDS("one", "--set"), "'--set' needs a value");
    refused(WORDS("one", "--project"), "'--project' needs a value");
}

TEST(too_few_or_too_many_arguments_give_the_usage)
{
    refused((const char *const[]){NULL}, "usage: assay sample ONE [TWO]");
    refused(WORDS("one", "two", "three"), "usage: assay sample ONE [TWO]");
    struct call call;
    bool help;
    struct err err = {0};
    WORKS(parse(WORDS("one"), &call, &help, &err), err);
    SAME(call.arguments, 1);
}

TEST(help_needs_no_arguments)
{
    struct call call;
    bool help;
    struct err err = {0};
    WORKS(parse(WORDS("--help"), &call, &help, &err), err);
    TRUE(help);
}

TEST(a_set_without_an_equals_sign_or_one_too_many_is_refused)
{
    struct call call;
    bool help;
    struct err err = {0};
    FAILS(parse(WORDS("one", "--set", "split.seed"), &call, &help, &err), err, ERR_USAGE);
    SAYS(err, "--set takes KEY=VALUE");
    const char *words[2 * (SETS_MAX + 1) + 2] = {"one"};
    for (size_t i = 0; i <= SETS_MAX; i++)
        words[1 + 2 * i] = "--set", words[2 + 2 * i] = "a=b";
    err = (struct err){0};
    FAILS(parse(words, &call, &help, &err), err, ERR_USAGE);
    SAYS(err, "at most 64 times");
    words[1 + 2 * SETS_MAX] = NULL;
    err = (struct err){0};
    WORKS(parse(words, &call, &help, &err), err);
    SAME(call.sets, SETS_MAX);
}

TEST(an_option_that_repeats_keeps_all_its_values_in_order)
{
    struct call call;
    bool help;
    struct err err = {0};
    WORKS(parse(WORDS("x", "--out", "a", "--loud", "--out=b"), &call, &help, &err), err);
    SAME(call.manys, 2);
    TEXT(view_of(call.many[0]), "a");
    TEXT(view_of(call.many[1]), "b");
    TEXT(view_of(call.option[0]), "b");
    const char *words[2 + MANY_MAX + 1] = {"x"};
    for (size_t i = 1; i <= MANY_MAX + 1; i++)
        words[i] = "--out=a";
    FAILS(parse(words, &call, &help, &err), err, ERR_USAGE);
    SAYS(err, "more than 32 times");
}
