"""Processes that the benches start, and what the kernel says of them. All are ended when the run ends."""

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command, log: Path, **options):
    """Starts a command in a process group of its own; afterwards ends that group."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, **options)
    try:
        yield process
    finally:
        end(process)


def end(process):
    for sent in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sent)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
            return


def wait_until_ok(url, process, log: Path, pause=0.002, timeout=60):
    """Polls until a GET of `url` answers 200."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        time.sleep(pause)
    raise RuntimeError(f"{url} did not come up; the last of {log}:\n{tail(log)}")


def tail(log: Path, lines=15):
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def group(process):
    """Process ids of a group that `running` started."""
    listing = subprocess.run(
        ["ps", "-o", "pid=", "--sid", str(process.pid)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in listing.stdout.split()]


def cpu_seconds(process, thread=""):
    """
    User and system time that the group's living processes have taken so far; with a `thread`, those of their living
    threads whose names begin so.
    """
    total = 0
    for pid in group(process):
        stats = Path(f"/proc/{pid}/task").glob("*/stat") if thread else [Path(f"/proc/{pid}/stat")]
        for stat in stats:
            with contextlib.suppress(OSError):
                name, _, rest = stat.read_text().rpartition(")")
                if name.split("(", 1)[1].startswith(thread):
                    fields = rest.split()
                    total += int(fields[11]) + int(fields[12])
    return total / TICKS


def resident_mebibytes(process):
    total = 0
    for pid in group(process):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
    return total / 1024
