"""What deleted endpoints leave behind: nothing on the engine, in the firewall or on the disk."""

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from aws import BUCKET, ROLE, Aws
from berth import eventually
from test_containers import docker, image, objects  # noqa: F401
from test_transform import Transforms

MODEL_BYTES = 300_000
CACHE_BYTES = 500_000  # room for one of them
ISOLATED_NEEDS = "EnableNetworkIsolation can't be guaranteed"


def archive():
    """An archive of incompressible bytes, so that it takes what it says."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        entry = tarfile.TarInfo("weights")
        entry.size = MODEL_BYTES
        tar.addfile(entry, io.BytesIO(os.urandom(MODEL_BYTES)))
    return file.getvalue()


def entries(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def rules(interface):
    """The firewall's rules about an interface."""
    if os.getuid() != 0 or not shutil.which("iptables-save"):
        return []
    saved = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    return [line for line in saved.splitlines() if f"{interface} " in f"{line} "]


def isolated_bridges(server):
    """Interfaces of the networks of isolated instances."""
    name = '{{index .Options "com.docker.network.bridge.name"}}'
    networks = objects(server)["networks"]
    return [bridge for bridge in docker("network", "inspect", "-f", name, *networks) if bridge]


def control_groups(server):
    installation = (server.data / "installation").read_text().strip()
    mount = Path("/sys/fs/cgroup")
    groups = [*mount.glob(f"berth/{installation}/*/"), *mount.glob(f"*/berth/{installation}/*/")]
    return [str(group) for group in groups if group.is_dir()]


def left(server):
    """All that the instances of a data folder have, wherever it is."""
    return {
        **objects(server),
        "staging": entries(server.data / "artifacts/staging"),
        "models of multi-model containers": entries(server.data / "multi-model"),
        "control groups": control_groups(server),
    }


@pytest.fixture
def server(new_server, tmp_path):
    config = tmp_path / "berth.yaml"
    config.write_text(f"artifact-cache-bytes: {CACHE_BYTES}\n")
    server = new_server("--config", str(config)).start()
    yield server
    if server.process.poll() is not None:
        server.start()
    aws = Aws(server.url)
    for endpoint in aws.sagemaker.list_endpoints()["Endpoints"]:
        aws.delete(endpoint["EndpointName"])


def test_deleted_endpoints_of_every_kind_leave_nothing_behind(server, image):  # noqa: F811
    aws = Aws(server.url)
    aws.s3.create_bucket(Bucket=BUCKET)
    first, second = aws.upload("first", archive()), aws.upload("second", archive())
    aws.s3.put_object(Bucket=BUCKET, Key="many/a.tar.gz", Body=b"")
    container = {"Image": image, "ModelDataUrl": first}
    many = {"Image": image, "ModelDataUrl": f"s3://{BUCKET}/many/", "Mode": "MultiModel"}
    models = {
        "plain": {"PrimaryContainer": container},
        "pipeline": {"Containers": [container, {"Image": image}]},
        "isolated": {"PrimaryContainer": container, "EnableNetworkIsolation": True},
        "many": {"PrimaryContainer": many},
        "broken": {"PrimaryContainer": {**container, "Image": "127.0.0.1:1/no/such:1"}},
    }
    for name, model in models.items():
        aws.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, **model)
        aws.config(name, {
            "VariantName": "AllTraffic",
            "ModelName": name,
            "InitialInstanceCount": 1,
            "InstanceType": "ml.m5.large",
        })
        aws.endpoint(name)
    settled = {name: aws.settled(name) for name in models}
    for name, description in settled.items():
        reason = description.get("FailureReason", "")
        assert description["EndpointStatus"] == "InService" or name == "broken" or (
            name == "isolated" and ISOLATED_NEEDS in reason
        ), (name, reason)
    there = left(server)
    assert len(there["containers"]) >= 4 and there["models of multi-model containers"]
    assert len(entries(server.data / "artifacts/ready")) == 1
    bridges = isolated_bridges(server)
    assert len(rules("berth-+")) == len(bridges), "one rule serves all that is isolated"
    assert all(rules(bridge) for bridge in bridges), "the engine's own"

    for name in models:
        aws.delete(name)
    assert not any(left(server).values()), left(server)
    assert not any(rules(bridge) for bridge in bridges)
    assert len(rules("berth-+")) == len(bridges), "it stays for the next, and is one"
    # What was staged stays for the next, until something else needs the room.
    aws.deploy("next", second, image)
    assert len(entries(server.data / "artifacts/ready")) == 1
    aws.delete("next")
    assert not any(left(server).values()), left(server)


def test_a_server_killed_while_endpoints_are_deleted_leaves_nothing_behind(server, image):  # noqa: F811
    aws = Aws(server.url)
    aws.s3.create_bucket(Bucket=BUCKET)
    first, second = aws.upload("first", archive()), aws.upload("second", archive())
    aws.deploy("shop", first, image)
    aws.sagemaker.delete_endpoint(EndpointName="shop")
    server.kill()
    server.start()
    aws = Aws(server.url)

    eventually(lambda: aws.status("shop") is None, "it is gone")
    assert not any(left(server).values()), left(server)
    aws.deploy("next", second, image)
    assert len(entries(server.data / "artifacts/ready")) == 1


@pytest.fixture
def job(server, image):  # noqa: F811
    """Begins a transform job on a container with some environment; returns its name."""

    def begin(**environment):
        aws = Aws(server.url)
        aws.sagemaker.create_model(
            ModelName="batch",
            ExecutionRoleArn=ROLE,
            PrimaryContainer={"Image": image, "Environment": environment},
        )
        transforms = Transforms(aws)
        transforms.put("batch/in/a", b"hello")
        transforms.begin("batch", "batch", content="text/plain", split="None", assemble="None")
        return "batch"

    return begin


def test_a_server_stopped_after_a_job_leaves_no_container_that_ignores_its_end(server, job):
    Transforms(Aws(server.url)).completed(job(IGNORE_TERM="1"))

    assert server.stop() == 0
    assert not any(left(server).values()), left(server)


def test_a_server_stopped_in_a_job_leaves_no_container_and_the_next_ends_the_job(server, job):
    name = job(START_MILLIS="1500")
    eventually(lambda: objects(server)["containers"], "its container")
    assert server.stop() == 0
    assert not any(left(server).values()), left(server)

    server.start()
    transforms = Transforms(Aws(server.url))
    transforms.completed(name)
    assert transforms.get(f"{name}/out/a.out") == b"hello"
    eventually(lambda: not any(left(server).values()), "nothing is left")


def test_what_a_server_killed_after_a_job_leaves_goes_with_the_next(server, job):
    Transforms(Aws(server.url)).completed(job(IGNORE_TERM="1"))
    server.kill()
    assert objects(server)["containers"]

    server.start()
    assert server.stop() == 0  # which would leave what it doesn't stop
    assert not any(left(server).values()), left(server)
