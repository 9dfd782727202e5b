"""Multi-model endpoints: many models behind one endpoint, in Berth itself and in containers."""

import json
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from archives import CSV, EXPECTED, model, tar_gz
from aws import Aws, ROLE, XGBOOST, refused, refuses, variant
from berth import REPOSITORY, eventually

BUCKET = "models"


class Embedded:
    """XGBoost models in Berth itself."""

    image = XGBOOST
    environment = {}
    #: Environment with which some of its models fit, and not four
    little_room = {"BERTH_MULTI_MODEL_MEMORY_BYTES": "16000"}

    @staticmethod
    def archive(which):
        return model({"blue": "blue.json", "green": "green.ubj"}[which])

    @staticmethod
    def corrupt():
        return tar_gz(("xgboost-model", b"no model at all"))

    @staticmethod
    def ask(aws, endpoint, target, **more):
        return aws.runtime.invoke_endpoint(
            EndpointName=endpoint, TargetModel=target, Body=CSV, ContentType="text/csv", **more
        )["Body"].read()

    @staticmethod
    def is_from(which, answer):
        return json.loads(answer) == pytest.approx(EXPECTED[which], abs=1e-5)


class Container:
    """A server with AWS's management API in a container; a model of its is a text that it says."""

    image = "berth-compat/many:1"
    environment = {}
    little_room = {"MAX_MODELS": "2"}
    SOURCE = REPOSITORY / "runtime-docker/src/test/c/server.c"
    DOCKERFILE = (
        'FROM scratch\nCOPY server /server\nENTRYPOINT ["/server"]\n'
        "LABEL com.amazonaws.sagemaker.capabilities.multi-models=true\n"
    )

    @staticmethod
    def archive(which):
        return tar_gz(("model.txt", which.encode()))

    @staticmethod
    def corrupt():
        return Container.archive("corrupt")

    @staticmethod
    def ask(aws, endpoint, target, body=b"hello", **more):
        return aws.runtime.invoke_endpoint(
            EndpointName=endpoint, TargetModel=target, Body=body, ContentType="text/plain", **more
        )["Body"].read()

    @staticmethod
    def is_from(which, answer):
        return answer.decode().startswith(which + " of ")

    @classmethod
    def build(cls, folder):
        """Makes the image; skips the test where no engine answers."""
        if not shutil.which("docker") or not shutil.which("gcc"):
            pytest.skip("no docker, or no gcc to build the test image with")
        if subprocess.run(["docker", "version"], capture_output=True, timeout=60).returncode:
            pytest.skip("no Docker engine answers; bin/with-docker.sh runs one")
        server = str(folder / "server")
        subprocess.run(["gcc", "-static", "-Os", "-o", server, str(cls.SOURCE)], check=True)
        (folder / "Dockerfile").write_text(cls.DOCKERFILE)
        build = ["docker", "build", "--quiet", "--tag", cls.image, str(folder)]
        subprocess.run(build, check=True, capture_output=True, timeout=60)
        return cls


@pytest.fixture(scope="session")
def container(tmp_path_factory):
    return Container.build(tmp_path_factory.mktemp("many"))


@pytest.fixture(params=["embedded", "container"])
def platform(request):
    return Embedded if request.param == "embedded" else request.getfixturevalue("container")


@pytest.fixture
def deploy(aws, name, platform):
    """Makes a multi-model endpoint over a prefix of its own, which has blue and green."""
    made = []

    def make(environment=None, count=1, **multi_model):
        endpoint = name("many")
        put(aws, endpoint, "blue.tar.gz", platform.archive("blue"))
        put(aws, endpoint, "sub/green.tar.gz", platform.archive("green"))
        many(aws, endpoint, platform, environment, **multi_model)
        aws.config(endpoint, variant(endpoint, count=count))
        aws.endpoint(endpoint)
        made.append(endpoint)
        aws.in_service(endpoint)
        return endpoint

    yield make
    for endpoint in made:
        aws.delete(endpoint)


def put(aws, endpoint, key, content):
    aws.s3.put_object(Bucket=BUCKET, Key=f"{endpoint}/{key}", Body=content)


def many(aws, name, platform, environment=None, slash="/", **multi_model):
    aws.sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=ROLE,
        PrimaryContainer={
            "Image": platform.image,
            "Mode": "MultiModel",
            "ModelDataUrl": f"s3://{BUCKET}/{name}{slash}",
            "Environment": {**platform.environment, **(environment or {})},
            **({"MultiModelConfig": multi_model} if multi_model else {}),
        },
    )


def models(aws, endpoint):
    """What the endpoint's instances tell about their models."""
    return [instance["models"] for instance in aws.view(endpoint)["instances"]]


def loaded(aws, endpoint):
    return sorted(one["name"] for view in models(aws, endpoint) for one in view["models"])


