"""Batch transform of one large CSV: the embedded XGBoost, and a container beside direct requests and a boto3 loop.

The container is scorer.c with the very same model, so that its scores can be held against the embedded runtime's.
"""

import concurrent.futures
import contextlib
import csv
import http.client
import itertools
import os
import statistics
import time

import boto3
from botocore.config import Config

from . import berth, container, scorer
from .table import table, verdict

HEAP = 300
BAR = 0.95
MEBIBYTE = 1 << 20

# What requests are tried with, to find the container's best: MiB each, and how many at a time.
PAYLOADS = (1, 6, 16)
MORE_THAN_WORKERS = (0, 1, 2, 4)
PAYLOADS_OF_JOBS = (1, 6)

TURNS = 3

# InvokeEndpoint takes no more than 6 MiB.
LOOP_BYTES = 5_000_000


def run(setup, archive, example):
    with (example / "unseen.csv").open(encoding="utf-8") as file:
        rows = [",".join(line[2:]) for line in csv.reader(file)][1:]
    data = setup.data("transform")
    launcher = [setup.java, *setup.flags, f"-Xmx{HEAP}m", "-jar", setup.jar]
    obstacle = container.obstacle()
    if not obstacle:
        scorer.build(setup.work / "scorer", archive)
    with berth.server(launcher, data, setup.log) as server:
        api = server.api()
        api.upload_model(archive)
        api.create_model("embedded")
        large = Input.uploaded(api, "in/large.csv", rows, 64 if setup.is_quick else 1024)
        small = Input.uploaded(api, "in/small.csv", rows, 16 if setup.is_quick else 128)
        seconds, name = transform(api, "embedded", large, Settings(6, os.cpu_count()))
        measured = [("embedded XGBoost", large.words(), Settings(6, os.cpu_count()).words(), "",
                     f"{large.records / seconds:,.0f}", "", "", "")]
        scores = first_scores(api, name, large, rows)
        if not obstacle:
            with left_behind(data):
                for workers in sorted({1, os.cpu_count()}):
                    measured += beside(setup, server, workers, large, small, rows, scores)
        peak = peak_mebibytes(server.process.pid)
    text = table(("one object of text/csv", "size", "a job's requests", "direct requests", "a job, records/s", "direct, records/s", "job, × direct",
                  "boto3 loop, records/s"), measured)
    if obstacle:
        text += f"\n\nNo container was measured: {obstacle}."
    return f"## Batch transform\n\n{note(small)}\n\n{text}\n\n{memory(peak)}"


def note(small):
    return (
        "SplitType Line; the container scores rows by the same 120 trees as the embedded runtime, in C, so many requests "
        "at a time as it has workers. Direct requests come from memory, and nothing of them is written. Each has the size "
        f"and number of requests that were its best, of {PAYLOADS} MiB for direct ones and {PAYLOADS_OF_JOBS} for jobs, up "
        f"to {max(MORE_THAN_WORKERS)} more at a time than workers. Both take turns; the share is the median of the turns', {TURNS} of each, after a job of the whole size to warm up. "
        "With a worker for each core, what Berth itself takes of the cores the container does not have. "
        f"The loop is a Python client's: lines of the object, one InvokeEndpoint after another, {LOOP_BYTES:,} bytes each, "
        f"to an endpoint of the same image, and an upload; of {small.words()}, whatever the size. "
        f"The load average was {os.getloadavg()[0]:.1f} at the end.")


def memory(peak):
    return (f"The server ran with -Xmx{HEAP}m, the goal for 1 GiB, and did it all; its peak RSS was {peak} MiB, with "
            "what is not heap.")


class Input:
    """An object in S3, of rows over and over. block: once all rows."""

    def __init__(self, key, block, times, rows):
        self.key = key
        self.block = block
        self.records = times * rows
        self.size = times * len(block)

    @staticmethod
    def uploaded(api, key, rows, mebibytes):
        block = ("\n".join(rows) + "\n").encode()
        times = mebibytes * MEBIBYTE // len(block)
        api.connection.putrequest("PUT", f"/{berth.BUCKET}/{key}")
        for name, value in berth.signed_headers("s3").items():
            api.connection.putheader(name, value)
        api.connection.putheader("Content-Length", str(times * len(block)))
        api.connection.endheaders()
        many = block * 64
        for _ in range(times // 64):
            api.connection.send(many)
        api.connection.send(block * (times % 64))
        answer = api.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"PUT {key} answered {answer.status}: {body.decode()}")
        return Input(key, block, times, len(rows))

    def words(self):
        return f"{round(self.size / MEBIBYTE):,} MiB"


