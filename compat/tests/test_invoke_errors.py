"""InvokeEndpoint when it goes wrong: codes, statuses and texts as AWS gives them."""

import pytest
from archives import CSV
from aws import ACCOUNT, REGION, client, predictions, refused, refuses
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def endpoint(aws):
    return aws.deploy("invoke-errors")


def test_an_unknown_endpoint_is_a_validation_error(aws):
    refusal = refuses(
        aws.runtime.invoke_endpoint,
        "ValidationError",
        400,
        f"Endpoint absent of account {ACCOUNT} not found.",
        EndpointName="absent",
        Body=b"1",
    )
    assert refusal.response["ResponseMetadata"]["RequestId"]


def test_an_endpoint_that_has_failed_is_not_found(aws, name):
    one = name("failed")
    aws.upload(one, b"not an archive")
    aws.model(one, one)
    aws.config(one)
    aws.endpoint(one)
    aws.failure(one)

    refuses(
        aws.runtime.invoke_endpoint,
        "ValidationError",
        400,
        f"Endpoint {one} of account {ACCOUNT} not found.",
        EndpointName=one,
        Body=b"1",
    )


def test_a_target_model_is_for_multi_model_endpoints(aws, endpoint):
    refuses(
        aws.runtime.invoke_endpoint,
        "ValidationError",
        400,
        f"Endpoint {endpoint} is not a multi-model endpoint and does not support target model header.",
        EndpointName=endpoint,
        Body=CSV,
        TargetModel="a.tar.gz",
    )


def test_an_unknown_variant_is_named(aws, endpoint):
    refusal = refused(
        aws.runtime.invoke_endpoint, EndpointName=endpoint, Body=CSV, TargetVariant="absent"
    )

    assert (refusal.code, refusal.status) == ("ValidationError", 400)
    assert "absent" in refusal.text


def model_error(aws, endpoint, status, body=b"1,2,3", **more):
    """Invokes what the model refuses; checks all that a ModelError has; returns its message."""
    with pytest.raises(aws.runtime.exceptions.ModelError) as raised:
        aws.runtime.invoke_endpoint(EndpointName=endpoint, Body=body, **more)
    answer = raised.value.response
    original = answer["OriginalMessage"]
    log_group = f"/aws/sagemaker/Endpoints/{endpoint}"
    kind = "client" if status < 500 else "server"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert answer["OriginalStatusCode"] == status, original
    assert answer["LogStreamArn"] == f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{log_group}"
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["Error"]["Message"] == (
        f'Received {kind} error ({status}) from primary with message "{original}". See '
        f"https://{REGION}.console.aws.amazon.com/cloudwatch/home?region={REGION}"
        f"#logEventViewer:group={log_group} in account {ACCOUNT} for more information."
    )
    return original


def test_rows_of_another_width_are_refused_by_the_model(aws, endpoint):
    text = model_error(aws, endpoint, 400, b"1,2,3,4,5", ContentType="text/csv")

    assert text == (
        "Unable to evaluate payload provided: Feature size of csv inference data 5 is not "
        "consistent with feature size of trained model 4."
    )


def test_a_cell_that_is_no_number_is_named_by_row_and_column(aws, endpoint):
    text = model_error(aws, endpoint, 415, b"1,2,3,4\n1,2,oops,4", ContentType="text/csv")

    assert "oops" in text
    assert "row 2" in text
    assert "column 3" in text


def test_a_content_type_the_model_does_not_read_is_415(aws, endpoint):
    model_error(aws, endpoint, 415, b"{}", ContentType="application/json")


def test_an_accept_the_model_does_not_write_is_406(aws, endpoint):
    model_error(aws, endpoint, 406, CSV, ContentType="text/csv", Accept="image/png")


def test_a_body_of_bytes_that_are_no_text_is_refused(aws, endpoint):
    model_error(aws, endpoint, 415, b"\xff\xfe\x00\x01", ContentType="text/csv")


def test_a_payload_over_the_limit_is_refused_and_the_next_is_answered(aws, endpoint):
    over = b"1" * (25 * 1024 * 1024 + 1)
    patient = client(aws.url, "sagemaker-runtime")
    try:
        patient.invoke_endpoint(EndpointName=endpoint, Body=over, ContentType="text/csv")
        pytest.fail("taken")
    except ClientError as e:
        status = e.response["ResponseMetadata"]["HTTPStatusCode"]
        assert (status, e.response["Error"]["Code"]) in ((400, "ValidationError"), (413, "413"))

    assert aws.scores(endpoint, CSV) == predictions("blue")


def test_custom_attributes_and_inference_id_are_accepted(aws, endpoint):
    answer = aws.invoke(endpoint, CSV, CustomAttributes="trace=a b;c", InferenceId="an-id-1")

    # only a container that sets them sends them back
    assert "CustomAttributes" not in answer


def test_an_inference_component_is_not_for_this_endpoint(aws, endpoint):
    operation = aws.runtime.meta.service_model.operation_model("InvokeEndpoint")
    if "InferenceComponentName" not in operation.input_shape.members:
        pytest.skip("this boto3 does not know InferenceComponentName")
    refuses(
        aws.runtime.invoke_endpoint,
        "ValidationError",
        400,
        "Inference Component Name header is not allowed for endpoints to which you dont plan to "
        "deploy inference components. Please remove the Inference Component Name header and try "
        "again.",
        EndpointName=endpoint,
        Body=CSV,
        InferenceComponentName="component",
    )


def test_a_deleted_endpoint_is_not_found_at_once(aws, name):
    endpoint = aws.deploy(name("deleted"))
    aws.delete(endpoint)

    refuses(
        aws.runtime.invoke_endpoint,
        "ValidationError",
        400,
        f"Endpoint {endpoint} of account {ACCOUNT} not found.",
        EndpointName=endpoint,
        Body=CSV,
    )
