"""Code that changes, or goes, after it was read and before it was sent: it is taken again, as long as no test runs."""

import contextlib
import fcntl
import os
import pathlib
import shutil
import signal
import subprocess

import grid
import pytest

TOLD = "code changed while it was sent"


class Grid:
    """A broker, workers that come when a test wants them, and a project."""

    def __init__(self, path):
        self.path = path
        self.endpoint = "ipc://%s/broker" % path
        self.project = grid.Project(path / "project")
        self.mark = grid.Mark()
        self.processes = []
        self.start("broker", "--bind", self.endpoint, "--data", path / "data")

    def start(self, role, *args):
        env = {**os.environ, **self.mark.env, "XGRID_CACHE_HOME": str(self.path / "other")}
        process = subprocess.Popen([grid.XGRID, role, *map(str, args)], env=env)
        self.processes.insert(0 if role == "broker" else len(self.processes), process)

    def start_worker(self, name="worker", slots=2):
        cache = self.path / name
        self.start("worker", "--broker", self.endpoint, "--slots", slots, "--cache", cache)

    def submit(self, *args):
        return Submitted(self.project, "-n", 2, "--broker", self.endpoint, *args)


class Submitted:
    """A run whose client has read the code, and has not sent it as long as nobody asks."""

    def __init__(self, project, *args):
        self.events = project.path.parent / "events.jsonl"
        self.process = project.start(*args, "--json", self.events)
        self.wait_for("run_started")

    def wait_for(self, kind, times=1):
        def said():
            there = self.events.exists() and self.events.read_text()
            return there and there.count('"event":"%s"' % kind) >= times

        assert grid.until(lambda: said() or self.process.poll() is not None)
        assert said(), grid.ended(self.process).out

    def end(self):
        return grid.ended(self.process, self.events)


@pytest.fixture
def here(tmp_path):
    here = Grid(tmp_path)
    yield here
    # Workers first: one that has no broker would wait for it.
    for process in reversed(here.processes):
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert here.mark.gone()


def told(run):
    """The lines about code that was taken again; events that go with them are checked on the way."""
    lines = [line for line in run.out.splitlines() if line.startswith(TOLD)]
    assert [event["text"] for event in run.of("note") if TOLD in event["text"]] == lines
    started = run.of("run_started")
    assert len(started) == len(lines) + 1
    assert len({event["run"] for event in started}) == len(started)
    assert len(run.of("run_finished")) == 1 and run.events[-1]["event"] == "run_finished"
    assert run.events[-1]["exit_code"] == run.code
    return lines


def test_a_file_that_changed_is_tested_as_it_is_now(here):
    here.project.write("src.py", "value = 1\n")
    here.project.write("test_a.py", "import src\ndef test_a(): assert src.value == 22\n")
    submitted = here.submit()
    here.project.write("src.py", "value = 22\n")
    here.start_worker()
    run = submitted.end()
    assert run.code == 0, run.out + run.err
    assert told(run) == [TOLD + " (src.py): taken again"]
    assert run.outcomes == {"test_a.py::test_a": "passed"}
    # What is said of the tree is said of the one that was tested.
    (synced,) = run.of("synced")
    assert synced["tree"] == run.of("run_started")[1]["tree"] != run.of("run_started")[0]["tree"]


def test_a_file_that_went_is_not_there(here):
    here.project.write("test_a.py", "def test_a(): pass\n")
    gone = here.project.write("sub/test_gone.py", "def test_gone(): pass\n")
    submitted = here.submit()
    gone.unlink()
    here.start_worker()
    run = submitted.end()
    assert run.code == 0, run.out + run.err
    assert told(run) == [TOLD + " (sub/test_gone.py): taken again"]
    assert run.outcomes == {"test_a.py::test_a": "passed"}


def test_a_test_that_comes_to_fail_fails(here):
    here.project.write("test_a.py", "def test_a(): pass\ndef test_b(): pass\n")
    submitted = here.submit("-x")
    here.project.write("test_a.py", "def test_a(): assert 0\ndef test_b(): pass\n")
    here.start_worker()
    run = submitted.end()
    assert run.code == 1 and run.outcomes["test_a.py::test_a"] == "failed"
    assert len(told(run)) == 1


def test_a_part_of_a_large_file_that_changed_is_found_where_it_is_put_together(here):
    size = 3_000_000
    large = here.project.path / "large.bin"
    large.write_bytes(bytes(size))
    here.project.write(
        "test_a.py",
        "import pathlib\ndef test_a(): assert b'changed' in pathlib.Path('large.bin').read_bytes()\n",
    )
    submitted = here.submit()
    with large.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"changed")
    here.start_worker()
    run = submitted.end()
    assert run.code == 0, run.out + run.err
    assert told(run) == [TOLD + " (large.bin): taken again"]


