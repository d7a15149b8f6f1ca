"""harness: a test of the whole program is a function with a sentence for a name.

    @test
    def a_gate_of_0_99_stops_the_pipeline():
        ...

Prints TAP, as the C tests do. A test that cannot run here raises Skip(why), and the closing line
counts it. Run by Debian's own python3, which sees Debian's python3-* packages.
"""
import atexit
import contextlib
import fcntl
import functools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ASSAY = os.environ.get("ASSAY", os.path.join(ROOT, "build/dev/assay"))
MODE = os.environ.get("ASSAY_MODE", "dev")
SOAK = "ASSAY_SOAK" in os.environ
TESTS = []


class Skip(Exception):
    """The test cannot run here, and why."""


def test(function):
    TESTS.append(function)
    return function


def data(name):
    """A file of the test data, which is not the project's own."""
    root = os.environ.get("ASSAY_DATA")
    if root is None:
        raise Skip("ASSAY_DATA names no folder of test data")
    path = os.path.join(root, name)
    if not os.path.exists(path):
        raise Skip(f"{name} is not in ASSAY_DATA")
    return path


def need(module):
    try:
        return __import__(module)
    except ImportError:
        raise Skip(f"python3-{module} is not installed") from None


PORTS = range(20000, 32768)  # below those that Linux gives to who asks for any
RESERVED = []


def free_port():
    """A port of the loopback where nobody listens. No other test gets it while this process lives:
    it is reserved by a name in the abstract namespace, as test_port of tests/harness.c does it."""
    start = os.getpid() * 8 % len(PORTS)
    for port in (*PORTS[start:], *PORTS[:start]):
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(f"\0assay-test-port-{port}")
            with socket.socket() as one:
                one.bind(("127.0.0.1", port))
        except OSError:
            mark.close()
            continue
        RESERVED.append(mark)
        return port
    raise AssertionError("no port is free")


@contextlib.contextmanager
def tool_folder(name):
    """build/tools/NAME, for one process at a time: the first makes what the others then find."""
    folder = os.path.join(ROOT, "build", "tools", name)
    os.makedirs(folder, exist_ok=True)
    with open(folder + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def debian_tool(package, program):
    """The path of a program, from PATH or unpacked out of a Debian package: a package that would
    start a service is not installed for one tool of it."""
    found = shutil.which(program)
    if found is not None:
        return found
    with tool_folder(package) as folder:
        paths = [os.path.join(folder, "usr", place, program) for place in ("bin", "sbin")]
        if not any(map(os.path.exists, paths)):
            got = subprocess.run(["apt-get", "-q", "download", package], cwd=folder, check=False,
                                 capture_output=True, text=True)
            if got.returncode != 0:
                raise Skip(f"the package {package} cannot be had: {got.stderr.strip()[:120]}")
            archive = [name for name in os.listdir(folder) if name.endswith(".deb")][0]
            subprocess.run(["dpkg", "-x", archive, "."], cwd=folder, check=True)
        return next(filter(os.path.exists, paths))


def assay(*arguments, cwd, status=0, env=None, stdin=None, timeout=300):
    """Runs the program; its exit status must be `status`."""
    done = subprocess.run([ASSAY, *map(str, arguments)], cwd=cwd, input=stdin, check=False,
                          capture_output=True, timeout=timeout,
                          env=dict(os.environ, **(env or {})))
    out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    assert done.returncode == status, (
        f"assay {' '.join(map(str, arguments))}: exit status {done.returncode}, wanted {status}\n"
        f"{out}\n{err}")
    done.text, done.said = out, err
    return done


def write(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return file.read()


class directory:
    """A fresh directory, removed afterwards."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="assay-test-")
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


@functools.cache
def made_once(make, *arguments):
    """A directory that make(directory, *arguments) has filled."""
    path = tempfile.mkdtemp(prefix="assay-test-")
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    make(path, *arguments)
    return path


def copied(cwd, make, *arguments):
    """What make makes, in `cwd`: for projects that several tests begin with, trained once."""
    shutil.copytree(made_once(make, *arguments), cwd, symlinks=True, dirs_exist_ok=True)


def main():
    failed = 0
    wanted = sys.argv[1:]
    chosen = [t for t in TESTS if not wanted or any(w in t.__name__ for w in wanted)]
    print(f"1..{len(chosen)}")
    for number, function in enumerate(chosen, 1):
        try:
            function()
            print(f"ok {number} - {function.__name__}", flush=True)
        except Skip as why:
            print(f"ok {number} - {function.__name__} # SKIP {why}", flush=True)
            print(f"# skipped {function.__name__}: {why}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            for line in traceback.format_exc().splitlines():
                print("# " + line)
            print(f"not ok {number} - {function.__name__}", flush=True)
    sys.exit(1 if failed else 0)
