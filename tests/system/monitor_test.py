"""The monitor in one shot and by hand: what is due is looked at once, mature labels are held against
floors and estimates, retraining waits for people and obeys the gate, seasons are no drift."""
import json
import os
import subprocess
import time

from harness import ASSAY, assay, directory, main, test, write
from server import Server
from stream import COLUMNS, decided, events, generated, look, moved, put_past, told

YAML = f"""project: watched
data: {{file: past.csv, label: fraud}}
{COLUMNS}split: {{kind: time, column: timestamp, train: 0.6, validation: 0.15, delay_days: 1}}
model: {{rounds: 40, folds: 0, early_stopping: 0}}
evaluation: {{entity: customer_id}}
audit: {{trial: false}}
journal: {{segment_seconds: 1}}
"""


def project(cwd, rows, more="gate: [roc_auc >= 0.6]\n"):
    write(cwd, "assay.yaml", YAML + more)
    put_past(cwd, rows)
    assay("train", cwd=cwd)


@test
def what_is_due_is_looked_at_once_however_many_monitors_ask():
    with directory() as cwd:
        rows = generated(cwd, 200, 60)
        project(cwd, rows[:16000])
        with Server(cwd) as server:
            decided(server, rows[:16000:8])
            time.sleep(1.1)
            write(cwd, "assay.yaml", YAML + "monitor: {drift: 100d, performance: never}\n")
            all_at_once = [subprocess.Popen([ASSAY, "monitor", "once", "--set", "monitor.drift=1s"],
                                            cwd=cwd, stderr=subprocess.PIPE) for _ in range(4)]
            for each in all_at_once:
                _, said = each.communicate(timeout=60)
                assert each.returncode == 0, said.decode()
        history = assay("monitor", "history", "drift", cwd=cwd).text.splitlines()
        due = [line.split()[2] for line in history]
        assert len(due) == len(set(due)), history
        assert sum(" 2000 rows" in line for line in history) == 1, history  # the next has the rest
        before = len(history)
        assay("monitor", "once", cwd=cwd)  # 100d: long past, and looked at by then
        assay("monitor", "once", cwd=cwd)
        assert len(assay("monitor", "history", "drift", cwd=cwd).text.splitlines()) <= before + 1
        seen = look(cwd, "drift")
        assert seen["seen"] == 2000 and {c["state"] for c in seen["columns"]} <= {"OK", "WATCH"}, seen
        seen = look(cwd, "multivariate")["multivariate"]
        assert seen["state"] == "OK" and seen["rows"] == 2000 and seen["low"] < 0.55, seen
        assert "(by hand)" in assay("monitor", "history", cwd=cwd).text.splitlines()[0]
        done = assay("monitor", "history", "drifts", cwd=cwd, status=2)
        assert "no watch 'drifts'" in done.said, done.said


@test
def mature_labels_are_held_against_the_floors_and_the_estimate():
    with directory() as cwd:
        rows = generated(cwd, 400, 90)
        at = 40000
        project(cwd, rows[:at], "gate: [roc_auc >= 0.6]\nmonitor: {maturity_days: 0}\n")
        fresh = rows[at:at + 12000]
        with Server(cwd) as server:
            ids = decided(server, fresh)
            frauds = [row["fraud"] == "1" for row in fresh]
            told(server, ids, frauds)
            moved(cwd, sum(frauds))
            well = look(cwd, "performance")
            assert well["frauds"] == sum(frauds) and well["rows"] == len(fresh), well
            assert well["floors"][0]["state"] == "OK", well["floors"]
            assert not any(figure["drifted"] for figure in well["estimates"]), well["estimates"]
            assert well["label_completeness"][0] == {"days": 1, "share": 1}
            # Another kind of fraud comes, which the model takes for honest.
            start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            time.sleep(1.1)
            ids = decided(server, fresh)
            anew = [fraud or i % 12 == 0 for i, fraud in enumerate(frauds)]
            told(server, ids, anew)
            moved(cwd, sum(frauds) + sum(anew))
            bad = look(cwd, "performance", "--since", start)
            drifted = {figure["name"] for figure in bad["estimates"] if figure["drifted"]}
            assert {"recall", "fraud_rate"} <= drifted, bad["estimates"]
            assert bad["fraud_share"] > 5 * bad["fraud_share_before"], bad
        told_at = assay("monitor", "once", "--set", "monitor.performance=1s", cwd=cwd).said
        assert "performance: alarm" in told_at, told_at
        assert "concept_drift" in assay("alarms", cwd=cwd).text


