"""Experiments from start to verdict: entities stay where they are, canaries go on or back."""
import json
import os
import sqlite3
import threading
import time

from harness import assay, directory, main, test
from live import record, trained, typed, version_served, wait_for
from server import Server

YAML = """evaluation:
  entity: policy_id
journal:
  segment_seconds: 1
canary:
  least_requests: 20
"""


def project(cwd, versions=2):
    trained(cwd, versions, YAML)
    assay("models", "promote", 1, cwd=cwd)


class Traffic(threading.Thread):
    """One decision after the other, each about another policy, until stopped."""

    def __init__(self, server, row):
        super().__init__()
        self.server, self.row, self.stop, self.seen = server, row, False, {}

    def run(self):
        number = 0
        while not self.stop:
            number += 1
            policy = f"p-{number % 400}"
            status, _, text = self.server.ask("POST", "/decide",
                                              json.dumps({**self.row, "policy_id": policy}))
            assert status == 200, text
            self.seen.setdefault(policy, set()).add(json.loads(text)["model"]["version"])


def experiment(cwd):
    books = sqlite3.connect(os.path.join(cwd, ".assay", "assay.db"), timeout=10)
    found = books.execute("select state, step, reason from experiment order by id desc").fetchone()
    books.close()
    return found


def set_kind(cwd, kind):
    books = sqlite3.connect(os.path.join(cwd, ".assay", "assay.db"), timeout=10)
    with books:
        books.execute("update experiment set kind = ?", (kind,))
    books.close()


@test
def an_ab_experiment_splits_by_entity_and_its_figures_come_from_the_journal():
    with directory() as cwd:
        project(cwd)
        with Server(cwd) as server:
            traffic = Traffic(server, typed(server, record(cwd)))
            assay("experiment", "start", "autumn", "--rival", "2", "--share", "0.4",
                  "--mature", "0s", cwd=cwd)
            time.sleep(0.5)
            traffic.start()
            wait_for(lambda: len(traffic.seen) >= 400, 60)
            time.sleep(0.5)
            traffic.stop = True
            traffic.join()
            assert all(len(versions) == 1 for versions in traffic.seen.values())
            rivals = sum(version_served(server) not in versions
                         for versions in traffic.seen.values())
            assert 120 < rivals < 200, rivals
            wait_for(lambda: f"{rivals:>10}" in assay("experiment", "status", cwd=cwd).text)
        said = assay("experiment", "status", "autumn", cwd=cwd).text
        assert "by policy_id" in said and "sample ratio: p " in said, said
        assert "no label has come" in said, said
        assay("experiment", "stop", "autumn", "--reason", "seen enough", cwd=cwd)
        assert "seen enough" in assay("experiment", "list", cwd=cwd).text
        assay("experiment", "stop", "autumn", cwd=cwd, status=5)
        story = assay("audit", "show", cwd=cwd).text
        assert "experiment start" in story and "experiment stop" in story, story


@test
def a_canary_that_does_as_the_champion_does_becomes_it():
    with directory() as cwd:
        project(cwd)
        with Server(cwd) as server:
            traffic = Traffic(server, typed(server, record(cwd)))
            before = version_served(server)
            traffic.start()
            assay("experiment", "start", "c", "--rival", "2", "--kind", "canary", "--share",
                  "0.2,0.5,0.9", "--bake", "1s", "--promote", cwd=cwd)
            try:
                wait_for(lambda: experiment(cwd)[0] != "running", 60)
                assert experiment(cwd)[0] == "promoted", experiment(cwd)
            finally:
                traffic.stop = True
                traffic.join()
            wait_for(lambda: version_served(server) != before)
        story = assay("audit", "show", cwd=cwd).text
        assert story.count("experiment step") == 2 and "canary c has baked" in story, story


