"""serving: requests a second and processor time a request, beside what others put in our place.

One model (26 numbers, 100 trees of depth 6), one body, one wrk script, one run: `assay serve` without
a journal, with one, with it on the disk before the answer, and with reasons on every answer; the HTTP
stack that it stands on, with a constant answer; nginx with a constant answer; FastAPI on uvicorn with XGBoost,
which is what the five systems do; BentoML and MLServer with XGBoost. The server has processor 0 to
itself and wrk processor 1; all take turns. Processor time is that of the server's process and its children, so
a busy machine moves it little. A peer that cannot be had is named with the reason.
"""
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "tests", "system")]

from harness import ASSAY, assay, debian_tool, directory, read, Skip, write  # noqa: E402
from peers import Missing, run  # noqa: E402
from cases import KEPT  # noqa: E402

FAST = "FAST" in os.environ
BARE = os.environ.get("BARE_STACK", "build/release/bare_stack")
ROUNDS, SECONDS, CONNECTIONS = (3, 2, 64) if FAST else (5, 4, 64)
TICK = os.sysconf("SC_CLK_TCK")
COLUMNS = [f"v{i}" for i in range(26)]

YAML = """project: serving
data: {file: rows.csv, label: fraud}
columns:
""" + "".join(f"  {name}: {{type: number}}\n" for name in COLUMNS) + """  fraud: {type: integer}
model: {rounds: 100, folds: 0, early_stopping: 0, parameters: {max_depth: 6}}
challenge: {mode: "off"}
audit: {trial: false}
"""

FASTAPI = """
import numpy, xgboost
from fastapi import FastAPI
from pydantic import create_model
booster = xgboost.Booster(model_file="model.ubj")
booster.set_param({"nthread": 1})
columns = %r
Row = create_model("Row", **{name: (float, ...) for name in columns})
app = FastAPI()

@app.post("/predict")
def predict(row: Row):
    matrix = xgboost.DMatrix(numpy.array([[getattr(row, name) for name in columns]], dtype="float32"), feature_names=columns)
    p = float(booster.predict(matrix)[0])
    return {"prediction": "fraud" if p >= 0.5 else "legit", "fraud_probability": p}
""" % COLUMNS

BENTO = """
import bentoml, numpy, xgboost
columns = %r

@bentoml.service(workers=1)
class Fraud:
    def __init__(self):
        self.booster = xgboost.Booster(model_file="model.ubj")
        self.booster.set_param({"nthread": 1})

    @bentoml.api
    def predict(self, row: dict) -> dict:
        matrix = xgboost.DMatrix(numpy.array([[row[name] for name in columns]], dtype="float32"), feature_names=columns)
        return {"fraud_probability": float(self.booster.predict(matrix)[0])}
""" % COLUMNS

NGINX = """daemon off; worker_processes 1; error_log stderr crit; pid nginx.pid;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 100000000; client_body_temp_path .; proxy_temp_path .;
  fastcgi_temp_path .; uwsgi_temp_path .; scgi_temp_path .;
  server { listen 127.0.0.1:%d; location / { default_type application/json; return 200 '%s'; } } }
"""


# ---------------------------------------------------------------- the project

def project(cwd):
    """Rows, a trained champion, its model for the peers, and a body to ask about."""
    import random
    draw = random.Random(7)
    weights = [draw.gauss(0, 1) for _ in range(8)]
    lines, rows = [], 4000 if FAST else 20000
    for _ in range(rows):
        row = [round(draw.gauss(0, 1), 4) for _ in COLUMNS]
        margin = sum(w * v for w, v in zip(weights, row)) + row[8] * row[9] - 4
        lines.append(",".join(map(str, row)) + f",{int(margin + draw.gauss(0, 1) > 0)}")
    write(cwd, "rows.csv", ",".join(COLUMNS) + ",fraud\n" + "\n".join(lines) + "\n")
    write(cwd, "assay.yaml", YAML)
    assay("train", cwd=cwd)
    bundle = os.path.join(cwd, ".assay", "bundles", os.listdir(os.path.join(cwd, ".assay", "bundles"))[0])
    subprocess.run(["tar", "xf", bundle, "model.ubj"], cwd=cwd, check=True)
    row = dict(zip(COLUMNS, map(float, lines[5].split(",")[:26])))
    write(cwd, "body.json", json.dumps(row))
    write(cwd, "bento.json", json.dumps({"row": row}))
    write(cwd, "v2.json", json.dumps({"inputs": [{"name": "rows", "shape": [1, 26], "datatype": "FP32",
                                                  "data": list(row.values())}]}))
    for name in ("body", "bento", "v2"):
        write(cwd, f"{name}.lua", 'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
              f'local file = io.open("{name}.json"); wrk.body = file:read("a"); file:close()\n')


