"""The platforms' own Python clients against our endpoints."""
import json
import os
import subprocess
import time

from harness import directory, main, test
from live import record, trained, typed
from python_tools import environment
from server import Server


class Served:
    """A server of claims, and one claim."""

    def __enter__(self):
        self.room = directory()
        cwd = self.room.__enter__()
        trained(cwd, 1)
        self.server = Server(cwd).__enter__()
        self.row = typed(self.server, record(cwd))
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.score = self.server.post("/invocations", self.row)[1]["predictions"][0]
        return self

    def __exit__(self, *_):
        self.server.__exit__()
        self.room.__exit__()

    def run(self, tools, script):
        """What the script prints, as JSON; it knows `url` and `row`."""
        program = f"import json\nurl = {self.url!r}\nrow = json.loads({json.dumps(self.row)!r})\n"
        done = subprocess.run([os.path.join(tools, "python"), "-c", program + script],
                              capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.strip().splitlines()[-1])


@test
def boto3s_sagemaker_runtime_invokes_us():
    tools = environment("boto3", "boto3")
    with Served() as served:
        # The service's own path stands before ours in AWS; here the client is told to leave it out.
        found = served.run(tools, """
import boto3
from botocore.config import Config
client = boto3.client("sagemaker-runtime", region_name="eu-west-1", endpoint_url=url,
                      aws_access_key_id="x", aws_secret_access_key="y",
                      config=Config(retries={"max_attempts": 0}))
def to_container(request, **_):
    request.url = url + "/invocations"
client.meta.events.register("before-sign.sagemaker-runtime.InvokeEndpoint", to_container)
told = client.invoke_endpoint(EndpointName="fraud", Body=json.dumps(row),
                              ContentType="application/json", Accept="application/json",
                              CustomAttributes="trace=7", InferenceId="claim-1")
first = json.loads(told["Body"].read())
text = client.invoke_endpoint(EndpointName="fraud", Body=json.dumps([row, row]), Accept="text/csv",
                              ContentType="application/json")
print(json.dumps([first["predictions"], told["CustomAttributes"], text["ContentType"],
                  text["Body"].read().decode()]))
""")
        assert found[0] == [served.score] and found[1] == "trace=7", found
        assert found[2] == "text/csv", found
        assert [float(line) for line in found[3].split()] == [served.score] * 2, found


@test
def kserves_rest_client_infers_and_asks_for_metadata():
    tools = environment("kserve", "kserve")
    with Served() as served:
        found = served.run(tools, """
import asyncio
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
async def ask():
    v1 = InferenceRESTClient(RESTConfig(protocol="v1"))
    v2 = InferenceRESTClient(RESTConfig(protocol="v2"))
    told = [(await v1.infer(url, {"instances": [row]}, model_name="champion"))["predictions"]]
    inputs = []
    for name, value in row.items():
        tensor = InferInput(name=name, shape=[1],
                            datatype="FP64" if isinstance(value, float) else "BYTES",
                            data=[value])
        inputs.append(tensor)
    answer = await v2.infer(url, InferRequest(model_name="champion", infer_inputs=inputs,
                                              request_id="r-1"), model_name="champion")
    told.append(answer.id)
    told.append({output.name: output.data for output in answer.outputs})
    told.append(await v2.is_server_ready(url))
    told.append(await v2.is_server_live(url))
    told.append(await v2.is_model_ready(url, "champion"))
    return told
print(json.dumps(asyncio.run(ask())))
""")
        assert found[0] == [served.score], found
        assert found[1] == "r-1" and found[2]["score"] == [served.score], found
        assert found[3:] == [True, True, True], found


@test
def mlflows_scoring_client_invokes_us():
    tools = environment("mlflow", "mlflow-skinny", "pandas", "numpy", "scipy")
    with Served() as served:
        found = served.run(tools, """
import pandas
from mlflow.pyfunc.scoring_server.client import ScoringServerClient
client = ScoringServerClient("127.0.0.1", int(url.rsplit(":", 1)[1]))
client.wait_server_ready(timeout=10)
told = client.invoke(pandas.DataFrame([row, row]))
print(json.dumps(told["predictions"]))
""")
        assert found == [served.score] * 2, found


@test
def tritons_client_infers_and_reads_statistics():
    tools = environment("tritonclient", "tritonclient[http]")
    with Served() as served:
        found = served.run(tools, """
import numpy
from tritonclient.http import InferenceServerClient, InferInput
client = InferenceServerClient(url.removeprefix("http://"))
inputs = []
for name, value in row.items():
    number = isinstance(value, float)
    tensor = InferInput(name, [1], "FP64" if number else "BYTES")
    cell = numpy.array([value if number else str(value).encode()],
                       dtype=numpy.float64 if number else numpy.object_)
    tensor.set_data_from_numpy(cell, binary_data=False)
    inputs.append(tensor)
answer = client.infer("champion", inputs, outputs=None, request_id="r-1")
metadata = client.get_server_metadata()
name, version = answer.get_response()["model_name"], answer.get_response()["model_version"]
print(json.dumps([answer.as_numpy("score").tolist(), metadata["extensions"], name, version,
                  client.get_inference_statistics()["model_stats"],
                  client.get_inference_statistics(name)["model_stats"],
                  client.get_inference_statistics(name, version)["model_stats"]]))
""")
        assert found[0] == [served.score] and "statistics" in found[1], found
        of, = found[4]
        assert found[4] == found[5] == found[6] and of["name"] == found[2], found
        assert of["version"] == found[3] and of["inference_count"] == 2, of  # one is /invocations'
        stats = of["inference_stats"]
        assert stats["success"]["count"] == 2 and stats["success"]["ns"] > 0, stats
        assert stats["fail"] == {"count": 0, "ns": 0}, stats
        assert [(one["batch_size"], one["compute_infer"]["count"]) for one in of["batch_stats"]] == [(1, 2)], of
        assert abs(of["last_inference"] / 1000 - time.time()) < 30, of


main()
