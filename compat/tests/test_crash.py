"""kill -9 at many points of creating, updating and deleting; nothing acknowledged is lost.

Every round has one endpoint that is being created, one that is being updated and one that is being
deleted, and a caller who creates models and puts objects, when the server is killed. Each round
kills at another point of the phases: after the same fraction of each.
"""

import threading
import time
from dataclasses import dataclass, field

import pytest
from archives import CSV, heavy
from aws import Aws, predictions, variant
from berth import Berth, eventually
from botocore.exceptions import BotoCoreError, ClientError

HITS = 12
MOST_ROUNDS = 30
MEBIBYTES = 24
INSTANCES = 24
PHASES = {"creating": "Creating", "updating": "Updating", "deleting": "Deleting"}

pytestmark = pytest.mark.crash


@dataclass
class Round:
    """What a kill hit, and what was there after the next start."""

    fraction: float
    at_kill: dict = field(default_factory=dict)
    after: dict = field(default_factory=dict)
    lost: list = field(default_factory=list)
    orphans: list = field(default_factory=list)


class Ledger:
    """Creates models with tags and puts objects without a pause; notes what was acknowledged."""

    def __init__(self, aws, prefix):
        self.aws = aws
        self.prefix = prefix
        self.models = []
        self.objects = []
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._thread.join()

    def _run(self):
        try:
            for number in range(100_000):
                name = f"{self.prefix}-{number}"
                self.aws.model(name, Tags=[{"Key": "number", "Value": str(number)}])
                self.models.append(name)
                self.aws.s3.put_object(Bucket="models", Key=name, Body=name.encode())
                self.objects.append(name)
        except (BotoCoreError, ClientError):
            pass  # the server is gone, as it should be

    def lost(self, aws):
        """Names what was acknowledged and is not there."""
        for number, name in enumerate(self.models):
            try:
                described = aws.sagemaker.describe_model(ModelName=name)
                tags = aws.sagemaker.list_tags(ResourceArn=described["ModelArn"])["Tags"]
                if tags != [{"Key": "number", "Value": str(number)}]:
                    yield f"tags of {name}: {tags}"
            except ClientError as e:
                yield f"model {name}: {e}"
        for name in self.objects:
            try:
                with aws.s3.get_object(Bucket="models", Key=name)["Body"] as body:
                    if body.read() != name.encode():
                        yield f"object {name} has other content"
            except ClientError as e:
                yield f"object {name}: {e}"


class Stage:
    """The server, and the steps of a round."""

    def __init__(self, berth):
        self.berth = berth
        self.aws = Aws(berth.url)

    def prepare(self, number):
        """Endpoints in service to be updated and deleted, and configs of a model yet unstaged."""
        aws = self.aws
        for phase in ("creating", "updating"):
            one = f"{phase}-{number}"
            aws.upload(one, heavy("green.ubj", MEBIBYTES))  # of its own: nothing is staged yet
            aws.model(one, one)
            aws.config(one, variant(one, count=4))
        aws.endpoint(f"endpoint-updating-{number}", "steady")
        aws.endpoint(f"endpoint-deleting-{number}", "many")
        aws.in_service(f"endpoint-updating-{number}")
        aws.in_service(f"endpoint-deleting-{number}")

    def begin(self, phase, number):
        name = f"endpoint-{phase}-{number}"
        match phase:
            case "creating":
                self.aws.endpoint(name, f"creating-{number}")
            case "updating":
                self.aws.sagemaker.update_endpoint(
                    EndpointName=name, EndpointConfigName=f"updating-{number}"
                )
            case "deleting":
                self.aws.sagemaker.delete_endpoint(EndpointName=name)

    def length(self, phase, number):
        """How long a phase takes when nobody disturbs it, in seconds."""
        began = time.monotonic()
        self.begin(phase, number)
        name = f"endpoint-{phase}-{number}"
        eventually(lambda: self.aws.status(name) != PHASES[phase], f"{phase} ends", every=0.002)
        return time.monotonic() - began

    def restart(self):
        self.berth.start()
        self.aws = Aws(self.berth.url)

    def clean_up(self, number):
        """Deletes what a round has made, so that the next start has less to bring up."""
        for phase in ("creating", "updating"):
            name = f"endpoint-{phase}-{number}"
            if self.aws.status(name) is not None:
                self.aws.delete(name)