# ---------------------------------------------------------------- contenders

def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Contender:
    def __init__(self, name, command, path, script="body", port=None, env=None):
        self.name, self.command, self.path, self.script = name, command, path, script
        self.port, self.env, self.rates, self.costs, self.tails = port, env, [], [], []

    def start(self, cwd):
        self.cwd = cwd
        self.log = open(os.path.join(cwd, re.sub(r"\W", "-", self.name) + ".log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(["taskset", "-c", "0", *self.command], cwd=cwd, stdout=self.log,
                                        stderr=self.log, start_new_session=True,
                                        env=dict(os.environ, **(self.env or {})))
        until = time.monotonic() + 120
        while True:
            if self.process.poll() is not None or time.monotonic() > until:
                self.log.seek(0)
                said = self.log.read().strip().splitlines()
                self.stop()
                raise Missing(said[-1][:160] if said else "it did not start")
            try:
                self.answer = self.ask()
                return
            except OSError:
                time.sleep(0.2)

    def ask(self):
        with open(os.path.join(self.cwd, self.script + ".json"), "rb") as file:
            request = urllib.request.Request(f"http://127.0.0.1:{self.port}{self.path}", file.read(),
                                             {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.log.close()

    def processor(self):
        """Seconds of the process and all that it started, so far."""
        parent, spent = {}, {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parent[int(pid)], spent[int(pid)] = int(fields[1]), int(fields[11]) + int(fields[12])
        total = 0
        for pid in spent:
            above = pid
            while above not in (0, self.process.pid):
                above = parent.get(above, 0)
            total += spent[pid] if above == self.process.pid else 0
        return total / TICK

    def resident_mb(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) / 1024

    def half(self, rate, seconds):
        """(requests/s, p50, p99 in ms) where each of 256 clients rests between its requests, so long
        that about half of `rate` comes; and the memory it then holds."""
        write(self.cwd, "half.lua", read(self.cwd, self.script + ".lua") +
              f"function delay() return {max(1, round(256 / (rate / 2) * 1000))} end\n")
        said = subprocess.run(["taskset", "-c", "1", "wrk", "--latency", "-t1", "-c256", f"-d{seconds}s", "-s",
                               "half.lua", f"http://127.0.0.1:{self.port}{self.path}"],
                              cwd=self.cwd, check=True, capture_output=True, text=True).stdout
        scale = {"us": 1e-3, "ms": 1, "s": 1e3}
        times = [float(number) * scale[unit] for number, unit in
                 re.findall(r"(?:50|99)%\s+([\d.]+)(us|ms|s)", said)]
        return float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1)), *times, self.resident_mb()

    def load(self, seconds):
        before = self.processor()
        said = subprocess.run(["taskset", "-c", "1", "wrk", "--latency", "-t1", f"-c{CONNECTIONS}",
                               f"-d{seconds}s", "-s", self.script + ".lua",
                               f"http://127.0.0.1:{self.port}{self.path}"],
                              cwd=self.cwd, check=True, capture_output=True, text=True).stdout
        used = self.processor() - before
        if "Non-2xx" in said:
            raise Missing("it answered with errors")
        count = int(re.search(r"(\d+) requests in", said).group(1))
        tail = re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
        scale = {"us": 1e-3, "ms": 1, "s": 1e3}[tail.group(2)]
        return (float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1)), used / count * 1e6,
                float(tail.group(1)) * scale)


def environment(name, *packages):
    """A private Python with these packages; what is there already is kept."""
    root = os.path.join(KEPT, "venv-" + name)
    python = os.path.join(root, "bin", "python")
    if not os.path.exists(python):
        run(sys.executable, "-m", "venv", root)
    probe = "import importlib.metadata as m; print(', '.join(f'{p} {m.version(p)}' for p in " + repr(packages) + "))"
    try:
        return python, run(python, "-c", probe)
    except Missing:
        run(python, "-m", "pip", "install", "-q", *packages)
        return python, run(python, "-c", probe)


def ours(cwd, name, path, *settings):
    port = free_port()
    pairs = [word for setting in settings for word in ("--set", setting)]
    return Contender(name, [ASSAY, "serve", "--port", str(port), "--workers", "1", *pairs], path, port=port)


def bare(cwd, answer):
    write(cwd, "answer.json", answer)
    port = free_port()
    return Contender("bare stack", [os.path.abspath(BARE), str(port), "1", "answer.json"], "/", port=port)


def nginx(cwd, answer):
    program = debian_tool("nginx", "nginx")
    port = free_port()
    write(cwd, "nginx.conf", NGINX % (port, answer.replace("'", "")))
    return Contender("nginx", [program, "-p", cwd, "-c", os.path.join(cwd, "nginx.conf"), "-e", "stderr"], "/",
                     port=port)


