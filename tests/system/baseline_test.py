"""Baselines for drift: the training rows' statistics, held against numpy's on the same rows."""
import base64
import collections
import csv
import json
import math
import os
import tarfile

from harness import ROOT, assay, directory, main, need, read, test, write
from recipes import work


def trained(cwd):
    assay("generate", "cards", "--rows", 200, "--days", 90, "--out", ".", cwd=cwd)
    write(cwd, "assay.yaml", read(ROOT, "examples", "cards", "assay.yaml"))
    assay("train", "--set", "model.rounds=5", "--set", "model.folds=0", "--set",
          "model.early_stopping=0", cwd=cwd)


def training_rows(cwd):
    numpy = need("numpy")
    with open(os.path.join(cwd, "transactions.csv"), encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    return [table[i] for i in numpy.load(os.path.join(work(cwd, "prepare"), "train_row.npy"))]


def close(a, b):
    assert math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12), (a, b)


@test
def statistics_are_those_of_the_training_rows():
    numpy = need("numpy")
    with directory() as cwd:
        trained(cwd)
        rows = training_rows(cwd)
        said = json.loads(assay("models", "show", "champion", cwd=cwd).text)["statistics"]
        assert said["version"] == 0 and said["dataset"]["item_count"] == len(rows)
        features = {f["name"]: f for f in said["features"]}
        assert features["amount"]["inferred_type"] == "Fractional"
        assert features["customer_tenure_days"]["inferred_type"] == "Integral"
        for name in ("amount", "distance_km", "customer_tenure_days"):
            cells = [row[name] for row in rows]
            values = numpy.array([float(c) for c in cells if c != ""])
            numbers = features[name]["numerical_statistics"]
            assert numbers["common"] == {"num_present": len(values),
                                         "num_missing": len(cells) - len(values)}
            close(numbers["mean"], values.mean())
            close(numbers["std_dev"], values.std())
            close(numbers["sum"], math.fsum(values))
            assert (numbers["min"], numbers["max"]) == (values.min(), values.max())
            buckets = numbers["distribution"]["kll"]["buckets"]
            counts, edges = numpy.histogram(values, bins=10)
            assert sum(b["count"] for b in buckets) == len(values)
            assert max(abs(b["count"] - c) for b, c in zip(buckets, counts)) <= 2, (buckets, counts)
            for bucket, edge in zip(buckets, edges):
                close(bucket["lower_bound"], edge)
            quantiles = numbers["distribution"]["kll"]["sketch"]["data"][0]
            assert len(quantiles) == 201 and quantiles == sorted(quantiles)
            theirs = numpy.quantile(values, numpy.linspace(0, 1, 201), method="lower")
            assert numpy.array_equal(theirs, quantiles), name
        channel = features["channel"]["string_statistics"]
        counted = collections.Counter(row["channel"] for row in rows)
        assert channel["distinct_count"] == len(counted)
        assert {b["value"]: b["count"] for b in
                channel["distribution"]["categorical"]["buckets"]} == counted


@test
def constraints_say_what_was_never_broken_in_training():
    with directory() as cwd:
        trained(cwd)
        rows = training_rows(cwd)
        said = json.loads(assay("models", "show", "champion", cwd=cwd).text)["constraints"]
        features = {f["name"]: f for f in said["features"]}
        assert features["amount"]["num_constraints"] == {"is_non_negative": True}
        assert features["amount"]["completeness"] == 1
        close(features["distance_km"]["completeness"],
              sum(row["distance_km"] != "" for row in rows) / len(rows))
        assert set(features["channel"]["string_constraints"]["domains"]) == \
            {row["channel"] for row in rows}
        assert "transaction_id" not in features
        comparison = said["monitoring_config"]["distribution_constraints"]
        assert comparison["comparison_method"] in ("Simple", "Robust")


@test
def the_reference_is_rows_of_every_slice_at_even_distances():
    numpy = need("numpy")
    with directory() as cwd:
        trained(cwd)
        assay("train", "--set", "model.rounds=5", "--set", "model.folds=0", "--set", "model.early_stopping=0",
              "--set", "monitor.reference_rows=1000", "--set", "challenge.mode=off", cwd=cwd)
        assay("models", "export", 2, "--out", "two.assay", cwd=cwd)
        with tarfile.open(os.path.join(cwd, "two.assay")) as tar:
            paper = json.load(tar.extractfile("reference.json"))
        works = os.path.join(cwd, ".assay", "work")
        prepare = max((os.path.join(works, name) for name in os.listdir(works) if name.startswith("prepare-")),
                      key=os.path.getmtime)
        theirs = {}
        for index, name in enumerate(("train", "validation", "test")):
            rows, label, row = (numpy.load(os.path.join(prepare, f"{name}{what}.npy")) for what in ("", "_label", "_row"))
            for at, values, is_fraud in zip(row, rows, label):
                theirs[int(at)] = (index, int(is_fraud), values)
        order, count = sorted(theirs), paper["rows"]
        assert count == 1000 < len(order)
        chosen = [order[i] for i in range(len(order)) if (i + 1) * count // len(order) != i * count // len(order)]
        values = numpy.frombuffer(base64.b64decode(paper["values"]), "<f4").reshape(count, -1)
        assert [*base64.b64decode(paper["slice"])] == [theirs[row][0] for row in chosen]
        assert [*base64.b64decode(paper["label"])] == [theirs[row][1] for row in chosen]
        assert values.tobytes() == numpy.array([theirs[row][2] for row in chosen]).tobytes()


if __name__ == "__main__":
    main()
