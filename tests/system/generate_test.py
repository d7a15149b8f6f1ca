"""A stream with injected drift and late labels, taken by the program that has to live with it."""
import csv
import json
import os
from datetime import datetime

from harness import assay, directory, main, read, test, write
from server import Server

DRIFT = ["covariate:column=amount,factor=3,from=30,over=4", "prior:factor=4,from=34",
         "concept:share=0.05,from=32", "schema:column=distance_km,change=missing,share=0.5,from=36",
         "mix:column=channel,value=online,factor=2,from=30,until=32"]


def stream(cwd, *more):
    words = [word for text in DRIFT for word in ("--drift", text)]
    assay("generate", "cards", "--rows", 200, "--days", 40, *words, *more, cwd=cwd)


def rows(cwd, name):
    with open(os.path.join(cwd, name), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def mean(values):
    values = list(values)
    return sum(values) / len(values)


@test
def the_truth_beside_the_data_agrees_with_the_data():
    with directory() as cwd:
        stream(cwd)
        truth = json.loads(read(cwd, "drift.json"))
        payments, kinds = rows(cwd, "transactions.csv"), rows(cwd, "scenarios.csv")
        assert [p["transaction_id"] for p in payments] == [k["transaction_id"] for k in kinds]
        days = {}
        for payment, kind in zip(payments, kinds):
            days.setdefault(payment["timestamp"][:10], []).append((payment, kind))
        for day in truth["by_day"]:
            here = days[day["date"]]
            assert day["events"] == len(here), day
            assert day["frauds"] == sum(p["fraud"] == "1" for p, _ in here), day
            assert day["frauds"] == sum(k["scenario"] != "0" for _, k in here), day
            for shift, (changed, added) in enumerate(zip(day["changed"], day["added"])):
                touched = sum(str(shift) in k["shifts"].split("|") for _, k in here)
                # A copy carries what its original carries.
                assert changed + added <= touched <= changed + sum(day["added"]), (day, shift)
        whole = {shift["kind"]: shift for shift in truth["shifts"]}
        assert whole["covariate"]["from"] == "2025-01-31" and whole["mix"]["until_day"] == 32
        assert whole["mix"]["removed"] > 0 and whole["prior"]["added"] > 0

        before = [p for p, _ in zip(payments, kinds) if p["timestamp"] < "2025-01-31"]
        after = [p for p, _ in zip(payments, kinds) if p["timestamp"] >= "2025-02-06"]
        grown = mean(float(p["amount"]) for p in after) / mean(float(p["amount"]) for p in before)
        assert 2.5 < grown < 3.6, grown
        share = mean(p["fraud"] == "1" for p in after) / mean(p["fraud"] == "1" for p in before)
        assert share > 2, share
        assert mean(p["distance_km"] == "" for p in after) > 0.5
        assert any(k["scenario"] == "9" for k in kinds)


@test
def labels_come_late_and_are_taken_as_they_are():
    with directory() as cwd:
        assay("generate", "cards", "--rows", 150, "--days", 90, cwd=cwd)
        assay("init", ".", "--template", "cards", cwd=cwd)
        yaml = read(cwd, "assay.yaml").replace("roc_auc >= 0.7", "roc_auc >= 0.1")
        yaml = yaml.replace("  - pr_auc >= 0.05\n", "")
        write(cwd, "assay.yaml", yaml + "journal:\n  durability: fsync\n")
        assay("train", "--set", "model.rounds=5", "--set", "model.folds=0", "--set",
              "model.early_stopping=0", "--set", "audit.trial=false", cwd=cwd)
        assay("models", "promote", 1, cwd=cwd)
        assay("generate", "cards", "--rows", 60, "--days", 30, "--from-day", 28, "--force",
              "--drift", "concept:share=0.3,from=29", "--labels", "labels.jsonl", "--label-delay",
              "cleared=0.2,median=10", "--requests", "requests.jsonl", "--unlabelled", cwd=cwd)
        assert "fraud" not in read(cwd, "transactions.csv").splitlines()[0]
        payments = {p["transaction_id"]: p for p in rows(cwd, "transactions.csv")}
        requests = [json.loads(line) for line in read(cwd, "requests.jsonl").splitlines()]
        labels = [json.loads(line) for line in read(cwd, "labels.jsonl").splitlines()]
        assert len(requests) == len(payments) and len(labels) > 10
        for label in labels:
            told = datetime.fromisoformat(label["label_ts"].replace("Z", "+00:00"))
            event = payments[label["event_id"]]["timestamp"].replace("Z", "+00:00")
            days = (told - datetime.fromisoformat(event)).total_seconds() / 86400
            assert 0 <= days <= (2 if label["source"] == "analyst" else 120), label
        with Server(cwd) as server:
            for row in requests:
                headers = {"Content-Type": "application/json",
                           "Idempotency-Key": row["transaction_id"]}
                server.open.request("POST", "/decide", json.dumps(row), headers)
                answer = server.open.getresponse()
                assert answer.status == 200, answer.read()
                decision = json.loads(answer.read())["decisions"][0]
                assert decision["id"] == row["transaction_id"], decision
            assert server.post("/feedback", labels) == (202, {"accepted": len(labels)})
        shown = assay("log", "show", labels[0]["event_id"], cwd=cwd).text
        assert labels[0]["label"] in shown and labels[0]["source"] in shown, shown


@test
def a_renamed_column_is_what_the_reader_complains_of():
    with directory() as cwd:
        assay("init", ".", "--template", "cards", cwd=cwd)
        said = assay("generate", "cards", "--rows", 50, "--days", 40, "--drift",
                     "schema:column=amount,change=rename,value=amt,from=5", cwd=cwd, status=2).said
        assert "--from-day 5" in said, said
        assay("generate", "cards", "--rows", 50, "--days", 40, "--from-day", 5, "--drift",
              "schema:column=amount,change=rename,value=amt,from=5", cwd=cwd)
        assert "amt" in assay("check", cwd=cwd, status=3).said


if __name__ == "__main__":
    main()
