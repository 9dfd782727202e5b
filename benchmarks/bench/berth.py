"""A Berth server of the benches, and the few calls of its API that they make."""

import contextlib
import http.client
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import processes

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
ROLE = "arn:aws:iam::000000000000:role/berth"
BUCKET = "benchmarks"
MODEL_URL = f"s3://{BUCKET}/breast-cancer/model.tar.gz"


def signed_headers(service):
    """Headers as an SDK sends them; in open mode the signature is not looked at."""
    return {
        "Authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/"
        f"{service}/aws4_request, SignedHeaders=accept;content-type;host;x-amz-content-sha256;"
        "x-amz-date, Signature=" + "0123456789abcdef" * 4,
        "X-Amz-Date": "20260101T000000Z",
        "User-Agent": "Boto3/1.42.0 md/Botocore#1.42.0 ua/2.1 os/linux md/arch#x86_64 lang/python#3.13",
        "amz-sdk-invocation-id": "3f4b8c1e-5d0a-4c8e-9f57-2a6d1b7c9e40",
        "amz-sdk-request": "attempt=1",
    }


def api_headers(operation):
    return {
        "X-Amz-Target": f"SageMaker.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
        **signed_headers("sagemaker"),
    }


@dataclass
class Api:
    """One client, one connection."""

    port: int
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self):
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def send(self, method, path, body, headers):
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def sagemaker(self, operation, **request):
        status, body = self.send("POST", "/", json.dumps(request), api_headers(operation))
        if status != 200:
            raise RuntimeError(f"{operation} answered {status}: {body.decode()}")
        return json.loads(body or b"{}")

    def upload_model(self, archive: Path):
        for path, body in ((f"/{BUCKET}", b""), (f"/{BUCKET}/breast-cancer/model.tar.gz", archive.read_bytes())):
            status, answer = self.send("PUT", path, body, signed_headers("s3"))
            if status not in (200, 409):
                raise RuntimeError(f"PUT {path} answered {status}: {answer.decode()}")

    def create_model(self, name):
        self.sagemaker(
            "CreateModel", ModelName=name, ExecutionRoleArn=ROLE,
            PrimaryContainer={"Image": IMAGE, "ModelDataUrl": MODEL_URL})

    def create_config(self, name, model):
        variant = {"VariantName": "AllTraffic", "ModelName": model, "InitialInstanceCount": 1,
                   "InstanceType": "ml.m5.large"}
        self.sagemaker("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=[variant])

    def create_endpoint(self, name, config, pause=0.005, timeout=60):
        """Creates an endpoint; returns the seconds until DescribeEndpoint says InService."""
        began = time.monotonic()
        self.sagemaker("CreateEndpoint", EndpointName=name, EndpointConfigName=config)
        while time.monotonic() - began < timeout:
            endpoint = self.sagemaker("DescribeEndpoint", EndpointName=name)
            if endpoint["EndpointStatus"] == "InService":
                return time.monotonic() - began
            if endpoint["EndpointStatus"] == "Failed":
                raise RuntimeError(f"{name} failed: {endpoint.get('FailureReason')}")
            time.sleep(pause)
        raise RuntimeError(f"{name} is not InService after {timeout} s")

    def invoke(self, endpoint, row):
        status, body = self.send("POST", f"/endpoints/{endpoint}/invocations", row, invoke_headers())
        if status != 200:
            raise RuntimeError(f"InvokeEndpoint answered {status}: {body.decode()}")
        return body.decode()


def invoke_headers():
    return {"Content-Type": "text/csv", "Accept": "text/csv", **signed_headers("sagemaker")}


@dataclass(frozen=True)
class Started:
    process: object
    port: int
    health_seconds: float
    list_seconds: float

    def api(self):
        return Api(self.port)


@contextlib.contextmanager
def server(java_command, data: Path, log: Path):
    """Starts a server and takes the time from its process's start to its first answers."""
    port = processes.free_port()
    command = [*java_command, "serve", "--port", port, "--data-dir", data]
    began = time.monotonic()
    with processes.running(command, log, cwd=log.parent) as process:
        processes.wait_until_ok(f"http://127.0.0.1:{port}/_berth/health", process, log)
        health = time.monotonic() - began
        Api(port).sagemaker("ListModels")
        yield Started(process, port, health, time.monotonic() - began)
