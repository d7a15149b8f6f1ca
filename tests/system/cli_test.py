"""The command line as a person meets it: help, configuration, a project in one command, scores out,
and a bundle that other programs read."""
import json
import os
import re
import stat
import subprocess

from harness import ASSAY, ROOT, assay, directory, main, need, read, test, write
from recipes import work

PARTS = ["manifest.json", "schema.json", "plan.json", "model.ubj", "policy.json", "golden.json",
         "evaluation.json", "leaks.json", "explanations.json", "bias.json", "reasons.json",
         "statistics.json", "constraints.json", "reference.json", "lineage.json", "card.json", "seal"]


def score_column(text):
    lines = text.splitlines()
    assert lines[0] == "line,fraud_probability,is_fraud", lines[0]
    return [line.split(",")[1] for line in lines[1:]]


def generated(cwd, rows=2500):
    assay("generate", "claims", "--out", cwd, "--rows", rows, cwd=cwd)


def numbers(cwd, rows=600):
    """A project of nothing but numbers, some missing: the row a model sees is the row in the file."""
    lines = ["a,b,c,fraud"]
    for i in range(rows):
        a, b, c = i * 7919 % 1000 / 7, (i * 104729 % 397) - 200, i % 13 * 1e-3
        lines.append(f"{a!r},{'' if i % 11 == 0 else b},{c!r},{int(a + (b > 0) * 60 > 150)}")
    write(cwd, "numbers.csv", "\n".join(lines) + "\n")
    write(cwd, "assay.yaml", """data: {file: numbers.csv, label: fraud}
columns:
  a: {type: number}
  b: {type: integer, optional: true}
  c: {type: number}
  fraud: {type: integer}
model: {rounds: 25, folds: 0, threads: 1}
""")


# ---------------------------------------------------------------- help, version, config


@test
def every_command_has_help_by_name_and_by_flag():
    with directory() as cwd:
        listed = assay("help", cwd=cwd).text
        names = re.findall(r"^  (\w+) +\S", listed, re.M)
        assert {"init", "train", "score", "models", "config", "help"} <= set(names), names
        for name in names:
            by_name = assay("help", name, cwd=cwd).text
            assert by_name.startswith(f"usage: assay {name}"), by_name
            assert assay(name, "--help", cwd=cwd).text == by_name, name
        assert assay(cwd=cwd).text == assay("--help", cwd=cwd).text == listed
        assert "worker" not in listed
        assert os.listdir(cwd) == []


@test
def the_version_is_said():
    with directory() as cwd:
        text = assay("version", cwd=cwd).text
        assert re.search(r"\d+\.\d+\.\d+", text), text
        assert assay("--version", cwd=cwd).text == text


def origin_of(text, key):
    line = [line.split() for line in text.splitlines() if line.split()[0] == key][0]
    return line[1:]


@test
def config_says_where_each_value_came_from_and_the_nearer_one_wins():
    with directory() as cwd:
        assert origin_of(assay("config", cwd=cwd).text, "model.rounds") == ["200", "default"]
        write(cwd, "assay.yaml", "project: mine\nmodel:\n  rounds: 7\n")
        assert origin_of(assay("config", cwd=cwd).text, "model.rounds") == \
            ["7", "file", "line", "3"]
        env = {"ASSAY_MODEL_ROUNDS": "8"}
        assert origin_of(assay("config", cwd=cwd, env=env).text, "model.rounds") == \
            ["8", "environment"]
        both = assay("config", "--set", "model.rounds=9", cwd=cwd, env=env).text
        assert origin_of(both, "model.rounds") == ["9", "flag"]
        assert origin_of(both, "project") == ["mine", "file", "line", "1"]
        assert origin_of(both, "model.seed") == ["1", "default"]


@test
def config_lists_every_key_there_is():
    table = re.findall(r'^KEY\(\w+, *"([^"]+)"', read(ROOT, "src", "data", "keys.def"), re.M)
    with directory() as cwd:
        listed = assay("config", "--keys", cwd=cwd).text.splitlines()
        assert [line.split()[0] for line in listed] == table and len(table) > 40


@test
def a_project_elsewhere_is_named_by_project():
    with directory() as cwd:
        os.mkdir(os.path.join(cwd, "there"))
        numbers(os.path.join(cwd, "there"))
        assay("train", "--project", "there", cwd=cwd)
        assert os.listdir(cwd) == ["there"]
        assert len(assay("models", "list", "--project", "there", cwd=cwd).text.splitlines()) == 2


