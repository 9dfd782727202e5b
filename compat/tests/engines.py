"""A dockerd of a test's own, to be frozen, killed and started again; the machine's isn't touched."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import images
import pytest
from berth import REPOSITORY, ending_with_tests, eventually

START_SECONDS = 60
CLEAR = REPOSITORY / "bin/clear-killed-tests.sh"
BRIDGE = "{{with index .IPAM.Config 0}}{{.Subnet}} {{.Gateway}}{{end}}"


class PrivateEngine:
    """Leaves the firewall alone and shares docker0, as with another bridge it would remove that.

    Its containers outlive it (live-restore), as those of an engine that is upgraded.
    """

    def __init__(self):
        images.require_engine()
        if not shutil.which("dockerd") or os.getuid() != 0:
            pytest.skip("an engine of its own needs root and dockerd (apt-get install docker.io)")
        subnet, gateway = (images.docker("network", "inspect", "-f", BRIDGE, "bridge") + " ").split(" ")[:2]
        gateway = gateway or subnet.partition("/")[0][:-1] + "1"
        self._bridge = f"{gateway}/{subnet.partition('/')[2]}"
        # Short: a socket's path has at most 108 bytes.
        subprocess.run([CLEAR], check=True)
        self._folder = Path(tempfile.mkdtemp(prefix="berth-engine-", dir="/tmp"))
        with (self._folder / "owner").open("wb") as owner:
            subprocess.run([CLEAR, "--owner", str(os.getpid())], stdout=owner, check=True)
        self.host = f"unix://{self._folder}/docker.sock"
        self._process = None

    def start(self):
        """Starts it, with what it had before."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *ending_with_tests("TERM"),
                    "dockerd",
                    "--data-root", self._folder / "data",
                    "--exec-root", self._folder / "exec",
                    "--pidfile", self._folder / "pid",
                    "--host", self.host,
                    "--bip", self._bridge,
                    "--iptables=false",
                    "--ip6tables=false",
                    "--live-restore",
                    "--default-address-pool", "base=10.214.0.0/16,size=24",
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        eventually(self._answers, "the engine answers", START_SECONDS, every=0.2)
        return self

    def _answers(self):
        assert self._process.poll() is None, (self._folder / "log").read_text()[-2000:]
        version = ["docker", "--host", self.host, "version"]
        return subprocess.run(version, capture_output=True, timeout=START_SECONDS).returncode == 0

    def docker(self, *arguments, **options):
        return images.docker("--host", self.host, *arguments, **options)

    def freeze(self):
        """Has it take connections, and answer nobody."""
        self._process.send_signal(signal.SIGSTOP)

    def restart(self):
        """Has it answer again, ends it, and starts it anew; its containers run on."""
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        self._process.wait(START_SECONDS)
        self.start()

    def discard(self):
        """Ends it, and removes all it has."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            if containers := self.docker("ps", "-aq").split():
                self.docker("rm", "--force", *containers)
            self.docker("network", "prune", "--force")  # their bridges would stay
            self._process.terminate()
            self._process.wait(START_SECONDS)
        for process in self._left():
            os.kill(process, signal.SIGKILL)
        mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for mount in sorted((at for at in mounts if at.startswith(f"{self._folder}/")), reverse=True):
            subprocess.run(["umount", "-l", mount], check=False)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _left(self):
        """Processes that an engine which failed has left: what it ran, after what ran that."""
        left = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    if str(self._folder).encode() in (folder / "cmdline").read_bytes():
                        children = (folder / f"task/{folder.name}/children").read_text().split()
                        left += [int(folder.name), *map(int, children)]
                except OSError:
                    pass  # it has ended
        return dict.fromkeys(left)
