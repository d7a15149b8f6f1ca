"""Training on real data, held against python3-xgboost on the same matrix."""
import csv
import json
import os

from harness import assay, data, directory, main, need, read, test, write
from recipes import system_b, ulb, work


def scores(*arguments, cwd):
    lines = assay("score", *arguments, cwd=cwd).text.splitlines()
    return [line.split(",")[1] for line in lines[1:]]


def claims_scores(cwd):
    return scores(data("claims/claims.csv"), "--join", data("claims/customers.csv"), "--on",
                  "policy_id", cwd=cwd)


def python_scores(cwd):
    """python3-xgboost trains on the prepared matrix with the recorded parameters, and scores every
    slice: {source row: float32 score}."""
    numpy, xgboost = need("numpy"), need("xgboost")
    prepared, trained = work(cwd, "prepare"), work(cwd, "train")
    training = json.loads(read(trained, "training.json"))

    def load(name):
        return numpy.load(os.path.join(prepared, name + ".npy"))

    matrix = xgboost.DMatrix(load("train"), label=load("train_label").astype("float32"))
    parameters = dict(training["parameters"])
    booster = xgboost.train(parameters, matrix, num_boost_round=training["rounds"])
    by_row = {}
    for slice_name in ("train", "validation", "test"):
        predicted = booster.predict(xgboost.DMatrix(load(slice_name)))
        by_row.update(zip(load(slice_name + "_row").tolist(), predicted))
    return by_row


def same_bits(cwd, ours):
    numpy = need("numpy")
    theirs = python_scores(cwd)
    different = [row for row, score in theirs.items()
                 if numpy.float32(ours[row]).tobytes() != score.tobytes()]
    assert len(theirs) == len(ours), (len(theirs), len(ours))
    assert not different, f"{len(different)} of {len(ours)} scores differ, first row {different[0]}"


@test
def system_b_joins_splits_trains_5_rounds_evaluates_gates_and_registers():
    with directory() as cwd:
        system_b(cwd)
        done = assay("train", cwd=cwd)
        prepared = json.loads(read(work(cwd, "prepare"), "prepared.json"))
        assert prepared["rows"] == 5000 and prepared["features"] == 49, prepared
        assert [prepared["slices"][s]["rows"] for s in ("train", "validation", "test")] == \
            [4000, 500, 500], prepared
        assert sum(s["frauds"] for s in prepared["slices"].values()) == 164
        assert prepared["joins"][0]["unmatched_left"] == 0
        training = json.loads(read(work(cwd, "train"), "training.json"))
        assert training["rounds"] == 5 and training["cross_validation"]["folds"] == 3
        evaluation = json.loads(read(work(cwd, "evaluate"), "evaluation.json"))
        auc = evaluation["classification_metrics"]["roc_auc"]["value"]
        assert 0.7 < auc < 0.95, auc
        assert done.text.split()[0] == "1" and done.text.split()[-1] == "champion", done.text


@test
def the_same_inputs_in_an_empty_store_give_the_same_bundle():
    digests = set()
    for _ in range(2):
        with directory() as cwd:
            system_b(cwd)
            digests.add(assay("train", cwd=cwd).text.split()[2])
    assert len(digests) == 1, digests


@test
def every_claim_has_the_score_of_python_xgboost_bit_for_bit():
    with directory() as cwd:
        system_b(cwd)
        assay("train", cwd=cwd)
        same_bits(cwd, claims_scores(cwd))


@test
def evaluation_has_the_auc_of_scikit_learn_on_the_same_scores():
    numpy = need("numpy")
    metrics = need("sklearn.metrics").metrics
    with directory() as cwd:
        system_b(cwd)
        assay("train", cwd=cwd)
        ours = json.loads(read(work(cwd, "evaluate"), "metrics.json"))
        prepared = work(cwd, "prepare")
        rows = numpy.load(os.path.join(prepared, "test_row.npy"))
        label = numpy.load(os.path.join(prepared, "test_label.npy"))
        all_scores = claims_scores(cwd)
        score = [float(all_scores[row]) for row in rows]
        for name, theirs in (("roc_auc", metrics.roc_auc_score(label, score)),
                             ("pr_auc", metrics.average_precision_score(label, score)),
                             ("brier", metrics.brier_score_loss(label, score))):
            assert abs(ours[name] - theirs) < 1e-12, (name, ours[name], theirs)


