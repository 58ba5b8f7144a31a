"""The real program on real projects. XGRID names the binary; the interpreter that runs these tests runs theirs.

`--part 1/4` is every fourth test, and the other parts the rest, to run beside each other: they take about the same time,
and a new test needs no entry anywhere. So no test may want the machine, a port or a file outside of its folder to itself.
"""

import signal

import pytest

import grid
from hosts import Host
from listeners import Listener
from services import Service
from teams import Team

collect_ignore = ["fixtures"]  # they are for xgrid to run
# In the background of a shell it is ignored, and would be in all that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def what_caches_share(tmp_path_factory):
    grid.SHARED = tmp_path_factory.mktemp("shared")


@pytest.fixture(autouse=True)
def state_of_its_own(tmp_path, monkeypatch):
    """A broker that is given no folder has this one: not that of whoever runs these tests, or of another test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def team(tmp_path, marked):
    """A broker that asks for no keys, and those who share it."""
    team = Team(tmp_path, marked)
    yield team
    team.end()


def pytest_addoption(parser):
    parser.addoption("--part", metavar="K/N", default="1/1", help="only the K-th of N parts")


def pytest_collection_modifyitems(config, items):
    part, count = map(int, config.getoption("--part", "1/1").split("/"))
    others = [item for place, item in enumerate(items) if place % count != part - 1]
    config.hook.pytest_deselected(items=others)
    items[:] = items[part - 1 :: count]


@pytest.fixture
def project(tmp_path):
    return grid.Project(tmp_path / "project")


@pytest.fixture
def marked():
    """A marking that every process of the test inherits; none may be left in the end."""
    mark = grid.Mark()
    yield mark
    mark.end()


@pytest.fixture
def make_host(tmp_path, marked):
    """Starts an sshd on loopback, by the name that clients know the host under."""
    made = []

    def make(name="there", **how):
        host = Host(tmp_path / name, name, env=marked.env, **how)
        made.append(host)
        return host.start()

    yield make
    for host in made:
        host.stop()


@pytest.fixture
def listen(tmp_path):
    """Starts a worker that listens; none of what it started may be left in the end."""
    started = []

    def start(*args, **more):
        started.append(Listener(tmp_path / ("listener-%d" % len(started)), *args, **more))
        return started[-1]

    yield start
    for listener in started:
        listener.end()


@pytest.fixture
def serve(tmp_path):
    """Starts a broker; it and what else was started for it has ended in the end."""
    started = []

    def start(text="", *args, **more):
        started.append(Service(tmp_path / ("broker-%d" % len(started)), text, *args, **more))
        return started[-1]

    yield start
    for broker in started:
        broker.end()


@pytest.fixture
def runs():
    """Submits that are under way are ended."""
    begun = []
    yield begun
    for process in begun:
        process.kill()
        process.communicate()
