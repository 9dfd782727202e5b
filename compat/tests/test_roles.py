"""What plain boto3 in a container gets: temporary credentials of the model's role, and Berth's S3."""

import contextlib
import json
import shutil
import socket
import threading
from pathlib import Path

import boto3
import images
import pytest
from aws import ROLE, Aws
from berth import eventually

IMAGE = "berth-compat/boto3:1"

# Runs what it is sent; names stay for the next request.
SERVER = """
import http.server, os, signal, traceback

signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # else it ends 30 s after its endpoint

class Handler(http.server.BaseHTTPRequestHandler):
    names = {}
    def do_GET(self):
        self.reply(b"")
    def do_POST(self):
        source = self.rfile.read(int(self.headers["Content-Length"])).decode()
        try:
            exec(source, self.names)
            self.reply(str(self.names["answer"]).encode())
        except Exception as failure:
            traceback.print_exc()
            self.reply(f"{type(failure).__name__}: {failure}".encode())
    def reply(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""
DOCKERFILE = """
ARG BASE
FROM $BASE
COPY packages /packages
COPY server.py /server.py
ENV PYTHONPATH=/packages PYTHONDONTWRITEBYTECODE=1
ENTRYPOINT ["python3", "/server.py"]
"""
PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")

# Debian's boto3 knows the credentials' variables, but not yet the endpoint's.
CLIENT = """
import boto3, os
new = tuple(map(int, boto3.__version__.split(".")[:2])) >= (1, 28)
options = {} if new else {"endpoint_url": os.environ["AWS_ENDPOINT_URL"]}
session = boto3.Session()
s3 = session.client("s3", **options)
sts = session.client("sts", **options)
"""

# Status of what is asked, each on a thread of its own.
ASK = """
import concurrent.futures, os, urllib.error, urllib.request
def ask(path, headers):
    request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"] + path, headers=headers)
    try:
        return urllib.request.urlopen(request, timeout=10).status
    except urllib.error.HTTPError as refusal:
        return refusal.code
def ask_all(*questions):
    with concurrent.futures.ThreadPoolExecutor(len(questions)) as threads:
        return list(threads.map(lambda question: ask(*question), questions))
"""

# What somebody who is connected to gets to read, each on a thread of its own: None where there is
# no connection, nothing where it is closed at once.
PROBE = """
import concurrent.futures, socket
def probe(address):
    try:
        connection = socket.create_connection(address, SECONDS)
    except OSError:
        return None
    with connection:
        try:
            connection.sendall(b"GET /v2/credentials HTTP/1.0\\r\\n\\r\\n")
            return connection.recv(5).decode()
        except ConnectionError:
            return ""
def probe_all(addresses):
    with concurrent.futures.ThreadPoolExecutor(len(addresses)) as threads:
        return list(threads.map(probe, addresses))
""".replace("SECONDS", "2")
ROLES_ADDRESS = "169.254.170.2"


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """Debian's Python with the boto3 that these tests run with."""
    base = images.python_base()
    folder = tmp_path_factory.mktemp("boto3-image")
    site = Path(boto3.__file__).parents[1]
    for package in PACKAGES:
        if (site / package).is_dir():
            shutil.copytree(
                site / package,
                folder / "packages" / package,
                ignore=shutil.ignore_patterns("__pycache__"),
            )
        elif (site / package).is_file():
            shutil.copy(site / package, folder / "packages" / package)
    (folder / "server.py").write_text(SERVER)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    return images.build(IMAGE, folder, "--build-arg", "BASE=" + base)


@pytest.fixture
def start(new_server, image, tmp_path):
    """Starts a server with some settings, and an endpoint "shop" on a container of the image."""
    servers = []

    def started(settings="", **model):
        config = tmp_path / "berth.yaml"
        config.write_text(settings + "\n")
        server = new_server("--config", str(config)).start()
        servers.append(server)
        aws = Aws(server.url).with_models()
        aws.deploy("shop", image=image, **model)
        return server

    yield started
    for server in servers:
        aws = Aws(server.url)
        if aws.status("shop") is not None:
            aws.delete("shop")


def run(server, source, endpoint="shop"):
    """Runs Python in an endpoint's container and returns what it names answer."""
    return Aws(server.url).invoke(endpoint, source, content_type="text/plain")["Body"].decode()


def containers(server, endpoint="shop"):
    """Ids of an endpoint's containers."""
    installation = (server.data / "installation").read_text().strip()
    labels = {"dev.berth.installation": installation, "dev.berth.owner-name": endpoint}
    filters = [f"--filter=label={key}={value}" for key, value in labels.items()]
    return images.docker("ps", "-q", *filters).split()


def inspect(template, container):
    return images.docker("inspect", "-f", template, container)


def instance(server):
    """Name of the container's instance."""
    (container,) = containers(server)
    return inspect('{{ index .Config.Labels "dev.berth.instance" }}', container)


def role_port(server):
    """Port of this server for containers with a role."""
    return int((server.data / "containers.port").read_text())


@pytest.fixture
def listener():
    """Port of a greeter that listens on every address of this machine, as its services do."""
    with socket.create_server(("0.0.0.0", 0)) as server:
        def greet():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.sendall(b"hello")
        threading.Thread(target=greet, daemon=True).start()
        yield server.getsockname()[1]
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


