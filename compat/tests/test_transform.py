"""Batch transform through boto3, its outputs compared with files made here without Berth."""

import csv
import io
import json
import re

import pytest
from archives import CSV, EXPECTED, ROWS
from aws import Aws, refuses
from berth import eventually
from test_containers import docker, image, objects  # noqa: F401 (image is a fixture)

DATA = "transform-data"
LASTING = ("Completed", "Failed", "Stopped")


class Transforms:
    """Transform jobs of one server."""

    def __init__(self, aws):
        self.aws = aws
        if DATA not in [bucket["Name"] for bucket in aws.s3.list_buckets()["Buckets"]]:
            aws.s3.create_bucket(Bucket=DATA)

    def put(self, key, body):
        self.aws.s3.put_object(Bucket=DATA, Key=key, Body=body)

    def get(self, key):
        return self.aws.s3.get_object(Bucket=DATA, Key=key)["Body"].read()

    def keys(self, prefix):
        listed = self.aws.s3.list_objects_v2(Bucket=DATA, Prefix=prefix)
        return [one["Key"] for one in listed.get("Contents", [])]

    def modified(self, name):
        """When the outputs that the job says are done were written, by key."""
        keys = [one["output"].split("/", 3)[3] for one in self.view(name)["succeeded"]]
        return {
            key: self.aws.s3.head_object(Bucket=DATA, Key=key)["LastModified"] for key in keys
        }

    def begin(self, name, model, *, kind="S3Prefix", uri=None, content="text/csv", accept=None,
              split="Line", assemble="Line", gz=False, count=1, **more):
        source = {"S3DataType": kind, "S3Uri": uri or f"s3://{DATA}/{name}/in/"}
        output = {"S3OutputPath": f"s3://{DATA}/{name}/out", "AssembleWith": assemble}
        self.aws.sagemaker.create_transform_job(
            TransformJobName=name,
            ModelName=model,
            TransformInput={
                "DataSource": {"S3DataSource": source},
                "ContentType": content,
                "SplitType": split,
                "CompressionType": "Gzip" if gz else "None",
            },
            TransformOutput={**output, **({"Accept": accept} if accept else {})},
            TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": count},
            **more,
        )

    def describe(self, name):
        return self.aws.sagemaker.describe_transform_job(TransformJobName=name)

    def ended(self, name, seconds=120):
        def look():
            job = self.describe(name)
            return job if job["TransformJobStatus"] in LASTING else None

        return eventually(look, f"job {name} ends", seconds)

    def completed(self, name):
        job = self.ended(name)
        assert job["TransformJobStatus"] == "Completed", job
        return job

    def view(self, name):
        import urllib.request

        with urllib.request.urlopen(f"{self.aws.url}/_berth/transform-jobs/{name}") as answer:
            return json.load(answer)


@pytest.fixture
def transforms(aws):
    return Transforms(aws)


@pytest.fixture
def embedded(aws, transforms, name):
    """A job's name, with the model of the same name on the embedded runtime."""
    return aws.model(name("transform"))


def scores(text):
    return [float(line) for line in text.split()]


def approx(count=1):
    return pytest.approx(EXPECTED["blue"] * count, abs=1e-5)


def test_scores_are_joined_to_their_rows_in_order_at_any_concurrency(transforms, embedded):
    # a request each, some of which take longer: those behind them overtake
    rows = [",".join(map(str, ROWS[i % len(ROWS)])) + " " * (i % 7 * 2000) for i in range(3_000)]
    transforms.put(f"{embedded}/in/many.csv", "\n".join(f'"id,{i}",{row}' for i, row in enumerate(rows)))
    columns = len(ROWS[0])
    transforms.begin(
        embedded, embedded, accept="text/csv", MaxConcurrentTransforms=8, BatchStrategy="SingleRecord",
        DataProcessing={
            "InputFilter": f"$[1:{columns}]", "JoinSource": "Input", "OutputFilter": "$[0,-1]",
        },
    )

    transforms.completed(embedded)

    out = list(csv.reader(io.StringIO(transforms.get(f"{embedded}/out/many.csv.out").decode())))
    assert [row[0] for row in out] == [f"id,{i}" for i in range(3_000)]
    assert [float(row[1]) for row in out[: len(ROWS)]] == approx()


def test_nested_objects_and_a_manifest_keep_their_names(transforms, embedded):
    for key in ("a.csv", "sub/b.csv", "not-named.csv"):
        transforms.put(f"{embedded}/in/{key}", CSV)
    manifest = [{"prefix": f"s3://{DATA}/{embedded}/in/"}, "a.csv", "sub/b.csv"]
    transforms.put(f"{embedded}/manifest", json.dumps(manifest))
    transforms.begin(embedded, embedded, kind="ManifestFile", uri=f"s3://{DATA}/{embedded}/manifest")

    transforms.completed(embedded)

    assert transforms.keys(f"{embedded}/out/") == [
        f"{embedded}/out/a.csv.out", f"{embedded}/out/sub/b.csv.out"
    ]