@test
def who_reads_where_there_is_no_project_is_told_so_and_nothing_is_made():
    with directory() as cwd:
        for command in ("models list", "models verify", "audit verify", "log show", "replay",
                        "alarms list", "clients list", "report", "score x.csv", "explain x.csv",
                        "serve --port 0"):
            done = assay(*command.split(), cwd=cwd, status=4)
            assert "neither an 'assay.yaml' nor a store here" in done.said, (command, done.said)
            assert os.listdir(cwd) == [], command


@test
def every_verb_that_models_takes_is_in_its_help():
    with directory() as cwd:
        usage = assay("models", "nonsense", cwd=cwd, status=2).said
        offered = assay("help", "models", cwd=cwd).text.splitlines()[0]
        for verb in ("sign", "tag", "gc"):
            assert verb in usage and f"| {verb} " in offered, (verb, offered)


# ---------------------------------------------------------------- from files to a champion


@test
def the_same_seed_generates_the_same_bytes():
    with directory() as one, directory() as other:
        generated(one, 500)
        generated(other, 500)
        assert sorted(os.listdir(one)) == ["claims.csv", "customers.csv"]
        for name in os.listdir(one):
            assert read(one, name) == read(other, name)


@test
def one_command_makes_a_champion_of_two_csv_files():
    with directory() as cwd:
        generated(cwd)
        done = assay("train", "--from", "claims.csv", "--join", "customers.csv", "--label", "fraud",
                     "--set", "model.rounds=30", cwd=cwd)
        assert re.fullmatch(r"1 v\d{8}_\d{6} [0-9a-f]{64} champion\n", done.text), done.text
        assert "assay.yaml" in done.said
        again = assay("train", "--from", "claims.csv", cwd=cwd, status=5)
        assert "not overwritten" in again.said, again.said
        assert assay("train", "--set", "model.rounds=30", cwd=cwd).text.split()[2] == \
            done.text.split()[2]


@test
def init_drafts_a_project_whose_key_it_found_and_that_checks():
    with directory() as cwd:
        generated(cwd, 1200)
        assay("init", "mine", "--from", "claims.csv", "--join", "customers.csv", cwd=cwd)
        assert "on: policy_id" in read(cwd, "mine", "assay.yaml")
        checked = assay("check", "--project", "mine", cwd=cwd).text
        assert "1200 rows" in checked and "label fraud" in checked, checked
        assert not os.path.exists(os.path.join(cwd, "mine", ".assay"))


@test
def every_template_fits_the_data_that_is_generated_for_it():
    for name, rows in (("claims", ["--rows", "800"]), ("cards", ["--rows", "3000"])):
        with directory() as cwd:
            assay("init", ".", "--template", name, cwd=cwd)
            assay("generate", name, "--out", ".", *rows, cwd=cwd)
            assay("check", cwd=cwd)


@test
def a_step_at_a_time_ends_with_the_same_bundle_as_all_at_once():
    with directory() as one, directory() as other:
        numbers(one)
        numbers(other)
        wanted = assay("train", cwd=one).text.split()[2]
        for step in ("prepare", "train", "evaluate", "gate"):
            assert assay("train", "--until", step, cwd=other).text == ""
        last = assay("train", cwd=other)
        assert last.text.split()[2] == wanted and last.said.count("unchanged") == 7, last.said


# ---------------------------------------------------------------- scores


@test
def csv_jsonl_and_a_file_say_the_same_scores():
    with directory() as cwd:
        numbers(cwd)
        assay("train", cwd=cwd)
        text = assay("score", "numbers.csv", cwd=cwd).text
        assert len(text.splitlines()) == 601
        lines = [json.loads(line) for line in
                 assay("score", "numbers.csv", "--format", "jsonl", cwd=cwd).text.splitlines()]
        assert [repr(line["fraud_probability"]) for line in lines] == score_column(text)
        assert [line["line"] for line in lines] == list(range(2, 602))
        assert [str(int(line["is_fraud"])) for line in lines] == \
            [line.split(",")[2] for line in text.splitlines()[1:]]
        assay("score", "numbers.csv", "--out", "out.csv", cwd=cwd)
        assert read(cwd, "out.csv") == text
        threshold = json.loads(assay("models", "show", "champion", cwd=cwd).text)["threshold"]
        assert all(line["is_fraud"] == (line["fraud_probability"] >= threshold) for line in lines)


