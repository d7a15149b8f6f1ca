"""Bias: the groups that are declared, Clarify's own configuration, and the flip test of scikit-learn."""
import csv
import json
import os

from harness import assay, data, directory, main, need, read, test, write
from recipes import work


def metrics_of(facet):
    return {metric["name"]: metric for metric in facet["metrics"]}


def trained(cwd, bias, threshold=0.03, rows=6000, columns=None):
    """A project of generated claims with this under `bias:`, trained; its bias.json."""
    assay("generate", "claims", "--rows", rows, cwd=cwd)
    assay("init", ".", "--template", "claims", cwd=cwd)
    text = read(cwd, "assay.yaml")
    for old, new in (columns or {}).items():
        assert old in text, old
        text = text.replace(old, new)
    write(cwd, "assay.yaml", text + f"decision: {{threshold: {threshold}}}\nbias:\n" + bias)
    assay("train", "--until", "bias", cwd=cwd)
    return json.loads(read(work(cwd, "bias"), "bias.json"))


def records(cwd):
    with open(os.path.join(cwd, "customers.csv"), encoding="utf-8") as file:
        customers = {row["policy_id"]: row for row in csv.DictReader(file)}
    with open(os.path.join(cwd, "claims.csv"), encoding="utf-8") as file:
        return [{**row, **customers[row["policy_id"]]} for row in csv.DictReader(file)]


def test_rows(cwd):
    numpy = need("numpy")
    rows = records(cwd)
    return [rows[i] for i in numpy.load(os.path.join(work(cwd, "prepare"), "test_row.npy"))]


@test
def a_facet_may_be_a_column_that_the_model_does_not_read():
    with directory() as cwd:
        said = trained(cwd, "  outcomes_min: 0\n"
                       "  facets: [{column: customer_gender, value: Female}]\n",
                       columns={"customer_gender: {type: category}":
                                "customer_gender: {type: category, use: false}"})
        plan = json.loads(read(work(cwd, "prepare"), "plan.json"))
        assert "customer_gender" not in json.dumps(plan), plan
        facet = said["post_training_bias_metrics"]["facets"]["customer_gender"][0]
        women = [row for row in test_rows(cwd) if row["customer_gender"] == "Female"]
        assert facet["counts"]["facet"]["members"] == len(women)
        assert metrics_of(facet)["FT"]["value"] is not None


@test
def columns_together_make_a_facet_of_each_combination_and_small_ones_are_listed():
    with directory() as cwd:
        said = trained(cwd, "  members_min: 40\n  outcomes_min: 0\n"
                       "  facets: [{columns: [customer_gender, policy_state]}]\n")
        after = said["post_training_bias_metrics"]
        count = {}
        for row in test_rows(cwd):
            pair = f"{row['customer_gender']}, {row['policy_state']}"
            count[pair] = count.get(pair, 0) + 1
        facets = after["facets"]["customer_gender, policy_state"]
        given = {facet["value_or_threshold"]: facet["counts"]["facet"]["members"]
                 for facet in facets}
        small = {facet["value_or_threshold"]: facet["members"] for facet in after["too_small"]}
        assert given == {pair: n for pair, n in count.items() if n >= 40}, (given, count)
        assert {pair: n for pair, n in small.items() if n > 0} == \
            {pair: n for pair, n in count.items() if n < 40}, (small, count)
        assert given and small