def test_each_request_is_answered_by_the_model_it_names(aws, deploy, platform):
    endpoint = deploy()

    for _ in range(3):
        assert platform.is_from("blue", platform.ask(aws, endpoint, "blue.tar.gz"))
        assert platform.is_from("green", platform.ask(aws, endpoint, "sub/green.tar.gz"))
    assert platform.is_from("blue", platform.ask(aws, endpoint, "/blue.tar.gz"))

    (view,) = models(aws, endpoint)
    assert (view["hits"], view["misses"], view["loads"]) == (5, 2, 2)
    assert view["metrics"]["ModelCacheHit"] == {
        "sampleCount": 7,
        "sum": 5,
        "minimum": 0,
        "maximum": 1,
    }
    assert loaded(aws, endpoint) == ["blue.tar.gz", "sub/green.tar.gz"]


def test_a_prefix_without_a_slash_is_the_same_prefix(aws, name, platform):
    endpoint = name("many")
    put(aws, endpoint, "blue.tar.gz", platform.archive("blue"))
    many(aws, endpoint, platform, slash="")
    aws.config(endpoint)
    aws.endpoint(endpoint)
    aws.in_service(endpoint)

    assert platform.is_from("blue", platform.ask(aws, endpoint, "blue.tar.gz"))
    aws.delete(endpoint)


def test_a_model_that_is_uploaded_later_is_served_at_once(aws, deploy, platform):
    endpoint = deploy()
    refusal = refused(lambda: platform.ask(aws, endpoint, "new.tar.gz"))
    assert (refusal.code, refusal.status) == ("ValidationError", 400)
    assert refusal.text.startswith(
        f"Failed to download model data (bucket: {BUCKET}, key: {endpoint}/new.tar.gz). "
        "Please ensure that there is an object located at the URL and that the role passed to "
        "CreateModel has permissions to download the model."
    )

    put(aws, endpoint, "new.tar.gz", platform.archive("green"))

    assert platform.is_from("green", platform.ask(aws, endpoint, "new.tar.gz"))


def test_a_loaded_model_is_served_without_asking_s3(aws, deploy, platform):
    endpoint = deploy()
    platform.ask(aws, endpoint, "blue.tar.gz")

    put(aws, endpoint, "blue.tar.gz", platform.archive("green"))
    assert platform.is_from("blue", platform.ask(aws, endpoint, "blue.tar.gz"))
    aws.s3.delete_object(Bucket=BUCKET, Key=f"{endpoint}/blue.tar.gz")
    assert platform.is_from("blue", platform.ask(aws, endpoint, "blue.tar.gz"))


def test_many_first_requests_share_one_load(aws, deploy, platform):
    endpoint = deploy()
    together = threading.Barrier(20)

    def ask(_):
        together.wait(30)
        return platform.ask(aws, endpoint, "blue.tar.gz")

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(ask, range(20)))

    assert all(platform.is_from("blue", answer) for answer in answers)
    (view,) = models(aws, endpoint)
    assert view["loads"] == 1
    assert view["hits"] + view["misses"] == 20


def test_models_beyond_the_room_take_turns(aws, deploy, platform):
    endpoint = deploy(platform.little_room)
    for i in range(4):
        put(aws, endpoint, f"m{i}.tar.gz", platform.archive("green" if i % 2 else "blue"))

    for _ in range(3):
        for i in range(4):
            answer = platform.ask(aws, endpoint, f"m{i}.tar.gz")
            assert platform.is_from("green" if i % 2 else "blue", answer)

    (view,) = models(aws, endpoint)
    assert 1 <= view["loadedModelCount"] < 4
    assert view["evictions"] == view["loads"] - view["loadedModelCount"]
    assert view["failures"] == 0
    assert "m3.tar.gz" in loaded(aws, endpoint)


def test_without_caching_a_model_goes_after_its_request(aws, deploy, platform):
    endpoint = deploy(ModelCacheSetting="Disabled")

    assert platform.is_from("blue", platform.ask(aws, endpoint, "blue.tar.gz"))
    eventually(lambda: loaded(aws, endpoint) == [], "the model is unloaded")
    put(aws, endpoint, "blue.tar.gz", platform.archive("green"))
    assert platform.is_from("green", platform.ask(aws, endpoint, "blue.tar.gz"))