@test
def a_gate_of_0_99_has_its_own_exit_status_and_registers_nothing():
    with directory() as cwd:
        system_b(cwd, gate="roc_auc >= 0.99")
        done = assay("train", cwd=cwd, status=10)
        assert "roc_auc >= 0.99" in done.said, done.said
        assert len(assay("models", "list", cwd=cwd).text.splitlines()) == 1
        assert os.listdir(os.path.join(cwd, ".assay", "bundles")) == []
        verdict = json.loads(read(cwd, ".assay", "refused.json"))
        assert verdict["verdict"] == "refused" and not verdict["checks"][0]["passed"]


@test
def card_data_reaches_an_auc_of_0_95_with_xgboost_and_has_python_xgboosts_bits():
    with directory() as cwd:
        ulb(cwd, "xgboost")
        assay("train", cwd=cwd)
        same_bits(cwd, scores(data("cards/ulb/creditcard_core.csv"), cwd=cwd))


@test
def card_data_reaches_an_auc_of_0_95_with_a_random_forest_and_has_python_xgboosts_bits():
    with directory() as cwd:
        ulb(cwd, "random_forest")
        assay("train", cwd=cwd)
        same_bits(cwd, scores(data("cards/ulb/creditcard_core.csv"), cwd=cwd))


@test
def an_unchanged_run_runs_no_step_again_and_a_changed_gate_only_what_follows():
    with directory() as cwd:
        system_b(cwd)
        first = assay("train", cwd=cwd)
        again = assay("train", cwd=cwd)
        assert first.text == again.text, again.text
        assert again.said.count("unchanged") == 7, again.said
        system_b(cwd, gate="roc_auc >= 0.6")
        changed = assay("train", cwd=cwd)
        assert changed.said.count("unchanged") == 6, changed.said
        assert changed.text.split()[0] == "2", changed.text


@test
def a_damaged_file_of_a_step_is_noticed_and_the_step_runs_again():
    with directory() as cwd:
        system_b(cwd)
        first = assay("train", cwd=cwd)
        path = os.path.join(work(cwd, "train"), "model.ubj")
        with open(path, "r+b") as file:
            file.seek(1000)
            file.write(b"\x00\x01\x02")
        again = assay("train", cwd=cwd)
        assert first.text.split()[2] == again.text.split()[2]
        assert again.said.count("unchanged") == 6, again.said


@test
def explanations_are_the_means_of_xgboosts_own_contributions():
    xgboost, numpy = need("xgboost"), need("numpy")
    with directory() as cwd:
        assay("generate", "claims", "--rows", 3000, cwd=cwd)
        assay("init", ".", "--template", "claims", cwd=cwd)
        assay("train", "--until", "explain", cwd=cwd)
        rows = numpy.load(os.path.join(work(cwd, "prepare"), "test.npy"))
        booster = xgboost.Booster(model_file=os.path.join(work(cwd, "train"), "model.ubj"))
        matrix = xgboost.DMatrix(rows, feature_names=booster.feature_names)
        contributions = booster.predict(matrix, pred_contribs=True).astype("float64")
        wanted = dict(zip(booster.feature_names, numpy.abs(contributions[:, :-1]).mean(axis=0)))
        said = json.loads(read(work(cwd, "explain"), "explanations.json"))
        assert said["rows"] == len(rows)
        label = said["explanations"]["tree_shap"]["label0"]
        assert abs(label["expected_value"] - contributions[0, -1]) < 1e-5
        for name, value in label["global_shap_values"].items():
            assert abs(value - wanted[name]) < 1e-5, (name, value, wanted[name])
        listed = [effect["mean_abs"] for effect in said["features"]]
        assert listed == sorted(listed, reverse=True) and abs(sum(
            effect["share"] for effect in said["features"]) - 1) < 1e-9
        # A column is its features together: what cancels within it is gone.
        kinds = numpy.abs(contributions[:, [i for i, name in enumerate(booster.feature_names)
                                            if name.startswith("incident_type=")]].sum(axis=1))
        column = next(c for c in said["columns"] if c["name"] == "incident_type")
        assert abs(column["mean_abs"] - kinds.mean()) < 1e-5, (column, kinds.mean())


