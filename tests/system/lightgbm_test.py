"""Models that LightGBM saves today: every way of boosting, objective and kind of missing value,
imported, and scored against Booster.predict.

Debian has no LightGBM; ASSAY_PYTHON_LIGHTGBM names a Python that has it:

    python3 -m venv lightgbm && lightgbm/bin/pip install lightgbm scikit-learn
    ASSAY_PYTHON_LIGHTGBM=lightgbm/bin/python make check ONLY=system
"""
import csv
import json
import os
import subprocess

from harness import Skip, assay, directory, main, test

WITHIN = 1e-7

# Runs in the other Python: NAME.txt, and NAME.json of rows and scores.
MAKE = r'''
import itertools, json, os, sys
import lightgbm, numpy

ROWS = 2000
random = numpy.random.default_rng(3)


def table(categories):
    rows = random.normal(size=(ROWS, 6)).astype("float32")
    rows[:, 1] = numpy.round(rows[:, 1] * 2)
    if categories:
        rows[:, 4] = random.integers(0, 40, ROWS)
        rows[:, 5] = random.integers(0, 3, ROWS)
    number = rows[:, 0] + numpy.sin(rows[:, 1]) + (rows[:, 4] % 3 == 1)
    rows[random.random(rows.shape) < 0.1] = numpy.nan
    return rows, number + random.normal(size=ROWS) * 0.5


def own(predicted, data):
    return predicted - data.get_label(), numpy.ones_like(predicted)


for boosting, objective, categories, missing in itertools.product(
        ["gbdt", "dart", "rf", "goss"],
        ["binary", "cross_entropy", "regression", "huber", "own"], [False, True], [False, True]):
    if boosting == "rf" and objective == "own":
        continue  # LightGBM refuses the two together
    rows, number = table(categories)
    label = number > 0 if objective in ("binary", "cross_entropy") else number
    param = {"objective": own if objective == "own" else objective, "boosting": boosting,
             "use_missing": missing, "num_leaves": 15, "num_threads": 1, "verbosity": -1}
    if objective == "binary":
        param["sigmoid"] = 1.7
    if boosting == "rf":
        param.update(bagging_freq=1, bagging_fraction=0.7)
    data = lightgbm.Dataset(rows, label, categorical_feature=[4, 5] if categories else [])
    model = lightgbm.train(param, data, 15)
    name = "_".join([boosting, objective, "categories" * categories, "missing" * missing])
    path = os.path.join(sys.argv[1], name)
    model.save_model(path + ".txt")
    fresh, _ = table(categories)
    fresh = fresh[:300]
    if categories:
        fresh[:30, 4] = random.integers(40, 200, 30)
    cells = [["" if cell != cell else repr(float(cell)) for cell in row] for row in fresh]
    with open(path + ".json", "w") as file:
        json.dump({"rows": cells, "scores": [float(score) for score in model.predict(fresh)]}, file)
'''


def make(cwd):
    """The names of the models made in a directory."""
    python = os.environ.get("ASSAY_PYTHON_LIGHTGBM")
    if not python:
        raise Skip("ASSAY_PYTHON_LIGHTGBM names no Python that has lightgbm")
    found = subprocess.run([python, "-c", "import lightgbm, numpy"], capture_output=True, text=True,
                           check=False)
    if found.returncode != 0:
        raise Skip(f"{python} has no lightgbm: {found.stderr.strip().splitlines()[-1]}")
    subprocess.run([python, "-c", MAKE, cwd], capture_output=True, check=True, timeout=600)
    return sorted(name[:-4] for name in os.listdir(cwd) if name.endswith(".txt"))


@test
def every_saved_model_scores_as_predict_does():
    with directory() as made:
        names = make(made)
        assert len(names) == 76, names
        worst_of_all = 0
        for name in names:
            with open(os.path.join(made, name + ".json"), encoding="utf-8") as file:
                wanted = json.load(file)
            with directory() as cwd:
                assay("models", "import", os.path.join(made, name + ".txt"), "--champion",
                      "--allow-missing", cwd=cwd)
                path = os.path.join(cwd, "rows.csv")
                with open(path, "w", newline="", encoding="utf-8") as file:
                    writer = csv.writer(file, lineterminator="\n")
                    writer.writerow([f"Column_{i}" for i in range(6)])
                    writer.writerows(wanted["rows"])
                lines = assay("score", path, cwd=cwd).text.splitlines()[1:]
            ours = [float(line.split(",")[1]) for line in lines]
            worst = max(abs(a - b) / max(1, abs(b)) for a, b in zip(ours, wanted["scores"]))
            worst_of_all = max(worst, worst_of_all)
            assert len(ours) == len(wanted["scores"]) and worst <= WITHIN, (name, len(ours), worst)
        print(f"# {len(names)} models, the worst score is off by {worst_of_all:.2e}")


if __name__ == "__main__":
    main()
