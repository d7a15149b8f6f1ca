"""A PostgreSQL server of the test's own: a cluster in a fresh directory, run by an unprivileged user,
with a socket there and a port on loopback, ended by its process id."""
import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

from harness import Skip, free_port

PASSWORD = "sesame"


def programs():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if not found:
        raise Skip("no PostgreSQL server is installed in /usr/lib/postgresql")
    return os.path.dirname(found[-1])


def unprivileged():
    """PostgreSQL does not run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        except KeyError:
            continue
    raise Skip("there is no user 'postgres' or 'nobody' to run a server as")


class Postgres:
    """with Postgres() as server: server.url is a database of the user guest, without the password."""

    def __enter__(self):
        self.bin, self.owner = programs(), unprivileged()
        self.dir = tempfile.mkdtemp(prefix="assay-postgres-")
        self.port = free_port()
        if self.owner:
            os.chown(self.dir, self.owner["user"], self.owner["group"])
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        self.process = None
        data = os.path.join(self.dir, "data")
        environment = dict(os.environ, LC_ALL="C")
        subprocess.run([f"{self.bin}/initdb", "-D", data, "-U", "owner", "-A", "trust", "-E", "UTF8",
                        "--locale=C.UTF-8", "--no-sync"], check=True, cwd=self.dir, env=environment,
                       stdout=subprocess.DEVNULL, **self.owner)
        with open(os.path.join(data, "pg_hba.conf"), "w", encoding="utf-8") as rules:
            rules.write("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        self.serve()
        self.sql(f"create role guest login password '{PASSWORD}'")
        self.sql("create database assay owner guest")
        self.url = f"postgresql://guest@127.0.0.1:{self.port}/assay"

    def serve(self):
        """After start, or again after stop."""
        data = os.path.join(self.dir, "data")
        environment = dict(os.environ, LC_ALL="C")
        with open(os.path.join(self.dir, "log"), "wb") as log:
            self.process = subprocess.Popen(
                [f"{self.bin}/postgres", "-D", data, "-k", self.dir, "-p", str(self.port), "-h",
                 "127.0.0.1", "-c", "fsync=off"],
                cwd=self.dir, env=environment, stdout=log, stderr=log, **self.owner)
        for _ in range(600):
            if self.sql("select 1", check=False) == "1":
                break
            assert self.process.poll() is None, open(log.name, encoding="utf-8").read()
            time.sleep(0.05)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        self.process = None

    def sql(self, text, database="postgres", check=True):
        """What psql prints, of the rows alone."""
        done = subprocess.run(
            [f"{self.bin}/psql", "-h", self.dir, "-p", str(self.port), "-U", "owner", "-d", database,
             "-qtAX", "-v", "ON_ERROR_STOP=1", "-c", text], cwd=self.dir, check=check,
            capture_output=True, text=True)
        return done.stdout.strip()

    def __exit__(self, *_):
        if self.process is not None:
            self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)
