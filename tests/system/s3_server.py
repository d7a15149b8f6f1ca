"""s3_server: an S3 server of the test's own that checks signatures: moto.

    with S3() as server:
        assay(..., env=server.env)

With ASSAY_TEST_S3="ENDPOINT ACCESS-KEY SECRET-KEY" it is a fresh bucket of that server instead, which is
emptied and removed afterwards.

As a program it makes the server, prints a line of endpoint, access key, secret and bucket (or SKIP
and why), and ends it when its standard input closes: for the tests in C.
"""
import os
import subprocess
import sys
import tempfile
import time
import urllib.request

from harness import Skip, free_port
from python_tools import environment

PACKAGES = ["moto[s3]==5.2.5", "flask==3.1.3", "flask-cors==6.0.5"]
BUCKET = "assay-bundles"
# A put that is refused when there is one is to be refused to all but one of many; moto looks and
# then puts. Requests are taken at once, and answered one after the other.
MOTO = """
import sys, threading
from moto.moto_server.werkzeug_app import (DomainDispatcherApplication, MotoRequestHandler,
                                           create_backend_app)
from werkzeug.serving import run_simple
moto, lock = DomainDispatcherApplication(create_backend_app), threading.Lock()
def answer(environ, start_response):
    with lock:
        return moto(environ, start_response)
run_simple("127.0.0.1", int(sys.argv[1]), answer, threaded=True,
           request_handler=MotoRequestHandler)
"""
UNCHECKED = 4  # the calls that make the first user cannot be signed by one


def start_moto(port, unchecked, out):
    """moto at a port; `unchecked` calls are taken unsigned, and the signatures of all after them
    are checked."""
    tools = environment("moto", *PACKAGES)
    variables = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    variables["INITIAL_NO_AUTH_ACTION_COUNT"] = str(unchecked)
    return subprocess.Popen([f"{tools}/python", "-c", MOTO, str(port)], env=variables, stdout=out,
                            stderr=out)


class S3:
    def __init__(self, bucket=BUCKET):
        self.bucket = bucket

    def __enter__(self):
        try:
            import botocore.session  # pylint: disable=import-outside-toplevel
        except ImportError:
            raise Skip("python3-botocore is not installed") from None
        self.session = botocore.session.Session()
        self.process = None
        if "ASSAY_TEST_S3" in os.environ:
            self.borrow(*os.environ["ASSAY_TEST_S3"].split())
        else:
            self.start()
        self.env = {"AWS_ACCESS_KEY_ID": self.access, "AWS_SECRET_ACCESS_KEY": self.secret,
                    "AWS_ENDPOINT_URL_S3": self.endpoint, "AWS_REGION": "us-east-1"}
        return self

    def borrow(self, endpoint, access, secret):
        self.endpoint, self.access, self.secret = endpoint, access, secret
        self.bucket = f"{self.bucket}-{os.getpid()}-{time.time_ns()}"
        self.s3 = self.client("s3", access, secret)
        self.s3.create_bucket(Bucket=self.bucket)

    def start(self):
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.log = tempfile.TemporaryFile()
        self.process = start_moto(self.port, UNCHECKED, self.log)
        try:
            self.wait()
            self.make_user()
        except BaseException:
            self.__exit__()
            raise

    def wait(self):
        for _ in range(300):
            try:
                with urllib.request.urlopen(self.endpoint + "/moto-api/", timeout=2):
                    return
            except OSError:
                assert self.process.poll() is None, "moto does not start"
                time.sleep(0.1)
        raise AssertionError("moto does not answer")

    def client(self, service, access="unchecked", secret="unchecked"):
        return self.session.create_client(
            service, region_name="us-east-1", endpoint_url=self.endpoint,
            aws_access_key_id=access, aws_secret_access_key=secret)

    def make_user(self):
        iam, s3 = self.client("iam"), self.client("s3")
        everything = ('{"Version":"2012-10-17","Statement":'
                      '[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}')
        iam.create_user(UserName="assay")
        iam.put_user_policy(UserName="assay", PolicyName="s3", PolicyDocument=everything)
        keys = iam.create_access_key(UserName="assay")["AccessKey"]
        s3.create_bucket(Bucket=self.bucket)
        self.access, self.secret = keys["AccessKeyId"], keys["SecretAccessKey"]
        self.s3 = self.client("s3", self.access, self.secret)

    def empty(self):
        while found := self.s3.list_objects_v2(Bucket=self.bucket).get("Contents"):
            for one in found:
                self.s3.delete_object(Bucket=self.bucket, Key=one["Key"])
        self.s3.delete_bucket(Bucket=self.bucket)

    def __exit__(self, *_):
        if self.process is None:
            self.empty()
            return
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


def main():
    try:
        with S3() as server:
            print(server.endpoint, server.access, server.secret, server.bucket, flush=True)
            sys.stdin.read()
    except Skip as why:
        print("SKIP", why, flush=True)


if __name__ == "__main__":
    main()
