"""Runs wrk and reads what wrk/report.lua says."""

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from . import processes

FOLDER = Path(__file__).resolve().parent.parent / "wrk"


@dataclass(frozen=True)
class Load:
    """What one run of wrk saw. Latencies in milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float
    cpu_seconds: float

    @property
    def per_second(self):
        return self.requests / self.seconds

    @property
    def cpu_micros(self):
        """User and system time that the server took for a request, in microseconds."""
        return self.cpu_seconds * 1e6 / max(1, self.requests)


def write_requests(file: Path, headers, bodies):
    """Writes what wrk/post.lua sends in turn: one body a line, each with the same headers."""
    head = "".join(f"{name}: {value}\n" for name, value in headers.items())
    file.write_text(head + "\n" + "\n".join(bodies) + "\n", encoding="utf-8")
    return file


def write_headers(file: Path, headers):
    """Writes what wrk/same.lua sends, but for the body."""
    file.write_text("".join(f"{name}: {value}\n" for name, value in headers.items()), encoding="utf-8")
    return file


def load(url, requests: Path, server, connections, seconds, script="post.lua", is_enough=None, **environment):
    """
    Sends `requests` over `connections` for so long, or until `is_enough()`. An answer other than 2xx or 3xx ends the
    benches. Without a `server`, no CPU time is taken.
    """
    before = processes.cpu_seconds(server) if server else 0
    with subprocess.Popen(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", FOLDER / script, url],
            env={**os.environ, "WRK_FOLDER": str(FOLDER), "REQUEST_FILE": str(requests), **environment},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        try:
            while is_enough and run.poll() is None and not is_enough():
                time.sleep(0.5)
            if is_enough:
                run.send_signal(signal.SIGINT)  # it ends as if its time were over
            output, errors = run.communicate(timeout=seconds + 60)
        except BaseException:
            run.kill()
            raise
    cpu = processes.cpu_seconds(server) - before if server else 0
    lines = [line for line in output.splitlines() if line.startswith("RESULT ")]
    if run.returncode != 0 or not lines:
        raise RuntimeError(f"wrk failed on {url}: {output}{errors}")
    result = json.loads(lines[0].removeprefix("RESULT "))
    if result["status_errors"] or result["socket_errors"] or not result["requests"]:
        raise RuntimeError(f"{url} gave errors: {lines[0]}")
    return Load(
        result["requests"], result["micros"] / 1e6, result["p50"] / 1000, result["p99"] / 1000, cpu)
