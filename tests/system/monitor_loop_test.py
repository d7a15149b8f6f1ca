"""The whole loop, unattended, on a generated stream: drift, alarm, retraining, gate, canary, the new
champion; with poisoned labels it stops, and the audit log tells the story."""
import http.client
import json
import os
import signal
import sqlite3
import subprocess
import threading
import time

from harness import ASSAY, assay, directory, main, read, test, write
from live import version_served, wait_for
from server import Server
from stream import COLUMNS, events, generated, put_past, request

DAYS, TURN = 90, 60  # the stream turns on day 60

YAML = f"""project: loop
data: {{file: past.csv, label: fraud}}
{COLUMNS}split: {{kind: time, column: timestamp, train: 0.6, validation: 0.15, delay_days: 1}}
model: {{rounds: 40, folds: 0, early_stopping: 0}}
evaluation: {{entity: customer_id}}
audit: {{trial: false}}
gate: [roc_auc >= 0.6]
serve: {{watch_ms: 100}}
journal: {{segment_seconds: 1}}
challenge: {{alert_volume: 1}}
canary: {{least_requests: 500, latency_ratio: 1000, alert_ratio: 100}}
monitor: {{drift: 2s, multivariate: never, bias: never, quality: never, performance: never, upkeep: never, rows_min: 500}}
retrain:
  newest_days: 28
  on: [drift, score_drift]
  cooldown_hours: 0
  canary_minutes: 0.02
  guard: {{labels_min: 100, times: 5, fraud_times: 20}}
"""


class Traffic(threading.Thread):
    """Payments to decide about, round and round; some of them are labelled a moment later."""

    def __init__(self, server, rows):
        super().__init__()
        self.open = http.client.HTTPConnection(server.host, server.port, timeout=30)
        self.rows, self.stop, self.label, self.bad = rows, False, True, None

    def post(self, path, value):
        self.open.request("POST", path, json.dumps(value), {"Content-Type": "application/json"})
        answer = self.open.getresponse()
        return answer.status, json.loads(answer.read())

    def run(self):
        at = 0
        while not self.stop and self.bad is None:
            at += 1
            status, got = self.post("/decide", request(self.rows[at % len(self.rows)]))
            if status == 200 and self.label and at % 50 == 0:
                label = {"event_id": got["decisions"][0]["id"], "label": "legit", "source": "analyst"}
                status, got = self.post("/feedback", label)
            if status not in (200, 202):
                self.bad = got
            time.sleep(0.002)  # the journal's mover keeps up, on a slow machine too


class Monitor:
    def __init__(self, cwd):
        self.cwd = cwd

    def __enter__(self):
        self.log = open(os.path.join(self.cwd, "monitor.log"), "wb")
        self.process = subprocess.Popen([ASSAY, "monitor"], cwd=self.cwd, stderr=self.log,
                                        stdout=self.log)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=60)
        self.log.close()
        assert status == 0, read(self.cwd, "monitor.log")


def wait_until(cwd, what, traffic):
    """As wait_for, and says what the monitor has seen when it does not come."""
    try:
        wait_for(lambda: what() or traffic.bad, 180)
    except AssertionError:
        log = read(cwd, "monitor.log").splitlines()
        raise AssertionError("\n".join(log[-30:])) from None
    assert traffic.bad is None, traffic.bad


def states(cwd):
    """Of the retrainings, newest first."""
    return [line.split()[2] for line in
            assay("monitor", "retrainings", cwd=cwd).text.splitlines()]


def labels(cwd, source):
    """Those in the database by now."""
    books = sqlite3.connect(os.path.join(cwd, ".assay", "assay.db"), timeout=10)
    count = books.execute("select count(*) from label where source = ?", (source,)).fetchone()[0]
    books.close()
    return count


@test
def a_stream_that_drifts_gets_a_new_champion_and_poisoned_labels_do_not():
    with directory() as cwd:
        rows = generated(cwd, 800, DAYS, "--drift",
                         f"covariate:column=amount,factor=3,from={TURN}",
                         "--drift", f"concept:share=0.06,fade=1,from={TURN}")
        turn = next(i for i, row in enumerate(rows) if row["timestamp"] >= "2025-03-02")
        write(cwd, "assay.yaml", YAML)
        put_past(cwd, rows[:turn])
        assay("train", cwd=cwd)
        with Server(cwd, "--workers", "2") as server, Monitor(cwd):
            first = version_served(server)
            traffic = Traffic(server, rows[turn:])
            put_past(cwd, rows)
            traffic.start()
            try:
                wait_until(cwd, lambda: "promoted" in states(cwd), traffic)
                wait_for(lambda: version_served(server) != first)
                # Now somebody floods the labels, and the stream turns back.
                traffic.label = False
                flood = [{"event_id": f"never-{i}", "label": "fraud", "source": "customer"}
                         for i in range(400)]
                status, got = server.post("/feedback", flood)
                assert status == 202, got
                wait_for(lambda: labels(cwd, "customer") == 400, 60)
                traffic.rows = rows[:turn]
                wait_until(cwd, lambda: states(cwd)[0] == "quarantined", traffic)
            finally:
                traffic.stop = True
                traffic.join()
            second = version_served(server)
            count = len(states(cwd))
            told = assay("monitor", "retrainings", cwd=cwd).text
            assert "told 400 labels" in told, told
            time.sleep(3)
            assert states(cwd)[0] == "quarantined" and len(states(cwd)) == count
            assert version_served(server) == second
        story = [action for action, _, _ in events(cwd)]
        for before, after in (("retrain begin", "retrain canary"),
                              ("retrain canary", "experiment promote"),
                              ("retrain promoted", "retrain quarantined")):
            assert story.index(before) < story.index(after), story
        assert assay("audit", "verify", cwd=cwd).text


if __name__ == "__main__":
    main()