def test_a_corrupt_model_hurts_only_those_who_ask_for_it(aws, deploy, platform):
    endpoint = deploy()
    platform.ask(aws, endpoint, "blue.tar.gz")
    put(aws, endpoint, "bad.tar.gz", platform.corrupt())
    put(aws, endpoint, "text.tar.gz", b"this is no archive")

    refusal = refused(lambda: platform.ask(aws, endpoint, "bad.tar.gz"))
    assert (refusal.code, refusal.status) == ("ModelError", 424)
    assert refusal.response["OriginalStatusCode"] == 500
    refusal = refused(lambda: platform.ask(aws, endpoint, "text.tar.gz"))
    assert (refusal.code, refusal.status) == ("ValidationError", 400)
    assert refusal.text.startswith(
        f"Failed to extract model data (bucket: {BUCKET}, key: {endpoint}/text.tar.gz). "
    )

    assert platform.is_from("blue", platform.ask(aws, endpoint, "blue.tar.gz"))
    put(aws, endpoint, "bad.tar.gz", platform.archive("green"))
    assert platform.is_from("green", platform.ask(aws, endpoint, "bad.tar.gz"))
    (view,) = models(aws, endpoint)
    assert view["failures"] == 2
    assert view["lastError"].startswith("text.tar.gz: ")


def test_a_name_that_leads_out_of_the_prefix_is_refused(aws, deploy, platform):
    endpoint = deploy()

    for target in ("../blue.tar.gz", "sub/../../blue.tar.gz", "sub/"):
        refusal = refused(lambda target=target: platform.ask(aws, endpoint, target))
        assert (refusal.code, refusal.status) == ("ValidationError", 400)
        assert refusal.text.startswith(f"TargetModel '{target}' can't be used: ")


def test_a_request_without_a_target_model_is_refused(aws, deploy):
    endpoint = deploy()

    refusal = refused(
        aws.runtime.invoke_endpoint, EndpointName=endpoint, Body=CSV, ContentType="text/csv"
    )

    assert (refusal.code, refusal.status) == ("ValidationError", 400)
    request = refusal.response["ResponseMetadata"]["RequestId"]
    assert refusal.text == f"Request {request} is missing a target model header."


def test_each_model_stays_on_one_instance(aws, deploy, platform):
    endpoint = deploy(count=3)
    targets = [f"m{i}.tar.gz" for i in range(12)]
    for target in targets:
        put(aws, endpoint, target, platform.archive("blue"))

    for _ in range(4):
        for target in targets:
            assert platform.is_from("blue", platform.ask(aws, endpoint, target))

    assert loaded(aws, endpoint) == sorted(targets)  # none of them twice
    views = models(aws, endpoint)
    assert sum(view["loads"] for view in views) == 12
    assert sum(view["hits"] for view in views) == 36
    assert all(view["loads"] for view in views)


def test_another_instance_takes_its_share_without_making_anybody_wait(aws, deploy, platform):
    endpoint = deploy()
    targets = [f"m{i}.tar.gz" for i in range(12)]
    for target in targets:
        put(aws, endpoint, target, platform.archive("blue"))
        platform.ask(aws, endpoint, target)
    aws.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=endpoint,
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}],
    )
    aws.in_service(endpoint)

    def shared():
        for target in targets:
            assert platform.is_from("blue", platform.ask(aws, endpoint, target))
        return all(view["loads"] for view in models(aws, endpoint))

    eventually(shared, "the new instance has models")
    assert sum(view["misses"] for view in models(aws, endpoint)) == 12  # all before it was there


def test_a_prefix_with_nothing_below_is_refused(aws, name, platform):
    refuses(
        lambda: many(aws, name("nothing"), platform),
        "ValidationException",
        400,
        f"Could not find model data at s3://{BUCKET}/{name('nothing')}/.",
    )


def test_one_container_in_containers_may_have_many_models(aws, name, platform):
    endpoint = name("many")
    put(aws, endpoint, "blue.tar.gz", platform.archive("blue"))
    aws.sagemaker.create_model(
        ModelName=endpoint,
        ExecutionRoleArn=ROLE,
        Containers=[
            {
                "Image": platform.image,
                "Mode": "MultiModel",
                "ModelDataUrl": f"s3://{BUCKET}/{endpoint}/",
                "Environment": platform.environment,
            }
        ],
    )
    aws.config(endpoint)
    aws.endpoint(endpoint)
    aws.in_service(endpoint)

    assert platform.is_from("blue", platform.ask(aws, endpoint, "blue.tar.gz"))
    aws.delete(endpoint)


def test_a_serverless_variant_can_not_have_many_models(aws, name, platform):
    model_name = name("many")
    put(aws, model_name, "blue.tar.gz", platform.archive("blue"))
    many(aws, model_name, platform)

    refusal = refused(
        aws.sagemaker.create_endpoint_config,
        EndpointConfigName=model_name,
        ProductionVariants=[
            {
                "VariantName": "v",
                "ModelName": model_name,
                "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5},
            }
        ],
    )

    assert (refusal.code, refusal.status) == ("ValidationException", 400)
    assert "MultiModel" in refusal.text