def fastapi(cwd, _):
    python, versions = environment("fastapi", "fastapi", "uvicorn", "uvloop", "httptools", "xgboost", "numpy")
    write(cwd, "app.py", FASTAPI)
    port = free_port()
    found = Contender("FastAPI", [python, "-m", "uvicorn", "app:app", "--port", str(port), "--workers", "1",
                                  "--no-access-log", "--log-level", "error"], "/predict", port=port,
                      env={"OMP_NUM_THREADS": "1"})
    found.versions = versions
    return found


def bentoml(cwd, _):
    python, versions = environment("bentoml", "bentoml", "xgboost", "numpy")
    write(cwd, "service.py", BENTO)
    port = free_port()
    found = Contender("BentoML", [python, "-m", "bentoml", "serve", "service:Fraud", "--port", str(port),
                                  "--host", "127.0.0.1"], "/predict", "bento", port,
                      env={"BENTOML_DO_NOT_TRACK": "true", "OMP_NUM_THREADS": "1",
                           "BENTOML_HOME": os.path.join(cwd, "bento-home")})
    found.versions = versions
    return found


def mlserver(cwd, _):
    python, versions = environment("mlserver", "mlserver", "mlserver-xgboost")
    port = free_port()
    os.makedirs(os.path.join(cwd, "mlserver"), exist_ok=True)
    write(cwd, "mlserver/model-settings.json", json.dumps(
        {"name": "fraud", "implementation": "mlserver_xgboost.XGBoostModel",
         "parameters": {"uri": os.path.join(cwd, "model.ubj")}}))
    write(cwd, "mlserver/settings.json", json.dumps(
        {"http_port": port, "grpc_port": free_port(), "metrics_port": free_port(), "parallel_workers": 0,
         "host": "127.0.0.1", "debug": False}))
    program = os.path.join(os.path.dirname(python), "mlserver")
    found = Contender("MLServer", [program, "start", os.path.join(cwd, "mlserver")], "/v2/models/fraud/infer", "v2",
                      port, env={"OMP_NUM_THREADS": "1"})
    found.versions = versions
    return found


# ---------------------------------------------------------------- the table

def spread(values, digits=2):
    values = sorted(values)
    return f"{statistics.median(values):.{digits}f} ({values[0]:.{digits}f}..{values[-1]:.{digits}f})"


def ratios(a, b, of):
    return [x / y for x, y in zip(getattr(a, of), getattr(b, of))]


def gather(cwd):
    contenders, missing = [], []
    plain = ours(cwd, "Assay", "/decide?reasons=none", "journal.enabled=false")
    plain.start(cwd)
    contenders.append(plain)
    makers = [("Assay, journal", lambda c, _: ours(c, "Assay, journal", "/decide?reasons=none",
                                                    "store.dir=.assay")),
              ("Assay, journal on the disk", lambda c, _: ours(c, "Assay, journal on the disk",
                                                               "/decide?reasons=none", "journal.durability=fsync",
                                                               "journal.dir=journal-fsync")),
              ("Assay, reasons", lambda c, _: ours(c, "Assay, reasons", "/decide?reasons=all",
                                                   "journal.enabled=false")),
              ("bare stack", bare), ("nginx", nginx), ("FastAPI", fastapi), ("BentoML", bentoml),
              ("MLServer", mlserver)]
    for name, make in makers:
        try:
            contender = make(cwd, plain.answer)
            contender.start(cwd)
            contenders.append(contender)
        except (Missing, Skip) as why:
            missing.append((name, why))
    return contenders, missing


def main():
    print("## Serving\n")
    with directory() as cwd:
        project(cwd)
        contenders, missing = gather(cwd)
        try:
            for contender in contenders:
                contender.load(1)
            for _ in range(ROUNDS):
                for contender in contenders:
                    rate, cost, tail = contender.load(SECONDS)
                    contender.rates.append(rate), contender.costs.append(cost), contender.tails.append(tail)
            table(contenders, missing)
            at_half_load(contenders)
            under_attack(contenders[0])
            starts(cwd)
        finally:
            for contender in contenders:
                contender.stop()


