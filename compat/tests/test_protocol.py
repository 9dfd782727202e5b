"""Requests that no SDK makes by itself, and services that Berth does not have."""

import json
import socket

import pytest
from archives import CSV
from aws import REGION, client, predictions, refused, session
from berth import read_all
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session


def call(aws, body=b"{}", target="SageMaker.ListModels", region=REGION, **headers):
    """Sends a signed control-plane request; returns status, headers and body."""
    request = AWSRequest(
        "POST",
        aws.url + "/",
        data=body,
        headers={
            "Content-Type": "application/x-amz-json-1.1",
            **({"X-Amz-Target": target} if target else {}),
            **headers,
        },
    )
    SigV4Auth(session().get_credentials(), "sagemaker", region).add_auth(request)
    answer = URLLib3Session(timeout=10).send(request.prepare())
    return answer.status_code, answer.headers, answer.content


def error(answer):
    status, headers, body = answer
    assert len(headers["x-amzn-RequestId"]) == 36
    content = json.loads(body)
    return status, content["__type"], content.get("message", content.get("Message"))


def test_the_control_plane_speaks_json_1_1_with_times_in_seconds(aws, name):
    aws.model(name("model"))

    status, headers, body = call(aws)

    assert status == 200
    assert headers["Content-Type"] == "application/x-amz-json-1.1"
    assert isinstance(json.loads(body)["Models"][0]["CreationTime"], int | float)


@pytest.mark.parametrize("target", ["SageMaker.MakeCoffee", "SageMaker.", "Other.ListModels", None])
def test_an_unknown_target_is_an_unknown_operation(aws, target):
    status, code, _ = error(call(aws, target=target))

    assert (status, code) == (400, "UnknownOperationException")


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("list_training_jobs", {}),
        ("list_domains", {}),
        ("describe_training_job", {"TrainingJobName": "x"}),
        ("create_feature_group", None),
    ],
)
def test_a_known_operation_that_is_not_executed_is_refused_by_its_name(aws, operation, parameters):
    if parameters is None:
        status, code, text = error(call(aws, target="SageMaker.CreateFeatureGroup"))
        wire = "CreateFeatureGroup"
    else:
        refusal = refused(getattr(aws.sagemaker, operation), **parameters)
        status, code, text = refusal.status, refusal.code, refusal.text
        wire = aws.sagemaker.meta.method_to_api_mapping[operation]

    assert status == 400
    assert code != "UnknownOperationException"
    assert wire in text
    assert "Berth" in text


@pytest.mark.parametrize(
    "body",
    [b"{", b"not json", b"[]", b'"text"', b'{"MaxResults": "ten"}', b'{"NameContains": 1}', b"\xff\xfe{}", b"{}{}"],
)
def test_a_body_that_is_no_such_document_is_a_serialization_exception(aws, body):
    status, code, _ = error(call(aws, body))

    assert (status, code) == (400, "SerializationException")


def test_a_document_nested_without_end_is_refused(aws):
    status, code, _ = error(call(aws, b'{"a":' + b"[" * 100_000))

    assert (status, code) == (400, "SerializationException")


def test_unknown_members_are_passed_over(aws):
    status, _, body = call(aws, b'{"NoSuchMember": {"deep": [1]}, "MaxResults": 1}')

    assert status == 200
    assert "Models" in json.loads(body)


def test_another_region_is_refused_with_the_one_that_is_served(aws):
    elsewhere = client(aws.url, "sagemaker", "eu-west-1")

    refusal = refused(elsewhere.list_models)

    assert (refusal.code, refusal.status) == ("InvalidSignatureException", 400)
    assert refusal.text.startswith("Credential should be scoped to a valid region, not 'eu-west-1'.")
    assert REGION in refusal.text


def test_another_region_is_refused_at_the_runtime(aws):
    elsewhere = client(aws.url, "sagemaker-runtime", "eu-west-1")

    refusal = refused(elsewhere.invoke_endpoint, EndpointName="x", Body=b"1")

    assert (refusal.code, refusal.status) == ("InvalidSignatureException", 403)


def test_a_service_that_is_not_there_is_named(aws):
    refusal = refused(client(aws.url, "dynamodb").list_tables)

    assert refusal.status in (400, 403, 404, 501)
    assert "dynamodb" in refusal.text


def head(path="/", **headers):
    lines = [f"POST {path} HTTP/1.1", "Host: berth"]
    lines += [f"{key.replace('_', '-')}: {value}" for key, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


GARBAGE = {
    "noise": bytes(range(256)) * 8,
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100,
    "no version": b"GET\r\n\r\n",
    "a negative length": head(Content_Length=-1),
    "two lengths": head(Content_Length=1, content_length=2) + b"ab",
    "length and chunks": head(Content_Length=3, Transfer_Encoding="chunked") + b"0\r\n\r\n",
    "a chunk of no size": head(Transfer_Encoding="chunked") + b"zz\r\nab\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n",
    "a long line": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    "long headers": b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "http 2 without asking": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 20,
}


@pytest.mark.parametrize("what", GARBAGE)
def test_garbage_is_refused_and_the_server_lives_on(aws, server, what):
    answer = server.raw(GARBAGE[what], seconds=5)

    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5")), answer[:200]
    assert aws.sagemaker.list_models(MaxResults=1)["Models"] is not None


def test_a_control_plane_body_over_the_limit_is_refused(aws, server):
    target = "SageMaker.CreateModel"
    start = head(X_Amz_Target=target, Content_Type="application/x-amz-json-1.1", Content_Length=1 << 30)

    answer = server.raw(start + b"{" * 100_000, seconds=5)

    assert b" 413 " in answer.split(b"\r\n")[0] or b" 400 " in answer.split(b"\r\n")[0], answer[:200]
    aws.sagemaker.list_models(MaxResults=1)


def test_a_body_cut_short_does_nothing(aws, server, name):
    model = name("model")
    body = json.dumps({"ModelName": model, "PrimaryContainer": {"Image": "berth/onnx"}}).encode()
    start = head(
        X_Amz_Target="SageMaker.CreateModel",
        Content_Type="application/x-amz-json-1.1",
        Content_Length=len(body) + 1,
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(start + body)
        connection.shutdown(socket.SHUT_WR)
        read_all(connection)

    assert "Could not find model" in refused(aws.sagemaker.describe_model, ModelName=model).text


def test_a_slow_loris_is_cut_off_while_others_are_served(aws, server):
    endpoint = aws.deploy("protocol-loris")
    lorises = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(200)]
    try:
        for one in lorises:
            one.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nX-Sl")
        assert aws.scores(endpoint, CSV) == predictions("blue")

        while lorises[0].recv(65536):  # times out, and fails, if the server never closes
            pass
    finally:
        for one in lorises:
            one.close()
    assert aws.scores(endpoint, CSV) == predictions("blue")


def test_health_is_answered(server):
    answer = server.raw(b"GET /_berth/health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200")
