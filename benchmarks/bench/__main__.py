"""All benches, one after another, and the report of them."""

import argparse
import os
import shutil
import signal
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

from . import create_models, gateway, invoke, list_models, multi_model, startup, transform
from .report import merge
from .setup import ROOT, Setup, commit, machine
from .table import table

EXAMPLE = ROOT / "examples/breast-cancer"
HOME = ROOT / "benchmarks"


def remark(arguments):
    """What a section that was measured by itself needs to say of its own."""
    options = (" --quick" if arguments.quick else "") + "".join(f" --only {name}" for name in arguments.only)
    return (f"Measured on {datetime.now(timezone.utc).strftime('%Y-%m-%d %H:%M UTC')} of {commit()}, with "
            f"`benchmarks/run.sh{options}`, apart from what is above; the load average was {os.getloadavg()[0]:.2f} at "
            "its end.")


def main():
    options = argparse.ArgumentParser(prog="benchmarks/run.sh", description="Measures Berth, and a peer beside it.")
    options.add_argument("--quick", action="store_true", help="fewer rounds, and lists of 10^5 models at most")
    options.add_argument("--only", action="append",
                         choices=("start", "create", "list", "invoke", "gateway", "transform", "multi-model"),
                         help="measure this alone, and replace its section of the report; may be given several times")
    arguments = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    work = HOME / ".work/run"
    shutil.rmtree(work, ignore_errors=True)
    (work / "data").mkdir(parents=True)
    setup = Setup.of_environment(work, arguments.quick)
    archive, venv = EXAMPLE / "model.tar.gz", HOME / ".work/venv"
    benches = {
        "start": lambda: startup.run(setup, archive),
        "create": lambda: create_models.run(setup, archive),
        "list": lambda: list_models.run(setup),
        "invoke": lambda: invoke.run(setup, archive, venv, HOME / "peer", EXAMPLE / "unseen.csv"),
        "gateway": lambda: gateway.run(setup),
        "transform": lambda: transform.run(setup, archive, EXAMPLE),
        "multi-model": lambda: multi_model.run(setup),
    }
    began = time.monotonic()
    parts = ["# Berth beside its sizes to hold", table(("", ""), [
        *machine(venv, setup.java), ("command", f"`benchmarks/run.sh{' --quick' if arguments.quick else ''}`")])]
    try:
        for name, bench in benches.items():
            if arguments.only is None or name in arguments.only:
                print(f"benchmarks: {name}", file=sys.stderr)
                parts.append(bench())
        parts.append(f"Took {time.monotonic() - began:.0f} s.")
    finally:
        shutil.rmtree(work / "data", ignore_errors=True)
        report = "\n\n".join(parts) + "\n"
        print(report, flush=True)
    results = HOME / "results/latest.md"
    results.parent.mkdir(exist_ok=True)
    if arguments.only is None:
        results.write_text(report, encoding="utf-8")
    else:
        merge(results, report, remark(arguments))


main()
