"""Thousands of embedded XGBoost models behind one endpoint that has room for a tenth of them."""

import concurrent.futures
import contextlib
import gzip
import io
import itertools
import json
import random
import re
import statistics
import subprocess
import tarfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from . import berth, processes, wrk
from .setup import ROOT
from .table import table, verdict

MODELS = ROOT / "compat/models"
PREFIX = "many"
CONNECTIONS = 16
CLIENTS = 4
CPU_BAR = 1.10
LEAK_BAR = 1.10
RESIDENT_BAR = 1.15
LOAD_SECONDS = 900


@dataclass(frozen=True)
class Size:
    models: int
    room: int
    zipf_seconds: int
    cold: int
    hits: int
    rounds: int
    round_seconds: int
    warm_up: int
    cycles: int


FULL = Size(10_000, 1_000, 60, 1_000, 5_000, 7, 3, 5, 50)
QUICK = Size(1_000, 100, 5, 200, 1_000, 3, 1, 5, 10)


def run(setup):
    size = QUICK if setup.is_quick else FULL
    expected = json.loads((MODELS / "expected.json").read_text(encoding="utf-8"))
    row = ",".join(map(str, expected["rows"][0]))
    with berth.server(setup.launcher, setup.data("multi-model"), setup.log) as server:
        bench = Bench(setup, server, size, row, expected["blue"][0])
        bench.upload()
        parts = [bench.load(), bench.leak()]
    heading = (f"## Multi-model endpoints\n\n{size.models:,} small XGBoost models behind one embedded endpoint, with room "
               f"for {size.room:,} of them in memory.")
    return "\n\n".join((heading, *parts))


def archive(source, which):
    """A model.tar.gz of a model that predicts `which` eighths more than its number 0."""
    model = json.loads(source)
    model["learner"]["learner_model_param"]["base_score"] = f"[{0.5 + which / 8}]"
    content = json.dumps(model, separators=(",", ":")).encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo("xgboost-model")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return gzip.compress(out.getvalue(), 1)


def target(which):
    return "" if which is None else f"m{which}.tar.gz"


def percentiles(millis):
    cuts = statistics.quantiles(millis, n=100)
    return f"{cuts[49]:.2f} ms", f"{cuts[98]:.2f} ms"


@dataclass(frozen=True)
class Memory:
    """A server's, after a collection, in MiB."""

    resident: float
    heap: float
    native: float


def resident_outside(pid, ranges):
    """MiB that a process has resident outside of address ranges. Committed heap needn't be resident: RSS less it lies."""
    total, counts = 0, False
    for line in Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8").splitlines():
        mapping = re.match(r"([0-9a-f]+)-[0-9a-f]+ ", line)
        if mapping:
            start = int(mapping[1], 16)
            counts = not any(low <= start < high for low, high in ranges)
        elif counts and line.startswith("Rss:"):
            total += int(line.split()[1])
    return total / 1024