@test
def records_in_json_lines_have_the_scores_that_they_have_in_a_csv():
    with directory() as cwd:
        numbers(cwd)
        assay("train", cwd=cwd)
        lines = []
        for row in read(cwd, "numbers.csv").splitlines()[1:]:
            a, b, c, _ = row.split(",")
            lines.append(f'{{"a": {a}, "b": {b or "null"}, "c": {c}}}')
        write(cwd, "numbers.jsonl", "\n".join(lines) + "\n")
        wanted = score_column(assay("score", "numbers.csv", cwd=cwd).text)
        assert score_column(assay("score", "numbers.jsonl", cwd=cwd).text) == wanted
        write(cwd, "out.csv", "of yesterday\n")
        write(cwd, "bad.jsonl", lines[0] + '\n{"a": "x"}\n')
        done = assay("score", "bad.jsonl", "--out", "out.csv", cwd=cwd, status=3)
        assert "'bad.jsonl' line 2: 'a'" in done.said, done.said
        assert read(cwd, "out.csv") == "of yesterday\n"
        assay("score", "bad.jsonl", "--join", "numbers.csv", "--on", "a", cwd=cwd, status=2)


@test
def a_scoring_that_fails_leaves_the_old_output_as_it_was():
    with directory() as cwd:
        numbers(cwd)
        assay("train", cwd=cwd)
        write(cwd, "out.csv", "of yesterday\n")
        write(cwd, "bad.csv", "a,b,c\n" + "1,2,3\n" * 5000 + "1,x,3\n")
        assay("score", "bad.csv", "--out", "out.csv", cwd=cwd, status=3)
        assert read(cwd, "out.csv") == "of yesterday\n"
        assert not [name for name in os.listdir(cwd) if name.startswith("out.csv.")]


@test
def scores_go_to_a_device_and_leave_it_a_device():
    with directory() as cwd:
        numbers(cwd)
        assay("train", cwd=cwd)
        pipe = os.path.join(cwd, "pipe")
        os.mkfifo(pipe)
        with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
            try:
                assay("score", "numbers.csv", "--out", pipe, cwd=cwd, timeout=20)
                assert stat.S_ISFIFO(os.stat(pipe).st_mode)
                out = reader.communicate(timeout=20)[0].decode()
            finally:
                reader.kill()
        assert out == assay("score", "numbers.csv", cwd=cwd).text
        done = assay("models", "export", "champion", "--out", pipe, cwd=cwd, status=7)
        assert "no regular file" in done.said, done.said
        assert stat.S_ISFIFO(os.stat(pipe).st_mode)


@test
def columns_in_another_order_and_columns_the_model_does_not_read_change_nothing():
    with directory() as cwd:
        numbers(cwd)
        assay("train", cwd=cwd)
        wanted = score_column(assay("score", "numbers.csv", cwd=cwd).text)
        rows = [line.split(",") for line in read(cwd, "numbers.csv").splitlines()]
        write(cwd, "turned.csv", "".join(f"{c},{b},{a}\r\n" for a, b, c, _ in rows))
        assert score_column(assay("score", "turned.csv", cwd=cwd).text) == wanted


# ---------------------------------------------------------------- a bundle is read by others


@test
def tar_lists_a_bundle_and_its_digest_is_its_name():
    with directory() as cwd:
        numbers(cwd)
        digest = assay("train", cwd=cwd).text.split()[2]
        assay("models", "export", "champion", "--out", "bundle.tar", cwd=cwd)
        listed = subprocess.run(["tar", "tf", "bundle.tar"], cwd=cwd, check=True,
                                capture_output=True, text=True).stdout.split()
        assert listed == PARTS, listed
        summed = subprocess.run(["sha256sum", "bundle.tar"], cwd=cwd, check=True,
                                capture_output=True, text=True).stdout.split()[0]
        assert summed == digest


@test
def python_reads_the_model_out_of_a_bundle_and_predicts_the_same_bits():
    numpy, xgboost = need("numpy"), need("xgboost")
    with directory() as cwd:
        numbers(cwd)
        assay("train", cwd=cwd)
        assay("models", "export", "champion", "--out", "bundle.tar", cwd=cwd)
        subprocess.run(["tar", "xf", "bundle.tar", "model.ubj"], cwd=cwd, check=True)
        booster = xgboost.Booster(model_file=os.path.join(cwd, "model.ubj"))
        rows = [line.split(",")[:3] for line in read(cwd, "numbers.csv").splitlines()]
        matrix = numpy.array([[float(cell) if cell else numpy.nan for cell in row]
                              for row in rows[1:]], dtype="float32")
        theirs = booster.predict(xgboost.DMatrix(matrix, feature_names=rows[0]))
        ours = score_column(assay("score", "numbers.csv", cwd=cwd).text)
        different = [i for i, pair in enumerate(zip(ours, theirs))
                     if numpy.float32(float(pair[0])).tobytes() != pair[1].tobytes()]
        assert len(ours) == len(theirs) == 600 and not different, different[:5]