@test
def at_a_budget_the_highest_scores_of_each_day_are_the_ones_flagged():
    numpy = need("numpy")
    with directory() as cwd:
        assay("generate", "cards", "--rows", 300, "--days", 100, "--seed", 5, cwd=cwd)
        with open(os.path.join(cwd, "transactions.csv"), encoding="utf-8") as file:
            header = next(csv.reader(file))
        assay("init", ".", "--template", "cards", cwd=cwd)
        write(cwd, "assay.yaml", read(cwd, "assay.yaml") + """
evaluation: {time: %s, budget: {alarms: 7}}
bias:
  outcomes_min: 0
  flagged_min: 1
  facets: [{column: amount, from: 50}]
""" % next(name for name in header if "time" in name))
        assay("train", "--until", "bias", cwd=cwd)
        said = json.loads(read(work(cwd, "bias"), "bias.json"))
        facet = said["post_training_bias_metrics"]["facets"]["amount"][0]
        point = facet["other_points"][0]
        assert point["name"] == "budget" and point["alarms"] == 7 and point["period"] == "day"
        chosen = numpy.load(os.path.join(work(cwd, "prepare"), "test_row.npy"))
        with open(os.path.join(cwd, "transactions.csv"), encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        time = next(name for name in header if "time" in name)
        days = {}
        for i in chosen:
            days[rows[i][time][:10]] = days.get(rows[i][time][:10], 0) + 1
        flagged = sum(point["counts"][side]["flagged"] for side in ("rest", "facet"))
        assert flagged == sum(min(7, n) for n in days.values()), (flagged, days)


@test
def the_flip_test_is_scikit_learns_on_the_same_rows():
    numpy = need("numpy")
    neighbours = need("sklearn.neighbors").neighbors
    with directory() as cwd:
        # 500 rows of the test slice are all compared; amounts make distances differ.
        said = trained(cwd, "  outcomes_min: 0\n"
                       "  facets: [{column: customer_gender, value: Female}]\n", threshold=0.015, rows=5000)
        facet = said["post_training_bias_metrics"]["facets"]["customer_gender"][0]
        matrix = numpy.load(os.path.join(work(cwd, "prepare"), "test.npy")).astype(float)
        plan = json.loads(read(work(cwd, "prepare"), "plan.json"))
        rows = test_rows(cwd)
        member = numpy.array([row["customer_gender"] == "Female" for row in rows])
        xgboost = need("xgboost")
        booster = xgboost.Booster(model_file=os.path.join(work(cwd, "train"), "model.ubj"))
        names = booster.feature_names
        score = booster.inplace_predict(matrix.astype("float32"))
        passes = score < numpy.float32(0.015)
        keep = [i for i, name in enumerate(names or range(matrix.shape[1]))
                if not str(name).startswith("customer_gender")]
        assert len(keep) < matrix.shape[1], (names, plan)
        x = matrix[:, keep]
        x = (x - numpy.nanmean(x, axis=0)) / numpy.where(numpy.nanstd(x, axis=0) > 0,
                                                         numpy.nanstd(x, axis=0), numpy.inf)
        x = numpy.nan_to_num(x)
        knn = neighbours.KNeighborsClassifier(5, algorithm="brute").fit(x[~member], passes[~member])
        like = knn.predict(x[member])
        against = int((like & ~passes[member]).sum())
        towards = int((~like & passes[member]).sum())
        flips = facet["flip_test"]
        assert flips["neighbours"] == 5 and against > 10 and towards > 10, (against, towards)
        assert flips["members_compared"] == member.sum() and flips["among"] == (~member).sum()
        assert abs(flips["stopped_where_their_like_pass"] - against) <= 1, (flips, against)
        assert abs(flips["pass_where_their_like_are_stopped"] - towards) <= 1, (flips, towards)
        value = metrics_of(facet)
        assert against + towards > 0
        assert abs(value["FT"]["value"] - (against - towards) / member.sum()) <= 2 / member.sum()
        assert value["FT_code"]["value"] == -value["FT"]["value"]


@test
def clarifys_facets_are_taken_beside_assay_yamls_and_what_is_not_applied_is_named():
    with directory() as cwd:
        write(cwd, "analysis_config.json", json.dumps({
            "dataset_type": "text/csv", "label": "fraud", "label_values_or_threshold": [0],
            "facet": [{"name_or_index": "customer_age", "value_or_threshold": [40]},
                      {"name_or_index": "policy_state", "value_or_threshold": ["CA", "WA"]}],
            "group_variable": "customer_education", "probability_threshold": 0.5,
            "methods": {"pre_training_bias": {"methods": ["CI", "CDDL"]},
                        "post_training_bias": {"methods": "all"}, "shap": {"num_samples": 3}},
            "predictor": {"model_name": "theirs"}}))
        said = trained(cwd, "  analysis_config: analysis_config.json\n"
                       "  facets: [{column: customer_gender, value: Female}]\n")
        before, after = (said[part]["facets"] for part in
                         ("pre_training_bias_metrics", "post_training_bias_metrics"))
        assert set(after) == {"customer_gender", "customer_age", "policy_state"}, after.keys()
        assert set(metrics_of(before["customer_gender"][0])) == {"CI", "CDDL"}
        assert metrics_of(before["customer_gender"][0])["CDDL"]["value"] is not None
        rows = test_rows(cwd)
        counts = after["policy_state"][0]["counts"]["facet"]["members"]
        assert counts == sum(row["policy_state"] in ("CA", "WA") for row in rows)
        assert said["not_applied"] == ["methods.shap", "predictor", "probability_threshold"], said


@test
def a_configuration_that_contradicts_assay_yaml_is_refused_and_an_unknown_key_named():
    with directory() as cwd:
        config = {"label": "fraud", "label_values_or_threshold": [1],
                  "facet": [{"name_or_index": "customer_gender", "value_or_threshold": ["Male"]}]}
        assay("generate", "claims", "--rows", 2000, cwd=cwd)
        assay("init", ".", "--template", "claims", cwd=cwd)
        write(cwd, "assay.yaml", read(cwd, "assay.yaml") + "bias: {analysis_config: a.json}\n")
        write(cwd, "a.json", json.dumps(config))
        said = assay("train", "--until", "bias", cwd=cwd, status=3).said
        assert "data.negative" in said and "a.json" in said, said
        write(cwd, "a.json", json.dumps({**config, "label_values_or_threshold": [0, 1]}))
        assert "alone" in assay("train", "--until", "bias", cwd=cwd, status=3).said
        write(cwd, "a.json", json.dumps({**config, "label": "is_fraud"}))
        assert "data.label" in assay("train", "--until", "bias", cwd=cwd, status=3).said
        write(cwd, "a.json", json.dumps({**config, "label_values_or_threshold": [0],
                                         "facet": [{"name_or_index": "gender_male"}]}))
        assert "'gender_male' is no column" in assay("train", "--until", "bias", cwd=cwd,
                                                     status=3).said
        write(cwd, "a.json", "{")
        assert "a.json" in assay("train", "--until", "bias", cwd=cwd, status=3).said


def gold_table(cwd):
    """The label table of Clarify's published output; see bias_report_test."""
    lines = ["fraud,customer_gender_female,amount,guess,score"]
    for members, frauds, female in ((1204, 17, 1), (2796, 89, 0)):
        for i in range(members):
            lines.append(f"{int(i < frauds)},{female},{i * 7919 % 1000},0,0.{i % 4}")
    return write(cwd, "table.csv", "\n".join(lines) + "\n")


@test
def the_command_gives_clarifys_published_numbers_from_its_own_configuration():
    with directory() as cwd:
        gold_table(cwd)
        config = data("claims/clarify/analysis_config.json")
        gold = json.loads(read(data("claims/clarify/bias_analysis.json")))
        said = json.loads(assay("bias", "--config", config, "--data", "table.csv", "--predicted",
                                "guess", cwd=cwd).text)
        for part in ("pre_training_bias_metrics", "post_training_bias_metrics"):
            ours = metrics_of(said[part]["facets"]["customer_gender_female"][0])
            for metric in gold[part]["facets"]["customer_gender_female"][0]["metrics"]:
                mine = ours[metric["name"]]
                assert mine.get("error") == metric.get("error"), (metric, mine)
                assert metric["value"] is None or \
                    abs(mine["value"] - metric["value"]) <= 1e-12, (metric, mine)
        only = json.loads(assay("bias", "--config", config, "--data", "table.csv", cwd=cwd).text)
        assert "post_training_bias_metrics" not in only


@test
def the_command_takes_scores_a_threshold_headers_and_columns_by_number():
    with directory() as cwd:
        path = gold_table(cwd)
        lines = read(path).splitlines()
        write(cwd, "bare.csv", "\n".join(lines[1:]) + "\n")
        write(cwd, "c.json", json.dumps({
            "headers": lines[0].split(","), "label": 0, "label_values_or_threshold": [0],
            "facet": [{"name_or_index": 1, "value_or_threshold": [1]}],
            "probability_threshold": 0.3, "predictor": {}}))
        said = [json.loads(assay("bias", "--config", "c.json", "--data", name, "--scores", "score",
                                 *more, cwd=cwd).text)
                for name, more in (("table.csv", ()), ("bare.csv", ()),
                                   ("bare.csv", ("--threshold", "0.2")))]
        assert said[0] == said[1] and said[0] != said[2]
        assert said[0]["not_applied"] == ["predictor"]
        facets = [s["post_training_bias_metrics"]["facets"]["customer_gender_female"][0]
                  for s in said]
        assert facets[0]["counts"]["facet"]["flagged"] == 1204 // 4
        assert facets[2]["counts"]["facet"]["flagged"] == 1204 // 2
        rates = facets[0]["rates"]["facet"]
        assert rates["false_positive_rate"]["of"] == 1204 - 17
        assert facets[0]["verdict"] == "stands" and "favours" in metrics_of(facets[0])["DPPL"]


@test
def the_command_refuses_what_it_cannot_read():
    with directory() as cwd:
        gold_table(cwd)
        good = {"label": "fraud", "label_values_or_threshold": [0],
                "facet": [{"name_or_index": "customer_gender_female", "value_or_threshold": [1]}]}

        def refused(config, *arguments, status=3):
            write(cwd, "c.json", json.dumps(config))
            return assay("bias", "--config", "c.json", "--data", "table.csv", *arguments, cwd=cwd,
                         status=status).said

        assert "'gender'" in refused({**good, "facet": [{"name_or_index": "gender"}]})
        assert "column number 9" in refused({**good, "label": 9})
        assert "'nothing'" in refused(good, "--scores", "nothing")
        assert "which label is favourable" in refused({**good, "label_values_or_threshold": []})
        assert "two ways" in refused(good, "--scores", "score", "--predicted", "guess", status=2)
        assert "--scores COLUMN" in refused(
            {**good, "methods": {"post_training_bias": {"methods": "all"}}}, status=2)
        assert "text/csv" in refused({**good, "dataset_type": "application/jsonlines"})
        write(cwd, "table.csv", "fraud,customer_gender_female,score\n0,1,0.5\n1,0,\n")
        assert "line 3: 'score' is no score" in refused(good, "--scores", "score")
        write(cwd, "table.csv", "fraud,customer_gender_female,score\n0,1,0.5\n1,0,1.5\n")
        assert "line 3: 'score' is 1.5: a score is from 0 to 1" in refused(good, "--scores", "score")
        write(cwd, "table.csv", "fraud,customer_gender_female\n0,1\n,0\n")
        assert "line 3: 'fraud' is empty" in refused(good)
        write(cwd, "table.csv", "fraud,customer_gender_female\n")
        assert "no rows" in refused(good)


main()
