"""The README's own container: scikit-learn with code of its own, trained and served by one image."""

import tarfile

import images
import pytest
from berth import REPOSITORY
from botocore.exceptions import ClientError

IMAGE = "berth-compat/own-container:1"
DATA = REPOSITORY / "examples/breast-cancer"
UNSEEN = [line.split(",", 2)[2] for line in (DATA / "unseen.csv").read_text().splitlines()[1:]]

# Asks the model itself, without the server's code.
ASK = """
import csv, joblib, sys
rows = [[float(value) for value in row] for row in csv.reader(sys.stdin)]
for answer in joblib.load("/opt/ml/model/model.joblib").predict_proba(rows)[:, 1]:
    print(f"{answer:.6f}")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of a model that the image has trained."""
    base = "BASE=" + images.python_base()
    images.build(IMAGE, REPOSITORY / "examples/own-container", "--build-arg", base)
    folder = tmp_path_factory.mktemp("own-model")
    data = f"{DATA}:/opt/ml/input/data/training:ro"
    run("--volume", data, "--volume", f"{folder}:/opt/ml/model", IMAGE, "train")
    return folder


def run(*arguments, **options):
    return images.docker("run", "--rm", *arguments, **options)


@pytest.fixture(scope="module")
def endpoint(aws, folder):
    """An endpoint with the model, on a container of the image."""
    archive = folder.parent / "own-model.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, arcname=".")
    name = "own-scikit-learn"
    yield aws.deploy(name, aws.upload(name, archive.read_bytes()), image=IMAGE)
    aws.delete(name)


def test_it_answers_what_its_model_predicts(aws, folder, endpoint):
    model = f"{folder}:/opt/ml/model:ro"
    rows = "\n".join(UNSEEN)
    expected = run("-i", "--volume", model, IMAGE, "python3", "-c", ASK, input=rows)

    answer = aws.invoke(endpoint, rows, content_type="text/csv")

    assert answer["Body"].decode().splitlines() == expected.splitlines()
    assert answer["ContentType"] == "text/csv; charset=utf-8"


def test_what_its_code_refuses_is_a_model_error_with_its_words(aws, endpoint):
    with pytest.raises(ClientError) as refusal:
        aws.invoke(endpoint, b"{}", content_type="application/json")

    response = refusal.value.response
    assert response["Error"]["Code"] == "ModelError"
    assert response["OriginalStatusCode"] == 415
    assert response["OriginalMessage"].startswith("this model takes text/csv, not application/json")
