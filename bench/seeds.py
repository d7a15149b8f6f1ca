"""seeds: system B's recipe over 20 split seeds, Assay beside python3-xgboost on the same matrix.

The AUC of each is computed from its own scores of the test slice; the wall time is that of the
whole job, from the CSV files to the metrics, each in its own process.
"""
import json
import os
import platform
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tests", "system"))

from harness import ASSAY, Skip, assay, directory, read  # noqa: E402
from recipes import claims_yaml, system_b, work, write, SYSTEM_B_PARAMETERS  # noqa: E402

SEEDS = 20

# What a Python pipeline does for the same result, as one process.
PEER = """
import json, sys, numpy, pandas, xgboost
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
claims, customers, seed = pandas.read_csv(sys.argv[1], keep_default_na=False), pandas.read_csv(sys.argv[2], keep_default_na=False), int(sys.argv[3])
table = claims.merge(customers, on="policy_id", how="left").drop(columns=["policy_id", "customer_zip"])
orders = {"police_report_available": {"No": 0, "Yes": 1},
          "policy_liability": {"15/30": 0, "25/50": 1, "30/60": 2, "100/200": 3},
          "customer_education": {"Below High School": 0, "High School": 1, "Associate": 2, "Bachelor": 3, "Advanced Degree": 4}}
for name, order in orders.items():
    table[name] = table[name].map(order)
table = pandas.get_dummies(table)
label = table.pop("fraud")
x, test_x, y, test_y = train_test_split(table, label, test_size=0.1, random_state=seed, stratify=label)
x, _, y, _ = train_test_split(x, y, test_size=1 / 9, random_state=seed, stratify=y)
parameters = {"objective": "binary:logistic", "max_depth": 5, "eta": 0.5, "subsample": 0.75,
              "colsample_bytree": 0.75, "base_score": 0.5, "seed": 1, "nthread": 2, "tree_method": "hist",
              "lambda": 1}
matrix = xgboost.DMatrix(x, label=y)
xgboost.cv(parameters, matrix, num_boost_round=5, nfold=3, metrics="auc", seed=1)
booster = xgboost.train(parameters, matrix, num_boost_round=5)
print(json.dumps({"auc": roc_auc_score(test_y, booster.predict(xgboost.DMatrix(test_x)))}))
"""

# The same matrix, parameters and rounds as Assay's own run.
SAME_MATRIX = """
import json, sys, numpy, xgboost
from sklearn.metrics import roc_auc_score
prepared, training = sys.argv[1], json.load(open(sys.argv[2]))
load = lambda name: numpy.load(prepared + "/" + name + ".npy")
matrix = xgboost.DMatrix(load("train"), label=load("train_label").astype("float32"))
booster = xgboost.train(training["parameters"], matrix, num_boost_round=training["rounds"])
print(json.dumps({"auc": roc_auc_score(load("test_label"), booster.predict(xgboost.DMatrix(load("test"))))}))
"""


def timed(command, **options):
    started = time.monotonic()
    done = subprocess.run(command, check=True, capture_output=True, text=True, **options)
    return time.monotonic() - started, done.stdout


def python(program, *arguments):
    return timed(["/usr/bin/python3", "-c", program, *map(str, arguments)])


def sources(cwd):
    """The real tables where they are, generated ones otherwise."""
    try:
        system_b(cwd)
        root = os.path.join(os.environ["ASSAY_DATA"], "claims")
        return "AWS's synthetic claims", os.path.join(root, "claims.csv"), os.path.join(root, "customers.csv")
    except Skip:
        assay("generate", "claims", "--out", cwd, cwd=cwd)
        model = "  algorithm: xgboost\n  rounds: 5\n  folds: 3\n  threads: 2\n" + SYSTEM_B_PARAMETERS
        write(cwd, "assay.yaml", claims_yaml(model=model, gate="roc_auc >= 0.1"))
        return "`assay generate claims`", os.path.join(cwd, "claims.csv"), os.path.join(cwd, "customers.csv")


def one_seed(cwd, seed):
    """Assay's AUC and wall time, and Python's AUC on the same matrix."""
    store = os.path.join(cwd, f"seed-{seed}")
    took, _ = timed([ASSAY, "train", "--until", "evaluate", "--set", f"split.seed={seed}", "--set",
                     f"store.dir={store}/.assay"], cwd=cwd)
    prepared, trained = work(store, "prepare"), work(store, "train")
    ours = json.loads(read(work(store, "evaluate"), "metrics.json"))["roc_auc"]
    _, out = python(SAME_MATRIX, prepared, os.path.join(trained, "training.json"))
    return took, ours, json.loads(out)["auc"]


def main():
    with directory() as cwd:
        name, claims, customers = sources(cwd)
        rows, ours_took, python_took = [], [], []
        for seed in range(1, SEEDS + 1):
            took, ours, same = one_seed(cwd, seed)
            peer_took, out = python(PEER, claims, customers, seed)
            rows.append((seed, ours, same, json.loads(out)["auc"]))
            ours_took.append(took)
            python_took.append(peer_took)
    print(f"## System B's recipe over {SEEDS} split seeds\n")
    print(f"Python {platform.python_version()} with Debian's packages. Data: {name}. The second column is python3-xgboost on Assay's own matrix, the third a "
          "pandas pipeline with its own splits.\n")
    print("| seed | Assay AUC | python3-xgboost, same matrix | pandas pipeline |\n|---|---|---|---|")
    for seed, ours, same, peer in rows:
        print(f"| {seed} | {ours:.12f} | {same:.12f} | {peer:.4f} |")
    for at, label in ((1, "Assay"), (2, "same matrix"), (3, "pandas pipeline")):
        values = [row[at] for row in rows]
        print(f"\n{label}: mean {statistics.mean(values):.4f}, sd {statistics.stdev(values):.4f}", end="")
    print(f"\n\nLargest difference on the same matrix: {max(abs(r[1] - r[2]) for r in rows):.3g}\n")
    ratio = [p / o for p, o in zip(python_took, ours_took)]
    print("## Wall time of the whole job\n")
    print("CSV files to test metrics, with 3-fold cross-validation, a process each: the pandas "
          f"pipeline takes {statistics.median(ratio):.1f} times as long (median of {SEEDS}, from "
          f"{min(ratio):.1f} to {max(ratio):.1f}).")


if __name__ == "__main__":
    main()