@test
def a_retraining_waits_for_people_and_is_put_in_force_when_they_approve():
    with directory() as cwd:
        rows = generated(cwd, 400, 90, "--drift", "concept:share=0.05,fade=1,from=45")
        more = """gate: [roc_auc >= 0.6]
challenge: {alert_volume: 100}
monitor: {drift: never, multivariate: never, bias: never, quality: never, performance: never, upkeep: never}
retrain: {newest_days: 30, schedule: 100d, rollout: promote, guard: {fraud_times: 100}}
"""
        project(cwd, [row for row in rows if row["timestamp"] < "2025-02-15"], more)
        put_past(cwd, rows)
        write(cwd, "assay.yaml", YAML + more + "deploy: {approvals: 1}\n")
        said = assay("monitor", "once", cwd=cwd).said
        assert "retraining 1: waiting: 0 of 1 people" in said, said
        assert "retraining" not in assay("monitor", "once", "--set", "retrain.schedule=never",
                                         cwd=cwd).said.replace("retraining 1: waiting", "")
        assay("models", "approve", 2, "--comment", "it was looked at", cwd=cwd)
        said = assay("monitor", "once", cwd=cwd).said
        assert "retraining 1: promoted" in said, said
        assert json.loads(assay("models", "show", "champion", cwd=cwd).text)["number"] == 2
        story = [action for action, _, _ in events(cwd)]
        assert story.index("retrain waiting") < story.index("approve") < \
            story.index("retrain promoted"), story


@test
def what_the_gate_refuses_is_not_registered_and_raises_an_alarm():
    with directory() as cwd:
        rows = generated(cwd, 200, 60)
        more = "monitor: {drift: never, multivariate: never, bias: never, quality: never, performance: never, upkeep: never}\n" \
               "retrain: {newest_days: 40, schedule: 100d}\n"
        project(cwd, rows[:16000], more)
        put_past(cwd, rows)
        write(cwd, "assay.yaml", YAML + more + "gate: [roc_auc >= 0.9999]\n")
        said = assay("monitor", "once", cwd=cwd).said
        assert "retraining 1: refused: " in said and "0.9999" in said, said
        assert len(assay("models", "list", cwd=cwd).text.splitlines()) == 1 + 1, "a version came of it"
        assert "retrain_refused" in assay("alarms", cwd=cwd).text
        assert ("retrain refused", "retraining 1") in [e[:2] for e in events(cwd)]


@test
def a_retraining_says_from_how_much_of_the_past_it_learns():
    with directory() as cwd:
        rows = generated(cwd, 100, 40)
        project(cwd, rows, "gate: []\n")
        write(cwd, "assay.yaml", YAML + "retrain: {schedule: 0 5 * * 1}\n")
        said = assay("monitor", "once", cwd=cwd, status=3).said
        assert "retrain.newest_days" in said, said
        write(cwd, "assay.yaml", YAML + "retrain: {newest_days: 9, on: [drifts]}\n")
        said = assay("monitor", "once", cwd=cwd, status=3).said
        assert "no alarm 'drifts'" in said and "line" in said, said
        write(cwd, "assay.yaml", YAML + "monitor: {drift: 0 25 * * *}\n")
        said = assay("monitor", "once", cwd=cwd, status=3).said
        assert "monitor.drift" in said and "'25' is no hour" in said, said


