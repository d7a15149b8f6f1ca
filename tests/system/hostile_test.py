"""Clients that mean harm, while others ask and the journal makes each answer wait for the disk: memory
is bounded, and every other client gets its right answer in good time."""
import atexit
import re
import resource
import shutil
import socket
import struct
import tempfile
import threading
import time

from harness import MODE, SOAK, Skip, main, read, test
from live import trained, wait_for
from load import Load, is_kept_once
from server import Server

MADE = {}
MEGABYTE = 1 << 20


def project():
    """The claims and their load, made once."""
    if not MADE:
        cwd = tempfile.mkdtemp(prefix="assay-test-")
        atexit.register(shutil.rmtree, cwd, ignore_errors=True)
        trained(cwd, 1, "journal:\n  durability: fsync\n  segment_seconds: 1\n")
        MADE["load"] = Load(cwd, 1)
    return MADE["load"]


def resident(server):
    """Kilobytes of memory the server holds."""
    return int(re.search(r"VmRSS:\s+(\d+)", read(f"/proc/{server.process.pid}/status")).group(1))


def besieged(attack, grown_max_kb, slow_ms=250):
    """attack(server, body) runs while eight others ask; most memory is looked at all the while."""
    load = project()
    body = read(load.bodies).splitlines()[0]
    with Server(load.cwd, "--workers", "2") as server:
        load.begin(server.port, clients=8, seconds=60, count=2000)
        load.end()
        before, most, over = resident(server), [0], threading.Event()

        def watch():
            while not over.wait(0.02):
                most[0] = max(most[0], resident(server))
        watcher = threading.Thread(target=watch)
        watcher.start()
        load.begin(server.port, clients=8, seconds=600)
        time.sleep(0.2)
        try:
            attack(server, body)
        finally:
            load.process.terminate()
            over.set()
            watcher.join()
            seen = load.end()
        assert server.get("/livez")[0] == 200
    assert server.status == 0
    assert seen["answered"] > 100, seen
    print(f"# {seen['answered']} answers, p99 {seen['p99_ms']} ms, worst {seen['worst_ms']} ms, "
          f"{most[0] - before} KB more")
    if MODE in ("dev", "release"):
        assert most[0] - before < grown_max_kb, (before, most[0])
        assert seen["p99_ms"] < slow_ms, seen
    return seen


def connected(server):
    return socket.create_connection((server.host, server.port), timeout=30)


def all_of(client):
    """What comes until the server closes or cuts."""
    found = b""
    try:
        while more := client.recv(65536):
            found += more
    except ConnectionError:
        pass
    return found


