"""The main journey: upload, create, deploy, wait, predict, update, delete."""

import json
import os
import subprocess
import sys
import threading

import boto3
import pytest
from archives import CSV, EXPECTED, LIBSVM, ROWS
from aws import ACCOUNT, REGION, ROLE, XGBOOST, predictions, refused, variant


def test_a_model_is_deployed_predicts_and_is_deleted(aws, name):
    model, config, endpoint = name("model"), name("config"), name("endpoint")

    created = aws.sagemaker.create_model(
        ModelName=model,
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"Image": XGBOOST, "ModelDataUrl": "s3://models/blue.tar.gz"},
    )
    assert created["ModelArn"] == aws.arn("model", model)
    created = aws.sagemaker.create_endpoint_config(
        EndpointConfigName=config, ProductionVariants=[variant(model)]
    )
    assert created["EndpointConfigArn"] == aws.arn("endpoint-config", config)
    created = aws.sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    assert created["EndpointArn"] == aws.arn("endpoint", endpoint)
    aws.in_service(endpoint)

    answer = aws.invoke(endpoint, CSV)
    assert [float(line) for line in answer["Body"].split()] == predictions("blue")
    assert answer["ContentType"].startswith("text/csv")
    assert answer["InvokedProductionVariant"] == "AllTraffic"

    aws.sagemaker.delete_endpoint(EndpointName=endpoint)
    aws.deleted(endpoint)
    aws.sagemaker.delete_endpoint_config(EndpointConfigName=config)
    aws.sagemaker.delete_model(ModelName=model)
    assert "Could not find model" in refused(aws.sagemaker.describe_model, ModelName=model).text


@pytest.fixture(scope="module")
def blue(aws):
    return aws.deploy("journey-blue")


def test_a_model_in_the_jvm_is_isolated_and_in_a_vpc_as_it_is(aws, name):
    vpc = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}

    endpoint = aws.deploy(name("isolated"), VpcConfig=vpc, EnableNetworkIsolation=True)

    assert aws.scores(endpoint, CSV) == predictions("blue")


def test_libsvm_gives_the_same_predictions_as_csv(aws, blue):
    assert aws.scores(blue, LIBSVM, content_type="text/libsvm") == predictions("blue")


def test_json_is_answered_when_it_is_accepted(aws, blue):
    answer = aws.invoke(blue, CSV, Accept="application/json")

    assert answer["ContentType"].startswith("application/json")
    scores = [row["score"] for row in json.loads(answer["Body"])["predictions"]]
    assert scores == predictions("blue")


def test_a_blank_cell_is_a_missing_value(aws, blue):
    assert len(aws.scores(blue, b",,,\n0.1,,0.2,")) == 2


def test_each_row_alone_gives_the_same_as_all_together(aws, blue):
    alone = [aws.scores(blue, line)[0] for line in CSV.splitlines()]

    assert alone == aws.scores(blue, CSV)


def test_a_model_of_three_classes_answers_a_probability_for_each(aws, name):
    endpoint = aws.deploy(name("classes"), "classes")

    rows = aws.invoke(endpoint, CSV)["Body"].decode().splitlines()

    for row, expected in zip(rows, EXPECTED["classes"], strict=True):
        assert [float(value) for value in row.split(",")] == pytest.approx(expected, abs=1e-5)


def test_a_lightgbm_model_predicts_as_python_does(aws, name):
    endpoint = aws.deploy(name("lightgbm"), "lightgbm", image="berth/lightgbm")

    assert aws.scores(endpoint, CSV) == predictions("lightgbm")


def test_an_onnx_model_with_two_typed_inputs_answers_the_open_inference_protocol(aws, name):
    endpoint = aws.deploy(name("onnx"), "linear", image="berth/onnx")
    request = {
        "id": "a-request",
        "inputs": [
            {"name": "x", "shape": [len(ROWS), 4], "datatype": "FP32", "data": ROWS},
            {"name": "n", "shape": [3], "datatype": "INT64", "data": [1, 2, 9007199254740993]},
        ],
    }

    answer = aws.invoke(endpoint, json.dumps(request), "application/json")

    outputs = {one["name"]: one for one in json.loads(answer["Body"])["outputs"]}
    assert outputs["y"]["datatype"] == "FP32"
    assert outputs["y"]["shape"] == [len(ROWS), 1]
    assert outputs["y"]["data"] == predictions("onnx")
    assert outputs["n_plus_one"]["datatype"] == "INT64"
    assert outputs["n_plus_one"]["data"] == [2, 3, 9007199254740994]


