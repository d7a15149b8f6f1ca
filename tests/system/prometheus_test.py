"""The metrics page as Prometheus itself reads it: its own linter, and a real one that scrapes."""
import subprocess

from harness import assay, debian_tool, directory, main, test
from live import record, trained, typed, wait_for
from prometheus import Prometheus
from server import Server


def served(cwd):
    """Something of everything happens: decisions, refusals, a label, an experiment."""
    trained(cwd, 2, "journal:\n  durability: fsync\nevaluation:\n  entity: policy_id\n")
    assay("models", "promote", 1, cwd=cwd)
    assay("experiment", "start", "autumn", "--rival", "2", "--share", "0.4", cwd=cwd)


def use(server, row):
    for number in range(20):
        status, answer = server.post("/decide", {**row, "policy_id": f"p-{number}"})
        assert status == 200, answer
    server.post("/decide", "{")
    server.get("/nowhere")
    server.post("/feedback", {"event_id": answer["decisions"][0]["id"], "label": "fraud",
                              "source": "analyst"})


@test
def a_real_prometheus_scrapes_and_counts_what_was_asked():
    with directory() as cwd:
        served(cwd)
        with Server(cwd) as server:
            row = typed(server, record(cwd))
            with Prometheus(cwd, f"{server.host}:{server.port}") as prometheus:
                use(server, row)
                counted = 'sum(assay_decisions_total)'
                wait_for(lambda: prometheus.value(counted) == 20, 30)
                targets = prometheus.ask("targets")["activeTargets"]
                assert [(one["health"], one["lastError"]) for one in targets] == [("up", "")], targets
                assert prometheus.value("assay_journal_stalled") == 0
                # What it was told each is: a page whose types it could not read would have none.
                told = prometheus.ask("metadata")
                assert told["assay_journal_stalled"][0]["type"] == "gauge", told
                ours = [name for name in told if name.startswith("assay_")]
                assert len(ours) > 15 and all(told[name][0]["help"] for name in ours), ours
                latency = [name for name in ours if told[name][0]["type"] == "histogram"]
                assert latency, ours
                share = prometheus.value(
                    f"histogram_quantile(0.99, sum by (le) ({latency[0]}_bucket))")
                assert share is not None and 0 < share < 1, share
                use(server, row)
                wait_for(lambda: prometheus.value(counted) == 40, 30)


@test
def the_page_with_a_journal_and_an_experiment_is_clean_to_promtool():
    promtool = debian_tool("prometheus", "promtool")
    with directory() as cwd:
        served(cwd)
        with Server(cwd) as server:
            use(server, typed(server, record(cwd)))
            page = server.get("/metrics")[2]
            server.open.request("GET", "/metrics",
                                headers={"Accept": "application/openmetrics-text;version=1.0.0"})
            answer = server.open.getresponse()
            assert answer.getheader("Content-Type").startswith("application/openmetrics-text")
            assert answer.read().endswith(b"# EOF\n")
        assert "assay_journal_records_total 21" in page and 'experiment="autumn"' in page, page
        done = subprocess.run([promtool, "check", "metrics"], input=page.encode(),
                              capture_output=True, check=False)
        assert done.returncode == 0 and done.stderr == b"", done.stderr.decode()


if __name__ == "__main__":
    main()
