"""Sixteen processes that register and promote at once, each killed at random, again and again: the
books hold on either database."""
import os
import random
import sqlite3
import subprocess
import threading
import time

from harness import ASSAY, SOAK, assay, directory, main, test
from postgres import PASSWORD, Postgres
from recipes import one_split

WORKERS = 16
KILLS = 100 if SOAK else 4  # of each


class Worker(threading.Thread):
    """Imports one model after the other as the champion; most are killed on the way."""

    def __init__(self, number, cwd, env):
        super().__init__()
        self.number, self.cwd, self.env = number, cwd, env
        self.random = random.Random(number)
        self.killed = self.done = 0
        self.took = 0.1
        self.wrong = []

    def attempt(self, name, kill):
        started = time.monotonic()
        running = subprocess.Popen([ASSAY, "models", "import", name, "--champion"], cwd=self.cwd,
                                   env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if kill:
            time.sleep(self.random.uniform(0, self.took))
            running.kill()
        said = running.communicate()[1].decode()
        if running.returncode == -9:
            self.killed += 1
        elif running.returncode == 0:
            self.done += 1
            self.took = time.monotonic() - started
        else:
            self.wrong.append((running.returncode, said))

    def run(self):
        attempts = 0
        while self.killed < KILLS and attempts < 10 * KILLS:
            name = f"model-{self.number}-{attempts}.json"
            with open(os.path.join(self.cwd, name), "w", encoding="utf-8") as file:
                file.write(one_split(1 + self.number + attempts / 4096))
            attempts += 1
            self.attempt(name, kill=attempts % 3 != 1)
            if self.random.random() < 0.3:  # the one that was killed is tried again
                self.attempt(name, kill=False)


def race(env, query):
    """`query` gives rows of the registry, as tuples of texts."""
    with directory() as cwd:
        env = dict(os.environ, **env)
        workers = [Worker(number, cwd, env) for number in range(WORKERS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        for worker in workers:
            assert not worker.wrong, worker.wrong[0]
            assert worker.killed >= KILLS, (worker.killed, worker.done)

        versions = query(cwd, "select number, name, bundle from version order by number")
        numbers = [int(row[0]) for row in versions]
        assert numbers == list(range(1, len(versions) + 1)), numbers
        assert len(versions) >= sum(worker.done for worker in workers) / 2
        assert len({row[1] for row in versions}) == len(versions)
        assert len({row[2] for row in versions}) == len(versions)

        champions = query(cwd, "select number from alias where name = 'champion'")
        assert len(champions) == 1, champions
        history = query(cwd, "select number, coalesce(previous, 0) from deployment order by id")
        for before, after in zip(history, history[1:]):
            assert before[0] == after[1], (before, after)
        assert history[-1][0] == champions[0][0]

        events = query(cwd, "select action, count(*) from audit group by action order by action")
        assert [(str(a), int(n)) for a, n in events] == [
            ("promote", len(history)), ("register", len(versions))], events
        assay("models", "verify", cwd=cwd, env=env)
        assay("audit", "verify", cwd=cwd, env=env)
        return len(versions), sum(worker.killed for worker in workers)


@test
def sixteen_processes_that_are_killed_at_random_leave_the_books_whole_on_sqlite():
    def query(cwd, sql):
        with sqlite3.connect(os.path.join(cwd, ".assay", "assay.db")) as db:
            return db.execute(sql).fetchall()

    versions, killed = race({}, query)
    print(f"# {killed} killed, {versions} versions")


@test
def sixteen_processes_that_are_killed_at_random_leave_the_books_whole_on_postgresql():
    with Postgres() as server:
        def query(_, sql):
            return [tuple(line.split("|")) for line in server.sql(sql, "assay").splitlines()]

        versions, killed = race({"ASSAY_STORE_DATABASE": server.url, "PGPASSWORD": PASSWORD}, query)
        print(f"# {killed} killed, {versions} versions")


main()
