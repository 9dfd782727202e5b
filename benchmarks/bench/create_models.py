"""Durable CreateModel, 32 clients at a time, beside what the disk does alone."""

import json
import os
import statistics
import time

from . import berth, wrk
from .table import table, verdict

CLIENTS = 32


def fsyncs_per_second(folder, seconds):
    """Appends of 4 KiB, each on disk before the next."""
    file = os.open(folder / "fsync", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    block = b"x" * 4096
    count, began = 0, time.monotonic()
    try:
        while time.monotonic() - began < seconds:
            os.write(file, block)
            os.fdatasync(file)
            count += 1
        return count / (time.monotonic() - began)
    finally:
        os.close(file)
        os.unlink(folder / "fsync")


def run(setup, archive):
    body = json.dumps({
        "ModelName": "MODEL_NAME", "ExecutionRoleArn": berth.ROLE,
        "PrimaryContainer": {"Image": berth.IMAGE, "ModelDataUrl": berth.MODEL_URL}})
    requests = wrk.write_requests(setup.work / "create-model", berth.api_headers("CreateModel"), [body])
    seconds = 3 if setup.is_quick else 5
    loads, fsyncs = [], []
    with berth.server(setup.launcher, setup.data("create"), setup.log) as server:
        server.api().upload_model(archive)
        for turn in range(4):  # the first one warms up
            fsyncs.append(fsyncs_per_second(setup.work, 1))
            loads.append(wrk.load(
                f"http://127.0.0.1:{server.port}/", requests, server.process, CLIENTS, seconds,
                "create-model.lua", RUN_NAME=f"run{turn}"))
    loads = loads[1:]
    rate = statistics.median(load.per_second for load in loads)
    disk = statistics.median(fsyncs)
    text = table(
        ("CreateModel, 32 clients", "per second", "p50", "p99", "CPU each", "fsync/s of the disk", "≥ 1,000/s"),
        [("on SQLite, on disk before the answer", f"{rate:,.0f}",
          f"{statistics.median(load.p50 for load in loads):.1f} ms",
          f"{statistics.median(load.p99 for load in loads):.1f} ms",
          f"{statistics.median(load.cpu_micros for load in loads):.0f} µs",
          f"{disk:,.0f}", verdict(rate >= 1000))])
    note = (f"Median of 3 rounds of {seconds} s after one to warm up. Each request names model data that the "
            "server looks for in the object store. fsync/s: appends of 4 KiB, one after another.")
    return f"## CreateModel\n\n{note}\n\n{text}"
