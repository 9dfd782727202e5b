"""Berth as its users start it: a process of its own, on a free port, over a data folder."""

import contextlib
import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

REPOSITORY = Path(__file__).resolve().parents[2]
READY = re.compile(r"export AWS_ENDPOINT_URL=(\S+)")
START_SECONDS = 60
STOP_SECONDS = 30

RUNNING: list["Berth"] = []


def eventually(look, what, seconds=30.0, every=0.02):
    """Returns what `look` returns once it is true; fails, saying what it saw last, after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}; last seen: {seen!r}")
        time.sleep(every)


@functools.cache
def ending_with_tests(signal_name="KILL"):
    """What a command begins with that is to end when the tests are killed; nothing where it can't."""
    prefix = ["setpriv", "--pdeathsig", signal_name]
    can = shutil.which(prefix[0]) and not subprocess.run([*prefix, "true"], capture_output=True).returncode
    return prefix if can else []


def command():
    """The command line up to the sub-command; BERTH_COMMAND replaces the launcher, for debugging."""
    return os.environ.get("BERTH_COMMAND", str(REPOSITORY / "berth")).split()


class Berth:
    """One server process. Ends only what it started; keeps its log beside the data folder."""

    def __init__(self, data: Path, *options: str, port=0, environment: dict | None = None):
        self.data = data
        self.wanted_port = port
        self.options = options
        self.environment = environment or {}
        self.log = data.with_name(data.name + ".log")
        self.process: subprocess.Popen | None = None
        self.url = ""

    def start(self) -> "Berth":
        self.launch()
        RUNNING.append(self)
        self.url = eventually(self._ready, f"{self.data.name} is ready", START_SECONDS)
        return self

    def launch(self):
        """Starts the process without waiting for anything."""
        arguments = [*ending_with_tests(), *command(), "serve", "--port", str(self.wanted_port)]
        arguments += ["--data-dir", str(self.data), *self.options]
        with self.log.open("ab") as log:
            self._from = log.tell()
            self.process = subprocess.Popen(
                arguments,
                cwd=self.data.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._variables(),
                start_new_session=True,
            )

    def _variables(self):
        """Has native libraries unpacked beside the log: one that is killed leaves 30 MB of them."""
        unpacked = self.log.parent / "unpacked"
        unpacked.mkdir(exist_ok=True)
        variables = {**os.environ, **self.environment}
        options = [variables.get("BERTH_JAVA_OPTS", ""), f"-Djava.io.tmpdir={unpacked}"]
        return {**variables, "BERTH_JAVA_OPTS": " ".join(options).strip()}

    def refusal(self) -> str:
        """Starts a process that must not come up; returns what it says when it has ended."""
        self.launch()
        code = self.process.wait(START_SECONDS)
        assert code not in (0, None), self.output()
        assert not READY.search(self.output())
        return self.output()

    def _ready(self) -> str | None:
        ready = READY.search(self.output())
        if ready:
            return ready.group(1)
        if self.process.poll() is not None:
            raise AssertionError(f"berth ended with {self.process.returncode}:\n{self.output()}")
        return None

    def output(self) -> str:
        """What this process has written since it was started."""
        with self.log.open("rb") as log:
            log.seek(self._from)
            return log.read().decode(errors="replace")

    @property
    def port(self) -> int:
        return urlsplit(self.url).port

    def kill(self):
        """Ends the process as a power cut would: no handler runs."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(STOP_SECONDS)
        self._forget()

    def stop(self) -> int:
        """Asks the process to end and returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(STOP_SECONDS)
        self._forget()
        return code

    def close(self):
        if self.process is not None and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()
        self._forget()

    def _forget(self):
        if self in RUNNING:
            RUNNING.remove(self)

    def raw(self, request: bytes, seconds: float = 10) -> bytes:
        """Sends bytes as they are and returns what comes back until the server closes or is silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            # a server that has made up its mind may close before it has read all
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(request)
            return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    answer = b""
    with contextlib.suppress(TimeoutError, ConnectionResetError):
        while piece := connection.recv(65536):
            answer += piece
    return answer
