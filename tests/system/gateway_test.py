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

from harness import ASSAY, assay, directory, main, read, test, write
from server import Server
from tiny import tiny_champion

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
signed lost lost-4 DNS:lost-4.bank.example 30 ca
touch index; echo 01 > number
printf '[ca]\ndefault_ca=it\n[it]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\n' > conf
list() { openssl ca -config conf -gencrl -cert ca.pem -keyfile ca.key $2 -out $1.crl; }
list nobody '-crldays 30'
list old '-crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z'
openssl ca -config conf -revoke lost.pem -cert ca.pem -keyfile ca.key
list lost '-crldays 30'
"""
MADE = {}


def certificates(cwd):
    """A CA, its certificates and another CA's, made once and copied."""
    if not MADE:
        with directory() as folder:
            subprocess.run(["sh", "-c", CERTIFICATES], cwd=folder, check=True, capture_output=True)
            for name in os.listdir(folder):
                if name.endswith((".pem", ".key", ".crl")):
                    MADE[name] = read(folder, name)
    for name, text in MADE.items():
        write(cwd, name, text)


def model(cwd):
    """A champion, and a record that it scores."""
    return tiny_champion(cwd)


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
                    if path in ("/livez", "/readyz", "/ping", "/health") or bare != 401:
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
def who_has_no_key_is_told_before_the_body_is_sent():
    with directory() as cwd:
        model(cwd)
        key = add(cwd, "a", "--scopes", "score")
        head = "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n"
        with Server(cwd, *settings(auth="keys")) as server:
            with Client(server) as client:
                client.send(head + "\r\n" + "1" * 1000)
                assert client.reply()[0] == 401
            with Client(server) as client:
                client.send(head + f"Expect: 100-continue\r\nX-API-Key: {key}\r\n\r\n")
                assert client.socket.recv(100).startswith(b"HTTP/1.1 100 ")
            with Client(server) as client:
                client.send(head + "Expect: 100-continue\r\n\r\n")
                assert client.reply()[0] == 401


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
def bounds_are_listed_as_they_were_given():
    with directory() as cwd:
        add(cwd, "till-7", "--scopes", "score", "--rate", 0.5, "--burst", 200, "--quota", 123456789)
        line = assay("clients", "list", cwd=cwd).text.splitlines()[1].split()
        assert line[1:6] == ["till-7", "score", "0.5", "200", "123456789"], line


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


@test
def a_clients_answer_is_never_said_again_to_another():
    with directory() as cwd:
        record = model(cwd)
        keys = [add(cwd, name, "--scopes", "score,metrics") for name in ("till-7", "till-8")]
        with Server(cwd, "--workers", "1", *settings(auth="keys", cache_seconds=60),
                    "--set", "journal.enabled=true") as server, \
                Client(server) as client:
            told = [client.ask("POST", "/decide", record, X_API_Key=key) for key in keys * 2]
            assert [one[0] for one in told] == [200] * 4
            assert ["\r\nAge: " in one[1] for one in told] == [False, False, True, True]
            assert told[0][2] == told[2][2] and told[1][2] == told[3][2]
            ids = [re.search(r"\r\nX-Assay-Decision: (\S+)", one[1]).group(1) for one in told]
            assert ids[0] == ids[2] != ids[1] == ids[3], ids
            assay("clients", "revoke", "till-7", cwd=cwd)
            until(lambda: client.ask("POST", "/decide", record, X_API_Key=keys[0])[0] == 401)


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
            assert "may ask everything" in read(server.log)
        with Server(cwd, "--host", "0.0.0.0", *settings(auth="keys")) as server:
            assert server.get("/livez")[0] == 200
            assert server.get("/metrics")[0] == 401
            assert "travel unencrypted" in read(server.log)
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


# ---------------------------------------------------------------- what is written down

