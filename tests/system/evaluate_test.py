"""Every figure of evaluation.json, held against computations of Python's own on the same rows."""
import csv
import io
import json
import os
import subprocess

from harness import assay, copied, data, directory, main, need, read, test, write
from recipes import work

CARDS = """
evaluation:
  entity: customer_id
  amount: amount
  segments: [channel, amount]
  budget: {alarms: 15}
  cost: {handling: 5, insult: 10, loss_given_fraud: 0.9, chargeback: 20}
"""


def cards(cwd, more=CARDS, rows=400, days=100):
    """A generated stream and the example's assay.yaml, with an evaluation."""
    assay("generate", "cards", "--rows", rows, "--days", days, "--out", ".", cwd=cwd)
    from harness import ROOT
    text = read(ROOT, "examples", "cards", "assay.yaml")
    write(cwd, "assay.yaml", text + more)


class Slice:
    """A slice as Python sees it: its rows of the CSV, and the scores of python3-xgboost."""

    def __init__(self, cwd, name, table):
        numpy, xgboost = need("numpy"), need("xgboost")
        prepared = work(cwd, "prepare")
        load = lambda suffix: numpy.load(os.path.join(prepared, name + suffix + ".npy"))
        booster = xgboost.Booster(model_file=os.path.join(work(cwd, "train"), "model.ubj"))
        matrix = load("")
        self.label = load("_label").astype(int)
        names = booster.feature_names
        self.score = booster.predict(xgboost.DMatrix(matrix, feature_names=names))
        self.rows = [table[i] for i in load("_row")]

    def column(self, name):
        return [row[name] for row in self.rows]


def trained(cwd):
    cards(cwd)
    assay("train", cwd=cwd)


def evaluated(cwd):
    return json.loads(read(work(cwd, "evaluate"), "evaluation.json"))


def close(ours, theirs, what, within=1e-12):
    assert ours is not None and abs(ours - theirs) <= within * max(1, abs(theirs)), \
        (what, ours, theirs)


def day(row):
    return row["timestamp"][:10]


# ---------------------------------------------------------------- the same by other means

def card_precision(days, cards_of, labels, scores, k):
    """The handbook's card precision@k, with ties at their worst."""
    known, precisions = set(), []
    for today in sorted(set(days)):
        best = {}
        for when, card, label, score in zip(days, cards_of, labels, scores):
            if when == today and card not in known:
                old = best.get(card, (-1.0, 0))
                best[card] = (max(old[0], float(score)), max(old[1], int(label)))
        top = sorted(best.items(), key=lambda item: (-item[1][0], item[1][1]))[:k]
        found = [card for card, (_, label) in top if label]
        known.update(found)
        precisions.append(len(found) / k)
    return sum(precisions) / len(precisions)


def budget_counts(days, labels, scores, amounts, k):
    """Alarms and frauds found, ties at the edge shared out evenly."""
    found = money = alarms = 0
    for today in sorted(set(days)):
        rows = sorted(((float(s), int(l), a) for d, l, s, a in zip(days, labels, scores, amounts)
                       if d == today), key=lambda row: -row[0])
        alarms += min(k, len(rows))
        if len(rows) <= k:
            found += sum(l for _, l, _ in rows)
            money += sum(a for _, l, a in rows if l)
            continue
        edge = rows[k - 1][0]
        above = [row for row in rows if row[0] > edge]
        at = [row for row in rows if row[0] == edge]
        share = (k - len(above)) / len(at)
        found += sum(l for _, l, _ in above) + share * sum(l for _, l, _ in at)
        money += sum(a for _, l, a in above if l) + share * sum(a for _, l, a in at if l)
    return alarms, found, money


def cost_of(slice_, amounts, threshold, handling=5, insult=10, loss=0.9, chargeback=20):
    """The amounts as a numpy array."""
    alarm, fraud = slice_.score >= threshold, slice_.label == 1
    return (alarm.sum() * handling + (alarm & ~fraud).sum() * insult
            + (amounts * loss + chargeback)[~alarm & fraud].sum())


# ---------------------------------------------------------------- the tests

