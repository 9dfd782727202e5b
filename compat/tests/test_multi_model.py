"""Multi-model endpoints: many models behind one endpoint, in Berth itself and in containers."""

import json
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import images
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


class Mms:
    """AWS's own multi-model-server in a container; a model of its is a text that it says."""

    image = "berth-compat/mms:1"
    environment = {}
    little_room = {"MAX_MODELS": "2"}
    FOLDER = REPOSITORY / "compat/mms"
    PACKAGES = (
        "multi-model-server==1.1.11",
        "sagemaker-inference==1.10.1",
        "model-archiver==1.0.3",
        "future==1.0.0",
    )

    @staticmethod
    def archive(which):
        return tar_gz(("model.txt", which.encode()))

    @staticmethod
    def corrupt():
        return Mms.archive("corrupt")

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
        """Makes the image; skips the test where that is impossible."""
        base = "BASE=" + images.python_base()
        shutil.copytree(cls.FOLDER, folder, dirs_exist_ok=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
        pip += ["--disable-pip-version-check", "--timeout", "20", "--target", str(folder / "site")]
        done = subprocess.run([*pip, *cls.PACKAGES], capture_output=True, text=True, timeout=300)
        if done.returncode:
            pytest.skip(f"multi-model-server can't be had of PyPI: {done.stderr[-300:]}")
        images.build(cls.image, folder, "--build-arg", base)
        return cls


class Container(Mms):
    """A smaller server with AWS's management API, which fails as it is told to."""

    image = "berth-compat/many:1"
    SOURCE = REPOSITORY / "runtime-docker/src/test/c/server.c"
    DOCKERFILE = (
        'FROM scratch\nCOPY server /server\nENTRYPOINT ["/server"]\n'
        "LABEL com.amazonaws.sagemaker.capabilities.multi-models=true\n"
    )

    @classmethod
    def build(cls, folder):
        """Makes the image; skips the test where no engine answers."""
        images.require_engine()
        if not shutil.which("gcc"):
            pytest.skip("there is no gcc to build the test image with")
        server = str(folder / "server")
        subprocess.run(["gcc", "-static", "-Os", "-o", server, str(cls.SOURCE)], check=True)
        (folder / "Dockerfile").write_text(cls.DOCKERFILE)
        images.build(cls.image, folder)
        return cls


@pytest.fixture(scope="session")
def mms(tmp_path_factory):
    return Mms.build(tmp_path_factory.mktemp("mms"))


@pytest.fixture(scope="session")
def container(tmp_path_factory):
    return Container.build(tmp_path_factory.mktemp("many"))


@pytest.fixture(scope="module", params=["embedded", "mms"])
def platform(request):
    return Embedded if request.param == "embedded" else request.getfixturevalue("mms")


class Many:
    """A multi-model endpoint, and a folder below its prefix that is a test's own."""

    def __init__(self, aws, platform, endpoint, folder=""):
        self.aws, self.platform, self.endpoint, self.folder = aws, platform, endpoint, folder
        self.before = self.figures()

    def key(self, model):
        return f"{self.endpoint}/{self.folder}{model}"

    def put(self, model, content):
        put(self.aws, self.endpoint, self.folder + model, content)

    def delete(self, model):
        self.aws.s3.delete_object(Bucket=BUCKET, Key=self.key(model))

    def ask(self, model, *body, **more):
        slash = "/" if model.startswith("/") else ""
        target = slash + self.folder + model.lstrip("/")
        return self.platform.ask(self.aws, self.endpoint, target, *body, **more)

    def figures(self):
        """What all instances have counted."""
        names = ("hits", "misses", "loads", "failures", "evictions", "loadedModelCount")
        return {
            name: sum(view[name] for view in models(self.aws, self.endpoint)) for name in names
        }

    def counted(self):
        """What they have counted since this was made."""
        return {name: now - self.before[name] for name, now in self.figures().items()}

    def loaded(self):
        mine = [one for one in loaded(self.aws, self.endpoint) if one.startswith(self.folder)]
        return [one.removeprefix(self.folder) for one in mine]


@pytest.fixture(scope="module")
def shared(aws, platform):
    """An endpoint that the tests of a platform share."""
    endpoint = f"many-shared-{platform.__name__.lower()}"
    put(aws, endpoint, "first.tar.gz", platform.archive("blue"))
    many(aws, endpoint, platform)
    aws.config(endpoint)
    aws.endpoint(endpoint)
    aws.in_service(endpoint)
    yield endpoint
    aws.delete(endpoint)


@pytest.fixture
def deploy(aws, name, platform, request):
    """Makes a multi-model endpoint with blue and green; or takes the shared one, which is as good."""
    made = []

    def make(environment=None, count=1, **multi_model):
        if environment is None and count == 1 and not multi_model:
            found = Many(aws, platform, request.getfixturevalue("shared"), name("test") + "/")
            found.put("blue.tar.gz", platform.archive("blue"))
            found.put("sub/green.tar.gz", platform.archive("green"))
            return found
        endpoint = name("many")
        put(aws, endpoint, "blue.tar.gz", platform.archive("blue"))
        put(aws, endpoint, "sub/green.tar.gz", platform.archive("green"))
        many(aws, endpoint, platform, environment, **multi_model)
        aws.config(endpoint, variant(endpoint, count=count))
        aws.endpoint(endpoint)
        made.append(endpoint)
        aws.in_service(endpoint)
        return Many(aws, platform, endpoint)

    yield make
    for endpoint in made:
        aws.delete(endpoint)


def put(aws, endpoint, key, content):
    aws.s3.put_object(Bucket=BUCKET, Key=f"{endpoint}/{key}", Body=content)


def many(aws, name, platform, environment=None, slash="/", **multi_model):
    aws.sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=ROLE,
        PrimaryContainer=definition(name, platform, environment, slash, **multi_model),
    )


