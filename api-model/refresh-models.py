#!/usr/bin/env python3
"""Refreshes src/main/models from a botocore release, without its prose.

usage: refresh-models.py VERSION | WHEEL

VERSION, such as 1.43.107, is fetched with 'pip download'; WHEEL is a botocore-*.whl at hand.
Takes the newest date of each service below, drops every documentation string, writes one line of
JSON a model, removes older dates, and says which botocore NOTICE must name. Standard library only.
"""

import gzip
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

SERVICES = (
    "application-autoscaling",
    "cloudwatch",
    "ecr",
    "iam",
    "logs",
    "sagemaker",
    "sagemaker-runtime",
    "sts",
)
PROSE = {"documentation", "documentationUrl", "deprecatedMessage", "externalDocumentation"}
KEPT = ("version", "metadata", "operations", "shapes")
MODELS = pathlib.Path(__file__).resolve().parent / "src" / "main" / "models"


def without_prose(node, named=False):
    """Returns node without prose; in a table of names, a name that looks like prose is none."""
    if isinstance(node, dict):
        return {
            key: without_prose(value, key in ("members", "shapes", "operations"))
            for key, value in node.items()
            if named or key not in PROSE
        }
    if isinstance(node, list):
        return [without_prose(item) for item in node]
    return node


def refresh(wheel):
    """Writes the models of the open wheel."""
    for service in SERVICES:
        pattern = re.compile(
            r"botocore/data/%s/(\d{4}-\d{2}-\d{2})/service-2\.json(\.gz)?" % re.escape(service)
        )
        found = [match for match in map(pattern.fullmatch, wheel.namelist()) if match]
        if not found:
            sys.exit("refresh-models: the wheel has no model of '%s'" % service)
        newest = max(found, key=lambda match: match.group(1))
        data = wheel.read(newest.group(0))
        model = json.loads(gzip.decompress(data) if newest.group(2) else data)
        model = without_prose({key: model[key] for key in KEPT})
        file = MODELS / ("%s-%s.json" % (service, newest.group(1)))
        for old in MODELS.glob("%s-????-??-??.json" % service):
            if old != file:
                old.unlink()
        file.write_text(json.dumps(model, separators=(",", ":"), ensure_ascii=False) + "\n", "utf-8")
        print("%s: %d operations" % (file.name, len(model["operations"])))


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(arguments[0])
        if not source.is_file():
            subprocess.run(
                [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
                + ["botocore==" + arguments[0]],
                check=True,
            )
            source = next(pathlib.Path(folder).glob("botocore-*.whl"))
        with zipfile.ZipFile(source) as wheel:
            refresh(wheel)
        print("NOTICE must name botocore %s" % source.name.split("-")[1])


if __name__ == "__main__":
    main(sys.argv[1:])
