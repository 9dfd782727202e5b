"""An engine that answers nobody for a minute and is restarted then: what serves goes on, the rest follows."""

import os
import signal
import threading
import time

import pytest
from aws import Aws
from berth import eventually
from engines import PrivateEngine
from test_containers import build

OUTAGE_SECONDS = 62  # longer than Berth waits for an answer of the engine's
RECOVERY_SECONDS = 60


@pytest.fixture
def engine():
    engine = PrivateEngine().start()
    yield engine
    engine.discard()


class Client:
    """Invokes endpoints and looks at their status, again and again, until it is closed."""

    def __init__(self, url, endpoints):
        self.answers = 0
        self.surprises = []
        self._is_over = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(Aws(url), name), daemon=True)
            for name in endpoints
        ]
        for thread in self._threads:
            thread.start()

    def _work(self, aws, name):
        while not self._is_over.wait(0.1):
            try:
                answer = aws.invoke(name, "hello", content_type="text/plain")["Body"].decode()
                status = aws.status(name)
                self.answers += 1
            except Exception as failure:
                answer, status = repr(failure), ""
            if (answer, status) != ("hello", "InService"):
                self.surprises.append((name, answer, status))

    def close(self):
        self._is_over.set()
        for thread in self._threads:
            thread.join(30)


def test_endpoints_outlast_a_minute_without_their_engine_and_converge_after_it(
    engine, new_server, tmp_path
):
    image = build(tmp_path, docker=engine.docker)
    server = new_server(environment={"DOCKER_HOST": engine.host}).start()
    aws = Aws(server.url)
    label = "dev.berth.installation=" + (server.data / "installation").read_text().strip()

    def containers(name):
        ours = ["--filter", "label=" + label, "--filter", "label=dev.berth.owner-name=" + name]
        return set(engine.docker("ps", "-q", *ours).split())

    def create(name, count):
        aws.sagemaker.create_model(ModelName=name, PrimaryContainer={"Image": image})
        aws.config(name, {
            "VariantName": "AllTraffic",
            "ModelName": name,
            "InitialInstanceCount": count,
            "InstanceType": "ml.m5.large",
        })
        aws.endpoint(name)

    for name, count in (("stays", 1), ("loses-one", 2), ("goes", 1)):
        create(name, count)
    for name in ("stays", "loses-one", "goes"):
        aws.in_service(name)
    stays, (victim, survivor) = containers("stays"), containers("loses-one")
    pid = int(engine.docker("inspect", "-f", "{{.State.Pid}}", victim))

    client = Client(server.url, ["stays", "loses-one"])
    engine.freeze()
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    create("comes", 1)
    aws.sagemaker.delete_endpoint(EndpointName="goes")
    eventually(
        lambda: time.monotonic() - began > OUTAGE_SECONDS,
        "the outage's end",
        OUTAGE_SECONDS + 5,
        every=0.5,
    )
    assert aws.status("comes") == "Creating"
    engine.restart()

    eventually(lambda: aws.status("comes") == "InService", "comes in service", RECOVERY_SECONDS, 0.2)
    eventually(lambda: aws.status("goes") is None, "the deleted one is gone", RECOVERY_SECONDS, 0.2)
    eventually(
        lambda: len(containers("loses-one")) == 2
        and aws.describe("loses-one")["ProductionVariants"][0]["CurrentInstanceCount"] == 2,
        "the dead container is replaced",
        RECOVERY_SECONDS,
        0.2,
    )
    client.close()
    assert client.surprises == []
    assert client.answers > OUTAGE_SECONDS
    assert containers("stays") == stays
    assert survivor in containers("loses-one") and victim not in containers("loses-one")
    assert not containers("goes")

    for name in ("stays", "loses-one", "comes"):
        aws.delete(name)
    for kind in (["ps", "-aq"], ["network", "ls", "-q"], ["volume", "ls", "-q"]):
        assert engine.docker(*kind, "--filter", "label=" + label) == ""