def definition(name, platform, environment=None, slash="/", **multi_model):
    return {
        "Image": platform.image,
        "Mode": "MultiModel",
        "ModelDataUrl": f"s3://{BUCKET}/{name}{slash}",
        "Environment": {**platform.environment, **(environment or {})},
        **({"MultiModelConfig": multi_model} if multi_model else {}),
    }


def models(aws, endpoint):
    """What the endpoint's instances tell about their models."""
    return [instance["models"] for instance in aws.view(endpoint)["instances"]]


def loaded(aws, endpoint):
    return sorted(one["name"] for view in models(aws, endpoint) for one in view["models"])


def test_each_request_is_answered_by_the_model_it_names(aws, deploy, platform):
    many = deploy()

    for _ in range(3):
        assert platform.is_from("blue", many.ask("blue.tar.gz"))
        assert platform.is_from("green", many.ask("sub/green.tar.gz"))
    assert platform.is_from("blue", many.ask("/blue.tar.gz"))

    counted = many.counted()
    assert (counted["hits"], counted["misses"], counted["loads"]) == (5, 2, 2)
    hits = models(aws, many.endpoint)[0]["metrics"]["ModelCacheHit"]
    assert hits["sampleCount"] - many.before["hits"] - many.before["misses"] == 7
    assert (hits["minimum"], hits["maximum"]) == (0, 1)
    assert many.loaded() == ["blue.tar.gz", "sub/green.tar.gz"]


def test_a_model_that_is_uploaded_later_is_served_at_once(deploy, platform):
    many = deploy()
    refusal = refused(lambda: many.ask("new.tar.gz"))
    assert (refusal.code, refusal.status) == ("ValidationError", 400)
    assert refusal.text.startswith(
        f"Failed to download model data (bucket: {BUCKET}, key: {many.key('new.tar.gz')}). "
        "Please ensure that there is an object located at the URL and that the role passed to "
        "CreateModel has permissions to download the model."
    )

    many.put("new.tar.gz", platform.archive("green"))

    assert platform.is_from("green", many.ask("new.tar.gz"))


def test_a_loaded_model_is_served_without_asking_s3(deploy, platform):
    many = deploy()
    many.ask("blue.tar.gz")

    many.put("blue.tar.gz", platform.archive("green"))
    assert platform.is_from("blue", many.ask("blue.tar.gz"))
    many.delete("blue.tar.gz")
    assert platform.is_from("blue", many.ask("blue.tar.gz"))


def test_many_first_requests_share_one_load(deploy, platform):
    many = deploy()
    together = threading.Barrier(20)

    def ask(_):
        together.wait(30)
        return many.ask("blue.tar.gz")

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(ask, range(20)))

    assert all(platform.is_from("blue", answer) for answer in answers)
    counted = many.counted()
    assert counted["loads"] == 1
    assert counted["hits"] + counted["misses"] == 20


