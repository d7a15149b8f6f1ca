"""What is expected of columns, held against files and against what a server is asked."""
import json
import os
import time

from harness import assay, directory, main, read, test, write
from live import version_served, wait_for
from server import Server

DRIFT = ["--drift", "schema:column=channel,change=category,value=kiosk,share=0.05,from=25",
         "--drift", "schema:column=amount,change=type,share=0.02,from=25"]


def project(cwd, *drift):
    assay("init", ".", "--template", "cards", cwd=cwd)
    assay("generate", "cards", "--rows", 150, "--days", 90, *drift, cwd=cwd)
    yaml = read(cwd, "assay.yaml")
    yaml = yaml.replace("{type: id}", "{type: id, expect: [{check: unique}, {check: matches, "
                        "pattern: '[0-9]{16}'}]}", 1)
    yaml = yaml.replace("  amount: {type: number, min: 0}",
                        "  amount: {type: number, min: 0, expect: [{check: between, max: 50, mostly: "
                        "0.999, severity: warn}]}")
    yaml = yaml.replace("channel: {type: category}", "channel: {type: category, expect: "
                        "[{check: in_set, set: [pos, atm, online]}]}")
    yaml = yaml.replace("roc_auc >= 0.7", "roc_auc >= 0.1").replace("  - pr_auc >= 0.05\n", "")
    write(cwd, "assay.yaml", yaml + "serve:\n  watch_ms: 50\n")


@test
def a_file_that_breaks_what_is_expected_fails_and_says_where():
    with directory() as cwd:
        project(cwd)
        clean = assay("check", "transactions.csv", cwd=cwd).text
        assert "ok    transaction_id unique: 0 of" in clean, clean
        assert "warn  amount between:" in clean, clean
        assert "between" in assay("check", cwd=cwd).text
        assay("generate", "cards", "--rows", 150, "--days", 30, "--force", *DRIFT, cwd=cwd)
        done = assay("check", "transactions.csv", "--violations", "violations.json", cwd=cwd,
                     status=10)
        assert "error channel in_set:" in done.text and "'kiosk'" in done.text, done.text
        assert "error amount type (implied):" in done.text and " units'" in done.text, done.text
        assert "2 expectations of severity error fail" in done.said, done.said
        line = int(done.text.split("first: line ")[1].split(" ")[0])
        assert line > 1
        found = json.loads(read(cwd, "violations.json"))["violations"]
        assert {(v["feature_name"], v["constraint_check_type"]) for v in found} == {
            ("amount", "range_check"), ("amount", "data_type_check"),
            ("channel", "categorical_values_check")}, found


@test
def a_version_knows_what_its_training_rows_were_like():
    with directory() as cwd:
        project(cwd)
        assay("train", "--set", "model.rounds=5", "--set", "model.folds=0", "--set",
              "model.early_stopping=0", "--set", "audit.trial=false", cwd=cwd)
        assay("check", "transactions.csv", "--model", 1, cwd=cwd)
        assay("generate", "cards", "--rows", 150, "--days", 30, "--force", "--drift",
              "schema:column=entry_mode,change=category,value=thumb,share=0.5", cwd=cwd)
        text = assay("check", "transactions.csv", "--model", 1, cwd=cwd).text
        assert "warn  entry_mode domain (implied):" in text and "90 % must" in text, text
        # Once more from the file of the version's bundle, where there is no project.
        assay("models", "export", 1, "--out", "v1.assay", cwd=cwd)
        os.mkdir(os.path.join(cwd, "elsewhere"))
        again = assay("check", "../transactions.csv", "--bundle", "../v1.assay",
                      cwd=os.path.join(cwd, "elsewhere")).text
        assert again == text, again


def counted(server):
    page, found = server.get("/metrics")[2], {}
    for line in page.splitlines():
        if line.startswith("assay_quality_violations_total{"):
            labels, value = line.rsplit(" ", 1)
            names = dict(part.split("=") for part in labels.split("{")[1][:-1].split(","))
            found[names["column"][1:-1], names["expectation"][1:-1]] = int(value)
        if line.startswith("assay_quality_rows_total"):
            found["rows"] = int(line.split(" ")[1])
    return found


