"""Nothing is left running: whoever is killed, interrupted, or has left processes behind."""

import os
import signal
import subprocess
import time

import pytest

import grid

# A test whose processes say that they are there, and stay; one of them in a session of its own.
STAYING = """
    import os, subprocess, pytest
    @pytest.mark.parametrize("i", range(4))
    def test_stays(i):
        subprocess.Popen(["sleep", "600"])
        subprocess.Popen(["sleep", "600"], start_new_session=True)
        open(os.environ["THERE"] + "/%d-%d" % (i, os.getpid()), "w").close()
        subprocess.call(["sleep", "600"])
"""


class Staying:
    """A run whose tests stay; who is who among its processes."""

    def __init__(self, project, marked, tmp_path):
        project.write("test_stays.py", STAYING)
        there = tmp_path / "there"
        there.mkdir()
        self.events = tmp_path / "events.jsonl"
        self.runtime = tmp_path / "runtime"
        self.runtime.mkdir()
        self.process = project.start(
            "-n",
            2,
            "--json",
            self.events,
            THERE=str(there),
            XDG_RUNTIME_DIR="/tmp" if len(str(self.runtime)) > 60 else str(self.runtime),
            **marked.env,
        )
        assert grid.until(lambda: len(list(there.iterdir())) >= 1)
        self.slots = [int(path.name.split("-")[1]) for path in there.iterdir()]
        self.client = self.process.pid
        ours = grid.children(self.client)
        self.worker = next(pid for pid in ours if grid.children(pid))
        self.broker = next(pid for pid in ours if pid != self.worker)
        self.warm = next(pid for pid in grid.children(self.worker) if grid.children(pid))


@pytest.fixture
def staying(project, marked, tmp_path):
    return Staying(project, marked, tmp_path)


@pytest.mark.parametrize("victim", ["client", "worker", "broker"])
def test_nothing_is_left_when_one_of_them_is_killed(staying, marked, victim):
    os.kill(getattr(staying, victim), signal.SIGKILL)
    assert marked.gone()
    run = grid.ended(staying.process)
    assert run.code == (3 if victim != "client" else -signal.SIGKILL)
    if victim != "client":
        assert "killed by signal 9" in run.out + run.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_ends_the_run_and_all_its_processes(staying, marked, number):
    began = time.monotonic()
    staying.process.send_signal(number)
    run = grid.ended(staying.process, staying.events)
    assert run.code == 2
    assert time.monotonic() - began < 10
    assert marked.gone()
    assert run.events[-1]["event"] == "run_finished" and run.events[-1]["exit_code"] == 2


def test_an_interrupt_tears_fixtures_down(project, marked, tmp_path):
    project.write(
        "test_fixture.py",
        """
        import os, pytest, time
        @pytest.fixture(scope="session")
        def resource():
            open("up", "w").close()
            yield
            open("down", "w").close()
        def test_stays(resource):
            open("running", "w").close()
            time.sleep(600)
        """,
    )
    process = project.start("-n", 1, **marked.env)
    assert grid.until((project.path / "running").exists)
    process.send_signal(signal.SIGINT)
    assert grid.ended(process).code == 2
    assert (project.path / "down").exists()


def test_processes_that_tests_leave_behind_go_with_the_run(project, marked):
    project.write(
        "test_leaves.py",
        """
        import subprocess
        def test_leaves():
            subprocess.Popen(["sleep", "600"])
            subprocess.Popen(["sleep", "600"], start_new_session=True)
            subprocess.Popen("trap '' TERM; sleep 600", shell=True, start_new_session=True)
        """,
    )
    run = project.submit("-n", 1, **marked.env)
    assert run.code == 0
    assert not marked.pids()


def test_what_a_run_leaves_behind_goes_before_its_shared_worker_does(project, marked, tmp_path):
    project.write(
        "test_leaves.py",
        """
        import subprocess
        def test_leaves(): subprocess.Popen("trap '' TERM; sleep 600", shell=True, start_new_session=True)
        """,
    )
    endpoint = "ipc://%s" % (tmp_path / "b")
    if len(endpoint) > 100:
        pytest.skip("the temporary folder's name is too long for a socket")
    env = {**project.env, **marked.env}
    programs = [
        subprocess.Popen([grid.XGRID, "broker", "--bind", endpoint], env=env),
        subprocess.Popen([grid.XGRID, "worker", "--broker", endpoint, "--slots", "1"], env=env),
    ]
    try:
        assert project.submit("-n", 1, "--broker", endpoint).code == 0
        sleeps = lambda: [pid for pid in marked.pids() if b"sleep" in grid.command_of(pid)]
        assert grid.until(lambda: not sleeps(), grid.LEFT_SECONDS)
    finally:
        for program in programs:
            program.terminate()
            program.wait(grid.DEADLINE_SECONDS)


def test_old_temporary_directories_go_as_under_plain_pytest(project, tmp_path):
    project.write("test_a.py", "def test_a(tmp_path): pass")
    for _run in range(6):
        assert project.submit("-n", 2, TMPDIR=str(tmp_path)).code == 0
    (parent,) = tmp_path.glob("pytest-of-*")
    assert not list(parent.glob("pytest-*/.lock"))
    # The last three stay; those before go in the background.
    assert grid.until(lambda: len(list(parent.glob("pytest-[0-9]*"))) <= 4)