@test
def the_access_log_names_clients_and_routes_and_is_moved_away_without_losing_a_line():
    with directory() as cwd:
        record = model(cwd)
        key = add(cwd, "till-7", "--scopes", "score")
        path = os.path.join(cwd, "access.log")
        with Server(cwd, *settings(auth="keys", access_log="access.log")) as server:
            with Client(server) as client:
                for number in range(600):
                    if number == 300:
                        os.rename(path, path + ".1")
                        server.process.send_signal(signal.SIGHUP)
                    status = client.ask("POST", "/invocations?secret=4111111111111111", record,
                                        X_API_Key=key, X_Request_ID=f"r-{number}")[0]
                    assert status == 200
                assert client.ask("POST", "/invocations", record, X_API_Key="wrong")[0] == 401
            until(lambda: os.path.exists(path))
        text = read(path + ".1") + read(path)
        lines = [json.loads(line) for line in text.splitlines()]
        good = [line for line in lines if line["status"] == 200]
        assert {line["request_id"] for line in good} == {f"r-{number}" for number in range(600)}
        assert all(line["client"] == "till-7" and line["route"] == "/invocations" and
                   line["method"] == "POST" and line["us"] > 0 and line["bytes"] > 100
                   for line in good)
        assert [line["client"] for line in lines if line["status"] == 401] == [""]
        assert "4111111111111111" not in text and key.split("_")[2] not in text
        assert stat.S_IMODE(os.stat(path).st_mode) & 0o137 == 0


@test
def figures_for_cloudwatch_are_lines_of_their_own():
    with directory() as cwd:
        record = model(cwd)
        with Server(cwd, *settings(emf="emf.log", emf_namespace="Fraud/Test")) as server:
            for _ in range(5):
                assert server.post("/invocations", record)[0] == 200
            assert server.post("/invocations", "{")[0] == 400
        lines = [json.loads(line) for line in read(cwd, "emf.log").splitlines()]
        for line in lines:
            directive, = line["_aws"]["CloudWatchMetrics"]
            assert directive["Namespace"] == "Fraud/Test" and abs(line["_aws"]["Timestamp"] / 1000 - time.time()) < 60
            for metric in directive["Metrics"]:
                assert isinstance(line[metric["Name"]], (int, float)), metric
            for names in directive["Dimensions"]:
                assert all(isinstance(line[name], str) for name in names)
        assert sum(line["Invocations"] for line in lines if "Variant" not in line) == 6
        assert sum(line["Invocation4XXErrors"] for line in lines if "Variant" not in line) == 1
        champion = [line for line in lines if line.get("Variant") == "champion"]
        assert champion and champion[0]["ModelLatency"] > 0, lines


# ---------------------------------------------------------------- TLS

@test
def tls_1_2_and_1_3_are_spoken_by_everybodys_clients_and_older_ones_are_refused():
    with directory() as cwd:
        record = model(cwd)
        certificates(cwd)
        with Server(cwd, *settings(**TLS)) as server:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                with Client(server, cwd, least=version, most=version) as client:
                    for _ in range(3):
                        status, _, body = client.ask("POST", "/invocations", record)
                        assert status == 200 and "0.880797" in body
            url = f"https://localhost:{server.port}/invocations"
            done = subprocess.run(["curl", "-s", "--cacert", "ca.pem", "-d", record, "-H",
                                   "Content-Type: application/json", url, url], cwd=cwd, check=True,
                                  capture_output=True, timeout=20)
            assert done.stdout.count(b"0.880797") >= 2, done.stdout
            probe = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}",
                                    "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], cwd=cwd, input=b"",
                                   capture_output=True, timeout=20, check=False)
            assert b"Cipher is (NONE)" in probe.stdout, probe.stdout[-400:]
            # Nagle's delay against delayed acknowledgements would be 40 ms each.
            with Client(server, cwd) as client:
                client.ask("POST", "/invocations", record)
                began = time.monotonic()
                for _ in range(50):
                    assert client.ask("POST", "/invocations", record)[0] == 200
                assert time.monotonic() - began < 1.8, time.monotonic() - began
            with Client(server, cwd) as client:
                found = re.search(r"^assay_tls_certificate_expires_timestamp_seconds (\S+)$",
                                  client.ask("GET", "/metrics")[2], re.M)
                assert 29 * 86400 < float(found.group(1)) - time.time() < 30 * 86400, found
            # In the clear to the same port: refused or cut, never answered.
            assert refused(lambda: Client(server))


