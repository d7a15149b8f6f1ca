"""The model in force changes while requests run: none is lost, none is mixed, a bad one is refused."""
import http.client
import json
import os
import sqlite3
import threading
import time

from harness import SOAK, assay, directory, main, read, test, write
from live import record, trained, typed, version_served, wait_for
from server import Server


class Client(threading.Thread):
    """Asks /decide again and again; notes (status, bundle of the head, bundle of the body, score)."""

    def __init__(self, server, body):
        super().__init__()
        self.server, self.body, self.stop, self.seen, self.lost = server, body, False, [], []

    def run(self):
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=30)
        while not self.stop:
            try:
                connection.request("POST", "/decide", self.body,
                                   {"Content-Type": "application/json"})
                answer = connection.getresponse()
                said = json.loads(answer.read())
                self.seen.append((answer.status, answer.getheader("X-Assay-Bundle"),
                                  said["model"]["sha256"], said["decisions"][0]["score"]))
            except (OSError, http.client.HTTPException, KeyError) as why:
                self.lost.append(repr(why))
                connection.close()
        connection.close()


@test
def promotions_and_rollbacks_under_load_lose_and_mix_nothing():
    with directory() as cwd:
        trained(cwd, 2)
        with Server(cwd, "--workers", "2") as server:
            body = json.dumps(typed(server, record(cwd)))
            clients = [Client(server, body) for _ in range(4)]
            for client in clients:
                client.start()
            for turn in range(40 if SOAK else 6):
                before = version_served(server)
                assay("models", "promote", 1 + turn % 2, cwd=cwd)
                wait_for(lambda before=before: version_served(server) != before)
            for client in clients:
                client.stop = True
            for client in clients:
                client.join()
        seen = [answer for client in clients for answer in client.seen]
        assert not [why for client in clients for why in client.lost]
        assert {status for status, *_ in seen} == {200}
        scores = {}
        for _, head, said, score in seen:
            assert head == said
            scores.setdefault(head, set()).add(score)
        assert len(scores) == 2, scores
        assert all(len(found) == 1 for found in scores.values()), scores
        assert len(set.union(*scores.values())) == 2, scores


@test
def a_bundle_that_fails_its_self_test_is_refused_and_the_old_one_goes_on():
    with directory() as cwd:
        trained(cwd, 2)
        assay("models", "promote", 1, cwd=cwd)
        with Server(cwd) as server:
            served = version_served(server)
            folder = os.path.join(cwd, ".assay", "bundles")
            words = assay("models", "list", cwd=cwd).text.splitlines()[2].split()
            path = [os.path.join(folder, name) for name in os.listdir(folder)
                    if any(len(word) == 12 and name.startswith(word) for word in words)][0]
            whole = open(path, "rb").read()
            with open(path, "r+b") as file:
                file.seek(len(whole) // 2)
                file.write(bytes([whole[len(whole) // 2] ^ 1]))
            refused = assay("models", "promote", 2, cwd=cwd, status=9).said
            assert "seal is broken" in refused, refused
            books = sqlite3.connect(os.path.join(cwd, ".assay", "assay.db"))  # past every check
            with books:
                books.execute("update alias set number = 2 where name = 'champion'")
            books.close()
            wait_for(lambda: "model_not_changed" in open(server.log, encoding="utf-8").read())
            assert version_served(server) == served
            status, _, text = server.ask("POST", "/reload")
            assert status == 500 and "error" in json.loads(text), (status, text)
            assert server.get("/readyz")[0] == 200
            time.sleep(0.3)
            told = open(server.log, encoding="utf-8").read().count("model_not_changed")
            assert told == 1, told
            with open(path, "wb") as file:
                file.write(whole)
            wait_for(lambda: version_served(server) != served)
            with open(server.log, encoding="utf-8") as log:
                changes = [said for said in map(json.loads, log) if said["event"] == "model_changed"]
            assert [(said["from"], said["version"]) for said in changes] == \
                [(served, version_served(server))], changes


@test
def a_reload_looks_at_the_registry_at_once_and_answers_with_the_f1():
    with directory() as cwd:
        trained(cwd, 2)
        assay("models", "promote", 1, cwd=cwd)
        write(cwd, "assay.yaml", read(cwd, "assay.yaml").replace("watch_ms: 50", "watch_ms: 0"))
        with Server(cwd) as server:
            before = version_served(server)
            assay("models", "promote", 2, cwd=cwd)
            time.sleep(0.3)
            assert version_served(server) == before
            status, _, text = server.ask("POST", "/reload")
            said = json.loads(text)
            assert status == 200 and 0 <= said["f1"] <= 1, text
            assert said["model_version"] == version_served(server) != before, text
        with Server(cwd, "--model", "1") as server:
            assert server.ask("POST", "/reload")[0] == 409


@test
def a_policy_of_two_lines_approves_reviews_and_declines():
    with directory() as cwd:
        trained(cwd, 1, "decision:\n  review: 0.02\n  decline: 0.5\n")
        with Server(cwd) as server:
            row = typed(server, record(cwd))
            quiet = {**row, "num_claims_past_year": 0, "num_insurers_past_5_years": 1}
            loud = {**row, "num_claims_past_year": 5, "num_insurers_past_5_years": 5,
                    "months_as_customer": 1, "injury_claim": 90000, "total_claim_amount": 190000}
            for asked in (quiet, row, loud):
                said = server.post("/decide", asked)[1]["decisions"][0]
                wanted = ("decline" if said["score"] >= 0.5 else
                          "review" if said["score"] >= 0.02 else "approve")
                assert said["outcome"] == wanted and 0 <= said["percentile"] <= 100, said
        for settings, why in ((("decision.review=0.9", "decision.decline=0.5"), "below decision.review"),
                              (("decision.decline=often",), "'never' or a score"),
                              (("decision.review=1.5",), "'threshold' or a score"),
                              (("decision.outcome=cost",), "set evaluation.cost.*")):
            words = [word for setting in settings for word in ("--set", setting)]
            refused = assay("train", *words, cwd=cwd, status=3).said
            assert why in refused, refused


main()