def wait(seconds):
    """Lets the phase go on: the point of the kill."""
    threading.Event().wait(max(0.0, seconds))


def kill_in_mid_phase(stage, number, fraction, lengths):
    stage.prepare(number)
    done = Round(fraction)
    longest_first = sorted(PHASES, key=lengths.get, reverse=True)
    with Ledger(stage.aws, f"ledger-{number}") as ledger:
        for phase, following in zip(longest_first, [*longest_first[1:], None], strict=True):
            stage.begin(phase, number)
            wait(fraction * (lengths[phase] - lengths.get(following, 0)))
        for phase in PHASES:
            done.at_kill[phase] = stage.aws.status(f"endpoint-{phase}-{number}")
        stage.berth.kill()
    stage.restart()
    for phase in PHASES:
        done.after[phase] = outcome(stage.aws, f"endpoint-{phase}-{number}")
    done.lost = list(ledger.lost(stage.aws))
    done.orphans = list(orphans(stage, number))
    stage.clean_up(number)
    return done


def outcome(aws, name):
    """Where an endpoint ends up: None when it is gone, else status, config and predictions."""
    eventually(
        lambda: aws.status(name) in (None, "InService", "Failed"), f"{name} settles", seconds=60
    )
    if aws.status(name) is None:
        return None
    described = aws.describe(name)
    if described["EndpointStatus"] != "InService":
        return described["EndpointStatus"], described.get("FailureReason")
    return "InService", described["EndpointConfigName"], answered(aws, name)


def answered(aws, name):
    """The predictions of an endpoint that is in service, once its fleet is back."""

    def ask():
        try:
            return aws.scores(name, CSV)
        except ClientError:
            return None

    return eventually(ask, f"{name} answers", seconds=60)


def orphans(stage, number):
    """Names what is left of what nobody asked for."""
    name = f"endpoint-deleting-{number}"
    if stage.aws.view(name) is not None:
        yield f"instances of {name}: {stage.aws.view(name)}"
    for name, count in ((f"endpoint-creating-{number}", 4), (f"endpoint-updating-{number}", 4)):
        view = eventually(
            lambda name=name, count=count: settled_view(stage.aws, name, count) or None,
            f"only {count} instances of {name} are left",
        )
        if len({instance["generation"] for instance in view["instances"]}) != 1:
            yield f"{name} has instances of several generations: {view}"
    eventually(lambda: not list(leftovers(stage.berth.data)), "nothing half-done stays on disk")


def settled_view(aws, name, count):
    view = aws.view(name)
    return view if view and len(view["instances"]) == count else None


def leftovers(data):
    """Paths under the data folder that only work in progress may have."""
    for folder in ("staging", "incoming"):
        for place in data.rglob(folder):
            yield from (str(path.relative_to(data)) for path in place.iterdir())


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    stage = Stage(Berth(tmp_path_factory.mktemp("crash") / "data").start())
    try:
        stage.aws.with_models()
        stage.aws.deploy("steady")
        stage.aws.config("many", variant("steady", count=INSTANCES))
        stage.berth.kill()
        stage.restart()
        stage.prepare(0)
        lengths = {phase: stage.length(phase, 0) for phase in PHASES}
        print("undisturbed, in seconds:", lengths)
        stage.clean_up(0)
        done = []
        while len(done) < MOST_ROUNDS and min(hits(done, phase) for phase in PHASES) < HITS:
            # golden section: no two alike, none left out; the very end is mostly missed
            fraction = 0.9 * ((len(done) * 0.618) % 1)
            done.append(kill_in_mid_phase(stage, len(done) + 1, fraction, lengths))
            for phase, status in done[-1].at_kill.items():
                if status != PHASES[phase]:
                    lengths[phase] *= 0.8  # came too late
        stage.steady = outcome(stage.aws, "steady")
        yield done, stage
    finally:
        stage.berth.close()


