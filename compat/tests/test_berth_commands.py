"""Berth's own command line, from a terminal of its own as README.md has it."""

import json
import os
import subprocess

import pytest
from archives import CSV, model
from aws import XGBOOST, predictions
from berth import command


@pytest.fixture
def berth(server, tmp_path):
    """Runs `berth ARGUMENTS` and returns what it prints."""

    def run(*arguments, code=0):
        done = subprocess.run(
            [*command(), *arguments],
            cwd=tmp_path,
            env={**os.environ, "AWS_ENDPOINT_URL": server.url, "TMPDIR": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == code, f"berth {arguments}\n{done.stdout}{done.stderr}"
        return done.stdout if code == 0 else done.stderr

    return run


def test_the_demo_predicts_and_leaves_nothing_behind(berth, tmp_path):
    text = berth("demo")

    assert "sagemaker.createEndpoint " in text
    assert "sagemakerruntime.invokeEndpoint" in text
    assert "the same as Python's XGBoost" in text
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_deployed_asked_shown_and_deleted(aws, berth, tmp_path):
    (tmp_path / "model.tar.gz").write_bytes(model("blue.json"))
    (tmp_path / "rows.csv").write_bytes(CSV)

    berth("deploy", "model.tar.gz", "--name", "by-command", "--format", "xgboost")
    answer = berth("invoke", "by-command", "--file", "rows.csv", "--content-type", "text/csv")
    assert [float(line) for line in answer.split()] == predictions("blue")
    assert "by-command" in json.dumps(json.loads(berth("ls", "--json")))
    described = json.loads(berth("describe", "by-command", "--json"))
    assert described["Endpoint"]["EndpointStatus"] == "InService"
    assert [one["state"] for one in described["Instances"]] == ["InService"]
    assert described["Invocations"][0]["containers"][0]["invocations"] == 1
    assert "InService" in berth("describe", "by-command")
    berth("delete", "by-command", "--all")
    assert aws.status("by-command") is None


def test_a_package_is_approved_and_deployed(aws, berth, tmp_path):
    (tmp_path / "rows.csv").write_bytes(CSV)
    aws.sagemaker.create_model_package_group(ModelPackageGroupName="churn")
    container = {"Image": XGBOOST, "ModelDataUrl": "s3://models/blue.tar.gz"}
    for _ in range(2):
        aws.sagemaker.create_model_package(
            ModelPackageGroupName="churn",
            InferenceSpecification={
                "Containers": [container],
                "SupportedRealtimeInferenceInstanceTypes": ["ml.c5.large"],
            },
        )
    assert "churn" in berth("deploy", "--package", "churn", "--name", "by-package", code=1)

    assert "churn:1 is Approved" in berth("packages", "approve", "churn:1", "--comment", "good")
    assert "churn:2 is Rejected" in berth("packages", "reject", "churn:2")
    listed = berth("packages", "ls", "churn").splitlines()
    assert [line.split()[:2] for line in listed[1:]] == [
        ["churn:2", "Rejected"],
        ["churn:1", "Approved"],
    ]
    assert "ApprovalDescription: good" in berth("packages", "describe", "churn:1")
    assert "Rejected" in berth("packages", "describe", "churn")
    assert "says no version" in berth("packages", "approve", "churn", code=2)

    berth("deploy", "--package", "churn", "--name", "by-package", "--env", "LEVEL=1")
    answer = berth("invoke", "by-package", "--file", "rows.csv", "--content-type", "text/csv")
    assert [float(line) for line in answer.split()] == predictions("blue")
    berth("delete", "by-package", "--all")


def test_a_failing_deployment_ends_with_its_reason(berth, tmp_path):
    (tmp_path / "model.tar.gz").write_bytes(b"not an archive")

    text = berth("deploy", "model.tar.gz", "--name", "broken", "--format", "xgboost", code=1)

    assert "archive" in text


def test_what_is_not_understood_ends_with_2(berth):
    assert "no-such-command" in berth("no-such-command", code=2)
