"""Batch transform on containers of their own, and its command; outputs are made here, without Berth."""

import json
import os
import struct
import subprocess

import images
import pytest
from archives import CSV, EXPECTED, ROWS
from aws import ROLE
from berth import command
from test_transform import DATA, Transforms

IMAGE = "berth-compat/transform:1"
LABEL = "com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true"
DOCKERFILE = f"""
ARG BASE
FROM $BASE
LABEL {LABEL}
COPY server.py /server.py
ENTRYPOINT ["python3", "/server.py"]
"""
# DOES says what is answered: the body, its framing and size, the body in brackets, or lengths and
# checksums; "flaky" and "late" fail the first time they see a body.
SERVER = """
import csv, io, os, signal, threading, time, zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

does = os.environ["DOES"]
seen = set()
ended = threading.Event()

def checked(kind, body):
    text = body.decode()
    if kind == "text/csv":
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        answers = [f"{len(row)},{sum(zlib.crc32(one.encode()) for one in row)}\\n" for row in rows]
        return "".join(answers)
    lines = [line for line in text.split("\\n") if line]
    return "\\n".join('{"n":%d,"crc":%d}' % (len(one), zlib.crc32(one.encode())) for one in lines)

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.answer(200 if self.path == "/ping" else 404, b"")
    def do_POST(self):
        chunked = self.headers.get("Transfer-Encoding") == "chunked"
        body = self.chunks() if chunked else self.rfile.read(int(self.headers["Content-Length"]))
        if does == "framing":
            return self.answer(200, b"%s %d" % (b"chunked" if chunked else b"sized", len(body)))
        if does == "check":
            kind = self.headers["Content-Type"]
            time.sleep(zlib.crc32(body) % 4 / 1000)  # so that answers overtake one another
            if kind == "application/octet-stream":
                return self.answer(200, b"<%d:%08x>" % (len(body), zlib.crc32(body)), kind)
            return self.answer(200, checked(kind, body).encode(), kind)
        if does == "brackets":
            return self.answer(200, os.environ["NAME"].encode() + b"(" + body + b")")
        if does in ("flaky", "late") and body not in seen:
            seen.add(body)
            if does == "flaky":
                return self.answer(503, b"come again")
            ended.wait(60)
        self.answer(200, body)
    def chunks(self):
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)
    def answer(self, status, body, kind="text/plain"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass

signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", 8080))
ThreadingHTTPServer(("", port), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    base = "BASE=" + images.python_base()
    folder = tmp_path_factory.mktemp("transform-image")
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "server.py").write_text(SERVER)
    return images.build(IMAGE, folder, "--build-arg", base)


@pytest.fixture
def transforms(aws):
    return Transforms(aws)


@pytest.fixture
def job(aws, image, name):
    """Makes a model whose containers do something each; returns its name, for the job too."""

    def make(*does):
        made = name("transform-own")
        containers = [
            {
                "ContainerHostname": f"step-{i}",
                "Image": image,
                "Environment": {"DOES": one, "NAME": f"step-{i}"},
            }
            for i, one in enumerate(does)
        ]
        aws.sagemaker.create_model(ModelName=made, ExecutionRoleArn=ROLE, Containers=containers)
        return made

    return make


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def tf_record(data):
    length = struct.pack("<Q", len(data))
    return length + masked(length) + data + masked(data)


def record_io(data):
    """MXNet's framing; a magic number at a multiple of 4 in the data divides a record."""
    magic = struct.pack("<I", 0xCED7230A)
    words = [data[i : i + 4] for i in range(0, len(data), 4)]
    parts = [b""]
    for word in words:
        if word == magic:
            parts.append(b"")
        else:
            parts[-1] += word
    last = len(parts) - 1
    flags = [0] if last == 0 else [1, *[2] * (last - 1), 3]
    return b"".join(
        magic + struct.pack("<I", flag << 29 | len(part)) + part + bytes(-len(part) % 4)
        for flag, part in zip(flags, parts, strict=True)
    )


FRAMINGS = {"RecordIO": record_io, "TFRecord": tf_record}


def test_the_checksum_made_here_is_crc32c():
    assert crc32c(b"123456789") == 0xE3069283  # the polynomial's published check value


