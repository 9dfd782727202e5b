"""From the start of the process to the first answers, and what an idle server holds."""

import contextlib
import itertools
import statistics
import time

from . import berth, processes
from .table import table, verdict

IDLE_SECONDS = 10


def run(setup, archive):
    existing = setup.data("existing")
    with berth.server(setup.launcher, existing, setup.log) as server:
        api = server.api()
        api.upload_model(archive)
        api.create_model("model")
        api.create_config("config", "model")
        api.create_endpoint("endpoint", "config")
    setup.fill_models(existing, 0, 1_000)

    ways = [("`java -jar`", setup.plain), ("`./berth` (AOT cache)", setup.launcher)]
    count = itertools.count()

    def fresh():
        return setup.data(f"fresh-{next(count)}")

    times = {}
    rounds = 3 if setup.is_quick else 5
    for _ in range(rounds):  # interleaved: what else the machine does falls on all alike
        for way, command in ways:
            for folder, data in (("fresh", fresh()), ("existing", existing)):
                with berth.server(command, data, setup.log) as server:
                    times.setdefault((way, folder), []).append(
                        (server.health_seconds, server.list_seconds, processes.cpu_seconds(server.process)))

    rows = []
    for (way, folder), seen in times.items():
        health, listed, cpu = (statistics.median(column) for column in zip(*seen, strict=True))
        rows.append((f"{way}, {folder} folder", f"{health:.2f} s", f"{listed:.2f} s", f"{cpu:.2f} s",
                     verdict(listed <= 1.5)))
    text = table(("start", "health answers", "ListModels answers", "CPU so far", "≤ 1.5 s"), rows)

    with contextlib.ExitStack() as stack:
        idle = [
            (f"{way}, {folder} folder",
             stack.enter_context(
                 berth.server(command, existing if folder == "existing" else fresh(), setup.log)))
            for folder, way, command in (("fresh", *ways[0]), ("fresh", *ways[1]), ("existing", *ways[1]))]
        time.sleep(IDLE_SECONDS)
        held = [(name, processes.resident_mebibytes(server.process)) for name, server in idle]
    text += "\n\n" + table((f"idle for {IDLE_SECONDS} s", "RSS", "≤ 250 MiB"), [
        (name, f"{size:.0f} MiB", verdict(size <= 250)) for name, size in held])
    note = (f"Median of {rounds}. The existing folder holds 1,000 models and an endpoint that is InService. "
            "Polled every 2 ms.")
    return f"## Start and idle\n\n{note}\n\n{text}"
