"""model.tar.gz files: good ones, made of the committed models, and bad ones."""

import functools
import gzip
import io
import json
import os
import tarfile
from pathlib import Path

MODELS = Path(__file__).resolve().parents[1] / "models"
EXPECTED = json.loads((MODELS / "expected.json").read_text())
ROWS = EXPECTED["rows"]
CSV = "\n".join(",".join(map(str, row)) for row in ROWS).encode()
LIBSVM = "\n".join(
    " ".join(f"{index}:{value}" for index, value in enumerate(row)) for row in ROWS
).encode()


def tar_gz(*members: tuple[str, bytes]) -> bytes:
    return gzip.compress(tar(*((file(name, content), content) for name, content in members)))


def tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def file(name: str, content: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    return info


def link(name: str, target: str, kind=tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


@functools.cache
def model(name: str) -> bytes:
    """The archive of one committed model, as SageMaker's containers expect it."""
    file_name = {"lightgbm.txt": "model.txt", "linear.onnx": "model.onnx"}.get(name, "xgboost-model")
    return tar_gz((file_name, (MODELS / name).read_bytes()))


def heavy(name: str, mebibytes: int) -> bytes:
    """The archive of a model that takes a while to stage: it has ballast that does not compress.

    A dot file, as the XGBoost container loads every other file as a model.
    """
    noise = os.urandom(1 << 20)
    return gzip.compress(
        tar(
            *((file(f".ballast-{i}", noise), noise) for i in range(mebibytes)),
            (file("xgboost-model", content := (MODELS / name).read_bytes()), content),
        ),
        compresslevel=0,  # noise does not get smaller
    )