def post(body, more=""):
    return (f"POST /decide HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{more}"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


def statuses(text):
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", text)]


def reset(client):
    """Closed so that the server sees a reset."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@test
def heads_and_bodies_that_trickle_are_cut_at_their_deadline():
    def attack(server, body):
        slow = [connected(server) for _ in range(100)]
        for client in slow[:50]:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        for client in slow[50:]:
            client.sendall(post(body)[:-len(body)])
        begun = time.monotonic()
        cut = 0
        while cut < len(slow) and time.monotonic() < begun + 20:
            cut = 0
            for number, client in enumerate(slow):
                try:
                    client.send(b"x: y\r\n" if number < 50 else b" ")
                except OSError:
                    cut += 1
            time.sleep(0.25)
        assert cut == len(slow), cut
        assert 4 < time.monotonic() - begun < 16, time.monotonic() - begun
        for client in slow:
            client.close()
    besieged(attack, 8000)


@test
def a_crowd_that_says_nothing_costs_little():
    count = 10000 if SOAK else 2000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count + 500:
        raise Skip(f"only {hard} files may be open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def attack(server, _):
        crowd = [connected(server) for _ in range(count)]
        time.sleep(1)
        for client in crowd:
            client.close()
    besieged(attack, count * 8 + 4000, 400)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@test
def a_gigabyte_is_refused_before_it_comes_and_what_comes_of_it_is_dropped():
    def attack(server, _):
        for number in range(40):
            client = connected(server)
            client.sendall(b"POST /decide HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                           b"Content-Length: 1073741824\r\n\r\n")
            if number % 2 == 0:
                try:
                    for _ in range(32):
                        client.sendall(bytes(MEGABYTE))
                except OSError:
                    pass
            else:
                assert statuses(all_of(client)) == [413]
            client.close()
    besieged(attack, 16000)


@test
def bodies_that_are_allowed_but_large_come_back_to_the_system():
    def attack(server, _):
        before = resident(server)
        crowd = [connected(server) for _ in range(12)]
        for client in crowd:
            client.sendall(b"POST /decide HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                           b"Content-Length: 6000000\r\n\r\n" + b"[" * 5999999)
        time.sleep(0.5)
        assert MODE not in ("dev", "release") or resident(server) > before + 40000
        for client in crowd:
            reset(client)
        if MODE in ("dev", "release"):
            wait_for(lambda: resident(server) < before + 12000)
    besieged(attack, 12 * 6000 + 40000)


@test
def chunk_bombs_end_at_the_ceiling():
    head = (b"POST /decide HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
    bombs = {
        b"1\r\nx\r\n" * 1000000 + b"0\r\n\r\n": {400},  # six bytes for each one
        b"ffffffff\r\n": {413},
        b"fffffffffffffffff\r\n": {400},
        b"0" * 8000000: {400},
        b"5;" + b"a" * 200000: {400},
        b"700000\r\n" + b"x" * 0x700000 + b"\r\n": {413},
    }

    def attack(server, _):
        for bomb, wanted in bombs.items():
            client = connected(server)
            try:
                client.sendall(head + bomb)
            except OSError:
                pass
            got = statuses(all_of(client))
            client.close()
            assert len(got) <= 1 and set(got) <= wanted, (bomb[:20], got)
    besieged(attack, 40000)


@test
def floods_of_fields_and_long_lines_are_refused():
    floods = [b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 10000 + b"\r\n",
              b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * MEGABYTE + b"\r\n\r\n",
              b"GET /" + b"a" * MEGABYTE + b" HTTP/1.1\r\nHost: x\r\n\r\n",
              b"G" * MEGABYTE]

    def attack(server, _):
        for flood in floods * 5:
            client = connected(server)
            try:
                client.sendall(flood)
            except OSError:
                pass
            got = statuses(all_of(client))
            client.close()
            assert len(got) <= 1 and set(got) <= {400, 414, 431}, (flood[:20], got)
    besieged(attack, 8000)


@test
def what_is_smuggled_behind_a_doubtful_request_is_never_answered():
    behind = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    doubtful = [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 33\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nX: y\nContent-Length: 0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n X: folded\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\n\n",
        b"GET / HTTP/1.1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    ]

    def attack(server, _):
        for one in doubtful:
            client = connected(server)
            client.sendall(one + behind)
            got = statuses(all_of(client))
            client.close()
            assert got == [400], (one, got)
    besieged(attack, 8000)


@test
def a_thousand_requests_in_one_go_are_answered_in_order_and_who_does_not_read_is_not_read():
    def attack(server, body):
        deaf = []
        for _ in range(2):  # these never take an answer
            client = connected(server)
            deaf.append(client)
            client.settimeout(0.3)
            try:
                for _ in range(200):
                    client.sendall(post(body) * 100)
                raise AssertionError("a client that reads nothing was read without end")
            except TimeoutError:
                pass
        client, count = connected(server), 1000
        sender = threading.Thread(target=client.sendall, args=(b"".join(
            post(body, f"X-Request-ID: r-{n}\r\n") for n in range(count)),))
        sender.start()
        found = b""
        while found.count(b"HTTP/1.1 200 OK") < count or not found.endswith(b"}"):
            more = client.recv(65536)
            assert more, found[-300:]
            found += more
        sender.join()
        said = re.findall(rb"X-Request-ID: r-(\d+)\r\n", found)
        assert [int(n) for n in said] == list(range(count)), said[:10]
        client.close()
        for client in deaf:
            reset(client)
    besieged(attack, 30000)


@test
def clients_that_leave_while_their_answer_waits_for_the_disk_are_let_go():
    def attack(server, body):
        for turn in range(300 if not SOAK else 3000):
            client = connected(server)
            if turn % 3 == 2:  # with more behind the one that waits
                client.sendall(post(body) * 5 + b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            else:
                client.sendall(post(body))
            if turn % 2 == 0:
                reset(client)
            else:
                client.shutdown(socket.SHUT_WR)
                got = statuses(all_of(client))
                assert got and set(got) == {200}, got
                assert len(got) == (6 if turn % 3 == 2 else 1), got
                client.close()
    besieged(attack, 8000)


@test
def after_all_this_everything_answered_is_kept_once():
    load = project()
    if not load.ids:
        raise Skip("nothing was asked")
    is_kept_once(load, 1 << 30)


if __name__ == "__main__":
    main()
