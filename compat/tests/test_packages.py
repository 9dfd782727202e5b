"""Model packages: registered, approved, deployed, and numbered by many at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from archives import CSV
from aws import REGION, ROLE, XGBOOST, Aws, client, predictions, refused, refuses, variant

DATA = "s3://models/blue.tar.gz"
GROUPS = 5
CLIENTS = 32
VERSIONS = 2000


def container(**more):
    return {"Image": XGBOOST, "ModelDataUrl": DATA, **more}


def specification(*containers, types=("ml.m5.large", "ml.m5.xlarge"), **more):
    return {
        "Containers": list(containers) or [container()],
        "SupportedRealtimeInferenceInstanceTypes": list(types),
        "SupportedTransformInstanceTypes": ["ml.m5.large"],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
        **more,
    }


@pytest.fixture
def group(aws, name):
    group = name("group")
    aws.sagemaker.create_model_package_group(ModelPackageGroupName=group)
    return group


def register(aws, group, **more):
    """Creates a version and returns its ARN."""
    parameters = {"InferenceSpecification": specification(), **more}
    return aws.sagemaker.create_model_package(ModelPackageGroupName=group, **parameters)[
        "ModelPackageArn"
    ]


def approved(aws, group, **more):
    return register(aws, group, ModelApprovalStatus="Approved", **more)


def deploy(aws, name, package, **more):
    """Deploys a package and returns the endpoint's name, in service."""
    aws.sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"ModelPackageName": package, **more},
    )
    aws.config(name)
    aws.endpoint(name)
    aws.in_service(name)
    return name


def test_a_version_is_registered_approved_deployed_and_predicts(aws, name, group):
    arn = register(aws, group)
    assert arn == aws.arn("model-package", f"{group}/1")
    model = name("model")
    text = refused(
        aws.sagemaker.create_model,
        ModelName=model,
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"ModelPackageName": arn},
    ).text
    assert arn in text and "PendingManualApproval" in text

    aws.sagemaker.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="better"
    )
    endpoint = deploy(aws, model, arn)

    assert aws.scores(endpoint, CSV) == predictions("blue")
    described = aws.sagemaker.describe_model_package(ModelPackageName=arn)
    assert described["ModelApprovalStatus"] == "Approved"
    assert described["ApprovalDescription"] == "better"
    assert described["LastModifiedTime"] >= described["CreationTime"]


def test_a_model_shows_the_package_it_was_given_and_outlives_it(aws, name, group):
    arn = approved(aws, group)
    model = name("model")
    given = {"ModelPackageName": f"{group}/1", "Environment": {"LEVEL": "1"}}
    aws.sagemaker.create_model(ModelName=model, ExecutionRoleArn=ROLE, PrimaryContainer=given)
    aws.sagemaker.delete_model_package(ModelPackageName=arn)

    aws.config(model)
    aws.endpoint(model)
    aws.in_service(model)

    assert aws.scores(model, CSV) == predictions("blue")
    assert aws.sagemaker.describe_model(ModelName=model)["PrimaryContainer"] == given


def test_an_additional_specification_is_deployed_by_its_name(aws, name, group):
    green = {
        "Name": "green",
        **specification(container(ModelDataUrl="s3://models/green.tar.gz")),
    }
    arn = approved(aws, group, AdditionalInferenceSpecifications=[green])

    endpoint = deploy(aws, name("model"), arn, InferenceSpecificationName="green")

    assert aws.scores(endpoint, CSV) == predictions("green")


def test_a_package_alone_is_deployed_by_name(aws, name):
    package = name("package")
    arn = aws.sagemaker.create_model_package(
        ModelPackageName=package,
        InferenceSpecification=specification(),
        Tags=[{"Key": "team", "Value": "a"}],
    )["ModelPackageArn"]

    endpoint = deploy(aws, name("model"), package)

    assert aws.scores(endpoint, CSV) == predictions("blue")
    assert aws.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "a"}]


