"""The image behind the gateway's bench, and the containers that Berth runs from it."""

import json
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "container"
IMAGE = "berth-benchmarks/server:1"
PORT = 8080


def obstacle():
    """Why there can be no containers here, or None."""
    for tool in ("docker", "gcc"):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    if subprocess.run(["docker", "version"], capture_output=True, timeout=60, check=False).returncode:
        return "no Docker engine answers"
    return None


def docker(*arguments):
    """Runs docker and returns the words it printed."""
    run = subprocess.run(["docker", *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)
    if run.returncode:
        raise RuntimeError(f"docker {' '.join(map(str, arguments))}: {run.stderr}")
    return run.stdout.split()


def build(folder: Path):
    """Builds the image, in a folder of its own."""
    folder.mkdir()
    subprocess.run(["gcc", "-O2", "-static", "-o", folder / "server", FOLDER / "server.c"], check=True)
    (folder / "Dockerfile").write_text('FROM scratch\nCOPY server /server\nENTRYPOINT ["/server"]\n')
    docker("build", "--quiet", "--tag", IMAGE, folder)


def ids(data: Path):
    """Containers of the Berth on this data folder."""
    installation = (data / "installation").read_text(encoding="utf-8").strip()
    return docker("ps", "-aq", "--filter", f"label=dev.berth.installation={installation}")


def address(container):
    networks = json.loads("".join(docker("inspect", "--format", "{{json .NetworkSettings.Networks}}", container)))
    return next(network["IPAddress"] for network in networks.values())
