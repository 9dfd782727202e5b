"""Models of several containers on a Docker engine: a pipeline of scikit-learn steps, and Direct."""

import csv
import json
import tarfile

import images
import pytest
from archives import CSV
from aws import BUCKET, ROLE, XGBOOST, predictions, refused, variant
from berth import REPOSITORY
from botocore.exceptions import ClientError

IMAGE = "berth-compat/steps:1"
LABEL = "com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true"
DATA = REPOSITORY / "examples/breast-cancer"
UNSEEN = [line.split(",", 2)[2] for line in (DATA / "unseen.csv").read_text().splitlines()[1:]]

DOCKERFILE = f"""
ARG BASE
FROM $BASE
LABEL {LABEL}
COPY serve /usr/local/bin/serve
COPY steps.py /opt/program/steps.py
WORKDIR /opt/program
"""
SERVE = """#!/bin/sh
exec gunicorn --bind "0.0.0.0:$SAGEMAKER_BIND_TO_PORT" --threads 8 steps:app
"""
# One step of a pipeline; STEP says which. What it writes ahead of its answer, in chunks, waits for
# another invocation where the payload says so.
STEPS = """
import csv, json, os, threading
import flask, joblib

app = flask.Flask(__name__)
step = os.environ["STEP"]
load = lambda: joblib.load("/opt/ml/model/step.joblib")
model = None if step == "stream" else load()
released = threading.Event()

@app.get("/ping")
def ping():
    return ""

@app.post("/invocations")
def invocations():
    request = flask.request
    text = request.get_data(as_text=True)
    if step == "stream":
        return stream(text)
    try:
        rows = [[float(value) for value in row] for row in csv.reader(text.splitlines())]
    except ValueError as problem:
        return f"{step}: {problem}", 422
    if step == "scale":
        scaled = "".join(",".join(map(repr, map(float, row))) + "\\n" for row in model.transform(rows))
        return flask.Response(scaled, mimetype="text/csv")
    seen = {
        "type": request.content_type,
        "accept": request.headers.get("Accept"),
        "attributes": request.headers.get("X-Amzn-SageMaker-Custom-Attributes"),
        "probabilities": model.predict_proba(rows)[:, 1].tolist(),
    }
    answer = flask.jsonify(seen)
    answer.headers["X-Amzn-SageMaker-Custom-Attributes"] = "step=" + step
    return answer

def stream(text):
    if text == "go":
        released.set()
        return "gone"
    released.clear()
    def pieces():
        yield "first|"
        released.wait()
        yield "last"
    return flask.Response(pieces(), mimetype="text/plain")
"""
TRAIN = """
import csv, joblib, os
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

table = list(csv.reader(open("/data/breast-cancer.csv")))[1:]
labels = [float(row[0]) for row in table]
rows = [[float(value) for value in row[1:]] for row in table]
scaler = StandardScaler().fit(rows)
classifier = LogisticRegression(max_iter=1000).fit(scaler.transform(rows), labels)
for name, step in (("scale", scaler), ("classify", classifier)):
    os.makedirs("/steps/" + name)
    joblib.dump(step, f"/steps/{name}/step.joblib")
"""
# What the two steps predict together, without Berth and without the server's code.
ASK = """
import csv, joblib, json, sys
rows = [[float(value) for value in row] for row in csv.reader(sys.stdin)]
scaler, classifier = (joblib.load(f"/steps/{name}/step.joblib") for name in ("scale", "classify"))
print(json.dumps(classifier.predict_proba(scaler.transform(rows))[:, 1].tolist()))
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    base = "BASE=" + images.python_base()
    folder = tmp_path_factory.mktemp("steps-image")
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "serve").write_text(SERVE)
    (folder / "serve").chmod(0o755)
    (folder / "steps.py").write_text(STEPS)
    return images.build(IMAGE, folder, "--build-arg", base)


@pytest.fixture(scope="module")
def steps(image, tmp_path_factory):
    """The folder with both trained steps."""
    folder = tmp_path_factory.mktemp("steps")
    run("--volume", f"{DATA}:/data:ro", "--volume", f"{folder}:/steps", image, "python3", "-c", TRAIN)
    return folder


def run(*arguments, **options):
    return images.docker("run", "--rm", "-i", "--network", "none", *arguments, **options)


def uploaded(aws, steps, name):
    archive = steps.parent / f"{name}.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(steps / name, arcname=".")
    return aws.upload(f"step-{name}", archive.read_bytes())


def deploy(aws, name, containers, **more):
    aws.sagemaker.create_model(
        ModelName=name, ExecutionRoleArn=ROLE, Containers=containers, **more
    )
    aws.config(name, variant(name))
    aws.endpoint(name)
    aws.in_service(name)
    return name


@pytest.fixture(scope="module")
def pipeline(aws, image, steps):
    containers = [
        {
            "ContainerHostname": hostname,
            "Image": image,
            "ModelDataUrl": uploaded(aws, steps, step),
            "Environment": {"STEP": step},
        }
        for hostname, step in (("featuriser", "scale"), ("classifier", "classify"))
    ]
    yield deploy(aws, "steps-pipeline", containers)
    aws.delete("steps-pipeline")


@pytest.fixture(scope="module")
def direct(aws, image, steps):
    containers = [
        {
            "ContainerHostname": "scale",
            "Image": image,
            "ModelDataUrl": uploaded(aws, steps, "scale"),
            "Environment": {"STEP": "scale"},
        },
        {"ContainerHostname": "stream", "Image": image, "Environment": {"STEP": "stream"}},
    ]
    mode = {"Mode": "Direct"}
    yield deploy(aws, "steps-direct", containers, InferenceExecutionConfig=mode)
    aws.delete("steps-direct")


def test_a_pipeline_predicts_what_its_steps_do_together(aws, image, steps, pipeline):
    rows = "\n".join(UNSEEN)
    expected = json.loads(
        run("--volume", f"{steps}:/steps:ro", image, "python3", "-c", ASK, input=rows)
    )

    answer = aws.invoke(
        pipeline, rows, content_type="text/csv", Accept="application/json", CustomAttributes="a=1"
    )

    seen = json.loads(answer["Body"])
    assert seen["probabilities"] == pytest.approx(expected, abs=1e-12)
    assert len(expected) == len(UNSEEN)
    assert seen["type"].startswith("text/csv")  # the featuriser's, not the client's
    assert seen["accept"] == "application/json"
    assert seen["attributes"] == "a=1"
    assert answer["ContentType"] == "application/json"
    assert answer["CustomAttributes"] == "step=classify"
    assert answer["InvokedProductionVariant"] == "AllTraffic"


def test_a_step_that_refuses_its_payload_is_named(aws, pipeline):
    refusal = refused(
        aws.runtime.invoke_endpoint, EndpointName=pipeline, Body="x", ContentType="text/csv"
    )

    assert (refusal.code, refusal.status) == ("ModelError", 424)
    assert refusal.response["OriginalStatusCode"] == 422
    assert refusal.response["OriginalMessage"].startswith("scale: could not convert")
    assert 'Received client error (422) from featuriser with message "scale: ' in refusal.text


def test_each_containers_latency_is_told(aws, pipeline):
    aws.invoke(pipeline, UNSEEN[0])

    figures = aws.view(pipeline)["variants"][0]

    containers = {told["container"]: told for told in figures["containers"]}
    assert list(containers) == ["featuriser", "classifier"]
    assert all(told["containerLatency"]["p50Micros"] > 0 for told in containers.values())
    longest = max(told["containerLatency"]["maxMicros"] for told in containers.values())
    assert figures["modelLatency"]["maxMicros"] >= longest


def test_direct_invocation_runs_the_container_that_is_named(aws, direct):
    answer = aws.invoke(direct, UNSEEN[0], TargetContainerHostname="scale")

    assert len(next(csv.reader([answer["Body"].decode()]))) == len(UNSEEN[0].split(","))


def test_direct_invocation_needs_a_container_that_is_there(aws, direct, pipeline):
    for endpoint, more, text in (
        (direct, {}, "needs the target container hostname header"),
        (direct, {"TargetContainerHostname": "nobody"}, "no container with hostname nobody"),
        (pipeline, {"TargetContainerHostname": "featuriser"}, "does not use direct invocation"),
    ):
        refusal = refused(aws.runtime.invoke_endpoint, EndpointName=endpoint, Body="1", **more)
        assert (refusal.code, refusal.status) == ("ValidationError", 400)
        assert text in refusal.text


@pytest.fixture
def embedded(aws):
    """Makes endpoints of two XGBoost models in the server's JVM; they end with the test."""
    made = []

    def make(name, **more):
        containers = [
            {
                "ContainerHostname": model,
                "Image": XGBOOST,
                "ModelDataUrl": f"s3://{BUCKET}/{model}.tar.gz",
            }
            for model in ("blue", "green")
        ]
        made.append(deploy(aws, name, containers, **more))
        return name

    yield make
    for name in made:
        aws.delete(name)


