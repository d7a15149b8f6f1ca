"""Alerting rules and the dashboard: the files kept in deploy/, promtool's own tests of each rule, and
every expression asked of a Prometheus that scrapes a server."""
import json
import os
import re
import subprocess

from harness import ROOT, assay, debian_tool, directory, main, read, test, write
from live import record, trained, typed, wait_for
from prometheus import Prometheus
from server import Server

KEPT = os.path.join(ROOT, "deploy", "monitoring")
ASKED = 'assay_http_requests_total{job="assay",route="/decide",method="POST",code="%s"}'
SLOW = 'assay_http_request_duration_seconds_bucket{job="assay",route="/decide",le="%s"}'
STATE = 'assay_alarm_state{job="assay",alarm="%s",subject="%s"}'
OWN = 'assay_alarm_value{job="assay"}'


def latency(seconds):
    """A hundred requests a minute, all of them this slow."""
    bounds = ["0.5", "1", "2", "5", "+Inf"]
    return [(SLOW % le, "0+%dx400" % (100 if le == "+Inf" or float(le) >= seconds else 0))
            for le in bounds]


def answers(good, bad, code="500", minutes=400):
    return [(ASKED % 200, f"0+{good}x{minutes}"), (ASKED % code, f"0+{bad}x{minutes}")]


# What fires each alert, and what does not though it is near; the time after which it is asked.
CASES = {
    "server_down": ([('up{job="assay",instance="a"}', "0x30")],
                    [('up{job="assay",instance="a"}', "1x30"), ('up{job="other"}', "0x30")], "10m"),
    "latency": (latency(2), latency(0.8), "30m"),
    "latency_severe": (latency(4), latency(2), "30m"),
    "errors": (answers(10, 3, "422"), answers(1000, 1, "422"), "30m"),
    "error_rate": (answers(90, 10), answers(97, 3) + [(ASKED % 422, "0+100x400")], "30m"),
    # 1970-01-01 was a Thursday: at 10:00 nobody has asked for hours.
    "invocations": ([(ASKED % 200, "5x700")], [(ASKED % 200, "0+1x700")], "10h"),
    "error_budget": (answers(90, 10), answers(995, 5), "2h"),
    "error_budget_slow": (answers(90, 10, minutes=800), answers(998, 2, minutes=800), "10h"),
    "journal_lag": ([('assay_journal_lag_seconds{job="assay",instance="a"}', "100x30")],
                    [('assay_journal_lag_seconds{job="assay",instance="a"}', "50x30")], "10m"),
    "journal_stalled": ([('assay_journal_stalled{job="assay"}', "1x30")],
                        [('assay_journal_stalled{job="assay"}', "0x30")], "10m"),
    "memory": ([('process_resident_memory_bytes{job="assay"}', "5000000000x30")],
               [('process_resident_memory_bytes{job="assay"}', "4000000000x30")], "10m"),
}


def judged(name):
    """Two servers of one store say the same: one alert, and WATCH is none."""
    twice = [(STATE[:-1] % (name, "x") + ',instance="%s"}' % one, "3x30") for one in "ab"]
    return twice, [(STATE % (name, "x"), "2x30"), (STATE % ("other", "x"), "3x30")], "10m"


def alerts(cwd, *arguments):
    """By alarm: its alert's name, its expression and its severity."""
    text = assay("dashboards", "rules", *arguments, cwd=cwd).text
    found = re.findall(r'- alert: (\w+)\n +expr: (".*")\n(?: +for: \w+\n)? +labels: '
                       r'\{severity: (\w+), alarm: (\w+)\}', text)
    assert len(found) == text.count("- alert:"), text
    return {alarm: (name, json.loads(expression), severity)
            for name, expression, severity, alarm in found}


def unit_test(name, series, at, labels):
    """One of promtool's tests; `labels`: of the alert that is to fire, None: none is."""
    lines = ["  - interval: 1m", "    input_series:"]
    for what, values in series:
        lines += [f"      - series: '{what}'", f"        values: '{values}'"]
    lines += ["    alert_rule_test:", f"      - eval_time: {at}", f"        alertname: {name}"]
    if labels is None:
        lines.append("        exp_alerts: []")
    else:
        lines += ["        exp_alerts:", f"          - exp_labels: {json.dumps(labels)}"]
    return "\n".join(lines)


@test
def the_files_that_are_kept_are_what_the_program_writes():
    with directory() as cwd:
        for kept, what in (("assay.rules.yml", "rules"), ("assay-dashboard.json", "grafana")):
            text = assay("dashboards", what, cwd=cwd).text
            assert text == read(KEPT, kept), f"`assay dashboards {what} --out {kept}` writes another"
        write(cwd, "assay.yaml", "project: shop\nalarms:\n  rules:\n    memory: {limit: 2 GiB}\n"
              "    disk: {enabled: false}\n")
        ours = alerts(cwd, "--job", "shop")
        assert ours["memory"][1] == 'process_resident_memory_bytes{job="shop"} > 2147483648', ours
        assert "disk" not in ours
        assert "letters" in assay("dashboards", "rules", "--job", 'a"b', cwd=cwd, status=2).said
        assert "rules and grafana" in assay("dashboards", "page", cwd=cwd, status=2).said


