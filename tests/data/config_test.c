#include "data/fixture.h"

#include "base/number.h"

#include <math.h>
#include <unistd.h>

static void refuses(const char *yaml, const char *want)
{
    struct err err = config_fault(yaml);
    TEXT(view_of(err.text), want);
}

/* ---------------------------------------------------------------- the table */

TEST(every_key_stands_once_and_explains_itself)
{
    for (size_t i = 0; i < KEYS; i++) {
        const struct key *key = &config_keys[i];
        TRUE(key->path[0] != '\0');
        TRUE(strlen(key->help) > 3);
        TRUE(key->min <= key->max);
        SAME(key->type == KEY_CHOICE, key->choices[0] != '\0');
        for (size_t j = 0; j < i; j++)
            FAIL_UNLESS(strcmp(config_keys[j].path, key->path) != 0, "'%s' stands twice",
                        key->path);
    }
}

TEST(every_default_is_a_value_its_own_key_takes)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct config config;
    config_init(&config, &arena);
    for (size_t i = 0; i < KEYS; i++) {
        const struct key *key = &config_keys[i];
        struct err err = {0};
        if (!key_is_collection(key))
            WORKS(config_set(&config, view_of(key->path), view_of(key->fallback), &err), err);
        SAME(config_keys[i].type == KEY_BOOL && key->fallback[0] == '\0', false);
    }
}

TEST(only_paths_with_a_star_or_brackets_are_collections)
{
    TRUE(key_is_collection(&config_keys[KEY_COLUMN_TYPE]));
    TRUE(key_is_collection(&config_keys[KEY_GATE]));
    TRUE(key_is_collection(&config_keys[KEY_MODEL_PARAMETER]));
    TRUE(!key_is_collection(&config_keys[KEY_PROJECT]));
    TRUE(!key_is_collection(&config_keys[KEY_SPLIT_SEED]));
}

/* ---------------------------------------------------------------- the file */

TEST(an_empty_file_gives_the_defaults)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct config config = config_from("", &arena);
    for (size_t i = 0; i < KEYS; i++) {
        TEXT(config.setting[i].text, config_keys[i].fallback);
        SAME(config.setting[i].origin, ORIGIN_DEFAULT);
    }
    TEXT(config_text(&config, KEY_PROJECT), "fraud");
    NEAR(config_number(&config, KEY_SPLIT_TRAIN), 0.8, 0);
    SAME(config_count(&config, KEY_SERVE_PORT), 8080);
    TRUE(config_bool(&config, KEY_DEPLOY_AUTOMATIC));
}

TEST(the_file_s_values_are_in_force_with_their_lines)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct config config = config_from("project: cards\n"
                                       "split:\n"
                                       "  kind: time\n"
                                       "  train: 0.75\n"
                                       "  seed: 9e15\n"
                                       "deploy: {automatic: false}\n"
                                       "serve:\n",
                                       &arena);
    TEXT(config_text(&config, KEY_PROJECT), "cards");
    TEXT(config_text(&config, KEY_SPLIT_KIND), "time");
    NEAR(config_number(&config, KEY_SPLIT_TRAIN), 0.75, 0);
    SAME(config_count(&config, KEY_SPLIT_SEED), 9000000000000000);
    TRUE(!config_bool(&config, KEY_DEPLOY_AUTOMATIC));
    SAME(config.setting[KEY_SPLIT_TRAIN].origin, ORIGIN_FILE);
    SAME(config.setting[KEY_SPLIT_TRAIN].line, 4);
    SAME(config.setting[KEY_SPLIT_VALIDATION].origin, ORIGIN_DEFAULT);
}

TEST(an_unknown_key_is_refused_with_its_place)
{
    refuses("projekt: x\n",
            "assay.yaml line 1, column 10: no key 'projekt'; `assay config --keys` lists them all");
    refuses(
        "split:\n  sede: 1\n",
        "assay.yaml line 2, column 9: no key 'split.sede'; `assay config --keys` lists them all");
    refuses("columns:\n  a: {type: number, kind: x}\n",
            "assay.yaml line 2, column 27: no key 'columns.a.kind'; `assay config --keys` lists "
            "them all");
    refuses("features: [{transform: hour, columm: t}]\n",
            "assay.yaml line 1, column 38: no key 'features[].columm'; `assay config --keys` lists "
            "them all");
    refuses("extra: {a: 1}\n",
            "assay.yaml line 1, column 1: no key 'extra'; `assay config --keys` lists them all");
    refuses("extra: [1]\n",
            "assay.yaml line 1, column 1: no key 'extra'; `assay config --keys` lists them all");
    refuses("spli: {seed: 1}\n",
            "assay.yaml line 1, column 1: no key 'spli'; `assay config --keys` lists them all");
}

