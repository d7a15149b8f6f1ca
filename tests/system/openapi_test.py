"""/openapi.json under schemathesis, which makes requests of what the document says and holds the
answers to it."""
import json
import os
import subprocess

from harness import SOAK, assay, directory, main, read, test, write
from python_tools import environment
from server import Server


def project(cwd):
    """A small model with a column of nearly every kind."""
    lines = ["amount,hour,kind,known,at,card,fraud"]
    for i in range(1200):
        amount, hour = (i * 370) % 500, (i * 7) % 24
        fraud = int(amount >= 300 and hour < 8) ^ int(i % 97 == 0)
        lines.append(f"{amount}.5,{'' if i % 11 == 0 else hour},{'web' if i % 3 else 'shop'},"
                     f"{'yes' if i % 2 else 'no'},2024-01-{i % 28 + 1:02}T{hour:02}:00:00Z,"
                     f"c{i % 200},{fraud}")
    write(cwd, "data.csv", "\n".join(lines) + "\n")
    assay("init", ".", "--from", "data.csv", "--label", "fraud", cwd=cwd)
    yaml = read(cwd, "assay.yaml").replace("roc_auc >= 0.7", "roc_auc >= 0.1")
    write(cwd, "assay.yaml", yaml)
    assay("train", "--set", "model.rounds=5", "--set", "model.folds=0",
          "--set", "model.early_stopping=0", "--set", "challenge.mode=off",
          "--set", "audit.trial=false", cwd=cwd)


@test
def schemathesis_finds_nothing():
    tools = environment("schemathesis", "schemathesis==4.*")
    with directory() as cwd:
        project(cwd)
        with Server(cwd) as server:
            url = f"http://127.0.0.1:{server.port}"
            # A method that HTTP does not know is a malformed request to us, 400, and 405 to it.
            done = subprocess.run(
                [os.path.join(tools, "schemathesis"), "run", url + "/openapi.json", "--url", url,
                 "--max-examples", "200" if SOAK else "10", "--workers", "1", "--seed", "1",
                 "--exclude-checks", "unsupported_method", "--no-color"],
                cwd=cwd, capture_output=True, text=True, check=False, timeout=1000)
            assert done.returncode == 0, done.stdout[-6000:] + done.stderr
            assert server.get("/readyz")[0] == 200


@test
def the_document_is_openapi_and_its_rows_are_the_models():
    with directory() as cwd:
        project(cwd)
        with Server(cwd) as server:
            document = json.loads(server.get("/openapi.json")[2])
            features = json.loads(server.get("/model-info")[2])["features"]
            row = document["components"]["schemas"]["NamedRow"]
            assert document["openapi"] == "3.1.0"
            assert set(features) <= set(row["properties"])
            assert len(document["components"]["schemas"]["ListedRow"]["prefixItems"]) == len(features)
            paths = json.loads(server.get("/")[2])["endpoints"]
            for route in paths:
                assert route["method"].lower() in document["paths"][route["path"]], route
            assert list(json.loads(server.get("/swagger.json")[2])["paths"]) == ["/score"]


main()