@test
def every_figure_of_a_stream_is_what_python_makes_of_the_same_rows():
    numpy = need("numpy")
    metrics = need("sklearn.metrics").metrics
    with directory() as cwd:
        copied(cwd, trained)
        with open(os.path.join(cwd, "transactions.csv"), encoding="utf-8") as file:
            table = list(csv.DictReader(file))
        test_, validation = Slice(cwd, "test", table), Slice(cwd, "validation", table)
        said = evaluated(cwd)
        threshold = numpy.float32(said["threshold"]["value"])
        amounts = numpy.array([float(a) for a in test_.column("amount")])
        frauds = int(test_.label.sum())

        for name in ("classification", "calibration", "budget", "detection", "cost", "segments",
                     "curves"):
            origin = said[name]
            assert (origin["slice"], origin["rows"], origin["frauds"]) == \
                ("test", len(test_.label), frauds), origin
            assert numpy.float32(origin["threshold"]) == threshold
            assert origin["sha256"] == said["slices"]["test"]["sha256"]

        close(said["classification_metrics"]["pr_auc"]["value"],
              metrics.average_precision_score(test_.label, test_.score), "pr_auc")

        budget, days = said["budget"], [day(row) for row in test_.rows]
        alarms, found, money = budget_counts(days, test_.label, test_.score, amounts, 15)
        stolen = sum(a for a, l in zip(amounts, test_.label) if l)
        assert budget["periods"] == len(set(days)) and budget["alarms"] == alarms, budget
        close(budget["frauds_found"], found, "found")
        close(budget["recall"], found / frauds, "recall at the budget")
        close(budget["precision"], found / (15 * len(set(days))), "precision at the budget")
        close(budget["value_recall"], money / stolen, "value recall at the budget")
        close(budget["card_precision"],
              card_precision(days, test_.column("customer_id"), test_.label, test_.score, 15),
              "card precision")

        flagged = test_.score >= threshold
        caught = sum(a for a, l, f in zip(amounts, test_.label, flagged) if l and f)
        close(said["detection"]["value_recall"], caught / stolen, "value recall")
        good = {c for c in test_.column("customer_id")} - \
            {c for c, l in zip(test_.column("customer_id"), test_.label) if l}
        insulted = {c for c, f in zip(test_.column("customer_id"), flagged) if f and c in good}
        close(said["detection"]["insult_rate"], len(insulted) / len(good), "insult rate")

        cost = said["cost"]["at_threshold"]
        close(cost["model"], cost_of(test_, amounts, threshold), "cost", 1e-9)
        close(cost["no_alarm"], cost_of(test_, amounts, 9), "cost of no alarm", 1e-9)
        close(cost["all_alarms"], cost_of(test_, amounts, -1), "cost of all alarms", 1e-9)
        money_then = numpy.array([float(a) for a in validation.column("amount")])
        least = min(cost_of(validation, money_then, line)
                    for line in sorted(set(validation.score.tolist())) + [9])
        close(said["cost"]["least_on_validation"]["cost"], least, "least cost", 1e-9)


@test
def segments_divide_the_slice_and_each_has_scikit_learns_metrics():
    metrics, numpy = need("sklearn.metrics").metrics, need("numpy")
    with directory() as cwd:
        copied(cwd, trained)
        with open(os.path.join(cwd, "transactions.csv"), encoding="utf-8") as file:
            table = list(csv.DictReader(file))
        test_, said = Slice(cwd, "test", table), evaluated(cwd)["segments"]["columns"]
        channel = next(s for s in said if s["column"] == "channel")
        assert {p["value"] for p in channel["parts"]} == set(test_.column("channel"))
        for part in channel["parts"]:
            chosen = numpy.array([c == part["value"] for c in test_.column("channel")])
            label, score = test_.label[chosen], test_.score[chosen]
            assert (part["rows"], part["frauds"]) == (len(label), int(label.sum())), part
            assert part["too_few_frauds"] == (label.sum() < 10)
            if 0 < label.sum() < len(label):
                close(part["metrics"]["roc_auc"]["value"], metrics.roc_auc_score(label, score),
                      part["value"])
        amount = next(s for s in said if s["column"] == "amount")
        assert sum(p["rows"] for p in amount["parts"]) == len(test_.label)
        assert len(amount["parts"]) == 4 and max(p["rows"] for p in amount["parts"]) < \
            0.3 * len(test_.label), [p["rows"] for p in amount["parts"]]