def test_direct_invocation_reaches_models_in_the_jvm(aws, embedded):
    name = embedded("jvm-direct", InferenceExecutionConfig={"Mode": "Direct"})

    for model in ("blue", "green"):
        assert aws.scores(name, CSV, TargetContainerHostname=model) == predictions(model)


def test_models_in_the_jvm_form_a_pipeline(aws, embedded):
    name = embedded("jvm-pipeline")

    refused(aws.runtime.invoke_endpoint, EndpointName=name, Body="x", ContentType="text/csv")
    figures = aws.view(name)["variants"][0]["containers"]
    assert [(told["container"], told["invocations"]) for told in figures] == [
        ("blue", 1),
        ("green", 0),
    ]
    try:
        aws.invoke(name, CSV)
    except ClientError as refusal:  # one column is not what the second model was trained on
        assert "from green with message" in refusal.response["Error"]["Message"]
    figures = aws.view(name)["variants"][0]["containers"]
    assert [told["invocations"] for told in figures] == [2, 1]


def test_a_streamed_answers_events_are_read_before_it_is_complete(aws, direct):
    answer = aws.runtime.invoke_endpoint_with_response_stream(
        EndpointName=direct, Body="wait", Accept="text/plain", TargetContainerHostname="stream"
    )
    events = iter(answer["Body"])

    assert answer["ContentType"].startswith("text/plain")
    assert next(events)["PayloadPart"]["Bytes"] == b"first|"
    assert aws.invoke(direct, "go", TargetContainerHostname="stream")["Body"] == b"gone"
    assert b"".join(event["PayloadPart"]["Bytes"] for event in events) == b"last"


def test_a_chunked_answer_is_read_before_it_is_complete(aws, direct):
    answer = aws.runtime.invoke_endpoint(
        EndpointName=direct, Body="wait", TargetContainerHostname="stream"
    )

    assert answer["Body"].read(len("first|")) == b"first|"
    assert aws.invoke(direct, "go", TargetContainerHostname="stream")["Body"] == b"gone"
    assert answer["Body"].read() == b"last"
