"""What is wrong is said: the place, the remedy, the exit status; and nothing is left behind."""
import gzip
import os
import shutil
import subprocess

from harness import ASSAY, Skip, assay, directory, main, test, write

COLUMNS = """columns:
  id: {type: id}
  amount: {type: number}
  kind: {type: category}
  when: {type: timestamp}
  fraud: {type: integer}
"""
MODEL = "model: {rounds: 3, folds: 0, threads: 1}\n"
HEADER = "id,amount,kind,when,fraud\n"


def row(i, fraud=None, amount=None, kind=None):
    fraud = int(i % 7 == 0) if fraud is None else fraud
    amount = i * 37 % 101 + 45 * (i % 7 == 0) if amount is None else amount
    kind = "ab"[i % 2] if kind is None else kind
    return f"r{i},{amount},{kind},2024-01-{i % 28 + 1:02},{fraud}\n"


ROWS = "".join(row(i) for i in range(420))


def project(cwd, rows=None, yaml="", columns=COLUMNS, data="{file: rows.csv, label: fraud}"):
    if rows is None:
        rows = HEADER + ROWS
    if isinstance(rows, str):
        rows = rows.encode()
    with open(os.path.join(cwd, "rows.csv"), "wb") as file:
        file.write(rows)
    write(cwd, "assay.yaml", f"data: {data}\n{columns}{yaml}{'' if 'model:' in yaml else MODEL}")


def nothing_left(cwd):
    store = os.path.join(cwd, ".assay")
    if not os.path.exists(store):
        return
    assert os.listdir(os.path.join(store, "bundles")) == [], os.listdir(store)
    assert len(assay("models", "list", cwd=cwd).text.splitlines()) == 1
    new = [name for name in os.listdir(os.path.join(store, "work")) if name.endswith(".new")]
    assert new == [], new


def refused(cwd, *parts, command=("train",), status=3, env=None):
    """The one line on standard error has every part; standard output has nothing; and nothing new
    stands in the directory."""
    before = sorted(os.listdir(cwd))
    done = assay(*command, cwd=cwd, status=status, env=env)
    for part in parts:
        assert part in done.said, f"wanted {part!r} in {done.said!r}"
    assert done.text == "" or command[0] == "check", done.text
    last = done.said.strip().splitlines()[-1]
    assert last.startswith(f"assay {command[0]}: "), done.said
    after = [name for name in sorted(os.listdir(cwd)) if name != ".assay"]
    assert after == [name for name in before if name != ".assay"], after
    if ".assay" in os.listdir(cwd) and ".assay" not in before:
        nothing_left(cwd)


def refused_rows(rows, *parts, **named):
    """The same fault is found by train and by check."""
    with directory() as cwd:
        project(cwd, rows, **named)
        refused(cwd, *parts)
        refused(cwd, *parts, command=("check",))
        nothing_left(cwd)


# ---------------------------------------------------------------- the data


@test
def the_project_these_tests_spoil_is_a_good_one():
    with directory() as cwd:
        project(cwd)
        assert assay("train", cwd=cwd).text.endswith(" champion\n")
        assay("check", cwd=cwd)


@test
def a_ragged_line_is_named():
    refused_rows(HEADER + row(1) + "r2,1,a\n" + ROWS, "rows.csv line 3", "3 fields",
                 "the header has 5")
    refused_rows(HEADER + row(1) + "r2,1,a,2024-01-01,0,extra\n", "rows.csv line 3", "6 fields")


@test
def a_quote_that_is_never_closed_is_named_with_its_line():
    refused_rows(HEADER + row(1) + 'r2,"1,a,2024-01-01,0\n' + ROWS, "rows.csv", "line 3",
                 "quote is never closed")


@test
def a_field_past_the_ceiling_is_a_limit_and_not_a_crash():
    with directory() as cwd:
        project(cwd, HEADER + row(1) + "r2,1," + "x" * (2 << 20) + ",2024-01-01,0\n")
        refused(cwd, "rows.csv", "line 3", "1048576", status=6)


