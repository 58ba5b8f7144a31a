"""A limit for each test and each step of loading, where the interpreter can still be reached."""

import os
import signal

import pytest


def verdicts(warm, project, text, *args):
    project.write("test_t.py", "import os, signal, time, pytest\n" + text)
    slot = warm.slot(project, *args, timeout=0.3)
    slot.run("test_t.py")
    assert slot.finish() == 0
    return slot


def message(slot, index=0):
    return slot.done()[index][2]["phases"][0]["crash"]


def test_a_test_that_takes_too_long_fails_and_the_next_one_runs(warm, project):
    slot = verdicts(warm, project, "def test_a(): time.sleep(60)\ndef test_b(): pass\n")
    assert slot.verdicts() == {"test_t.py::test_a": "failed", "test_t.py::test_b": "passed"}
    assert message(slot) == "Failed: Timeout: test_a took longer than 0.3 s"


MARKED = """
@pytest.mark.timeout(0.3)
def test_short(): time.sleep(60)
@pytest.mark.timeout(timeout="30", method="thread")
def test_long(): time.sleep(1)
@pytest.mark.timeout(0)
def test_none(): time.sleep(1)
@pytest.mark.timeout(None)
def test_null(): pass
def test_other(): time.sleep(0.6)
"""


@pytest.mark.parametrize("general", [None, 0.5])
def test_a_mark_sets_the_limit_of_its_test_in_place_of_the_general_one(warm, project, general):
    project.write("test_t.py", "import time, pytest\n" + MARKED)
    slot = warm.slot(project, "--strict-markers", timeout=general)
    slot.run("test_t.py")
    assert slot.finish() == 0
    assert [verdict for _name, verdict, _details in slot.done()] == [
        "failed",
        "passed",
        "passed",
        "passed",
        "failed" if general else "passed",
    ]
    assert message(slot) == "Failed: Timeout: test_short took longer than 0.3 s"
    told = [m[-1] for m in slot.seen if m[0] in ("limit", "start")]
    assert told == [0.3, 0, 30, 1, 0, 2, general or 0, 3, 4]


def test_a_limit_may_be_of_the_call_alone(warm, project):
    slot = verdicts(
        warm,
        project,
        """
@pytest.fixture
def slow():
    time.sleep(0.5)
    yield
    time.sleep(0.5)
@pytest.mark.timeout(func_only=True)
def test_a(slow): pass
@pytest.mark.timeout(0.2, func_only=True)
def test_b(slow): time.sleep(60)
def test_c(slow): pass
""",
    )
    assert [verdict for _name, verdict, _details in slot.done()] == ["passed", "failed", "error"]
    assert message(slot, 1) == "Failed: Timeout: test_b took longer than 0.2 s"
    assert [m[1] for m in slot.of("limit")] == [0, 0]


def test_the_alarm_is_a_tests_own_where_nothing_has_a_limit(warm, project):
    project.write(
        "test_t.py",
        """
        import pytest, signal
        @pytest.mark.timeout(0)
        def test_a(): signal.signal(signal.SIGALRM, signal.SIG_IGN)
        def test_b(): assert signal.getsignal(signal.SIGALRM) == signal.SIG_IGN
        """,
    )
    slot = warm.slot(project)
    slot.run("test_t.py")
    slot.finish()
    assert set(slot.verdicts().values()) == {"passed"}


@pytest.mark.parametrize(
    "arguments, told",
    [
        ("'soon'", "takes seconds up to 10000000, not 'soon'"),
        ("float('nan')", "takes seconds up to 10000000, not nan"),
        ("True", "takes seconds up to 10000000, not True"),
        ("1e9", "takes seconds up to 10000000, not 1000000000.0"),
        ("", "takes seconds"),
        ("1, timeout=2", "takes timeout, method and func_only, each once, not timeout"),
        ("second=1", "takes timeout, method and func_only, each once, not second"),
    ],
)
def test_a_limit_that_is_none_ends_the_run_and_names_the_test(warm, project, arguments, told):
    project.write(
        "test_t.py", "import pytest\n@pytest.mark.timeout(%s)\ndef test_a(): pass\n" % arguments
    )
    slot = warm.slot(project)
    assert slot.run("test_t.py")["stopped"]
    ((_exit, _job, reason, code),) = slot.of("exit")
    assert (reason, code) == ("ERROR: test_t.py::test_a: the mark timeout " + told, 4)
    slot.finish()
    assert not slot.of("start")