def test_csv_is_one_line_as_from_awss_container(aws, name):
    endpoint = name("many")
    put(aws, endpoint, "blue.tar.gz", Embedded.archive("blue"))
    many(aws, endpoint, Embedded)
    aws.config(endpoint)
    aws.endpoint(endpoint)
    aws.in_service(endpoint)

    answer = Embedded.ask(aws, endpoint, "blue.tar.gz", Accept="text/csv").decode()

    assert "\n" not in answer
    assert [float(value) for value in answer.split(",")] == pytest.approx(
        EXPECTED["blue"], abs=1e-5
    )
    aws.delete(endpoint)


# in containers only


@pytest.fixture
def contained(aws, name, container):
    """A multi-model endpoint in a container, with blue and green."""
    endpoint = name("many")
    put(aws, endpoint, "blue.tar.gz", container.archive("blue"))
    put(aws, endpoint, "green.tar.gz", container.archive("green"))
    many(aws, endpoint, container)
    aws.config(endpoint)
    aws.endpoint(endpoint)
    aws.in_service(endpoint)
    yield endpoint
    aws.delete(endpoint)


def test_the_container_is_told_which_model_was_meant(aws, contained, container):
    answer = container.ask(aws, contained, "blue.tar.gz", b"a row")

    assert answer == b"blue of blue.tar.gz got a row"


def test_a_model_that_its_container_has_lost_is_loaded_again(aws, contained, container):
    assert container.ask(aws, contained, "green.tar.gz").startswith(b"green")
    assert container.ask(aws, contained, "blue.tar.gz", b"forget") == b"forgotten"

    assert container.ask(aws, contained, "blue.tar.gz", b"x" * 5000).startswith(b"blue of")
    assert container.ask(aws, contained, "green.tar.gz").startswith(b"green of")


def test_a_404_of_the_model_itself_is_its_answer(aws, contained, container):
    refusal = refused(lambda: container.ask(aws, contained, "blue.tar.gz", b"fail"))

    assert (refusal.code, refusal.status) == ("ModelError", 424)
    assert refusal.response["OriginalStatusCode"] == 404
    assert refusal.response["OriginalMessage"] == "as you wish"
    assert models(aws, contained)[0]["loads"] == 1


def test_a_container_that_dies_is_replaced_and_its_models_are_loaded_anew(
    aws, contained, container
):
    assert container.ask(aws, contained, "blue.tar.gz").startswith(b"blue")
    refusal = refused(lambda: container.ask(aws, contained, "blue.tar.gz", b"die"))
    assert refusal.status in (424, 503), refusal

    def back():
        try:
            return container.ask(aws, contained, "blue.tar.gz").startswith(b"blue")
        except aws.runtime.exceptions.ClientError:
            return False

    eventually(back, "a new container serves the model")


def test_a_container_that_dies_of_a_load_fails_that_request_only(aws, contained, container):
    put(aws, contained, "deadly.tar.gz", container.archive("die"))

    refusal = refused(lambda: container.ask(aws, contained, "deadly.tar.gz"))
    assert refusal.status in (424, 503), refusal

    def back():
        try:
            return container.ask(aws, contained, "blue.tar.gz").startswith(b"blue")
        except aws.runtime.exceptions.ClientError:
            return False

    eventually(back, "a new container serves the others")


def test_an_image_without_the_label_is_refused_in_awss_words(aws, name, container, tmp_path):
    image = "berth-compat/one:1"
    (tmp_path / "Dockerfile").write_text(f"FROM {container.image}\nLABEL "
        "com.amazonaws.sagemaker.capabilities.multi-models=false\n")
    build = ["docker", "build", "--quiet", "--tag", image, str(tmp_path)]
    subprocess.run(build, check=True, capture_output=True, timeout=60)
    endpoint = name("one")
    put(aws, endpoint, "blue.tar.gz", container.archive("blue"))

    class Unlabelled(Container):
        pass

    Unlabelled.image = image
    many(aws, endpoint, Unlabelled)
    aws.config(endpoint)
    aws.endpoint(endpoint)

    assert (
        f"Your Ecr Image {image} does not contain required "
        "com.amazonaws.sagemaker.capabilities.multi-models=true Docker label(s)"
    ) in aws.failure(endpoint)
    aws.delete(endpoint)


def test_loaded_models_outlive_a_killed_berth(new_server, container):
    server = new_server().start()
    aws = Aws(server.url).with_models()
    put(aws, "kept", "blue.tar.gz", container.archive("blue"))
    many(aws, "kept", container)
    aws.config("kept")
    aws.endpoint("kept")
    aws.in_service("kept")
    assert container.ask(aws, "kept", "blue.tar.gz").startswith(b"blue")

    server.kill()
    server.start()
    aws = Aws(server.url)
    try:
        assert container.ask(aws, "kept", "blue.tar.gz").startswith(b"blue")
    finally:
        aws.delete("kept")