@test
def an_empty_file_and_a_header_alone_are_refused():
    refused_rows("", "rows.csv", "empty")
    refused_rows("\n\n", "rows.csv", "empty")
    refused_rows(HEADER, "rows.csv", "no ")


@test
def a_truncated_or_spoiled_gzip_is_refused():
    packed = gzip.compress((HEADER + ROWS).encode())
    for rows in (packed[:-1], packed[:len(packed) // 2], packed[:12],
                 packed[:-20] + bytes([packed[-20] ^ 255]) + packed[-19:]):
        refused_rows(rows, "rows.csv", "gzip")
    with directory() as cwd:
        project(cwd, packed)
        assay("check", cwd=cwd)


@test
def a_cell_of_the_wrong_type_is_named_with_line_and_column():
    refused_rows(HEADER + row(1) + row(2, amount="12x") + ROWS, "rows.csv line 3, column 4",
                 "'amount'", "'12x' is not a number")
    refused_rows(HEADER + row(1) + row(2, amount="1e39") + ROWS, "line 3", "out of a float's range")
    refused_rows(HEADER + row(1) + row(2, amount="nan") + ROWS, "line 3", "'amount'")
    refused_rows(HEADER + row(1) + "r2,1,a,yesterday,0\n" + ROWS, "line 3, column 8", "'when'",
                 "instant")


@test
def a_missing_cell_of_a_required_column_is_named():
    refused_rows(HEADER + row(1) + row(2, amount="") + ROWS, "rows.csv line 3", "'amount' is missing")
    refused_rows(HEADER + row(1) + row(2, amount="N/A") + ROWS, "rows.csv line 3", "'N/A'")


@test
def bytes_that_are_not_utf_8_are_refused():
    rows = (HEADER + row(1)).encode() + b"r2,1,\xff\xfe,2024-01-01,0\n" + ROWS.encode()
    refused_rows(rows, "rows.csv", "line 3", "UTF-8")


@test
def a_column_the_schema_does_not_know_is_named():
    refused_rows("id,amount,kind,when,fraud,colour\n" + row(1).strip() + ",red\n", "rows.csv",
                 "'colour'")


@test
def a_column_that_is_absent_or_stands_twice_is_named():
    refused_rows("id,kind,when,fraud\nr1,a,2024-01-01,0\nr2,b,2024-01-02,1\n", "'amount'")
    refused_rows("id,amount,amount,kind,when,fraud\nr1,1,1,a,2024-01-01,0\n", "'amount'", "twice")


@test
def a_label_that_is_absent_empty_or_another_word_is_named():
    refused_rows("id,amount,kind,when\nr1,1,a,2024-01-01\n", "'fraud'")
    refused_rows(HEADER + row(1) + row(2, fraud="") + ROWS, "rows.csv line 3", "the label ''",
                 "data.positive")
    refused_rows(HEADER + row(1) + row(2, fraud="2") + ROWS, "rows.csv line 3", "'2'")
    with directory() as cwd:
        project(cwd, data="{file: rows.csv, label: frauds}")
        refused(cwd, "'frauds'")
        project(cwd, data="{file: rows.csv}")
        refused(cwd, "'data.label' is not set")
        refused(cwd, "'data.label' is not set", command=("check",))
        project(cwd, data="{label: fraud}")
        refused(cwd, "'data.file' is not set")
        refused(cwd, "'data.file' is not set", command=("check",))


@test
def labels_of_one_class_teach_nothing_and_that_is_said():
    with directory() as cwd:
        for fraud, said in ((0, "legitimate"), (1, "fraud")):
            project(cwd, HEADER + "".join(row(i, fraud=fraud) for i in range(200)))
            refused(cwd, "all 200 labels", said, "both classes are needed")


@test
def a_category_outside_the_declared_values_is_refused_when_declared_so():
    columns = COLUMNS.replace("{type: category}", "{type: category, values: [a, b], unseen: refuse}")
    refused_rows(HEADER + row(1) + row(2, kind="zebra") + ROWS, "line 3", "'kind'", "'zebra'",
                 columns=columns)


@test
def a_file_that_is_not_there_is_not_found():
    with directory() as cwd:
        project(cwd)
        os.remove(os.path.join(cwd, "rows.csv"))
        refused(cwd, "rows.csv", status=4)
        refused(cwd, "rows.csv", command=("check",), status=4)
        os.mkdir(os.path.join(cwd, "rows.csv"))
        refused(cwd, "rows.csv", status=7)


@test
def a_join_that_multiplies_rows_names_the_keys_and_their_lines():
    with directory() as cwd:
        project(cwd, columns=COLUMNS + "  age: {type: number, optional: true}\n",
                data="{file: rows.csv, label: fraud, join: [{file: right.csv, on: id}]}")
        write(cwd, "right.csv", "id,age\nr1,30\nr2,31\nr1,32\nr5,1\nr5,2\n")
        refused(cwd, "right.csv: 2 keys of 'id'", "'r1' (lines 2 and 4)", "'r5' (lines 5 and 6)",
                "fan_out: allow")
        os.remove(os.path.join(cwd, "right.csv"))
        refused(cwd, "right.csv", status=4)
        write(cwd, "right.csv", "age\n30\n")
        refused(cwd, "'id'")
        write(cwd, "right.csv", "id,age\n,30\n")
        refused(cwd, "right.csv line 2")


# ---------------------------------------------------------------- assay.yaml


@test
def a_wrong_assay_yaml_is_named_with_line_and_column():
    cases = [
        ("modle: {rounds: 3}\n", "line 8, column ", "'modle"),
        ("model: {round: 3}\n", "line 8, column ", "'model.round'"),
        ("model: {rounds: many}\n", "line 8, column 17", "many"),
        ("model: {rounds: 2.5}\n", "line 8, column 17", "2.5"),
        ("model: {rounds: 0}\n", "line 8, column 17", "1 to 100000"),
        ("model: {algorithm: svm}\n", "line 8, column 20", "xgboost random_forest"),
        ("deploy: {automatic: perhaps}\n", "line 8, column 21", "true"),
        ("split: {train: 0.8, train: 0.7}\n", "line 8, column 21", "train"),
        ("split: {train: 1.5}\n", "line 8, column 16", "0.98"),
        ("split: [train]\n", "line 8, column ", "split"),
        ("gate: roc_auc >= 0.7\n", "line 8, column ", "gate"),
        ("split: {train: &a 0.8}\n", "line 8, column ", ""),
        ("split: {train: 0.8\n", "line ", ""),
        ("\tsplit: 1\n", "line 8, column ", ""),
    ]
    for yaml, *parts in cases:
        with directory() as cwd:
            project(cwd, yaml=yaml)
            refused(cwd, "assay.yaml", *parts)
            refused(cwd, "assay.yaml", *parts, command=("config",))
            assert not os.path.exists(os.path.join(cwd, ".assay"))


@test
def columns_and_features_that_contradict_themselves_are_refused():
    cases = [
        (COLUMNS.replace("type: number", "type: money"), "", "line 4", "money"),
        (COLUMNS.replace("{type: category}", "{type: ordinal}"), "", "line 5", "order"),
        (COLUMNS.replace("type: number", "type: number, min: 9, max: 1"), "", "line 4", "min"),
        (COLUMNS, "features: [{transform: squared, column: amount}]\n", "line 8", "squared"),
        (COLUMNS, "features: [{transform: hour, column: amount}]\n", "line 8", "hour"),
        (COLUMNS, "features: [{transform: log1p, column: none}]\n", "line 8", "'none'"),
        (COLUMNS, "features: [{transform: ratio, column: amount}]\n", "line 8", "other"),
        (COLUMNS, "split: {kind: time, column: amount}\n", "split.column", "timestamp"),
        (COLUMNS, "split: {kind: group, column: none}\n", "split.column", "'none'"),
    ]
    for columns, yaml, *parts in cases:
        with directory() as cwd:
            project(cwd, columns=columns, yaml=yaml)
            refused(cwd, *parts)


@test
def a_parameter_xgboost_does_not_have_is_refused_before_anything_runs():
    cases = [("max_dept: 3", "'max_dept'", "line 8"), ("eta: 3", "'eta'", "0 to 1"),
             ("max_depth: deep", "'max_depth'", "whole number"),
             ("eta: 0.1, learning_rate: 0.1", "one parameter")]
    for parameter, *parts in cases:
        with directory() as cwd:
            project(cwd, yaml=f"model: {{parameters: {{{parameter}}}}}\n")
            refused(cwd, "assay.yaml", *parts)
            refused(cwd, "assay.yaml", *parts, command=("check",))


@test
def a_gate_of_an_unknown_metric_or_no_rule_is_refused_with_its_line():
    for rule, part in (("roc >= 0.7", "'roc'"), ("roc_auc = 0.7", "roc_auc = 0.7"),
                       ("roc_auc >= high", "high"), ("roc_auc", "roc_auc")):
        with directory() as cwd:
            project(cwd, yaml=f"gate: ['{rule}']\n")
            refused(cwd, "assay.yaml line 8", part)


@test
def a_threshold_that_is_no_probability_is_refused():
    for threshold in ("1.5", "-0.1", "nan", "best"):
        with directory() as cwd:
            project(cwd, yaml=f"decision: {{threshold: '{threshold}'}}\n")
            refused(cwd, "decision.threshold", threshold)


@test
def a_flag_or_a_variable_that_is_wrong_names_itself():
    with directory() as cwd:
        project(cwd)
        refused(cwd, "'model.round'", "`assay config --keys`", status=2,
                command=("train", "--set", "model.round=3"))
        refused(cwd, "'model.rounds'", "1 to 100000", "'many'", status=2,
                command=("train", "--set", "model.rounds=many"))
        refused(cwd, "ASSAY_MODEL_ROUNDS", "many", env={"ASSAY_MODEL_ROUNDS": "many"})
        refused(cwd, "ASSAY_SPLIT_KIND", env={"ASSAY_SPLIT_KIND": "sideways"})


# ---------------------------------------------------------------- score, models


def trained(cwd):
    project(cwd)
    assay("train", cwd=cwd)


def refused_score(cwd, rows, *parts, status=3, options=()):
    path = write(cwd, "new.csv", rows)
    refused(cwd, *parts, command=("score", path, *options), status=status)
    refused(cwd, *parts, command=("score", path, "--out", os.path.join(cwd, "out.csv"), *options),
            status=status)


@test
def a_row_that_cannot_be_scored_is_named_and_no_score_is_written():
    with directory() as cwd:
        trained(cwd)
        head = "amount,kind,when\n"
        good = "1,a,2024-01-01\n"
        refused_score(cwd, "kind,when\na,2024-01-01\n", "'amount'")
        refused_score(cwd, head + good + "x1,a,2024-01-01\n", "new.csv line 3, column 1", "'x1'")
        refused_score(cwd, head + good + ",a,2024-01-01\n", "new.csv line 3", "'amount' is missing")
        refused_score(cwd, head + good + "1,a\n", "new.csv line 3", "2 fields")
        refused_score(cwd, head + good + "1,a,2024-13-01\n", "line 3, column 5", "'when'")
        refused_score(cwd, head, "new.csv")
        refused_score(cwd, "", "new.csv", "empty")
        refused_score(cwd, head + good + '"1,a\n', "quote is never closed")
        refused_score(cwd, head, "--on COLUMN", options=("--join", "x.csv"), status=2)
        refused_score(cwd, head, "--join FILE", options=("--on", "x"), status=2)


@test
def columns_named_beside_the_model_are_looked_at_before_anything_is_trained():
    for yaml, said in (
            ("evaluation: {time: amount}\n", "evaluation.time: 'amount' is no timestamp"),
            ("evaluation: {amount: kind}\n", "evaluation.amount: 'kind' is no column of numbers"),
            ("bias: {facets: [{column: nobody, value: x}]}\n", "bias.facets: 'nobody' is no column"),
            ("bias: {facets: [{columns: [kind, nobody]}]}\n", "bias.facets: 'nobody' is no column"),
            ("bias: {group: nobody, facets: [{column: kind, value: a}]}\n",
             "bias.group: 'nobody' is no column")):
        with directory() as cwd:
            project(cwd, yaml=yaml)
            done = assay("train", cwd=cwd, status=3)
            assert said in done.said and "prepare  " not in done.said, done.said


@test
def a_score_without_a_model_says_how_to_get_one():
    with directory() as cwd:
        write(cwd, "new.csv", "a\n1\n")
        project(cwd)
        refused(cwd, "no champion yet", "`assay train`", command=("score", "new.csv"), status=4)
        refused(cwd, "no version '7'", "`assay models list`",
                command=("score", "new.csv", "--model", "7"), status=4)
        refused(cwd, "none.tar", command=("score", "new.csv", "--bundle", "none.tar"), status=4)


@test
def a_bundle_cut_or_changed_never_scores():
    with directory() as cwd:
        trained(cwd)
        file = os.path.join(cwd, "bundle.tar")
        new = write(cwd, "new.csv", "amount,kind,when\n1,a,2024-01-01\n")
        assay("models", "export", "champion", "--out", file, cwd=cwd)
        assay("score", new, "--bundle", file, cwd=cwd)
        with open(file, "rb") as source:
            good = source.read()
        damaged = os.path.join(cwd, "damaged.tar")
        for at in range(0, len(good), len(good) // 25 + 1):
            for spoiled in (good[:at], good[:at] + bytes([good[at] ^ 1]) + good[at + 1:]):
                with open(damaged, "wb") as out:
                    out.write(spoiled)
                refused(cwd, "damaged.tar", command=("score", new, "--bundle", damaged), status=9)
        with open(damaged, "wb") as out:
            out.write(good + b"\0")
        refused(cwd, "damaged.tar", command=("score", new, "--bundle", damaged), status=9)


@test
def a_model_that_is_truncated_garbage_or_of_another_kind_is_not_imported():
    with directory() as cwd:
        tree = ('{"left_children":[1,-1,-1],"right_children":[2,-1,-1],"parents":[2147483647,0,0],'
                '"split_indices":[0,0,0],"split_conditions":[0.5,-1,2],"default_left":[0,0,0],'
                '"sum_hessian":[8,5,3],"loss_changes":[1,0,0],'
                '"tree_param":{"num_nodes":"3","size_leaf_vector":"1"}}')
        model = ('{"learner":{"attributes":{},"gradient_booster":{"model":{"trees":[' + tree + '],'
                 '"tree_info":[0]},"name":"gbtree"},"learner_model_param":{"base_score":"5E-1",'
                 '"num_class":"0","num_feature":"1"},"objective":{"name":"binary:logistic"}},'
                 '"version":[1,7,4]}')

        def spoiled(text, *parts, status=9):
            path = write(cwd, "model.json", text)
            refused(cwd, "model.json", *parts, command=("models", "import", path), status=status)

        for size in range(0, len(model), 29):
            spoiled(model[:size])
        spoiled("garbage")
        spoiled("\0" * 2000)
        spoiled("PK\3\4")
        spoiled(model.replace("gbtree", "gblinear"), "gblinear")
        spoiled(model.replace("binary:logistic", "multi:softprob"), "multi:softprob")
        spoiled(model.replace('"num_class":"0"', '"num_class":"3"'), "3")
        spoiled(model.replace("[1,-1,-1]", "[0,-1,-1]"), "tree 0")
        spoiled(model.replace("[0.5,-1,2]", "[NaN,-1,2]"))
        path = write(cwd, "model.json", model)
        names = write(cwd, "names.json", '["a","b"]')
        refused(cwd, "2 feature names for a model of 1 features",
                command=("models", "import", path, "--features", names))
        write(cwd, "names.json", '{"names":[]}')
        refused(cwd, "names.json", command=("models", "import", path, "--features", names))
        write(cwd, "names.json", '[1]')
        refused(cwd, "names.json", command=("models", "import", path, "--features", names))
        refused(cwd, "--threshold", command=("models", "import", path, "--threshold", "2"), status=2)
        refused(cwd, "none.json", command=("models", "import", "none.json"), status=4)
        nothing_left(cwd)
        assay("models", "import", path, cwd=cwd)


# ---------------------------------------------------------------- the machine, the command line


@test
def a_store_that_cannot_be_written_is_named():
    with directory() as cwd:
        project(cwd)
        write(cwd, "plain", "")
        refused(cwd, "plain/store", command=("train", "--set", "store.dir=plain/store"), status=7)


@test
def a_store_in_a_directory_of_somebody_elses_is_named():
    if os.geteuid() == 0:
        raise Skip("root may write everywhere")
    with directory() as cwd:
        project(cwd)
        locked = os.path.join(cwd, "locked")
        os.mkdir(locked, 0o500)
        refused(cwd, "locked/store", command=("train", "--set", "store.dir=locked/store"), status=7)


@test
def an_output_that_cannot_be_written_is_named():
    with directory() as cwd:
        trained(cwd)
        new = write(cwd, "new.csv", "amount,kind,when\n1,a,2024-01-01\n")
        refused(cwd, "/no/dir/out.csv", command=("score", new, "--out", "/no/dir/out.csv"), status=7)
        refused(cwd, "/no/dir/b.tar", status=7,
                command=("models", "export", "champion", "--out", "/no/dir/b.tar"))
        full = subprocess.run(["/bin/sh", "-c", f"{ASSAY} score new.csv > /dev/full"], cwd=cwd,
                              check=False, capture_output=True, text=True)
        assert full.returncode == 7 and "cannot be written" in full.stderr, full


@test
def a_store_that_is_damaged_is_named():
    with directory() as cwd:
        trained(cwd)
        database = os.path.join(cwd, ".assay", "assay.db")
        for name in os.listdir(os.path.join(cwd, ".assay")):
            if name.startswith("assay.db-"):
                os.remove(os.path.join(cwd, ".assay", name))
        with open(database, "r+b") as file:
            file.write(b"not a database at all, sorry")
        before = sorted(os.listdir(os.path.join(cwd, ".assay", "bundles")))
        done = assay("train", cwd=cwd, status=8)
        assert "assay.db" in done.said, done.said
        assert sorted(os.listdir(os.path.join(cwd, ".assay", "bundles"))) == before


@test
def a_command_line_that_makes_no_sense_says_where_help_is():
    cases = [
        (("nonsense",), "no such command", "`assay help`"),
        (("train", "--bogus"), "'--bogus'", "`assay help train`"),
        (("train", "extra"), "usage: assay train"),
        (("score",), "usage: assay score"),
        (("score", "a", "b"), "usage: assay score"),
        (("score", "a", "--out"), "'--out' needs a value"),
        (("score", "a", "--format", "xml"), "csv or jsonl", "'xml'"),
        (("train", "--until", "dinner"), "'dinner'", "prepare, audit, train, evaluate, bias, explain"),
        (("train", "--set", "novalue"), "--set takes KEY=VALUE"),
        (("models",), "usage: assay models"),
        (("models", "frobnicate"), "usage: assay models"),
        (("models", "show"), "usage: assay models"),
        (("models", "export", "1"), "--out"),
        (("help", "nonsense"), "'nonsense'"),
        (("init",), "usage: assay init"),
        (("init", "there"), "--from FILE or --template NAME"),
        (("init", "there", "--template", "x"), "'x'", "claims"),
        (("generate", "nonsense", "--out", "x"), "nonsense"),
        (("generate", "claims", "--rows", "many", "--out", "x"), "many"),
    ]
    with directory() as cwd:
        for command, *parts in cases:
            refused(cwd, *parts, command=command, status=2)
        assert os.listdir(cwd) == [], os.listdir(cwd)


@test
def a_directory_without_a_project_says_how_to_make_one():
    with directory() as cwd:
        for command in ("train", "check"):
            refused(cwd, "assay.yaml", "`assay init`", command=(command,), status=4)
        shutil.rmtree(os.path.join(cwd, ".assay"), ignore_errors=True)
        assert os.listdir(cwd) == []


main()
