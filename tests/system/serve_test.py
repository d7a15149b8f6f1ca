"""The server over real models: the shapes of five systems, and no skew between any two ways in."""
import csv
import json
import os
import random
import re
import signal
import socket
import subprocess
import threading
import time

from harness import assay, data, directory, main, read, test, write
from recipes import claims_yaml, ulb
from server import Server

MODEL = "  algorithm: xgboost\n  rounds: 20\n  folds: 0\n  threads: 1\n"


def system_a(cwd):
    assay("models", "import", data("models/system-a/booster.json"), "--features",
          data("models/system-a/feature_names.json"), "--champion", cwd=cwd)


def generated_claims(cwd):
    """A champion on generated claims, and the joined records as lists of texts by column."""
    assay("generate", "claims", "--out", cwd, "--rows", 2000, cwd=cwd)
    write(cwd, "assay.yaml", claims_yaml(model=MODEL, gate="roc_auc >= 0.5"))
    assay("train", cwd=cwd)
    with open(os.path.join(cwd, "customers.csv"), newline="", encoding="utf-8") as file:
        customers = {row["policy_id"]: row for row in csv.DictReader(file)}
    with open(os.path.join(cwd, "claims.csv"), newline="", encoding="utf-8") as file:
        rows = [{**row, **customers[row["policy_id"]]} for row in csv.DictReader(file)]
    bundle = os.path.join(cwd, ".assay", "bundles", os.listdir(os.path.join(cwd, ".assay", "bundles"))[0])
    schema = json.loads(subprocess.run(["tar", "xOf", bundle, "schema.json"], check=True,
                                       capture_output=True).stdout)
    return [column for column in schema["columns"] if column["input"]], rows


def typed(column, text):
    """What a client with types would send: None for missing."""
    if text == "" or text in column.get("missing", []):
        return None
    if column["type"] in ("number", "integer"):
        return json.loads(text)
    return text


@test
def system_a_gets_its_exact_answer():
    with directory() as cwd:
        system_a(cwd)
        request = read(data("models/system-a/request.json"))
        wanted = json.loads(read(data("models/system-a/response.json")))
        with Server(cwd) as server:
            status, kind, text = server.ask("POST", "/invocations", request)
            assert status == 200 and kind.startswith("application/json"), (status, kind)
            answer = json.loads(text)
            stamp = answer["metadata"].pop("timestamp")
            wanted["metadata"].pop("timestamp")
            assert answer == wanted, answer
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", stamp), stamp
            assert '"predictions":[0.016783954575657845]' in text, text
            status, answer = server.post("/invocations", f"[{request},{request}]")
            assert status == 200 and answer["metadata"]["prediction_count"] == 2
            assert server.get("/ping") [0] == 200 and server.get("/ping")[2] == ""
            status, _, text = server.get("/model-info")
            info = json.loads(text)
            assert info["model_loaded"] is True and info["feature_count"] == 26, info
            assert info["features"][0] == "months_as_customer", info
            assert server.get("/")[0] == 200


@test
def system_a_fills_absent_features_with_0_and_counts_them():
    with directory() as cwd:
        system_a(cwd)
        request = json.loads(read(data("models/system-a/request.json")))
        zeroed = dict(request, age=0, witnesses=0)
        del request["age"], request["witnesses"]
        with Server(cwd) as server:
            filled, whole = server.post("/invocations", request), server.post("/invocations", zeroed)
            assert filled[0] == 200 and filled[1]["predictions"] == whole[1]["predictions"]
            assert re.search(r"^assay_absent_filled_total 2$", server.get("/metrics")[2], re.M)


