"""peer_models: models as the peers want them. Runs under the Python of build/bench/venv.

    lightgbm ROWS LABELS COLUMNS TREES DEPTH ETA MAX_BIN CATEGORIES OUT
    onnx     MODEL.json COLUMNS OUT         TreeEnsembleRegressor: its margins, nothing after
    treelite MODEL.json OUT.so              C by tl2cgen, compiled by gcc
    forest   ROWS LABELS COLUMNS TREES DEPTH OUT    a scikit-learn random forest, pickled
    time     FOREST ROWS COLUMNS ROUNDS SCORES      how long it takes, and what it says
"""
import json
import os
import pickle
import statistics
import sys
import time


def load(rows, columns):
    import numpy
    return numpy.fromfile(rows, numpy.float32).reshape(-1, int(columns))


def train_lightgbm(rows, labels, columns, trees, depth, eta, max_bin, categories, out):
    import lightgbm
    import numpy
    x, y = load(rows, columns), numpy.fromfile(labels, numpy.float32)
    names = [] if categories == "-" else [int(i) for i in categories.split(",")]
    data = lightgbm.Dataset(x, label=y, categorical_feature=names,
                            params={"max_bin": int(max_bin) - 1, "verbosity": -1})
    parameters = {"objective": "binary", "max_depth": int(depth), "learning_rate": float(eta),
                  "num_leaves": min(2 ** int(depth), 4096), "min_data_in_leaf": 1,
                  "min_sum_hessian_in_leaf": 1e-3, "verbosity": -1, "num_threads": os.cpu_count(),
                  "seed": 1, "deterministic": True}
    lightgbm.train(parameters, data, int(trees)).save_model(out)


def write_onnx(model, columns, out):
    import onnx
    with open(model, encoding="utf-8") as file:
        learner = json.load(file)["learner"]
    attribute = {name: [] for name in (
        "nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_values", "nodes_modes",
        "nodes_truenodeids", "nodes_falsenodeids", "nodes_missing_value_tracks_true",
        "target_treeids", "target_nodeids", "target_ids", "target_weights")}
    for number, tree in enumerate(learner["gradient_booster"]["model"]["trees"]):
        left, right = tree["left_children"], tree["right_children"]
        for node, child in enumerate(left):
            leaf = child == -1
            for name, value in (
                    ("nodes_treeids", number), ("nodes_nodeids", node),
                    ("nodes_featureids", 0 if leaf else tree["split_indices"][node]),
                    ("nodes_values", 0.0 if leaf else tree["split_conditions"][node]),
                    ("nodes_modes", "LEAF" if leaf else "BRANCH_LT"),
                    ("nodes_truenodeids", 0 if leaf else child),
                    ("nodes_falsenodeids", 0 if leaf else right[node]),
                    ("nodes_missing_value_tracks_true", 0 if leaf else int(tree["default_left"][node]))):
                attribute[name].append(value)
            if leaf:
                attribute["target_treeids"].append(number)
                attribute["target_nodeids"].append(node)
                attribute["target_ids"].append(0)
                attribute["target_weights"].append(tree["split_conditions"][node])
    node = onnx.helper.make_node("TreeEnsembleRegressor", ["row"], ["margin"], domain="ai.onnx.ml",
                                 n_targets=1, post_transform="NONE", aggregate_function="SUM",
                                 base_values=[0.0], **attribute)
    number = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [node], "forest", [onnx.helper.make_tensor_value_info("row", number, [None, int(columns)])],
        [onnx.helper.make_tensor_value_info("margin", number, [None, 1])])
    onnx.save(onnx.helper.make_model(
        graph, ir_version=9, opset_imports=[onnx.helper.make_opsetid("", 17),
                                            onnx.helper.make_opsetid("ai.onnx.ml", 3)]), out)


def compile_treelite(model, out):
    import tl2cgen
    import treelite
    tl2cgen.export_lib(treelite.frontend.load_xgboost_model(model), toolchain="gcc", libpath=out,
                       params={"parallel_comp": 2 * os.cpu_count()}, nthread=os.cpu_count())


def train_forest(rows, labels, columns, trees, depth, out):
    import numpy
    from sklearn.ensemble import RandomForestClassifier
    forest = RandomForestClassifier(int(trees), max_depth=int(depth), random_state=1,
                                    n_jobs=os.cpu_count())
    forest.fit(load(rows, columns), numpy.fromfile(labels, numpy.float32).astype(int))
    forest.set_params(n_jobs=1)
    with open(out, "wb") as file:
        pickle.dump(forest, file, protocol=4)


def time_forest(path, rows, columns, rounds, scores):
    import numpy
    with open(path, "rb") as file: # this program has written it
        forest = pickle.load(file)
    x = load(rows, columns)
    few = x[:20_000]
    forest.predict_proba(few)[:, 1].astype(numpy.float32).tofile(scores)
    single, batch = [], []
    for _ in range(int(rounds)):
        one = []
        for i in range(100):
            row = x[i * 97:i * 97 + 1]
            started = time.perf_counter_ns()
            forest.predict_proba(row)
            one.append(time.perf_counter_ns() - started)
        single.append(statistics.median(one))
        started = time.process_time_ns()
        forest.predict_proba(few)
        batch.append((time.process_time_ns() - started) / len(few))
    print(json.dumps({"one_p50": single, "table_row": batch}))


COMMANDS = {"lightgbm": train_lightgbm, "onnx": write_onnx, "treelite": compile_treelite,
            "forest": train_forest, "time": time_forest}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