def test_a_bad_record_fails_its_object_and_the_reason_says_where(transforms, embedded):
    transforms.put(f"{embedded}/in/bad.csv", CSV + b"\nnot,a,number\n")
    transforms.put(f"{embedded}/in/good.csv", CSV)
    transforms.begin(embedded, embedded, BatchStrategy="SingleRecord")

    job = transforms.ended(embedded)

    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: See job logs for more information")
    assert f"in/bad.csv: record {len(ROWS)} (bytes " in job["FailureReason"]
    assert transforms.keys(f"{embedded}/out/") == [f"{embedded}/out/good.csv.out"]
    view = transforms.view(embedded)
    assert [one["output"] for one in view["succeeded"]] == [f"s3://{DATA}/{embedded}/out/good.csv.out"]
    assert view["failures"][0]["error"]["place"]["firstRecord"] == len(ROWS)


def test_inference_ids_are_added_and_manifests_written(transforms, embedded):
    transforms.put(f"{embedded}/in/a.csv", CSV)
    transforms.begin(embedded, embedded, accept="text/csv", DataCaptureConfig={
        "DestinationS3Uri": f"s3://{DATA}/{embedded}/capture", "GenerateInferenceId": True,
    })

    transforms.completed(embedded)

    lines = transforms.get(f"{embedded}/out/a.csv.out").decode().splitlines()
    assert len({line.split(",")[1] for line in lines}) == len(ROWS)
    assert all(re.fullmatch(r"[0-9.e-]+,[0-9a-f-]{36},[0-9T:-]+Z", line) for line in lines)
    kept = transforms.keys(f"{embedded}/capture/")
    assert [re.sub(r"\d", "9", key.split("capture/")[1].rsplit("/", 1)[0]) for key in kept] == [
        "input/9999/99/99/99", "output/9999/99/99/99"
    ]
    assert json.loads(transforms.get(kept[0])) == [
        {"prefix": f"s3://{DATA}/{embedded}/in/"}, "a.csv"
    ]


def test_jobs_are_listed_tagged_and_unique(aws, transforms, embedded):
    transforms.put(f"{embedded}/in/a.csv", CSV)
    transforms.begin(embedded, embedded, Tags=[{"Key": "team", "Value": "blue"}])
    job = transforms.completed(embedded)
    sagemaker = aws.sagemaker

    arn = aws.arn("transform-job", embedded)
    assert job["TransformJobArn"] == arn
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "blue"}]
    listed = sagemaker.list_transform_jobs(NameContains=embedded, StatusEquals="Completed")
    assert [one["TransformJobName"] for one in listed["TransformJobSummaries"]] == [embedded]
    with pytest.raises(sagemaker.exceptions.ResourceInUse):
        transforms.begin(embedded, embedded)
    refuses(
        sagemaker.describe_transform_job, "ValidationException", 400,
        "Could not find requested job with name: nope", TransformJobName="nope",
    )
    refuses(
        sagemaker.stop_transform_job, "ValidationException", 400,
        "The request was rejected because the transform job is in status Completed",
        TransformJobName=embedded,
    )


def test_the_sdks_waiter_sees_the_end(aws, transforms, embedded):
    transforms.put(f"{embedded}/in/a.csv", CSV)
    transforms.begin(embedded, embedded)
    aws.sagemaker.get_waiter("transform_job_completed_or_stopped").wait(
        TransformJobName=embedded, WaiterConfig={"Delay": 0.05, "MaxAttempts": 600}
    )


def test_a_killed_server_goes_on_and_gives_the_same_bytes(new_server):
    server = new_server().start()
    aws = Aws(server.url).with_models()
    transforms = Transforms(aws)
    rows = "\n".join(",".join(map(str, ROWS[i % len(ROWS)])) for i in range(25_000))
    aws.model("m")
    for job in ("undisturbed", "killed"):
        for number in range(8):
            transforms.put(f"{job}/in/{number}.csv", f"{rows}\n{number},1,1,1")
    settings = {"MaxConcurrentTransforms": 1, "MaxPayloadInMB": 1, "accept": "text/csv"}
    settings["DataProcessing"] = {"JoinSource": "Input"}
    transforms.begin("undisturbed", "m", **settings)
    transforms.ended("undisturbed")
    kills = 0
    written = {}
    transforms.begin("killed", "m", **settings)
    for done in (1, 3, 6):
        eventually(
            lambda done=done: transforms.view("killed")["done"] >= done
            or transforms.describe("killed")["TransformJobStatus"] in LASTING,
            f"{done} objects are done", seconds=60, every=0.001,
        )
        written = transforms.modified("killed") | written
        kills += transforms.describe("killed")["TransformJobStatus"] == "InProgress"
        server.kill()
        server.start()
        transforms = Transforms(Aws(server.url))
    assert transforms.ended("killed")["TransformJobStatus"] == (
        transforms.describe("undisturbed")["TransformJobStatus"]
    )
    assert kills > 0
    assert written
    assert transforms.modified("killed").items() >= written.items()  # none was done again
    assert transforms.keys("killed/out/") == [
        key.replace("undisturbed", "killed") for key in transforms.keys("undisturbed/out/")
    ]
    for key in transforms.keys("killed/out/"):
        assert transforms.get(key) == transforms.get(key.replace("killed", "undisturbed"))


