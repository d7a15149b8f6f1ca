"""job: the whole of system B's work in one go, beside the same pipeline in Python.

Both read the two CSV files, join, encode and split them, train with 3-fold cross-validation, evaluate on
the test slice, hold ROC-AUC against a condition, compute Clarify's bias metrics on customer_gender,
SHAP values of the test slice, and leave a model with its papers behind. The Python side has a
private environment (pandas, scikit-learn, xgboost, shap); where it cannot be had, the reason is told.
"""
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "tests", "system")]

from harness import ASSAY, directory, read, write  # noqa: E402
from peers import Missing, run  # noqa: E402
from cases import KEPT  # noqa: E402
from seeds import sources  # noqa: E402

ROUNDS = 10
VENV = os.path.join(KEPT, "venv-job")
PYTHON = os.path.join(VENV, "bin", "python")
PACKAGES = ["pandas", "scikit-learn", "xgboost", "shap", "joblib"]

FACETS = """
bias:
  facets:
    - {column: customer_gender, value: Female}
"""

PEER = """
import hashlib, json, os, sys
import joblib, numpy, pandas, shap, xgboost
from sklearn.metrics import average_precision_score, brier_score_loss, confusion_matrix, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
claims, customers = pandas.read_csv(sys.argv[1], keep_default_na=False), pandas.read_csv(sys.argv[2], keep_default_na=False)
out = sys.argv[3]
os.makedirs(out)
table = claims.merge(customers, on="policy_id", how="left").drop(columns=["policy_id", "customer_zip"])
gender = table["customer_gender"] == "Female"
orders = {"police_report_available": {"No": 0, "Yes": 1},
          "policy_liability": {"15/30": 0, "25/50": 1, "30/60": 2, "100/200": 3},
          "customer_education": {"Below High School": 0, "High School": 1, "Associate": 2, "Bachelor": 3, "Advanced Degree": 4}}
for name, order in orders.items():
    table[name] = table[name].map(order)
table = pandas.get_dummies(table).astype("float32")
label = table.pop("fraud").astype(int)
x, test_x, y, test_y = train_test_split(table, label, test_size=0.1, random_state=1, stratify=label)
x, validation_x, y, validation_y = train_test_split(x, y, test_size=1 / 9, random_state=1, stratify=y)
for name, part in (("train", x), ("validation", validation_x), ("test", test_x)):
    part.to_csv(f"{out}/{name}.csv", index=False)
parameters = {"objective": "binary:logistic", "max_depth": 5, "eta": 0.5, "subsample": 0.75,
              "colsample_bytree": 0.75, "base_score": 0.5, "seed": 1, "nthread": 2, "tree_method": "hist"}
matrix, test = xgboost.DMatrix(x, label=y), xgboost.DMatrix(test_x)
cv = xgboost.cv(parameters, matrix, num_boost_round=5, nfold=3, metrics="auc", seed=1)
booster = xgboost.train(parameters, matrix, num_boost_round=5)
validation_p = booster.predict(xgboost.DMatrix(validation_x))
lines = numpy.unique(validation_p)
f1 = [2 * ((validation_p >= t) & (validation_y == 1)).sum() / ((validation_p >= t).sum() + (validation_y == 1).sum()) for t in lines]
threshold = lines[int(numpy.argmax(f1))]
p = booster.predict(test)
flagged = p >= threshold
evaluation = {"roc_auc": roc_auc_score(test_y, p), "pr_auc": average_precision_score(test_y, p),
              "log_loss": log_loss(test_y, p), "brier": brier_score_loss(test_y, p),
              "confusion": confusion_matrix(test_y, flagged).tolist(), "cv": cv.to_dict()}
draws = numpy.random.default_rng(1)
fraud, good = numpy.flatnonzero(test_y == 1), numpy.flatnonzero(test_y == 0)
resampled = []
for _ in range(1000):
    rows = numpy.concatenate([draws.choice(fraud, len(fraud)), draws.choice(good, len(good))])
    resampled.append((roc_auc_score(test_y.values[rows], p[rows]), average_precision_score(test_y.values[rows], p[rows])))
evaluation["intervals"] = numpy.percentile(resampled, [2.5, 97.5], axis=0).tolist()
json.dump(evaluation, open(f"{out}/evaluation.json", "w"))
if evaluation["roc_auc"] < 0.1:
    sys.exit("refused")
d = gender.loc[test_x.index].values
observed, predicted = (test_y == 0).values, ~flagged
rate = lambda mask, of: (mask & of).sum() / max(of.sum(), 1)
train_d, train_good = gender.loc[x.index].values, (y == 0).values
bias = {"DPL": rate(train_good, ~train_d) - rate(train_good, train_d),
        "DPPL": rate(predicted, ~d) - rate(predicted, d), "DI": rate(predicted, d) / rate(predicted, ~d),
        "AD": rate(observed == predicted, ~d) - rate(observed == predicted, d),
        "RD": rate(predicted, ~d & observed) - rate(predicted, d & observed),
        "DAR": rate(observed, ~d & predicted) - rate(observed, d & predicted)}
json.dump({k: float(v) for k, v in bias.items()}, open(f"{out}/bias.json", "w"))
values = shap.TreeExplainer(booster).shap_values(test_x)
json.dump(dict(zip(test_x.columns, numpy.abs(values).mean(axis=0).astype(float).tolist())), open(f"{out}/explanations.json", "w"))
booster.save_model(f"{out}/model.json")
joblib.dump({"columns": list(table.columns), "threshold": float(threshold)}, f"{out}/pipeline.joblib")
digest = hashlib.sha256(open(f"{out}/model.json", "rb").read()).hexdigest()
json.dump({"version": 1, "sha256": digest, "metrics": evaluation["roc_auc"]}, open(f"{out}/registry.json", "w"))
"""