class Bench:
    def __init__(self, setup, server, size, row, first_answer):
        self.setup, self.server, self.size, self.row = setup, server, size, row
        self.first_answer = first_answer
        self.numbers = itertools.count()
        self.headers = wrk.write_headers(setup.work / "multi-model", berth.invoke_headers())

    def upload(self):
        api = self.server.api()
        api.send("PUT", f"/{berth.BUCKET}", b"", berth.signed_headers("s3"))
        source = (MODELS / "blue.json").read_text(encoding="utf-8")

        def put(api, which):
            status, answer = api.send("PUT", f"/{berth.BUCKET}/{PREFIX}/{target(which)}", archive(source, which),
                                      berth.signed_headers("s3"))
            if status != 200:
                raise RuntimeError(f"PUT {target(which)} answered {status}: {answer.decode()}")

        self.in_parallel(put, range(self.size.models))

    def in_parallel(self, call, numbers):
        """Calls `call(api, number)` from several clients, which take turns with the numbers."""

        def client(first):
            api = self.server.api()
            for number in numbers[first::CLIENTS]:
                call(api, number)
            api.connection.close()

        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as threads:
            list(threads.map(client, range(CLIENTS)))

    def deploy(self, api, **container):
        name = f"endpoint-{next(self.numbers)}"
        api.sagemaker("CreateModel", ModelName=name, ExecutionRoleArn=berth.ROLE,
                      PrimaryContainer={"Image": berth.IMAGE, **container})
        api.create_config(name, name)
        api.create_endpoint(name, name)
        return name

    def deploy_many(self, api, room):
        return self.deploy(api, Mode="MultiModel", ModelDataUrl=f"s3://{berth.BUCKET}/{PREFIX}/",
                           Environment={"BERTH_MULTI_MODEL_MEMORY_BYTES": str(room)} if room else {})

    def delete(self, name):
        api = self.server.api()  # a new connection: an older one may have been idle for long
        api.sagemaker("DeleteEndpoint", EndpointName=name)
        deadline = time.monotonic() + 60
        while name in [one["EndpointName"] for one in api.sagemaker("ListEndpoints")["Endpoints"]]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} is not deleted after 60 s")
            time.sleep(0.05)

    def ask(self, api, endpoint, which):
        """Invokes one model and sees that it was this one; returns the milliseconds."""
        headers = {**berth.invoke_headers(), "X-Amzn-SageMaker-Target-Model": target(which)}
        began = time.perf_counter()
        status, body = api.send("POST", f"/endpoints/{endpoint}/invocations", self.row, headers)
        millis = (time.perf_counter() - began) * 1000
        if status != 200 or abs(float(body) - self.first_answer - which / 8) > 0.001:
            raise RuntimeError(f"{target(which)} answered {status}: {body.decode()}")
        return millis

    def view(self, endpoint):
        status, body = self.server.api().send("GET", f"/_berth/endpoints/{endpoint}", None, {})
        if status != 200:
            raise RuntimeError(f"the view of {endpoint} answered {status}: {body.decode()}")
        return json.loads(body)["instances"][0]["models"]

    def bytes_for_one(self):
        """What the cache counts for one of the models, which are all alike."""
        api = self.server.api()
        name = self.deploy_many(api, None)
        self.ask(api, name, 0)
        needed = self.view(name)["usedBytes"]
        self.delete(name)
        return needed

    def wrk(self, endpoint, targets, seconds, is_enough=None):
        file = self.setup.work / "targets"
        file.write_text("".join(f"{target(which)}\n" for which in targets), encoding="utf-8")
        return wrk.load(f"http://127.0.0.1:{self.server.port}/endpoints/{endpoint}/invocations", self.headers,
                        self.server.process, CONNECTIONS, seconds, "models.lua", is_enough, TARGET_FILE=str(file),
                        BODY=self.row)

    @contextlib.contextmanager
    def most_resident(self):
        """Gives a list whose one number is, at the end, the most MiB that were resident meanwhile."""
        most, is_over = [0], threading.Event()

        def watch():
            while not is_over.wait(0.1):
                most[0] = max(most[0], processes.resident_mebibytes(self.server.process))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield most
        finally:
            is_over.set()
            watcher.join()

    def without_models(self):
        """What the server takes under the same load, of one model on an endpoint of its own: MiB resident at most."""
        single = self.deploy(self.server.api(), ModelDataUrl=f"s3://{berth.BUCKET}/{PREFIX}/{target(1)}")
        with self.most_resident() as most:
            self.wrk(single, [None], max(2, self.size.zipf_seconds // 4))
        self.delete(single)
        return most[0]

    def load(self):
        size = self.size
        self.room = self.bytes_for_one() * size.room
        before = self.memory()
        needed = self.without_models()
        api = self.server.api()
        many = self.deploy_many(api, self.room)
        cold = [self.ask(api, many, which) for which in range(size.cold)]
        last = size.cold - 1
        hits = [self.ask(api, many, last) for _ in range(size.hits)]

        rows = [("a model's first request", f"{len(cold):,}", "", *percentiles(cold)),
                ("a loaded model's request", f"{len(hits):,}", "", *percentiles(hits))]
        ranks = range(size.models)
        drawn = random.Random(1).choices(
            random.Random(2).sample(ranks, size.models), [1 / (rank + 1) for rank in ranks], k=100_000)
        self.wrk(many, drawn[50_000:], max(2, size.zipf_seconds // 4))
        earlier = self.view(many)
        with self.most_resident() as most:
            zipf = self.wrk(many, drawn, size.zipf_seconds)
        view = self.view(many)
        asked = [view[key] - earlier[key] for key in ("hits", "misses")]
        if view["failures"]:
            raise RuntimeError(f"{view['failures']} loads failed: {view['lastError']}")
        rows.append((f"Zipf (s = 1), {CONNECTIONS} connections, {asked[0] / sum(asked):.1%} hits, 0 errors",
                     f"{zipf.requests:,}", f"{zipf.per_second:,.0f}", f"{zipf.p50:.2f} ms", f"{zipf.p99:.2f} ms"))
        after = self.memory()
        room = self.room / 2**20
        waited = [view["metrics"]["ModelLoadingWaitTime"][key] - earlier["metrics"]["ModelLoadingWaitTime"][key]
                  for key in ("sum", "sampleCount")]
        held = (f"Of the Zipf load's requests, {waited[1]:,} waited for their model to be loaded, "
                f"{waited[0] / max(1, waited[1]) / 1000:.1f} ms on average, with others.\n\n"
                f"Room for {size.room:,}: {room:.1f} MiB (`BERTH_MULTI_MODEL_MEMORY_BYTES`), of which "
                f"{view['usedBytes'] / 2**20:.1f} are counted for the {view['loadedModelCount']:,} that were there at "
                f"the end; the heap holds {after.heap - before.heap:.1f} MiB more than before the first, with the index "
                f"of {size.models:,} staged archives. The budget for RSS is this room and what the server takes "
                f"without it: the most that it had resident under the same load on an endpoint with one model, "
                f"{needed:.0f} MiB. The most under the Zipf load: {most[0]:.0f} MiB, "
                f"{most[0] / (needed + room):.2f} of the budget "
                f"(≤ {RESIDENT_BAR}: {verdict(most[0] <= RESIDENT_BAR * (needed + room))}).")
        cpu = self.cpu(many)
        self.delete(many)
        return "\n\n".join((table(("one row of CSV", "requests", "requests/s", "p50", "p99"), rows), held, cpu))

    def cpu(self, many):
        """CPU time of a hit beside that of the same model on an endpoint of its own."""
        single = self.deploy(self.server.api(), ModelDataUrl=f"s3://{berth.BUCKET}/{PREFIX}/{target(1)}")
        seen = {many: [], single: []}
        for turn in range(self.size.rounds + 2):
            for name, loads in seen.items():
                load = self.wrk(name, [1 if name == many else None], self.size.round_seconds)
                if turn > 1:  # the first ones warm up
                    loads.append(load.cpu_micros)
        ratio = statistics.median(a / b for a, b in zip(seen[many], seen[single], strict=True))
        self.delete(single)
        return (f"CPU of a hit: {statistics.median(seen[many]):.1f} µs; of the same model on an endpoint of its own "
                f"{statistics.median(seen[single]):.1f} µs; median of {self.size.rounds} rounds' ratios {ratio:.2f} "
                f"(≤ {CPU_BAR}: {verdict(ratio <= CPU_BAR)}).")

    def leak(self):
        size = self.size
        fresh = self.memory()
        self.cycle(size.warm_up)  # code, buffers and the heap have their sizes afterwards
        before = self.memory()
        load, view = self.cycle(size.cycles)
        after = self.memory()
        rows = [(what, *(f"{one:.1f} MiB" for one in (a, b, c)), f"{c / b:.2f}", verdict(c <= LEAK_BAR * b))
                for what, a, b, c in (
                    ("RSS outside of the heap", fresh.native, before.native, after.native),
                    ("RSS", fresh.resident, before.resident, after.resident),
                    ("heap used", fresh.heap, before.heap, after.heap))]
        return (f"All {size.models:,} models in turn, {size.cycles} times, with room for {size.room:,}: "
                f"{view['loads']:,} loads from the disk and {view['evictions']:,} evictions, 0 errors, "
                f"{load.per_second:,.0f}/s, p50 {load.p50:.1f} ms and p99 {load.p99:.1f} ms over {CONNECTIONS} "
                f"connections, {load.cpu_micros:.0f} µs of CPU each. Then the endpoint is deleted and the JVM "
                f"collects. {size.warm_up} cycles and a deletion before it are the warm-up; the figure before those "
                "stands beside. XGBoost models are on the heap, so one that stays shows there; outside of it are "
                "buffers, threads and code.\n\n") + table(
                    ("", "before the warm-up", "start", "after", "after / start", f"≤ {LEAK_BAR}"), rows)

    def cycle(self, times):
        """Has every model loaded so often; nearly each request finds its model gone, as nine in ten others were."""
        name = self.deploy_many(self.server.api(), self.room)
        loads = times * self.size.models
        load = self.wrk(name, range(self.size.models), LOAD_SECONDS, lambda: self.view(name)["loads"] >= loads)
        view = self.view(name)
        self.delete(name)
        if view["failures"]:
            raise RuntimeError(f"{view['failures']} loads failed: {view['lastError']}")
        if view["loads"] < loads or view["hits"] > 0:
            raise RuntimeError(f"{view['loads']} loads and {view['hits']} hits are not {loads} loads")
        return load, view

    def memory(self):
        self.jcmd("GC.run")
        self.jcmd("GC.run")
        info = self.jcmd("GC.heap_info")
        used = re.findall(r"total \d+K, used (\d+)K", info)
        ranges = re.findall(r"total .*\[0x(\w+), 0x\w+, 0x(\w+)\)", info)
        if not used or len(ranges) != len(used):
            raise RuntimeError(f"jcmd GC.heap_info says something else than the serial collector's sizes:\n{info}")
        heap = [(int(start, 16), int(end, 16)) for start, end in ranges]
        return Memory(processes.resident_mebibytes(self.server.process), sum(map(int, used)) / 1024,
                      resident_outside(self.server.process.pid, heap))

    def jcmd(self, command):
        return subprocess.run([Path(self.setup.java).with_name("jcmd"), str(self.server.process.pid), command],
                              capture_output=True, text=True, check=True, timeout=60).stdout
