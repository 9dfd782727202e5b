"""Endpoint configs as they are kept, and tags on everything that has an ARN."""

import pytest
from aws import ROLE, XGBOOST, refused, refuses, variant


@pytest.fixture(scope="module")
def model(aws):
    return aws.model("configs-model")


def test_a_config_is_given_back_as_it_was_created(aws, model, name):
    given = {
        "EndpointConfigName": name("config"),
        "ProductionVariants": [
            variant(
                model,
                "one",
                count=2,
                weight=0.5,
                VolumeSizeInGB=30,
                ModelDataDownloadTimeoutInSeconds=120,
                ContainerStartupHealthCheckTimeoutInSeconds=90,
                EnableSSMAccess=True,
                CoreDumpConfig={"DestinationS3Uri": "s3://models/cores"},
                RoutingConfig={"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
            ),
            variant(model, "two", weight=0.0),
        ],
        "DataCaptureConfig": {
            "EnableCapture": True,
            "InitialSamplingPercentage": 20,
            "DestinationS3Uri": "s3://models/capture",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
        },
        "KmsKeyId": "alias/some-key",
        "AsyncInferenceConfig": {
            "OutputConfig": {"S3OutputPath": "s3://models/out"},
            "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 4},
        },
    }
    members = aws.sagemaker.meta.service_model.shape_for("ProductionVariant").members
    for one in given["ProductionVariants"]:
        for member in set(one) - set(members):
            del one[member]

    created = aws.sagemaker.create_endpoint_config(**given)

    described = aws.sagemaker.describe_endpoint_config(
        EndpointConfigName=given["EndpointConfigName"]
    )
    del described["ResponseMetadata"]
    assert described.pop("CreationTime")
    assert described.pop("EnableNetworkIsolation", False) is False
    assert described == {**given, "EndpointConfigArn": created["EndpointConfigArn"]}


def test_configs_that_are_there_or_not_are_told_in_awss_words(aws, model, name):
    config = aws.config(name("config"), variant(model))
    arn = aws.arn("endpoint-config", config)

    refuses(
        aws.sagemaker.create_endpoint_config,
        "ValidationException",
        400,
        f'Cannot create already existing endpoint configuration "{arn}".',
        EndpointConfigName=config,
        ProductionVariants=[variant(model)],
    )
    aws.sagemaker.delete_endpoint_config(EndpointConfigName=config)
    for call in (aws.sagemaker.describe_endpoint_config, aws.sagemaker.delete_endpoint_config):
        refuses(
            call,
            "ValidationException",
            400,
            f'Could not find endpoint configuration "{arn}".',
            EndpointConfigName=config,
        )


def test_a_config_needs_models_that_are_there(aws, name):
    arn = aws.arn("model", "absent")
    refuses(
        aws.sagemaker.create_endpoint_config,
        "ValidationException",
        400,
        f'Could not find model "{arn}".',
        EndpointConfigName=name("config"),
        ProductionVariants=[variant("absent")],
    )


def test_a_variant_name_is_used_once(aws, model, name):
    refuses(
        aws.sagemaker.create_endpoint_config,
        "ValidationException",
        400,
        'The variant name "same" was non-unique within the request.',
        EndpointConfigName=name("config"),
        ProductionVariants=[variant(model, "same"), variant(model, "same")],
    )


def test_an_unknown_instance_type_is_refused_with_the_known_ones(aws, model, name):
    refusal = refused(
        aws.sagemaker.create_endpoint_config,
        EndpointConfigName=name("config"),
        ProductionVariants=[variant(model, InstanceType="ml.t3.medium")],
    )

    assert refusal.code == "ValidationException"
    assert refusal.text.startswith(
        "1 validation error detected: Value 'ml.t3.medium' at "
        "'productionVariants.1.member.instanceType' failed to satisfy constraint: "
        "Member must satisfy enum value set: ["
    )
    assert "ml.m5.large" in refusal.text


def test_endpoints_that_are_there_or_not_are_told_in_awss_words(aws, name):
    endpoint = aws.deploy(name("endpoint"))
    arn, absent = aws.arn("endpoint", endpoint), aws.arn("endpoint", "absent")
    sagemaker = aws.sagemaker

    refuses(
        sagemaker.create_endpoint,
        "ValidationException",
        400,
        f'Cannot create already existing endpoint "{arn}".',
        EndpointName=endpoint,
        EndpointConfigName=endpoint,
    )
    for call, more in (
        (sagemaker.describe_endpoint, {}),
        (sagemaker.delete_endpoint, {}),
        (sagemaker.update_endpoint, {"EndpointConfigName": endpoint}),
    ):
        refuses(
            call,
            "ValidationException",
            400,
            f'Could not find endpoint "{absent}".',
            EndpointName="absent",
            **more,
        )
    config = aws.arn("endpoint-config", "absent")
    for call, target in ((sagemaker.create_endpoint, "new"), (sagemaker.update_endpoint, endpoint)):
        refuses(
            call,
            "ValidationException",
            400,
            f'Could not find endpoint configuration "{config}".',
            EndpointName=target,
            EndpointConfigName="absent",
        )
    assert aws.status(endpoint) == "InService"


def tags(**pairs):
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def test_tags_are_added_replaced_listed_and_removed_on_every_kind(aws, name):
    one = name("tagged")
    sagemaker = aws.sagemaker
    sagemaker.create_model(
        ModelName=one,
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"Image": XGBOOST, "ModelDataUrl": "s3://models/blue.tar.gz"},
        Tags=tags(from_="birth"),
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName=one, ProductionVariants=[variant(one)], Tags=tags(from_="birth")
    )
    sagemaker.create_endpoint(EndpointName=one, EndpointConfigName=one, Tags=tags(from_="birth"))

    for kind in ("model", "endpoint-config", "endpoint"):
        arn = aws.arn(kind, one)
        assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags(from_="birth")
        added = sagemaker.add_tags(ResourceArn=arn, Tags=tags(from_="later", stage="test"))
        assert added["Tags"] == tags(from_="later", stage="test")
        sagemaker.delete_tags(ResourceArn=arn, TagKeys=["from_", "absent"])
        assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags(stage="test")
    aws.in_service(one)


def test_a_deleted_resource_takes_its_tags_along(aws, name):
    model = aws.model(name("model"), Tags=tags(a="1"))
    aws.sagemaker.delete_model(ModelName=model)
    aws.model(model)

    assert aws.sagemaker.list_tags(ResourceArn=aws.arn("model", model))["Tags"] == []


def test_tags_of_what_is_not_there_are_refused(aws):
    arn = aws.arn("model", "absent")
    refuses(
        aws.sagemaker.list_tags,
        "ValidationException",
        400,
        f'Could not find model "{arn}".',
        ResourceArn=arn,
    )


def test_more_than_fifty_tags_are_refused_and_none_is_added(aws, name):
    arn = aws.arn("model", aws.model(name("model"), Tags=tags(**{f"k{i}": "v" for i in range(40)})))

    refusal = refused(
        aws.sagemaker.add_tags, ResourceArn=arn, Tags=tags(**{f"n{i}": "v" for i in range(11)})
    )

    assert refusal.code == "ValidationException"
    assert "50" in refusal.text
    pages = aws.sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    assert sum(len(page["Tags"]) for page in pages) == 40
