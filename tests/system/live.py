"""live: a project of generated claims with versions to serve, and a claim to ask about."""
import json
import os
import time
from csv import DictReader

from harness import assay, read, write


def trained(cwd, versions, more=""):
    """Versions whose scores differ: each has more rounds."""
    assay("generate", "claims", "--rows", 1000, cwd=cwd)
    assay("init", ".", "--template", "claims", cwd=cwd)
    yaml = read(cwd, "assay.yaml").replace("roc_auc >= 0.7", "roc_auc >= 0.1")
    write(cwd, "assay.yaml", yaml + "serve:\n  watch_ms: 50\n" + more)
    for number in range(1, versions + 1):
        assay("train", "--set", f"model.rounds={4 + number}", "--set", "model.folds=0",
              "--set", "model.early_stopping=0", "--set", "challenge.mode=off",
              "--set", "audit.trial=false", cwd=cwd)


def record(cwd):
    """One claim as JSON, with every column that the model reads."""
    with open(os.path.join(cwd, "claims.csv"), encoding="utf-8") as file:
        claim = next(DictReader(file))
    with open(os.path.join(cwd, "customers.csv"), encoding="utf-8") as file:
        customer = next(row for row in DictReader(file) if row["policy_id"] == claim["policy_id"])
    return {**claim, **customer}


def typed(server, row):
    """The columns that /model-info names, numbers as numbers."""
    def value(text):
        try:
            return float(text)
        except ValueError:
            return text
    wanted = json.loads(server.get("/model-info")[2])["features"]
    return {name: value(row[name]) for name in wanted if row[name] != ""}


def wait_for(what, seconds=20):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.02)


def version_served(server):
    return json.loads(server.get("/model-info")[2])["model_version"]