def test_plain_boto3_acts_as_the_role_and_uses_berths_s3(start):
    server = start()
    aws = Aws(server.url)

    identity = run(server, CLIENT + "answer = sts.get_caller_identity()['Arn']")
    account, role = ROLE.split(":")[4], ROLE.rsplit("/", 1)[1]
    assert identity == f"arn:aws:sts::{account}:assumed-role/{role}/{instance(server)}"

    aws.s3.put_object(Bucket="models", Key="in", Body=b"from outside")
    assert run(
        server, "answer = s3.get_object(Bucket='models', Key='in')['Body'].read().decode()"
    ) == "from outside"
    assert run(server, """
s3.put_object(Bucket='models', Key='out', Body=b'x' * 9_000_000)
answer = s3.head_object(Bucket='models', Key='out')['ContentLength']
""") == "9000000"
    assert aws.s3.head_object(Bucket="models", Key="out")["ContentLength"] == 9_000_000
    presigned = "s3.generate_presigned_url('get_object', Params={'Bucket': 'models', 'Key': 'in'})"
    assert run(
        server, f"import urllib.request; answer = urllib.request.urlopen({presigned}).read()"
    ) == "b'from outside'"


def test_credentials_expire_and_are_fetched_anew(start):
    server = start("role-credentials-seconds: 3")
    first = run(server, CLIENT + """
frozen = session.get_credentials().get_frozen_credentials()
old = boto3.client('s3', aws_access_key_id=frozen.access_key,
    aws_secret_access_key=frozen.secret_key, aws_session_token=frozen.token, **options)
answer = frozen.access_key
""")
    assert first.startswith("ASIA")

    expired = eventually(
        lambda: "ExpiredToken" in run(server, "answer = old.list_buckets()['Buckets']"),
        "the first credentials are over",
    )
    assert expired
    assert run(server, "answer = s3.list_buckets()['Buckets'][0]['Name']") == "models"
    second = run(server, "answer = session.get_credentials().get_frozen_credentials().access_key")
    assert second.startswith("ASIA") and second != first


def test_containers_keep_their_credentials_over_a_crash_of_berth(start):
    server = start()
    run(server, CLIENT + "answer = sts.get_caller_identity()['Arn']")
    server.kill()
    server.start()
    eventually(lambda: Aws(server.url).status("shop") == "InService", "it is in service again")

    assert run(server, "answer = s3.list_buckets()['Buckets'][0]['Name']") == "models"
    assert "assumed-role" in run(server, CLIENT + "answer = sts.get_caller_identity()['Arn']")


def test_nobody_gets_further_than_containers_with_credentials_do(start):
    server = start()
    answers = run(server, ASK + """
token = os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
answer = ask_all(
    ("/", {}),
    ("/models", {}),
    ("/_berth/health", {}),
    ("/v2/credentials", {}),
    ("/v2/credentials", {"Authorization": "made-up"}),
    ("/v2/credentials", {"Authorization": token}),
)
""")
    assert json.loads(answers) == [403, 403, 403, 403, 403, 200]
    assert "InvalidClientTokenId" in run(server, CLIENT + """
made_up = boto3.client('s3', aws_access_key_id='ASIA' + 'A' * 16, aws_secret_access_key='s',
    aws_session_token='t', **options)
answer = made_up.list_buckets()
""")


def test_an_isolated_container_has_no_credentials_and_no_way_to_berth(start, image, listener):
    try:
        server = start(EnableNetworkIsolation=True)
    except AssertionError as failure:
        if "can't be guaranteed" in str(failure):
            pytest.skip("no isolation here: " + str(failure))
        raise
    names = json.loads(run(server, "import json, os; answer = json.dumps(list(os.environ))"))

    assert not [name for name in names if name.startswith("AWS_CONTAINER_")]
    assert "AWS_ENDPOINT_URL" not in names
    aws = Aws(server.url)
    aws.deploy("control", image=image)
    try:
        (isolated,), (control,) = containers(server), containers(server, "control")
        gateway = "{{range .NetworkSettings.Networks}}{{.Gateway}} {{end}}"
        network = "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}"
        bridges = [
            images.docker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", name)
            for name in inspect(network, isolated).split()
        ] + inspect(gateway, control).split()
        targets = [(host, listener) for host in (*bridges, ROLES_ADDRESS)]
        targets.append((ROLES_ADDRESS, role_port(server)))
        ask = f"{PROBE}\nanswer = probe_all({targets})"
        # Where nothing isolates, the same is answered, and within the same time.
        reached = eval(run(server, ask, "control"))
        assert reached.count("hello") >= 3 and reached[-1] == "HTTP/"
        assert eval(run(server, ask)) == [None] * len(targets)
    finally:
        aws.delete("control")


def test_who_is_not_in_the_network_of_roles_is_cut_off_before_a_word(start, listener):
    server = start()
    targets = [(ROLES_ADDRESS, listener), (ROLES_ADDRESS, role_port(server))]
    ask = f"{PROBE}\nanswer = probe_all({targets})"
    assert eval(run(server, ask)) == ["hello", "HTTP/"]

    outside = images.docker(
        "run", "--rm", "--network=bridge", images.python_base(), "python3", "-c",
        ask + "\nprint(answer)",
    )

    # The way there is open, as the other listener's greeting shows; Berth hangs up.
    assert eval(outside) == ["hello", ""]


def test_who_signs_with_made_up_credentials_is_still_the_accounts_user(server):
    assert Aws(server.url).sts.get_caller_identity()["Arn"].endswith(":user/berth")