def test_an_uncompressed_object_is_deployed_through_model_data_source(aws, name):
    if "ModelDataSource" not in aws.sagemaker.meta.service_model.shape_for("ContainerDefinition").members:
        pytest.skip(f"boto3 {boto3.__version__} does not know ModelDataSource")
    from archives import MODELS

    prefix = name("plain")
    body = (MODELS / "blue.json").read_bytes()
    aws.s3.put_object(Bucket="models", Key=f"{prefix}/xgboost-model", Body=body)
    for kind, uri in (
        ("S3Object", f"s3://models/{prefix}/xgboost-model"),
        ("S3Prefix", f"s3://models/{prefix}/"),
    ):
        one = f"{prefix}-{kind}"
        source = {"S3Uri": uri, "S3DataType": kind, "CompressionType": "None"}
        aws.sagemaker.create_model(
            ModelName=one,
            ExecutionRoleArn=ROLE,
            PrimaryContainer={"Image": XGBOOST, "ModelDataSource": {"S3DataSource": source}},
        )
        aws.config(one)
        aws.endpoint(one)
        aws.in_service(one)
        assert aws.scores(one, CSV) == predictions("blue")


def test_a_description_tells_variants_images_and_times(aws, blue):
    described = aws.describe(blue)

    assert described["EndpointStatus"] == "InService"
    assert described["EndpointConfigName"] == blue
    assert described["CreationTime"] <= described["LastModifiedTime"]
    assert "FailureReason" not in described
    (only,) = described["ProductionVariants"]
    assert only["VariantName"] == "AllTraffic"
    assert (only["CurrentWeight"], only["DesiredWeight"]) == (1.0, 1.0)
    assert (only["CurrentInstanceCount"], only["DesiredInstanceCount"]) == (1, 1)
    assert only["DeployedImages"][0]["SpecifiedImage"] == XGBOOST


def test_many_threads_get_their_own_answers(aws, blue):
    answers = {}

    def ask(row):
        answers[row] = [aws.scores(blue, CSV.splitlines()[row])[0] for _ in range(40)]

    threads = [threading.Thread(target=ask, args=(row,)) for row in range(len(ROWS))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for row, values in answers.items():
        assert values == [pytest.approx(EXPECTED["blue"][row], abs=1e-5)] * 40


def test_a_second_model_of_that_name_is_refused_while_one_is_there(aws, blue):
    again = refused(
        aws.sagemaker.create_model,
        ModelName=blue,
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"Image": XGBOOST, "ModelDataUrl": "s3://models/blue.tar.gz"},
    )

    arn = aws.arn("model", blue)
    assert (again.code, again.status) == ("ValidationException", 400)
    assert again.text == f'Cannot create already existing model "{arn}".'


def test_get_caller_identity_answers_the_account(aws):
    identity = aws.sts.get_caller_identity()

    assert identity["Account"] == ACCOUNT
    assert identity["Arn"].startswith("arn:aws:")
    assert identity["UserId"]


def test_the_environment_variable_alone_points_every_client_at_berth(server):
    if tuple(map(int, boto3.__version__.split(".")[:2])) < (1, 28):
        pytest.skip(f"boto3 {boto3.__version__} does not read AWS_ENDPOINT_URL")
    program = (
        "import boto3\n"
        "print(boto3.client('sts').get_caller_identity()['Account'])\n"
        "print(boto3.client('sagemaker').list_models()['ResponseMetadata']['HTTPStatusCode'])\n"
        "print('models' in [one['Name'] for one in boto3.client('s3').list_buckets()['Buckets']])\n"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": REGION,
    }

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [ACCOUNT, "200", "True"]
