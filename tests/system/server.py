"""server: `assay serve` on a free port of the loopback, for tests that talk to it."""
import http.client
import json
import os
import signal
import subprocess
import time

from harness import ASSAY


class Server:
    """with Server(cwd) as server: server.post("/predict", {...})"""

    def __init__(self, cwd, *arguments, port=0):
        self.cwd, self.arguments, self.wanted = cwd, arguments, port
        self.address = os.path.join(cwd, "address")
        self.log = os.path.join(cwd, "serve.log")

    def __enter__(self):
        if os.path.exists(self.address):
            os.remove(self.address)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [ASSAY, "serve", "--port", str(self.wanted), "--address-file", self.address,
                 *self.arguments],
                cwd=self.cwd, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while not (os.path.exists(self.address) and os.path.getsize(self.address) > 0):
            ended = self.process.poll() is not None
            assert not ended and time.monotonic() < deadline, open(self.log).read()
            time.sleep(0.02)
        with open(self.address, encoding="utf-8") as file:
            self.host, port = file.read().strip().rsplit(":", 1)
        self.port = int(port)
        self.open = http.client.HTTPConnection(self.host, self.port, timeout=30)
        return self

    def __exit__(self, *_):
        self.open.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.status = self.process.wait(timeout=30)

    def ask(self, method, path, body=None, content_type="application/json"):
        """(status, content type, text) over one kept-alive connection."""
        headers = {"Content-Type": content_type} if body is not None else {}
        self.open.request(method, path, body, headers)
        answer = self.open.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read().decode()

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, value, content_type="application/json"):
        """(status, decoded answer)"""
        body = value if isinstance(value, str) else json.dumps(value)
        status, _, text = self.ask("POST", path, body, content_type)
        return status, json.loads(text)