class Settings:
    """How large requests are, in MiB, and how many are sent at a time."""

    def __init__(self, payload, concurrent):
        self.payload = payload
        self.concurrent = concurrent

    def words(self):
        return f"{self.concurrent} of {self.payload} MiB"


def transform(api, model, of, settings):
    """Runs a job; returns the seconds that its instance was at work, and its name."""
    name = f"{model}-{time.monotonic_ns()}"
    api.sagemaker(
        "CreateTransformJob", TransformJobName=name, ModelName=model,
        MaxConcurrentTransforms=settings.concurrent, MaxPayloadInMB=settings.payload,
        TransformInput={"ContentType": "text/csv", "SplitType": "Line", "DataSource": {"S3DataSource": {
            "S3DataType": "S3Prefix", "S3Uri": f"s3://{berth.BUCKET}/{of.key}"}}},
        TransformOutput={"S3OutputPath": f"s3://{berth.BUCKET}/out/{name}", "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1})
    began = None
    while began is None and api.sagemaker("DescribeTransformJob", TransformJobName=name)["TransformJobStatus"] == "InProgress":
        if b'"in service"' in api.send("GET", f"/_berth/transform-jobs/{name}", None, {})[1]:
            began = time.time()
        else:
            time.sleep(0.02)
    while True:
        job = api.sagemaker("DescribeTransformJob", TransformJobName=name)
        if job["TransformJobStatus"] == "Completed":
            return job["TransformEndTime"] - (began or job["TransformStartTime"]), name
        if job["TransformJobStatus"] == "Failed":
            raise RuntimeError(f"{name} failed: {job.get('FailureReason')}")
        time.sleep(0.1)


def output_of(name, of):
    return f"/{berth.BUCKET}/out/{name}/{of.key.rsplit('/', 1)[1]}.out"


def first_scores(api, name, of, rows):
    """The scores of the rows, checked to come again at the end of the output, and nothing to be missing."""
    api.connection.request("GET", output_of(name, of), headers=berth.signed_headers("s3"))
    answer = api.connection.getresponse()
    lines, first, tail = 0, b"", b""
    while piece := answer.read(MEBIBYTE):
        lines += piece.count(b"\n")
        first = first if len(first) > MEBIBYTE else first + piece
        tail = (tail + piece)[-MEBIBYTE:]
    scores = [float(line) for line in first.split(b"\n")[:len(rows)]]
    again = [float(line) for line in tail.split(b"\n")[-len(rows) - 1:-1]]
    if lines != of.records or max(abs(a - b) for a, b in zip(scores, again, strict=True)) > 1e-5:
        raise RuntimeError(f"{name} wrote {lines} lines of {of.records}, or not in their order")
    return scores


def beside(setup, server, workers, of, small, rows, scores):
    """A job, direct requests and a loop, with containers of so many workers."""
    api = server.api()
    model = f"own-{workers}"
    api.sagemaker("CreateModel", ModelName=model, ExecutionRoleArn=berth.ROLE, PrimaryContainer={
        "Image": scorer.IMAGE, "Environment": {"WORKERS": str(workers)}})
    alone = container.docker("run", "--detach", "--env", f"WORKERS={workers}", scorer.IMAGE, "serve")[0]
    try:
        host = container.address(alone)
        wait_for(host)
        best = search(setup, host, small, workers)
        _, name = transform(api, model, small, Settings(6, workers + 1))
        transform(api, model, of, Settings(6, workers + 1))  # warms up
        own = search_of_jobs(api, model, small, workers)
        held = first_scores(api, name, small, rows)
        if max(abs(a - b) for a, b in zip(held, scores, strict=True)) > 1e-5:
            raise RuntimeError("the container does not score as the embedded runtime does")
        jobs, direct, shares = [], [], []
        for _ in range(TURNS):
            before = drive(host, small, best, small.records)
            seconds, _ = transform(api, model, of, own)
            after = drive(host, small, best, small.records)
            jobs.append(of.records / seconds)
            direct.append(statistics.mean((before, after)))
            shares.append(jobs[-1] / direct[-1])
    finally:
        container.docker("rm", "--force", alone)
    looped = loop(server, model, small)
    share = statistics.median(shares)
    yield (f"a container, {workers} worker{'s' if workers > 1 else ''}", of.words(), own.words(), best.words(),
           f"{statistics.median(jobs):,.0f}", f"{statistics.median(direct):,.0f}",
           f"{share:.2f} (≥ {BAR}: {verdict(share >= BAR)})", f"{looped:,.0f}")


def search(setup, host, of, workers):
    """Returns the settings with which direct requests are fastest."""
    tried = [Settings(payload, workers + more) for payload, more in itertools.product(PAYLOADS, MORE_THAN_WORKERS)]
    count = of.records // (8 if setup.is_quick else 4)
    drive(host, of, tried[0], count)  # warms up
    return max(tried, key=lambda settings: drive(host, of, settings, count))


def search_of_jobs(api, model, of, workers):
    """Returns the settings with which a job is fastest."""
    tried = [Settings(payload, workers + more) for payload in PAYLOADS_OF_JOBS for more in MORE_THAN_WORKERS[1:]]
    return min(tried, key=lambda settings: transform(api, model, of, settings)[0])


def drive(host, of, settings, records):
    """Sends requests of so many records in all, some at a time; returns the records a second."""
    times = settings.payload * MEBIBYTE // len(of.block)
    request = of.block * times
    per_block = of.records // (of.size // len(of.block))
    count = max(settings.concurrent, round(records / (times * per_block)))
    left = iter(range(count))

    def send(_):
        connection = http.client.HTTPConnection(host, container.PORT, timeout=300)
        for _ in left:
            connection.request("POST", "/invocations", request, {"Content-Type": "text/csv"})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200 or body.count(b"\n") != times * per_block:
                raise RuntimeError(f"the container answered {answer.status}, {len(body)} bytes")
        connection.close()

    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(settings.concurrent) as threads:
        list(threads.map(send, range(settings.concurrent)))
    return count * times * per_block / (time.monotonic() - began)


def loop(server, model, of):
    """What is written where there is no batch transform; returns the records a second."""
    session = boto3.Session("AKIAIOSFODNN7EXAMPLE", "secret", region_name="us-east-1")
    url = f"http://127.0.0.1:{server.port}"
    s3 = session.client("s3", endpoint_url=url, config=Config(s3={"addressing_style": "path"}))
    runtime = session.client("sagemaker-runtime", endpoint_url=url)
    api = server.api()
    api.create_config(model, model)
    api.create_endpoint(model, model)
    answers, lines, length = [], [], 0

    def ask():
        answer = runtime.invoke_endpoint(EndpointName=model, ContentType="text/csv", Body=b"\n".join(lines))
        answers.append(answer["Body"].read())

    began = time.monotonic()
    for line in s3.get_object(Bucket=berth.BUCKET, Key=of.key)["Body"].iter_lines():
        if length + len(line) + 1 > LOOP_BYTES:
            ask()
            lines, length = [], 0
        lines.append(line)
        length += len(line) + 1
    ask()
    out = b"".join(answers)
    s3.put_object(Bucket=berth.BUCKET, Key=f"looped/{model}", Body=out)
    seconds = time.monotonic() - began
    if out.count(b"\n") != of.records:
        raise RuntimeError("the loop lost records")
    api = server.api()  # on a new connection: the first has been idle for long
    api.sagemaker("DeleteEndpoint", EndpointName=model)
    while model in [endpoint["EndpointName"] for endpoint in api.sagemaker("ListEndpoints")["Endpoints"]]:
        time.sleep(0.05)
    return of.records / seconds


@contextlib.contextmanager
def left_behind(data):
    """Removes what is left of the server's containers, were it to fail before it has done so."""
    try:
        yield
    finally:
        left = container.ids(data) if (data / "installation").exists() else []
        if left:
            container.docker("rm", "--force", *left)


def wait_for(host):
    for _ in range(600):
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection(host, container.PORT, timeout=5)
            connection.request("GET", "/ping")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise RuntimeError(f"{host} does not answer /ping")


def peak_mebibytes(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) >> 10
