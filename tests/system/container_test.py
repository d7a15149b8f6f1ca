"""The program inside the platforms' containers: /opt/ml and the variables that they set."""
import gzip
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from harness import ASSAY, assay, free_port, main, read, test, write
from s3_server import S3
from server import Server

ROOM = tempfile.TemporaryDirectory(prefix="assay-test-")


def scratch():
    return tempfile.mkdtemp(dir=ROOM.name)


def tree(cwd, settings, table):
    """/opt/ml as a training job finds it."""
    root = os.path.join(cwd, "ml")
    os.makedirs(os.path.join(root, "input", "config"))
    os.makedirs(os.path.join(root, "input", "data", "train"))
    write(root, "input/config/hyperparameters.json", json.dumps(settings))
    write(root, "input/config/inputdataconfig.json", json.dumps(
        {"train": {"ContentType": "text/csv", "TrainingInputMode": "File",
                   "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}}))
    write(root, "input/config/resourceconfig.json",
          json.dumps({"current_host": "algo-1", "hosts": ["algo-1"]}))
    write(root, "input/data/train/part.csv", table)
    return root


def table(rows=1200):
    """amount and hour decide; kind is a text."""
    lines = ["amount,hour,kind,fraud"]
    for i in range(rows):
        amount, hour = (i * 370) % 500, (i * 7) % 24
        fraud = int(amount >= 300 and hour < 8) ^ int(i % 97 == 0)
        lines.append(f"{amount},{hour},{'web' if i % 3 else 'shop'},{fraud}")
    return "\n".join(lines) + "\n"


SETTINGS = {"label": "fraud", "num_round": "8", "max_depth": "3", "eta": "\"0.3\"",
            "model.folds": "0", "early_stopping_rounds": "0", "challenge.mode": "off", "audit.trial": "false",
            "sagemaker_program": "x"}


class Job:
    """One trained tree for all tests that serve."""
    root = None

    @classmethod
    def trained(cls):
        if cls.root is None:
            cwd = scratch()
            cls.root = tree(cwd, SETTINGS, table())
            os.makedirs(os.path.join(cwd, "app"))
            assay("train", cwd=os.path.join(cwd, "app"), env={"ASSAY_OPT_ML": cls.root})
        return cls.root


def serving(root, *arguments, **variables):
    cwd = scratch()
    environment = dict(os.environ, ASSAY_OPT_ML=root, **variables)
    server = Server(cwd, "--host", "127.0.0.1", *arguments)
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        server.__enter__()
    finally:
        os.environ.clear()
        os.environ.update(before)
    return server


ROW = {"amount": 450, "hour": 3, "kind": "web"}


@test
def train_reads_the_tree_and_leaves_the_model_in_it():
    root = Job.trained()
    assert sorted(os.listdir(os.path.join(root, "model"))) == ["model.assay", "xgboost-model"]
    assert not os.path.exists(os.path.join(root, "output", "failure"))
    yaml = read(root, "output/data/project/assay.yaml")
    assert "label: fraud" in yaml, yaml


def streamed(bytes_, **channel):
    """A job whose train channel is a pipe that these bytes come through; (root, the ended program)."""
    cwd = scratch()
    root = tree(cwd, SETTINGS, table())
    os.makedirs(os.path.join(cwd, "app"))
    shutil.rmtree(os.path.join(root, "input", "data", "train"))
    pipe = os.path.join(root, "input", "data", "train_0")
    os.mkfifo(pipe)
    write(root, "input/config/inputdataconfig.json", json.dumps(
        {"train": {"ContentType": "text/csv", "TrainingInputMode": "Pipe", **channel}}))
    writer = subprocess.Popen(["sh", "-c", 'cat > "$0"', pipe], stdin=subprocess.PIPE)
    feeder = threading.Thread(target=lambda: (writer.stdin.write(bytes_), writer.stdin.close()))
    feeder.start()
    try:
        done = subprocess.run([ASSAY, "train"], cwd=os.path.join(cwd, "app"), check=False, timeout=120,
                              capture_output=True, env=dict(os.environ, ASSAY_OPT_ML=root))
    finally:
        writer.kill()  # who was not read waits still
        writer.wait()
        feeder.join()
    return root, done


@test
def a_channel_that_comes_through_a_pipe_trains_the_same_model_and_leaves_no_copy():
    plain = Job.trained()
    for bytes_ in (table().encode(), gzip.compress(table().encode())):
        root, done = streamed(bytes_, RecordWrapperType="None")
        assert done.returncode == 0, done.stderr
        assert os.listdir(os.path.join(root, "output", "data")) == ["project"]
        with open(os.path.join(root, "model", "xgboost-model"), "rb") as ours, \
                open(os.path.join(plain, "model", "xgboost-model"), "rb") as wanted:
            assert ours.read() == wanted.read()
    root, done = streamed(table().encode(), RecordWrapperType="RecordIO")
    assert done.returncode != 0 and "RecordWrapperType" in read(root, "output/failure")
    root, done = streamed(b"")
    assert done.returncode != 0 and "without a byte" in read(root, "output/failure")


@test
def what_fails_is_told_in_the_failure_file_and_by_the_exit_status():
    for settings, rows, wanted in [
            ({"label": "fraud", "max_depth": "deep"}, table(), "max_depth"),
            ({"label": "colour"}, table(), "colour"),
            ({"label": "fraud", "gate": 5}, table(), "is no text"),
            (dict(SETTINGS, num_round="many"), table(), "num_round")]:
        cwd = scratch()
        root = tree(cwd, settings, rows)
        os.makedirs(os.path.join(cwd, "app"))
        done = subprocess.run([ASSAY, "train"], cwd=os.path.join(cwd, "app"), check=False,
                              capture_output=True, env=dict(os.environ, ASSAY_OPT_ML=root))
        assert done.returncode != 0, settings
        why = read(root, "output/failure")
        assert wanted in why and 0 < len(why) <= 1024, why
        assert why.strip() in done.stderr.decode(), (why, done.stderr)
        assert not os.path.exists(os.path.join(root, "model"))


@test
def serve_finds_the_bundle_in_opt_ml_model_without_a_project():
    server = serving(Job.trained())
    try:
        assert server.get("/ping")[:1] == (200,), server.get("/ping")
        status, answer = server.post("/invocations", [ROW])
        assert status == 200 and 0 <= answer["predictions"][0] <= 1, answer
        assert server.post("/v1/models/champion:predict", {"instances": [ROW]})[1] == {
            "predictions": answer["predictions"]}
    finally:
        server.__exit__()
    assert server.status == 0
    assert not os.path.exists(os.path.join(server.cwd, ".assay"))


@test
def serve_takes_an_xgboost_model_too_and_scores_the_same_rows_alike():
    root = scratch()
    os.makedirs(os.path.join(root, "model"))
    with open(os.path.join(Job.trained(), "model", "xgboost-model"), "rb") as file:
        model = file.read()
    with open(os.path.join(root, "model", "xgboost-model"), "wb") as file:
        file.write(model)
    server, whole = serving(root), serving(Job.trained())
    try:
        names = json.loads(server.get("/model-info")[2])["features"]
        row = {name: ROW.get(name, float(name == "kind=web")) for name in names}
        found = server.post("/invocations", [row])[1]["predictions"]
        assert found == whole.post("/invocations", [ROW])[1]["predictions"]
    finally:
        server.__exit__()
        whole.__exit__()


@test
def serve_without_a_model_says_where_it_looked():
    root = scratch()
    os.makedirs(os.path.join(root, "model"))
    done = subprocess.run([ASSAY, "serve", "--port", "0"], cwd=scratch(), check=False,
                          capture_output=True, env=dict(os.environ, ASSAY_OPT_ML=root), timeout=60)
    assert done.returncode == 4, done
    assert b"xgboost-model" in done.stderr, done.stderr


@test
def batch_transform_is_told_what_the_variables_say():
    server = serving(Job.trained(), SAGEMAKER_BATCH="true", SAGEMAKER_MAX_PAYLOAD_IN_MB="3",
                     SAGEMAKER_BATCH_STRATEGY="SINGLE_RECORD",
                     SAGEMAKER_MAX_CONCURRENT_TRANSFORMS="5")
    try:
        assert json.loads(server.get("/execution-parameters")[2]) == {
            "MaxConcurrentTransforms": 5, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 3}
        assert server.ask("POST", "/invocations", "x" * (3 * 1048576 + 1))[0] == 413
    finally:
        server.__exit__()


@test
def the_port_and_the_paths_of_the_platform_are_taken():
    port, cwd = free_port(), scratch()
    for name in ("SAGEMAKER_BIND_TO_PORT", "AIP_HTTP_PORT"):
        process = subprocess.Popen(
            [ASSAY, "serve", "--host", "127.0.0.1", "--address-file", os.path.join(cwd, "address")],
            cwd=cwd, stderr=subprocess.PIPE,
            env=dict(os.environ, ASSAY_OPT_ML=Job.trained(), **{name: str(port)}))
        until = time.monotonic() + 30
        while not os.path.exists(os.path.join(cwd, "address")) and process.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.02)
        address = read(cwd, "address")
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 0 and address == f"127.0.0.1:{port}", (address, said)
        os.remove(os.path.join(cwd, "address"))
    server = serving(Job.trained(), AIP_HEALTH_ROUTE="/here/alive", AIP_PREDICT_ROUTE="/here/ask")
    try:
        assert server.get("/here/alive")[0] == 200
        status, answer = server.post("/here/ask", {"instances": [ROW], "parameters": {}})
        assert status == 200 and list(answer) == ["predictions"], answer
    finally:
        server.__exit__()


def refused(root, **variables):
    """What `assay serve` says when it does not begin."""
    done = subprocess.run([ASSAY, "serve", "--port", "0"], cwd=scratch(), check=False, timeout=60,
                          capture_output=True, env=dict(os.environ, ASSAY_OPT_ML=root, **variables))
    assert done.returncode not in (0, -signal.SIGSEGV), done
    return done.stderr.decode()


@test
def an_answer_has_what_the_variable_selects():
    whole = serving(Job.trained())
    server = serving(Job.trained(), SAGEMAKER_INFERENCE_OUTPUT="predicted_label, probabilities")
    try:
        score = whole.post("/invocations", [ROW])[1]["predictions"][0]
        fraud = whole.post("/invocations", [ROW])[1]["detailed_predictions"][0]["is_fraud"]
        status, answer = server.post("/invocations", [ROW, ROW])
        assert status == 200 and answer == {"predictions": 2 * [
            {"predicted_label": int(fraud), "probabilities": [1 - score, score]}]}, answer
        body = "\n".join(2 * [json.dumps(ROW)])
        _, kind, text = server.ask("POST", "/invocations", body, "application/jsonlines")
        assert kind == "application/jsonlines", kind
        assert [json.loads(line) for line in text.splitlines()] == answer["predictions"], text
        server.open.request("POST", "/invocations", json.dumps([ROW]),
                            {"Content-Type": "application/json", "Accept": "text/csv"})
        text = server.open.getresponse().read().decode()
        assert text == f'{int(fraud)},"[{1 - score}, {score}]"\r\n', text
        # Other platforms' answers are their own.
        assert "outcome" in server.post("/decide", ROW)[1]["decisions"][0]
    finally:
        server.__exit__()
        whole.__exit__()
    assert "not 'odds'" in refused(Job.trained(), SAGEMAKER_INFERENCE_OUTPUT="odds")


@test
def vertex_says_where_the_model_lies():
    model = os.path.join(Job.trained(), "model")
    for uri in (model, "file://" + model):
        server = serving(scratch(), AIP_STORAGE_URI=uri)
        try:
            assert server.post("/invocations", [ROW])[0] == 200
        finally:
            server.__exit__()
    assert "gs://BUCKET/PATH" in refused(scratch(), AIP_STORAGE_URI="ftp://x/y")
    assert "AWS_ACCESS_KEY_ID" in refused(scratch(), AIP_STORAGE_URI="gs://bucket/model",
                                          AWS_ACCESS_KEY_ID="")


@test
def a_model_is_copied_from_an_object_store_before_it_is_served():
    def copies():
        return [name for name in os.listdir("/tmp") if name.startswith("assay-model-")]
    with S3() as s3:
        with open(os.path.join(Job.trained(), "model", "model.assay"), "rb") as file:
            s3.s3.put_object(Bucket=s3.bucket, Key="models/1/model.assay", Body=file.read())
        before = copies()
        # Google's store is asked in the same words; the endpoint is the test's own.
        for scheme, end in (("s3", ""), ("gs", "/")):
            server = serving(scratch(), AIP_STORAGE_URI=f"{scheme}://{s3.bucket}/models/1{end}",
                             **s3.env)
            try:
                status, answer = server.post("/invocations", [ROW])
                assert status == 200 and len(answer["predictions"]) == 1, answer
            finally:
                server.__exit__()
        said = refused(scratch(), AIP_STORAGE_URI=f"s3://{s3.bucket}/models/2", **s3.env)
        assert "no model is there" in said and "models/2" in said, said
        assert copies() == before


@test
def folds_are_not_averaged_and_the_first_is_taken_when_told():
    root = scratch()
    os.makedirs(os.path.join(root, "model"))
    with open(os.path.join(Job.trained(), "model", "xgboost-model"), "rb") as file:
        model = file.read()
    for fold in range(3):
        with open(os.path.join(root, "model", f"xgboost-model-{fold}"), "wb") as file:
            file.write(model)
    for variables in ({}, {"SAGEMAKER_INFERENCE_ENSEMBLE": "True"}):
        said = refused(root, **variables)
        assert "several folds" in said and "SAGEMAKER_INFERENCE_ENSEMBLE=false" in said, said
    server = serving(root, SAGEMAKER_INFERENCE_ENSEMBLE="false")
    try:
        assert server.get("/ping")[0] == 200
    finally:
        server.__exit__()


@test
def many_models_are_loaded_by_name_below_opt_ml_models_and_from_nowhere_else():
    root, other = scratch(), scratch()
    for name in ("a", "b"):
        os.makedirs(os.path.join(root, "models", name, "model"))
        with open(os.path.join(Job.trained(), "model", "model.assay"), "rb") as file:
            bundle = file.read()
        with open(os.path.join(root, "models", name, "model", "model.assay"), "wb") as file:
            file.write(bundle)
    os.symlink(other, os.path.join(root, "models", "out"))
    with open(os.path.join(other, "model.assay"), "wb") as file:
        file.write(bundle)
    server = serving(root, SAGEMAKER_MULTI_MODEL="true")
    url = os.path.join(root, "models", "a", "model")
    try:
        assert server.get("/ping")[0] == 200
        assert json.loads(server.get("/models")[2]) == {"models": []}
        assert server.post("/models/a/invoke", [ROW])[0] == 404
        assert server.post("/models", {"model_name": "a", "url": url})[0] == 200
        assert server.post("/models", {"model_name": "a", "url": url})[0] == 409
        assert json.loads(server.get("/models/a")[2]) == {"modelName": "a", "modelUrl": url}
        assert server.post("/models/a/invoke", [ROW])[0] == 200
        for where in (other, os.path.join(root, "models", "out"), "/etc", url + "/../../../..",
                      os.path.join(root, "models"), "relative"):
            status, answer = server.post("/models", {"model_name": "x", "url": where})
            assert status == 404, (where, status, answer)
        assert server.ask("DELETE", "/models/a")[0] == 200
        assert server.ask("DELETE", "/models/a")[0] == 404
    finally:
        server.__exit__()
    server = serving(root, "--set", "serve.models_bytes_max=1000", SAGEMAKER_MULTI_MODEL="true")
    try:
        assert server.post("/models", {"model_name": "a", "url": url})[0] == 507
    finally:
        server.__exit__()


main()
