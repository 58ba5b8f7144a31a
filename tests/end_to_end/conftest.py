"""The real program on real projects. XGRID names the binary; the interpreter that runs these tests runs theirs."""

import pytest

import grid
from hosts import Host
from listeners import Listener

collect_ignore = ["fixtures"]  # they are for xgrid to run


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
