#include "data/key.h"

#include "harness.h"

static bool takes(const struct key *key, const char *value)
{
    char bytes[300];
    struct text what = text_in(bytes, sizeof bytes);
    bool ok = key_check(key, view_of(value), &what);
    FAIL_UNLESS(ok == (what.length == 0), "'%s': a refusal says what is taken", value);
    return ok;
}

TEST(a_number_is_taken_between_its_bounds_and_a_count_when_it_is_whole)
{
    struct key number = {.path = "x", .type = KEY_NUMBER, .min = -1, .max = 2};
    struct key count = {.path = "x", .type = KEY_COUNT, .min = 0, .max = 10};
    TRUE(takes(&number, "-1") && takes(&number, "2") && takes(&number, "0.5"));
    TRUE(!takes(&number, "-1.001") && !takes(&number, "2.1") && !takes(&number, "two"));
    TRUE(!takes(&number, "") && !takes(&number, "nan") && !takes(&number, "1 1"));
    TRUE(takes(&count, "0") && takes(&count, "10") && takes(&count, "1e1"));
    TRUE(!takes(&count, "1.5") && !takes(&count, "11") && !takes(&count, "-1"));
}

TEST(a_text_is_measured_in_bytes)
{
    struct key text = {.path = "x", .type = KEY_TEXT, .min = 1, .max = 3};
    TRUE(takes(&text, "a") && takes(&text, "abc"));
    TRUE(!takes(&text, "") && !takes(&text, "abcd"));
}

TEST(a_choice_is_one_whole_word_of_its_list)
{
    struct key choice = {.path = "x", .type = KEY_CHOICE, .choices = "random time group"};
    TRUE(takes(&choice, "random") && takes(&choice, "group"));
    TRUE(!takes(&choice, "rand") && !takes(&choice, "random time") && !takes(&choice, "Time"));
}

TEST(a_bool_is_true_or_false_and_nothing_else)
{
    struct key boolean = {.path = "x", .type = KEY_BOOL};
    TRUE(takes(&boolean, "true") && takes(&boolean, "false"));
    TRUE(!takes(&boolean, "yes") && !takes(&boolean, "1") && !takes(&boolean, "TRUE"));
}

TEST(a_collection_has_a_star_or_brackets_in_its_path)
{
    TRUE(key_is_collection(&(struct key){.path = "columns.*.type"}));
    TRUE(key_is_collection(&(struct key){.path = "gate[]"}));
    TRUE(!key_is_collection(&(struct key){.path = "split.seed"}));
}
