"""load: tests/system/load.c built, its bodies and right answers made, and what it saw compared with
the journal."""
import json
import os
import re
import subprocess
from csv import DictReader

from harness import ASSAY, ROOT, assay
from live import typed
from server import Server


class Load:
    """Clients that ask /decide and check each answer: begin(...), then end() gives what was seen."""

    def __init__(self, cwd, versions):
        self.cwd, self.runs = cwd, 0
        self.program = os.path.join(cwd, "load")
        subprocess.run(["cc", "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-o", self.program,
                        os.path.join(ROOT, "tests", "system", "load.c")], check=True)
        self.bodies = os.path.join(cwd, "bodies")
        self.scores = os.path.join(cwd, "scores")
        self.ids = []  # files of what was answered
        self.write_bodies(versions)

    def write_bodies(self, versions):
        """A body per line, and the score that each version alone gives to it."""
        with open(os.path.join(self.cwd, "customers.csv"), encoding="utf-8") as file:
            customers = {row["policy_id"]: row for row in DictReader(file)}
        with open(os.path.join(self.cwd, "claims.csv"), encoding="utf-8") as file:
            claims = [row for _, row in zip(range(40), DictReader(file))]
        scores = set()
        with open(self.scores, "w", encoding="utf-8") as out:
            for version in range(1, versions + 1):
                with Server(self.cwd, "--model", str(version), "--set",
                            "journal.enabled=false") as server:
                    bodies = [json.dumps(typed(server, {**claim, **customers[claim["policy_id"]]}))
                              for claim in claims]
                    for number, body in enumerate(bodies):
                        status, _, text = server.ask("POST", "/decide", body)
                        assert status == 200, text
                        sha256 = json.loads(text)["model"]["sha256"]
                        score = re.search(r'"score":([^,}]+)', text).group(1)
                        scores.add((number, score))
                        out.write(f"{sha256} {number} {score}\n")
        # Another version means another score, or else nobody would see that two were mixed.
        assert len(scores) > len(bodies) * versions * 0.8, len(scores)
        with open(self.bodies, "w", encoding="utf-8") as file:
            file.write("\n".join(bodies) + "\n")

    def begin(self, port, **options):
        self.runs += 1
        self.ids.append(os.path.join(self.cwd, f"ids-{self.runs}"))
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self.process = subprocess.Popen(
            [self.program, str(port), self.bodies, self.scores, self.ids[-1], *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def running(self):
        return self.process.poll() is None

    def end(self):
        """The counts; anything but right answers fails here."""
        out, said = self.process.communicate(timeout=3600)
        assert self.process.returncode == 0, said
        seen = json.loads(out)
        for what in ("fives", "others", "mixed", "lost", "unanswered"):
            assert seen[what] == 0, (seen, said[:800])
        return seen

    def answered(self):
        """A sorted file of the ids of all decisions that a client was told, ever."""
        return sorted_file(self.cwd, "answered", "cat", *self.ids)


def sorted_file(cwd, name, *command):
    """What a command prints, a line each, in order: ten million do not fit a set."""
    path = os.path.join(cwd, name)
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE) as lines:
        subprocess.run(["sort", "-o", path], stdin=lines.stdout, check=True,
                       env=dict(os.environ, LC_ALL="C", TMPDIR=cwd))
    assert lines.returncode == 0, (command, lines.returncode)
    return path


def journal_ids(cwd):
    """A sorted file of the ids that are kept, in the database and in segments, as often as there."""
    export = """set -o pipefail; "$0" log export | sed 's/^{"id":"\\([^"]*\\)".*/\\1/'"""
    return sorted_file(cwd, "kept", "bash", "-c", export, ASSAY)


def lines_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True,
                          env=dict(os.environ, LC_ALL="C")).stdout.splitlines()


def count_of(path):
    return int(lines_of("wc", "-l", path)[0].split()[0])


def is_kept_once(load, unacknowledged_max):
    """Each answered decision is in the journal once, and only so many that nobody was told."""
    answered, kept = load.answered(), journal_ids(load.cwd)
    twice = lines_of("uniq", "-d", answered)
    assert not twice, ("an id was given twice", twice[:3])
    twice = lines_of("uniq", "-d", kept)
    assert not twice, ("kept twice", len(twice), twice[:3])
    missing = lines_of("comm", "-23", answered, kept)
    assert not missing, ("lost", len(missing), missing[:3])
    more = lines_of("comm", "-13", answered, kept)
    assert len(more) <= unacknowledged_max, ("never told", len(more), more[:3])
    return count_of(kept)


def replayed(cwd, count):
    """Everything kept is computed again by the bundles it names: bit for bit the same."""
    said = assay("replay", cwd=cwd, timeout=3600).text
    assert f"{count} decisions replayed, {count} the same bit for bit, 0 not" in said, said[-300:]