@test
def with_mutual_tls_a_client_is_its_certificate_and_bad_ones_do_not_come_in():
    with directory() as cwd:
        record = model(cwd)
        certificates(cwd)
        assay("clients", "add", "till-7", "--scopes", "score", "--no-key", cwd=cwd)
        with Server(cwd, *settings(auth="mtls", tls_client_ca="ca.pem", **TLS)) as server:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                with Client(server, cwd, "till", version, version) as client:
                    assert client.ask("POST", "/invocations", record)[0] == 200
                    assert client.ask("GET", "/metrics")[0] == 403
                with Client(server, cwd, "nobody", version, version) as client:
                    assert client.ask("POST", "/invocations", record)[0] == 401
                for show in (None, "expired", "stranger"):
                    assert refused(lambda: Client(server, cwd, show, version, version)), show
            with Client(server, cwd, "till") as client:
                assert client.ask("POST", "/invocations", record)[0] == 200
                assay("clients", "revoke", "till-7", cwd=cwd)
                until(lambda: client.ask("POST", "/invocations", record)[0] == 401)


def metric(client, name):
    return float(re.search(rf"^{re.escape(name)} (\S+)$", client.ask("GET", "/metrics")[2], re.M).group(1))


@test
def a_new_revocation_list_keeps_a_client_out_and_cuts_no_connection_off():
    with directory() as cwd:
        record = model(cwd)
        certificates(cwd)
        for name in ("till-7", "lost-4"):
            assay("clients", "add", name, "--scopes", "score,metrics", "--no-key", cwd=cwd)
        write(cwd, "clients.crl", MADE["nobody.crl"])
        with Server(cwd, *settings(auth="mtls", tls_client_ca="ca.pem", tls_client_crl="clients.crl",
                                   **TLS)) as server, \
                Client(server, cwd, "till") as kept, Client(server, cwd, "lost") as early:
            lost = lambda: Client(server, cwd, "lost")
            scores = lambda client: client.ask("POST", "/invocations", record)[0] == 200
            assert scores(kept) and scores(early) and not refused(lost)
            write(cwd, "clients.crl", MADE["lost.crl"])
            until(lambda: refused(lost))
            assert scores(kept) and scores(early)  # what is open stays open
            with Client(server, cwd, "till") as another:
                assert scores(another)
            refusals = 'assay_tls_certificates_refused_total{reason="%s"}'
            assert metric(kept, refusals % "revoked") >= 1
            assert metric(kept, refusals % "list_expired") == 0
            expires = "assay_tls_revocation_lists_expire_timestamp_seconds"
            assert 29 * 86400 < metric(kept, expires) - time.time() < 30 * 86400

            for wrong in ("", "garbage", MADE["lost.crl"][:200]):
                said = read(server.log).count("certificate_not_changed")
                write(cwd, "clients.crl", wrong)
                until(lambda: read(server.log).count("certificate_not_changed") > said)
                assert refused(lost) and scores(kept)
                write(cwd, "clients.crl", MADE["lost.crl"])
                until(lambda: read(server.log).count('"certificate_changed"') >= 1)
                time.sleep(1.1)
            os.remove(os.path.join(cwd, "clients.crl"))
            assert refused(lost)
            with Client(server, cwd, "till") as another:
                assert scores(another)
            write(cwd, "clients.crl", MADE["old.crl"])  # nobody can be told to be good
            until(lambda: "revocation_list_needed" in read(server.log))
            assert "has expired" in read(server.log) and "serve.tls_client_crl" in read(server.log)
            assert refused(lambda: Client(server, cwd, "till")) and scores(kept)
            assert metric(kept, refusals % "list_expired") >= 1
            write(cwd, "clients.crl", MADE["nobody.crl"])
            until(lambda: not refused(lambda: Client(server, cwd, "till")))
        assert server.status == 0
        for wrong, status in (("none.crl", 4), ("server.pem", 3)):
            said = assay("serve", "--port", 0, *settings(auth="mtls", tls_client_ca="ca.pem",
                                                         tls_client_crl=wrong, **TLS),
                         cwd=cwd, status=status).said
            assert wrong in said, said
        assert "serve.tls_client_ca" in assay("serve", "--port", 0, *settings(
            tls_client_crl="nobody.crl", **TLS), cwd=cwd, status=2).said


