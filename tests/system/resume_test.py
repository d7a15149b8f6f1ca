"""A training that is killed, a disk that is full, two trainings at once."""
import fcntl
import os
import shutil
import signal
import sqlite3
import subprocess
import time

from harness import ASSAY, Skip, assay, directory, main, read, test, write
from recipes import claims_yaml

STEPS = ["prepare", "train", "evaluate", "gate", "register", "deploy"]


def project(cwd, rounds=40, rows=2000):
    assay("generate", "claims", "--out", cwd, "--rows", rows, cwd=cwd)
    model = f"  algorithm: xgboost\n  rounds: {rounds}\n  folds: 2\n  threads: 1\n"
    write(cwd, "assay.yaml", claims_yaml(model=model, gate="roc_auc >= 0.5"))


def start(cwd, *arguments):
    return subprocess.Popen([ASSAY, "train", *arguments], cwd=cwd, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def bundles(cwd):
    return sorted(os.listdir(os.path.join(cwd, ".assay", "bundles")))


@test
def a_run_killed_after_each_step_resumes_and_ends_with_the_same_bundle():
    with directory() as cwd:
        project(cwd)
        wanted = assay("train", cwd=cwd).text.split()[2]
        for at, step in enumerate(STEPS):
            shutil.rmtree(os.path.join(cwd, ".assay"))
            if at > 0:
                assay("train", "--until", STEPS[at - 1], cwd=cwd)
            running = start(cwd)
            time.sleep(0.01 * (at + 1))
            running.send_signal(signal.SIGKILL)
            running.communicate()
            done = assay("train", cwd=cwd)
            assert done.text.split()[2] == wanted, (step, done.text)
            assert done.said.count("unchanged") >= min(at, 4), (step, done.said)


@test
def kill_9_at_many_moments_leaves_nothing_half_registered():
    with directory() as cwd:
        project(cwd, rounds=20, rows=1500)
        began = time.monotonic()
        wanted = assay("train", cwd=cwd).text.split()[2]
        whole = time.monotonic() - began
        for part in range(1, 13):
            shutil.rmtree(os.path.join(cwd, ".assay"))
            running = start(cwd)
            time.sleep(whole * part / 12)
            running.send_signal(signal.SIGKILL)
            running.communicate()
            listed = assay("models", "list", cwd=cwd).text.splitlines()[1:]
            for line in listed:
                assay("models", "show", line.split()[1], cwd=cwd)
            done = assay("train", cwd=cwd)
            assert done.text.split()[2] == wanted and done.text.startswith("1 "), done.text
            database = sqlite3.connect(os.path.join(cwd, ".assay", "assay.db"))
            states = {row[0] for row in database.execute("select state from run")}
            database.close()
            assert "running" not in states, states
            left = os.listdir(os.path.join(cwd, ".assay", "work"))
            assert not [name for name in left if name.endswith(".new")], left


@test
def the_worker_dies_with_the_program():
    with directory() as cwd:
        project(cwd, rounds=2000, rows=5000)
        running = start(cwd)
        deadline = time.monotonic() + 20
        workers = []
        while not workers and time.monotonic() < deadline:
            time.sleep(0.05)
            found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(running.pid)], check=False,
                                   capture_output=True, text=True)
            workers = found.stdout.split()
        assert workers, "the worker was not seen"
        running.send_signal(signal.SIGKILL)
        running.communicate()
        time.sleep(0.3)
        assert not os.path.exists(f"/proc/{workers[0]}") or \
            "Z" in read(f"/proc/{workers[0]}", "stat").split()[2]


@test
def a_second_training_in_one_store_is_told_that_another_runs():
    with directory() as cwd:
        project(cwd)
        os.mkdir(os.path.join(cwd, ".assay"))
        with open(os.path.join(cwd, ".assay", "train.lock"), "w", encoding="utf-8") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            done = assay("train", cwd=cwd, status=5)
            assert "another training runs" in done.said, done.said
        assay("train", cwd=cwd)


@test
def a_disk_that_is_full_leaves_nothing_registered_and_says_so():
    """A file-size limit makes writes past it fail as a full disk does."""
    with directory() as cwd:
        project(cwd)
        assay("train", "--until", "gate", cwd=cwd)
        done = subprocess.run(["/bin/sh", "-c", f"ulimit -f 170; exec {ASSAY} train"], cwd=cwd,
                              check=False, capture_output=True, text=True)
        assert done.returncode == 7, (done.returncode, done.stderr)
        assert "register: " in done.stderr and "cannot be written" in done.stderr, done.stderr
        assert bundles(cwd) == [], bundles(cwd)
        assert len(assay("models", "list", cwd=cwd).text.splitlines()) == 1
        assert assay("train", cwd=cwd).text.startswith("1 ")


@test
def a_real_full_file_system_leaves_nothing_registered():
    if os.geteuid() != 0:
        raise Skip("mounting a small file system needs root")
    with directory() as cwd:
        small = os.path.join(cwd, "small")
        os.mkdir(small)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=560k", "tmpfs", small],
                                 check=False, capture_output=True, text=True)
        if mounted.returncode != 0:
            raise Skip("this machine does not let root mount: " + mounted.stderr.strip())
        try:
            project(cwd)
            store = os.path.join(small, "store")
            done = subprocess.run([ASSAY, "train", "--set", f"store.dir={store}"], cwd=cwd,
                                  check=False, capture_output=True, text=True)
            assert done.returncode in (6, 7, 8), (done.returncode, done.stderr)
            found = [f for _, _, files in os.walk(os.path.join(store, "bundles")) for f in files]
            assert found == [], found
        finally:
            subprocess.run(["umount", small], check=False)


@test
def a_library_that_is_not_there_is_named_with_the_remedy():
    with directory() as cwd:
        project(cwd)
        done = assay("train", cwd=cwd, status=11, env={"ASSAY_LIBXGBOOST": "/no/libxgboost.so"})
        assert "libxgboost0" in done.said and "/no/libxgboost.so" in done.said, done.said


main()