@test
def card_services_shapes_c_and_d():
    with directory() as cwd:
        ulb(cwd, "xgboost", rounds=20)
        assay("train", cwd=cwd)
        with open(data("cards/ulb/creditcard_core.csv"), newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))[1:201]
        scored = assay("score", data("cards/ulb/creditcard_core.csv"), cwd=cwd).text.splitlines()[1:]
        with Server(cwd) as server:
            for row, line in zip(rows, scored):
                _, score, fraud = line.split(",")
                features = [json.loads(value) for value in row[:30]]
                status, _, text = server.ask("POST", "/prod/predict",
                                             json.dumps({"features": features}))
                answer = json.loads(text)
                assert status == 200 and list(answer) == ["prediction", "fraud_score", "message"]
                assert f'"fraud_score":{score},' in text, (text, score)
                assert answer["prediction"] == int(fraud)
                assert answer["message"] == ("Fraud detected" if fraud == "1"
                                             else "Legitimate transaction")
                status, answer = server.post("/predict", {"features": features})
                assert status == 200 and answer == {
                    "prediction": "fraud" if fraud == "1" else "legit",
                    "fraud_probability": float(score)}, answer
            assert server.post("/prod/predict", {"features": features[:29]}) == \
                (400, {"error": "Expected 30 features"})
            assert server.post("/predict", {"features": features + [0]}) == \
                (400, {"detail": "Expected 30 features"})


@test
def one_row_has_the_same_bits_as_csv_named_json_positional_json_and_a_scored_file():
    with directory() as cwd:
        columns, rows = generated_claims(cwd)
        names = [column["name"] for column in columns]
        scored = assay("score", "claims.csv", "--join", "customers.csv", "--on", "policy_id",
                       cwd=cwd).text.splitlines()[1:]
        shuffle = random.Random(1)
        with Server(cwd) as server:
            for row, line in list(zip(rows, scored))[:300]:
                score = line.split(",")[1]
                values = [typed(column, row[column["name"]]) for column in columns]
                named = list(zip(names, values))
                shuffle.shuffle(named)
                text = ",".join('"' + row[name] + '"' for name in names)
                answers = [
                    server.ask("POST", "/invocations", json.dumps(dict(named)))[2],
                    server.ask("POST", "/invocations", json.dumps([values]))[2],
                    server.ask("POST", "/invocations", text + "\n", "text/csv")[2],
                    server.ask("POST", "/invocations", ",".join(names) + "\n" + text, "text/csv")[2],
                    server.ask("POST", "/predict", json.dumps({"features": dict(named)}))[2],
                    server.ask("POST", "/predict", json.dumps({"features": values}))[2],
                ]
                for answer in answers:
                    found = re.search(r'(?:predictions":\[|pred_proba":|fraud_probability":)([^,}\]]+)',
                                      answer)
                    assert found and found.group(1) == score, (answer, score)


@test
def null_an_absent_key_and_an_empty_cell_are_one_missing_and_0_is_0():
    with directory() as cwd:
        columns, rows = generated_claims(cwd)
        values = {c["name"]: typed(c, rows[0][c["name"]]) for c in columns}
        values["police_report_available"] = "Yes"
        with Server(cwd) as server:
            def score(record):
                status, answer = server.post("/predict", {"features": record})
                assert status == 200, answer
                return answer["pred_proba"]
            null = score(dict(values, police_report_available=None))
            absent = dict(values)
            del absent["police_report_available"]
            assert score(absent) == null
            assert score(dict(values, police_report_available="")) == null
            assert score(dict(values, police_report_available="N/A")) == null
            assert score(dict(values, num_witnesses=0)) == score(dict(values, num_witnesses=0.0))


