"""Endpoints that can't be: models this runtime can't run, models that don't load, bad archives."""

import gzip
import tarfile

import pytest
from archives import MODELS, file, link, model, tar, tar_gz
from aws import ROLE, XGBOOST, variant
from berth import eventually

ONE = {"Image": XGBOOST, "ModelDataUrl": "s3://models/blue.tar.gz"}
CAPABILITIES = {
    "a serverless variant": (
        {"PrimaryContainer": ONE},
        {
            "ProductionVariants": [
                {
                    "VariantName": "AllTraffic",
                    "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
                }
            ]
        },
        "ServerlessConfig",
    ),
    "asynchronous inference": (
        {"PrimaryContainer": ONE},
        {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://models/out"}}},
        "AsyncInferenceConfig",
    ),
    "data capture": (
        {"PrimaryContainer": ONE},
        {
            "DataCaptureConfig": {
                "InitialSamplingPercentage": 100,
                "DestinationS3Uri": "s3://models/capture",
                "CaptureOptions": [{"CaptureMode": "Input"}],
            }
        },
        "DataCaptureConfig",
    ),
}


def fail(aws, one, model, config=None):
    """Deploys what must fail and returns the FailureReason."""
    aws.sagemaker.create_model(ModelName=one, ExecutionRoleArn=ROLE, **model)
    config = dict(config or {})
    variants = config.pop("ProductionVariants", [variant(one)])
    aws.config(one, *({**v, "ModelName": one} for v in variants), **config)
    aws.endpoint(one)
    reason = aws.failure(one)
    eventually(lambda: keeps_nothing(aws.view(one)), "a failed endpoint keeps no instance")
    return reason


def keeps_nothing(view):
    return view is None or view["instances"] == []


@pytest.mark.parametrize("what", CAPABILITIES)
def test_what_the_runtime_cannot_do_fails_and_says_where_it_can_be_had(aws, name, what):
    model, config, words = CAPABILITIES[what]

    reason = fail(aws, name("capability"), model, config)

    assert words in reason
    assert "embedded" in reason
    assert "available" in reason


def test_an_image_the_runtime_cannot_run_is_named(aws, name):
    image = "registry.example/team/own:3"

    reason = fail(aws, name("image"), {"PrimaryContainer": {**ONE, "Image": image}})

    assert image in reason
    assert "docker" in reason.lower()


def archive_failure(aws, one, content):
    url = aws.upload(one, content)
    reason = fail(aws, one, {"PrimaryContainer": {"Image": XGBOOST, "ModelDataUrl": url}})
    assert url in reason
    return reason


EXTRACT = "Failed to extract model data archive"
NOT_ARCHIVES = {
    "plain text": b"not an archive at all",
    "nothing": b"",
    "a zip": b"PK\x03\x04" + b"\0" * 60,
    "gzip of no tar": gzip.compress(b"no tar" * 200),
    "tar without gzip": tar((file("xgboost-model", b"{}"), b"{}")),
    "half an archive": model("blue.json")[: len(model("blue.json")) // 2],
    "an archive with flipped bits": model("blue.json")[:500] + b"\0" * 40 + model("blue.json")[540:],
}


@pytest.mark.parametrize("what", NOT_ARCHIVES)
def test_what_is_no_archive_is_told_with_its_url(aws, name, what):
    assert EXTRACT in archive_failure(aws, name("archive"), NOT_ARCHIVES[what])


GOOD = (MODELS / "blue.json").read_bytes()
ESCAPES = {
    "a path upwards": (file("../../escaped", b"x"), b"x"),
    "an absolute path": (file("/tmp/berth-escaped", b"x"), b"x"),
    "a symbolic link": (link("xgboost-model", "/etc/passwd"), b""),
    "a hard link": (link("xgboost-model", "../secret", tarfile.LNKTYPE), b""),
    "a device": (link("device", "", tarfile.CHRTYPE), b""),
    "a pipe": (link("pipe", "", tarfile.FIFOTYPE), b""),
}


@pytest.mark.parametrize("what", ESCAPES)
def test_an_archive_that_reaches_out_is_refused(aws, server, name, what):
    content = gzip.compress(tar(ESCAPES[what], (file("good", GOOD), GOOD)))

    assert EXTRACT in archive_failure(aws, name("escape"), content)
    assert not list(server.data.parent.rglob("escaped"))


def test_an_archive_without_a_model_fails_and_says_so(aws, name):
    one = name("empty")
    url = aws.upload(one, tar_gz((".hidden", b"x")))

    reason = fail(aws, one, {"PrimaryContainer": {"Image": XGBOOST, "ModelDataUrl": url}})

    assert "no file at its root" in reason


BROKEN_MODELS = {
    "no model": b"this is no model",
    "cut short": GOOD[: len(GOOD) // 2],
    "other json": b'{"a": 1}',
}


@pytest.mark.parametrize("what", BROKEN_MODELS)
def test_a_model_that_does_not_load_fails_and_says_why(aws, name, what):
    one = name("broken")
    url = aws.upload(one, tar_gz(("xgboost-model", BROKEN_MODELS[what])))

    reason = fail(aws, one, {"PrimaryContainer": {"Image": XGBOOST, "ModelDataUrl": url}})

    assert "xgboost-model" in reason, reason


@pytest.mark.parametrize("image", ["berth/onnx", "berth/lightgbm"])
def test_a_model_of_another_format_fails_and_says_why(aws, name, image):
    reason = fail(
        aws,
        name("format"),
        {"PrimaryContainer": {"Image": image, "ModelDataUrl": "s3://models/blue.tar.gz"}},
    )

    assert "model" in reason.lower()


def test_an_object_that_went_after_create_model_is_told(aws, name):
    one = name("gone")
    url = aws.upload(one, model("blue.json"))
    aws.model(one, url)
    aws.s3.delete_object(Bucket="models", Key=f"{one}.tar.gz")
    aws.config(one)
    aws.endpoint(one)

    reason = aws.failure(one)

    assert "Failed to download model data" in reason
    assert url in reason


def test_one_broken_variant_of_two_fails_the_endpoint(aws, name):
    one = name("two")
    aws.upload(one, b"not an archive")
    aws.model(one, one)
    aws.model(f"{one}-good")
    aws.config(one, variant(f"{one}-good", "good"), variant(one, "bad"))
    aws.endpoint(one)

    assert EXTRACT in aws.failure(one)


def test_after_all_failures_a_good_model_is_deployed(aws, name):
    aws.deploy(name("good"))
