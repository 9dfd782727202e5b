"""Multi-model endpoints while S3, the disk, the memory or a model fails: it stays with that model."""

import contextlib
import http.client
import json
import os
import random
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from archives import CSV, EXPECTED, MODELS, model, tar_gz
from aws import Aws, BUCKET, ROLE, XGBOOST, refused, variant
from berth import eventually

MEBIBYTE = 1 << 20
NOT_THERE = "Failed to download model data (bucket: {}, key: {}/{}). "


class S3:
    """An S3 elsewhere that fails as it is told: what it is asked goes to a real one behind it."""

    def __init__(self, url):
        self.behind = url.removeprefix("http://")
        self.asked = []  # (method, key's last part)
        self.fault = None  # called with the handler and the key's last part; true if it answered
        self.held = []
        self.server = None
        self.port = 0

    def start(self):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                name = self.path.split("?")[0].rsplit("/", 1)[1]
                outer.asked.append((self.command, name))
                fault = outer.fault
                if not (fault and fault(self, name)):
                    outer.forward(self)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self):
        """Answers nobody any more: connections are refused."""
        self.server.shutdown()
        self.server.server_close()

    def fetch(self, handler):
        connection = http.client.HTTPConnection(self.behind, timeout=30)
        headers = {
            name: value
            for name, value in handler.headers.items()
            if name.lower() in ("if-match", "range", "x-amz-date", "authorization")
        }
        connection.request(handler.command, handler.path, None, headers)
        return connection, connection.getresponse()

    def forward(self, handler, most=None):
        """Gives the real answer; of its body, `most` bytes, whereupon it hangs up."""
        connection, answer = self.fetch(handler)
        with contextlib.closing(connection):
            handler.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("date", "server", "connection", "transfer-encoding"):
                    handler.send_header(name, value)
            handler.send_header("Connection", "close")
            handler.close_connection = True
            handler.end_headers()
            if handler.command != "HEAD":
                handler.wfile.write(answer.read()[:most])
        return True

    def answers(self, status, *names):
        """What to set as fault for a status in S3's words; for all objects unless some are named."""
        body = (
            '<?xml version="1.0" encoding="UTF-8"?><Error><Code>InternalError</Code>'
            "<Message>We encountered an internal error. Please try again.</Message></Error>"
        ).encode()

        def fault(handler, name):
            if names and name not in names:
                return False
            handler.send_response(status)
            handler.send_header("Content-Type", "application/xml")
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            if handler.command != "HEAD":
                handler.wfile.write(body)
            return True

        return fault

    def holds(self, gate, *prefixes):
        """What to set as fault for downloads that begin when `gate` is set."""

        def fault(handler, name):
            if handler.command == "GET" and name.startswith(prefixes):
                self.held.append(name)
                gate.wait(60)
            return False

        return fault

    def downloads(self, name):
        return self.asked.count(("GET", name))


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A server that is the real S3, what fails in front of it, and a server that uses that."""
    from berth import Berth

    folder = tmp_path_factory.mktemp("faults")
    real = Berth(folder / "real").start()
    s3 = S3(real.url).start()
    config = folder / "berth.yaml"
    config.write_text(elsewhere(s3))
    berth = Berth(folder / "data", "--config", str(config)).start()
    store = Aws(real.url)
    store.s3.create_bucket(Bucket=BUCKET)
    yield store, s3, Aws(berth.url)
    berth.close()
    s3.stop()
    real.close()


def elsewhere(s3):
    return (
        f"s3:\n  endpoint: http://127.0.0.1:{s3.port}\n"
        "  access-key-id: AKIAIOSFODNN7EXAMPLE\n  secret-access-key: secret\n"
    )


class Many:
    """One multi-model endpoint over a prefix of its own."""

    def __init__(self, store, aws, name):
        self.store, self.aws, self.name = store, aws, name

    def put(self, target, which="blue"):
        content = which if isinstance(which, bytes) else archive(which)
        self.store.s3.put_object(Bucket=BUCKET, Key=f"{self.name}/{target}", Body=content)

    def deploy(self, memory=None):
        self.aws.sagemaker.create_model(
            ModelName=self.name,
            ExecutionRoleArn=ROLE,
            PrimaryContainer={
                "Image": XGBOOST,
                "Mode": "MultiModel",
                "ModelDataUrl": f"s3://{BUCKET}/{self.name}/",
                "Environment": {"BERTH_MULTI_MODEL_MEMORY_BYTES": str(memory)} if memory else {},
            },
        )
        self.aws.config(self.name, variant(self.name))
        self.aws.endpoint(self.name)
        self.aws.in_service(self.name)
        return self

    def ask(self, target):
        return self.aws.runtime.invoke_endpoint(
            EndpointName=self.name, TargetModel=target, Body=CSV, ContentType="text/csv"
        )["Body"].read()

    def answers(self, target, which="blue"):
        assert json.loads(self.ask(target)) == pytest.approx(EXPECTED[which], abs=1e-5)

    def view(self):
        (instance,) = self.aws.view(self.name)["instances"]
        return instance["models"]


def archive(which):
    return model({"blue": "blue.json", "green": "green.ubj"}[which])


@pytest.fixture
def many(places, name):
    store, s3, aws = places
    made = Many(store, aws, name("faulty"))
    made.s3 = s3
    made.put("good.tar.gz")
    s3.asked.clear()
    s3.held.clear()
    yield made
    s3.fault = None
    aws.delete(made.name)


def test_s3_is_asked_when_a_model_is_loaded_and_never_when_it_is_there(many):
    many.put("green.tar.gz", "green")
    many.deploy()
    many.answers("good.tar.gz")
    assert many.s3.downloads("good.tar.gz") == 1
    asked = len(many.s3.asked)

    many.put("good.tar.gz", "green")  # the loaded copy may keep serving, says the guide
    for _ in range(20):
        many.answers("good.tar.gz", "blue")

    assert len(many.s3.asked) == asked


def test_an_overwritten_model_is_served_once_the_old_one_was_unloaded(many):
    many.deploy()
    many.answers("good.tar.gz")
    room = many.view()["usedBytes"]
    again = Many(many.store, many.aws, many.name + "-one")
    again.put("good.tar.gz")
    again.put("other.tar.gz")
    again.deploy(room * 3 // 2)
    try:
        again.answers("good.tar.gz", "blue")
        again.put("good.tar.gz", "green")
        again.answers("good.tar.gz", "blue")
        again.answers("other.tar.gz", "blue")
        assert [one["name"] for one in again.view()["models"]] == ["other.tar.gz"]
        again.answers("good.tar.gz", "green")
    finally:
        again.aws.delete(again.name)


def test_a_hundred_first_requests_at_once_are_one_download_and_one_load(many):
    gate = threading.Event()
    many.s3.fault = many.s3.holds(gate, "good")
    many.deploy()

    with ThreadPoolExecutor(100) as threads:
        all_of_them = [threads.submit(many.answers, "good.tar.gz") for _ in range(100)]
        eventually(lambda: many.view()["misses"] >= 30, "they wait")  # boto3 has 32 connections
        gate.set()
        for each in all_of_them:
            each.result()

    assert many.s3.downloads("good.tar.gz") == 1
    view = many.view()
    assert view["loads"] == 1
    assert view["hits"] + view["misses"] == 100


def test_slow_downloads_hold_up_nobody_else_and_their_number_is_bounded(many):
    gate = threading.Event()
    slow = [f"slow-{i}.tar.gz" for i in range(24)]
    for target in slow:
        many.put(target, "green")
    many.put("later.tar.gz", "green")
    many.deploy()
    many.answers("good.tar.gz")
    many.s3.fault = many.s3.holds(gate, "slow")

    with ThreadPoolExecutor(24) as threads:
        few = [threads.submit(many.answers, target, "green") for target in slow[:8]]
        eventually(lambda: len(many.s3.held) == 8, "eight downloads are under way")
        many.answers("good.tar.gz")
        many.answers("later.tar.gz", "green")
        rest = [threads.submit(many.answers, target, "green") for target in slow[8:]]
        eventually(lambda: many.view()["loadingModelCount"] == 24, "all are waited for")
        eventually(lambda: len(many.s3.held) == 16, "as many downloads as there may be")
        for _ in range(20):
            many.answers("good.tar.gz")
        assert len(many.s3.held) == 16
        gate.set()
        for each in few + rest:
            each.result()


@pytest.mark.parametrize("status", [500, 503])
def test_an_s3_that_answers_errors_fails_cold_models_only_and_is_asked_again(many, status):
    many.put("cold.tar.gz", "green")
    many.put("bad.tar.gz", "green")
    many.deploy()
    many.answers("good.tar.gz")
    many.s3.fault = many.s3.answers(status, "bad.tar.gz")

    refusal = refused(lambda: many.ask("bad.tar.gz"))
    assert (refusal.code, refusal.status) == ("ValidationError", 400)
    assert refusal.text.startswith(NOT_THERE.format(BUCKET, many.name, "bad.tar.gz"))
    assert str(status) in refusal.text
    many.answers("good.tar.gz")
    many.answers("cold.tar.gz", "green")

    many.s3.fault = None
    many.answers("bad.tar.gz", "green")


def test_an_s3_that_is_gone_and_comes_back_needs_no_restart(many):
    many.put("cold.tar.gz", "green")
    many.deploy()
    many.answers("good.tar.gz")

    many.s3.stop()
    try:
        many.answers("good.tar.gz")
        refusal = refused(lambda: many.ask("cold.tar.gz"))
        assert (refusal.code, refusal.status) == ("ValidationError", 400)
        assert refusal.text.startswith(NOT_THERE.format(BUCKET, many.name, "cold.tar.gz"))
        many.answers("good.tar.gz")
    finally:
        many.s3.start()

    many.answers("cold.tar.gz", "green")


def test_a_download_that_breaks_off_leaves_nothing_behind(many):
    many.put("cut.tar.gz", "green")
    many.deploy()
    many.s3.fault = lambda handler, name: (
        handler.command == "GET" and name == "cut.tar.gz" and many.s3.forward(handler, 1000)
    )

    refusal = refused(lambda: many.ask("cut.tar.gz"))
    assert (refusal.code, refusal.status) == ("ValidationError", 400)
    assert refusal.text.startswith(NOT_THERE.format(BUCKET, many.name, "cut.tar.gz"))
    assert "broke off" in refusal.text
    many.answers("good.tar.gz")

    many.s3.fault = None
    many.answers("cut.tar.gz", "green")


def test_broken_models_among_good_ones_hurt_nobody_in_a_crowd(many):
    broken = {
        "no-archive.tar.gz": b"this is no archive",
        "no-model.tar.gz": tar_gz(("xgboost-model", b"no model at all")),
        "empty.tar.gz": tar_gz(),
        "half.tar.gz": archive("blue")[:2000],
    }
    for target, content in broken.items():
        many.put(target, content)
    for i in range(4):
        many.put(f"m{i}.tar.gz", "green" if i % 2 else "blue")
    many.deploy(24_000)

    def ask(i):
        if i % 3 == 0:
            refusal = refused(lambda: many.ask(list(broken)[i // 3 % 4]))
            assert refusal.status in (400, 424), refusal
        else:
            many.answers(f"m{i % 4}.tar.gz", "green" if i % 2 else "blue")

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(ask, range(240)))

    refusal = refused(lambda: many.ask("no-model.tar.gz"))
    assert (refusal.code, refusal.response["OriginalStatusCode"]) == ("ModelError", 500)
    refusal = refused(lambda: many.ask("half.tar.gz"))
    assert refusal.text.startswith(
        f"Failed to extract model data (bucket: {BUCKET}, key: {many.name}/half.tar.gz). "
    )
    assert many.view()["usedBytes"] <= 24_000


def test_a_model_larger_than_the_memory_is_refused_and_the_others_stay(many):
    many.deploy(24_000)
    ensemble = [(f"xgboost-model-{i}", (MODELS / "blue.json").read_bytes()) for i in range(12)]
    many.put("huge.tar.gz", tar_gz(*ensemble))
    many.answers("good.tar.gz")

    for _ in range(2):
        refusal = refused(lambda: many.ask("huge.tar.gz"))
        assert (refusal.code, refusal.status) == ("ModelError", 424)
        assert refusal.response["OriginalStatusCode"] == 507
        assert "huge.tar.gz needs" in refusal.text
        many.answers("good.tar.gz")

    view = many.view()
    assert [one["name"] for one in view["models"]] == ["good.tar.gz"]
    assert view["usedBytes"] <= 24_000


def test_a_storm_over_twice_the_memory_ends_with_every_answer_right(many):
    many.deploy()
    many.answers("good.tar.gz")
    room = 6 * many.view()["usedBytes"]
    storm = Many(many.store, many.aws, many.name + "-storm")
    kinds = {f"m{i}.tar.gz": "green" if i % 2 else "blue" for i in range(12)}
    for target, which in kinds.items():
        storm.put(target, which)
    storm.deploy(room)
    over = []

    def client(number):
        chosen = random.Random(number)
        for _ in range(60):
            target = chosen.choice(list(kinds))
            storm.answers(target, kinds[target])
            view = storm.view()
            if view["usedBytes"] > room:
                over.append(view)

    try:
        for target, which in kinds.items():
            storm.answers(target, which)  # from here on it is known what they take
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(client, range(8)))
        view = storm.view()
        assert (view["failures"], over) == (0, [])
        assert view["evictions"] > 12
        assert view["usedBytes"] <= room
        assert view["hits"] + view["misses"] == 492
    finally:
        storm.aws.delete(storm.name)


@contextlib.contextmanager
def small_disk(folder, size):
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() or not shutil.which("mount") or subprocess.run(mount, check=False).returncode:
        pytest.skip("a small disk needs root and the right to mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_is_full_fails_cold_models_only_until_there_is_room(new_server, tmp_path):
    with small_disk(tmp_path / "data/artifacts", 530 * MEBIBYTE) as disk:  # of which 512 stay free
        server = new_server().start()
        aws = Aws(server.url)
        aws.s3.create_bucket(Bucket=BUCKET)
        many = Many(aws, aws, "full")
        for target in ("good.tar.gz", "cold.tar.gz"):
            many.put(target)
        many.deploy()
        many.answers("good.tar.gz")
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(20 * MEBIBYTE))

        refusal = refused(lambda: many.ask("cold.tar.gz"))
        assert (refusal.code, refusal.status) == ("ModelError", 424)
        assert refusal.response["OriginalStatusCode"] == 507
        assert "are free" in refusal.text

        ballast.unlink()
        many.answers("cold.tar.gz")
        many.answers("good.tar.gz")
        server.close()


def test_a_small_budget_of_disk_lets_models_take_turns(new_server, tmp_path):
    config = tmp_path / "berth.yaml"
    config.write_text("artifact-cache-bytes: 65536\n")
    aws = Aws(new_server("--config", str(config)).start().url)
    aws.s3.create_bucket(Bucket=BUCKET)
    many = Many(aws, aws, "small")
    for i in range(12):
        many.put(f"m{i}.tar.gz", "green" if i % 2 else "blue")
    many.put("good.tar.gz")
    many.deploy()

    def ask(i):
        many.answers(f"m{i % 12}.tar.gz", "green" if i % 2 else "blue")

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(ask, range(96)))

    view = many.view()
    assert view["failures"] == 0
    assert view["loadedModelCount"] <= 4
