"""Multi-model endpoints of images that serve one model: each model gets a container of its own."""

import json
import os
import pathlib
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import images
import pytest
from archives import tar_gz
from aws import Aws, refused
from berth import eventually
from test_leaks import left
from test_multi_model import Container, Many, loaded, many, models, put

FALLBACK = {"BERTH_MULTI_MODEL_FALLBACK": "containers"}


class Plain(Container):
    """An image that serves the model in /opt/ml/model, and knows of no other."""

    image = "berth-compat/plain:1"
    environment = FALLBACK
    DOCKERFILE = 'FROM scratch\nCOPY server /server\nENTRYPOINT ["/server"]\n'

    @staticmethod
    def archive(which):
        return tar_gz(("model.txt", which.encode()))

    @staticmethod
    def ask(aws, endpoint, target, body=b"read /opt/ml/model/model.txt"):
        return Container.ask(aws, endpoint, target, body)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return Plain.build(tmp_path_factory.mktemp("plain"))


@pytest.fixture
def deploy(aws, name, plain):
    """Makes an endpoint with blue and green."""
    made = []

    def make(environment=None):
        endpoint = name("apart")
        made.append(endpoint)
        return begin(aws, plain, endpoint, environment)

    yield make
    for endpoint in made:
        aws.delete(endpoint)


def begin(aws, plain, endpoint, environment=None):
    put(aws, endpoint, "blue.tar.gz", plain.archive("blue"))
    put(aws, endpoint, "green.tar.gz", plain.archive("green"))
    many(aws, endpoint, plain, environment)
    aws.config(endpoint)
    aws.endpoint(endpoint)
    aws.in_service(endpoint)
    return Many(aws, plain, endpoint)


def containers(endpoint):
    """Ids of the containers that run its models, by the model's text."""
    listed = images.docker(
        "ps", "--quiet", "--no-trunc", "--filter", f"label=dev.berth.owner-name={endpoint}"
    )
    found = {}
    for one in listed.split():
        (mounts,) = json.loads(images.docker("inspect", "--format", "[{{json .Mounts}}]", one))
        (folder,) = [mount["Source"] for mount in mounts if mount["Destination"] == "/opt/ml/model"]
        with open(f"{folder}/model.txt") as file:
            found[file.read()] = one
    return found


def test_each_model_runs_in_a_container_of_its_own_which_many_first_requests_share(aws, deploy):
    apart = deploy()
    assert containers(apart.endpoint) == {}
    together = threading.Barrier(10)

    def ask(_):
        together.wait(30)
        return apart.ask("blue.tar.gz")

    with ThreadPoolExecutor(10) as threads:
        assert set(threads.map(ask, range(10))) == {b"blue"}
    assert apart.ask("green.tar.gz") == b"green"

    assert sorted(containers(apart.endpoint)) == ["blue", "green"]
    assert apart.counted()["loads"] == 2
    assert loaded(aws, apart.endpoint) == ["blue.tar.gz", "green.tar.gz"]
    (instance,) = aws.view(apart.endpoint)["instances"]
    assert "each model runs in a container of its own" in json.dumps(instance)
    assert apart.ask("blue.tar.gz", b"env SAGEMAKER_MULTI_MODEL") == b"(not set)"


def test_no_more_containers_run_than_there_may_be(aws, deploy):
    apart = deploy({"BERTH_MULTI_MODEL_MAX_CONTAINERS": "2"})
    for i in range(3):
        apart.put(f"m{i}.tar.gz", Plain.archive(f"model {i}"))

    for i in (0, 1, 0, 2):
        assert apart.ask(f"m{i}.tar.gz") == f"model {i}".encode()

    assert sorted(containers(apart.endpoint)) == ["model 0", "model 2"]
    assert sorted(apart.loaded()) == ["m0.tar.gz", "m2.tar.gz"]


def test_one_model_that_fails_hurts_no_other(aws, deploy):
    apart = deploy()
    apart.put("bad.tar.gz", Plain.archive("corrupt"))
    assert apart.ask("green.tar.gz") == b"green"
    assert apart.ask("blue.tar.gz") == b"blue"
    before = containers(apart.endpoint)

    refusal = refused(lambda: apart.ask("bad.tar.gz"))
    assert (refusal.code, refusal.status) == ("ModelError", 424)
    assert refusal.response["OriginalStatusCode"] == 500
    assert "exited with code 3" in refusal.response["OriginalMessage"]
    assert "model is broken" in refusal.response["OriginalMessage"]

    refused(lambda: apart.ask("blue.tar.gz", b"exit 7"))
    assert apart.ask("blue.tar.gz") == b"blue"
    after = containers(apart.endpoint)
    assert after["green"] == before["green"]
    assert after["blue"] != before["blue"]
    apart.put("bad.tar.gz", Plain.archive("well again"))
    assert apart.ask("bad.tar.gz") == b"well again"


