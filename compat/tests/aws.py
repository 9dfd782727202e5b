"""AWS clients as any user makes them, and the few steps that every journey is made of."""

import json
import urllib.error
import urllib.request

import boto3
import pytest
from archives import EXPECTED, model
from berth import eventually
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "us-east-1"
ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/service-role/AmazonSageMaker-ExecutionRole"
XGBOOST = f"683313688378.dkr.ecr.{REGION}.amazonaws.com/sagemaker-xgboost:1.7-1"
BUCKET = "models"
QUICKLY = {"Delay": 0.05, "MaxAttempts": 600}


def session(region=REGION):
    return boto3.Session(
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        region_name=region,
    )


def client(url, service, region=REGION, **settings):
    settings = {
        "retries": {"total_max_attempts": 1},
        "connect_timeout": 5,
        "read_timeout": 70,
        "max_pool_connections": 32,
        **settings,
    }
    return session(region).client(service, endpoint_url=url, config=Config(**settings))


class Aws:
    """The clients of one server."""

    def __init__(self, url):
        self.url = url
        self.sagemaker = client(url, "sagemaker")
        self.runtime = client(url, "sagemaker-runtime")
        self.s3 = client(url, "s3", s3={"addressing_style": "path"})
        self.sts = client(url, "sts")

    def with_models(self):
        """Uploads the committed models, as s3://models/NAME.tar.gz."""
        self.s3.create_bucket(Bucket=BUCKET)
        for file in ("blue.json", "green.ubj", "classes.json", "lightgbm.txt", "linear.onnx"):
            self.upload(file.split(".")[0], model(file))
        return self

    def upload(self, key, content):
        """Puts an archive and returns its URL."""
        self.s3.put_object(Bucket=BUCKET, Key=f"{key}.tar.gz", Body=content)
        return f"s3://{BUCKET}/{key}.tar.gz"

    def model(self, name, artifact="blue", image=XGBOOST, **more):
        """Creates a model of one container and returns its name."""
        url = artifact if artifact.startswith("s3://") else f"s3://{BUCKET}/{artifact}.tar.gz"
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=ROLE,
            PrimaryContainer={"Image": image, "ModelDataUrl": url},
            **more,
        )
        return name

    def config(self, name, *variants, **more):
        """Creates an endpoint config of variants, or of one with the model that is named so."""
        variants = variants or (variant(name),)
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=list(variants), **more
        )
        return name

    def endpoint(self, name, config=None):
        """Creates an endpoint and returns its name; it may still be Creating."""
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config or name)
        return name

    def deploy(self, name, artifact="blue", image=XGBOOST, **more):
        """Model, config and endpoint of one name, in service."""
        self.model(name, artifact, image, **more)
        self.config(name)
        self.endpoint(name)
        self.in_service(name)
        return name

    def in_service(self, name):
        self.sagemaker.get_waiter("endpoint_in_service").wait(
            EndpointName=name, WaiterConfig=QUICKLY
        )

    def deleted(self, name):
        self.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=QUICKLY)

    def delete(self, name):
        self.sagemaker.delete_endpoint(EndpointName=name)
        self.deleted(name)

    def describe(self, name):
        return self.sagemaker.describe_endpoint(EndpointName=name)

    def status(self, name):
        """The endpoint's status, None once it is gone."""
        try:
            return self.describe(name)["EndpointStatus"]
        except ClientError as e:
            if "Could not find endpoint" in e.response["Error"]["Message"]:
                return None
            raise

    def settled(self, name):
        """Waits until the endpoint is done with what it does, and returns its description."""
        eventually(
            lambda: self.status(name) not in ("Creating", "Updating", "Deleting"),
            f"endpoint {name} settles",
        )
        return self.describe(name)

    def failure(self, name):
        """Waits until the endpoint has Failed and returns its FailureReason."""
        described = self.settled(name)
        assert described["EndpointStatus"] == "Failed", described
        return described["FailureReason"]

    def invoke(self, name, body, content_type="text/csv", **more):
        """Invokes and returns the whole answer, with Body as bytes."""
        answer = self.runtime.invoke_endpoint(
            EndpointName=name, Body=body, ContentType=content_type, **more
        )
        return {**answer, "Body": answer["Body"].read()}

    def scores(self, name, body, **more):
        """Invokes and returns the numbers of a one-column CSV answer."""
        return [float(line) for line in self.invoke(name, body, **more)["Body"].split()]

    def view(self, name):
        """What Berth itself tells about an endpoint, None when it knows none of that name."""
        request = urllib.request.Request(f"{self.url}/_berth/endpoints/{name}")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as e:
            with e:
                assert e.code == 404, e.read()
            return None

    def arn(self, kind, name):
        return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{name}"


def variant(model, name="AllTraffic", count=1, weight=1.0, **more):
    return {
        "VariantName": name,
        "ModelName": model,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": count,
        "InitialVariantWeight": weight,
        **more,
    }


def predictions(model):
    return pytest.approx(EXPECTED[model], abs=1e-5)


class Refusal:
    """What a call was refused with."""

    def __init__(self, error: ClientError):
        self.code = error.response["Error"]["Code"]
        self.text = error.response["Error"].get("Message", "")
        self.status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        self.response = error.response

    def __repr__(self):
        return f"{self.status} {self.code}: {self.text}"


def refused(call, **parameters) -> Refusal:
    """Makes a call that must be refused, and returns with what."""
    with pytest.raises(ClientError) as raised:
        call(**parameters)
    return Refusal(raised.value)


def refuses(call, code, status, text, **parameters):
    """Checks that a call is refused with exactly this."""
    refusal = refused(call, **parameters)
    assert (refusal.code, refusal.status, refusal.text) == (code, status, text)
    return refusal


def knows(sagemaker, operation, *path):
    """Skips the test when this boto3 is older than a member of an operation's input."""
    shape = sagemaker.meta.service_model.operation_model(operation).input_shape
    for member in path:
        while shape.type_name == "list":
            shape = shape.member
        if member not in shape.members:
            pytest.skip(f"boto3 {boto3.__version__} does not know {operation} {'.'.join(path)}")
        shape = shape.members[member]