def test_an_instance_type_that_the_package_does_not_support_is_refused(aws, name, group):
    model = name("model")
    aws.sagemaker.create_model(
        ModelName=model,
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"ModelPackageName": approved(aws, group)},
    )

    refuses(
        aws.sagemaker.create_endpoint_config,
        "ValidationException",
        400,
        f'The instance type "ml.c5.large" of variant "AllTraffic" is not supported by the model package of model "{model}". Supported instance types: ml.m5.large, ml.m5.xlarge.',
        EndpointConfigName=model,
        ProductionVariants=[variant(model, InstanceType="ml.c5.large")],
    )


def test_everything_a_version_is_given_is_given_back(aws, group):
    metrics = {"ContentType": "application/json", "S3Uri": "s3://models/metrics.json"}
    given = {
        "ModelPackageDescription": "churn, May",
        "InferenceSpecification": specification(
            container(Framework="XGBOOST", FrameworkVersion="1.7-1", Environment={"A": "b"})
        ),
        "AdditionalInferenceSpecifications": [{"Name": "more", **specification()}],
        "ModelMetrics": {"ModelQuality": {"Statistics": metrics}, "Bias": {"Report": metrics}},
        "DriftCheckBaselines": {"ModelQuality": {"Constraints": metrics}},
        "MetadataProperties": {"CommitId": "abc", "Repository": "r", "GeneratedBy": "g"},
        "CustomerMetadataProperties": {"stage": "dev", "weird key": "ä=1"},
        "Domain": "MACHINE_LEARNING",
        "Task": "CLASSIFICATION",
        "SamplePayloadUrl": "s3://models/sample.tar.gz",
        "SkipModelValidation": "All",
        "SourceUri": "https://example.org/runs/7",
        "ModelCard": {"ModelCardContent": '{"a": 1}', "ModelCardStatus": "Draft"},
    }

    arn = register(aws, group, **given)

    described = aws.sagemaker.describe_model_package(ModelPackageName=arn)
    assert {member: described.get(member) for member in given} == given
    assert described["ModelPackageStatus"] == "Completed"
    assert described["ModelPackageStatusDetails"] == {
        "ValidationStatuses": [],
        "ImageScanStatuses": [],
    }
    assert described["ModelPackageGroupName"] == group
    assert described["ModelPackageVersion"] == 1
    assert "ModelPackageName" not in described


def test_a_model_is_registered_by_its_arn(aws, name, group):
    model = aws.model(name("model"), "green")

    arn = aws.sagemaker.create_model_package(
        ModelPackageGroupName=group,
        SourceUri=aws.arn("model", model),
        ModelApprovalStatus="Approved",
    )["ModelPackageArn"]

    assert aws.scores(deploy(aws, name("again"), arn), CSV) == predictions("green")


def test_groups_are_described_listed_and_deleted_when_empty(aws, name):
    group = name("Listed")
    arn = aws.sagemaker.create_model_package_group(
        ModelPackageGroupName=group, ModelPackageGroupDescription="of mine"
    )["ModelPackageGroupArn"]
    assert arn == aws.arn("model-package-group", group.lower())
    described = aws.sagemaker.describe_model_package_group(ModelPackageGroupName=arn)
    assert described["ModelPackageGroupName"] == group
    assert described["ModelPackageGroupStatus"] == "Completed"
    assert "CreatedBy" in described
    refuses(
        aws.sagemaker.create_model_package_group,
        "ValidationException",
        400,
        f"Model Package Group already exists: {arn}",
        ModelPackageGroupName=group,
    )
    listed = aws.sagemaker.list_model_package_groups(NameContains=group)
    assert [one["ModelPackageGroupArn"] for one in listed["ModelPackageGroupSummaryList"]] == [arn]
    shared = aws.sagemaker.list_model_package_groups(CrossAccountFilterOption="CrossAccount")
    assert shared["ModelPackageGroupSummaryList"] == []

    version = register(aws, group)
    with pytest.raises(aws.sagemaker.exceptions.ConflictException):
        aws.sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    aws.sagemaker.delete_model_package(ModelPackageName=version)
    aws.sagemaker.delete_model_package_group(ModelPackageGroupName=group)

    refuses(
        aws.sagemaker.describe_model_package_group,
        "ValidationException",
        400,
        f"ModelPackageGroup {arn} does not exist.",
        ModelPackageGroupName=group,
    )


