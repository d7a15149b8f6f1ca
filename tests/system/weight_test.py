"""evaluation.weight: rows that stand for many, in every figure that says so, and refused at the door."""
import csv
import glob
import json
import os
import random

from harness import ROOT, assay, directory, main, need, read, test, write
from recipes import work

EVALUATION = """
evaluation:
  entity: customer_id
  amount: amount
  weight: weight
  segments: [channel]
  budget: {alarms: 60}
  cost: {handling: 5, insult: 10, loss_given_fraud: 0.9, chargeback: 20}
"""


def cards(cwd, more=EVALUATION, rows=400, days=100, weight=None, use="false"):
    """The example's stream with a column of weights: frauds 1, others 20, 12.5 or nothing."""
    assay("generate", "cards", "--rows", rows, "--days", days, "--out", ".", cwd=cwd)
    rng = random.Random(5)
    lines = read(cwd, "transactions.csv").splitlines()
    head = lines[0].split(",")
    label = head.index("fraud")
    told = [lines[0] + ",weight"]
    for number, line in enumerate(lines[1:], 2):
        fraud = line.split(",")[label] == "1"
        drawn = "1" if fraud else rng.choice(["20", "12.5", "20", "0"])
        told.append(line + "," + (drawn if weight is None else weight(number, drawn)))
    write(cwd, "transactions.csv", "\n".join(told) + "\n")
    text = read(ROOT, "examples", "cards", "assay.yaml")
    text = text.replace("columns:\n", f"columns:\n  weight: {{type: number, use: {use}}}\n", 1)
    text = text.replace("gate:\n  - roc_auc >= 0.7\n  - pr_auc >= 0.05\n", "")
    write(cwd, "assay.yaml", text + more)
    with open(os.path.join(cwd, "transactions.csv"), encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Slice:
    """A slice as Python sees it: labels, weights, and the scores of python3-xgboost."""

    def __init__(self, cwd, name, table):
        numpy, xgboost = need("numpy"), need("xgboost")
        load = lambda suffix: numpy.load(os.path.join(work(cwd, "prepare"), name + suffix + ".npy"))
        booster = xgboost.Booster(model_file=os.path.join(work(cwd, "train"), "model.ubj"))
        self.label = load("_label").astype(int)
        self.score = booster.predict(xgboost.DMatrix(load(""),
                                                     feature_names=booster.feature_names))
        self.rows = [table[i] for i in load("_row")]
        self.weight = numpy.array([float(row["weight"]) for row in self.rows])
        self.amount = numpy.array([float(row["amount"]) for row in self.rows])


def evaluated(cwd):
    """The newest there is."""
    found = glob.glob(os.path.join(cwd, ".assay", "work", "evaluate-*", "evaluation.json"))
    return json.loads(read(max(found, key=os.path.getmtime)))


def close(ours, theirs, what, within=1e-9):
    assert ours is not None and abs(ours - theirs) <= within * max(1, abs(theirs)), \
        (what, ours, theirs)


@test
def figures_thresholds_budgets_and_costs_are_weighed_as_python_weighs_them():
    metrics, numpy = need("sklearn.metrics").metrics, need("numpy")
    with directory() as cwd:
        table = cards(cwd)
        done = assay("train", cwd=cwd)
        assert "weighted by weight" in done.said, done.said
        test_, validation = Slice(cwd, "test", table), Slice(cwd, "validation", table)
        said = evaluated(cwd)
        threshold = numpy.float32(said["threshold"]["value"])
        flagged = test_.score >= threshold
        w, y, s = test_.weight, test_.label, test_.score.astype(float)

        for name in ("classification", "calibration", "budget", "detection", "cost", "segments",
                     "curves"):
            assert said[name]["weighted_by"] == "weight", said[name]
            assert said[name]["rows"] == (w > 0).sum() < len(w)
            close(said[name]["weight"], w.sum(), name)
            close(said[name]["fraud_weight"], w[y == 1].sum(), name)
        values = said["classification_metrics"]
        for name, theirs in (
                ("roc_auc", metrics.roc_auc_score(y, s, sample_weight=w)),
                ("pr_auc", metrics.average_precision_score(y, s, sample_weight=w)),
                ("brier", metrics.brier_score_loss(y, s, sample_weight=w)),
                ("precision", metrics.precision_score(y, flagged, sample_weight=w)),
                ("mcc", metrics.matthews_corrcoef(y, flagged, sample_weight=w)),
                ("alert_rate", numpy.average(flagged, weights=w)),
                ("prevalence", numpy.average(y, weights=w))):
            close(values[name]["value"], theirs, name, 1e-12)
        matrix = metrics.confusion_matrix(y, flagged, sample_weight=w)
        for actual in (0, 1):
            for predicted in (0, 1):
                close(values["confusion_matrix"][str(actual)][str(predicted)],
                      matrix[actual][predicted], "confusion")
        assert said["classification"]["intervals"]["roc_auc"] == "bootstrap"
        low, high = values["roc_auc"]["interval_95"]
        assert low < values["roc_auc"]["value"] < high

        precision, recall, _ = metrics.precision_recall_curve(
            validation.label, validation.score, sample_weight=validation.weight)
        both = precision + recall
        best = (2 * precision * recall)[both > 0] / both[both > 0]
        close(said["threshold"]["f1_on_validation"], best.max(), "best f1")

        policy = json.loads(read(work(cwd, "evaluate"), "policy.json"))
        assert len(policy["population"]) > 20, policy
        for share, line in policy["population"][1:-1]:
            v = validation.weight
            below = v[validation.score <= numpy.float32(line)].sum() / v.sum()
            under = v[validation.score < numpy.float32(line)].sum() / v.sum()
            assert under - 1e-9 <= share <= below + 1e-9, (share, line, under, below)

        alarms = found = 0
        for today in sorted({row["timestamp"][:10] for row in test_.rows}):
            left = 60.0
            rows = [i for i, row in enumerate(test_.rows) if row["timestamp"][:10] == today]
            for score in sorted({s[i] for i in rows}, reverse=True):
                tied = [i for i in rows if s[i] == score and w[i] > 0]
                mass = sum(w[i] for i in tied)
                taken = min(left, mass)
                left -= taken
                alarms += taken
                found += taken * sum(w[i] * y[i] for i in tied) / mass if mass else 0
        close(said["budget"]["alarms"], alarms, "alarms")
        close(said["budget"]["frauds_found"], found, "found")
        assert said["budget"]["unweighted"] == ["card_precision", "card_precision_ceiling",
                                                "cards_found"]
        assert "insult_rate" in said["detection"]["unweighted"]
        stolen = (w * test_.amount * y).sum()
        close(said["detection"]["value_recall"], (w * test_.amount * y * flagged).sum() / stolen,
              "value recall")
        close(said["detection"]["false_per_true"], matrix[0][1] / matrix[1][1], "false per true")
        cost = (w * numpy.where(flagged, 5 + 10 * (y == 0), y * (0.9 * test_.amount + 20))).sum()
        close(said["cost"]["at_threshold"]["model"], cost, "cost")

        part = said["segments"]["columns"][0]["parts"][0]
        here = numpy.array([row["channel"] == part["value"] for row in test_.rows])
        close(part["weight"], w[here].sum(), "segment")
        assert part["roc_auc_interval_95"] == [None, None]
        close(part["metrics"]["roc_auc"]["value"],
              metrics.roc_auc_score(y[here], s[here], sample_weight=w[here]), "segment")
        close(sum(said["curves"]["score_histogram"]["legitimate"]), w[y == 0].sum(), "histogram")

        fold = numpy.load(os.path.join(work(cwd, "prepare"), "folds.npy"))[0] == 2
        label = numpy.load(os.path.join(work(cwd, "prepare"), "train_label.npy"))[fold]
        row = numpy.load(os.path.join(work(cwd, "prepare"), "train_row.npy"))[fold]
        score = numpy.load(os.path.join(work(cwd, "train"), "fold_score.npy"))[fold]
        folds = said["cross_validation"]
        close(folds["metrics"]["pr_auc"]["by_fold"][0],
              metrics.average_precision_score(label, score, sample_weight=[
                  float(table[i]["weight"]) for i in row]), "fold")
        assert folds["unweighted"] == ["mean", "standard_deviation"]
        page = assay("report", "1", "--out", "report.html", cwd=cwd) and read(cwd, "report.html")
        assert "every row counts by its weight" in page


@test
def gates_and_the_champions_challenge_are_weighed_too():
    with directory() as cwd:
        cards(cwd)
        assay("train", "--set", "model.folds=0", "--set", "model.rounds=5", cwd=cwd)
        assay("train", "--set", "model.folds=0", "--set", "model.rounds=30", cwd=cwd)
        told = json.loads(assay("models", "show", 2, cwd=cwd).text)["comparison"]
        assert told["weighted_by"] == "weight", told
        values = evaluated(cwd)["classification_metrics"]
        assert told["challenger_value"] == values["pr_auc"]["value"], told
        alerts = values["alert_rate"]["value"]
        write(cwd, "assay.yaml",
              read(cwd, "assay.yaml") + f"gate:\n  - alert_rate <= {alerts / 2:.6g}\n")
        done = assay("train", "--set", "model.folds=0", "--set", "model.rounds=30", cwd=cwd,
                     status=10)
        assert f"(it is {alerts:.6g})" in done.said, done.said


@test
def a_constant_weight_changes_no_figure_and_no_weight_no_byte():
    with directory() as cwd:
        cards(cwd, more="evaluation: {entity: customer_id}\n", weight=lambda number, drawn: "1")
        assay("train", "--set", "model.folds=0", cwd=cwd)
        plain = evaluated(cwd)
        assay("train", "--set", "model.folds=0", "--set", "evaluation.weight=weight", cwd=cwd)
        weighed = evaluated(cwd)
        for name, figure in plain["classification_metrics"].items():
            told = weighed["classification_metrics"][name]
            if name == "confusion_matrix":
                assert told == figure
            elif name == "roc_auc":
                assert told["value"] == figure["value"]
            else:
                assert told == figure, (name, told, figure)
        assert "weighted_by" not in json.dumps(plain)


@test
def weights_that_cannot_be_are_refused_with_their_row_before_anything_is_trained():
    for weight, wanted in (
            (lambda number, drawn: "" if number == 7 else drawn, "line 7: the weight is missing"),
            (lambda number, drawn: "-2" if number == 9 else drawn, "line 9: the weight is negative"),
            (lambda number, drawn: "1e13" if number == 5 else drawn,
             "line 5: the weight is neither 0 nor from 1e-12 to 1e12"),
            (lambda number, drawn: "0", "every row of the validation slice weighs 0")):
        with directory() as cwd:
            cards(cwd, rows=100, days=60, weight=weight)
            for command in ("check", "train"):
                done = assay(command, cwd=cwd, status=3)
                assert "evaluation.weight: " in done.said and wanted in done.said, done.said
            done = os.listdir(os.path.join(cwd, ".assay", "work"))
            assert not [name for name in done if name.startswith("train-")], done
    with directory() as cwd:
        cards(cwd, rows=100, days=60, use="true")
        done = assay("check", cwd=cwd, status=3)
        assert "set `use: false` on the column" in done.said, done.said
        for name, wanted in (("channel", "'channel' is no column of numbers"),
                             ("nothing", "'nothing' is no column of the data; declare it")):
            done = assay("check", "--set", f"evaluation.weight={name}", cwd=cwd, status=3)
            assert wanted in done.said, done.said


if __name__ == "__main__":
    main()
