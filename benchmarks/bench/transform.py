"""Batch transform of one large CSV: the embedded XGBoost, and a container beside direct requests to it.

The container is any image that takes text/csv and trains as examples/own-container does; its name is
in BERTH_BENCH_IMAGE. Without one its part is left out, and says so.
"""

import concurrent.futures
import csv
import http.client
import os
import subprocess
import tarfile
import time

from . import berth, container
from .table import table, verdict

HEAP = 300
BAR = 0.95
PAYLOAD = 6 << 20
CONCURRENT = 2


def run(setup, archive, example):
    with (example / "unseen.csv").open(encoding="utf-8") as file:
        rows = [",".join(line[2:]) for line in csv.reader(file)][1:]
    mebibytes = 64 if setup.is_quick else 1024
    launcher = [setup.java, f"-Xmx{HEAP}m", *setup.launcher[1:]]
    measured = []
    with berth.server(launcher, setup.data("transform"), setup.log) as server:
        api = server.api()
        api.upload_model(archive)
        api.create_model("embedded")
        records, size = upload(api, "in/rows.csv", rows, mebibytes)
        seconds = transform(api, "embedded", "in/rows.csv")
        measured.append(("embedded XGBoost", f"{size >> 20} MiB", f"{records / seconds:,.0f}", "", ""))
        image = os.environ.get("BERTH_BENCH_IMAGE")
        obstacle = container.obstacle() if image else "BERTH_BENCH_IMAGE names none"
        if not obstacle:
            measured += beside(api, setup, image, example, rows, mebibytes // 16)
        peak = peak_mebibytes(server.process.pid)
    text = table(("one object of text/csv", "size", "records/s", "direct requests", "share of them"), measured)
    note = (f"SplitType Line, {CONCURRENT} requests at a time. The server has {HEAP} MiB of heap (the goal for 1 GiB); "
            f"its peak RSS was {peak} MiB. Direct requests are as large and as many, from memory, with nothing read "
            f"from or written to S3. The goal is {BAR:.0%} of them.")
    if obstacle:
        note += f" No container: {obstacle}."
    return f"## Batch transform\n\n{note}\n\n{text}"


def upload(api, key, rows, mebibytes):
    block = ("\n".join(rows) + "\n").encode()
    times = (mebibytes << 20) // len(block)
    api.connection.putrequest("PUT", f"/{berth.BUCKET}/{key}")
    for name, value in berth.signed_headers("s3").items():
        api.connection.putheader(name, value)
    api.connection.putheader("Content-Length", str(times * len(block)))
    api.connection.endheaders()
    for _ in range(times):
        api.connection.send(block)
    answer = api.connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"PUT {key} answered {answer.status}: {body.decode()}")
    return times * len(rows), times * len(block)


def transform(api, model, key):
    """Runs a job and returns the seconds from the start of its instances' work to its end."""
    name = f"{model}-{time.monotonic_ns()}"
    api.sagemaker(
        "CreateTransformJob", TransformJobName=name, ModelName=model, MaxConcurrentTransforms=CONCURRENT,
        MaxPayloadInMB=PAYLOAD >> 20,
        TransformInput={"ContentType": "text/csv", "SplitType": "Line", "DataSource": {"S3DataSource": {
            "S3DataType": "S3Prefix", "S3Uri": f"s3://{berth.BUCKET}/{key}"}}},
        TransformOutput={"S3OutputPath": f"s3://{berth.BUCKET}/out/{name}", "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1})
    began = None
    while True:
        status, body = api.send("GET", f"/_berth/transform-jobs/{name}", None, {})
        if began is None and b'"in service"' in body:
            began = time.monotonic()
        job = api.sagemaker("DescribeTransformJob", TransformJobName=name)
        if job["TransformJobStatus"] == "Completed":
            if began is None:
                return job["TransformEndTime"] - job["TransformStartTime"]
            return time.monotonic() - began
        if job["TransformJobStatus"] == "Failed" or status != 200:
            raise RuntimeError(f"{name} failed: {job.get('FailureReason')}")
        time.sleep(0.02)


def beside(api, setup, image, example, rows, mebibytes):
    """The job and direct requests to a container of the same image, in turn."""
    folder = setup.work / "own-model"
    folder.mkdir()
    container.docker("run", "--rm", "--volume", f"{example}:/opt/ml/input/data/training:ro",
                     "--volume", f"{folder}:/opt/ml/model", image, "train")
    own = setup.work / "own-model.tar.gz"
    with tarfile.open(own, "w:gz") as tar:
        tar.add(folder, arcname=".")
    api.send("PUT", f"/{berth.BUCKET}/own/model.tar.gz", own.read_bytes(), berth.signed_headers("s3"))
    api.sagemaker("CreateModel", ModelName="own", ExecutionRoleArn=berth.ROLE, PrimaryContainer={
        "Image": image, "ModelDataUrl": f"s3://{berth.BUCKET}/own/model.tar.gz"})
    records, size = upload(api, "own/rows.csv", rows, mebibytes)
    block = ("\n".join(rows) + "\n").encode()
    request = block * max(1, PAYLOAD // len(block))
    alone = container.docker("run", "--detach", "--volume", f"{folder}:/opt/ml/model:ro", image, "serve")[0]
    try:
        host = container.address(alone)
        wait_for(host)
        seconds, direct = [], []
        for _ in range(3):
            seconds.append(transform(api, "own", "own/rows.csv"))
            direct.append(drive(host, request, max(1, size // len(request))) / (len(request) // len(block) * len(rows)))
    finally:
        container.docker("rm", "--force", alone)
    job_rate = records / min(seconds)
    direct_rate = 1 / min(direct)
    share = job_rate / direct_rate
    return [("a container (scikit-learn, Flask)", f"{size >> 20} MiB", f"{job_rate:,.0f}", f"{direct_rate:,.0f}",
             f"{share:.0%}, {verdict(share >= BAR)}")]


def wait_for(host):
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection(host, container.PORT, timeout=5)
            connection.request("GET", "/ping")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{host} does not answer /ping")


def drive(host, request, count):
    """Sends `count` requests, some at a time; returns the seconds for one."""

    def send(_):
        connection = http.client.HTTPConnection(host, container.PORT, timeout=300)
        connection.request("POST", "/invocations", request, {"Content-Type": "text/csv"})
        answer = connection.getresponse()
        if answer.status != 200 or not answer.read():
            raise RuntimeError(f"the container answered {answer.status}")

    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(CONCURRENT) as threads:
        list(threads.map(send, range(count)))
    return (time.monotonic() - began) / count


def peak_mebibytes(pid):
    status = subprocess.run(["grep", "VmHWM", f"/proc/{pid}/status"], capture_output=True, text=True, check=True)
    return int(status.stdout.split()[1]) >> 10