def test_a_file_larger_than_the_heap_passes_through(new_server):
    server = new_server(environment={"BERTH_JAVA_OPTS": "-Xmx192m"}).start()
    aws = Aws(server.url).with_models()
    transforms = Transforms(aws)
    aws.model("m")
    line = (",".join(map(str, ROWS[0])) + " " * 200).encode() + b"\n"
    block = line * (8 * 1024 * 1024 // len(line))
    upload = aws.s3.create_multipart_upload(Bucket=DATA, Key="large/in/a.csv")["UploadId"]
    parts = []
    for number in range(1, 33):
        part = aws.s3.upload_part(Bucket=DATA, Key="large/in/a.csv", UploadId=upload,
                                  PartNumber=number, Body=block)
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    aws.s3.complete_multipart_upload(Bucket=DATA, Key="large/in/a.csv", UploadId=upload,
                                     MultipartUpload={"Parts": parts})
    transforms.begin("large", "m")

    transforms.completed("large")

    assert len(transforms.get("large/out/a.csv.out").split()) == 32 * (len(block) // len(line))


@pytest.fixture
def on_docker(new_server, image):  # noqa: F811
    """A server with the model "own" in an image that echoes; nothing of it stays on the engine."""
    server = new_server().start()
    aws = Aws(server.url).with_models()
    aws.model("own", image=image)
    yield server
    eventually(lambda: not any(objects(server).values()), "no container stays")


def test_containers_transform_in_order(on_docker):
    transforms = Transforms(Aws(on_docker.url))
    body = "".join(f"line {i} é\n" for i in range(3_000))
    transforms.put("echo/in/a", body)
    transforms.put("echo/in/b", "x\ny")
    transforms.begin("echo", "own", content="text/plain", MaxConcurrentTransforms=8,
                     BatchStrategy="SingleRecord", count=2)

    transforms.completed("echo")

    assert transforms.get("echo/out/a.out").decode() == body
    assert transforms.get("echo/out/b.out") == b"x\ny\n"


def test_a_killed_container_is_replaced_and_its_objects_done_again(on_docker):
    transforms = Transforms(Aws(on_docker.url))
    body = "".join(f"line {i}\n" for i in range(500))
    for number in range(30):
        transforms.put(f"lost/in/{number}", f"{number}\n{body}")
    transforms.begin("lost", "own", content="text/plain", BatchStrategy="SingleRecord", count=2)
    eventually(lambda: transforms.view("lost")["done"] >= 1, "an object is done", every=0.005)
    docker("kill", sorted(objects(on_docker)["containers"])[0])

    transforms.completed("lost")

    for number in range(30):
        assert transforms.get(f"lost/out/{number}.out").decode() == f"{number}\n{body}"


def test_a_killed_server_goes_on_with_new_containers_and_gives_the_same_bytes(on_docker):
    transforms = Transforms(Aws(on_docker.url))
    body = "".join(f"line {i}\n" for i in range(200))
    for job in ("undisturbed", "killed"):
        for number in range(30):
            transforms.put(f"{job}/in/{number:02}", f"{number}\n{body}")
    settings = {"content": "text/plain", "BatchStrategy": "SingleRecord", "count": 2,
                "MaxConcurrentTransforms": 2}
    transforms.begin("undisturbed", "own", **settings)
    transforms.completed("undisturbed")
    transforms.begin("killed", "own", **settings)
    eventually(lambda: transforms.view("killed")["done"] >= 3, "some objects are done", every=0.002)
    written = transforms.modified("killed")
    assert transforms.describe("killed")["TransformJobStatus"] == "InProgress"
    before = objects(on_docker)["containers"]

    on_docker.kill()
    on_docker.start()

    transforms = Transforms(Aws(on_docker.url))
    transforms.completed("killed")
    assert len(written) < 30
    assert transforms.modified("killed").items() >= written.items()  # none was done again
    assert len(transforms.keys("killed/out/")) == 30
    for key in transforms.keys("killed/out/"):
        assert transforms.get(key) == transforms.get(key.replace("killed", "undisturbed"))
    eventually(lambda: not before & objects(on_docker)["containers"], "the old containers are gone")


def test_a_stopped_job_ends_soon_and_leaves_whole_outputs_only(on_docker):
    transforms = Transforms(Aws(on_docker.url))
    body = "".join(f"line {i}\n" for i in range(500))
    for number in range(40):
        transforms.put(f"stop/in/{number:02}", body)
    transforms.begin("stop", "own", content="text/plain", BatchStrategy="SingleRecord")
    eventually(lambda: transforms.view("stop")["done"] >= 1, "an object is done", every=0.005)
    Aws(on_docker.url).sagemaker.stop_transform_job(TransformJobName="stop")

    assert transforms.ended("stop", 30)["TransformJobStatus"] == "Stopped"
    for key in transforms.keys("stop/out/"):
        assert transforms.get(key).decode() == body