def test_a_file_that_changes_whenever_it_was_read_ends_the_run(here):
    here.project.write("test_a.py", "def test_a(): pass\n")
    # What the client writes of each try is written here, too.
    events = here.path / "events.jsonl"
    events.touch()
    os.link(events, here.project.path / "grows.log")
    submitted = here.submit()
    here.project.write("test_a.py", "def test_a(): pass  # changed\n")
    here.start_worker()
    run = submitted.end()
    assert run.code == 3, run.out + run.err
    assert len(told(run)) == 3
    assert not run.finished
    assert "cannot send %s: it changed" % (here.project.path / "grows.log") in run.out
    assert "--rsyncignore" in run.out


def test_code_that_goes_altogether_is_an_error_that_names_it(here):
    here.project.write("test_a.py", "def test_a(): pass\n")
    submitted = here.submit()
    shutil.rmtree(here.project.path)
    here.start_worker()
    run = submitted.end()
    assert run.code == 3
    assert str(here.project.path) in run.out


def test_tests_of_two_trees_are_never_mixed(here):
    go_on = here.path / "go_on"
    for name in "abcd":  # more than one slot has and has waiting
        here.project.write(
            "test_%s.py" % name,
            """
            import pathlib, time
            def test():
                while not pathlib.Path(%r).exists():
                    time.sleep(0.01)
            """
            % str(go_on),
        )
    lib = here.project.write("lib.py", "value = 1\n")
    here.start_worker("first", slots=1)
    go_on.touch()
    assert here.submit().end().code == 0  # so that the first worker has it all
    go_on.unlink()
    broker = here.processes.pop(0)
    broker.kill()
    broker.wait()
    shutil.rmtree(here.path / "data")  # ... and the broker nothing
    here.start("broker", "--bind", here.endpoint, "--data", here.path / "data")
    (here.path / "events.jsonl").unlink()
    submitted = here.submit()
    submitted.wait_for("test_started")
    lib.write_text("value = 22\n")
    here.start_worker("second", slots=1)
    run = submitted.end()
    assert run.code == 3
    assert told(run) == []
    assert "cannot send %s: it changed" % lib in run.out


def test_a_run_that_was_taken_again_can_be_interrupted(here):
    here.project.write("test_a.py", "def test_a(): pass\n")
    submitted = here.submit()
    here.project.write("test_a.py", "import time\ndef test_a(): time.sleep(1000)\n")
    here.start_worker()
    submitted.wait_for("test_started")
    submitted.process.send_signal(signal.SIGINT)
    run = submitted.end()
    assert run.code == 2, run.out + run.err
    assert len(told(run)) == 1


def test_a_run_that_is_interrupted_is_not_taken_again(here):
    here.project.write("test_a.py", "def test_a(): pass\n")
    submitted = here.submit()
    here.project.write("test_a.py", "def test_a(): assert 0\n")
    submitted.process.send_signal(signal.SIGINT)
    run = submitted.end()
    assert run.code == 2, run.out + run.err
    assert told(run) == []


# ---- On the client's own machine, where files are copied from where they lie


@contextlib.contextmanager
def no_copying(cache):
    """Workers and brokers with that cache wait when they want to use it."""
    (cache / "objects").mkdir(parents=True, exist_ok=True)
    with (cache / "objects" / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture
def copy_of(tmp_path):
    project = grid.Project(tmp_path / "project")

    def change(how):
        with no_copying(pathlib.Path(project.env["XGRID_CACHE_HOME"])):
            submitted = Submitted(project, "--tx", "popen//chdir=%s" % (tmp_path / "copy"))
            how()
        return submitted.end()

    change.project = project
    change.folder = tmp_path / "copy"
    return change


def test_a_copy_on_this_machine_is_of_what_is_there_now(copy_of):
    src = copy_of.project.write("src.py", "value = 1\n")
    gone = copy_of.project.write("test_gone.py", "def test_gone(): pass\n")
    copy_of.project.write("test_a.py", "import src\ndef test_a(): assert src.value == 22\n")

    def change():
        src.write_text("value = 22\n")
        gone.unlink()

    run = copy_of(change)
    assert run.code == 0, run.out + run.err
    assert len(told(run)) == 1
    assert run.outcomes == {"test_a.py::test_a": "passed"}
    assert (copy_of.folder / "src.py").read_text() == "value = 22\n"
    assert not (copy_of.folder / "test_gone.py").exists()


def test_a_copy_of_what_keeps_changing_is_the_grids_failure(copy_of):
    copy_of.project.write("test_a.py", "def test_a(): pass\n")
    events = copy_of.project.path.parent / "events.jsonl"
    events.touch()
    os.link(events, copy_of.project.path / "grows.log")
    run = copy_of(lambda: None)
    assert run.code == 3, run.out + run.err
    assert len(told(run)) == 3
    assert "grows.log: it changed" in run.out