@test
def a_key_is_worth_nothing_under_another_clients_certificate():
    with directory() as cwd:
        record = model(cwd)
        certificates(cwd)
        key = add(cwd, "till-7", "--scopes", "score")
        add(cwd, "nobody", "--scopes", "score")
        with Server(cwd, *settings(auth="keys+mtls", tls_client_ca="ca.pem", **TLS)) as server:
            for show, with_key, wanted in (("till", True, 200), ("till", False, 401),
                                           ("nobody", True, 401)):
                with Client(server, cwd, show) as client:
                    fields = {"X_API_Key": key} if with_key else {}
                    assert client.ask("POST", "/invocations", record, **fields)[0] == wanted


def serial(server, cwd):
    with Client(server, cwd) as client:
        return ssl.DER_cert_to_PEM_cert(client.socket.getpeercert(True))


@test
def a_new_certificate_is_shown_without_a_restart_and_open_connections_go_on():
    with directory() as cwd:
        model(cwd)
        certificates(cwd)
        with Server(cwd, *settings(**TLS)) as server, Client(server, cwd) as kept:
            assert kept.ask("GET", "/livez")[0] == 200
            first = serial(server, cwd)
            write(cwd, "server.pem", MADE["other.pem"])  # and not yet its key
            until(lambda: "certificate_not_changed" in read(server.log))
            assert serial(server, cwd) == first
            write(cwd, "server.key", MADE["other.key"])
            until(lambda: serial(server, cwd) != first)
            assert kept.ask("GET", "/livez")[0] == 200
            said = read(server.log).count('"certificate_changed"')
            server.process.send_signal(signal.SIGHUP)
            until(lambda: read(server.log).count('"certificate_changed"') == said + 1)
            assert kept.ask("GET", "/livez")[0] == 200
        assert server.status == 0


@test
def certificates_that_do_not_fit_stop_the_start_and_are_named():
    with directory() as cwd:
        model(cwd)
        certificates(cwd)
        for keys, name in (({"tls_certificate": "server.pem", "tls_key": "other.key"}, "other.key"),
                           ({"tls_certificate": "ca.key", "tls_key": "server.key"}, "ca.key")):
            assert name in assay("serve", "--port", 0, *settings(**keys), cwd=cwd, status=3).said
        assay("serve", "--port", 0, *settings(tls_certificate="none.pem", tls_key="server.key"),
              cwd=cwd, status=4)


# ---------------------------------------------------------------- hostile, over TLS

def cut_after(client, seconds, feed=None):
    """How long until the server closes; `feed` is called every half second."""
    client.settimeout(0.5)
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        try:
            if feed is not None:
                feed(client)
            if client.recv(65536) == b"":
                return time.monotonic() - began
        except (socket.timeout, TimeoutError, ssl.SSLWantReadError):
            pass
        except OSError:
            return time.monotonic() - began
    raise AssertionError(f"not cut in {seconds} s")


