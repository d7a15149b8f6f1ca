"""tools/run-tests, which decides whether all others are believed."""
import json
import os
import re
import signal
import subprocess
import time

from harness import ROOT, directory, main, read, test, write
from live import wait_for

TOOL = os.path.join(ROOT, "tools", "run-tests")


def program(cwd, name, text):
    path = write(cwd, name, "#!/bin/sh\n" + text)
    os.chmod(path, 0o755)
    return path


def run(*words, status):
    done = subprocess.run([TOOL, *words], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done.stdout


def is_running(pid):
    try:
        return read("/proc", pid, "stat").split(")")[-1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@test
def what_failed_crashed_and_was_skipped_is_counted_and_told_in_the_order_given():
    with directory() as cwd:
        out = run(program(cwd, "slow", "sleep 0.5; echo 'ok 1 - one'; echo 'ok 2 - two'"),
                  program(cwd, "bad", "echo seen; echo 'not ok 1 - it'; exit 1"),
                  program(cwd, "crash", "echo 'ok 1 - so far'; kill -SEGV $$"),
                  program(cwd, "quit", "echo 'ok 1 - so far'; exit 3"),
                  program(cwd, "skip", "echo '# skipped here: no disk'; echo 'not ok 1 # SKIP here'"),
                  program(cwd, "why", "echo 'ok 1 - there # SKIP no net'"), status=1)
        told = re.findall(r"^(ok|FAILED) .*/(\w+)  (\d) passed, ", out, re.M)
        assert told == [("ok", "slow", "2"), ("FAILED", "bad", "0"), ("FAILED", "crash", "1"),
                        ("FAILED", "quit", "1"), ("ok", "skip", "0"), ("ok", "why", "0")], out
        for text in ("seen\nnot ok 1 - it\n", "ended by signal 11\n", "exit status 3\n",
                     "SKIPPED skip: here: no disk\nSKIPPED why: there: no net\n"):
            assert text in out, (text, out)
        assert out.endswith("\n4 passed, 3 failed, 2 skipped\n"), out


@test
def a_program_that_ends_well_before_all_of_its_tests_ran_has_failed():
    with directory() as cwd:
        out = run(program(cwd, "left", "echo 1..3; echo 'ok 1 - one'; echo 'not ok 2 # SKIP two'"),
                  program(cwd, "whole", "echo 1..2; echo 'ok 1 - one'; echo 'ok 2 - two'"), status=1)
        assert "ended after 2 of 3 tests\n" in out, out
        assert out.endswith("\n3 passed, 1 failed, 1 skipped\n"), out


@test
def good_ones_succeed_and_nothing_run_does_not():
    with directory() as cwd:
        good = program(cwd, "good", "echo 'ok 1 - it'")
        assert run(good, status=0).endswith("1 passed, 0 failed, 0 skipped\n")
        assert run(program(cwd, "mute", ""), status=1).endswith("0 passed, 0 failed, 0 skipped\n")


@test
def one_that_hangs_ends_with_all_it_started_and_what_it_had_said_is_shown():
    with directory() as cwd:
        hangs = program(cwd, "hangs", f"trap '' INT; sleep 99 & echo $! >{cwd}/child\n"
                                      "echo 'ok 1 - so far'; wait")
        out = run("--limit", "0.5", hangs, status=1)
        assert "ok 1 - so far\n" in out and "ran out of time" in out, out
        assert out.endswith("1 passed, 1 failed, 0 skipped\n"), out
        assert not is_running(read(cwd, "child").strip())


@test
def what_a_test_leaves_running_ends_with_it():
    with directory() as cwd:
        out = run(program(cwd, "leaves", f"sleep 99 & echo $! >{cwd}/child; echo 'ok 1 - it'"),
                  status=0)
        assert out.endswith("1 passed, 0 failed, 0 skipped\n"), out
        wait_for(lambda: not is_running(read(cwd, "child").strip()))


@test
def an_interrupted_run_tells_what_was_done_and_leaves_nothing_running():
    for number in (signal.SIGINT, signal.SIGTERM):
        with directory() as cwd:
            long = program(cwd, "long", f"echo $$ >{cwd}/one; exec sleep 99")
            brief = program(cwd, "brief", f"echo 'ok 1 - it'; echo >{cwd}/two")
            with subprocess.Popen([TOOL, "--jobs", "2", long, brief], stdout=subprocess.PIPE,
                                  text=True) as process:
                wait_for(lambda: all(os.path.exists(os.path.join(cwd, n)) for n in ("one", "two")))
                time.sleep(0.5)
                process.send_signal(number)
                out = process.communicate(timeout=30)[0]
            assert process.returncode == 130, out
            assert re.search(r"^ok +.*brief  1 passed", out, re.M), out
            assert re.search(r"^interrupted while these ran: .*long$", out, re.M), out
            assert not is_running(read(cwd, "one").strip())


@test
def two_run_at_once_and_the_longest_of_last_time_begins():
    with directory() as cwd:
        meets = [program(cwd, name, f"echo {name} >>{cwd}/begun; touch {cwd}/{name}.here\n"
                                    f"while [ ! -e {cwd}/{other}.here ]; do sleep 0.05; done\n"
                                    f"sleep {pause}; echo 'ok 1 - it'")
                 for name, other, pause in (("quick", "slow", 0), ("slow", "quick", 0.5))]
        times = os.path.join(cwd, "times")
        assert run("--jobs", "2", "--times", times, *meets, status=0).endswith(
            "2 passed, 0 failed, 0 skipped\n")
        kept = json.loads(read(times))
        assert kept[meets[1]] > kept[meets[0]], kept
        os.remove(os.path.join(cwd, "begun"))
        run("--jobs", "1", "--times", times, *meets, status=0)
        assert read(cwd, "begun").split() == ["slow", "quick"]


main()