@test
def what_servers_count_of_broken_expectations_is_an_alarm_when_it_is_more_than_chance():
    with directory() as cwd:
        rows = generated(cwd, 200, 60)
        more = "monitor: {drift: never, multivariate: never, bias: never, performance: never, upkeep: never, service: never, quality: 1s}\n"
        yaml = YAML.replace("channel: {type: category}",
                            "channel: {type: category, expect: [{check: in_set, set: [pos, online, atm], mostly: 0.99}]}")
        write(cwd, "assay.yaml", yaml + "gate: []\n" + more)
        put_past(cwd, rows)
        assay("train", cwd=cwd)
        with Server(cwd) as server:
            write(cwd, "assay.yaml", yaml + "gate: []\n" + more.replace(
                "{drift", "{servers: [\"http://127.0.0.1:%d\"], drift" % server.port))
            def look_once():
                time.sleep(1.1)
                return assay("monitor", "once", cwd=cwd).said
            assert "the first look" in look_once()
            decided(server, rows[:50])
            assert "quality: insufficient: 50 records" in look_once()
            decided(server, rows[50:500])
            assert "quality: ok: 500 records" in look_once()  # with those of before
            decided(server, [{**row, "channel": "carrier pigeon"} for row in rows[:100]] + rows[:400])
            said = look_once()
            assert "quality: alarm: 500 records" in said and "100 of 500 records break it" in said, said
            assert "quality" in assay("alarms", cwd=cwd).text
            decided(server, rows[:500])
            assert "quality: ok: 500 records" in look_once()


@test
def a_group_that_decisions_have_come_to_fall_on_is_told():
    with directory() as cwd:
        rows = generated(cwd, 400, 90)
        more = """gate: [roc_auc >= 0.6]
bias:
  facets:
    - {column: channel, value: online}
    - {column: customer_tenure_days, from: 1000}
    - {column: terminal_id, value: nobody}
monitor: {maturity_days: 0}
decision: {threshold: 0.02}
"""
        project(cwd, rows[:40000], more)
        fresh = rows[40000:50000]
        with Server(cwd) as server:
            ids = decided(server, fresh)
            frauds = [row["fraud"] == "1" for row in fresh]
            told(server, ids, frauds)
            moved(cwd, sum(frauds))
            well = look(cwd, "bias")
            states = {m["state"] for facet in well["facets"] for m in facet["metrics"]}
            assert len(well["facets"]) == 2 and states <= {"OK", "WATCH"}, well
            start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            time.sleep(1.1)
            dear = [{**row, "amount": str(60 * float(row["amount"])) if row["channel"] == "online"
                     else row["amount"]} for row in fresh]
            ids = decided(server, dear)
            told(server, ids, frauds)
            moved(cwd, 2 * sum(frauds))
            bad = look(cwd, "bias", "--since", start)
            online = next(f for f in bad["facets"] if f["column"] == "channel")
            states = {m["metric"]: m["state"] for m in online["metrics"]}
            assert states["DPPL"] == "ALARM" and states["DI"] == "ALARM", online
            others = next(f for f in bad["facets"] if f["column"] != "channel")
            assert "ALARM" not in {m["state"] for m in others["metrics"]}, others
        said = assay("monitor", "look", "bias", cwd=cwd).text
        assert "2 groups; 1 left out" in said, said


@test
def eight_weeks_of_seasons_are_no_drift():
    with directory() as cwd:
        rows = generated(cwd, 400, 112, "--drift",
                         "seasonality:period=week,peak=5,volume=0.4,column=amount,swing=0.2",
                         "--drift", "seasonality:period=day,peak=19,volume=0.5")
        days = [(int(time.strftime("%j", time.strptime(row["timestamp"][:10], "%Y-%m-%d"))) - 1)
                for row in rows]
        put_past(cwd, [row for row, day in zip(rows, days) if day < 56])
        os.rename(os.path.join(cwd, "past.csv"), os.path.join(cwd, "baseline.csv"))
        for week in range(8, 16):
            put_past(cwd, [row for row, day in zip(rows, days) if 7 * week <= day < 7 * week + 7])
            # Customers grow older, which is no season.
            report = json.loads(assay("drift", "--baseline-data", "baseline.csv", "--new-data",
                                      "past.csv", "--ignore", "customer_tenure_days", "--ignore",
                                      "fraud", "--json", cwd=cwd).text)
            states = {column["name"]: column["state"] for column in report["columns"]
                      if "state" in column}
            assert len(states) >= 5 and set(states.values()) == {"OK"}, (week, states)


if __name__ == "__main__":
    main()