def test_a_container_that_was_killed_is_not_missed(aws, deploy):
    apart = deploy()
    assert apart.ask("blue.tar.gz") == b"blue"
    images.docker("rm", "--force", containers(apart.endpoint)["blue"])

    assert apart.ask("blue.tar.gz") == b"blue"


def test_whatever_follows_a_request_that_ends_its_container_goes_to_a_new_one(aws, deploy):
    apart = deploy()
    for _ in range(5):
        refused(lambda: apart.ask("blue.tar.gz", b"exit 7"))
        assert apart.ask("blue.tar.gz") == b"blue"
        kill(containers(apart.endpoint)["blue"])
        assert apart.ask("blue.tar.gz") == b"blue"

    # What ended a container was not sent to another.
    assert apart.counted()["loads"] == 11


def kill(container):
    """Kills its only process, which the engine hears of later than we do."""
    pid = int(images.docker("inspect", "--format", "{{.State.Pid}}", container))
    process = pathlib.Path(f"/proc/{pid}/stat")
    os.kill(pid, signal.SIGKILL)

    def is_dead():
        try:
            return process.read_text().rpartition(")")[2].split()[0] in "ZX"
        except (FileNotFoundError, ProcessLookupError):
            return True

    eventually(is_dead, "it is dead")


def test_a_container_that_hangs_is_replaced_and_no_other(aws, deploy):
    apart = deploy()
    assert apart.ask("green.tar.gz") == b"green"
    assert apart.ask("blue.tar.gz") == b"blue"
    before = containers(apart.endpoint)

    refusal = refused(lambda: apart.ask("blue.tar.gz", b"hang"))
    assert (refusal.code, refusal.status) == ("ModelError", 424)
    assert apart.ask("blue.tar.gz") == b"blue"

    after = containers(apart.endpoint)
    assert after["green"] == before["green"]
    assert after["blue"] != before["blue"]
    assert "pings in a row of its container failed" in models(aws, apart.endpoint)[0]["lastError"]


def test_what_a_models_container_uses_is_told(aws, deploy):
    apart = deploy()
    assert apart.ask("blue.tar.gz") == b"blue"

    def measured():
        ((blue,),) = [view["models"] for view in models(aws, apart.endpoint)]
        return blue if blue["memoryBytes"] else None

    blue = eventually(measured, "it was measured")
    assert blue["memoryBytes"] < 10_000_000
    assert blue["memory"] == f"{blue['memoryBytes']:,} bytes"


def test_a_wrong_setting_is_told(aws, name, plain):
    endpoint = name("apart")
    put(aws, endpoint, "blue.tar.gz", plain.archive("blue"))
    many(aws, endpoint, plain, {"BERTH_MULTI_MODEL_FALLBACK": "yes"})
    aws.config(endpoint)
    aws.endpoint(endpoint)

    assert (
        "BERTH_MULTI_MODEL_FALLBACK is 'yes' in Environment: it can only be 'containers'"
        in aws.failure(endpoint)
    )
    aws.delete(endpoint)


def test_containers_of_models_outlive_a_killed_berth_and_end_with_their_endpoint(
    new_server, plain
):
    server = new_server().start()
    aws = Aws(server.url).with_models()
    apart = begin(aws, plain, "kept-apart")
    assert apart.ask("blue.tar.gz") == b"blue"
    assert apart.ask("green.tar.gz") == b"green"
    before = containers("kept-apart")

    server.kill()
    server.start()
    aws = Aws(server.url)

    assert plain.ask(aws, "kept-apart", "blue.tar.gz") == b"blue"
    assert containers("kept-apart") == before
    assert len(left(server)["containers"]) == 3  # and the one that they are made like
    aws.delete("kept-apart")
    assert not any(left(server).values()), left(server)


def test_a_container_that_never_comes_up_keeps_no_other_model_waiting(aws, deploy):
    apart = deploy()
    apart.put("never.tar.gz", Plain.archive("never"))
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(lambda: refused(lambda: apart.ask("never.tar.gz")))
        eventually(lambda: "never" in containers(apart.endpoint), "its container runs")

        assert apart.ask("blue.tar.gz") == b"blue"
        assert models(aws, apart.endpoint)[0]["loadingModelCount"] == 1
        images.docker("kill", containers(apart.endpoint)["never"])
        refusal = waiting.result(30)

    assert (refusal.code, refusal.status) == ("ModelError", 424)
    assert "was killed" in refusal.response["OriginalMessage"]
