"""Explanations: contributions of XGBoost, partial dependence of scikit-learn, reasons by the book."""
import csv
import json
import os

from harness import assay, directory, main, need, read, test, write
from recipes import work

REASONS = """
reasons:
  incident_severity: {code: R01, text: "The damage does not fit the incident"}
  incident_type: {code: R02, text: "The incident and who was called do not fit"}
  authorities_contacted: {code: R02, text: "The incident and who was called do not fit"}
explain: {reasons_max: 3, reasons_floor: 0.1}
"""


def trained(cwd, more=REASONS, until="register", rows=3000):
    assay("generate", "claims", "--rows", rows, "--seed", 11, cwd=cwd)
    assay("init", ".", "--template", "claims", cwd=cwd)
    write(cwd, "assay.yaml", read(cwd, "assay.yaml").replace("roc_auc >= 0.7", "roc_auc >= 0.1")
          + more)
    assay("train", "--until", until, cwd=cwd)


def explained(cwd, *arguments):
    text = assay("explain", *arguments, cwd=cwd).text
    return [json.loads(line) for line in text.splitlines()]


JOIN = ("--join", "customers.csv", "--on", "policy_id", "--model", "1")


@test
def contributions_are_xgboosts_summed_by_column_and_add_up_to_the_margin():
    numpy, xgboost = need("numpy"), need("xgboost")
    with directory() as cwd:
        trained(cwd)
        ours = explained(cwd, "claims.csv", *JOIN)
        prepared = work(cwd, "prepare")
        matrix = numpy.load(os.path.join(prepared, "test.npy"))
        rows = numpy.load(os.path.join(prepared, "test_row.npy"))
        booster = xgboost.Booster(model_file=os.path.join(work(cwd, "train"), "model.ubj"))
        theirs = booster.predict(xgboost.DMatrix(matrix, feature_names=booster.feature_names),
                                 pred_contribs=True)
        plan = json.loads(read(prepared, "plan.json"))
        names = booster.feature_names
        columns = sorted({column for line in ours for column in line["contributions"]})
        assert len(columns) > 5, columns
        for i, row in enumerate(rows):
            line = ours[row]
            assert line["line"] == row + 2
            total = line["expected"] + sum(line["contributions"].values())
            assert abs(total - line["margin"]) < 1e-5, line
            assert abs(line["expected"] - theirs[i][-1]) < 1e-5
            for column in columns:
                features = [f for f, name in enumerate(names)
                            if name == column or name.startswith(column + "=")]
                want = float(theirs[i][features].sum())
                have = line["contributions"].get(column, 0)
                assert abs(have - want) < 1e-4, (column, have, want, plan)


@test
def reasons_are_the_largest_contributions_by_code_above_the_floor():
    with directory() as cwd:
        trained(cwd)
        words = {"incident_severity": "R01", "incident_type": "R02", "authorities_contacted": "R02"}
        seen = set()
        for line in explained(cwd, "claims.csv", *JOIN):
            by_code = {}
            for column, value in line["contributions"].items():
                code = words.get(column, column)
                by_code[code] = by_code.get(code, 0) + value
            raised = sum(value for value in by_code.values() if value > 0)
            wanted = sorted(((value, code) for code, value in by_code.items()
                             if value > 0 and value >= 0.1 * raised), reverse=True)[:3]
            got = [(reason["contribution"], reason["code"]) for reason in line["reasons"]]
            assert [code for _, code in got] == [code for _, code in wanted], (got, wanted)
            for reason in line["reasons"]:
                assert abs(reason["share"] - reason["contribution"] / raised) < 1e-9
                seen.add((reason["code"], reason["text"]))
        assert ("R01", "The damage does not fit the incident") in seen, seen
        assert any(code == text for code, text in seen), seen


@test
def a_record_in_json_lines_has_the_explanation_that_it_has_in_a_csv():
    with directory() as cwd:
        trained(cwd)
        from_csv = explained(cwd, "claims.csv", *JOIN)[:20]
        with open(os.path.join(cwd, "customers.csv"), encoding="utf-8") as file:
            customers = {row["policy_id"]: row for row in csv.DictReader(file)}
        with open(os.path.join(cwd, "claims.csv"), encoding="utf-8") as file:
            rows = [{**row, **customers[row["policy_id"]]} for row in csv.DictReader(file)][:20]
        schema = json.loads(read(work(cwd, "prepare"), "schema.json"))
        kinds = {column["name"]: column.get("type", column.get("kind"))
                 for column in schema["columns"]}
        lines = []
        for row in rows:
            record = {}
            for name, text in row.items():
                number = kinds.get(name) in ("number", "integer")
                record[name] = None if text == "" else float(text) if number else text
            del record["fraud"]
            lines.append(json.dumps(record))
        write(cwd, "records.jsonl", "\n".join(lines) + "\n")
        from_lines = explained(cwd, "records.jsonl", "--model", "1")
        for a, b in zip(from_csv, from_lines, strict=True):
            assert {**a, "line": 0} == {**b, "line": 0}, (a, b)
        done = assay("explain", "records.jsonl", "--model", "1", "--out", "e.jsonl", cwd=cwd)
        assert done.text == "" and len(read(cwd, "e.jsonl").splitlines()) == 20
        write(cwd, "records.jsonl", lines[0] + "\n{\"colour\": 1}\n")
        said = assay("explain", "records.jsonl", "--model", "1", "--out", "f.jsonl", cwd=cwd,
                     status=3).said
        assert "line 2" in said and "colour" in said, said
        assert not [name for name in os.listdir(cwd) if name.startswith("f.jsonl")]


