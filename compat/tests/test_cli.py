"""The AWS CLI, with commands as AWS's documentation has them and only --endpoint-url added."""

import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from archives import CSV, model
from aws import ACCOUNT, REGION, ROLE, XGBOOST, predictions

# Debian's awscli; on other machines whatever aws there is
AWS = next(
    (one for one in (os.environ.get("BERTH_TEST_AWS"), "/usr/bin/aws", shutil.which("aws"))
     if one and os.access(one, os.X_OK)),
    None,
)
pytestmark = pytest.mark.skipif(AWS is None, reason="there is no AWS CLI (Debian: apt install awscli)")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("cli")
    (home / "model.tar.gz").write_bytes(model("blue.json"))
    (home / "payload.csv").write_bytes(CSV)
    return home


@pytest.fixture
def cli(server, home):
    """Runs `aws LINE --endpoint-url …` and returns what it prints."""

    def run(line, code=0):
        done = subprocess.run(
            [AWS, *shlex.split(line), "--endpoint-url", server.url],
            cwd=home,
            env={
                "HOME": str(home),
                "PATH": os.environ["PATH"],
                "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
                "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                "AWS_DEFAULT_REGION": REGION,
                "AWS_PAGER": "",
                **{k: v for k, v in os.environ.items() if k.startswith("PYENV")},
            },
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == code, f"aws {line}\n{done.stdout}{done.stderr}"
        return done.stdout if code == 0 else done.stderr

    return run


def test_the_journey_as_typed(cli, home):
    identity = json.loads(cli("sts get-caller-identity"))
    assert identity["Account"] == ACCOUNT

    cli("s3 mb s3://cli-bucket")
    cli("s3 cp model.tar.gz s3://cli-bucket/models/model.tar.gz")
    assert "models/model.tar.gz" in cli("s3 ls s3://cli-bucket --recursive")

    created = cli(
        "sagemaker create-model --model-name cli-model"
        f" --primary-container Image={XGBOOST},ModelDataUrl=s3://cli-bucket/models/model.tar.gz"
        f" --execution-role-arn {ROLE} --tags Key=team,Value=cli"
    )
    assert json.loads(created)["ModelArn"].endswith(":model/cli-model")
    cli(
        "sagemaker create-endpoint-config --endpoint-config-name cli-config"
        " --production-variants VariantName=variant-1,ModelName=cli-model,"
        "InitialInstanceCount=1,InstanceType=ml.m5.large"
    )
    cli("sagemaker create-endpoint --endpoint-name cli-endpoint --endpoint-config-name cli-config")
    cli("sagemaker wait endpoint-in-service --endpoint-name cli-endpoint")
    status = cli(
        "sagemaker describe-endpoint --endpoint-name cli-endpoint"
        " --query EndpointStatus --output text"
    )
    assert status.strip() == "InService"

    answer = cli(
        "sagemaker-runtime invoke-endpoint --endpoint-name cli-endpoint"
        " --body fileb://payload.csv --content-type text/csv out.csv"
    )
    assert json.loads(answer)["InvokedProductionVariant"] == "variant-1"
    scores = [float(line) for line in Path(home / "out.csv").read_text().split()]
    assert scores == predictions("blue")

    names = cli("sagemaker list-endpoints --name-contains cli- --query Endpoints[].EndpointName")
    assert json.loads(names) == ["cli-endpoint"]
    cli("sagemaker delete-endpoint --endpoint-name cli-endpoint")
    cli("sagemaker wait endpoint-deleted --endpoint-name cli-endpoint")
    cli("sagemaker delete-endpoint-config --endpoint-config-name cli-config")
    cli("sagemaker delete-model --model-name cli-model")
    cli("s3 rm s3://cli-bucket --recursive")
    cli("s3 rb s3://cli-bucket")


def test_errors_are_told_as_aws_tells_them(cli):
    text = cli("sagemaker describe-endpoint --endpoint-name absent", code=AWS_ERROR)

    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/absent"
    assert (
        "An error occurred (ValidationException) when calling the DescribeEndpoint operation: "
        f'Could not find endpoint "{arn}".'
    ) in text


def test_a_large_file_goes_up_and_comes_down_the_same(cli, home):
    content = os.urandom(20 << 20)
    (home / "large").write_bytes(content)
    cli("s3 mb s3://cli-large")
    cli("s3 cp large s3://cli-large/large")
    cli("s3 cp s3://cli-large/large back")

    assert (home / "back").read_bytes() == content
    cli("s3 rb s3://cli-large --force")


# a service's error: 254 since version 2, 255 before
AWS_ERROR = 254 if AWS and b"aws-cli/2" in subprocess.run(
    [AWS, "--version"], capture_output=True
).stdout else 255
