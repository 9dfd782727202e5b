"""Invocations of a container: through Berth's gateway, through nginx, and straight to it."""

import contextlib
import json
import os
import statistics
import subprocess
import time
from dataclasses import dataclass

from . import berth, container, nginx, processes, wrk
from .table import table, verdict

PATH = "/endpoints/endpoint/invocations"
BERTH, NGINX, DIRECT = "Berth", "nginx", "direct"
WORKERS = 1
HEALTHY_AFTER_MILLIS = 1_000
START_BAR_MILLIS = 300

# Of the server's CPU time: above it the JVM is still warming up. Twice in a row, as the compilers also pause before
# what has been called often enough gets its last compilation.
MAX_COMPILING = 0.03
QUIET_LOADS = 2

LONG_BODY_BYTES = 1_000_000

# More than the gateway may hold back, and far less than the bodies that are under way.
FLAT_MEBIBYTES = 32


@dataclass(frozen=True)
class Case:
    """A load. bar: of the gateway's CPU time for a request over nginx's, or None."""

    name: str
    body_bytes: int
    connections: int
    bar: float | None


CASES = (
    Case("1 KB", 1_000, 1, 1.25),
    Case("1 KB", 1_000, 32, 1.25),
    Case("1 KB", 1_000, 256, 1.25),
    Case("5 MB", 5_000_000, 8, 0.8),
    Case("25 MB", 25_000_000, 8, None),
)


@dataclass(frozen=True)
class Side:
    """One of what is compared. process: the proxy, or None where there is none."""

    url: str
    process: subprocess.Popen | None


def run(setup):
    obstacle = container.obstacle() or nginx.obstacle()
    if obstacle:
        return f"## The gateway in front of a container\n\nNot measured: {obstacle}."
    explained = note(setup)
    container.build(setup.work / "image")
    data = setup.data("gateway")
    with berth.server(setup.launcher, data, setup.log) as server, containers_of(data):
        deploy(server.api(), "endpoint", {})
        try:
            origin = f"{container.address(*container.ids(data))}:{container.PORT}"
            with nginx.proxy(setup.work / "nginx", origin, WORKERS) as (process, port):
                loads = measure(setup, {
                    BERTH: Side(f"http://127.0.0.1:{server.port}{PATH}", server.process),
                    NGINX: Side(f"http://127.0.0.1:{port}{PATH}", process),
                    DIRECT: Side(f"http://{origin}{PATH}", None),
                })
            started = start_times(server.api(), 3 if setup.is_quick else 10)
        finally:
            delete(server.api(), "endpoint")  # on a new connection: the first has been idle for long
    return "\n\n".join(("## The gateway in front of a container", explained, loads, started))


def note(setup):
    return (
        "The very same POST, with the headers of an SDK, to one container on the Docker engine, which reads it and "
        f"answers 256 bytes of JSON: through Berth, through {nginx.version()} (`proxy_pass`, kept connections, "
        f"`proxy_request_buffering off`, {WORKERS} worker; Berth has an event loop for each core), and straight to "
        f"the container. Rounds alternate between the three; medians of {rounds(setup)} rounds of {span(setup)} s, "
        f"of long bodies {rounds(setup, CASES[-1])}, "
        "after a warm-up, which lasts until the JVM's compilers take next to nothing twice in a row. CPU is the user and system time "
        "of the proxy's processes; what is over nginx's is the median of each round's ratio. Proxy, container and load "
        f"generator share the cores, whose load average was {os.getloadavg()[0]:.1f} when this began.")


def rounds(setup, case=CASES[0]):
    """More where a round has few requests: a single one's wait for a core shows in them."""
    few = 3 if setup.is_quick else 5
    return few + 2 if case.body_bytes > LONG_BODY_BYTES else few


def span(setup):
    return 1 if setup.is_quick else 2


def warm_up(setup, process, load):
    """Loads until the JVM hardly compiles any more, or for a while."""
    quiet = 0
    for _ in range(8 if setup.is_quick else 12):
        before, compiled_before = processes.cpu_seconds(process), compiling_seconds(process)
        load()
        compiling = compiling_seconds(process) - compiled_before
        quiet = quiet + 1 if compiling < MAX_COMPILING * (processes.cpu_seconds(process) - before) else 0
        if quiet == QUIET_LOADS:
            return


def compiling_seconds(process):
    return processes.cpu_seconds(process, thread="C1 Comp") + processes.cpu_seconds(process, thread="C2 Comp")