def family(pid):
    """A process and all that came of it."""
    members = [pid]
    for member in members:
        try:
            with open(f"/proc/{member}/task/{member}/children", encoding="ascii") as file:
                members += map(int, file.read().split())
        except OSError:
            pass
    return members


def resident(pid):
    """MiB of a process and its children together; pages they share count once for each."""
    total = 0
    for member in family(pid):
        try:
            with open(f"/proc/{member}/statm", encoding="ascii") as file:
                total += int(file.read().split()[1])
        except OSError:
            pass
    return total * os.sysconf("SC_PAGE_SIZE") / 2**20


def watched(command, **options):
    """Seconds, and the most memory it was seen to hold, looked at every 2 ms."""
    started, most = time.monotonic(), 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options) as process:
        while process.poll() is None:
            most = max(most, resident(process.pid))
            time.sleep(0.002)
        took = time.monotonic() - started
        said = process.stdout.read().decode()
    if process.returncode != 0:
        raise Missing(said.strip().splitlines()[-1] if said.strip() else "it failed without a word")
    return took, most


def environment():
    if not os.path.exists(PYTHON):
        run(sys.executable, "-m", "venv", VENV)
    try:
        run(PYTHON, "-c", "import pandas, sklearn, xgboost, shap, joblib")
    except Missing:
        run(PYTHON, "-m", "pip", "install", "-q", *PACKAGES)
    listed = "; import importlib.metadata as m; print(', '.join(f'{p} {m.version(p)}' for p in " + repr(PACKAGES) + "))"
    return run(PYTHON, "-c", "import sys" + listed)


def spread(values, digits=2):
    values = sorted(values)
    return f"{statistics.median(values):.{digits}f} ({values[0]:.{digits}f}..{values[-1]:.{digits}f})"


def measure(cwd, claims, customers):
    ours, theirs = [], []
    for turn in range(ROUNDS):
        store = os.path.join(cwd, f"ours-{turn}")
        ours.append(watched([ASSAY, "train", "--set", f"store.dir={store}"], cwd=cwd))
        theirs.append(watched([PYTHON, "-c", PEER, claims, customers, os.path.join(cwd, f"theirs-{turn}")]))
    return ours, theirs


def main():
    print("## The whole job in one go\n")
    try:
        packages = environment()
    except Missing as why:
        print(f"Not measured: the Python side cannot be had: {why}")
        return
    with directory() as cwd:
        name, claims, customers = sources(cwd)
        write(cwd, "assay.yaml", read(cwd, "assay.yaml") + FACETS)
        ours, theirs = measure(cwd, claims, customers)
    faster = [b[0] / a[0] for a, b in zip(ours, theirs)]
    smaller = [b[1] / a[1] for a, b in zip(ours, theirs)]
    print("CSV files to a registered, deployed version with its evaluation, intervals, bias metrics and SHAP values, "
          f"in turns, {ROUNDS} times, from an empty store. Data: {name}. Python: {packages}. Memory is that of "
          "all processes of a job together.\n")
    print("| | seconds: median (least..greatest) | peak MiB |\n|---|---|---|")
    for label, values in (("Assay", ours), ("Python", theirs)):
        print(f"| {label} | {spread([v[0] for v in values])} | {spread([v[1] for v in values], 0)} |")
    print(f"| times as much | {spread(faster, 1)} | {spread(smaller, 1)} |\n")
    for what, ratio, target in (("faster", faster, 10), ("less memory", smaller, 5)):
        met = "met" if statistics.median(ratio) >= target else "**not met**"
        print(f"- {target} times {what}: {statistics.median(ratio):.1f} times, {met}")


if __name__ == "__main__":
    main()
