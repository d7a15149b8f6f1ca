"""stream: generated card payments as a past to learn from and as requests to decide about."""
import csv
import json
import os
import sqlite3

from harness import assay
from live import wait_for

COLUMNS = """columns:
  transaction_id: {type: id}
  timestamp: {type: timestamp}
  customer_id: {type: id}
  terminal_id: {type: id}
  amount: {type: number, min: 0}
  channel: {type: category}
  entry_mode: {type: category}
  distance_km: {type: number, optional: true}
  customer_mean_amount: {type: number}
  customer_tenure_days: {type: integer}
  fraud: {type: integer}
features:
  - {transform: ratio, name: amount_to_mean, column: amount, other: customer_mean_amount}
"""


def generated(cwd, customers, days, *more):
    """The payments, oldest first."""
    assay("generate", "cards", "--out", cwd, "--rows", customers, "--days", days, *more, cwd=cwd)
    with open(os.path.join(cwd, "transactions.csv"), encoding="utf-8") as file:
        return list(csv.DictReader(file))


def put_past(cwd, rows):
    """In one move: who reads it meanwhile sees the one file or the other."""
    with open(os.path.join(cwd, "past.new"), "w", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0].keys())
        table.writeheader()
        table.writerows(rows)
    os.rename(os.path.join(cwd, "past.new"), os.path.join(cwd, "past.csv"))


def request(row):
    numbers = ("amount", "distance_km", "customer_mean_amount", "customer_tenure_days")
    return {name: float(value) if name in numbers else value
            for name, value in row.items() if value != "" and name not in ("fraud", "terminal_id")}


def events(cwd):
    return [(e["action"], e["subject"], e["payload"]) for e in map(
        json.loads, assay("audit", "export", cwd=cwd).text.splitlines())]


def decided(server, rows):
    """The decisions' ids."""
    ids = []
    for at in range(0, len(rows), 100):
        status, got = server.post("/decide", list(map(request, rows[at:at + 100])))
        assert status == 200, got
        ids += [decision["id"] for decision in got["decisions"]]
    return ids


def told(server, ids, frauds):
    """Chargebacks for those of the decisions that were fraud."""
    labels = [{"event_id": name, "label": "fraud", "source": "chargeback"}
              for name, fraud in zip(ids, frauds) if fraud]
    for at in range(0, len(labels), 100):
        status, got = server.post("/feedback", labels[at:at + 100])
        assert status == 202, got


def moved(cwd, labels):
    """The labels are in the database."""
    def count():
        books = sqlite3.connect(os.path.join(cwd, ".assay", "assay.db"), timeout=10)
        found = books.execute("select count(*) from label").fetchone()[0]
        books.close()
        return found
    wait_for(lambda: count() >= labels)


def look(cwd, watch, *more):
    return json.loads(assay("monitor", "look", watch, "--json", *more, cwd=cwd).text)