@test
def partial_dependence_is_the_brute_method_of_scikit_learn():
    numpy, xgboost = need("numpy"), need("xgboost")
    inspection = need("sklearn.inspection").inspection
    base = need("sklearn.base").base
    with directory() as cwd:
        trained(cwd, until="explain", rows=25000)  # 2,500 test rows, of which 1,000 are asked
        said = json.loads(read(work(cwd, "explain"), "explanations.json"))["partial_dependence"]
        matrix = numpy.load(os.path.join(work(cwd, "prepare"), "test.npy"))
        booster = xgboost.Booster(model_file=os.path.join(work(cwd, "train"), "model.ubj"))
        names = booster.feature_names
        rows = said["rows"]
        sample = matrix[[i * len(matrix) // rows for i in range(rows)]]

        class Model(base.BaseEstimator, base.RegressorMixin):
            """What scikit-learn asks of a fitted regressor."""
            def fit(self, *_):
                self.fitted_ = True
                return self

            def predict(self, x):
                return booster.inplace_predict(numpy.asarray(x, dtype="float32"))

        assert 3 < len(said["features"]) <= 10
        compared = 0
        for feature in said["features"]:
            index = names.index(feature["feature"])
            # Its own grid is of a number of quantiles, ours is given: each point by itself.
            for point in feature["points"]:
                x = sample.copy()
                x[:, index] = point["value"]
                assert abs(Model().predict(x).astype(float).mean() - point["score"]) < 1e-6
            values = numpy.unique(sample[:, index])
            if len(values) <= 12 and not numpy.isnan(values).any():
                theirs = inspection.partial_dependence(Model().fit(), sample, [index], method="brute",
                                                       grid_resolution=100)
                at = dict(zip(theirs["values"][0].tolist(), theirs["average"][0].tolist()))
                for point in feature["points"]:
                    if point["value"] in at:
                        assert abs(at[point["value"]] - point["score"]) < 1e-6, (feature, at)
                        compared += 1
            if "missing" in feature:
                x = sample.copy()
                x[:, index] = numpy.nan
                assert abs(Model().predict(x).astype(float).mean()
                           - feature["missing"]["score"]) < 1e-6
        assert compared > 0


@test
def quantiles_and_the_beeswarm_are_those_of_the_contributions():
    numpy, xgboost = need("numpy"), need("xgboost")
    with directory() as cwd:
        trained(cwd, until="explain", rows=25000)
        said = json.loads(read(work(cwd, "explain"), "explanations.json"))
        matrix = numpy.load(os.path.join(work(cwd, "prepare"), "test.npy"))
        booster = xgboost.Booster(model_file=os.path.join(work(cwd, "train"), "model.ubj"))
        names = booster.feature_names
        whole = booster.predict(xgboost.DMatrix(matrix, feature_names=names), pred_contribs=True)
        sample = [i * len(matrix) // 2000 for i in range(2000)]
        assert len(matrix) > 2000
        phi = whole[sample]
        for feature in said["features"]:
            ours = [feature["quantiles"][name] for name in ("p05", "p25", "p50", "p75", "p95")]
            theirs = numpy.percentile(phi[:, names.index(feature["name"])].astype(float),
                                      [5, 25, 50, 75, 95])
            assert numpy.allclose(ours, theirs, atol=1e-5), (feature, theirs)
        for column in said["columns"]:
            features = [f for f, name in enumerate(names) if name == column["name"]
                        or name.startswith(column["name"] + "=")]
            theirs = numpy.percentile(phi[:, features].astype(float).sum(axis=1), [5, 95])
            ours = [column["quantiles"]["p05"], column["quantiles"]["p95"]]
            assert numpy.allclose(ours, theirs, atol=1e-5), (column, theirs)
        swarm = said["beeswarm"]
        assert swarm["rows"] == 300
        assert [f["feature"] for f in swarm["features"]] == \
            [f["name"] for f in said["features"]][:15]
        for feature in swarm["features"]:
            index = names.index(feature["feature"])
            values = matrix[:, index]
            there = values[~numpy.isnan(values)]
            assert len(feature["points"]) == swarm["rows"]
            for i, (at, contribution) in enumerate(feature["points"]):
                row = sample[i * 2000 // 300]
                assert abs(contribution - whole[row][index]) < 1e-5
                if numpy.isnan(values[row]):
                    assert at is None
                else:
                    rank = ((there < values[row]).sum() + (there <= values[row]).sum()) / 2
                    assert abs(at - rank / len(there)) < 1e-12


@test
def a_changed_reason_runs_the_explain_step_alone_and_a_wrong_one_stops_before_training():
    with directory() as cwd:
        trained(cwd, until="explain")
        before = set(os.listdir(os.path.join(cwd, ".assay", "work")))
        write(cwd, "assay.yaml", read(cwd, "assay.yaml").replace("R01", "R09"))
        assay("train", "--until", "explain", cwd=cwd)
        new = set(os.listdir(os.path.join(cwd, ".assay", "work"))) - before
        assert len(new) == 1 and new.pop().startswith("explain-"), new
        text = read(cwd, "assay.yaml")
        write(cwd, "assay.yaml", text.replace("incident_severity: {code", "severity: {code"))
        said = assay("train", cwd=cwd, status=3).said
        assert "assay.yaml line" in said and "'severity' is no column" in said, said
        write(cwd, "assay.yaml", text.replace("code: R02", "code: R09", 1))
        assert "two texts" in assay("train", cwd=cwd, status=3).said


main()
