"""Whatever dies: exactly one verdict per test, and the right one to blame."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

import grid


def test_nobody_is_blamed_when_the_interpreter_of_all_slots_is_killed(project, marked):
    project.write(
        "test_warm.py",
        """
        import os, signal, pytest
        @pytest.mark.parametrize("i", range(6))
        def test_warm(i):
            if i == 1 and not os.path.exists("done"):
                open("done", "w").close()
                os.kill(os.getppid(), signal.SIGKILL)
                signal.pause()  # until it takes this process with it
        """,
    )
    run = project.submit("-n", 2, **marked.env)
    assert run.code == 0
    assert list(run.outcomes.values()) == ["passed"] * 6
    assert "node down: lost: the interpreter was killed by signal 9" in run.out
    assert marked.gone()


def test_a_test_that_always_kills_the_interpreter_is_given_up_and_the_others_run(project, marked):
    project.write(
        "test_warm.py",
        """
        import os, signal, pytest
        @pytest.mark.parametrize("i", range(6))
        def test_warm(i):
            if i == 1:
                os.kill(os.getppid(), signal.SIGKILL)
                signal.pause()  # until it takes this process with it
        """,
    )
    run = project.submit("-n", 1, **marked.env)
    assert run.code == 1
    bad = "test_warm.py::test_warm[1]"
    assert {name for name, outcome in run.outcomes.items() if outcome != "passed"} == {bad}
    assert len(run.outcomes) == 6 and "3 times" in run.out
    assert marked.gone()


def test_a_crash_is_named_and_its_neighbours_run_once(project, marked):
    project.write(
        "test_crash.py",
        """
        import os, pytest, signal
        @pytest.mark.parametrize("i", range(20))
        def test_crash(i):
            with open("ran", "a") as file:
                file.write("%d\\n" % i)
            if i == 7: os._exit(3)
            if i == 13: os.kill(os.getpid(), signal.SIGSEGV)
        """,
    )
    # One slot: its neighbours cannot do without another in its place.
    run = project.submit("-n", 1, **marked.env)
    assert run.code == 1
    assert sorted((project.path / "ran").read_text().split(), key=int) == [
        str(i) for i in range(20)
    ]
    failed = {event["id"]: event for event in run.finished if event["outcome"] != "passed"}
    assert set(failed) == {"test_crash.py::test_crash[7]", "test_crash.py::test_crash[13]"}
    for name, event in failed.items():
        assert event["crashed"] and event["outcome"] == "failed"
        worker = event["worker"]
        assert event["message"].startswith(
            "worker '%s' crashed while running '%s'" % (worker, name)
        )
        assert "replacing crashed worker %s" % worker in run.out
    assert "exited with status 3" in failed["test_crash.py::test_crash[7]"]["message"]
    assert "signal 11" in failed["test_crash.py::test_crash[13]"]["message"]
    assert "2 failed, 18 passed in " in run.last_line
    assert marked.gone()


def test_a_file_that_crashes_its_slot_is_an_error_and_the_others_run(project):
    project.write("test_bad.py", "import os; os._exit(5)")
    project.write("test_good.py", "def test_good(): pass")
    run = project.submit("-n", 2)
    assert run.outcomes == {"test_bad.py": "error", "test_good.py::test_good": "passed"}
    assert run.code == 1


@pytest.mark.parametrize("options", [[], ["--max-worker-restart=0"], ["--max-worker-restart=1"]])
def test_a_conftest_that_crashes_every_slot_fails_the_grid(project, options):
    project.write("conftest.py", "import os; os._exit(5)")
    project.write("test_a.py", "def test_a(): pass")
    run = project.submit("-n", 2, *options)
    assert run.code == 3
    assert "exited with status 5" in run.out


HOOKS = {
    "session fixture": (
        "import os, pytest\n"
        "@pytest.fixture(scope='session', autouse=True)\n"
        "def one():\n    yield\n    os._exit(9)\n"
    ),
    "sessionfinish": "import os\ndef pytest_sessionfinish(): os._exit(9)\n",
    "unconfigure": "import os\ndef pytest_unconfigure(): os._exit(9)\n",
    "atexit": "import atexit, os\natexit.register(os._exit, 9)\n",
}


@pytest.mark.parametrize("hook", HOOKS)
def test_a_slot_that_dies_after_its_last_test_fails_the_run(project, hook):
    project.write("conftest.py", HOOKS[hook])
    project.write("test_a.py", "def test_a(): pass")
    run = project.submit("-n", 1)
    assert run.outcomes == {"test_a.py::test_a": "passed"}
    assert run.code == 3
    assert "worker 'gw0' crashed while it finished: exited with status 9" in run.out


@pytest.mark.parametrize("hook", ["pytest_configure", "pytest_collect_file"])
def test_a_program_that_takes_the_place_of_every_slot_fails_the_grid(project, hook):
    project.write(
        "conftest.py", "import os\ndef %s(): os.execv('/bin/sleep', ['sleep', '600'])" % hook
    )
    project.write("test_a.py", "def test_a(): pass")
    run = project.submit("-n", 2)
    assert run.code == 3
    assert "closed its connection to the worker, and became" in run.out


def test_a_session_fixture_that_fails_at_the_very_end_is_an_error(project):
    project.write(
        "test_a.py",
        """
        import pytest
        @pytest.fixture(scope="session")
        def one():
            yield
            raise ValueError("too late")
        def test_a(one): pass
        """,
    )
    run = project.submit("-n", 1)
    assert run.code == 1
    assert "1 passed, 1 error in " in run.last_line and "ValueError: too late" in run.out


def test_a_slot_that_does_not_leave_is_named_and_ended(project, marked):
    project.write(
        "test_a.py",
        """
        import threading, time
        def test_a(): threading.Thread(target=time.sleep, args=(600,)).start()
        """,
    )
    run = project.submit("-n", 1, **marked.env)
    assert run.code == 0
    assert "[gw0] did not exit by itself after the end of its session" in run.out
    assert marked.gone()


def memory_group(name):
    """A control group with 256 MB for what is started in it; None where none can be made."""
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _number, controllers, group = line.split(":", 2)
        if controllers == "memory":
            path = pathlib.Path("/sys/fs/cgroup/memory/" + name)
            try:
                path.mkdir()
                (path / "memory.limit_in_bytes").write_text(str(256 * 1024 * 1024))
                return path
            except OSError:
                return None
    return None


def test_a_kill_for_want_of_memory_is_told_as_such(project):
    group = memory_group("xgrid-test-%d" % os.getpid())
    if group is None:
        pytest.skip("no control group with a limit can be made here")
    project.write(
        "test_a.py",
        """
        def test_takes_all(): bytearray(b"x") * (512 * 1024 * 1024)
        def test_b(): pass
        """,
    )
    enter = "echo $$ > %s/cgroup.procs && exec %s submit -n 1 --python %s"
    try:
        shell = ["sh", "-c", enter % (group, grid.XGRID, sys.executable)]
        done = subprocess.run(
            shell, cwd=str(project.path), env=project.env, stdout=subprocess.PIPE, timeout=60
        )
    finally:
        grid.until(lambda: not (group / "cgroup.procs").read_text(), 5)
        group.rmdir()
    assert done.returncode == 1
    assert b"killed by signal 9 (Killed), out of memory" in done.stdout
    assert b"1 failed, 1 passed in " in done.stdout


@pytest.mark.parametrize(
    "limit, words",
    [(2, "maximum crashed workers reached: 2"), (0, "crashed and worker restarting disabled")],
)
def test_too_many_crashes_end_the_run(project, limit, words):
    project.write(
        "test_all.py",
        """
        import os, pytest
        @pytest.mark.parametrize("i", range(30))
        def test_crash(i): os._exit(1)
        """,
    )
    run = project.submit("-n", 1, "--max-worker-restart", limit)
    assert run.code == 1
    assert words in run.out
    assert list(run.outcomes.values()) == ["failed"] * (limit + 1)


@pytest.mark.parametrize("option, most", [(["-x"], 1), (["--maxfail=3"], 3)])
def test_a_failure_limit_withdraws_what_is_not_started(project, option, most):
    for name in "abcd":
        project.write(
            "test_%s.py" % name,
            """
            import pytest
            @pytest.mark.parametrize("i", range(50))
            def test_fails(i): assert 0
            """,
        )
    run = project.submit("-n", 2, *option)
    assert run.code == 1
    assert most <= len(run.finished) <= most + 4  # others were running at that moment
    assert "stopping after %d failures" % most in run.out


def test_two_runs_share_a_broker_whose_worker_is_replaced(project, marked, tmp_path):
    project.write(
        "test_shared.py",
        """
        import time, pytest
        @pytest.mark.parametrize("i", range(40))
        def test_shared(i): time.sleep(0.05)
        """,
    )
    endpoint = "ipc://%s" % (tmp_path / "b")
    if len(endpoint) > 100:
        pytest.skip("the temporary folder's name is too long for a socket")
    env = {**project.env, **marked.env}

    def start(*words):
        return grid.subprocess.Popen([grid.XGRID, *words], env=env)

    broker = start("broker", "--bind", endpoint)
    workers = [start("worker", "--broker", endpoint, "--slots", "2") for _ in range(2)]
    paths = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    runs = [
        project.start("-n", 3, "--broker", endpoint, "--json", path, **marked.env) for path in paths
    ]
    assert grid.until(
        lambda: all(path.exists() and b"test_finished" in path.read_bytes() for path in paths)
    )
    workers[0].kill()
    workers.append(start("worker", "--broker", endpoint, "--slots", "2"))
    for process, path in zip(runs, paths):
        run = grid.ended(process, path)
        assert run.code == 0, run.out
        assert len(run.outcomes) == 40 and set(run.outcomes.values()) == {"passed"}
    for process in workers + [broker]:
        process.terminate()
        process.wait(grid.DEADLINE_SECONDS)
    assert json.loads(paths[0].read_text().splitlines()[-1])["exit_code"] == 0
