"""What berth doctor says of the engine that the environment leads to."""

import json
import os
import subprocess

import images
import pytest
from berth import command


def doctor(subject="docker runtime", **environment):
    """What is found of one subject, with these variables and none of the engine's others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}
    done = subprocess.run(
        [*command(), "doctor", "--json"],
        capture_output=True,
        text=True,
        env={**kept, **environment},
        timeout=600,  # it may have to be built first
    )
    (check,) = [check for check in json.loads(done.stdout) if check["subject"] == subject]
    return check


@pytest.fixture
def engine():
    """Where the engine listens that tests use."""
    images.require_engine()
    return os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")


def test_the_engine_of_docker_host_is_found(engine):
    check = doctor(DOCKER_HOST=engine)

    assert check["outcome"] == "good"
    assert check["found"].endswith(f"at {engine}, named by DOCKER_HOST")


def test_the_context_in_use_as_dockers_own_command_made_it_is_found(engine, tmp_path):
    docker = ["docker", "--config", str(tmp_path), "context"]
    host = f"host={engine}"
    subprocess.run([*docker, "create", "mine", "--docker", host], check=True, capture_output=True)
    subprocess.run([*docker, "use", "mine"], check=True, capture_output=True)
    check = doctor(DOCKER_CONFIG=str(tmp_path))
    assert check["outcome"] == "good"
    assert check["found"].endswith(f"at {engine}, named by context 'mine' of {tmp_path}/config.json")

    other = "host=unix:///nowhere.sock"
    subprocess.run([*docker, "create", "other", "--docker", other], check=True, capture_output=True)
    check = doctor(DOCKER_CONFIG=str(tmp_path), DOCKER_CONTEXT="other")
    assert check["outcome"] == "note"
    assert "unix:///nowhere.sock, named by context 'other' of DOCKER_CONTEXT" in check["found"]


def test_an_engine_on_another_machine_is_explained():
    check = doctor(DOCKER_HOST="tcp://192.0.2.1:2375")

    assert check["outcome"] == "note"
    assert "tcp://192.0.2.1:2375, named by DOCKER_HOST, is on another machine" in check["found"]
    assert "can't see the models staged on this one" in check["found"]


def test_an_engine_that_does_not_answer_on_its_port_is_named():
    check = doctor(DOCKER_HOST="tcp://127.0.0.1:1")

    assert check["outcome"] == "note"
    assert "tcp://127.0.0.1:1" in check["found"] and "refused" in check["found"]
    assert check["advice"].startswith("start it")
