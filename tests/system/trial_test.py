"""The audit's small models: what time and late labels do to the figures."""
import csv
import datetime
import json
import os
import random

from harness import ROOT, assay, directory, main, need, read, test, write
from recipes import work

YAML = """project: trial
data: {file: rows.csv, label: fraud}
columns:
  at: {type: timestamp}
  a: {type: number}
  b: {type: number}
  code: {type: number}
  fraud: {type: integer}
split: {kind: %s, column: at, delay_days: 0}
evaluation: {time: at}
model: {rounds: 20, folds: 0, threads: 1}
"""


def history(cwd, days, row, split="random", a_day=120):
    """`row(day, random)` gives a, b, code and whether it is fraud."""
    chance = random.Random(5)
    lines = ["at,a,b,code,fraud"]
    for day in range(days):
        date = datetime.date(2025, 1, 1) + datetime.timedelta(days=day)
        for _ in range(a_day):
            a, b, code, fraud = row(day, chance)
            lines.append(f"{date}T{chance.randrange(24):02}:00:00Z,{a:.4f},{b:.4f},{code},{fraud}")
    write(cwd, "rows.csv", "\n".join(lines) + "\n")
    write(cwd, "assay.yaml", YAML % split)


def findings(cwd):
    leaks = json.loads(read(work(cwd, "audit"), "leaks.json"))
    return {finding["name"]: finding for finding in leaks["findings"]}, leaks["trial"]


@test
def a_model_that_knows_the_days_is_warned_of():
    """Frauds come in waves of days, and a code gives the day away."""
    codes = [random.Random(day).randrange(10**6) for day in range(100)]

    def row(day, chance):
        wave = codes[day] % 3 == 0
        return chance.random(), chance.random(), codes[day], int(chance.random() <
                                                                 (0.25 if wave else 0.01))

    with directory() as cwd:
        history(cwd, 100, row)
        assay("train", "--until", "audit", cwd=cwd)
        found, trial = findings(cwd)
        assert found["random_gap"]["level"] == "warning" and found["random_gap"]["value"] > 1.15
        assert "split.kind time" in found["random_gap"]["remedy"]
        assert trial["pr_auc_at_random"] > 1.15 * trial["pr_auc_by_time"], trial
        levels = [f["level"] for f in json.loads(read(work(cwd, "audit"), "leaks.json"))["findings"]]
        assert levels == sorted(levels, key=["error", "warning", "note"].index), levels


@test
def a_model_that_lives_on_fresh_labels_is_warned_of():
    """Of 100 days the first 80 train, more or less; what marks a fraud changes five days before
    the newest quarter of those begins."""
    def row(day, chance):
        fraud = chance.random() < 0.08
        a, b = chance.random(), chance.random()
        if fraud and day < 70:
            a += 1.5
        elif fraud:
            b += 1.5
        return a, b, 1, int(fraud)

    with directory() as cwd:
        history(cwd, 125, row, split="time")
        assay("train", "--until", "audit", cwd=cwd)
        found, trial = findings(cwd)
        assert found["label_delay"]["level"] == "warning", (found, trial)
        assert trial["days_hidden"] == 7
        assert trial["pr_auc_with_days_hidden"] < 0.85 * trial["pr_auc_by_time"], trial


@test
def steady_frauds_are_warned_of_by_neither():
    def row(_day, chance):
        fraud = chance.random() < 0.08
        return chance.random() + (0.4 if fraud else 0), chance.random(), 1, int(fraud)

    with directory() as cwd:
        history(cwd, 125, row, split="time")
        assay("train", "--until", "audit", cwd=cwd)
        found, trial = findings(cwd)
        assert "random_gap" not in found and "label_delay" not in found, (found, trial)


@test
def the_figures_are_those_of_python_xgboost_on_the_same_rows():
    numpy, xgboost = need("numpy"), need("xgboost")
    metrics = need("sklearn.metrics").metrics
    with directory() as cwd:
        assay("generate", "cards", "--rows", 400, "--days", 100, "--out", ".", cwd=cwd)
        text = read(ROOT, "examples", "cards", "assay.yaml").replace(
            "folds: 3", "folds: 0\n  parameters: {subsample: 1, colsample_bytree: 1}")
        write(cwd, "assay.yaml", text.replace("early_stopping: 20", "early_stopping: 0"))
        assay("train", cwd=cwd)
        _, trial = findings(cwd)
        with open(os.path.join(cwd, "transactions.csv"), encoding="utf-8") as file:
            table = [datetime.datetime.fromisoformat(row["timestamp"].replace("Z", "+00:00"))
                     .timestamp() for row in csv.DictReader(file)]
        load = lambda name: numpy.load(os.path.join(work(cwd, "prepare"), name + ".npy"))
        matrix, label = load("train"), load("train_label").astype("float32")
        time = numpy.array([table[i] for i in load("train_row")])
        parameters = json.loads(read(work(cwd, "train"), "training.json"))["parameters"]
        newest = numpy.sort(time)[int(len(time) * 0.75)]
        judged = time >= newest
        for days, ours in ((7, trial["pr_auc_by_time"]), (14, trial["pr_auc_with_days_hidden"])):
            known = time < newest - days * 86400
            booster = xgboost.train(parameters, xgboost.DMatrix(matrix[known], label[known]), 50)
            theirs = metrics.average_precision_score(
                label[judged], booster.predict(xgboost.DMatrix(matrix[judged])))
            assert abs(ours - theirs) < 1e-9, (days, ours, theirs)
        assert trial["frauds"] == int(label[judged].sum())


@test
def without_a_time_or_when_told_so_nothing_is_trained_and_the_reason_is_kept():
    with directory() as cwd:
        assay("generate", "claims", "--rows", 800, cwd=cwd)
        assay("init", ".", "--template", "claims", cwd=cwd)
        assay("train", "--until", "audit", cwd=cwd)
        assert "no time is named" in findings(cwd)[1]["why_not"]
    with directory() as cwd:
        history(cwd, 60, lambda _day, chance: (1, 1, 1, int(chance.random() < 0.1)), split="time")
        assay("train", "--until", "audit", "--set", "audit.trial=false", cwd=cwd)
        assert findings(cwd)[1]["why_not"] == "audit.trial is false"


if __name__ == "__main__":
    main()
