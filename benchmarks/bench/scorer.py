"""The container behind the bench of transform jobs: the model of the embedded runtime's, in C."""

import json
import math
import subprocess
import tarfile
from pathlib import Path

from . import container

FOLDER = Path(__file__).resolve().parent.parent / "scorer"
IMAGE = "berth-benchmarks/scorer:1"


def build(folder: Path, archive: Path):
    """Builds the image, in a folder of its own, with the XGBoost model that is in the archive."""
    folder.mkdir()
    subprocess.run(["gcc", "-O2", "-static", "-pthread", "-o", folder / "scorer", FOLDER / "scorer.c", "-lm"],
                   check=True)
    with tarfile.open(archive) as tar:
        learner = json.load(tar.extractfile("xgboost-model"))["learner"]
    (folder / "forest").write_text(forest(learner))
    (folder / "Dockerfile").write_text(
        'FROM scratch\nCOPY scorer /scorer\nCOPY forest /forest\nENTRYPOINT ["/scorer"]\n')
    container.docker("build", "--quiet", "--tag", IMAGE, folder)


def forest(learner):
    parameters = learner["learner_model_param"]
    chance = float(parameters["base_score"].strip("[]"))
    trees = learner["gradient_booster"]["model"]["trees"]
    lines = [f"{len(trees)} {parameters['num_feature']} {math.log(chance / (1 - chance))}"]
    for tree in trees:
        lines.append(str(len(tree["left_children"])))
        for feature, value, left, right, missing in zip(
                tree["split_indices"], tree["split_conditions"], tree["left_children"], tree["right_children"],
                tree["default_left"], strict=True):
            lines.append(f"{feature} {value} {max(left, 0)} {max(right, 0)} {missing}")
    return "\n".join(lines) + "\n"
