"""Real images for tests, built on the machine's engine from Debian's archive: no registry is asked."""

import functools
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGES = [
    "ca-certificates",
    "default-jre-headless",
    "gunicorn",
    "python3-boto3",
    "python3-flask",
    "python3-psutil",
    "python3-retrying",
    "python3-sklearn",
]

# The JRE's packages link manual pages there, and fail where there is no such folder.
PREPARATION = 'mkdir -p "$1/usr/share/man/man1"'

# What such an image never needs at run time; a third of its size.
LEFT_OUT = [
    "/usr/share/doc/*",
    "/usr/share/man/*",
    "/usr/share/locale/*",
    "/usr/include/*",
    "/usr/lib/gcc/x86_64-linux-gnu/*/cc1*",
    "/usr/lib/gcc/x86_64-linux-gnu/*/lto*",
    "/usr/bin/*-lto-dump*",
]
BUILD_SECONDS = 600


def docker(*arguments, **options):
    """Runs docker and returns what it printed, without the newline at its end."""
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=BUILD_SECONDS, **options
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def require_engine():
    """Skips the test where no Docker engine answers."""
    if not shutil.which("docker"):
        pytest.skip("there is no docker command")
    if subprocess.run(["docker", "version"], capture_output=True, timeout=60).returncode:
        pytest.skip("no Docker engine answers; bin/with-docker.sh runs one")


@functools.cache
def python_base() -> str:
    """Returns a local image with Debian's Python, Flask, gunicorn, scikit-learn, boto3, and a JRE.

    Made by mmdebstrap when the engine has none yet, which takes a minute; kept on the engine for
    the tests after this one. Skips where that is impossible.
    """
    require_engine()
    recipe = hashlib.sha256(" ".join(PACKAGES + LEFT_OUT).encode()).hexdigest()[:12]
    tag = f"berth-compat/python:{recipe}"
    if docker("images", "--quiet", tag):
        return tag
    if os.getuid() != 0 or not shutil.which("mmdebstrap"):
        pytest.skip("making the base image needs root and mmdebstrap (apt-get install mmdebstrap)")
    sources = [str(path) for path in Path("/etc/apt").glob("sources.list.d/*.sources")]
    if Path("/etc/apt/sources.list").is_file():
        sources.append("/etc/apt/sources.list")
    command = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=" + ",".join(PACKAGES)]
    command.append("--essential-hook=" + PREPARATION)
    command += [f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT]
    base = subprocess.Popen(
        [*command, codename(), "-", *sources], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    docker("import", "-", tag, stdin=base.stdout)
    assert base.wait() == 0, "mmdebstrap failed; run it by hand to see why: " + " ".join(command)
    return tag


def codename():
    """Debian's name of the release this machine has, such as bookworm."""
    release = Path("/etc/os-release").read_text()
    for line in release.splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip('"')
    return "stable"


def build(tag: str, folder: Path, *options: str) -> str:
    """Builds the Dockerfile in a folder; returns the tag."""
    docker("build", "--quiet", "--tag", tag, *options, str(folder))
    return tag