@test
def bias_is_what_an_independent_count_of_the_same_rows_says():
    numpy = need("numpy")
    with directory() as cwd:
        assay("generate", "claims", "--rows", 6000, cwd=cwd)
        assay("init", ".", "--template", "claims", cwd=cwd)
        write(cwd, "assay.yaml", read(cwd, "assay.yaml") + """decision: {threshold: 0.03}
bias:
  group: policy_state
  outcomes_min: 0
  facets:
    - {column: customer_gender, value: Female}
    - {column: customer_age, from: 50}
    - {column: customer_gender, value: Male}
""")
        assay("train", "--until", "register", cwd=cwd)
        said = json.loads(read(work(cwd, "bias"), "bias.json"))
        with open(os.path.join(cwd, "customers.csv"), encoding="utf-8") as file:
            customers = {row["policy_id"]: row for row in csv.DictReader(file)}
        with open(os.path.join(cwd, "claims.csv"), encoding="utf-8") as file:
            rows = [{**row, **customers[row["policy_id"]]} for row in csv.DictReader(file)]
        assay("models", "export", "1", "--out", "b.tar", cwd=cwd)
        flagged = [line.split(",")[2] == "1" for line in assay(
            "score", "claims.csv", "--join", "customers.csv", "--on", "policy_id", "--bundle",
            "b.tar", cwd=cwd).text.splitlines()[1:]]
        chosen = numpy.load(os.path.join(work(cwd, "prepare"), "test_row.npy"))
        after = said["post_training_bias_metrics"]["facets"]
        assert [facet["value_or_threshold"] for facet in after["customer_gender"]] == \
            ["Female", "Male"]
        for facet, member in (
                (after["customer_gender"][0], lambda row: row["customer_gender"] == "Female"),
                (after["customer_age"][0], lambda row: float(row["customer_age"]) >= 50)):
            d, a = ([(rows[i]["fraud"] == "0", not flagged[i]) for i in chosen
                     if member(rows[i]) == wanted] for wanted in (True, False))
            assert facet["counts"]["facet"]["members"] == len(d)
            assert facet["counts"]["rest"]["flagged"] == sum(not passed for _, passed in a)
            value = {metric["name"]: metric["value"] for metric in facet["metrics"]}
            passes = [sum(p for _, p in side) / len(side) for side in (a, d)]
            assert abs(value["DPPL"] - (passes[0] - passes[1])) < 1e-12
            assert abs(value["DI"] - passes[1] / passes[0]) < 1e-12
            stopped = [sum(good and not p for good, p in side) / sum(good for good, _ in side)
                       for side in (a, d)]
            assert abs(value["FPRD"] - (stopped[1] - stopped[0])) < 1e-12
            right = [sum(good == p for good, p in side) / len(side) for side in (a, d)]
            assert abs(value["AD"] - (right[0] - right[1])) < 1e-12
            disparity = 0
            for state in {row["policy_state"] for row in rows}:
                here = [(member(rows[i]), not flagged[i]) for i in chosen
                        if rows[i]["policy_state"] == state]
                no = [inside for inside, passed in here if not passed]
                yes = [inside for inside, passed in here if passed]
                if no and yes:
                    disparity += len(here) * (sum(no) / len(no) - sum(yes) / len(yes))
            assert abs(value["CDDPL"] - disparity / len(chosen)) < 1e-12


main()
