"""Trains the demo's model and writes the files the demo uses.

Reads breast-cancer.csv, sets a fifth of the rows aside, trains XGBoost on the others, and writes
  model.tar.gz   the model as SageMaker's XGBoost container expects it: one file, xgboost-model
  unseen.csv     the rows set aside: truth, what Python's XGBoost predicts, and the 30 measurements

Everything is seeded: the same versions (requirements.txt) write the same files.
"""

import gzip
import io
import pathlib
import tarfile

import numpy as np
import xgboost as xgb

SEED = 20
HERE = pathlib.Path(__file__).parent


def main() -> None:
    header, *lines = (HERE / "breast-cancer.csv").read_text().splitlines()
    table = np.array([line.split(",") for line in lines], dtype=np.float32)
    truth, features = table[:, 0], table[:, 1:]

    unseen = stratified_fifth(truth)
    seen = np.setdiff1d(np.arange(len(truth)), unseen)

    booster = xgb.train(
        {
            "objective": "binary:logistic",
            "eval_metric": "logloss",
            "max_depth": 4,
            "eta": 0.1,
            "subsample": 0.8,
            "colsample_bytree": 0.8,
            "seed": SEED,
            "nthread": 1,
        },
        xgb.DMatrix(features[seen], truth[seen]),
        num_boost_round=120,
    )
    predictions = booster.predict(xgb.DMatrix(features[unseen]))

    write_archive(HERE / "model.tar.gz", "xgboost-model", booster.save_raw("json"))
    with open(HERE / "unseen.csv", "w") as out:
        names = header.split(",")
        print(",".join([names[0], "python_prediction", *names[1:]]), file=out)
        for row, prediction in zip(unseen, predictions):
            label, rest = lines[row].split(",", 1)
            print(f"{label},{prediction:.9g},{rest}", file=out)

    right = np.mean((predictions > 0.5) == truth[unseen])
    print(f"trained on {len(seen)} rows; right on {right:.1%} of {len(unseen)} unseen rows")


def stratified_fifth(truth: np.ndarray) -> np.ndarray:
    """Returns the indices of a seeded fifth of the rows, with as many of each class as overall."""
    random = np.random.RandomState(SEED)
    chosen = [
        random.permutation(np.flatnonzero(truth == label))[: round(np.sum(truth == label) / 5)]
        for label in np.unique(truth)
    ]
    return random.permutation(np.concatenate(chosen))


def write_archive(path: pathlib.Path, name: str, content: bytes) -> None:
    """Writes a tar.gz of one file, without the times that would make two runs differ."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    with open(path, "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as gz:
        with tarfile.open(fileobj=gz, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            tar.addfile(member, io.BytesIO(content))


if __name__ == "__main__":
    main()
