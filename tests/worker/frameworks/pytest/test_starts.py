"""Forked or in a fresh interpreter, a slot is the same; and nothing of one slot, or of the warm interpreter, is in another."""

import json
import os
import signal
import socket
import sys

import driver
import pytest

WAYS = ["fork", "spawn"]

THREAD = """
import threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
"""


@pytest.fixture(params=WAYS)
def how(request):
    return request.param


def seen_by(slot, project, name="seen.json"):
    assert set(slot.verdicts().values()) == {"passed"}, slot.done()
    return json.loads((project.path / name).read_text())


def test_identity_is_there_at_import_and_at_configure(warm, project, how):
    project.write(
        "conftest.py",
        """
        import json, os, sys
        NAMES = [os.environ["PYTEST_XDIST_WORKER" + end] for end in ("", "_COUNT")]
        def pytest_configure(config):
            NAMES.append(config.workerinput["workerid"])
        """,
    )
    project.write(
        "test_a.py",
        """
        import conftest, json, os, sys
        HERE = os.environ["PYTEST_XDIST_WORKER"]
        def test_a(worker_id, tmp_path):
            seen = [conftest.NAMES, HERE, worker_id, sys.argv, sys.path[0] == os.getcwd()]
            with open("seen.json", "w") as file:
                json.dump(seen + [tmp_path.parent.name[:9], os.getsid(0) == os.getpid()], file)
        """,
    )
    slot = warm.slot(project, "--import-mode=append", slot="gw5", how=how).run_all()
    assert slot.finish() == 0
    expected = [["gw5", "2", "gw5"], "gw5", "gw5", ["-c"], True, "popen-gw5", True]
    assert seen_by(slot, project) == expected


def test_random_state_differs_between_slots(warm, project, how):
    project.write(
        "test_a.py",
        """
        import json, random, uuid, tempfile
        def test_a(worker_id):
            drawn = [random.random(), str(uuid.uuid4()), tempfile.mktemp()]
            with open(worker_id + ".json", "w") as file:
                json.dump(drawn, file)
        """,
    )
    drawn = []
    for name in ("gw0", "gw1"):
        slot = warm.slot(project, slot=name, how=how).run_all()
        slot.finish()
        drawn.append(seen_by(slot, project, name + ".json"))
    assert all(one != other for one, other in zip(*drawn))


def test_descriptors_are_not_inherited(warm, project, how):
    project.write(
        "test_a.py",
        """
        import json, os
        def test_a():
            numbers = [int(name) for name in os.listdir("/proc/self/fd")]
            inherited = [n for n in numbers if n > 2 and os.path.exists("/proc/self/fd/%d" % n)
                         and os.get_inheritable(n)]
            sockets = [n for n in numbers if os.path.exists("/proc/self/fd/%d" % n)
                       and os.readlink("/proc/self/fd/%d" % n).startswith("socket:")]
            with open("seen.json", "w") as file:
                json.dump([inherited, len(sockets)], file)
        """,
    )
    slot = warm.slot(project, how=how).run_all()
    slot.finish()
    inherited, sockets = seen_by(slot, project)
    # Its own to the worker, and in a fork the one that tells what is imported.
    assert inherited == [] and sockets == (2 if how == "fork" else 1)


def test_what_is_wanted_at_exit_is_done_once_in_each_slot(warm, project, how):
    project.write(
        "test_a.py",
        """
        import atexit, os
        def note():
            with open("ended", "a") as file:
                file.write("%d\\n" % os.getpid())
        atexit.register(note)
        def test_a(): pass
        """,
    )
    pids = []
    for name in ("gw0", "gw1"):
        slot = warm.slot(project, slot=name, how=how).run_all()
        slot.finish()
        pids.append(slot.pid)
    assert [int(line) for line in (project.path / "ended").read_text().split()] == pids


def test_signals_folder_and_environment_are_each_slot_s_own(warm, project, how):
    project.write(
        "test_a.py",
        """
        import os, signal
        def test_leaves_traces():
            assert signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL
            assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
            assert signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL
            assert "LEFT" not in os.environ and os.path.exists("test_a.py")
            assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()
            os.environ["LEFT"] = "1"
            signal.signal(signal.SIGUSR1, print)
            os.chdir("/")
        """,
    )
    for name in ("gw0", "gw1"):
        slot = warm.slot(project, slot=name, how=how).run_all()
        slot.finish()
        assert set(slot.verdicts().values()) == {"passed"}, slot.done()


def test_a_crash_is_told_with_its_signal(warm, project, how):
    project.write(
        "test_a.py", "import os, signal\ndef test_a(): os.kill(os.getpid(), signal.SIGSEGV)"
    )
    slot = warm.slot(project, how=how)
    slot.enumerate()
    slot.unit("test_a.py")
    assert os.WTERMSIG(slot.exited()) == signal.SIGSEGV
    assert slot.of("start")


def test_it_dies_with_the_interpreter_that_started_it(tmp_path, project, how):
    project.write("test_a.py", "import signal\ndef test_a(): signal.pause()")
    interpreter = driver.Interpreter(tmp_path)
    slot = interpreter.slot(project, how=how)
    slot.unit("test_a.py")
    slot.until("start")
    interpreter.process.kill()
    assert slot.read() is None
    interpreter.close()


def test_a_request_that_still_waits_can_be_withdrawn(tmp_path, project):
    # With one core, the second slot waits for what the first one will have imported.
    project.write("test_a.py", "def test_a(): pass")
    one_core = ("server", "len(os.sched_getaffinity(0))", "1")
    interpreter = driver.Interpreter(tmp_path, changed=[one_core])
    first = interpreter.slot(project)
    ours, theirs = socket.socketpair()
    interpreter.request(theirs, key=9, cwd=str(project), slot="gw1")
    theirs.close()
    interpreter.lines.write({"withdraw": 9})
    assert interpreter.answer("refused", 9)["text"] == "withdrawn"
    assert ours.recv(1) == b""
    ours.close()
    first.run_all()
    assert first.finish() == 0
    interpreter.close()


def test_where_threads_are_alive_slots_are_spawned_and_the_user_is_told_once(tmp_path, project):
    project.write("../threads/sitecustomize.py", THREAD)
    project.write("test_a.py", "import sys\ndef test_a(): assert 'sitecustomize' in sys.modules")
    paths = [str(tmp_path / "threads"), os.environ.get("PYTHONPATH", "")]
    env = {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    interpreter = driver.Interpreter(tmp_path, env=env)
    notes = []
    for name in ("gw0", "gw1"):
        slot = interpreter.slot(project, slot=name).run_all()
        assert slot.finish() == 0
        assert set(slot.verdicts().values()) == {"passed"}
        notes += [note[2] for note in slot.of("note")]
    interpreter.close()
    assert interpreter.ready["ready"]["threads"] == 2
    assert notes == [
        "slots start in fresh interpreters, since in %s 2 threads are alive before any test"
        % sys.executable
    ]
