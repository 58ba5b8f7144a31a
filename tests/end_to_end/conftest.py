"""The real program on real projects. XGRID names the binary; the interpreter that runs these tests runs theirs.

With `--shared=FOLDER` several such runs share the tests: see side_by_side.py. So no test may want the machine, a port or a
file outside of its folder to itself. Those that take longest are marked `long`, and begin first.
"""

import pathlib
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


@pytest.fixture(scope="session")
def shared_by_all(request):
    """The folder of all runs that share the tests, or None."""
    folder = request.config.getoption("--shared")
    return folder and pathlib.Path(folder)


@pytest.fixture(autouse=True, scope="session")
def what_caches_share(tmp_path_factory, shared_by_all):
    grid.SHARED = shared_by_all or tmp_path_factory.mktemp("shared")


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
    parser.addoption(
        "--shared", metavar="FOLDER", help="run what no other run with that folder has taken"
    )


def pytest_configure(config):
    config.addinivalue_line("markers", "long: it takes longest, and begins first")


def pytest_runtestloop(session):
    folder = session.config.getoption("--shared", None)
    if not folder or session.testsfailed:
        return None
    items = sorted(session.items, key=lambda item: item.get_closest_marker("long") is None)
    taken = taken_from(items, pathlib.Path(folder))
    item = next(taken, None)
    while item:
        following = next(taken, None)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        item = following
    return True


def taken_from(items, folder):
    """A generator of those that nobody else has taken, one at a time."""
    for number, item in enumerate(items):
        try:
            (folder / ("taken-%d" % number)).touch(exist_ok=False)
        except FileExistsError:
            continue
        yield item


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
