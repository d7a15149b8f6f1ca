"""The gateway with real clients: openssl, curl, Python's ssl; keys, certificates, rates, sockets."""
import json
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import threading
import time

from harness import ASSAY, assay, data, directory, main, read, test, write
from server import Server

CERTIFICATES = r"""
set -e
ec='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
authority() { openssl req -x509 $ec -keyout $1.key -out $1.pem -subj "/CN=$1" -days 30; }
signed() {
    openssl req $ec -keyout $1.key -out $1.csr -subj "/CN=$2"
    printf 'subjectAltName=%s\n' "$3" > $1.ext
    openssl x509 -req -in $1.csr -CA $5.pem -CAkey $5.key -CAcreateserial -days $4 -extfile $1.ext \
        -out $1.pem
}
authority ca; authority foreign
signed server localhost DNS:localhost,IP:127.0.0.1 30 ca
signed other localhost DNS:localhost,IP:127.0.0.1 30 ca
signed till till-7 DNS:till-7.bank.example 30 ca
signed nobody nobody DNS:nobody.example 30 ca
signed expired till-7 DNS:till-7.bank.example -1 ca
signed stranger till-7 DNS:till-7.bank.example 30 foreign
"""
MADE = {}


def certificates(cwd):
    """A CA, its certificates and another CA's, made once and copied."""
    if not MADE:
        with directory() as folder:
            subprocess.run(["sh", "-c", CERTIFICATES], cwd=folder, check=True, capture_output=True)
            for name in os.listdir(folder):
                if name.endswith((".pem", ".key")):
                    MADE[name] = read(folder, name)
    for name, text in MADE.items():
        write(cwd, name, text)


def model(cwd):
    """A champion, and a record that it scores."""
    assay("models", "import", data("models/system-a/booster.json"), "--features",
          data("models/system-a/feature_names.json"), "--champion", cwd=cwd)
    return read(data("models/system-a/request.json"))


def add(cwd, name, *options):
    """A client's key."""
    return assay("clients", "add", name, *options, cwd=cwd).text.strip()


def settings(**keys):
    return [word for key, value in keys.items() for word in ("--set", f"serve.{key}={value}")]


TLS = {"tls_certificate": "server.pem", "tls_key": "server.key"}


class Client:
    """HTTP over a socket of its own; raises what the socket raises."""

    def __init__(self, server, cwd=None, show=None, least=None, most=None, timeout=15):
        raw = socket.create_connection((server.host, server.port), timeout=timeout)
        self.socket = raw
        if cwd is not None:
            context = ssl.create_default_context(cafile=os.path.join(cwd, "ca.pem"))
            context.minimum_version = least or ssl.TLSVersion.TLSv1_2
            if most:
                context.maximum_version = most
            if show:
                context.load_cert_chain(os.path.join(cwd, show + ".pem"),
                                        os.path.join(cwd, show + ".key"))
            self.socket = context.wrap_socket(raw, server_hostname="localhost")
        self.bytes = b""

    def send(self, text):
        self.socket.sendall(text if isinstance(text, bytes) else text.encode())

    def reply(self):
        """(status, head, body); status 0 when the server closed first."""
        while b"\r\n\r\n" not in self.bytes:
            more = self.socket.recv(65536)
            if not more:
                return 0, "", ""
            self.bytes += more
        head, _, rest = self.bytes.partition(b"\r\n\r\n")
        size = re.search(rb"\r\nContent-Length: (\d+)", head)
        size = int(size.group(1)) if size else 0
        while len(rest) < size:
            more = self.socket.recv(65536)
            if not more:
                return 0, "", ""
            rest += more
        self.bytes = rest[size:]
        return int(head[9:12]), head.decode(), rest[:size].decode()

    def ask(self, method, path, body=None, **fields):
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        self.send("\r\n".join(lines) + "\r\n\r\n" + (body or ""))
        return self.reply()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def refused(make):
    """Whether a connection does not come to an answer."""
    try:
        with make() as client:
            return client.ask("GET", "/livez")[0] == 0
    except (ssl.SSLError, ConnectionError):
        return True


def until(claim, seconds=10):
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def routes(server, **fields):
    with Client(server) as client:
        status, _, body = client.ask("GET", "/", **fields)
        assert status == 200, body
        return [(one["method"], re.sub(r"\{\w+\}", "x", one["path"]))
                for one in json.loads(body)["endpoints"]]


# ---------------------------------------------------------------- keys

