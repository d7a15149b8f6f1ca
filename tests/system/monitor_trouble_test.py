"""The monitor in trouble: a database that goes away, a signal while it trains, rules that say more
than one thing of a metric."""
import contextlib
import os
import signal
import sqlite3
import subprocess
import time

from harness import ASSAY, assay, directory, main, read, test, write
from live import wait_for
from postgres import PASSWORD, Postgres
from server import Server
from stream import COLUMNS, decided, generated, look, moved, put_past, told

NOTHING = "drift: never, multivariate: never, bias: never, quality: never, performance: never, " \
          "service: never"


@contextlib.contextmanager
def watching(cwd, **env):
    """A monitor, ended with the block however that ends."""
    with open(os.path.join(cwd, "monitor.log"), "ab") as log:
        monitor = subprocess.Popen([ASSAY, "monitor"], cwd=cwd, stdout=log, stderr=log,
                                   env=dict(os.environ, **env))
    try:
        yield monitor
    finally:
        if monitor.poll() is None:
            monitor.kill()
            monitor.wait()


@test
def a_database_that_is_away_for_a_while_is_waited_for():
    with Postgres() as server, directory() as cwd:
        write(cwd, "assay.yaml", f"project: away\nstore: {{database: '{server.url}'}}\n"
                                 f"monitor: {{upkeep: 1s, {NOTHING}}}\n")
        with watching(cwd, PGPASSWORD=PASSWORD) as monitor:
            def looks():
                assert monitor.poll() is None, read(cwd, "monitor.log")
                return read(cwd, "monitor.log").count("upkeep: ok")
            wait_for(looks)
            server.stop()
            time.sleep(4)
            before = looks()
            server.serve()
            wait_for(lambda: looks() > before)
            monitor.send_signal(signal.SIGTERM)
            assert monitor.wait(timeout=30) == 0, read(cwd, "monitor.log")


YAML = f"""project: trouble
data: {{file: past.csv, label: fraud}}
{COLUMNS}split: {{kind: time, column: timestamp, train: 0.6, validation: 0.15, delay_days: 1}}
model: {{folds: 0, early_stopping: 0}}
evaluation: {{entity: customer_id}}
audit: {{trial: false}}
journal: {{segment_seconds: 1}}
gate: [roc_auc >= 0.5]
"""


def trainings(monitor):
    """The processes of the monitor's training, and of its worker."""
    found, parents = [], [monitor.pid]
    while parents:
        parent = str(parents.pop())
        try:
            children = read("/proc", parent, "task", parent, "children").split()
        except OSError:
            continue  # it has ended
        found += children
        parents += children
    return found


def is_alive(process):
    try:
        return read("/proc", process, "stat").split(")")[-1].split()[0] not in "ZX"
    except OSError:
        return False


@test
def two_floors_on_one_metric_are_both_told():
    with directory() as cwd:
        rows = generated(cwd, 200, 60)
        write(cwd, "assay.yaml", YAML +
              "monitor: {maturity_days: 0, drift: never, multivariate: never, bias: never, "
              "quality: never, upkeep: never, floors: [recall <= 1, recall >= 0.99]}\n")
        put_past(cwd, rows[:14000])
        assay("train", "--set", "model.rounds=20", cwd=cwd)
        with Server(cwd) as server:
            fresh = rows[14000:]
            frauds = [row["fraud"] == "1" for row in fresh]
            told(server, decided(server, fresh), frauds)
            moved(cwd, sum(frauds))
        assert [floor["rule"] for floor in look(cwd, "performance")["floors"]] == \
            ["recall <= 1", "recall >= 0.99"]
        said = assay("monitor", "once", "--set", "monitor.performance=1s", cwd=cwd).said
        assert "performance: alarm" in said, said
        assert "recall >= 0.99" in assay("alarms", cwd=cwd).text


def put_retraining(cwd):
    """A project whose model is to be trained anew at once, and nothing else to look at."""
    rows = generated(cwd, 200, 60)
    write(cwd, "assay.yaml", YAML +
          f"monitor: {{upkeep: 1s, {NOTHING}}}\n"
          "retrain: {newest_days: 50, schedule: 100d, rollout: promote}\n")
    put_past(cwd, rows)


