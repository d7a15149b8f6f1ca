"""ONNX files that converters write today: scikit-learn's, XGBoost's and LightGBM's models, converted
by skl2onnx and onnxmltools, imported, and scored against ONNX Runtime.

Debian has none of these; ASSAY_PYTHON_ONNX names a Python that has them:

    python3 -m venv onnx && onnx/bin/pip install skl2onnx onnxmltools onnxruntime xgboost lightgbm
    ASSAY_PYTHON_ONNX=onnx/bin/python make check ONLY=system
"""
import csv
import os
import subprocess

from harness import Skip, assay, directory, main, test

WITHIN = 1e-6
MODULES = "numpy, sklearn, xgboost, lightgbm, onnx, skl2onnx, onnxmltools, onnxruntime"

# Runs in the other Python: NAME.onnx, and NAME.csv of rows with ONNX Runtime's score last.
MAKE = r'''
import csv, os, sys, warnings
warnings.filterwarnings("ignore")
import lightgbm, numpy, onnxmltools, onnxruntime, xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as ToolsFloats
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
from sklearn.ensemble import (ExtraTreesClassifier, ExtraTreesRegressor, GradientBoostingClassifier,
                              GradientBoostingRegressor, RandomForestClassifier,
                              RandomForestRegressor)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

ROWS, FEATURES = 500, 5
random = numpy.random.default_rng(1)
rows = random.normal(size=(ROWS, FEATURES)).astype("float32")
noise = random.normal(size=ROWS) * 0.3
label = (rows[:, 0] + rows[:, 1] * rows[:, 2] + noise > 0).astype(int)
number = (rows[:, 0] + 2 * rows[:, 1]).astype("float32")
gaps = rows.copy()
gaps[random.random(rows.shape) < 0.1] = numpy.nan


def save(name, model, table):
    """The positive class's probability, or the number, is what the last output ends with."""
    path = os.path.join(sys.argv[1], name)
    with open(path + ".onnx", "wb") as file:
        file.write(model.SerializeToString())
    session = onnxruntime.InferenceSession(path + ".onnx")
    wanted = session.get_inputs()[0]
    cells = table.astype("float64" if "double" in wanted.type else "float32")
    last = session.run(None, {wanted.name: cells})[-1]
    if isinstance(last, list):
        last = [entry[1] for entry in last]
    scores = numpy.asarray(last).reshape(len(table), -1)[:, -1]
    with open(path + ".csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for row, score in zip(table, scores):
            cells = ["" if cell != cell else repr(float(cell)) for cell in row]
            writer.writerow(cells + [repr(float(score))])


def of_sklearn(name, model, target, plain=True, kind=FloatTensorType):
    model.fit(rows, target)
    options = {id(model): {"zipmap": False}} if plain and hasattr(model, "classes_") else None
    save(name, convert_sklearn(model, initial_types=[("input", kind([None, FEATURES]))],
                               options=options), rows)


def of_tools(name, convert, model, target):
    model.fit(gaps, target)
    types = [("input", ToolsFloats([None, FEATURES]))]
    save(name, convert(model, initial_types=types), gaps)


of_sklearn("forest", RandomForestClassifier(20, max_depth=6, random_state=1), label)
of_sklearn("forest_zipmap", RandomForestClassifier(9, max_depth=3, random_state=1), label, False)
of_sklearn("forest_double", RandomForestClassifier(9, max_depth=3, random_state=1), label, True,
           DoubleTensorType)
of_sklearn("extra", ExtraTreesClassifier(20, max_depth=6, random_state=1), label)
of_sklearn("tree", DecisionTreeClassifier(max_depth=5, random_state=1), label)
of_sklearn("boosting", GradientBoostingClassifier(n_estimators=25, random_state=1), label)
of_sklearn("scaled", make_pipeline(StandardScaler(), RandomForestClassifier(20, max_depth=6)), label)
of_sklearn("forest_number", RandomForestRegressor(20, max_depth=6, random_state=1), number)
of_sklearn("extra_number", ExtraTreesRegressor(20, max_depth=6, random_state=1), number)
of_sklearn("boosting_number", GradientBoostingRegressor(n_estimators=25, random_state=1), number)
of_tools("xgboost", onnxmltools.convert_xgboost,
         xgboost.XGBClassifier(n_estimators=25, max_depth=4), label)
of_tools("xgboost_number", onnxmltools.convert_xgboost,
         xgboost.XGBRegressor(n_estimators=25, max_depth=4), number)
of_tools("lightgbm", onnxmltools.convert_lightgbm,
         lightgbm.LGBMClassifier(n_estimators=25, verbosity=-1), label)
of_tools("lightgbm_number", onnxmltools.convert_lightgbm,
         lightgbm.LGBMRegressor(n_estimators=25, verbosity=-1), number)
'''


def make(cwd):
    """The names of the models made in a directory."""
    python = os.environ.get("ASSAY_PYTHON_ONNX")
    if not python:
        raise Skip("ASSAY_PYTHON_ONNX names no Python that has skl2onnx, onnxmltools, onnxruntime")
    found = subprocess.run([python, "-c", f"import {MODULES}"], capture_output=True, text=True,
                           check=False)
    if found.returncode != 0:
        raise Skip(f"{python} has not all of {MODULES}: {found.stderr.strip().splitlines()[-1]}")
    subprocess.run([python, "-c", MAKE, cwd], capture_output=True, check=True, timeout=600)
    return sorted(name[:-5] for name in os.listdir(cwd) if name.endswith(".onnx"))


def read_rows(path):
    """Cells of the rows, and the score wanted of each."""
    with open(path, newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file))
    return [line[:-1] for line in lines], [float(line[-1]) for line in lines]


@test
def every_converted_model_scores_as_onnx_runtime_does():
    with directory() as made:
        names = make(made)
        assert len(names) == 14, names
        for name in names:
            rows, wanted = read_rows(os.path.join(made, name + ".csv"))
            with directory() as cwd:
                assay("models", "import", os.path.join(made, name + ".onnx"), "--champion",
                      "--allow-missing", cwd=cwd)
                path = os.path.join(cwd, "rows.csv")
                with open(path, "w", newline="", encoding="utf-8") as file:
                    writer = csv.writer(file, lineterminator="\n")
                    writer.writerow([f"f{i}" for i in range(len(rows[0]))])
                    writer.writerows(rows)
                lines = assay("score", path, cwd=cwd).text.splitlines()[1:]
            ours = [float(line.split(",")[1]) for line in lines]
            worst = max(abs(a - b) / max(1, abs(b)) for a, b in zip(ours, wanted))
            print(f"# {name}: {len(ours)} rows, the worst is off by {worst:.2e}")
            assert len(ours) == len(wanted) and worst <= WITHIN, (name, len(ours), worst)


if __name__ == "__main__":
    main()
