"""The journal as people meet it: read, exported, replayed. Its segments are written here by a second
implementation of the format, from store/journal_record.h alone."""
import base64
import csv
import http.client
import io
import json
import os
import random
import signal
import sqlite3
import struct
import threading
import time

from harness import SOAK, assay, directory, main, test
from live import record, trained, typed, wait_for
from server import Server
from tiny import tiny_champion

NAN = float("nan")


def table():
    rows = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        rows.append(n)
    return rows


TABLE = table()


def crc32c(seed, data):
    crc = ~seed & 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return ~crc & 0xFFFFFFFF


def padded(data):
    return data + b"\0" * (-len(data) % 8)


def decision(number, **more):
    d = dict(id=f"id-{number}", at_us=1760000000000000 + number * 1000000, bundle=bytes(32),
             variant="champion", outcome="approve", fraud=0, margin=-1.5, score=0.25,
             probability=0.125, latency_us=17, client="checkout", entity=f"card-{number % 2}",
             amount=NAN, experiment="", row=[1.5, NAN, -3.0])
    d.update(more)
    texts = [d[k].encode() for k in
             ("id", "variant", "outcome", "client", "entity", "experiment")]
    body = struct.pack(f"<{len(d['row'])}f", *d["row"]) + b"".join(texts)
    size = len(padded(bytes(96) + body))
    head = struct.pack("<IIq32sddffIH6HHHH", size, len(d["row"]), d["at_us"], d["bundle"],
                       d["probability"], d["amount"], d["margin"], d["score"], d["latency_us"],
                       d["fraud"], *map(len, texts), 0, 0, 0)
    assert len(head) == 96
    return padded(head + body)


def request(*decisions):
    return 1, struct.pack("<II", len(decisions), 0) + b"".join(decisions)