TEST(a_value_of_the_wrong_type_is_refused_with_its_place)
{
    refuses("split:\n  seed: one\n", "assay.yaml line 2, column 9: 'split.seed' takes a whole "
                                     "number from 0 to 9e+15, not 'one'");
    refuses("split: {seed: 1.5}\n", "assay.yaml line 1, column 15: 'split.seed' takes a whole "
                                    "number from 0 to 9e+15, not '1.5'");
    refuses(
        "split: {train: x}\n",
        "assay.yaml line 1, column 16: 'split.train' takes a number from 0.01 to 0.98, not 'x'");
    refuses("deploy: {automatic: yes}\n",
            "assay.yaml line 1, column 21: 'deploy.automatic' takes true or false, not 'yes'");
    refuses("split: {kind: rando}\n",
            "assay.yaml line 1, column 15: 'split.kind' takes one of: random time dates group; not "
            "'rando'");
    refuses("columns: {a: {type: num}}\n",
            "assay.yaml line 1, column 21: 'columns.a.type' takes one of: number integer category "
            "ordinal boolean timestamp id text; not 'num'");
    refuses("split: {kind: random time}\n",
            "assay.yaml line 1, column 15: 'split.kind' takes one of: random time dates group; not "
            "'random time'");
    refuses("split: {seed: }\n", "assay.yaml line 1, column 15: 'split.seed' takes a whole number "
                                 "from 0 to 9e+15, not ''");
}

TEST(a_value_out_of_range_is_refused_and_the_bounds_themselves_are_not)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    config_from("serve: {port: 0, workers: 1, drain_ms: 600000}\nsplit: {train: 0.98}", &arena);
    config_from("serve: {port: 65535}\nsplit: {train: 0.01}", &arena);
    refuses("serve: {port: 65536}\n", "assay.yaml line 1, column 15: 'serve.port' takes a whole "
                                      "number from 0 to 65535, not '65536'");
    refuses("serve: {workers: 0}\n", "assay.yaml line 1, column 18: 'serve.workers' takes a whole "
                                     "number from 1 to 256, not '0'");
    refuses("split: {train: 0.99}\n", "assay.yaml line 1, column 16: 'split.train' takes a number "
                                      "from 0.01 to 0.98, not '0.99'");
    refuses("project: ''\n",
            "assay.yaml line 1, column 10: 'project' takes a text of 1 to 64 bytes");
    refuses("project: 01234567890123456789012345678901234567890123456789012345678901234\n",
            "assay.yaml line 1, column 10: 'project' takes a text of 1 to 64 bytes");
}

TEST(one_value_a_list_and_a_map_are_not_mistaken_for_each_other)
{
    refuses("split: 5\n",
            "assay.yaml line 1, column 8: 'split' takes more keys or a list, not one value");
    refuses("split: [1]\n", "assay.yaml line 1, column 1: 'split' takes keys of its own");
    refuses("gate: roc_auc\n",
            "assay.yaml line 1, column 7: 'gate' takes more keys or a list, not one value");
    refuses("gate: {a: 1}\n", "assay.yaml line 1, column 1: 'gate' takes a list");
    refuses("gate: [[a]]\n", "assay.yaml line 1, column 8: 'gate[]' takes one value");
    refuses("project: [x]\n", "assay.yaml line 1, column 1: 'project' takes one value");
    refuses("project: {x: y}\n", "assay.yaml line 1, column 1: 'project' takes one value");
    refuses("columns: {a: {missing: x}}\n",
            "assay.yaml line 1, column 24: 'columns.a.missing' takes more keys or a list, not one "
            "value");
    refuses("features: {transform: hour}\n",
            "assay.yaml line 1, column 1: 'features' takes a list");
    refuses("features: [hour]\n",
            "assay.yaml line 1, column 12: 'features[]' takes more keys or a list, not one value");
    refuses("model: {parameters: {eta: [1]}}\n",
            "assay.yaml line 1, column 22: 'model.parameters.eta' takes one value");
}

TEST(a_root_that_is_no_map_is_refused)
{
    refuses("- project\n", "assay.yaml line 1, column 1: keys are expected");
    refuses("just words\n", "assay.yaml line 1, column 1: keys are expected");
}

