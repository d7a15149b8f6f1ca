"""The monitor in trouble: a database that goes away, a signal while it trains, rules that say more
than one thing of a metric."""
import os
import signal
import subprocess
import time

from harness import ASSAY, directory, main, read, test, write
from live import wait_for
from postgres import PASSWORD, Postgres

NOTHING = "drift: never, multivariate: never, bias: never, quality: never, performance: never, " \
          "service: never"


@test
def a_database_that_is_away_for_a_while_is_waited_for():
    with Postgres() as server, directory() as cwd:
        write(cwd, "assay.yaml", f"project: away\nstore: {{database: '{server.url}'}}\n"
                                 f"monitor: {{upkeep: 1s, {NOTHING}}}\n")
        with open(os.path.join(cwd, "monitor.log"), "wb") as log:
            monitor = subprocess.Popen([ASSAY, "monitor"], cwd=cwd, stdout=log, stderr=log,
                                       env=dict(os.environ, PGPASSWORD=PASSWORD))

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


if __name__ == "__main__":
    main()
