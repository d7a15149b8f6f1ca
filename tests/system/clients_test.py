"""The platforms' own Python clients against our endpoints."""
import json
import os
import subprocess

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


main()