TEST(what_yaml_refuses_is_refused_with_the_file_s_name)
{
    refuses("project: a\nproject: b\n", "assay.yaml: line 2, column 1: 'project' stands here a "
                                        "second time; the first is on line 1");
}

TEST(a_key_written_with_its_path_is_refused)
{
    refuses("split.seed: 7\n", "assay.yaml line 1, column 13: 'split.seed' is no key: sections are "
                               "nested, not written with a dot");
    refuses("gate[]: x\n", "assay.yaml line 1, column 9: 'gate[]' is no key: sections are nested, "
                           "not written with a dot");
    refuses("columns.*:\n  type: id\n", "assay.yaml line 1, column 1: 'columns.*' is no key: "
                                        "sections are nested, not written with a dot");
}

TEST(a_column_s_name_may_be_anything)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct config config =
        config_from("columns:\n  a.b: {type: id}\n  '*': {type: id}\n  'x[]': {type: id}\n"
                    "  \"\xc3\xa9 %s\": {type: id}\n",
                    &arena);
    SAME(config_node(&config, "columns")->count, 4);
    refuses("columns:\n  a.b: {typ: id}\n", "assay.yaml line 2, column 14: no key "
                                            "'columns.a.b.typ'; `assay config --keys` lists them "
                                            "all");
    refuses("columns:\n  ? ''\n  : {type: id}\n",
            "assay.yaml line 2, column 5: a key has 1 to 255 bytes");
}

TEST(a_name_too_long_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct text yaml = text_in_arena(&arena);
    text_addf(&yaml, "columns:\n  %0255d: {type: id}\n", 1);
    config_from(text_c(&yaml), &arena);
    yaml.length = 0;
    text_addf(&yaml, "columns:\n  %0256d: {type: id}\n", 1);
    refuses(text_c(&yaml), "assay.yaml line 2, column 3: a key has 1 to 255 bytes");
}

/* ---------------------------------------------------------------- rising order */

static struct err environment_fault(struct config *config, const char *setting)
{
    char bytes[256];
    struct err err = {0};
    snprintf(bytes, sizeof bytes, "%s", setting);
    char *environment[] = {bytes, NULL};
    config_take_environment(config, environment, &err);
    return err;
}

TEST(the_environment_overrides_the_file_and_a_flag_overrides_both)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct config config = config_from("split: {seed: 2, train: 0.7}\n", &arena);
    SAME(environment_fault(&config, "ASSAY_SPLIT_SEED=3").kind, ERR_NONE);
    SAME(config_count(&config, KEY_SPLIT_SEED), 3);
    SAME(config.setting[KEY_SPLIT_SEED].origin, ORIGIN_ENVIRONMENT);
    struct err err = {0};
    WORKS(config_set(&config, VIEW("split.seed"), VIEW("4"), &err), err);
    SAME(config_count(&config, KEY_SPLIT_SEED), 4);
    SAME(config.setting[KEY_SPLIT_SEED].origin, ORIGIN_FLAG);
    SAME(config.setting[KEY_SPLIT_TRAIN].origin, ORIGIN_FILE);
}

TEST(origins_have_names)
{
    TEXT(view_of(origin_name(ORIGIN_DEFAULT)), "default");
    TEXT(view_of(origin_name(ORIGIN_FILE)), "file");
    TEXT(view_of(origin_name(ORIGIN_ENVIRONMENT)), "environment");
    TEXT(view_of(origin_name(ORIGIN_FLAG)), "flag");
}

TEST(environment_names_are_whole_and_in_capitals)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct config config = config_from("", &arena);
    SAME(environment_fault(&config, "ASSAY_DATA_MEMORY_MB=64").kind, ERR_NONE);
    SAME(config_count(&config, KEY_DATA_MEMORY_MB), 64);
    SAME(environment_fault(&config, "ASSAY_SPLIT_SEEDS=9").kind, ERR_NONE);
    SAME(environment_fault(&config, "assay_split_seed=9").kind, ERR_NONE);
    SAME(environment_fault(&config, "ASSAY_SPLIT_SEED").kind, ERR_NONE);
    SAME(environment_fault(&config, "XASSAY_SPLIT_SEED=9").kind, ERR_NONE);
    SAME(config_count(&config, KEY_SPLIT_SEED), 1);
}

