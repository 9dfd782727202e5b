"""Pages of ListModels in folders of 10^4, 10^5 and 10^6 models."""

import json
import statistics
import sys
import time
from datetime import datetime, timezone

from . import berth, processes, wrk
from .table import table, verdict

BAR_MILLIS = 10
FIRST_CREATED = datetime(2025, 1, 1, tzinfo=timezone.utc).timestamp()  # as FillModels.java has it
DEEPEST = 100_000
SLOW_SECONDS = 3


def cases(api, count):
    """Names and requests, but for MaxResults."""
    newest_tenth = FIRST_CREATED + count * 9 // 10
    yield "first page", {}
    depth = min(count // 2, DEEPEST)
    yield f"page behind {depth:,}", {"NextToken": token_behind(api, depth)}
    yield "CreationTimeAfter, a tenth match", {"CreationTimeAfter": newest_tenth}
    yield "the same, by name", {"CreationTimeAfter": newest_tenth, "SortBy": "Name"}
    yield "the newest 5 by CreationTimeAfter, by name", {
        "CreationTimeAfter": FIRST_CREATED + count - 5, "SortBy": "Name"}
    yield "NameContains, 1 in 256 matches", {"NameContains": "m-7f"}
    yield "NameContains, one matches", {"NameContains": f"-{count // 3:07d}"}


def token_behind(api, depth):
    token = None
    for _ in range(depth // 100):
        page = api.sagemaker("ListModels", MaxResults=100, **({"NextToken": token} if token else {}))
        token = page["NextToken"]
    return token


def run(setup):
    data = setup.data("list")
    rows, starts, filled = [], [], 0
    seconds = 1 if setup.is_quick else 2
    for count in (10_000, 100_000) if setup.is_quick else (10_000, 100_000, 1_000_000):
        began = time.monotonic()
        setup.fill_models(data, filled, count)
        print(f"benchmarks: {count:,} models after {time.monotonic() - began:.0f} s", file=sys.stderr)
        filled = count
        with berth.server(setup.launcher, data, setup.log) as server:
            starts.append((f"{count:,} models", f"{server.list_seconds:.2f} s"))
            api = server.api()
            measure(setup, server, api, {}, seconds)  # warms up
            for name, request in cases(api, count):
                for page in (10, 100):
                    figures = measure(setup, server, api, {**request, "MaxResults": page}, seconds)
                    rows.append((f"{count:,}: {name}", page, *figures))
    text = table(("models: request", "MaxResults", "p50", "p99", "CPU each", f"p50 ≤ {BAR_MILLIS} ms"), rows)
    note = (f"One client, {seconds} s for each line; of requests slower than {seconds * 50} ms, "
            "the median and the longest of up to 3.")
    return f"## ListModels\n\n{note}\n\n{text}\n\n" + table(("start on a folder of", "ListModels answers"), starts)


def measure(setup, server, api, request, seconds):
    """p50, p99 and CPU of a request; of one too slow for that, the median and longest of a few."""
    times, before = [], processes.cpu_seconds(server.process)
    while len(times) < 3 and sum(times) < SLOW_SECONDS:
        began = time.monotonic()
        api.sagemaker("ListModels", **request)
        times.append(time.monotonic() - began)
    if min(times) < seconds / 20:
        file = wrk.write_requests(setup.work / "list-models", berth.api_headers("ListModels"), [json.dumps(request)])
        load = wrk.load(f"http://127.0.0.1:{server.port}/", file, server.process, 1, seconds)
        p50, p99, cpu = load.p50, load.p99, load.cpu_micros
    else:
        p50, p99 = statistics.median(times) * 1000, max(times) * 1000
        cpu = (processes.cpu_seconds(server.process) - before) * 1e6 / len(times)
    return f"{p50:.2f} ms", f"{p99:.2f} ms", f"{cpu:,.0f} µs", verdict(p50 <= BAR_MILLIS)