@test
def without_a_key_every_route_but_health_is_denied_and_each_scope_opens_its_own():
    with directory() as cwd:
        model(cwd)
        scopes = ["score", "read", "label", "metrics", "admin"]
        keys = {scope: add(cwd, "only-" + scope, "--scopes", scope) for scope in scopes}
        with Server(cwd, *settings(auth="keys")) as server:
            found = routes(server, X_API_Key=keys["read"])
            assert len(found) >= 10, found
            opened = dict.fromkeys(scopes, 0)
            with Client(server) as client:
                for method, path in found:
                    body = None if method == "GET" else "{}"
                    bare = client.ask(method, path, body)[0]
                    if path in ("/livez", "/readyz", "/ping", "/health", "/version") or bare != 401:
                        assert method == "GET" and bare not in (401, 403), (method, path, bare)
                        continue
                    assert client.ask(method, path, body, X_API_Key="assay_1_" + "0" * 64)[0] == 401
                    allowed = []
                    for scope in scopes:
                        if scope == "admin" and method != "GET":
                            continue  # it would do it
                        if client.ask(method, path, body, X_API_Key=keys[scope])[0] != 403:
                            allowed.append(scope)
                            opened[scope] += 1
                    assert len(allowed) <= 1, (method, path, allowed)
                assert opened["score"] >= 3 and opened["read"] >= 2 and opened["metrics"] == 1, opened
                assert client.ask("GET", "/nowhere")[0] == 401
                assert client.ask("GET", "/nowhere", X_API_Key=keys["label"])[0] == 404
                assert client.ask("OPTIONS", "/metrics")[0] == 401


