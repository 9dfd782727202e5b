"""CreateModel and its siblings: what goes in comes out, and what is wrong is said."""

import boto3
import pytest
from aws import ACCOUNT, REGION, ROLE, XGBOOST, refused, refuses

VPC = {"SecurityGroupIds": ["sg-0123456789abcdef0"], "Subnets": ["subnet-0a", "subnet-0b"]}
DATA = "s3://models/blue.tar.gz"


def source(uri, kind="S3Object", compression="Gzip", **more):
    return {
        "S3DataSource": {
            "S3Uri": uri,
            "S3DataType": kind,
            "CompressionType": compression,
            **more,
        }
    }


def additional(channel, uri=DATA, **more):
    return {"ChannelName": channel, **source(uri, **more)}


ONE = {"Image": XGBOOST, "ModelDataUrl": DATA}
MODELS = {
    "one container": {"PrimaryContainer": ONE},
    "no model data": {"PrimaryContainer": {"Image": XGBOOST}},
    "no role": {"PrimaryContainer": ONE, "ExecutionRoleArn": None},
    "environment": {
        "PrimaryContainer": {
            **ONE,
            "Environment": {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_score", "EMPTY": ""},
        }
    },
    "an image by digest": {
        "PrimaryContainer": {**ONE, "Image": "registry.example:5000/a/b@sha256:" + "0" * 64}
    },
    "a private registry": {
        "PrimaryContainer": {
            **ONE,
            "ImageConfig": {
                "RepositoryAccessMode": "Vpc",
                "RepositoryAuthConfig": {
                    "RepositoryCredentialsProviderArn": "arn:aws:lambda:us-east-1:000000000000:function:f"
                },
            },
        },
        "VpcConfig": VPC,
    },
    "a hostname": {"PrimaryContainer": {**ONE, "ContainerHostname": "scorer"}},
    "many models": {
        "PrimaryContainer": {
            "Image": XGBOOST,
            "ModelDataUrl": "s3://models/",
            "Mode": "MultiModel",
            "MultiModelConfig": {"ModelCacheSetting": "Disabled"},
        }
    },
    "single model said": {"PrimaryContainer": {**ONE, "Mode": "SingleModel"}},
    "an object": {"PrimaryContainer": {"Image": XGBOOST, "ModelDataSource": source(DATA)}},
    "a prefix": {
        "PrimaryContainer": {
            "Image": XGBOOST,
            "ModelDataSource": source(
                "s3://models/prefix/",
                "S3Prefix",
                "None",
                ModelAccessConfig={"AcceptEula": True},
            ),
        }
    },
    "additional sources": {
        "PrimaryContainer": {
            **ONE,
            "AdditionalModelDataSources": [
                additional("adapters.de-1"),
                additional("more", "s3://models/prefix/", kind="S3Prefix", compression="None"),
            ],
        }
    },
    "network isolation": {"PrimaryContainer": ONE, "EnableNetworkIsolation": True},
    "a VPC": {"PrimaryContainer": ONE, "VpcConfig": VPC},
    "a pipeline": {
        "Containers": [
            {"Image": "registry.example/prepare:1", "Environment": {"STEP": "1"}},
            {**ONE, "Environment": {"STEP": "2"}},
            {"Image": "registry.example/finish:latest"},
        ],
        "InferenceExecutionConfig": {"Mode": "Serial"},
    },
    "direct invocation": {
        "Containers": [
            {**ONE, "ContainerHostname": "first"},
            {**ONE, "ContainerHostname": "second"},
        ],
        "InferenceExecutionConfig": {"Mode": "Direct"},
    },
    "fifteen containers": {"Containers": [ONE] * 15},
}


def needed_members(sagemaker, value, shape):
    """Names members of `value` that this boto3 does not know."""
    if isinstance(value, dict) and shape.type_name == "structure":
        for member, inner in value.items():
            if member not in shape.members:
                yield member
            else:
                yield from needed_members(sagemaker, inner, shape.members[member])
    elif isinstance(value, list):
        for inner in value:
            yield from needed_members(sagemaker, inner, shape.member)


@pytest.mark.parametrize("what", MODELS)
def test_a_model_is_given_back_as_it_was_created(aws, name, what):
    given = {"ExecutionRoleArn": ROLE, **MODELS[what]}
    given = {member: value for member, value in given.items() if value is not None}
    shape = aws.sagemaker.meta.service_model.operation_model("CreateModel").input_shape
    if unknown := list(needed_members(aws.sagemaker, given, shape)):
        pytest.skip(f"boto3 {boto3.__version__} does not know {', '.join(unknown)}")
    if missing := set(shape.required_members) - set(given) - {"ModelName"}:
        pytest.skip(f"boto3 {boto3.__version__} requires {', '.join(missing)}")
    aws.s3.put_object(Bucket="models", Key="prefix/xgboost-model", Body=b"{}")
    model = name("model")

    created = aws.sagemaker.create_model(
        ModelName=model, Tags=[{"Key": "team", "Value": "a b=c/d"}], **given
    )

    described = aws.sagemaker.describe_model(ModelName=model)
    del described["ResponseMetadata"]
    assert described.pop("CreationTime")
    assert described == {
        "ModelName": model,
        "ModelArn": created["ModelArn"],
        "EnableNetworkIsolation": False,
        **given,
    }
    tags = aws.sagemaker.list_tags(ResourceArn=created["ModelArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "a b=c/d"}]


def many(count):
    return {f"KEY_{i}": "v" for i in range(count)}


REFUSED = {
    "data that is not there": (
        {"PrimaryContainer": {**ONE, "ModelDataUrl": "s3://models/absent.tar.gz"}},
        "Could not find model data at s3://models/absent.tar.gz.",
    ),
    "a bucket that is not there": (
        {"PrimaryContainer": {**ONE, "ModelDataUrl": "s3://no-such-bucket/x.tar.gz"}},
        "Could not find model data at s3://no-such-bucket/x.tar.gz.",
    ),
    "an empty prefix": (
        {
            "PrimaryContainer": {
                "Image": XGBOOST,
                "ModelDataSource": source("s3://models/nothing/", "S3Prefix", "None"),
            }
        },
        "Could not find model data at s3://models/nothing/.",
    ),
    "neither image nor package": (
        {"PrimaryContainer": {"ModelDataUrl": DATA}},
        "Specify one of either Image and Model Data URL or ModelPackageName in container definition.",
    ),
    "image and package": (
        {"PrimaryContainer": {**ONE, "ModelPackageName": "package"}},
        "Specify one of either Image and Model Data URL or ModelPackageName in container definition.",
    ),
    "an unknown package": (
        {"PrimaryContainer": {"ModelPackageName": "nosuch"}},
        f"ModelPackage arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/nosuch does not exist.",
    ),
    "both forms of containers": (
        {"PrimaryContainer": ONE, "Containers": [ONE, ONE]},
        ["PrimaryContainer", "Containers"],
    ),
    "no container": ({}, ["PrimaryContainer", "Containers"]),
    "sixteen containers": (
        {"Containers": [ONE] * 16},
        ["'containers'", "Member must have length less than or equal to 15"],
    ),
    "some hostnames": (
        {"Containers": [{**ONE, "ContainerHostname": "a"}, ONE]},
        ["ContainerHostname"],
    ),
    "a hostname twice": (
        {"Containers": [{**ONE, "ContainerHostname": "a"}] * 2},
        ["ContainerHostname", '"a"'],
    ),
    "direct without hostnames": (
        {"Containers": [ONE, ONE], "InferenceExecutionConfig": {"Mode": "Direct"}},
        ["Direct", "ContainerHostname"],
    ),
    "url and source": (
        {"PrimaryContainer": {**ONE, "ModelDataSource": source(DATA)}},
        ["ModelDataUrl", "ModelDataSource"],
    ),
    "a prefix without its slash": (
        {
            "PrimaryContainer": {
                "Image": XGBOOST,
                "ModelDataSource": source("s3://models/prefix", "S3Prefix", "None"),
            }
        },
        ["S3Prefix", "s3://models/prefix"],
    ),
    "more than 100 variables": (
        {"PrimaryContainer": {**ONE, "Environment": many(101)}},
        ["primaryContainer.environment", "Member must have length less than or equal to 100"],
    ),
    "more than 32 KB of variables": (
        {"PrimaryContainer": {**ONE, "Environment": {f"K{i}": "x" * 1000 for i in range(40)}}},
        ["Environment", "32768"],
    ),
    "a channel twice": (
        {
            "PrimaryContainer": {
                **ONE,
                "AdditionalModelDataSources": [additional("a"), additional("a")],
            }
        },
        ["ChannelName", '"a"'],
    ),
    "multi-model in a pipeline": (
        {"Containers": [{"Image": XGBOOST, "ModelDataUrl": "s3://models/", "Mode": "MultiModel"}] * 2},
        ["MultiModel"],
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_model_that_breaks_a_rule_is_refused(aws, name, what):
    given, text = REFUSED[what]
    model = name("model")
    shape = aws.sagemaker.meta.service_model.operation_model("CreateModel").input_shape
    if unknown := list(needed_members(aws.sagemaker, given, shape)):
        pytest.skip(f"boto3 {boto3.__version__} does not know {', '.join(unknown)}")

    refusal = refused(
        aws.sagemaker.create_model, ModelName=model, ExecutionRoleArn=ROLE, **given
    )

    assert (refusal.code, refusal.status) == ("ValidationException", 400)
    if isinstance(text, str):
        assert refusal.text == text
    else:
        assert all(word in refusal.text for word in text), refusal
    assert "Could not find model" in refused(aws.sagemaker.describe_model, ModelName=model).text


def test_several_violations_are_told_at_once_length_before_pattern(aws):
    bad = "-" * 64

    refusal = refused(
        aws.sagemaker.create_model,
        ModelName=bad,
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"Image": XGBOOST},
    )

    value = f"Value '{bad}' at 'modelName' failed to satisfy constraint: "
    assert refusal.text.startswith(
        "2 validation errors detected: "
        f"{value}Member must have length less than or equal to 63; "
        f"{value}Member must satisfy regular expression pattern: "
    ), refusal


def test_models_that_are_not_there_are_validation_errors(aws):
    arn = aws.arn("model", "absent")
    for call in (aws.sagemaker.describe_model, aws.sagemaker.delete_model):
        refuses(
            call, "ValidationException", 400, f'Could not find model "{arn}".', ModelName="absent"
        )


def test_a_deleted_models_name_can_be_used_again(aws, name):
    model = aws.model(name("model"))
    aws.sagemaker.delete_model(ModelName=model)

    assert aws.model(model) == model


def test_answers_carry_a_request_id_of_their_own(aws):
    ids = {
        aws.sagemaker.list_models()["ResponseMetadata"]["RequestId"],
        aws.sagemaker.list_models()["ResponseMetadata"]["RequestId"],
        refused(aws.sagemaker.describe_model, ModelName="x").response["ResponseMetadata"]["RequestId"],
    }

    assert len(ids) == 3
    assert all(len(one) == 36 for one in ids)
