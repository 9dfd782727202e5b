"""What a run is made of, and the machine it runs on."""

import os
import platform
import shlex
import subprocess
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Setup:
    """
    work: scratch folder of this run, on the disk whose fsync counts
    launcher: java and options as ./berth gives them, up to and with the jar
    """

    work: Path
    is_quick: bool
    java: str
    jar: Path
    flags: list
    cache: Path

    @staticmethod
    def of_environment(work: Path, is_quick):
        return Setup(
            work, is_quick, os.environ["JAVA_HOME"] + "/bin/java", Path(os.environ["BERTH_JAR"]),
            shlex.split(os.environ["BERTH_JVM_FLAGS"]), Path(os.environ["BERTH_CACHE"]))

    @property
    def launcher(self):
        return [self.java, *self.flags, "-jar", self.jar]

    @property
    def plain(self):
        return [self.java, "-jar", self.jar]

    @property
    def log(self):
        return self.work / "server.log"

    def data(self, name):
        return self.work / "data" / name

    def fill_models(self, data: Path, first, end):
        """Puts models `first` to `end` - 1 into a data folder; see FillModels.java."""
        classes = f"{ROOT}/benchmarks/.work/classes:{self.jar.parent}/lib/*"
        subprocess.run(
            [self.java, "--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-cp", classes,
             "dev.berth.benchmarks.FillModels", str(data), str(first), str(end)],
            check=True, timeout=300, stdout=subprocess.DEVNULL)


def output(*command):
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return (run.stdout + run.stderr).strip()


def commit():
    short = output("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
    changed = output("git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no")
    return short + (", changed" if changed else "")


def machine(venv: Path, java):
    """Rows of what the figures hold for."""
    with open("/proc/cpuinfo", encoding="utf-8") as cpus:
        model = next((line.split(":")[1].strip() for line in cpus if line.startswith("model name")), "?")
    with open("/proc/meminfo", encoding="utf-8") as memory:
        mebibytes = int(memory.readline().split()[1]) // 1024
    wanted = ("gunicorn", "Flask", "numpy", "xgboost-cpu")
    packages = output(
        str(venv / "bin/python"), "-c",
        f"from importlib.metadata import version as v; print(', '.join(n + ' ' + v(n) for n in {wanted}))")
    return [
        ("machine", f"{os.cpu_count()} cores ({model}), {mebibytes:,} MiB, Linux {platform.release()}"),
        ("load when it began", f"{os.getloadavg()[0]:.2f}"),
        ("date", datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")),
        ("Berth", commit()),
        ("Java", output(java, "--version").splitlines()[1]),
        ("peer", f"{packages}, Python {platform.python_version()}"),
        ("load generator", " ".join(output("wrk", "-v").split("Copyright")[0].split()[:2])),
    ]