def test_models_beyond_the_room_take_turns(aws, deploy, platform):
    many = deploy(platform.little_room)
    for i in range(4):
        many.put(f"m{i}.tar.gz", platform.archive("green" if i % 2 else "blue"))

    for _ in range(3):
        for i in range(4):
            answer = many.ask(f"m{i}.tar.gz")
            assert platform.is_from("green" if i % 2 else "blue", answer)

    (view,) = models(aws, many.endpoint)
    assert 1 <= view["loadedModelCount"] < 4
    assert view["evictions"] == view["loads"] - view["loadedModelCount"]
    assert view["failures"] == 0
    assert "m3.tar.gz" in many.loaded()


def test_without_caching_a_model_goes_after_its_request(deploy, platform):
    many = deploy(ModelCacheSetting="Disabled")

    assert platform.is_from("blue", many.ask("blue.tar.gz"))
    eventually(lambda: many.loaded() == [], "the model is unloaded")
    many.put("blue.tar.gz", platform.archive("green"))
    assert platform.is_from("green", many.ask("blue.tar.gz"))


def test_a_corrupt_model_hurts_only_those_who_ask_for_it(aws, deploy, platform):
    many = deploy()
    many.ask("blue.tar.gz")
    many.put("bad.tar.gz", platform.corrupt())
    many.put("text.tar.gz", b"this is no archive")

    refusal = refused(lambda: many.ask("bad.tar.gz"))
    assert (refusal.code, refusal.status) == ("ModelError", 424)
    assert refusal.response["OriginalStatusCode"] == 500
    refusal = refused(lambda: many.ask("text.tar.gz"))
    assert (refusal.code, refusal.status) == ("ValidationError", 400)
    assert refusal.text.startswith(
        f"Failed to extract model data (bucket: {BUCKET}, key: {many.key('text.tar.gz')}). "
    )

    assert platform.is_from("blue", many.ask("blue.tar.gz"))
    many.put("bad.tar.gz", platform.archive("green"))
    assert platform.is_from("green", many.ask("bad.tar.gz"))
    assert many.counted()["failures"] == 2
    (view,) = models(aws, many.endpoint)
    assert view["lastError"].startswith(f"{many.folder}text.tar.gz: ")


def test_a_name_that_leads_out_of_the_prefix_is_refused(aws, deploy, platform):
    many = deploy()

    for target in ("../blue.tar.gz", "sub/../../blue.tar.gz", "sub/"):
        refusal = refused(lambda target=target: platform.ask(aws, many.endpoint, target))
        assert (refusal.code, refusal.status) == ("ValidationError", 400)
        assert refusal.text.startswith(f"TargetModel '{target}' can't be used: ")


def test_a_request_without_a_target_model_is_refused(aws, deploy):
    refusal = refused(
        aws.runtime.invoke_endpoint,
        EndpointName=deploy().endpoint,
        Body=CSV,
        ContentType="text/csv",
    )

    assert (refusal.code, refusal.status) == ("ValidationError", 400)
    request = refusal.response["ResponseMetadata"]["RequestId"]
    assert refusal.text == f"Request {request} is missing a target model header."


def test_each_model_stays_on_one_instance_and_another_takes_its_share_at_once(
    aws, deploy, platform
):
    many = deploy(count=2)
    targets = [f"m{i}.tar.gz" for i in range(12)]
    for target in targets:
        many.put(target, platform.archive("blue"))

    for _ in range(4):
        for target in targets:
            assert platform.is_from("blue", many.ask(target))

    assert many.loaded() == sorted(targets)  # none of them twice
    counted = many.counted()
    assert (counted["loads"], counted["hits"], counted["misses"]) == (12, 36, 12)
    assert all(view["loads"] for view in models(aws, many.endpoint))

    aws.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=many.endpoint,
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}],
    )
    aws.in_service(many.endpoint)

    def shared():
        for target in targets:
            assert platform.is_from("blue", many.ask(target))
        return all(view["loads"] for view in models(aws, many.endpoint))

    eventually(shared, "the new instance has models")
    assert many.counted()["misses"] == 12  # all before it was there


def test_a_prefix_with_nothing_below_is_refused(aws, name, platform):
    refuses(
        lambda: many(aws, name("nothing"), platform),
        "ValidationException",
        400,
        f"Could not find model data at s3://{BUCKET}/{name('nothing')}/.",
    )