@contextlib.contextmanager
def containers_of(data):
    """Removes what is left of the server's containers, were it to fail before it has done so."""
    try:
        yield
    finally:
        left = container.ids(data) if (data / "installation").exists() else []
        if left:
            container.docker("rm", "--force", *left)


def deploy(api, name, environment):
    """Deploys the image as an endpoint; returns the seconds until it was InService."""
    api.sagemaker("CreateModel", ModelName=name, ExecutionRoleArn=berth.ROLE,
                  PrimaryContainer={"Image": container.IMAGE, "Environment": environment})
    api.create_config(name, name)
    return api.create_endpoint(name, name)


def delete(api, name):
    """Deletes what `deploy` has made, and waits until nothing of it is left."""
    api.sagemaker("DeleteEndpoint", EndpointName=name)
    while name in [endpoint["EndpointName"] for endpoint in api.sagemaker("ListEndpoints")["Endpoints"]]:
        time.sleep(0.05)
    api.sagemaker("DeleteEndpointConfig", EndpointConfigName=name)
    api.sagemaker("DeleteModel", ModelName=name)


def measure(setup, sides):
    requests = wrk.write_headers(setup.work / "gateway", berth.invoke_headers())

    def load(side, case, seconds):
        return wrk.load(side.url, requests, side.process, case.connections, seconds, "same.lua",
                        BODY_BYTES=str(case.body_bytes))

    def warm(case):
        warm_up(setup, sides[BERTH].process, lambda: load(sides[BERTH], case, span(setup)))

    warm(CASES[1])  # many requests: most of what there is to compile is compiled here
    rows, held = [], []
    for case in CASES:
        warm(case)
        seen = {name: [] for name in sides}
        for turn in range(rounds(setup, case) + 1):
            for name, side in sides.items():
                loaded = load(side, case, span(setup))
                if turn:  # the first one warms up
                    seen[name].append(loaded)
        rows += compare(case, seen)
        held.append((f"{case.name}, {case.connections} connections",
                     *(processes.resident_mebibytes(sides[name].process) for name in (BERTH, NGINX))))
    text = table(("body, connections", "", "requests/s", "p50", "p99", "CPU each", "throughput, × nginx",
                  "p99, × nginx", "CPU, × nginx"), rows)
    flat = verdict(max(row[1] for row in held) - held[0][1] <= FLAT_MEBIBYTES)
    return text + "\n\n" + table(
        ("RSS after", BERTH, NGINX, f"grown ≤ {FLAT_MEBIBYTES} MiB"),
        [(name, f"{ours:.0f} MiB", f"{theirs:.0f} MiB", "" if index + 1 < len(held) else flat)
         for index, (name, ours, theirs) in enumerate(held)])


def compare(case, seen):
    for name, loads in seen.items():
        def middle(value, loads=loads):
            return statistics.median(value(load) for load in loads)

        def ratio(value, loads=loads):
            return statistics.median(value(a) / value(b) for a, b in zip(loads, seen[NGINX], strict=True))

        if name == DIRECT:
            cpu, times = "", ""
        else:
            cpu = f"{middle(lambda load: load.cpu_micros):,.0f} µs"
            more = ratio(lambda load: load.cpu_micros)
            times = f"{more:.2f}" if name == BERTH else "1"
            if name == BERTH and case.bar:
                times += f" (≤ {case.bar}: {verdict(more <= case.bar)})"
        yield (f"{case.name}, {case.connections}", name, f"{middle(lambda load: load.per_second):,.0f}",
               f"{middle(lambda load: load.p50):.2f} ms", f"{middle(lambda load: load.p99):.2f} ms", cpu,
               f"{ratio(lambda load: load.per_second):.2f}", f"{ratio(lambda load: load.p99):.2f}", times)


def start_times(api, count):
    """How long after its container's first healthy answer an endpoint is InService."""
    late = []
    for _ in range(count):
        deploy(api, "started", {"HEALTHY_AFTER_MS": str(HEALTHY_AFTER_MILLIS)})
        seen = time.time()
        late.append((seen - json.loads(api.invoke("started", "x"))["firstHealthy"]) * 1000)
        delete(api, "started")
    return (f"A container that answers `GET /ping` with 503 for {HEALTHY_AFTER_MILLIS / 1000:.0f} s; DescribeEndpoint "
            "polled every 5 ms.\n\n") + table(
        ("from the container's first healthy answer to InService", f"median of {count}", "longest",
         f"≤ {START_BAR_MILLIS} ms"),
        [("CreateEndpoint, image present", f"{statistics.median(late):.0f} ms", f"{max(late):.0f} ms",
          verdict(max(late) <= START_BAR_MILLIS))])
