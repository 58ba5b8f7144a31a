"""A shared broker that is killed and started again goes on where it was."""

import collections
import json
import os
import pathlib
import resource
import signal
import subprocess

import grid
import pytest
from hosts import free_port

# Each execution leaves a line: which test, in which process.
SUITE = """
import os, pathlib, time
import pytest

@pytest.mark.parametrize("i", range({tests}))
def test_one(i, request):
    with open({ran!r}, "a") as file:
        file.write("%s %d\\n" % (request.node.nodeid, os.getpid()))
    time.sleep(0.05)
"""

GATED = """
import pathlib, time

def test_waits():
    pathlib.Path({begun!r}).touch()
    while not pathlib.Path({go!r}).exists(): time.sleep(0.02)
"""


class Mortal:
    """A broker that can be killed, with one worker, and a project whose runs go there."""

    def __init__(self, tmp_path, mark):
        self.path = tmp_path
        self.env = {**os.environ, **mark.env}
        for name in [name for name in self.env if name.startswith(("PYTEST_", "XGRID_"))]:
            del self.env[name]
        self.env["XGRID_CACHE_HOME"] = str(tmp_path / "cache")
        self.endpoint = "tcp://127.0.0.1:%d" % free_port()
        self.project = grid.Project(tmp_path / "project")
        self.ran = tmp_path / "ran"
        self.ran.touch()
        self.broker = None
        self.live()
        self.worker = self.start("worker", "--broker", self.endpoint, "--slots", 2)

    def start(self, *args, **more):
        command = [grid.XGRID, *map(str, args)]
        return subprocess.Popen(command, env=self.env, stderr=subprocess.PIPE, **more)

    def live(self, **more):
        data = self.path / "data"
        self.broker = self.start("broker", "--bind", self.endpoint, "--data", data, **more)
        return self.broker.stderr.readline()

    def die(self):
        self.broker.kill()
        self.broker.communicate()

    def submit(self, *args):
        return self.project.start("-n", 2, "--broker", self.endpoint, *args)

    def executions(self):
        return [line.split() for line in self.ran.read_text().splitlines()]

    def end(self):
        for process in (self.worker, self.broker):
            process.terminate()
            process.communicate(timeout=30)


@pytest.fixture
def mortal(tmp_path, marked):
    one = Mortal(tmp_path, marked)
    yield one
    one.end()


def test_tests_run_once_however_often_the_broker_is_killed(mortal):
    for name in "abcd":
        text = SUITE.format(tests=30, ran=str(mortal.ran))
        mortal.project.write("test_%s.py" % name, text)
    events = mortal.path / "events"
    submit = mortal.submit("--json", events)
    for kills in range(1, 5):
        assert grid.until(lambda: len(mortal.executions()) >= kills * 20)
        mortal.die()
        mortal.live()
    run = grid.ended(submit, events)
    assert run.code == 0, run.out + run.err
    assert len(run.outcomes) == 120 and set(run.outcomes.values()) == {"passed"}
    times = collections.Counter(test for test, _pid in mortal.executions())
    assert len(times) == 120 and set(times.values()) == {1}
    assert len({pid for _test, pid in mortal.executions()}) == 2  # nor has a slot begun anew
    assert [event["worker"] for event in run.of("worker_up")] in (["gw0", "gw1"], ["gw1", "gw0"])


def test_a_run_that_ended_while_the_broker_was_away_is_told_to_its_client(mortal):
    begun, go = mortal.path / "begun", mortal.path / "go"
    mortal.project.write("test_a.py", GATED.format(begun=str(begun), go=str(go)))
    submit = mortal.submit()
    assert grid.until(begun.exists)
    mortal.die()
    go.touch()
    assert submit.poll() is None
    mortal.live()
    run = grid.ended(submit)
    assert run.code == 0 and "1 passed" in run.out, run.out + run.err


def test_results_of_earlier_lives_are_kept_beside_later_ones(mortal):
    for name in ("first", "second"):
        mortal.project.write("test_%s.py" % name, SUITE.format(tests=1, ran=str(mortal.ran)))
        assert grid.ended(mortal.submit("test_%s.py" % name)).code == 0
        mortal.die()
        mortal.live()
    command = [grid.XGRID, "runs", "--broker", mortal.endpoint, "--json"]
    runs = json.loads(subprocess.run(command, env=mortal.env, stdout=subprocess.PIPE).stdout)
    shown = []
    for run in runs:
        events = mortal.path / run["run"]
        command = [grid.XGRID, "attach", run["run"], "--broker", mortal.endpoint]
        command += ["--json", str(events)]
        attach = subprocess.Popen(command, env=mortal.env, stdout=-1, stderr=-1)
        shown += list(grid.ended(attach, events).outcomes)
    assert sorted(shown) == ["test_first.py::test_one[0]", "test_second.py::test_one[0]"]


def test_room_for_the_journal_is_waited_for_and_nothing_is_lost(mortal):
    mortal.die()

    def little_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))

    mortal.live(preexec_fn=little_room)
    mortal.project.write("test_a.py", SUITE.format(tests=300, ran=str(mortal.ran)))
    submit = mortal.submit()
    line = b""
    while b"waits until that is possible again" not in line:
        line = mortal.broker.stderr.readline()
        assert line, "it ended, or never said that it waits"
    assert b"journal.db" in line
    assert submit.poll() is None
    room = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(mortal.broker.pid, resource.RLIMIT_FSIZE, room)
    assert b"goes on" in mortal.broker.stderr.readline()
    run = grid.ended(submit)
    assert run.code == 0 and "300 passed" in run.out, run.out + run.err
    assert len(mortal.executions()) == 300


def test_a_damaged_journal_is_named_and_left_alone(mortal):
    mortal.die()
    journal = pathlib.Path(mortal.path / "data" / "journal.db")
    pathlib.Path(str(journal) + "-wal").unlink()  # which repairs what it has
    journal.write_bytes(b"x" * 10_000)
    err = mortal.live() + mortal.broker.stderr.read()
    mortal.broker.wait(30)
    assert mortal.broker.returncode == 3
    assert b"is damaged" in err and b"move it away" in err and err.count(b"\n") <= 3, err
    assert journal.read_bytes() == b"x" * 10_000


def test_two_brokers_do_not_share_a_folder(mortal):
    other = "tcp://127.0.0.1:%d" % free_port()
    second = mortal.start("broker", "--bind", other, "--data", mortal.path / "data")
    _out, err = second.communicate(timeout=30)
    assert second.returncode == 3 and b"another broker uses" in err, err
