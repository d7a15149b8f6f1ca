"""Under load: models change, clients are cut, servers are killed and restarted; nothing answered is
wrong, lost or there twice. Small counts in `make test`, full ones with ASSAY_SOAK."""
import os
import random
import re
import signal
import threading
import time

from harness import MODE, SOAK, assay, directory, main, read, test, write
from live import trained
from load import Load, is_kept_once, replayed
from server import Server


def resident(server):
    """Kilobytes of memory the server holds."""
    return int(re.search(r"VmRSS:\s+(\d+)", read(f"/proc/{server.process.pid}/status")).group(1))


class Mover(threading.Thread):
    """Promotes and rolls back in turn, every so often."""

    def __init__(self, cwd, every_s):
        super().__init__()
        self.cwd, self.every_s, self.stop, self.moves = cwd, every_s, threading.Event(), 0

    def run(self):
        words = (("promote", 1), ("rollback", "--comment", "it is time"))
        while not self.stop.wait(self.every_s):
            assay("models", *words[self.moves % 2], cwd=self.cwd)
            self.moves += 1


@test
def models_change_and_clients_are_cut_and_every_answer_is_right_and_kept_once():
    with directory() as cwd:
        trained(cwd, 2, "journal:\n  segment_seconds: 1\n  segment_bytes: 4000000\n")
        load = Load(cwd, 2)
        assay("models", "promote", 2, cwd=cwd)
        with Server(cwd, "--workers", "2") as server:
            load.begin(server.port, clients=16, seconds=60, count=20000, cut=100)
            warm = load.end()
            warm_kb = resident(server)
            mover = Mover(cwd, 2 if SOAK else 0.4)
            mover.start()
            if SOAK:
                load.begin(server.port, clients=16, seconds=7200, count=10000000, cut=100)
            else:
                load.begin(server.port, clients=16, seconds=4, cut=50)
            seen = load.end()
            mover.stop.set()
            mover.join()
            grown_kb = resident(server) - warm_kb
            status, page = server.get("/metrics")[0], server.get("/metrics")[2]
        assert status == 200 and not re.search(r'_total\{[^}]*code="5', page), page
        assert mover.moves >= (2 if MODE in ("dev", "release") else 1) and seen["cuts"] > 20, (mover.moves, seen)
        kept = is_kept_once(load, warm["cuts"] + seen["cuts"])
        if not SOAK:
            replayed(cwd, kept)
        if MODE in ("dev", "release"):
            print(f"# {warm_kb} KB of memory, {grown_kb} more after {seen['answered']} answers")
            assert grown_kb < 16000, (warm_kb, grown_kb)


def bodies(load):
    return read(load.bodies).splitlines()


def ask_again(server, load, lost):
    """What a killed server did not answer is asked again, twice, by its key: one decision, its id the
    key."""
    with open(os.path.join(load.cwd, "ids-again"), "a", encoding="utf-8") as ids:
        for line in read(lost).splitlines():
            key, number = line.split()
            told = set()
            for _ in range(2):
                server.open.request("POST", "/decide", bodies(load)[int(number)],
                                    {"Content-Type": "application/json", "Idempotency-Key": key})
                answer = server.open.getresponse()
                told.add(answer.read())
                assert answer.status == 200, told
                assert answer.getheader("X-Assay-Decision", key) == key
            assert len(told) == 1, told
            ids.write(key + "\n")


@test
def a_killed_server_loses_and_doubles_nothing_and_is_back_soon():
    with directory() as cwd:
        trained(cwd, 1, "journal:\n  durability: fsync\n  segment_seconds: 1\n")
        load, lost, slowest = Load(cwd, 1), os.path.join(cwd, "lost"), 0
        unanswered = answered = 0
        write(cwd, "lost", "")
        load.ids.append(write(cwd, "ids-again", ""))
        for turn in range(51 if SOAK else 4):
            begun = time.monotonic()
            with Server(cwd) as server:
                slowest = max(slowest, time.monotonic() - begun)
                assert server.get("/readyz")[0] == 200
                ask_again(server, load, lost)
                load.begin(server.port, clients=8, seconds=60, keys=f"k{turn}", lost=lost)
                time.sleep(random.uniform(0.1, 1.2))
                server.process.send_signal(signal.SIGKILL)
                server.process.wait()
                answered += load.end()["answered"]
                unanswered += len(read(lost).splitlines())
        with Server(cwd) as server:
            ask_again(server, load, lost)
        assert answered > 1000 and unanswered > 4, (answered, unanswered)
        kept = is_kept_once(load, 0)
        assert kept == answered + unanswered, (kept, answered, unanswered)
        print(f"# the slowest of {turn + 1} starts took {slowest:.2f} s")
        assert not SOAK or slowest < 1, slowest


@test
def a_server_that_is_restarted_under_load_fails_no_request():
    with directory() as cwd:
        trained(cwd, 1, "journal:\n  durability: fsync\n  segment_seconds: 1\n")
        load, port, restarts = Load(cwd, 1), 0, 100 if SOAK else 10
        for turn in range(restarts + 1):
            with Server(cwd, port=port) as server:
                if turn == 0:
                    port = server.port
                    load.begin(port, clients=8, seconds=restarts * 20)
                time.sleep(random.uniform(0.1, 0.4))
                if turn == restarts:
                    load.process.send_signal(signal.SIGTERM)
                    seen = load.end()
            assert server.status == 0
        assert seen["answered"] > restarts * 50, seen
        is_kept_once(load, 0)


if __name__ == "__main__":
    main()
