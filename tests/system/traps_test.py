"""Traps: inputs that would give a wrong result without a word, if nothing looked."""
import os
import random

from harness import assay, directory, main, read, test, write
from server import Server

MODEL = "model: {rounds: 5, folds: 0, threads: 1}\n"


def noise(cwd, name, header, row, count=400, seed=1):
    draw = random.Random(seed)
    lines = [header] + [row(i, draw) for i in range(count)]
    return write(cwd, name, "\n".join(lines) + "\n")


@test
def keys_past_2_to_the_53_are_not_taken_for_one_another():
    with directory() as cwd:
        noise(cwd, "t.csv", "card,x,fraud",
              lambda i, draw: f"{4000000000000000000 + i},{draw.random()},{i % 10 == 0:d}")
        noise(cwd, "c.csv", "card,age",
              lambda i, draw: f"{4000000000000000000 + i},{draw.randrange(90)}")
        assay("init", ".", "--from", "t.csv", "--join", "c.csv", cwd=cwd)
        yaml = read(cwd, "assay.yaml")
        assert "card: {type: id}" in yaml, yaml
        assert "400 x 400 rows -> 400" in assay("check", cwd=cwd).text
        write(cwd, "assay.yaml", yaml.replace("card: {type: id}", "card: {type: integer}"))
        done = assay("check", cwd=cwd, status=3)
        assert "2^53" in done.said and "type id" in done.said, done.said
        write(cwd, "assay.yaml", yaml.replace("card: {type: id}", "card: {type: number, use: false}"))
        done = assay("check", cwd=cwd, status=3)
        assert "2^53" in done.said and "type id" in done.said, done.said


@test
def copies_made_by_a_join_do_not_stand_on_both_sides_of_a_random_split():
    with directory() as cwd:
        noise(cwd, "t.csv", "k,x,fraud", lambda i, draw: f"{i},{draw.random()},{draw.random() < .2:d}")
        write(cwd, "c.csv", "k,y\n" + "".join(f"{i % 400},{i * 7 % 90}\n" for i in range(1200)))
        yaml = ("data: {file: t.csv, label: fraud, join: [{file: c.csv, on: k, fan_out: allow}]}\n"
                "columns: {k: {type: id}, x: {type: number}, y: {type: number}, "
                "fraud: {type: integer}}\n" + MODEL)
        write(cwd, "assay.yaml", yaml)
        done = assay("train", cwd=cwd, status=3)
        assert "1200 rows of 400" in done.said and "split.kind" in done.said, done.said
        write(cwd, "assay.yaml", yaml + "split: {kind: group, column: k}\n")
        assay("train", cwd=cwd)


@test
def generate_replaces_nobodys_file_unless_told():
    with directory() as cwd:
        write(cwd, "claims.csv", "mine\n")
        done = assay("generate", "claims", "--rows", 100, cwd=cwd, status=5)
        assert "claims.csv" in done.said, done.said
        assert read(cwd, "claims.csv") == "mine\n" and os.listdir(cwd) == ["claims.csv"]
        assay("generate", "claims", "--rows", 100, "--force", cwd=cwd)
        assert read(cwd, "claims.csv").startswith("policy_id,")


@test
def of_two_unknown_label_words_the_rarer_is_fraud():
    with directory() as cwd:
        noise(cwd, "t.csv", "x,outcome",
              lambda i, draw: f"{draw.random()},{'bad' if i % 20 == 0 else 'good'}")
        assay("init", ".", "--from", "t.csv", "--label", "outcome", cwd=cwd)
        yaml = read(cwd, "assay.yaml")
        assert "positive: bad" in yaml and "negative: good" in yaml, yaml


@test
def a_code_is_the_same_code_however_a_client_spells_its_number():
    with directory() as cwd:
        noise(cwd, "t.csv", "code,flag,x,fraud",
              lambda i, draw: f"{i % 3 + 1},{i % 2},{draw.random()},{(i % 3 == 1) ^ (i % 7 == 0):d}")
        write(cwd, "assay.yaml", "data: {file: t.csv, label: fraud}\n"
              "columns: {code: {type: category}, flag: {type: boolean}, x: {type: number}, "
              "fraud: {type: integer}}\n" + MODEL)
        assay("train", cwd=cwd)
        with Server(cwd) as server:
            wanted = server.post("/predict", {"features": {"code": "2", "flag": True, "x": .5}})
            assert wanted[0] == 200, wanted
            for code in ("2", "2.0", "2e0"):
                for flag in ("1", "1.0", "true"):
                    body = f'{{"features":{{"code":{code},"flag":{flag},"x":0.5}}}}'
                    assert server.post("/predict", body) == wanted, (code, flag)
            other = server.post("/predict", {"features": {"code": 3, "flag": 1, "x": .5}})
            assert other[0] == 200 and other != wanted
            assert "assay_unseen_categories_total 0" in server.get("/metrics")[2]


@test
def a_gate_a_threshold_or_a_parameter_that_cannot_be_is_refused_before_anything_runs():
    with directory() as cwd:
        noise(cwd, "t.csv", "x,fraud", lambda i, draw: f"{draw.random()},{i % 5 == 0:d}")
        yaml = ("data: {file: t.csv, label: fraud}\n"
                "columns: {x: {type: number}, fraud: {type: integer}}\n")
        for more, word in (("gate: [auc >= 0.7]\n" + MODEL, "auc"),
                           ("decision: {threshold: best}\n" + MODEL, "decision.threshold"),
                           ("model: {parameters: {etta: 1}}\n", "etta")):
            write(cwd, "assay.yaml", yaml + more)
            for command in ("check", "train"):
                done = assay(command, cwd=cwd, status=3)
                assert word in done.said, done.said
            assert os.listdir(os.path.join(cwd, ".assay", "work")) == []


@test
def options_that_would_be_ignored_are_refused():
    with directory() as cwd:
        for option in ("--join", "--on", "--label"):
            done = assay("train", option, "x", cwd=cwd, status=2)
            assert option in done.said and "--from" in done.said, done.said


@test
def a_constraint_for_each_of_many_features_reaches_xgboost_whole():
    with directory() as cwd:
        names = [f"x{i}" for i in range(120)]
        noise(cwd, "t.csv", ",".join(names) + ",fraud",
              lambda i, draw: ",".join(f"{draw.random():.3f}" for _ in names) + f",{draw.random() < .3:d}")
        signs = "(" + ",".join("1" for _ in names) + ")"
        columns = ", ".join(f"{name}: {{type: number}}" for name in names)
        write(cwd, "assay.yaml", "data: {file: t.csv, label: fraud}\n"
              f"columns: {{{columns}, fraud: {{type: integer}}}}\n"
              "model: {rounds: 20, folds: 0, threads: 1, parameters: {max_depth: 4, "
              f'monotone_constraints: "{signs}"}}}}\n')
        assay("train", cwd=cwd)
        with open(os.path.join(cwd, "s.csv"), "w", encoding="utf-8") as file:
            file.write(",".join(names) + "\n")
            for step in range(11):
                file.write(",".join(["0.5"] * 119 + [f"{step / 10}"]) + "\n")
        scores = [float(line.split(",")[1])
                  for line in assay("score", "s.csv", cwd=cwd).text.splitlines()[1:]]
        assert scores == sorted(scores), scores


main()