def hello(cwd):
    """The first bytes of a TLS client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context(cafile=os.path.join(cwd, "ca.pem"))
    session = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


@test
def slow_and_broken_clients_are_cut_in_time_and_the_others_are_answered():
    with directory() as cwd:
        model(cwd)
        certificates(cwd)
        took, others, stop = {}, [], threading.Event()
        first = hello(cwd)

        def raw(server):
            return socket.create_connection((server.host, server.port), timeout=10)

        def trickle(bytes_):
            rest = iter(bytes_)
            return lambda client: client.sendall(bytes([next(rest, 0)]))

        def silent(server):
            return cut_after(raw(server), 20)

        def slow_handshake(server):
            return cut_after(raw(server), 20, trickle(first))

        def half_handshake(server):
            client = raw(server)
            client.sendall(first[:len(first) // 2])
            return cut_after(client, 20)

        def garbage(server):
            client = raw(server)
            client.sendall(os.urandom(4096))
            return cut_after(client, 20)

        def hello_and_nothing(server):
            client = raw(server)
            client.sendall(first)
            return cut_after(client, 20)

        def slow_head(server):
            client = Client(server, cwd).socket
            return cut_after(client, 20, trickle(b"GET /livez HTTP/1.1\r\nHost: " + b"x" * 1000))

        def slow_body(server):
            client = Client(server, cwd).socket
            client.sendall(b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
            return cut_after(client, 30, trickle(b"1" * 1000))

        def bad_records(server):
            client = Client(server, cwd)
            inside = socket.socket(fileno=os.dup(client.socket.fileno()))
            inside.sendall(b"\x17\x03\x03\x00\x20" + os.urandom(32))
            return cut_after(inside, 20)

        shapes = {silent: 13, slow_handshake: 13, half_handshake: 13, garbage: 2,
                  hello_and_nothing: 13, slow_head: 9, slow_body: 14, bad_records: 2}

        def attack(server, shape):
            try:
                took[shape] = shape(server)
            except Exception as fault:  # pylint: disable=broad-except
                took[shape] = fault

        def traffic(server):
            while not stop.is_set():
                began = time.monotonic()
                with Client(server, cwd) as client:
                    others.append((client.ask("GET", "/livez")[0], time.monotonic() - began))
                time.sleep(0.05)

        with Server(cwd, *settings(**TLS)) as server:
            threads = [threading.Thread(target=attack, args=(server, shape))
                       for shape in shapes for _ in range(5)]
            other = threading.Thread(target=traffic, args=(server,))
            for thread in (*threads, other):
                thread.start()
            for thread in threads:
                thread.join()
            stop.set()
            other.join()
            for shape, limit in shapes.items():
                assert isinstance(took[shape], float) and took[shape] <= limit, (shape, took[shape])
            assert len(others) > 50 and all(status == 200 for status, _ in others)
            assert max(seconds for _, seconds in others) < 2, max(others)
        assert server.status == 0


@test
def renegotiation_is_refused_and_the_server_goes_on():
    with directory() as cwd:
        model(cwd)
        certificates(cwd)
        with Server(cwd, *settings(**TLS)) as server:
            probe = subprocess.Popen(["openssl", "s_client", "-connect",
                                      f"127.0.0.1:{server.port}", "-tls1_2"], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            time.sleep(0.5)
            probe.stdin.write(b"R\n")
            probe.stdin.flush()
            time.sleep(0.5)
            text, _ = probe.communicate(timeout=20)
            assert b"RENEGOTIATING" in text and b"no renegotiation" in text.lower(), text[-600:]
            with Client(server, cwd) as client:
                assert client.ask("GET", "/livez")[0] == 200


@test
def the_guards_of_http_hold_over_tls_too():
    shapes = {
        "two lengths": ("POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
                        "Content-Length: 2\r\n\r\nab", 400),
        "both framings": ("POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
                          "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        "bare CR": ("GET / HTTP/1.1\r\nHost: x\rX: y\r\n\r\n", 400),
        "no host": ("GET / HTTP/1.1\r\n\r\n", 400),
        "a gigabyte": ("POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n",
                       413),
        "long head": ("GET / HTTP/1.1\r\nHost: x\r\nX: " + "y" * 20000 + "\r\n\r\n", 431),
    }
    with directory() as cwd:
        model(cwd)
        certificates(cwd)
        with Server(cwd, *settings(**TLS)) as server:
            for name, (text, wanted) in shapes.items():
                with Client(server, cwd) as client:
                    client.send(text)
                    assert client.reply()[0] == wanted, name
            with Client(server, cwd) as client:
                client.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
                assert [client.reply()[0] for _ in range(50)] == [200] * 50
            with Client(server, cwd) as client:  # answers that nobody takes
                client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2000)
                time.sleep(0.5)
                assert [client.reply()[0] for _ in range(2000)] == [200] * 2000
            with Client(server, cwd) as client:
                client.send("GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                assert client.reply()[0] == 200 and client.socket.recv(10) == b""


main()
