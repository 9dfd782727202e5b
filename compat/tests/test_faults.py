"""Starts that must not succeed, ends that must be clean, and a full disk."""

import os
import shutil
import subprocess
import time

import pytest
from archives import CSV, heavy
from aws import Aws, predictions
from berth import eventually


@pytest.fixture
def berth(new_server):
    return new_server().start()


def test_a_port_that_is_taken_is_named(berth, new_server):
    text = new_server(data="other", port=berth.port).refusal()

    assert str(berth.port) in text
    assert "Exception" not in text, "a sentence, not a stack trace"


def test_a_second_server_on_the_same_data_is_refused_and_the_first_lives_on(berth, new_server):
    aws = Aws(berth.url).with_models()
    second = new_server()
    second.log = second.log.with_name("second.log")

    text = second.refusal()

    assert str(berth.data) in text
    assert "Exception" not in text
    aws.deploy("after")
    assert aws.scores("after", CSV) == predictions("blue")


def test_a_corrupt_database_is_named_and_left_as_it_is(berth, new_server):
    Aws(berth.url).with_models().model("model")
    assert berth.stop() in (0, 143)
    database = berth.data / "berth.db"
    with database.open("r+b") as out:
        out.write(b"this was a database" * 300)
    spoiled = database.read_bytes()

    text = new_server().refusal()

    assert str(database) in text
    assert "Exception" not in text
    assert database.read_bytes() == spoiled


def test_a_data_folder_that_is_a_file_is_named(new_server):
    server = new_server()
    server.data.write_text("a file")

    assert str(server.data) in server.refusal()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--no-such-option"], "--no-such-option"),
        (["--runtime", "kubernetes"], "kubernetes"),
        (["--host", "0.0.0.0"], "0.0.0.0"),
        (["--account", "12"], "account"),
        (["--region", "nowhere"], "region"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(new_server, options, words):
    assert words in new_server(*options).refusal()


def test_sigterm_ends_cleanly_and_everything_comes_back_by_itself(berth, new_server):
    aws = Aws(berth.url).with_models()
    aws.deploy("kept")
    aws.model("unused", Tags=[{"Key": "a", "Value": "b"}])

    began = time.monotonic()
    assert berth.stop() in (0, 143)
    assert time.monotonic() - began < 15

    berth.start()
    aws = Aws(berth.url)
    eventually(lambda: aws.status("kept") == "InService", "kept is in service")
    eventually(lambda: is_served(aws, "kept"), "kept answers")
    assert aws.scores("kept", CSV) == predictions("blue")
    assert [one["ModelName"] for one in aws.sagemaker.list_models()["Models"]] == ["unused", "kept"]
    tags = aws.sagemaker.list_tags(ResourceArn=aws.arn("model", "unused"))["Tags"]
    assert tags == [{"Key": "a", "Value": "b"}]


def is_served(aws, endpoint):
    try:
        return bool(aws.scores(endpoint, CSV))
    except aws.runtime.exceptions.ClientError:
        return False


def test_a_full_disk_fails_the_endpoint_and_the_server_lives_on(tmp_path, new_server):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = os.geteuid() == 0 and shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600m", "tmpfs", disk], capture_output=True
    )
    if not mounted or mounted.returncode != 0:
        pytest.skip("may not mount a small disk here")
    berth = new_server(data="disk/data")
    berth.log = tmp_path / "full.log"
    try:
        berth.start()
        aws = Aws(berth.url).with_models()
        # Berth leaves 512 MiB of a disk free: 50 MiB fit packed, and not unpacked beside that
        url = aws.upload("large", heavy("blue.json", 50))
        aws.model("large", url)
        aws.config("large")
        aws.endpoint("large")

        reason = aws.failure("large")

        assert url in reason
        assert "space" in reason.lower(), reason
        aws.deploy("small", "green")
        assert aws.scores("small", CSV) == predictions("green")
    finally:
        berth.close()
        subprocess.run(["umount", "-l", disk], check=True)