def label(of, what, source, at_us):
    texts = [t.encode() for t in (of, what, source, "bank")]
    return 2, padded(struct.pack("<qqd4H", at_us, at_us // 1000, 80.5, *map(len, texts))
                     + b"".join(texts))


def segment(cwd, records, number=1, state="segment"):
    """A segment file; the records are pairs of kind and payload."""
    folder = os.path.join(cwd, ".assay", "journal")
    os.makedirs(folder, exist_ok=True)
    salt = 4711
    header = struct.pack("<8sIIQIIq24x", b"ASSAYJNL", 1, 0, number, salt, 0, 0)
    header = header[:12] + struct.pack("<I", crc32c(0, header)) + header[16:]
    data = header
    for ticket, (kind, payload) in enumerate(records, 1):
        rest = struct.pack("<IHHQq", 32 + len(payload), kind, 0, ticket, 0) + payload
        data += struct.pack("<II", 0x314C4E4A, crc32c(salt, rest)) + rest
    path = os.path.join(folder, f"{number:012x}-{number:016x}.{state}")
    with open(path, "wb") as file:
        file.write(data)
    return path


def exported(cwd, *arguments):
    return [json.loads(line) for line in
            assay("log", "export", *arguments, cwd=cwd).text.splitlines()]


@test
def a_segment_written_by_another_program_is_read_to_the_bit():
    with directory() as cwd:
        segment(cwd, [request(decision(1, score=0.1, margin=1e-7, probability=0.1, amount=12.34,
                                       outcome="decline", fraud=1, entity="näme",
                                       bundle=bytes(range(32)))),
                      request(decision(2), decision(3))])
        first, second, third = exported(cwd)
        assert first["id"] == "id-1" and first["is_fraud"] is True, first
        assert first["score"] == struct.unpack("<f", struct.pack("<f", 0.1))[0]
        assert first["margin"] == struct.unpack("<f", struct.pack("<f", 1e-7))[0]
        assert first["probability"] == 0.1 and first["amount"] == 12.34
        assert first["row"] == [1.5, None, -3.0] and first["entity"] == "näme"
        assert first["bundle"] == bytes(range(32)).hex() and first["latency_us"] == 17
        assert first["at"] == "2025-10-09T08:53:21.000Z", first["at"]
        assert (second["id"], third["id"]) == ("id-2", "id-3") and second["amount"] is None


@test
def the_newest_are_shown_and_one_with_all_that_was_said_of_it():
    with directory() as cwd:
        os.makedirs(os.path.join(cwd, ".assay"))
        assert assay("log", "show", cwd=cwd).text == ""
        segment(cwd, [request(decision(i)) for i in range(1, 61)]
                + [label("id-7", "fraud", "analyst", 1760000100000000),
                   label("id-8", "legit", "customer", 1760000100000000)])
        lines = assay("log", "show", cwd=cwd).text.splitlines()
        assert len(lines) == 51 and "id-11 " in lines[1] and "id-60 " in lines[50], lines[:2]
        lines = assay("log", "show", "--limit", 3, "--entity", "card-1", cwd=cwd).text.splitlines()
        assert [l.split()[1] for l in lines[1:]] == ["id-55", "id-57", "id-59"], lines
        said = assay("log", "show", "id-7", cwd=cwd).text
        assert "probability  0.125\n" in said and "row          1.5,,-3\n" in said, said
        assert said.count("label ") == 1 and "fraud, says analyst by bank, 80.5 lost" in said, said
        done = assay("log", "show", "id-99", cwd=cwd, status=4)
        assert "there is no decision 'id-99'" in done.said


@test
def questions_narrow_an_export():
    with directory() as cwd:
        segment(cwd, [request(decision(i, outcome="review" if i % 3 == 0 else "approve",
                                       client="shop" if i > 8 else "checkout"))
                      for i in range(1, 11)])
        ids = lambda *a: [int(d["id"][3:]) for d in exported(cwd, *a)]
        assert ids() == list(range(1, 11))
        assert ids("--outcome", "review") == [3, 6, 9]
        assert ids("--client", "shop") == [9, 10]
        assert ids("--since", "2025-10-09T08:53:24Z", "--until", "2025-10-09T08:53:27Z") == [4, 5, 6]
        assert ids("--variant", "shadow") == []
        done = assay("log", "export", "--since", "yesterday", cwd=cwd, status=2)
        assert "not 'yesterday'" in done.said
        done = assay("log", "export", "--format", "xml", cwd=cwd, status=2)
        assert "jsonl, csv or capture" in done.said


@test
def csv_quotes_what_needs_it():
    with directory() as cwd:
        segment(cwd, [request(decision(1, entity='a,"b"\nc'))])
        rows = list(csv.DictReader(io.StringIO(
            assay("log", "export", "--format", "csv", cwd=cwd).text)))
        assert len(rows) == 1 and rows[0]["entity"] == 'a,"b"\nc', rows
        assert rows[0]["row"] == "1.5 nan -3" and rows[0]["amount"] == "", rows


@test
def capture_files_lie_where_model_monitor_looks():
    with directory() as cwd:
        segment(cwd, [request(decision(i, variant="champion" if i % 2 else "shadow"))
                      for i in range(1, 5)])
        assay("log", "export", "--format", "capture", "--dir", "out", "--endpoint", "fraud-1",
              cwd=cwd)
        path = os.path.join(cwd, "out/fraud-1/champion/2025/10/09/08/assay.jsonl")
        with open(path, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        assert [l["eventMetadata"]["eventId"] for l in lines] == ["id-1", "id-3"]
        assert lines[0]["captureData"]["endpointInput"]["data"] == "1.5,,-3"
        assert lines[0]["eventMetadata"]["inferenceTime"] == "2025-10-09T08:53:21Z"
        done = assay("log", "export", "--dir", "out", cwd=cwd, status=2)
        assert "--format capture" in done.said


@test
def damage_is_told_and_what_is_whole_is_read():
    with directory() as cwd:
        path = segment(cwd, [request(decision(i)) for i in range(1, 6)])
        with open(path, "r+b") as file:
            file.seek(64 + 50)
            file.write(b"\xff\xff\xff")
        done = assay("log", "export", cwd=cwd)
        assert len(done.text.splitlines()) == 4
        assert "1 damaged places" in done.said and "from byte 64 on" in done.said, done.said


@test
def what_is_erased_is_gone_from_the_database_the_segments_and_the_audit_log():
    with directory() as cwd:
        segment(cwd, [request(decision(i)) for i in range(1, 11)])
        segment(cwd, [request(decision(i)) for i in range(11, 15)], number=2, state="open")
        assay("log", "erase", "--id", "nobody", cwd=cwd)  # moves what is sealed to the database
        with open(os.path.join(cwd, ".assay", "assay.db"), "rb") as file:
            assert b"card-1" in file.read()
        done = assay("log", "erase", "--entity", "card-1", cwd=cwd,
                     env={"ASSAY_ACTOR": "ann"}).text
        assert "1 segments are not moved yet" in done, done
        assert [d["id"] for d in exported(cwd)] == [f"id-{i}" for i in range(2, 15, 2)]
        done = assay("log", "erase", "--id", "id-2", cwd=cwd).text
        assert done.startswith("1 decisions, 0 labels and 0 answers erased"), done
        assert [d["id"] for d in exported(cwd)] == [f"id-{i}" for i in range(4, 15, 2)]
        events = assay("audit", "export", cwd=cwd).text
        assert events.count('"action":"erase"') == 3 and "card-1" not in events, events
        assert "id-2" not in events and '"actor":"ann"' in events, events
        assay("audit", "verify", cwd=cwd)
        names = os.listdir(os.path.join(cwd, ".assay", "journal"))
        assert [n.split(".")[1] for n in names] == ["open"], names
        with open(os.path.join(cwd, ".assay", "assay.db"), "rb") as file:
            assert b"card-1" not in file.read()
        assay("log", "erase", cwd=cwd, status=2)
        assay("log", "erase", "--id", "a", "--entity", "b", cwd=cwd, status=2)


@test
def a_replay_says_what_it_misses():
    with directory() as cwd:
        segment(cwd, [request(decision(1))])
        done = assay("replay", "id-1", cwd=cwd, status=4)
        assert "loading the bundle 000000000000" in done.said, done.said
        done = assay("replay", "id-2", cwd=cwd, status=4)
        assert "there is no decision 'id-2'" in done.said, done.said


def decide(server, row, policy):
    status, answer = server.post("/decide", {**row, "policy_id": policy})
    assert status == 200, answer
    return answer["decisions"][0]["id"]


@test
def the_log_of_a_server_says_where_its_journal_is_and_that_it_has_none():
    with directory() as cwd:
        tiny_champion(cwd)  # there is no assay.yaml
        for arguments, wanted in (((), None), (("--set", "journal.enabled=true"),
                                               os.path.join(".assay", "journal"))):
            with Server(cwd, *arguments) as server:
                with open(server.log, encoding="utf-8") as log:
                    said = json.loads(log.readline())
            assert said["event"] == "listening" and said["journal"] == wanted, said
        assert os.path.isdir(os.path.join(cwd, ".assay", "journal"))


@test
def decisions_that_were_served_are_replayed_bit_for_bit():
    with directory() as cwd:
        trained(cwd, 2, "journal:\n  segment_seconds: 1\nevaluation:\n  entity: policy_id\n")
        with Server(cwd) as server:
            row = typed(server, record(cwd))
            ids = [decide(server, {**row, "total_claim_amount": 100.5 * n}, f"p-{n % 3}")
                   for n in range(40)]
            decide(server, row, "p-9")  # before the other version can be in force
            assay("models", "promote", 1, cwd=cwd)
            wait_for(lambda: decide(server, row, "p-9") and len(
                {d["bundle"] for d in exported(cwd, "--entity", "p-9")}) == 2)
            books = os.path.join(cwd, ".assay", "assay.db")
            wait_for(lambda: sqlite3.connect(books, timeout=10).execute(
                "select count(*) from decision").fetchone()[0] >= 40)
            some = decide(server, row, "p-4")  # this one is in a segment
            said = assay("replay", some, cwd=cwd).text
            assert said.startswith(f"{some}: the same, bit for bit\n"), said
        decisions = exported(cwd)
        assert {d["id"] for d in decisions} >= set(ids) | {some}
        assert len({d["id"] for d in decisions}) == len(decisions)
        said = assay("replay", cwd=cwd).text
        count = len(decisions)
        assert f"{count} decisions replayed, {count} the same bit for bit, 0 not" in said, said
        with sqlite3.connect(books, timeout=10) as database:
            numbers = bytearray(base64.b64decode(database.execute(
                "select numbers from decision where id = ?", (ids[5],)).fetchone()[0]))
            numbers[0] ^= 1  # the last bit of the margin
            database.execute("update decision set numbers = ? where id = ?",
                             (base64.b64encode(numbers).decode(), ids[5]))
        done = assay("replay", cwd=cwd, status=9)
        assert f"{ids[5]}: not the same: margin" in done.text, done.text
        assert f"1 of {count} decisions are not reproduced, the first is {ids[5]}" in done.said


@test
def what_was_answered_under_fsync_is_there_after_a_kill():
    with directory() as cwd:
        trained(cwd, 1, "journal:\n  durability: fsync\n  segment_seconds: 1\n")
        answered, lock = [], threading.Lock()

        def client(server, row, number):
            mine = Server(server.cwd)
            mine.open = http.client.HTTPConnection(server.host, server.port, timeout=10)
            try:
                while True:
                    name = decide(mine, row, f"p-{number}")
                    with lock:
                        answered.append(name)
            except (OSError, http.client.HTTPException):
                pass  # it was killed

        row = None
        for _ in range(20 if SOAK else 4):
            with Server(cwd) as server:
                row = row or typed(server, record(cwd))
                clients = [threading.Thread(target=client, args=(server, row, n))
                           for n in range(4)]
                for each in clients:
                    each.start()
                time.sleep(random.uniform(0.2, 1.5))
                server.process.send_signal(signal.SIGKILL)
                server.process.wait()
                for each in clients:
                    each.join()
        begun = time.monotonic()
        with Server(cwd):
            assert time.monotonic() - begun < 5
        there = [d["id"] for d in exported(cwd)]
        assert len(there) == len(set(there))
        missing = set(answered) - set(there)
        assert len(answered) > 50 and not missing, (len(answered), sorted(missing)[:5])
        assay("replay", cwd=cwd)


if __name__ == "__main__":
    main()