@test
def promtool_takes_the_rules_and_each_fires_when_it_must_and_not_otherwise():
    promtool = debian_tool("prometheus", "promtool")
    with directory() as cwd:
        rules = assay("dashboards", "rules", "--out", "assay.rules.yml", cwd=cwd)
        assert rules.text == ""
        done = subprocess.run([promtool, "check", "rules", "assay.rules.yml"], cwd=cwd, check=False,
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        # promtool compares annotations word for word; theirs are tested where they are rendered.
        rules = re.sub(r" +annotations:\n(?: {10}.*\n)+", "", read(cwd, "assay.rules.yml"))
        head, *rules = re.split(r"(?m)^(?= +- alert: )", rules)
        found = alerts(cwd)
        assert set(CASES) <= set(found) and len(found) == len(rules) >= 20

        def run(rule, cases):
            """With no rule but this: promtool evaluates all that there are at every minute."""
            write(cwd, "rule.yml", head + rule)
            write(cwd, "cases.yml", "rule_files: [rule.yml]\nevaluation_interval: 1m\ntests:\n" +
                  "\n".join(cases))
            done = subprocess.run([promtool, "test", "rules", "cases.yml"], cwd=cwd, check=False,
                                  capture_output=True, text=True)
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

        for rule, (alarm, (name, expression, severity)) in zip(rules, found.items()):
            fires, quiet, at = CASES.get(alarm) or judged(alarm)
            assert (alarm in CASES) == ("assay_alarm_state" not in expression), alarm
            labels = {"severity": severity, "alarm": alarm}
            if alarm not in CASES:
                labels["subject"] = "x"
            elif len(fires) == 1 and alarm != "invocations":
                labels.update(re.findall(r'(\w+)="([^"]*)"', fires[0][0]))
            cases = [unit_test(name, fires, at, labels), unit_test(name, quiet, at, None)]
            if alarm == "invocations":
                # Outside its hours nobody asking is no alarm: Saturday 1970-01-03, Thursday 07:00.
                series = [(ASKED % 200, "5x4000")]
                cases += [unit_test(name, series, at, None) for at in ("58h", "7h", "8h20m", "21h")]
            assert f"- alert: {name}\n" in rule, (name, rule)
            run(rule, cases)


def queries(cwd):
    """Of each panel, as Grafana would ask them of a server scraped every second."""
    for panel in json.loads(assay("dashboards", "grafana", cwd=cwd).text)["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], (target["expr"].replace("$job", "assay")
                                   .replace("$__rate_interval", "20s"))


# What nothing of the kind has happened for, on the server below.
EMPTY = {"Drift of scores, contributions and all columns", "Concept and bias drift"}

SAID = """insert into alarm_key (alarm, subject, state, since_ms, past, counted_ms, seen_ms, value,
 bound, said, incident, begun_ms, told_ms, told)
 values ('%s', '%s', '%s', 1, '', 1, 1, '%s', '0.25', '', '', 0, 0, 0)"""


def say(cwd, alarm, subject, state, value):
    import sqlite3
    with sqlite3.connect(os.path.join(cwd, ".assay", "assay.db"), timeout=30) as db:
        db.execute(SAID % (alarm, subject, state, value))


@test
def a_real_prometheus_answers_every_panel_and_evaluates_every_rule():
    with directory() as cwd:
        trained(cwd, 1, "journal:\n  durability: fsync\n")
        assay("models", "promote", 1, cwd=cwd)
        say(cwd, "drift", "injury_claim", "ALARM", "0.5")
        say(cwd, "drift", "customer_age", "OK", "0.01")
        say(cwd, "performance", "pr_auc", "WATCH", "0.4")
        assay("dashboards", "rules", "--out", "assay.rules.yml", cwd=cwd)
        with Server(cwd) as server:
            row = typed(server, record(cwd))
            with Prometheus(cwd, f"{server.host}:{server.port}", "assay.rules.yml") as prometheus:
                def traffic():
                    for _ in range(5):
                        assert server.post("/decide", row)[0] == 200
                    server.post("/decide", dict(row, injury_claim="much"))
                    server.post("/decide", {})
                    server.post("/feedback", {"event_id": "x", "label": "fraud",
                                              "source": "analyst"})
                    return True

                def answered(query):
                    traffic()
                    data = prometheus.ask("query", query=query)
                    assert data is None or data["resultType"] in ("vector", "scalar"), query
                    return data and len(data["result"]) > 0

                wait_for(lambda: traffic() and prometheus.value(
                    'assay_alarm_value{alarm="drift",subject="injury_claim"}') == 0.5, 30)
                asked = list(queries(cwd))
                assert len(asked) > 30, len(asked)
                for title, query in asked:
                    if title in EMPTY:
                        data = prometheus.ask("query", query=query)
                        assert data["result"] == [], (title, data)
                    else:
                        wait_for(lambda query=query: answered(query), 30)
                drift = prometheus.ask("query", query=dict(asked)["Drift by feature"])["result"]
                assert [(one["metric"]["subject"], float(one["value"][1])) for one in drift] == [
                    ("injury_claim", 0.5), ("customer_age", 0.01)], drift
                accuracy = dict(asked)["Accuracy"]
                assert prometheus.value(accuracy) == 0.4

                def evaluated():
                    groups = prometheus.ask("rules")["groups"]
                    rules = [rule for group in groups for rule in group["rules"]]
                    return len(rules) == len(alerts(cwd)) and all(
                        rule["health"] == "ok" for rule in rules) and rules
                wait_for(evaluated, 90)
                firing = {rule["name"]: rule for rule in evaluated() if rule["state"] == "firing"}
                assert "AssayDrift" in firing, firing
                assert [a["labels"]["subject"] for a in firing["AssayDrift"]["alerts"]] == [
                    "injury_claim"], firing
                said = firing["AssayDrift"]["alerts"][0]["annotations"]
                assert said["summary"] == "A column has drifted: injury_claim", said


if __name__ == "__main__":
    main()
