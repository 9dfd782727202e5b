"""The SageMaker Python SDK against Berth, with nothing but the endpoint configured."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from archives import CSV, model
from aws import REGION, predictions

JOURNEY = Path(__file__).resolve().parents[1] / "sdk" / "registry_journey.py"


def test_a_model_is_registered_approved_and_deployed_with_the_sdks_own_classes(aws, tmp_path):
    python = os.environ.get("BERTH_TEST_SAGEMAKER_PYTHON")
    if not python:
        pytest.skip("the sagemaker SDK isn't installed; compat/sdk/requirements.txt names it")
    (tmp_path / "model.tar.gz").write_bytes(model("blue.json"))
    (tmp_path / "rows.csv").write_bytes(CSV)

    done = subprocess.run(
        [python, str(JOURNEY), "model.tar.gz", "rows.csv", "seen.json"],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),  # no configuration of whoever runs this
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads((tmp_path / "seen.json").read_text())
    assert seen["arn"] == aws.arn("model-package", "sdk-churn/1")
    assert seen["statuses"] == ["PendingManualApproval", "Approved"]
    assert seen["description"] == "better than April"
    assert seen["predictions"] == predictions("blue")
    assert aws.status("sdk-churn") is None