TEST(a_wrong_value_in_the_environment_names_the_variable)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct config config = config_from("", &arena);
    struct err err = environment_fault(&config, "ASSAY_SERVE_PORT=http");
    SAME(err.kind, ERR_INPUT);
    TEXT(view_of(err.text), "ASSAY_SERVE_PORT: 'serve.port' takes a whole number from 0 to 65535, "
                            "not 'http'");
    SAME(config_count(&config, KEY_SERVE_PORT), 8080);
}

TEST(a_wrong_flag_is_a_usage_error)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct config config = config_from("", &arena);
    struct err err = {0};
    FAILS(config_set(&config, VIEW("serve.port"), VIEW("-1"), &err), err, ERR_USAGE);
    TEXT(view_of(err.text), "--set: 'serve.port' takes a whole number from 0 to 65535, not '-1'");
    static const char *const unknown[] = {"",       "serve", "serve.por",      "serve.ports",
                                          "gate[]", "gate",  "columns.a.type", "columns.*.type"};
    for (size_t i = 0; i < LENGTH_OF(unknown); i++) {
        FAILS(config_set(&config, view_of(unknown[i]), VIEW("1"), &err), err, ERR_USAGE);
        SAYS(err, "no key");
    }
    for (size_t i = 0; i < KEYS; i++)
        SAME(config.setting[i].origin, ORIGIN_DEFAULT);
}

TEST(a_set_value_outlives_what_it_was_set_from)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct config config = config_from("", &arena);
    char value[] = "cards";
    struct err err = {0};
    WORKS(config_set(&config, VIEW("project"), view_of(value), &err), err);
    value[0] = 'b';
    TEXT(config_text(&config, KEY_PROJECT), "cards");
}

TEST(a_file_is_loaded_with_its_directory_and_the_environment)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct config config;
    struct err err = {0};
    const char *path = file_with("assay.yaml", "data: {file: past.csv}\n", &arena);
    setenv("ASSAY_PROJECT", "from-environment", 1);
    bool ok = config_load(&config, path, &arena, &err);
    unsetenv("ASSAY_PROJECT");
    WORKS(ok, err);
    TEXT(config_text(&config, KEY_PROJECT), "from-environment");
    TEXT(view_of(config.path), path);
    const char *want = path_join(&arena, test_dir(), "past.csv");
    TEXT(view_of(config_path(&config, KEY_DATA_FILE)), want);
    TEXT(view_of(config_path_of(&config, VIEW("/abs.csv"))), "/abs.csv");
    err = (struct err){0};
    const char *broken = file_with("broken.yaml", "split: {seed: x}\n", &arena);
    FAILS(config_load(&config, broken, &arena, &err), err, ERR_INPUT);
    TRUE(view_starts(view_of(err.text), broken));
    FAILS(config_load(&config, "/nowhere/assay.yaml", &arena, &err), err, ERR_NOT_FOUND);
}

TEST(a_file_in_the_working_directory_has_paths_as_they_are)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct config config = config_from("store: {dir: here}\n", &arena);
    TEXT(view_of(config_path(&config, KEY_STORE_DIR)), "here");
}

/* ---------------------------------------------------------------- collections */

TEST(a_node_is_found_by_its_path_and_one_value_is_no_node)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct config config = config_from("data: {file: a, join: [{file: b, on: k}]}\ngate: [x]\n"
                                       "model:\n",
                                       &arena);
    SAME(config_node(&config, "data.join")->count, 1);
    SAME(config_node(&config, "gate")->count, 1);
    TRUE(config_node(&config, "data.file") == NULL);
    TRUE(config_node(&config, "columns") == NULL);
    TRUE(config_node(&config, "data.join.file") == NULL);
    TRUE(config_node(&config, "model") == NULL);
    TRUE(config_node(&config, "dat") == NULL);
}

TEST(an_item_s_member_that_is_not_given_has_its_key_s_default)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct config config = config_from(
        "columns:\n  a: {type: number, min: -1.5, optional: true}\n  b: {type: id}\n", &arena);
    const struct yaml *a = config_node(&config, "columns")->first, *b = a->next;
    TEXT(config_item_text(a, KEY_COLUMN_TYPE), "number");
    TEXT(config_item_text(b, KEY_COLUMN_FORMAT), "iso");
    TRUE(config_item_bool(a, KEY_COLUMN_OPTIONAL));
    TRUE(!config_item_bool(b, KEY_COLUMN_OPTIONAL));
    TRUE(config_item_bool(b, KEY_COLUMN_USE));
    NEAR(config_item_number(a, KEY_COLUMN_MIN), -1.5, 0);
    TRUE(isnan(config_item_number(a, KEY_COLUMN_MAX)));
}