def test_the_mark_is_left_to_pytest_timeout(warm, project):
    project.write("pytest_timeout.py", "")
    project.write("conftest.py", "pytest_plugins = 'pytest_timeout'")
    text = "@pytest.mark.timeout('0.1 of its own')\ndef test_a(): time.sleep(0.2)\n"
    slot = verdicts(warm, project, text, "-p", "no:cacheprovider")
    assert slot.verdicts() == {"test_t.py::test_a": "passed"} and not slot.of("limit")


def test_the_stacks_of_all_threads_come_with_it(warm, project):
    slot = verdicts(
        warm,
        project,
        """
import threading
def waits(event): event.wait()
def test_a():
    event = threading.Event()
    threading.Thread(target=waits, args=(event,)).start()
    try:
        time.sleep(60)
    finally:
        event.set()
""",
    )
    ((title, stacks),) = slot.done()[0][2]["sections"]
    assert title == "Captured stacks call"
    assert "in waits" in stacks and "in test_a" in stacks and "_pytest" not in stacks


def test_setup_call_and_teardown_share_one_limit_and_teardown_runs(warm, project):
    slot = verdicts(
        warm,
        project,
        """
@pytest.fixture
def slow():
    time.sleep(0.2)
    yield
    open("torn down", "w").close()
def test_a(slow): time.sleep(0.2)
""",
    )
    assert slot.verdicts() == {"test_t.py::test_a": "failed"}
    assert (project.path / "torn down").exists()


def test_who_catches_the_failure_has_failed_all_the_same(warm, project):
    slot = verdicts(
        warm, project, "def test_a():\n    try: time.sleep(60)\n    except BaseException: pass\n"
    )
    assert slot.verdicts() == {"test_t.py::test_a": "failed"}
    assert message(slot) == "Failed: Timeout: test_a took longer than 0.3 s"


def test_a_test_may_use_the_alarm_itself_and_the_next_one_still_has_its_limit(warm, project):
    slot = verdicts(
        warm,
        project,
        """
def test_a():
    rings = []
    signal.signal(signal.SIGALRM, lambda *_: rings.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    signal.pause()
    assert rings
def test_b(): time.sleep(60)
""",
    )
    assert slot.verdicts() == {"test_t.py::test_a": "passed", "test_t.py::test_b": "failed"}


def test_an_import_that_takes_too_long_is_an_error_of_its_file(warm, project):
    slot = verdicts(warm, project, "time.sleep(60)\n")
    assert slot.verdicts() == {"test_t.py": "error"}
    assert (
        "Timeout: loading test_t.py took longer than 0.3 s"
        in slot.done()[0][2]["phases"][0]["longrepr"]
    )


def test_a_listing_that_takes_too_long_is_an_error_of_its_folder(warm, project):
    project.write("a/conftest.py", "import time\ndef pytest_collect_file(): time.sleep(60)\n")
    project.write("a/test_a.py", "def test_a(): pass\n")
    slot = warm.slot(project, timeout=0.3).run_all()
    assert slot.finish() == 0
    assert set(slot.verdicts().values()) == {"error"}


def test_a_session_fixture_that_does_not_end_is_told_with_its_last_test(warm, project):
    slot = verdicts(
        warm,
        project,
        """
@pytest.fixture(scope="session")
def one():
    yield
    time.sleep(60)
def test_a(one): pass
""",
    )
    ((_late, _job, name, _occurrence, phase),) = slot.of("late")
    assert name == "test_t.py::test_a" and "Timeout: teardown after" in phase["crash"]


def test_a_child_that_comes_back_from_a_fork_says_nothing(warm, project):
    project.write(
        "test_f.py",
        "import os\ndef test_a():\n    pid = os.fork()\n    if pid: os.waitpid(pid, 0)\ndef test_b(): pass\n",
    )
    slot = warm.slot(project)
    slot.run("test_f.py")
    slot.finish()
    assert [name for name, _verdict, _details in slot.done()] == [
        "test_f.py::test_a",
        "test_f.py::test_b",
    ]


@pytest.mark.parametrize("args", [[], ["-p", "no:faulthandler"]])
@pytest.mark.parametrize("place", ["conftest.py", "test_c.py"])
def test_a_crash_shows_its_stack(warm, project, args, place):
    project.write("test_c.py", "")
    project.write(place, "import ctypes\ndef crash(): ctypes.string_at(0)\ncrash()\n")
    slot = warm.slot(project, *args)
    if place == "test_c.py":
        slot.unit("test_c.py")
    assert os.WTERMSIG(slot.exited()) == signal.SIGSEGV
    assert "Fatal Python error: Segmentation fault" in slot.output()
    assert "line 2 in crash" in slot.output()
