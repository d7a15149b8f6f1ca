"""cases: the tables and models that bench/forest.py measures, made once and kept.

A file's name holds a digest of the recipe it is made by: what is there was made by this recipe.
Runs under Debian's python3, whose numpy and xgboost make the tables and train the models.
"""
import hashlib
import json
import os
import sys
import time

KEPT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "build", "bench")
ROWS, COLUMNS, SEED = 284_807, 30, 20261121


def table(**changes):
    """Card payments: a time, an amount, the rest as from a principal component analysis."""
    return dict({"rows": ROWS, "columns": COLUMNS, "positives": 0.01, "missing": 0.0,
                 "categories": [], "seed": SEED}, **changes)


def case(key, about, trees, depth, data=None, **changes):
    return {"key": key, "about": about, "trees": trees, "depth": depth, "table": data or table(),
            "parameters": dict({"max_depth": depth, "eta": 0.1, "max_bin": 256}, **changes)}


CASES = [
    case("i", "100 trees, depth 6", 100, 6),
    case("ii", "500 trees, depth 6", 500, 6),
    case("iii", "300 trees, depth 8", 300, 8),
    case("iv", "2,000 trees, depth 8", 2000, 8, eta=0.05),
    case("missing", "100 trees, depth 6, 5 % of cells missing", 100, 6, table(missing=0.05)),
    case("wide", "100 trees, depth 6, 100 features", 100, 6, table(columns=100)),
    case("cuts", "500 trees, depth 6, up to 2,047 cuts a feature", 500, 6, max_bin=2048),
    case("categories", "100 trees, depth 6, 6 of 30 features are categories", 100, 6,
         table(categories=[4, 12, 25, 40, 60, 100])),
    case("depth-12", "50 trees, depth 12", 50, 12),
    case("depth-20", "20 trees, depth 20", 20, 20),
]
LARGE = ("iv", "depth-20")


def kept(name, recipe, ending):
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:10]
    return os.path.join(KEPT, f"{name}-{digest}.{ending}")


def write_whole(path, write):
    """Writes beside its place and renames: what has the name is whole."""
    base, ending = os.path.splitext(path)
    write(base + ".new" + ending)
    os.rename(base + ".new" + ending, path)


def make_table(recipe):
    """The paths of its floats, row after row, and of its labels."""
    import numpy
    rows, labels = kept("table", recipe, "f32"), kept("table", recipe, "labels")
    if os.path.exists(rows) and os.path.exists(labels):
        return rows, labels
    count, columns = recipe["rows"], recipe["columns"]
    random = numpy.random.default_rng(recipe["seed"])
    x = random.standard_normal((count, columns), dtype=numpy.float32)
    x[:, 0] = numpy.sort(random.integers(0, 172_800, count)) # seconds of two days
    x[:, -1] = numpy.round(numpy.exp(3 + 1.3 * x[:, -1]), 2)
    risk = (1.2 * x[:, 1] * x[:, 2] + numpy.sin(2 * x[:, 3]) + 0.8 * numpy.abs(x[:, 4])
            + 0.5 * x[:, 5] - 0.4 * x[:, 6] ** 2 + 0.4 * numpy.log1p(x[:, -1])
            + 0.3 * numpy.cos(x[:, 0] * (2 * numpy.pi / 86_400)) + 0.3 * x[:, 7:20].sum(axis=1))
    for place, codes in enumerate(recipe["categories"]):
        code = random.integers(0, codes, count)
        x[:, 20 + place] = code
        risk += 0.5 * random.standard_normal(codes)[code]
    risk += random.standard_normal(count)
    label = risk > numpy.quantile(risk, 1 - recipe["positives"])
    if recipe["missing"]:
        x[random.random((count, columns)) < recipe["missing"]] = numpy.nan
    write_whole(labels, label.astype(numpy.float32).tofile)
    write_whole(rows, x.astype(numpy.float32).tofile)
    return rows, labels


def category_columns(recipe):
    return list(range(20, 20 + len(recipe["categories"])))


def make_model(one):
    """An XGBoost trained on the case's table: the paths of its UBJ and of its JSON. Trees are
    nearly full: nothing but the depth stops them."""
    rows, labels = make_table(one["table"])
    recipe = {"table": one["table"], "trees": one["trees"], "parameters": one["parameters"]}
    ubj, json_path = kept(one["key"], recipe, "ubj"), kept(one["key"], recipe, "json")
    if os.path.exists(ubj) and os.path.exists(json_path):
        return ubj, json_path
    import numpy
    import xgboost
    categories = category_columns(one["table"])
    x = numpy.fromfile(rows, numpy.float32).reshape(-1, one["table"]["columns"])
    types = ["c" if i in categories else "float" for i in range(x.shape[1])]
    matrix = xgboost.DMatrix(x, label=numpy.fromfile(labels, numpy.float32), feature_types=types,
                             enable_categorical=bool(categories))
    started = time.monotonic()
    booster = xgboost.train(
        dict({"objective": "binary:logistic", "tree_method": "hist", "min_child_weight": 0,
              "lambda": 1, "base_score": 0.5, "seed": 1, "nthread": os.cpu_count()},
             **one["parameters"]), matrix, one["trees"])
    booster.feature_types = None # or a newer release asks for them with every matrix
    write_whole(json_path, booster.save_model)
    write_whole(ubj, booster.save_model)
    print(f"  trained {one['about']}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return ubj, json_path