@test
def keys_are_rotated_while_traffic_runs_and_no_request_fails():
    with directory() as cwd:
        record = model(cwd)
        keys = [add(cwd, "till-7", "--scopes", "score")]
        failures, asked, stop = [], [0], threading.Event()

        def traffic(server):
            with Client(server) as client:
                while not stop.is_set():
                    status, _, body = client.ask("POST", "/invocations", record, X_API_Key=keys[-1])
                    asked[0] += 1
                    if status != 200:
                        failures.append((status, body))

        with Server(cwd, *settings(auth="keys")) as server:
            threads = [threading.Thread(target=traffic, args=(server,)) for _ in range(2)]
            for thread in threads:
                thread.start()
            for _ in range(3):
                new = assay("clients", "rotate", "till-7", "--grace", "1h", cwd=cwd).text.strip()
                with Client(server) as probe:
                    until(lambda: probe.ask("POST", "/invocations", record, X_API_Key=new)[0] == 200)
                keys.append(new)
            stop.set()
            for thread in threads:
                thread.join()
            assert not failures and asked[0] > 100, (failures[:3], asked)
            with Client(server) as client:
                assert client.ask("POST", "/invocations", record, X_API_Key=keys[0])[0] == 200
                assay("clients", "revoke", keys[0].split("_")[1], cwd=cwd)
                until(lambda: client.ask("POST", "/invocations", record, X_API_Key=keys[0])[0] == 401)
                assert client.ask("POST", "/invocations", record, X_API_Key=keys[1])[0] == 200
                assay("clients", "revoke", "till-7", cwd=cwd)
                until(lambda: client.ask("POST", "/invocations", record, X_API_Key=keys[-1])[0] == 401)
        assay("audit", "verify", cwd=cwd)
        for name in os.listdir(os.path.join(cwd, ".assay")):
            path = os.path.join(cwd, ".assay", name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    assert keys[0].split("_")[2].encode() not in file.read(), name


@test
def a_key_that_expires_is_refused_from_then_on():
    with directory() as cwd:
        model(cwd)
        key = add(cwd, "short", "--scopes", "read", "--expires", "3s")
        with Server(cwd, *settings(auth="keys")) as server, Client(server) as client:
            assert client.ask("GET", "/", X_API_Key=key)[0] == 200
            until(lambda: client.ask("GET", "/", X_API_Key=key)[0] == 401)
            assert "expired" in client.ask("GET", "/", X_API_Key=key)[2]


@test
def rate_and_quota_are_kept_over_all_workers():
    with directory() as cwd:
        model(cwd)
        slow = add(cwd, "slow", "--scopes", "read", "--rate", 5, "--burst", 10)
        few = add(cwd, "few", "--scopes", "read", "--quota", 12)
        counts = {"slow": [], "few": []}

        def hammer(server, name, key):
            with Client(server) as client:
                for _ in range(10):
                    counts[name].append(client.ask("GET", "/", X_API_Key=key))

        with Server(cwd, "--workers", "2", *settings(auth="keys")) as server:
            began = time.monotonic()
            threads = [threading.Thread(target=hammer, args=(server, name, key))
                       for name, key in (("slow", slow), ("few", few)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            took = time.monotonic() - began
            good = [one for one in counts["slow"] if one[0] == 200]
            assert 10 <= len(good) <= 10 + 5 * took + 1, (len(good), took)
            late = [one for one in counts["slow"] if one[0] == 429]
            assert late and all("\r\nRetry-After: 1" in head for _, head, _ in late)
            assert sum(one[0] == 200 for one in counts["few"]) == 12
            left = [int(re.search(r"\r\nRetry-After: (\d+)", head).group(1))
                    for status, head, _ in counts["few"] if status == 429]
            now = time.time()
            assert all(abs(86400 - now % 86400 - one) < 10 for one in left), left[:3]
            time.sleep(1.1)
            with Client(server) as client:
                assert client.ask("GET", "/", X_API_Key=slow)[0] == 200


# ---------------------------------------------------------------- where it listens

@test
def an_open_address_without_authentication_is_refused_with_the_remedy():
    with directory() as cwd:
        model(cwd)
        for host in ("0.0.0.0", "::", "*"):
            said = assay("serve", "--host", host, "--port", 0, cwd=cwd, status=2).said
            assert "serve.auth" in said and "--insecure" in said, said
        with Server(cwd, "--host", "0.0.0.0", "--insecure") as server:
            assert server.get("/livez")[0] == 200
        with Server(cwd, "--host", "0.0.0.0", *settings(auth="keys")) as server:
            assert server.get("/livez")[0] == 200
            assert server.get("/metrics")[0] == 401
            assert '"insecure"' in read(server.log)
        for wrong in (settings(auth="mtls"), settings(tls_key="x"), settings(tls_client_ca="x"),
                      settings(host="none")):
            assay("serve", "--port", 0, *wrong, cwd=cwd, status=2)


def over_path(path, target="/livez"):
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(10)
        one.connect(path)
        one.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while more := one.recv(65536):
            answer += more
        return int(answer[9:12])


@test
def a_socket_in_the_file_system_is_private_replaced_when_stale_and_gone_after_a_stop():
    with directory() as cwd:
        model(cwd)
        path = os.path.join(cwd, "assay.sock")
        with Server(cwd, *settings(socket="assay.sock")) as server:
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o660
            assert over_path(path) == 200 and server.get("/livez")[0] == 200
            assert assay("serve", "--port", 0, *settings(socket="assay.sock"), cwd=cwd, status=5)
            assert over_path(path) == 200
            server.process.kill()
            server.process.wait()
        assert os.path.exists(path)
        with Server(cwd, *settings(socket="assay.sock")):
            assert over_path(path) == 200
        assert not os.path.exists(path)


@test
def a_server_may_listen_on_its_socket_alone():
    with directory() as cwd:
        model(cwd)
        path = os.path.join(cwd, "only.sock")
        key = add(cwd, "a", "--scopes", "read")
        process = subprocess.Popen([ASSAY, "serve", *settings(host="none", socket="only.sock",
                                                              auth="keys")],
                                   cwd=cwd, stderr=subprocess.PIPE)
        try:
            until(lambda: os.path.exists(path))
            until(lambda: over_path(path) == 200)
            assert over_path(path, "/metrics") == 401
            done = subprocess.run(["curl", "-s", "--unix-socket", path, "-H", "X-API-Key: " + key,
                                   "http://x/"], check=True, capture_output=True, timeout=20)
            assert json.loads(done.stdout)["status"] == "healthy"
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0
        assert not os.path.exists(path)


@test
def pages_of_other_sites_are_let_in_only_when_listed():
    with directory() as cwd:
        model(cwd)
        write(cwd, "assay.yaml", "project: fraud\nserve:\n  auth: keys\n  cors_origins:\n"
                                 "    - https://shop.example\n")
        key = add(cwd, "page", "--scopes", "read")
        ask = {"Origin": "https://shop.example", "Access_Control_Request_Method": "GET",
               "Access_Control_Request_Headers": "x-api-key"}
        with Server(cwd) as server, Client(server) as client:
            status, head, _ = client.ask("OPTIONS", "/", **ask)
            assert status == 204 and "\r\nAccess-Control-Allow-Origin: https://shop.example" in head
            assert "X-API-Key" in head and "Credentials" not in head
            status, head, _ = client.ask("GET", "/", Origin="https://shop.example", X_API_Key=key)
            assert status == 200 and "\r\nAccess-Control-Allow-Origin: https://shop.example" in head
            status, head, _ = client.ask("OPTIONS", "/", **{**ask, "Origin": "https://evil.example"})
            assert status == 401 and "Access-Control" not in head
            status, head, _ = client.ask("GET", "/", Origin="https://shop.example")
            assert status == 401 and "\r\nAccess-Control-Allow-Origin: https://shop.example" in head
        write(cwd, "assay.yaml", "project: fraud\nserve:\n  cors_origins: [shop.example/page]\n")
        said = assay("serve", "--port", 0, cwd=cwd, status=3).said
        assert "assay.yaml line 3" in said and "is no origin" in said, said


main()
