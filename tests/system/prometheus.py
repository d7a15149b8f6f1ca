"""prometheus: a real Prometheus on the loopback, for tests that need one to scrape a server."""
import json
import os
import subprocess
import urllib.parse
import urllib.request

from harness import debian_tool, free_port, write

CONFIG = """
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
scrape_configs:
  - job_name: assay
    static_configs: [{targets: ['%s']}]
rule_files: [%s]
"""


class Prometheus:
    """A Prometheus on the loopback that scrapes one server."""

    def __init__(self, cwd, target, rules=""):
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = os.path.join(cwd, "prometheus.log")
        write(cwd, "prometheus.yml", CONFIG % (target, rules))
        program = debian_tool("prometheus", "prometheus")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [program, "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb",
                 "--web.listen-address=" + self.url[7:]], cwd=cwd, stdout=log, stderr=log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def ask(self, path, **words):
        """The data, or None while it is not there yet."""
        assert self.process.poll() is None, open(self.log, encoding="utf-8").read()[-2000:]
        try:
            with urllib.request.urlopen(
                    f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(words)}") as answer:
                return json.load(answer)["data"]
        except OSError:
            return None

    def value(self, query):
        """Of the one series that the query gives; None when there is none."""
        data = self.ask("query", query=query)
        if not data or not data["result"]:
            return None
        assert len(data["result"]) == 1, data
        return float(data["result"][0]["value"][1])