def table(contenders, missing):
    by = {contender.name: contender for contender in contenders}
    print(f"One model of 100 trees of depth 6 on 26 numbers, a body of 400 bytes, {CONNECTIONS} connections kept alive, "
          f"the server on one processor and wrk on the other, {ROUNDS} rounds of {SECONDS} s in turns. Processor time is "
          "the server's own, all its processes together; the ratios are of processor time within a round.\n")
    print("| server | requests/s | processor, us a request | p99, ms | times Assay's processor time |")
    print("| --- | --- | --- | --- | --- |")
    for c in contenders:
        print(f"| {c.name} | {spread(c.rates, 0)} | {spread(c.costs)} | {spread(c.tails)} | "
              f"{spread(ratios(c, by['Assay'], 'costs'))} |")
    print()
    for name, why in missing:
        print(f"- {name}: not measured: {why}")
    for c in contenders:
        if hasattr(c, "versions"):
            print(f"- {c.name}: {c.versions}")
    print("\n| target | measured |  |")
    print("| --- | --- | --- |")
    goal("20 times FastAPI with XGBoost", "FastAPI", "Assay", 20, by)
    goal("85 % of the bare stack", "Assay", "bare stack", None, by, 0.85)
    goal("with the journal 80 % of its requests/s", "Assay", "Assay, journal", None, by, 0.8, "rates")
    goal("with reasons on every answer half of it", "Assay, reasons", "Assay", None, by, 0.5)


def at_half_load(contenders):
    print("\nAt about half of that load, from 256 connections:\n")
    print("| server | requests/s | p50, ms | p99, ms | resident memory, MB |")
    print("| --- | --- | --- | --- | --- |")
    for c in contenders[:5]:
        found = [c.half(statistics.median(c.rates), SECONDS) for _ in range(ROUNDS)]
        print(f"| {c.name} | " + " | ".join(spread(values, digits) for values, digits in
                                            zip(zip(*found), (0, 3, 3, 1))) + " |")


class Attack(threading.Thread):
    """Hostile clients beside the load, until stopped: `count` connections, each opened again when it is cut."""

    def __init__(self, port, count, first, drip=b"", pause=0.5):
        super().__init__(daemon=True)
        self.port, self.count, self.first, self.drip, self.pause, self.stop = port, count, first, drip, pause, False

    def connect(self):
        one = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        one.setblocking(False)
        if self.first:
            one.send(self.first)
        return one

    def run(self):
        crowd = []
        while not self.stop:
            try:
                while len(crowd) < self.count:
                    crowd.append(self.connect())
            except OSError:
                pass  # the next turn tries again
            for one in list(crowd):
                try:
                    if self.drip:
                        one.send(self.drip)
                    while True:
                        if not one.recv(65536):
                            raise ConnectionError
                except BlockingIOError:
                    pass
                except OSError:
                    one.close()
                    crowd.remove(one)
            time.sleep(self.pause)
        for one in crowd:
            one.close()


HEAD = b"POST /decide HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
ATTACKS = [
    ("nobody else", 0, b"", b""),
    ("5,000 idle connections", 5000, b"", b""),
    ("200 heads, a byte at a time", 200, b"POST /decide HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"a"),
    ("200 bodies, a byte at a time", 200, HEAD + b"Content-Length: 5000\r\n\r\n", b" "),
    ("200 announcing 1 GB", 200, HEAD + b"Content-Length: 1000000000\r\n\r\n", b" " * 1000),
    ("200 with chunks without end", 200, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 100),
    ("200 that pipeline and do not read", 200, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 50, b""),
    ("200 with broken heads", 200, b"POST /decide HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", b"x"),
]


def under_attack(contender):
    print("\nOne worker, 64 good connections, while others do this (wrk and they share the other processor):\n")
    print("| beside | requests/s | p99, ms | resident memory, MB |")
    print("| --- | --- | --- | --- |")
    for name, count, first, drip in ATTACKS:
        attack = Attack(contender.port, count, first, drip)
        os.sched_setaffinity(0, {1})
        attack.start()
        time.sleep(2)
        rate, _, tail = contender.load(SECONDS)
        memory = contender.resident_mb()
        attack.stop = True
        attack.join()
        print(f"| {name} | {rate:.0f} | {tail:.2f} | {memory:.1f} |")


def starts(cwd):
    """From the process's beginning to its first answered /readyz."""
    took = []
    for _ in range(ROUNDS):
        c = ours(cwd, "start", "/readyz", "store.dir=.assay")
        began = time.monotonic()
        with subprocess.Popen(c.command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            while True:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{c.port}/readyz", timeout=5):
                        break
                except OSError:
                    time.sleep(0.001)
            took.append((time.monotonic() - began) * 1000)
            process.terminate()
    print(f"\nFrom the start of the process to the first `/readyz` that says ready, with the journal: {spread(took, 0)} ms.")


def goal(text, above, below, least, by, share=None, of="costs"):
    """`above` spends at least so many times what `below` does; or `below` at least that share."""
    if above not in by or below not in by:
        return
    found = ratios(by[above], by[below], "costs") if share is None else ratios(by[below], by[above], of)
    met = statistics.median(found) >= (least if share is None else share)
    print(f"| {text} | {spread(found)} | {'met' if met else '**not met**'} |")


main()
