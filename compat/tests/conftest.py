"""One server for most tests, AWS clients that talk to it, and its log beside every failure."""

import itertools

import pytest
from aws import Aws
from berth import RUNNING, Berth

LOG_LINES = 60


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The server that tests share; each uses names of its own."""
    berth = Berth(tmp_path_factory.mktemp("shared") / "data").start()
    yield berth
    berth.close()


@pytest.fixture
def new_server(tmp_path):
    """Makes servers of a test's own; they end with it."""
    made = []

    def make(*options, data="data", **keywords):
        berth = Berth(tmp_path / data, *options, **keywords)
        made.append(berth)
        return berth

    yield make
    for berth in made:
        berth.close()


@pytest.fixture(scope="session")
def aws(server):
    """Clients of the shared server, with its bucket of models."""
    return Aws(server.url).with_models()


_numbers = itertools.count(1)


@pytest.fixture
def name(request):
    """Makes names that no other test uses: `name("model")`."""
    number = next(_numbers)
    return lambda kind="x": f"{kind}-{number}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for berth in list(RUNNING):
            lines = berth.output().splitlines()[-LOG_LINES:]
            report.sections.append((f"log of {berth.data}", "\n".join(lines)))