@pytest.mark.parametrize("split", FRAMINGS)
def test_records_that_are_not_framed_fail_their_object(transforms, job, split):
    made = job("echo")
    framed = FRAMINGS[split](b"good")
    transforms.put(f"{made}/in/a", framed + b"\x01" + framed)
    transforms.begin(made, made, content="application/octet-stream", split=split, assemble="None",
                     BatchStrategy="SingleRecord")

    job_ended = transforms.ended(made)

    assert job_ended["TransformJobStatus"] == "Failed"
    assert f"in/a: record 1 (bytes {len(framed)}" in job_ended["FailureReason"]
    assert f"The object is not {split}" in job_ended["FailureReason"]
    assert transforms.keys(f"{made}/out/") == []


@pytest.mark.parametrize(("mebibytes", "expected"), [(0, b"chunked"), (6, b"sized")])
def test_an_object_without_a_limit_goes_in_chunks(transforms, job, mebibytes, expected):
    made = job("framing")
    size = 5_000_000 if mebibytes else 20_000_000
    transforms.put(f"{made}/in/a", os.urandom(size))
    limits = {"MaxPayloadInMB": mebibytes}
    transforms.begin(made, made, content="application/octet-stream", split="None", assemble="None",
                     **limits)

    transforms.completed(made)

    assert transforms.get(f"{made}/out/a.out") == b"%s %d" % (expected, size)


def test_records_go_through_the_containers_of_a_pipeline_in_turn(transforms, job):
    made = job("brackets", "brackets", "brackets")
    transforms.put(f"{made}/in/a", "".join(f"{i}\n" for i in range(300)))
    transforms.begin(made, made, content="text/plain", BatchStrategy="SingleRecord",
                     MaxConcurrentTransforms=8)

    transforms.completed(made)

    expected = "".join(f"step-2(step-1(step-0({i})))\n" for i in range(300))
    assert transforms.get(f"{made}/out/a.out").decode() == expected


@pytest.mark.parametrize(
    ("does", "reason"),
    [("flaky", "come again"), ("late", "no answer within 1 seconds")],
)
@pytest.mark.parametrize("retries", [0, 1])
def test_what_fails_once_is_tried_again_as_often_as_said(transforms, job, does, reason, retries):
    made = job(does)
    transforms.put(f"{made}/in/a", "x\n")
    transforms.begin(made, made, content="text/plain", ModelClientConfig={
        "InvocationsTimeoutInSeconds": 1, "InvocationsMaxRetries": retries,
    })

    ended = transforms.ended(made)

    if retries:
        assert ended["TransformJobStatus"] == "Completed", ended
        assert transforms.get(f"{made}/out/a.out") == b"x\n"
    else:
        assert ended["TransformJobStatus"] == "Failed"
        assert reason in ended["FailureReason"]
        assert transforms.keys(f"{made}/out/") == []


def run(server, *arguments):
    return subprocess.run(
        [*command(), *arguments], env={**os.environ, "AWS_ENDPOINT_URL": server.url},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
    )


@pytest.fixture
def by_command(aws, server, transforms, name):
    """Runs `berth transform` over one object of its own; returns the job's name and the outcome."""

    def start(body, *more):
        made = aws.model(name("by-command"))
        transforms.put(f"{made}/in/a.csv", body)
        return made, run(
            server, "transform", made, f"s3://{DATA}/{made}/in/", f"s3://{DATA}/{made}/out",
            "--name", made, "--content-type", "text/csv", "--split", "Line", "--assemble", "Line",
            *more,
        )

    return start


def test_the_command_waits_and_says_what_was_done(transforms, by_command):
    made, done = by_command(CSV)

    assert done.returncode == 0, done.stderr
    assert made in done.stdout
    assert "1 object" in done.stdout
    scores = [float(line) for line in transforms.get(f"{made}/out/a.csv.out").split()]
    assert scores == pytest.approx(EXPECTED["blue"], abs=1e-5)


def test_the_command_tells_in_json(by_command):
    made, done = by_command(CSV, "--json")

    assert done.returncode == 0, done.stderr
    assert made in json.dumps(json.loads(done.stdout))


def test_the_command_of_a_failing_job_ends_with_1_and_the_reason(by_command):
    _, done = by_command(CSV + b"\nnot,a,number\n", "--strategy", "SingleRecord")

    assert done.returncode == 1
    assert "0 objects done and 1 failed" in done.stdout
    assert f"in/a.csv: record {len(ROWS)} (bytes " in done.stderr