@test
def what_is_wrong_with_a_record_is_named():
    with directory() as cwd:
        columns, rows = generated_claims(cwd)
        good = {c["name"]: typed(c, rows[0][c["name"]]) for c in columns}
        with Server(cwd) as server:
            def refused(body, *words, status=400):
                got, answer = server.post("/predict", body)
                assert got == status, (got, answer)
                text = json.dumps(answer)
                assert all(word in text for word in words), (answer, words)
            refused({"features": dict(good, colour="red")}, "colour")
            refused({"features": dict(good, num_injuries="two")}, "num_injuries", "two")
            refused({"features": dict(good, num_injuries="2")}, "num_injuries")
            refused({"features": dict(good, num_injuries=1.5)}, "num_injuries")
            refused({"features": dict(good, num_injuries=-1)}, "num_injuries", "least")
            refused({"features": dict(good, num_injuries=None)}, "num_injuries", "missing")
            refused({"features": dict(good, policy_liability="1/2")}, "policy_liability")
            refused({"features": {k: v for k, v in good.items() if k != "auto_year"}}, "auto_year")
            refused(json.dumps({"features": good})[:-2] + ',"auto_year":1}}', "auto_year", "twice")
            refused('{"features": {', "JSON")
            refused("", "JSON")
            refused({"other": 1}, "features")
            status, _, text = server.ask("POST", "/predict", "x", "application/x-pickle")
            assert status == 415, (status, text)
            status, _, text = server.ask("GET", "/predict")
            assert status == 405, (status, text)
            assert server.get("/nothing")[0] == 404
            unseen = {"features": dict(good, policy_state="TX")}
            assert server.post("/predict", unseen)[0] == 200
            assert re.search(r"^assay_unseen_categories_total 1$", server.get("/metrics")[2], re.M)


@test
def a_server_without_a_champion_says_what_to_do():
    with directory() as cwd:
        for wanted in ("assay train --from", "no champion yet: `assay train`"):
            done = assay("serve", "--port", "0", cwd=cwd, status=4)
            assert wanted in done.said, done.said
            write(cwd, "assay.yaml", "project: x\n")


@test
def a_port_in_use_is_named():
    with directory() as cwd, socket.socket() as taken:
        system_a(cwd)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = assay("serve", "--port", port, cwd=cwd, status=5)
        assert str(port) in done.said, done.said


@test
def a_changed_bundle_is_not_served():
    with directory() as cwd:
        system_a(cwd)
        bundles = os.path.join(cwd, ".assay", "bundles")
        path = os.path.join(bundles, os.listdir(bundles)[0])
        with open(path, "r+b") as file:
            file.seek(30000)
            byte = file.read(1)
            file.seek(30000)
            file.write(bytes([byte[0] ^ 1]))
        assay("serve", "--port", "0", cwd=cwd, status=9)


@test
def sigterm_answers_every_request_that_was_sent():
    with directory() as cwd:
        system_a(cwd)
        request = json.loads(read(data("models/system-a/request.json")))
        body = json.dumps([request] * 2000)
        counted = []

        def client(server):
            done = 0
            try:
                while True:
                    with socket.create_connection((server.host, server.port), timeout=20) as s:
                        s.sendall((f"POST /invocations HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                   f"Content-Type: application/json\r\nContent-Length: {len(body)}"
                                   f"\r\n\r\n{body}").encode())
                        answer = b""
                        while piece := s.recv(1 << 16):
                            answer += piece
                    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"}"), answer[:80]
                    done += 1
            except ConnectionRefusedError:
                counted.append(done)
            except (ConnectionResetError, BrokenPipeError):
                # Accepted by the kernel, and never by the server: it had not begun.
                counted.append(done)

        with Server(cwd, "--workers", "2") as server:
            clients = [threading.Thread(target=client, args=(server,)) for _ in range(4)]
            for thread in clients:
                thread.start()
            time.sleep(0.7)
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(timeout=30) == 0
            for thread in clients:
                thread.join(30)
        assert len(counted) == 4 and sum(counted) > 4, counted


@test
def metrics_count_what_was_asked():
    with directory() as cwd:
        system_a(cwd)
        request = read(data("models/system-a/request.json"))
        with Server(cwd) as server:
            for _ in range(3):
                server.post("/invocations", request)
            server.post("/invocations", "{")
            text = server.get("/metrics")[2]
            assert re.search(r'assay_http_requests_total\{[^}]*route="/invocations"[^}]*code="200"[^}]*\} 3',
                             text) or re.search(r'assay_http_requests_total\{[^}]*code="200"[^}]*route="/invocations"[^}]*\} 3', text), text
            assert "assay_model_info{" in text and "process_resident_memory_bytes" in text


main()
