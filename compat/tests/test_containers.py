"""A model in an image of its own, on a Docker engine: served, replaced, kept over a crash of Berth."""

import shutil
import subprocess

import images
import pytest
from aws import ROLE, Aws
from berth import REPOSITORY, eventually

IMAGE = "berth-compat/server:1"
SOURCE = REPOSITORY / "runtime-docker/src/test/c/server.c"
CAPABILITIES = "com.amazonaws.sagemaker.capabilities."
DOCKERFILE = f"""
FROM scratch
COPY server /server
ENTRYPOINT ["/server"]
LABEL {CAPABILITIES}accept-bind-to-port=true {CAPABILITIES}multi-models=true
"""


def docker(*arguments):
    """Runs docker and returns the words it printed."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A small server that keeps the container contract; skips where no engine answers."""
    images.require_engine()
    return build(tmp_path_factory.mktemp("image"))


def build(folder, docker=docker):
    """Builds the small server's image with a docker command; skips without a compiler."""
    if not shutil.which("gcc"):
        pytest.skip("no gcc to build the test image with")
    server = str(folder / "server")
    subprocess.run(["gcc", "-static", "-Os", "-o", server, str(SOURCE)], check=True)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    docker("build", "--quiet", "--tag", IMAGE, str(folder))
    return IMAGE


def labelled(server):
    """Options that list what belongs to a data folder."""
    installation = (server.data / "installation").read_text().strip()
    return ["--filter", "label=dev.berth.installation=" + installation]


def objects(server):
    """Ids of the containers, networks and volumes that belong to this data folder."""
    return {
        "containers": set(docker("ps", "-aq", *labelled(server))),
        "networks": set(docker("network", "ls", "-q", *labelled(server))),
        "volumes": set(docker("volume", "ls", "-q", *labelled(server))),
    }


@pytest.fixture
def deployed(new_server, image):
    """A server with the endpoint "own" on two containers; nothing of it stays on the engine."""
    server = new_server().start()
    aws = Aws(server.url).with_models()
    aws.model("own", image=image)
    aws.config("own", {
        "VariantName": "AllTraffic",
        "ModelName": "own",
        "InitialInstanceCount": 2,
        "InstanceType": "ml.m5.large",
    })
    aws.endpoint("own")
    aws.in_service("own")
    yield server
    aws = Aws(server.url)
    if aws.status("own") is not None:
        aws.delete("own")
    assert not any(objects(server).values()), objects(server)


def answer(aws, body):
    return aws.invoke("own", body, content_type="text/plain")["Body"].decode()


def count(aws):
    return aws.describe("own")["ProductionVariants"][0]["CurrentInstanceCount"]


def test_an_image_serves_with_its_model_mounted(deployed):
    aws = Aws(deployed.url)

    assert answer(aws, "argv") == "serve"
    assert answer(aws, "write /opt/ml/model/x") == "Read-only file system"
    assert answer(aws, "hello") == "hello"


def test_a_description_tells_which_image_runs(deployed, image):
    (only,) = Aws(deployed.url).describe("own")["ProductionVariants"]

    (deployed_image,) = only["DeployedImages"]
    assert deployed_image["SpecifiedImage"] == image
    # it never was in a registry, so it has no digest there
    assert docker("inspect", "--format", "{{.Id}}", image) == [deployed_image["ResolvedImage"]]
    assert deployed_image["ResolutionTime"]


def test_a_killed_container_is_replaced_while_the_other_serves(deployed):
    aws = Aws(deployed.url)
    killed = sorted(objects(deployed)["containers"])[0]
    docker("kill", killed)

    def replaced():
        assert answer(aws, "x") == "x"
        there = objects(deployed)["containers"]
        return killed not in there and len(there) == 2 and count(aws) == 2

    eventually(replaced, "the killed container is replaced")


def test_containers_outlive_a_killed_berth_and_are_taken_up_again(deployed):
    before = objects(deployed)
    deployed.kill()
    deployed.start()
    aws = Aws(deployed.url)

    assert answer(aws, "hello") == "hello"
    assert count(aws) == 2
    assert objects(deployed) == before


def test_a_container_that_died_while_berth_was_away_is_replaced(deployed):
    deployed.stop()
    dead = sorted(objects(deployed)["containers"])[0]
    docker("kill", dead)
    deployed.start()
    aws = Aws(deployed.url)

    eventually(
        lambda: dead not in objects(deployed)["containers"] and count(aws) == 2,
        "the dead container is replaced",
    )
    assert answer(aws, "hello") == "hello"


def test_containers_that_died_with_berth_do_not_fail_an_endpoint_being_created(new_server, image):
    server = new_server().start()
    aws = Aws(server.url)
    aws.sagemaker.create_model(
        ModelName="own",
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"Image": image, "Environment": {"START_MILLIS": "1500"}},
    )
    aws.config("own")
    aws.endpoint("own")
    running = eventually(lambda: docker("ps", "-q", *labelled(server)), "its container runs")
    server.kill()
    docker("kill", *running)
    server.start()
    aws = Aws(server.url)
    aws.in_service("own")

    assert answer(aws, "hello") == "hello"
    assert not objects(server)["containers"] & set(running)
    aws.delete("own")
    assert not any(objects(server).values()), objects(server)


@pytest.mark.parametrize("kind", ["networks", "containers"])
def test_a_berth_killed_while_containers_start_leaves_neither_gap_nor_orphan(
    new_server, image, kind
):
    server = new_server().start()
    aws = Aws(server.url).with_models()
    aws.sagemaker.create_model(
        ModelName="own",
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"Image": image, "Environment": {"START_MILLIS": "1500"}},
    )
    aws.config("own", {
        "VariantName": "AllTraffic",
        "ModelName": "own",
        "InitialInstanceCount": 2,
        "InstanceType": "ml.m5.large",
    })
    aws.endpoint("own")
    eventually(lambda: objects(server)[kind], f"the first of its {kind}")
    server.kill()
    server.start()
    aws = Aws(server.url)
    aws.in_service("own")

    assert answer(aws, "hello") == "hello"
    assert count(aws) == 2
    assert {kind: len(ids) for kind, ids in objects(server).items()} == {
        "containers": 2,
        "networks": 2,
        "volumes": 2,  # /opt/ml/model, as there is no model data
    }
    aws.delete("own")
    assert not any(objects(server).values()), objects(server)