@test
def a_canary_whose_rival_alerts_otherwise_goes_back_by_itself():
    with directory() as cwd:
        project(cwd)
        assay("train", "--set", "model.rounds=9", "--set", "model.folds=0", "--set",
              "model.early_stopping=0", "--set", "challenge.mode=off", "--set", "audit.trial=false",
              "--set", "decision.threshold=0", cwd=cwd)
        assay("models", "promote", 1, cwd=cwd)
        with Server(cwd) as server:
            row = typed(server, record(cwd))
            traffic = Traffic(server, row)
            outcome = server.post("/decide", row)[1]["decisions"][0]["outcome"]
            assert outcome == "approve", outcome
            traffic.start()
            assay("experiment", "start", "c", "--rival", "3", "--kind", "canary", "--share",
                  "0.2,1", "--bake", "30s", "--promote", cwd=cwd)
            try:
                wait_for(lambda: experiment(cwd)[0] != "running", 60)
            finally:
                traffic.stop = True
                traffic.join()
            state, _, reason = experiment(cwd)
            assert state == "rolled_back" and "the rival alerts on 100.00 %" in reason, reason


@test
def a_canary_of_everybody_is_judged_by_its_failures_where_no_champion_was_seen():
    with directory() as cwd:
        project(cwd)
        with Server(cwd) as server:
            traffic = Traffic(server, typed(server, record(cwd)))
            assay("experiment", "start", "c", "--rival", "2", "--kind", "canary", "--share", "1",
                  "--bake", "1s", "--promote", cwd=cwd)
            time.sleep(1)
            traffic.start()
            try:
                wait_for(lambda: experiment(cwd)[0] != "running", 60)
            finally:
                traffic.stop = True
                traffic.join()
            assert experiment(cwd)[0] == "promoted", experiment(cwd)


@test
def a_canary_whose_rival_was_promoted_by_hand_is_over():
    with directory() as cwd:
        project(cwd)
        with Server(cwd):
            assay("experiment", "start", "c", "--rival", "2", "--kind", "canary", "--bake", "1h",
                  "--promote", cwd=cwd)
            time.sleep(2)
            assay("models", "promote", 2, cwd=cwd)
            wait_for(lambda: experiment(cwd)[0] == "promoted", 20)


@test
def a_rival_is_promoted_beside_the_champion_that_it_was_judged_beside():
    with directory() as cwd:
        project(cwd, 3)
        assay("experiment", "start", "x", "--rival", "2", cwd=cwd)
        assert "is the champion now" not in assay("experiment", "status", cwd=cwd).text
        assay("models", "promote", 3, cwd=cwd)
        assert "version 3 is the champion now" in assay("experiment", "status", cwd=cwd).text
        assay("experiment", "promote", "x", cwd=cwd, status=5)
        assert experiment(cwd)[0] == "running"
        assay("models", "promote", 1, cwd=cwd)
        assay("experiment", "promote", "x", cwd=cwd)
        assert experiment(cwd)[0] == "promoted"


@test
def a_champion_that_came_while_the_experiment_could_not_be_read_comes_later():
    with directory() as cwd:
        project(cwd)
        with Server(cwd) as server:
            before = version_served(server)
            assay("experiment", "start", "x", "--rival", "2", "--kind", "shadow", cwd=cwd)
            time.sleep(1.5)
            set_kind(cwd, "sheep")
            assay("models", "promote", 2, cwd=cwd)
            time.sleep(2.5)
            assert version_served(server) == before
            set_kind(cwd, "shadow")
            wait_for(lambda: version_served(server) != before, 20)


@test
def what_makes_no_experiment_is_refused():
    with directory() as cwd:
        project(cwd)
        for words, said, status in (
                (("start", "x"), "--rival", 2),
                (("start", "x", "--rival", "1"), "is the champion", 3),
                (("start", "x", "--rival", "9"), "9", 4),
                (("start", "x", "--rival", "2", "--entity", "nowhere"), "'nowhere'", 3),
                (("start", "x", "--rival", "2", "--share", "0.1,0.2"), "one share", 2),
                (("start", "x", "--rival", "2", "--kind", "sheep"), "'sheep'", 2),
                (("start", "x", "--rival", "2", "--promote"), "--promote is a canary's", 2),
                (("status",), "no experiment yet", 4),
                (("promote", "x"), "'x'", 4)):
            done = assay("experiment", *words, cwd=cwd, status=status)
            assert said in done.said, (words, done.said)


main()