def hits(done, phase):
    return sum(one.at_kill[phase] == PHASES[phase] for one in done)


def told(done):
    return "\n".join(f"{one.fraction:.3f} {one.at_kill}" for one in done)


@pytest.mark.parametrize("phase", PHASES)
def test_kills_hit_each_phase_many_times(rounds, phase):
    done, _ = rounds

    print(f"{phase}: {hits(done, phase)} of {len(done)} kills hit it")
    assert hits(done, phase) >= HITS, told(done)


def test_an_endpoint_killed_while_creating_comes_in_service(rounds):
    done, _ = rounds

    for number, one in enumerate(done, 1):
        expected = ("InService", f"creating-{number}", predictions("green"))
        assert one.after["creating"] == expected, one


def test_an_endpoint_killed_while_updating_ends_on_the_new_config(rounds):
    done, _ = rounds

    for number, one in enumerate(done, 1):
        expected = ("InService", f"updating-{number}", predictions("green"))
        assert one.after["updating"] == expected, one


def test_an_endpoint_killed_while_deleting_is_gone(rounds):
    done, _ = rounds

    assert [one for one in done if one.after["deleting"] is not None] == []


def test_an_endpoint_in_service_comes_back_after_every_kill(rounds):
    _, stage = rounds

    assert stage.steady == ("InService", "steady", predictions("blue"))


def test_nothing_acknowledged_is_lost(rounds):
    done, _ = rounds

    assert [lost for one in done for lost in one.lost] == []


def test_no_orphan_stays(rounds):
    done, _ = rounds

    assert [orphan for one in done for orphan in one.orphans] == []


def test_requests_that_were_not_acknowledged_are_done_or_not_done(tmp_path):
    """Kills within the first milliseconds of a request: both outcomes are right, halves are not."""
    berth = Berth(tmp_path / "data").start()
    try:
        Aws(berth.url).with_models().deploy("steady")
        for number in range(5):
            aws = Aws(berth.url)
            aws.model(f"new-{number}", "green")
            aws.config(f"new-{number}")
            aws.deploy(f"update-{number}")
            aws.deploy(f"delete-{number}")
            calls = [
                lambda aws=aws, n=number: aws.endpoint(f"create-{n}", "steady"),
                lambda aws=aws, n=number: aws.sagemaker.update_endpoint(
                    EndpointName=f"update-{n}", EndpointConfigName=f"new-{n}"
                ),
                lambda aws=aws, n=number: aws.sagemaker.delete_endpoint(EndpointName=f"delete-{n}"),
            ]
            acknowledged = [False] * len(calls)

            def make(index, calls=calls, acknowledged=acknowledged):
                try:
                    calls[index]()
                    acknowledged[index] = True
                except (BotoCoreError, ClientError):
                    pass

            threads = [threading.Thread(target=make, args=(i,)) for i in range(len(calls))]
            for thread in threads:
                thread.start()
            wait(number * 0.004)
            berth.kill()
            for thread in threads:
                thread.join()
            berth.start()
            aws = Aws(berth.url)

            created = outcome(aws, f"create-{number}")
            updated = outcome(aws, f"update-{number}")
            deleted = outcome(aws, f"delete-{number}")
            done = ("InService", "steady", predictions("blue"))
            assert created == done or (created is None and not acknowledged[0])
            assert updated == ("InService", f"new-{number}", predictions("green")) or (
                updated == ("InService", f"update-{number}", predictions("blue"))
                and not acknowledged[1]
            )
            assert deleted is None or (
                deleted == ("InService", f"delete-{number}", predictions("blue"))
                and not acknowledged[2]
            )
    finally:
        berth.close()