@test
def who_is_stopped_while_it_trains_ends_the_training_and_meanwhile_it_watches_on():
    with directory() as cwd:
        put_retraining(cwd)
        with watching(cwd, ASSAY_MODEL_ROUNDS="100000") as monitor:
            wait_for(lambda: len(trainings(monitor)) == 2, 60)
            before = read(cwd, "monitor.log").count("upkeep: ok")
            wait_for(lambda: read(cwd, "monitor.log").count("upkeep: ok") > before, 30)
            processes = trainings(monitor)
            assert len(processes) == 2, processes
            monitor.send_signal(signal.SIGTERM)
            assert monitor.wait(timeout=20) == 0, read(cwd, "monitor.log")
            wait_for(lambda: not any(map(is_alive, processes)))
            shown = assay("monitor", "retrainings", cwd=cwd).text
            assert "training" in shown and "the monitor was stopped" in shown, shown
        with watching(cwd, ASSAY_MODEL_ROUNDS="20") as monitor:  # it goes on at once
            wait_for(lambda: "retraining 1: promoted" in read(cwd, "monitor.log"), 120)
            monitor.send_signal(signal.SIGTERM)
            assert monitor.wait(timeout=20) == 0, read(cwd, "monitor.log")


@test
def a_monitor_that_was_killed_is_followed_by_one_that_judges_what_it_had_registered():
    with directory() as cwd:
        put_retraining(cwd)
        with watching(cwd, ASSAY_MODEL_ROUNDS="100000") as monitor:
            wait_for(lambda: len(trainings(monitor)) == 2, 60)
            processes = trainings(monitor)
            monitor.kill()
            monitor.wait()
            wait_for(lambda: not any(map(is_alive, processes)))
        # What the training of one that dies a little later leaves: a version, of which nothing is said.
        env = {"ASSAY_MODEL_ROUNDS": "20"}
        assay("train", "--set", "data.newest_days=50", "--set", "deploy.automatic=false", cwd=cwd, env=env)
        with contextlib.closing(sqlite3.connect(os.path.join(cwd, ".assay", "assay.db"))) as database:
            database.execute("update retraining set lease_ms = 1")  # a quarter of an hour has gone by
            database.commit()
        with watching(cwd, **env) as monitor:
            wait_for(lambda: "retraining 1: promoted" in read(cwd, "monitor.log"), 120)
            monitor.send_signal(signal.SIGTERM)
            assert monitor.wait(timeout=20) == 0, read(cwd, "monitor.log")
        shown = assay("monitor", "retrainings", cwd=cwd).text
        assert shown.count("\n") == 1 and "version 1" in shown, shown


@test
def a_database_that_was_away_while_a_model_was_trained_does_not_lose_it():
    with Postgres() as server, directory() as cwd:
        env = {"PGPASSWORD": PASSWORD, "ASSAY_MODEL_ROUNDS": "2000"}
        rows = generated(cwd, 200, 60)
        write(cwd, "assay.yaml", YAML + f"store: {{database: '{server.url}'}}\n"
              f"monitor: {{upkeep: never, {NOTHING}}}\n"
              "retrain: {newest_days: 50, schedule: 100d, rollout: promote}\n")
        put_past(cwd, rows)
        with watching(cwd, **env) as monitor:
            wait_for(lambda: len(trainings(monitor)) == 2, 60)
            # The monitor's connection is cut; that of the training lives on.
            mine = server.sql("select pid from pg_stat_activity where usename = 'guest' "
                              "order by backend_start limit 1")
            server.sql(f"select pg_terminate_backend({mine})")
            wait_for(lambda: "promoted" in read(cwd, "monitor.log") or monitor.poll() is not None,
                     120)
            monitor.send_signal(signal.SIGTERM)
            assert monitor.wait(timeout=30) == 0, read(cwd, "monitor.log")
            shown = assay("monitor", "retrainings", cwd=cwd, env=env).text
            assert "promoted" in shown, shown + read(cwd, "monitor.log")


if __name__ == "__main__":
    main()