def test_a_groups_policy_is_put_given_back_and_deleted(aws, group):
    arn = aws.arn("model-package-group", group)
    policy = '{"Version": "2012-10-17", "Statement": []}'

    put = aws.sagemaker.put_model_package_group_policy(
        ModelPackageGroupName=group, ResourcePolicy=policy
    )
    assert put["ModelPackageGroupArn"] == arn
    got = aws.sagemaker.get_model_package_group_policy(ModelPackageGroupName=group)
    assert got["ResourcePolicy"] == policy
    aws.sagemaker.delete_model_package_group_policy(ModelPackageGroupName=group)

    refuses(
        aws.sagemaker.get_model_package_group_policy,
        "ValidationException",
        400,
        f"Cannot find resource policy for: {arn}",
        ModelPackageGroupName=group,
    )


def test_many_packages_are_described_at_once_and_missing_ones_told_apart(aws, group):
    one, missing = register(aws, group), aws.arn("model-package", f"{group}/9")

    answer = aws.sagemaker.batch_describe_model_package(ModelPackageArnList=[one, missing])

    assert list(answer["ModelPackageSummaries"]) == [one]
    summary = answer["ModelPackageSummaries"][one]
    assert summary["InferenceSpecification"] == specification()
    assert answer["BatchDescribeModelPackageErrorMap"] == {
        missing: {
            "ErrorCode": "ValidationException",
            "ErrorResponse": f"ModelPackage {missing} does not exist.",
        }
    }


def test_groups_take_tags_and_versions_refuse_them(aws, group):
    arn = aws.arn("model-package-group", group)
    tag = {"Key": "team", "Value": "a"}

    assert aws.sagemaker.add_tags(ResourceArn=arn, Tags=[tag])["Tags"] == [tag]
    assert aws.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [tag]
    aws.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["team"])
    assert aws.sagemaker.list_tags(ResourceArn=arn)["Tags"] == []

    version = register(aws, group)
    assert version in refused(aws.sagemaker.add_tags, ResourceArn=version, Tags=[tag]).text


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A server of this test's own, as it lists everything."""
    from berth import Berth

    berth = Berth(tmp_path_factory.mktemp("packages") / "data").start()
    yield berth
    berth.close()


def test_many_clients_number_versions_without_gap_or_double_while_lists_go_on(alone):
    aws = Aws(alone.url)
    aws.sagemaker = client(alone.url, "sagemaker", max_pool_connections=CLIENTS + 1)
    names = [f"group-{number}" for number in range(GROUPS)]
    for group in names:
        aws.sagemaker.create_model_package_group(ModelPackageGroupName=group)
    first = {register(aws, group) for group in names}
    is_done = threading.Event()

    def walk():
        """Lists everything again and again; each walk has what was there before it, once."""
        lister = aws.sagemaker.get_paginator("list_model_packages")
        walks, before = 0, set(first)
        while not (is_done.is_set() and walks):
            pages = lister.paginate(ModelPackageType="Versioned", MaxResults=100)
            seen = [one["ModelPackageArn"] for one in pages.search("ModelPackageSummaryList")]
            assert len(seen) == len(set(seen)), "twice in one list"
            assert before <= set(seen), "missing from a list"
            walks, before = walks + 1, set(seen)
        return walks

    def write(number):
        return [
            register(aws, names[(number + turn) % GROUPS])
            for turn in range(number, VERSIONS - GROUPS, CLIENTS)
        ]

    with ThreadPoolExecutor(CLIENTS + 1) as threads:
        walking = threads.submit(walk)
        try:
            writing = [threads.submit(write, number) for number in range(CLIENTS)]
            arns = [arn for written in writing for arn in written.result()]
        finally:
            is_done.set()
        assert walking.result() > 0

    arns += first
    assert len(arns) == VERSIONS
    for group in names:
        prefix = f"arn:aws:sagemaker:{REGION}:000000000000:model-package/{group}/"
        numbers = sorted(int(arn.removeprefix(prefix)) for arn in arns if arn.startswith(prefix))
        assert numbers == list(range(1, len(numbers) + 1))
        pages = aws.sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=group, MaxResults=7
        )
        listed = [one["ModelPackageVersion"] for one in pages.search("ModelPackageSummaryList")]
        assert listed == numbers, "in the order of their numbers"