@test
def a_server_counts_what_breaks_and_a_new_champion_counts_on():
    with directory() as cwd:
        project(cwd)
        for rounds in (5, 6):
            assay("train", "--set", f"model.rounds={rounds}", "--set", "model.folds=0", "--set",
                  "model.early_stopping=0", "--set", "audit.trial=false", "--set",
                  "challenge.mode=off", cwd=cwd)
        assay("models", "promote", 1, cwd=cwd)
        assay("generate", "cards", "--rows", 20, "--days", 12, "--out", "new", "--requests",
              "rows.jsonl", "--drift", "schema:column=channel,change=category,value=kiosk,share=0.3",
              "--drift", "schema:column=amount,change=type,share=0.1", cwd=cwd)
        rows = [json.loads(line) for line in read(cwd, "new", "rows.jsonl").splitlines()]
        kiosks = sum(row["channel"] == "kiosk" for row in rows if
                     isinstance(row["amount"], float))
        wrong = sum(not isinstance(row["amount"], float) for row in rows)
        large = sum(row["amount"] > 50 for row in rows if isinstance(row["amount"], float))
        assert kiosks > 20 and wrong > 5 and large > 20, (kiosks, wrong, large)
        with Server(cwd) as server:
            for row in rows:
                status, _ = server.post("/decide", row)
                assert status == (200 if isinstance(row["amount"], float) else 400), row
            want = {("channel", "in_set"): kiosks, ("amount", "type"): wrong,
                    ("amount", "between"): large, ("transaction_id", "matches"): 0,
                    "rows": len(rows)}
            found = counted(server)
            assert {key: found[key] for key in want} == want, found
            assert found["channel", "domain"] == kiosks, found  # the baseline says it as well
            # What is only looked at is not counted.
            assert server.post("/explain", rows[0])[0] in (200, 400)
            assert counted(server) == found
            first = version_served(server)
            assay("models", "promote", 2, cwd=cwd)
            wait_for(lambda: version_served(server) != first)
            bad = dict(rows[0], amount=60, channel="kiosk", transaction_id="x")
            assert server.post("/decide", bad)[0] == 200
            again = counted(server)
            assert again["channel", "in_set"] == kiosks + 1, again
            assert again["transaction_id", "matches"] == 1, again


@test
def the_monitor_alarms_when_too_many_records_break_what_is_expected():
    with directory() as cwd:
        project(cwd)
        assay("train", "--set", "model.rounds=5", "--set", "model.folds=0", "--set",
              "model.early_stopping=0", "--set", "audit.trial=false", cwd=cwd)
        assay("models", "promote", 1, cwd=cwd)
        assay("generate", "cards", "--rows", 40, "--days", 4, "--out", "new", "--requests",
              "rows.jsonl", "--drift", "schema:column=channel,change=category,value=kiosk,share=0.3,"
              "from=2", cwd=cwd)
        rows = [json.loads(line) for line in read(cwd, "new", "rows.jsonl").splitlines()]
        before = [row for row in rows if row["timestamp"] < "2025-01-03"]
        after = rows[len(before):]
        assert len(before) > 100 and len(after) > 100
        with Server(cwd) as server:
            yaml = read(cwd, "assay.yaml")
            write(cwd, "assay.yaml", yaml + "monitor:\n  quality: 1s\n  drift: never\n"
                  "  performance: never\n  upkeep: never\n  service: never\n"
                  f"  servers: ['http://{server.host}:{server.port}']\n")

            def look(asked):
                for row in asked:
                    assert server.post("/decide", row)[0] == 200
                time.sleep(1.1)  # the next look is due
                assay("monitor", "once", cwd=cwd)
                lines = assay("alarms", "list", cwd=cwd).text.splitlines()
                return [line for line in lines if " quality " in line and "in_set channel" in line]
            look([])
            assert look(before)[0].startswith("OK"), look([])
            found = look(after)[0]
            assert found.startswith("ALARM") and "records break it" in found, found
            wait_for(lambda: 'assay_alarm_state{alarm="quality",subject="in_set channel"} 3' in
                     server.get("/metrics")[2])


if __name__ == "__main__":
    main()
