"""Single rows to the same XGBoost model, embedded in Berth and behind gunicorn and Flask."""

import csv
import os
import statistics
import tarfile
import urllib.request

from . import berth, processes, wrk
from .table import table, verdict

WORKERS = 2
BAR = 10


def run(setup, archive, venv, peer_folder, unseen):
    with unseen.open(encoding="utf-8") as file:
        # without the truth, Python's prediction and the head
        rows = [",".join(line[2:]) for line in csv.reader(file)][1:]
    model = setup.work / "model.json"
    with tarfile.open(archive) as tar:
        model.write_bytes(tar.extractfile("xgboost-model").read())
    peer_port = processes.free_port()
    log = setup.work / "peer.log"
    gunicorn = [venv / "bin/gunicorn", "--workers", WORKERS, "--worker-class", "gthread", "--threads", 16,
                "--bind", f"127.0.0.1:{peer_port}", "--keep-alive", 60, "app:app"]
    with berth.server(setup.launcher, setup.data("invoke"), setup.log) as server, \
            processes.running(gunicorn, log, cwd=peer_folder,
                              env={**os.environ, "MODEL_FILE": str(model), "PYTHONDONTWRITEBYTECODE": "1"}) as peer:
        api = server.api()
        api.upload_model(archive)
        api.create_model("model")
        api.create_config("config", "model")
        api.create_endpoint("endpoint", "config")
        processes.wait_until_ok(f"http://127.0.0.1:{peer_port}/ping", peer, log, pause=0.1)
        peer_url = f"http://127.0.0.1:{peer_port}/invocations"
        apart = max(abs(float(api.invoke("endpoint", row)) - float(ask(peer_url, row))) for row in rows)
        if not apart <= 1e-5:
            raise RuntimeError(f"the two predict differently, by {apart}")

        sides = {
            "Berth, embedded": (
                f"http://127.0.0.1:{server.port}/endpoints/endpoint/invocations",
                wrk.write_requests(setup.work / "invoke", berth.invoke_headers(), rows), server.process),
            f"gunicorn + Flask, {WORKERS} workers": (
                peer_url, wrk.write_requests(setup.work / "invoke-peer", {"Content-Type": "text/csv"}, rows), peer),
        }
        endpoint_times = deploy_times(api, setup)
        measured = [row for connections in (1, 32) for row in compare(sides, connections, setup.is_quick)]
        held = {name: processes.resident_mebibytes(process) for name, (_, _, process) in sides.items()}
    text = table(
        ("one row of text/csv", "connections", "requests/s", "p50", "p99", "CPU each", "throughput, times the peer's"),
        measured)
    text += "\n\n" + table(("after the load", "RSS"), [(name, f"{size:.0f} MiB") for name, size in held.items()])
    note = (f"The {len(rows)} rows that the model has not seen, in turn; the two predict the same to {apart:.0e}. "
            f"Rounds alternate between the two; medians of {rounds(setup.is_quick)} rounds of {span(setup.is_quick)} s "
            "after one of each to warm up. Berth gets the headers that an SDK sends, the peer only a content type. "
            f"The goal is {BAR} times the peer's throughput at 32 connections.")
    return f"## InvokeEndpoint\n\n{note}\n\n{text}\n\n{endpoint_times}"


def rounds(is_quick):
    return 2 if is_quick else 5


def span(is_quick):
    return 2 if is_quick else 4


def ask(url, row):
    request = urllib.request.Request(url, row.encode(), {"Content-Type": "text/csv"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def compare(sides, connections, is_quick):
    loads = {name: [] for name in sides}
    for _ in range(rounds(is_quick) + 1):
        for name, (url, requests, process) in sides.items():
            loads[name].append(wrk.load(url, requests, process, connections, span(is_quick)))
    medians = {}
    for name, seen in loads.items():
        medians[name] = [statistics.median(getattr(load, of) for load in seen[1:])
                         for of in ("per_second", "p50", "p99", "cpu_micros")]
    peer = list(sides)[-1]
    for name, (rate, p50, p99, cpu) in medians.items():
        ratio = rate / medians[peer][0]
        judged = "1" if name == peer else f"{ratio:.1f}" + (
            f", {verdict(ratio >= BAR)}" if connections == 32 else "")
        yield (name, connections, f"{rate:,.0f}", f"{p50:.2f} ms", f"{p99:.2f} ms", f"{cpu:,.0f} µs", judged)


def deploy_times(api, setup):
    times = []
    for turn in range(20):
        name = f"deploy-{turn}"
        times.append(api.create_endpoint(name, "config"))
        api.sagemaker("DeleteEndpoint", EndpointName=name)
    median, longest = statistics.median(times), max(times)
    return "## CreateEndpoint\n\nPolled every 5 ms.\n\n" + table(
        ("CreateEndpoint to InService, artifact staged", "median of 20", "longest", "≤ 1 s"),
        [("embedded XGBoost", f"{median * 1000:.0f} ms", f"{longest * 1000:.0f} ms", verdict(median <= 1))])
