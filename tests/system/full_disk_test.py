"""A server whose journal cannot be written: on a disk that is full, and where files may not grow."""
import http.client
import json
import os
import re
import resource
import shutil
import subprocess
import threading
import time

from harness import Skip, assay, directory, main, test
from live import record, trained, typed, wait_for
from server import Server
from tiny import tiny_champion


class Limit:
    """The server's files may not grow, as `ulimit -f` says."""

    def __init__(self, cwd):
        self.dir = os.path.join(cwd, "kept")

    def fill(self, server):
        pid, largest = server.process.pid, 0
        for name in os.listdir(self.dir):
            largest = max(largest, os.path.getsize(os.path.join(self.dir, name)))
        hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest, hard))

    def empty(self, server):
        hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))

    def close(self):
        pass


class Disk:
    """A file system of four megabytes, and a file that takes all the room."""

    def __init__(self, cwd):
        self.dir = os.path.join(cwd, "kept")
        os.mkdir(self.dir)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", self.dir],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Skip("a file system cannot be mounted here: " + done.stderr.strip()[:80])

    def fill(self, _):
        try:
            with open(os.path.join(self.dir, "filler"), "wb", buffering=0) as file:
                while file.write(bytes(4096)):
                    pass
        except OSError:
            pass

    def empty(self, _):
        os.remove(os.path.join(self.dir, "filler"))

    def close(self):
        subprocess.run(["umount", self.dir], check=True)


class Asked(threading.Thread):
    """One request on a connection of its own."""

    def __init__(self, server, body):
        super().__init__()
        self.server, self.body, self.status = server, body, None
        self.start()

    def run(self):
        open_ = http.client.HTTPConnection(self.server.host, self.server.port, timeout=30)
        open_.request("POST", "/decide", self.body, {"Content-Type": "application/json"})
        answer = open_.getresponse()
        self.text = answer.read().decode()
        self.retry_after = answer.getheader("Retry-After")
        self.id = answer.getheader("X-Assay-Decision")
        self.status = answer.status
        open_.close()

    def end(self, seconds=30):
        self.join(seconds)
        assert self.status is not None, "no answer"
        return self


def figure(server, name):
    return float(re.search(rf"^{name} (\S+)$", server.get("/metrics")[2], re.M).group(1))


def ready(server):
    return server.get("/readyz")[0]


def ids_kept(cwd):
    return [json.loads(line)["id"] for line in assay("log", "export", cwd=cwd).text.splitlines()]


def serve_until_full(cwd, room, server, body):
    """Some decisions, and then no room: those asked before the server notices are returned too."""
    asked = [Asked(server, body).end() for _ in range(5)]
    assert {one.status for one in asked} == {200}, asked[0].text
    assert figure(server, "assay_journal_stalled") == 0 and ready(server) == 200
    wait_for(lambda: figure(server, "assay_journal_lag_seconds") == 0)
    room.fill(server)
    until = time.monotonic() + 20
    while figure(server, "assay_journal_stalled") == 0:
        assert time.monotonic() < until, "it was never full"
        asked.append(Asked(server, body))
        time.sleep(0.05)
    assert server.get("/livez")[0] == 200
    return asked


def try_it(room_of, durability, settings, when_full, *arguments):
    """when_full(server, body) is what the full server is asked; the rest is the same for all."""
    with directory() as cwd:
        trained(cwd, 1, f"journal:\n  durability: {durability}\n  free_bytes_min: 0\n  dir: kept\n"
                f"  segment_bytes: 4096\n  segment_seconds: 3600\n{settings}")
        room = room_of(cwd)
        try:
            with Server(cwd, *arguments) as server:
                body = json.dumps(typed(server, record(cwd)))
                asked = serve_until_full(cwd, room, server, body)
                when_full(server, body)
                room.empty(server)
                wait_for(lambda: figure(server, "assay_journal_stalled") == 0)
                assert ready(server) == 200
                after = [Asked(server, body).end() for _ in range(5)]
                assert {one.status for one in after} == {200}, after[0].text
                asked = [one.end() for one in asked] + after
            assert server.status == 0, open(server.log, encoding="utf-8").read()
            kept = ids_kept(cwd)
            assert len(kept) == len(set(kept))
            if "drop" not in settings:  # one that came when it was full already says so
                told = [one for one in asked if one.status == 200 and one.id is not None]
                assert len(told) >= 10 and {one.id for one in told} <= set(kept), len(told)
        finally:
            room.close()


def refuses(server, body):
    assert ready(server) == 503 and "journal" in server.get("/readyz")[2]
    for _ in range(5):
        one = Asked(server, body).end()
        assert one.status == 503 and one.retry_after == "1", (one.status, one.text)
        assert one.id is None and "cannot be written" in one.text, one.text


def falls_back(server, body):
    assert ready(server) == 200
    before = figure(server, "assay_fallbacks_total")
    one = Asked(server, body).end()
    assert one.status == 200 and '"review"' in one.text and one.id is None, one.text
    assert figure(server, "assay_fallbacks_total") == before + 1


def drops(server, body):
    assert ready(server) == 200
    before = figure(server, "assay_journal_dropped_total")
    for _ in range(5):
        assert Asked(server, body).end().status == 200
    assert figure(server, "assay_journal_dropped_total") == before + 5


@test
def a_server_whose_journal_may_not_grow_refuses_and_goes_on_when_it_may():
    try_it(Limit, "write", "", refuses)


@test
def what_waits_for_the_disk_while_it_fills_is_answered_when_there_is_room():
    try_it(Limit, "fsync", "", refuses)


@test
def a_declared_fallback_answers_while_nothing_can_be_kept():
    try_it(Limit, "write", "", falls_back, "--set", "serve.fallback=review")


@test
def a_server_that_may_drop_answers_and_counts_what_it_does_not_keep():
    try_it(Limit, "write", "  when_full: drop\n", drops)


@test
def a_full_disk_under_fsync_loses_nothing_that_was_answered():
    try_it(Disk, "fsync", "", refuses)


@test
def a_full_disk_is_told_by_drops_as_well():
    try_it(Disk, "interval", "  when_full: drop\n", drops)


@test
def commands_on_a_full_disk_say_so_and_leave_nothing_half_written():
    with directory() as cwd:
        tiny_champion(cwd)
        disk = Disk(cwd)
        try:
            shutil.copytree(os.path.join(cwd, ".assay"), os.path.join(disk.dir, ".assay"))
            disk.fill(None)
            before = sorted(os.listdir(disk.dir))
            for command in (("models", "list"), ("keys", "new", "k.pem"),
                            ("models", "export", "1", "--project", cwd, "--out", "m.assay")):
                done = assay(*command, cwd=disk.dir, status=7)
                assert "No space left on device" in done.said, done.said
                assert sorted(os.listdir(disk.dir)) == before, os.listdir(disk.dir)
        finally:
            disk.close()


if __name__ == "__main__":
    main()