def test_one_container_in_containers_may_have_many_models_at_a_prefix_without_a_slash(
    aws, name, platform
):
    endpoint = name("many")
    put(aws, endpoint, "blue.tar.gz", platform.archive("blue"))
    aws.sagemaker.create_model(
        ModelName=endpoint,
        ExecutionRoleArn=ROLE,
        Containers=[definition(endpoint, platform, slash="")],
    )
    aws.config(endpoint)
    aws.endpoint(endpoint)
    aws.in_service(endpoint)

    assert platform.is_from("blue", platform.ask(aws, endpoint, "blue.tar.gz"))
    aws.delete(endpoint)


def test_a_serverless_variant_can_not_have_many_models(aws, name):
    model_name = name("many")
    put(aws, model_name, "blue.tar.gz", Embedded.archive("blue"))
    many(aws, model_name, Embedded)

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
def echo(container, tmp_path):
    """The container's image, fit for pipelines; without models it answers what it is sent."""
    image = "berth-compat/echo:1"
    (tmp_path / "Dockerfile").write_text(
        f"FROM {container.image}\n"
        "LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true\n"
    )
    images.build(image, tmp_path)
    return image


def test_a_pipeline_loads_a_model_again_that_its_container_has_lost(aws, name, container, echo):
    endpoint = name("line")
    put(aws, endpoint, "blue.tar.gz", container.archive("blue"))
    aws.sagemaker.create_model(
        ModelName=endpoint,
        ExecutionRoleArn=ROLE,
        Containers=[{"Image": echo}, {**definition(endpoint, container), "Image": echo}],
    )
    aws.config(endpoint)
    aws.endpoint(endpoint)
    aws.in_service(endpoint)
    assert container.ask(aws, endpoint, "blue.tar.gz").startswith(b"blue of")
    assert container.ask(aws, endpoint, "blue.tar.gz", b"forget") == b"forgotten"

    assert container.ask(aws, endpoint, "blue.tar.gz", b"x" * 5000).startswith(b"blue of")

    assert models(aws, endpoint)[0]["loads"] == 2
    aws.delete(endpoint)


def test_one_container_of_a_pipeline_may_have_many_models(aws, name, mms, echo):
    endpoint = name("line")
    for which in ("blue", "green"):
        put(aws, endpoint, f"{which}.tar.gz", mms.archive(which))
    aws.sagemaker.create_model(
        ModelName=endpoint,
        ExecutionRoleArn=ROLE,
        Containers=[{"Image": echo}, definition(endpoint, mms)],
    )
    aws.config(endpoint)
    aws.endpoint(endpoint)
    aws.in_service(endpoint)

    for which in ("blue", "green", "blue"):
        answer = mms.ask(aws, endpoint, f"{which}.tar.gz", b"a row")
        assert answer.decode() == f"{which} of {which}.tar.gz got a row"
    refusal = refused(lambda: mms.ask(aws, endpoint, "none.tar.gz"))
    assert (refusal.code, refusal.status) == ("ValidationError", 400)
    aws.delete(endpoint)


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


@pytest.fixture(scope="module")
def fragile(aws, mms):
    """An endpoint in a container that tests kill; it is back when one begins."""
    endpoint = "many-fragile"
    for which in ("blue", "green", "hang"):
        put(aws, endpoint, f"{which}.tar.gz", mms.archive(which))
    many(aws, endpoint, mms)
    aws.config(endpoint)
    aws.endpoint(endpoint)
    aws.in_service(endpoint)
    yield endpoint
    aws.delete(endpoint)


def kill(endpoint):
    owner = f"label=dev.berth.owner-name={endpoint}"
    images.docker("kill", *images.docker("ps", "--quiet", "--filter", owner).split())


def answers(aws, platform, endpoint, which):
    """Whether one of its models answers now."""
    try:
        return platform.is_from(which, platform.ask(aws, endpoint, f"{which}.tar.gz"))
    except aws.runtime.exceptions.ClientError:
        return False


def test_a_load_that_hangs_holds_up_no_other_model_and_ends_with_its_container(aws, fragile, mms):
    with ThreadPoolExecutor(1) as threads:
        hanging = threads.submit(lambda: refused(lambda: mms.ask(aws, fragile, "hang.tar.gz")))
        eventually(
            lambda: models(aws, fragile)[0]["loadingModelCount"] == 1, "the load has begun"
        )
        for _ in range(3):
            assert answers(aws, mms, fragile, "blue")
            assert answers(aws, mms, fragile, "green")
        assert not hanging.done()

        kill(fragile)
        refusal = hanging.result(30)

    assert refusal.status in (424, 503), refusal
    eventually(lambda: answers(aws, mms, fragile, "blue"), "a new container serves the model")
    assert answers(aws, mms, fragile, "green")