@test
def calibrators_and_thresholds_are_those_the_validation_slice_asks_for():
    numpy = need("numpy")
    isotonic = need("sklearn.isotonic").isotonic
    with directory() as cwd:
        cards(cwd, rows=800)
        with open(os.path.join(cwd, "transactions.csv"), encoding="utf-8") as file:
            table = list(csv.DictReader(file))
        assay("train", "--set", "decision.calibration=isotonic", "--set",
              "decision.threshold=least_cost", cwd=cwd)
        validation, said = Slice(cwd, "validation", table), evaluated(cwd)
        policy = json.loads(read(work(cwd, "evaluate"), "policy.json"))
        assert policy["calibration"]["calibrator"] == "isotonic"
        theirs = isotonic.IsotonicRegression(out_of_bounds="clip").fit(
            validation.score.astype(float), validation.label)
        knots = numpy.array(policy["calibration"]["knots"])
        ours = numpy.interp(validation.score.astype(float), knots[:, 0], knots[:, 1])
        assert numpy.abs(ours - theirs.predict(validation.score.astype(float))).max() < 1e-12
        assert said["threshold"]["rule"] == "least_cost"
        close(said["threshold"]["value"], said["cost"]["least_on_validation"]["threshold"], "line")
        after, before = said["calibration"]["probabilities"], said["calibration"]["scores"]
        assert after["ece"] != before["ece"] and len(after["reliability"]) == 15


@test
def a_threshold_by_budget_spends_no_more_than_the_budget_on_the_validation_slice():
    numpy = need("numpy")
    with directory() as cwd:
        cards(cwd)
        with open(os.path.join(cwd, "transactions.csv"), encoding="utf-8") as file:
            table = list(csv.DictReader(file))
        assay("train", "--set", "decision.threshold=budget", cwd=cwd)
        validation, said = Slice(cwd, "validation", table), evaluated(cwd)
        line = numpy.float32(said["threshold"]["value"])
        places = 15 * len({day(row) for row in validation.rows})
        below = max(score for score in validation.score if score < line)
        assert (validation.score >= line).sum() <= places < (validation.score >= below).sum()


@test
def prequential_folds_have_the_metrics_of_their_own_held_out_scores():
    metrics, numpy = need("sklearn.metrics").metrics, need("numpy")
    with directory() as cwd:
        cards(cwd)
        assay("train", "--set", "model.folds=4", cwd=cwd)
        said = evaluated(cwd)["cross_validation"]
        assert said["scheme"] == "prequential" and said["folds"] == 4
        fold = numpy.load(os.path.join(work(cwd, "prepare"), "folds.npy"))
        label = numpy.load(os.path.join(work(cwd, "prepare"), "train_label.npy"))
        score = numpy.load(os.path.join(work(cwd, "train"), "fold_score.npy"))
        assert numpy.isnan(score[(fold != 2).all(axis=0)]).all()
        values = []
        for index in range(4):
            held = fold[index] == 2
            values.append(metrics.average_precision_score(label[held], score[held]))
            assert said["rows"][index] == held.sum() and \
                said["frauds"][index] == label[held].sum()
            close(said["metrics"]["pr_auc"]["by_fold"][index], values[-1], "fold")
        close(said["metrics"]["pr_auc"]["mean"], numpy.mean(values), "mean")
        close(said["metrics"]["pr_auc"]["standard_deviation"], numpy.std(values, ddof=1), "sd")
        close(said["mean"], numpy.mean(values), "the library's own watch of the same folds", 1e-6)


