"""A private registry that asks for a user and a password, which Berth asks a function for."""

import json
import shutil
import socket
import subprocess
import urllib.request
import uuid

import images
import pytest
from aws import Aws
from berth import ending_with_tests, eventually
from test_containers import image as server_image  # noqa: F401

FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:SageMakerRegistryCredentials"
PASSWORD = f"s3cret-{uuid.uuid4()}"
VPC = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
CONFIG = """
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}}}
http: {{addr: "{host}"}}
auth: {{htpasswd: {{realm: test, path: {folder}/users}}}}
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory, server_image):  # noqa: F811
    """Host and port of a registry with the image team/shop:1; on loopback, so without TLS."""
    if not shutil.which("docker-registry") or not shutil.which("htpasswd"):
        pytest.skip("no docker-registry or no htpasswd (apt-get install docker-registry apache2-utils)")
    folder = tmp_path_factory.mktemp("registry")
    with socket.create_server(("127.0.0.1", 0)) as free:
        host = f"127.0.0.1:{free.getsockname()[1]}"
    users = str(folder / "users")
    subprocess.run(["htpasswd", "-Bbc", users, "ann", PASSWORD], check=True, capture_output=True)
    (folder / "config.yml").write_text(CONFIG.format(folder=folder, host=host))
    process = subprocess.Popen(
        [*ending_with_tests(), "docker-registry", "serve", "config.yml"],
        cwd=folder,
        stdout=(folder / "log").open("wb"),
        stderr=subprocess.STDOUT,
    )
    eventually(lambda: answers(host), "the registry answers")
    docker = ["docker", "--config", str(folder)]
    login = [*docker, "login", "--username", "ann", "--password-stdin", host]
    subprocess.run(login, input=PASSWORD, text=True, check=True, capture_output=True)
    tag = f"{host}/team/shop:1"
    images.docker("tag", server_image, tag)
    subprocess.run([*docker, "push", tag], check=True, capture_output=True)
    images.docker("rmi", tag)
    yield host
    process.terminate()
    process.wait()


def answers(host):
    try:
        urllib.request.urlopen(f"http://{host}/v2/")
    except urllib.error.HTTPError as refusal:
        return refusal.code == 401
    except OSError:
        return False
    return True


@pytest.fixture
def deploy(new_server, registry, tmp_path):
    """Starts a server whose function is a command, and an endpoint of the registry's image."""
    servers = []

    def deployed(command):
        config = tmp_path / "berth.yaml"
        functions = {FUNCTION: command}
        settings = {"registry-credentials": {"timeout-seconds": 5, "functions": functions}}
        config.write_text(json.dumps(settings))  # which is YAML
        server = new_server("--config", str(config)).start()
        servers.append(server)
        aws = Aws(server.url).with_models()
        aws.sagemaker.create_model(
            ModelName="shop",
            ExecutionRoleArn="arn:aws:iam::000000000000:role/Shop",
            VpcConfig=VPC,
            PrimaryContainer={
                "Image": f"{registry}/team/shop:1",
                "ImageConfig": {
                    "RepositoryAccessMode": "Vpc",
                    "RepositoryAuthConfig": {"RepositoryCredentialsProviderArn": FUNCTION},
                },
            },
        )
        aws.config("shop")
        aws.endpoint("shop")
        return server

    yield deployed
    for server in servers:
        aws = Aws(server.url)
        if aws.status("shop") is not None:
            aws.delete("shop")
    subprocess.run(["docker", "rmi", f"{registry}/team/shop:1"], capture_output=True)


def test_the_functions_password_pulls_the_image_and_is_kept_nowhere(deploy, tmp_path):
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps({"Credentials": {"Username": "ann", "Password": PASSWORD}}))
    server = deploy(f"echo asked >> {tmp_path}/calls; cat {answer}")
    aws = Aws(server.url)
    aws.in_service("shop")

    assert aws.invoke("shop", "hello", content_type="text/plain")["Body"].decode() == "hello"
    assert (tmp_path / "calls").read_text() == "asked\n"
    server.stop()
    kept = [file for file in [server.log, *server.data.rglob("*")] if file.is_file()]
    assert len(kept) > 3
    assert not [file for file in kept if PASSWORD.encode() in file.read_bytes()]
    server.start()


def test_a_wrong_password_fails_with_function_and_registry_and_without_the_password(
    deploy, registry
):
    wrong = json.dumps({"Credentials": {"Username": "ann", "Password": PASSWORD[:-1]}})
    server = deploy(f"echo '{wrong}'")
    description = Aws(server.url).settled("shop")

    assert description["EndpointStatus"] == "Failed"
    reason = description["FailureReason"]
    assert registry in reason and FUNCTION in reason and "unauthorized" in reason
    assert PASSWORD[:-1] not in reason
    assert PASSWORD[:-1] not in server.output()


@pytest.mark.parametrize("command, cause", [
    ("sleep 60", "did not answer within 5000 ms"),
    ("echo '{}'", "Credentials.Username"),
    ("exit 3", "exited with code 3"),
])
def test_a_function_that_is_late_malformed_or_failing_is_named(deploy, registry, command, cause):
    description = Aws(deploy(command).url).settled("shop")

    assert description["EndpointStatus"] == "Failed"
    assert registry in description["FailureReason"]
    assert FUNCTION in description["FailureReason"]
    assert cause in description["FailureReason"]