@test
def a_row_scored_from_csv_has_the_score_of_its_row_in_the_training_matrix():
    numpy, xgboost = need("numpy"), need("xgboost")
    with directory() as cwd:
        generated(cwd)
        assay("train", "--from", "claims.csv", "--join", "customers.csv", "--label", "fraud",
              "--set", "model.rounds=30", "--set", "model.folds=0", cwd=cwd)
        ours = score_column(assay("score", "claims.csv", "--join", "customers.csv", "--on",
                                  "policy_id", cwd=cwd).text)
        prepared = work(cwd, "prepare")
        booster = xgboost.Booster(model_file=os.path.join(work(cwd, "train"), "model.ubj"))
        seen = 0
        for name in ("train", "validation", "test"):
            matrix = numpy.load(os.path.join(prepared, name + ".npy"))
            label = numpy.load(os.path.join(prepared, name + "_label.npy"))
            source = numpy.load(os.path.join(prepared, name + "_row.npy"))
            assert (matrix.dtype, label.dtype, source.dtype) == ("float32", "uint8", "uint32")
            assert matrix.ndim == 2 and label.shape == source.shape == matrix.shape[:1]
            theirs = booster.predict(xgboost.DMatrix(matrix, feature_names=booster.feature_names))
            for row, score in zip(source.tolist(), theirs):
                assert numpy.float32(float(ours[row])).tobytes() == score.tobytes(), row
                seen += 1
        # A split by time keeps rows out whose labels were not known yet.
        assert 2000 < seen <= len(ours) == 2500, (seen, len(ours))


@test
def two_hundred_sets_of_one_key_are_refused_and_the_last_of_few_wins():
    with directory() as cwd:
        few = [word for i in range(5) for word in ("--set", f"model.seed={i}")]
        assert origin_of(assay("config", *few, cwd=cwd).text, "model.seed") == ["4", "flag"]
        assay("config", *(["--set", "model.seed=1"] * 200), cwd=cwd, status=2)


@test
def standard_output_that_is_closed_is_an_error_and_not_a_crash():
    with directory() as cwd:
        done = subprocess.run(["/bin/sh", "-c", f"{ASSAY} help >&-"], cwd=cwd, check=False,
                              capture_output=True, text=True)
        assert done.returncode == 7 and "cannot be written" in done.stderr, done


@test
def training_works_with_standard_input_and_output_closed():
    with directory() as cwd:
        numbers(cwd)
        done = subprocess.run(["/bin/sh", "-c", f"{ASSAY} train --until evaluate <&- >&-"], cwd=cwd,
                              check=False, capture_output=True, text=True)
        assert "evaluate" in done.stderr, done
        assert os.path.exists(os.path.join(work(cwd, "evaluate"), "receipt.json")), done


# ---------------------------------------------------------------- promote, privacy, terminals


@test
def a_version_that_was_left_to_a_person_is_promoted_by_one():
    with directory() as cwd:
        numbers(cwd)
        assay("train", "--set", "deploy.automatic=false", cwd=cwd)
        done = assay("serve", "--port", "0", cwd=cwd, status=4)
        assert "assay models promote" in done.said, done.said
        assert assay("models", "promote", "1", cwd=cwd).text.endswith("champion\n")
        assert " champion " in assay("models", "list", cwd=cwd).text
        assay("models", "promote", "7", cwd=cwd, status=4)
        assay("score", "numbers.csv", cwd=cwd)


@test
def a_new_store_is_its_owners_alone_and_an_old_one_keeps_its_mode():
    with directory() as cwd:
        numbers(cwd)
        os.mkdir(os.path.join(cwd, "shared"), 0o750)
        assay("train", cwd=cwd)
        assay("train", "--set", "store.dir=shared", cwd=cwd)
        assert stat.S_IMODE(os.stat(os.path.join(cwd, ".assay")).st_mode) == 0o700
        assert stat.S_IMODE(os.stat(os.path.join(cwd, "shared")).st_mode) == 0o750


@test
def a_message_never_commands_the_terminal():
    with directory() as cwd:
        write(cwd, "t.csv", "a,\x1b[2Jb\n1,2\n")
        numbers(cwd)
        assay("train", cwd=cwd)
        done = assay("score", "t.csv", cwd=cwd, status=3)
        assert "\x1b" not in done.said and "?[2Jb" in done.said, repr(done.said)


@test
def scores_go_beside_nobodys_file():
    with directory() as cwd:
        numbers(cwd)
        assay("train", cwd=cwd)
        write(cwd, "s.csv.new", "mine\n")
        assay("score", "numbers.csv", "--out", "s.csv", cwd=cwd)
        assert read(cwd, "s.csv.new") == "mine\n"
        assert read(cwd, "s.csv").startswith("line,")


main()