def test_an_invocation_fails_with_its_container_and_the_next_finds_another(aws, fragile, mms):
    eventually(lambda: answers(aws, mms, fragile, "blue"), "the model is there")
    with ThreadPoolExecutor(1) as threads:
        hanging = threads.submit(
            lambda: refused(lambda: mms.ask(aws, fragile, "blue.tar.gz", b"hang"))
        )
        eventually(
            lambda: [one["inFlight"] for one in models(aws, fragile)[0]["models"]].count(1) == 1,
            "the invocation has begun",
        )
        assert answers(aws, mms, fragile, "green")
        kill(fragile)
        refusal = hanging.result(30)

    assert refusal.status == 424, refusal
    eventually(lambda: answers(aws, mms, fragile, "blue"), "a new container serves the model")


def test_an_unload_that_fails_is_tried_again(aws, name, container):
    endpoint = name("many")
    for which in ("blue", "green"):
        put(aws, endpoint, f"{which}.tar.gz", container.archive(which))
    many(aws, endpoint, container, {"MAX_MODELS": "1", "BAD_UNLOADS": "1"})
    aws.config(endpoint)
    aws.endpoint(endpoint)
    aws.in_service(endpoint)

    for _ in range(2):
        assert answers(aws, container, endpoint, "blue")
        assert answers(aws, container, endpoint, "green")
    aws.delete(endpoint)


def test_models_go_before_their_container_has_no_memory_left(aws, name, container):
    endpoint = name("many")
    for i in range(3):
        put(aws, endpoint, f"m{i}.tar.gz", container.archive("eat 120"))
    many(aws, endpoint, container, {"BERTH_MULTI_MODEL_MEMORY_BYTES": "300000000"})
    aws.config(endpoint)
    aws.endpoint(endpoint)
    aws.in_service(endpoint)

    for i in (0, 1, 0, 2):
        assert container.ask(aws, endpoint, f"m{i}.tar.gz").startswith(b"eat 120 of")

    assert loaded(aws, endpoint) == ["m0.tar.gz", "m2.tar.gz"]
    assert models(aws, endpoint)[0]["failures"] == 0
    aws.delete(endpoint)


def test_a_container_that_is_killed_for_its_memory_is_replaced(aws, name, container):
    endpoint = name("many")
    put(aws, endpoint, "blue.tar.gz", container.archive("blue"))
    many(aws, endpoint, container)
    aws.config(endpoint, variant(endpoint, InstanceType="ml.t2.medium"))
    aws.endpoint(endpoint)
    aws.in_service(endpoint)

    refusal = refused(lambda: container.ask(aws, endpoint, "blue.tar.gz", b"allocate"))
    assert refusal.status in (424, 503), refusal

    eventually(lambda: answers(aws, container, endpoint, "blue"), "a new container serves it")
    aws.delete(endpoint)


def test_the_container_is_told_which_model_was_meant(aws, contained, container):
    answer = container.ask(aws, contained, "blue.tar.gz", b"a row")

    assert answer == b"blue of blue.tar.gz got a row"


def test_a_model_that_its_container_has_lost_is_loaded_again(aws, contained, container):
    assert container.ask(aws, contained, "green.tar.gz").startswith(b"green")
    assert container.ask(aws, contained, "blue.tar.gz", b"forget") == b"forgotten"

    assert container.ask(aws, contained, "blue.tar.gz", b"x" * 5000).startswith(b"blue of")
    assert container.ask(aws, contained, "green.tar.gz").startswith(b"green of")


def test_what_a_model_takes_of_its_containers_memory_is_told_as_it_was_measured(
    aws, contained, container
):
    put(aws, contained, "large.tar.gz", container.archive("eat 50"))
    assert container.ask(aws, contained, "large.tar.gz").startswith(b"eat 50")

    def measured():
        ((large,),) = [view["models"] for view in models(aws, contained)]
        return large["memoryBytes"]

    assert 48 << 20 < eventually(measured, "it was measured") < 60 << 20


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