TEST(a_complaint_of_a_consumer_names_file_line_and_column)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct config config = config_from("gate:\n  - nonsense\n", &arena);
    struct err err = {0};
    FAILS(config_wrong(&config, config_node(&config, "gate")->first, &err, "no rule: %d", 7), err,
          ERR_INPUT);
    TEXT(view_of(err.text), "assay.yaml line 2, column 5: no rule: 7");
}

/* ---------------------------------------------------------------- digests */

static struct digest digest_in(const struct config *config, const char *section)
{
    struct digester digester;
    digester_open(&digester);
    config_digest(config, section, &digester);
    return digest_end(&digester);
}

static bool same_digest(const char *a, const char *b, const char *section)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct config one = config_from(a, &arena), other = config_from(b, &arena);
    struct digest x = digest_in(&one, section), y = digest_in(&other, section);
    return digest_same(&x, &y);
}

TEST(a_section_s_digest_changes_when_what_it_says_changes)
{
    TRUE(!same_digest("split: {seed: 1}", "split: {seed: 2}", "split"));
    TRUE(!same_digest("project: a", "project: b", "project"));
    TRUE(!same_digest("data: {label: a}", "data: {label: b}", "data.label"));
    TRUE(!same_digest("columns: {a: {type: id}}", "columns: {a: {type: text}}", "columns"));
    TRUE(!same_digest("columns: {a: {type: id}}", "columns: {b: {type: id}}", "columns"));
    TRUE(!same_digest("columns: {a: {type: id}}", "", "columns"));
    TRUE(!same_digest("columns: {a: {type: id}, b: {type: id}}",
                      "columns: {b: {type: id}, a: {type: id}}", "columns"));
    TRUE(!same_digest("columns: {a: {values: [x, y]}}", "columns: {a: {values: [xy]}}", "columns"));
    TRUE(!same_digest("columns: {a: {values: [x]}, b: {type: id}}",
                      "columns: {a: {values: [x], type: id}, b: }", "columns"));
    TRUE(!same_digest("gate: [a]", "gate: [a, b]", "gate"));
    TRUE(!same_digest("features: [{transform: hour}]", "features: [{transform: day}]", "features"));
    TRUE(!same_digest("data: {join: [{file: a, on: k}]}", "data: {join: [{file: b, on: k}]}",
                      "data.join"));
    TRUE(!same_digest("model: {parameters: {eta: 1}}", "model: {parameters: {eta: 2}}",
                      "model.parameters"));
    /* What stands in a section's lists and maps is the section's as well. */
    TRUE(!same_digest("model: {rounds: 9, parameters: {eta: 1}}", "model: {rounds: 9}", "model"));
    TRUE(!same_digest("audit: {accept: [a]}", "audit: {accept: []}", "audit"));
    TRUE(!same_digest("evaluation: {segments: [a]}", "evaluation: {segments: [b]}", "evaluation"));
    TRUE(!same_digest("bias: {facets: [{column: a, value: x}]}",
                      "bias: {facets: [{column: a, value: y}]}", "bias"));
}

TEST(a_section_s_digest_stays_when_only_its_spelling_or_others_change)
{
    TRUE(same_digest("split: {seed: 1, train: 0.8}", "", "split")); /* the defaults */
    TRUE(same_digest("split: {seed: 5, kind: time}", "split:\n  kind: 'time'\n  seed: 5\n",
                     "split"));
    TRUE(same_digest("split: {seed: 5}", "split: {seed: 5}\nproject: other\n", "split"));
    TRUE(same_digest("project: x", "project: x\nserve: {port: 1}", "project"));
    TRUE(same_digest("data: {label: a}", "data: {label: a, file: f}", "data.label"));
    TRUE(same_digest("columns: {a: {type: id}}", "# c\ncolumns:\n  a:\n    type: id\ngate: [x]\n",
                     "columns"));
    TRUE(same_digest("model: {rounds: 8, parameters: {eta: 1}}",
                     "model: {rounds: 9, parameters: {eta: 1}}", "model.parameters"));
}

TEST(a_value_counts_alike_wherever_it_came_from)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct config file = config_from("split: {seed: 5}", &arena), flag = config_from("", &arena);
    struct err err = {0};
    WORKS(config_set(&flag, VIEW("split.seed"), VIEW("5"), &err), err);
    struct digest a = digest_in(&file, "split"), b = digest_in(&flag, "split");
    TRUE(digest_same(&a, &b));
}