HANDBOOK = """project: handbook
data: {{file: {file}, label: TX_FRAUD}}
columns:
  TX_TIME_SECONDS: {{type: timestamp, format: seconds}}
  CUSTOMER_ID: {{type: id}}
  TERMINAL_ID: {{type: id}}
  TX_AMOUNT: {{type: number}}
  TX_FRAUD: {{type: integer}}
  TX_FRAUD_SCENARIO: {{type: integer, use: false}}
features:
  - {{transform: hour, column: TX_TIME_SECONDS}}
  - {{transform: weekday, column: TX_TIME_SECONDS}}
split:
  kind: dates
  column: TX_TIME_SECONDS
  train_from: 1970-04-26
  train_before: 1970-05-03
  validation_from: 1970-04-19
  validation_before: 1970-04-26
  test_from: 1970-05-10
  test_before: 1970-05-17
  leave_out_known: CUSTOMER_ID
model: {{rounds: 30, folds: 0, parameters: {{max_depth: 3}}}}
evaluation: {{entity: CUSTOMER_ID, amount: TX_AMOUNT, budget: {{alarms: 100}}}}
"""


def handbook_week(stream):
    """The published protocol, from its description: which rows train, which test."""
    rows = list(csv.reader(io.StringIO(stream)))[1:]
    days = [int(row[0]) // 86400 for row in rows]
    train = [i for i, d in enumerate(days) if 115 <= d <= 121]
    fraud_days = {}
    for row, d in zip(rows, days):
        if row[4] == "1" and d >= 115:
            fraud_days.setdefault(row[1], []).append(d)
    test_rows = []
    for i, d in enumerate(days):
        if 129 <= d <= 135:
            known = any(f <= 121 or f <= d - 8 for f in fraud_days.get(rows[i][1], []) if f < d)
            if not known:
                test_rows.append(i)
    return rows, days, train, test_rows


@test
def the_handbooks_test_week_has_its_published_rows_and_pythons_figures():
    numpy, metrics = need("numpy"), need("sklearn.metrics").metrics
    packed = data("handbook/transactions.csv.zst")
    with directory() as cwd:
        write(cwd, "assay.yaml", HANDBOOK.format(file=packed))
        assay("train", cwd=cwd)
        stream = subprocess.run(["zstd", "-dc", packed], check=True, capture_output=True,
                                text=True).stdout
        rows, days, train, tested = handbook_week(stream)
        load = lambda name: numpy.load(os.path.join(work(cwd, "prepare"), name + ".npy"))
        assert load("train_row").tolist() == train and load("test_row").tolist() == tested
        slices = json.loads(read(work(cwd, "prepare"), "prepared.json"))["slices"]
        assert slices["train"] == {"rows": 67240, "frauds": 598}, slices
        assert slices["test"] == {"rows": 58264, "frauds": 385}, slices

        test_, said = Slice(cwd, "test", rows), evaluated(cwd)
        close(said["classification_metrics"]["roc_auc"]["value"],
              metrics.roc_auc_score(test_.label, test_.score), "roc_auc")
        close(said["classification_metrics"]["pr_auc"]["value"],
              metrics.average_precision_score(test_.label, test_.score), "pr_auc")
        close(said["budget"]["card_precision"],
              card_precision([days[i] for i in tested], [rows[i][1] for i in tested], test_.label,
                             test_.score, 100), "card precision@100")


@test
def settings_that_lack_what_they_need_are_refused_before_anything_runs():
    for extra, wanted in (
            ("decision.threshold=least_cost", "set evaluation.cost.*"),
            ("decision.threshold=budget", "set evaluation.budget.alarms"),
            ("decision.threshold=often", "takes best_f1, least_cost, budget or a score"),
            ("evaluation.cost.loss_given_fraud=1", "name its column in evaluation.amount")):
        with directory() as cwd:
            cards(cwd, more="", rows=40, days=30)
            done = assay("train", "--set", extra, cwd=cwd, status=3)
            assert wanted in done.said, done.said
            assert not os.path.exists(os.path.join(cwd, ".assay", "work")) or \
                not os.listdir(os.path.join(cwd, ".assay", "work"))
    for extra, wanted in (
            ("evaluation.entity=nobody", "evaluation.entity: 'nobody' is no column"),
            ("evaluation.amount=channel", "evaluation.amount: 'channel' is no column of numbers"),
            ("evaluation.time=amount", "evaluation.time: 'amount' is no timestamp"),
            ("evaluation.amount=distance_km", "the cell is missing")):
        with directory() as cwd:
            cards(cwd, more="", rows=200, days=90)
            done = assay("train", "--set", extra, cwd=cwd, status=3)
            assert wanted in done.said, done.said


if __name__ == "__main__":
    main()
