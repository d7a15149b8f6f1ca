"""What `assay models gc` removes, and what it never does."""
import os
import subprocess
import time

from harness import ASSAY, assay, directory, main, test, write
from recipes import one_split

DAY = 24 * 60 * 60


def age(path, days):
    then = time.time() - days * DAY
    os.utime(path, (then, then))


def imported(cwd, value):
    name = f"model-{value}.json"
    write(cwd, name, one_split(value))
    return assay("models", "import", name, cwd=cwd).text.split()[2]


@test
def orphans_and_old_steps_go_and_are_told_of():
    with directory() as cwd:
        kept = imported(cwd, 1.0)
        bundles, work = os.path.join(cwd, ".assay", "bundles"), os.path.join(cwd, ".assay", "work")
        age(os.path.join(bundles, kept + ".tar"), 500)
        orphan = os.path.join(bundles, "ab" * 32 + ".tar")
        write(bundles, os.path.basename(orphan), "12345678")
        step = os.path.join(work, "prepare-0123456789abcdef")
        os.mkdir(step)
        write(step, "x", "1234")
        age(orphan, 31)
        age(step, 31)
        before = assay("audit", "verify", cwd=cwd).text

        said = assay("models", "gc", "--dry-run", cwd=cwd).text
        assert said.splitlines()[-1] == "would remove 1 bundles, 0 copies, 1 steps: 12 bytes", said
        assert "ab" * 32 in said and "prepare-0123456789abcdef" in said, said
        assert os.path.exists(orphan) and assay("audit", "verify", cwd=cwd).text == before
        said = assay("models", "gc", "--older", "32", cwd=cwd).text
        assert said == "removed 0 bundles, 0 copies, 0 steps: 0 bytes\n", said

        said = assay("models", "gc", cwd=cwd, env={"ASSAY_ACTOR": "ann"}).text
        assert said.splitlines()[-1] == "removed 1 bundles, 0 copies, 1 steps: 12 bytes", said
        assert not os.path.exists(orphan) and not os.path.exists(step)
        events = [line for line in assay("audit", "show", cwd=cwd).text.splitlines() if " gc " in line]
        assert len(events) == 2 and all(" ann " in line for line in events), events
        assert "ab" * 20 in events[1], events
        assay("models", "verify", cwd=cwd)
        done = assay("models", "gc", "--older", "-1", cwd=cwd, status=2)
        assert "whole days from 0" in done.said, done.said


@test
def a_version_that_is_being_registered_never_loses_its_bundle():
    """Everything is old at once: only the registry's lock stands between the two."""
    with directory() as cwd:
        for value in range(40):
            write(cwd, f"model-{value}.json", one_split(1 + value))
        clearing = subprocess.Popen(
            ["sh", "-c", 'while :; do "$0" models gc --older 0 >>log 2>&1 || echo FAILED >>log; done',
             ASSAY], cwd=cwd)
        try:
            again = 0
            for value in range(40):
                while True:
                    done = subprocess.run([ASSAY, "models", "import", f"model-{value}.json"], cwd=cwd,
                                          capture_output=True, text=True, check=False)
                    assert done.returncode in (0, 5), done.stderr
                    if done.returncode == 0:
                        break
                    assert "somebody cleared it away" in done.stderr, done.stderr
                    again += 1
        finally:
            clearing.kill()
            clearing.wait()
        with open(os.path.join(cwd, "log"), encoding="utf-8") as log:
            assert "FAILED" not in log.read()
        assert assay("models", "list", cwd=cwd).text.count("\n") == 41
        assay("models", "verify", cwd=cwd)
        print(f"# {again} times the bundle was cleared away first")


main()
