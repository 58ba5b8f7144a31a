"""Rules of pytest and pytest-xdist that no other file here is about: each is the same, or better in the way that
the test says."""

import json
import os
import pty
import sys
import xml.etree.ElementTree as ElementTree

import pytest

import grid


def test_a_session_without_pytest_s_terminal_fails_as_others_do(project):
    project.write(
        "test_a.py",
        """
        import pytest
        @pytest.fixture
        def broken(): raise ValueError
        def test_passes(): pass
        def test_fails(): raise KeyError
        def test_error(broken): pass
        def test_skipped(): pytest.skip("why")
        def test_xfails(): pytest.xfail("why")
        """,
    )
    run = project.submit("-n", 1, "-p", "no:terminal", "--no-confirm")
    assert {name.split("::")[1]: outcome for name, outcome in run.outcomes.items()} == {
        "test_passes": "passed",
        "test_fails": "failed",
        "test_error": "error",
        "test_skipped": "skipped",
        "test_xfails": "xfailed",
    }
    assert run.code == 1 and "node down" not in run.out
    assert "1 failed, 1 passed, 1 skipped, 1 xfailed, 1 error in " in run.last_line


# ---- What ends a run


INTERRUPTED = """
    import pytest
    def test_first(): pass
    def test_interrupts(): raise KeyboardInterrupt
    def test_last(): pass
    """


@pytest.mark.parametrize("slots", [0, 1])
def test_an_interrupt_in_a_test_ends_the_run_and_says_where_it_came_from(project, slots):
    project.write("test_a.py", INTERRUPTED)
    run = project.submit("-n", slots)
    assert run.code == 2
    assert run.outcomes == {"test_a.py::test_first": "passed"}
    assert "test_a.py:4: KeyboardInterrupt" in run.out
    assert " KeyboardInterrupt !" in run.out
    assert "crashed" not in run.out  # it is nobody's death, and nobody is replaced


@pytest.mark.parametrize(
    "attribute, words, code",
    [("shouldstop", "! Interrupted: enough !", 2), ("shouldfail", "! enough !", 1)],
)
def test_what_a_plugin_ends_the_session_with_ends_the_run(project, attribute, words, code):
    project.write(
        "conftest.py", "def pytest_runtest_teardown(item): item.session.%s = 'enough'" % attribute
    )
    project.write("test_a.py", "def test_a(): pass\ndef test_b(): pass")
    run = project.submit("-n", 1)
    assert run.code == code and words in run.out
    assert list(run.outcomes) == ["test_a.py::test_a"]


@pytest.mark.parametrize("words", ["import sys; sys.exit(0)", "raise KeyboardInterrupt"])
def test_a_file_that_wants_to_end_the_interpreter_is_an_error_of_its_own(project, words):
    project.write("test_a.py", words)
    project.write("test_b.py", "def test_b(): pass")
    run = project.submit("-n", 2)
    assert run.code == 1
    assert run.outcomes == {"test_a.py": "error", "test_b.py::test_b": "passed"}
    assert run.out.count("ERROR collecting test_a.py") == 1


def test_an_error_inside_pytest_ends_the_run_with_3_and_one_traceback(project):
    project.write(
        "conftest.py",
        "def pytest_runtest_protocol(item): raise RuntimeError('a plugin is broken')",
    )
    project.write("test_a.py", "def test_a(): pass")
    run = project.submit("-n", 2)
    assert run.code == 3
    assert run.out.count("RuntimeError: a plugin is broken") == 1


def test_a_failure_limit_is_not_overshot_by_tests_that_wait(project):
    text = "import pytest\n@pytest.mark.parametrize('i', range(60))\ndef test_a(i): assert 0"
    project.write("test_a.py", text)
    run = project.submit("-n", 2, "--maxfail=5", "--no-confirm")
    assert run.code == 1
    assert 5 <= len(run.finished) <= 6  # one may have been running on the other slot
    assert "! stopping after 5 failures !" in run.out


# ---- Crashes


@pytest.mark.parametrize("slots", [0, 1, 2])
@pytest.mark.parametrize("limit", [None, 0])
def test_a_crash_in_the_only_test_is_a_failure_and_ends_the_run(project, slots, limit):
    project.write("test_a.py", "import os\ndef test_only(): os._exit(3)")
    options = [] if limit is None else ["--max-worker-restart", limit]
    run = project.submit("-n", slots, *options)
    assert run.code == 1
    assert run.outcomes == {"test_a.py::test_only": "failed"}
    assert "crashed while running 'test_a.py::test_only': exited with status 3" in run.out
    assert "replacing crashed worker" not in run.out  # there is nothing left to do
    assert "1 failed in " in run.last_line


def test_a_crash_in_the_last_test_of_a_file_leaves_the_others_alone(project):
    project.write("test_a.py", "import os\ndef test_a(): pass\ndef test_last(): os._exit(3)")
    project.write("test_b.py", "def test_b(): pass")
    run = project.submit("-n", 1)
    assert run.code == 1
    assert run.outcomes == {
        "test_a.py::test_a": "passed",
        "test_a.py::test_last": "failed",
        "test_b.py::test_b": "passed",
    }
    assert run.out.count("replacing crashed worker gw0") == 1


def test_nobody_is_said_to_be_replaced_where_nobody_may_be(project):
    project.write("test_a.py", "import os\ndef test_a(): os._exit(3)")
    project.write("test_b.py", "import time\ndef test_b(): time.sleep(0.5)\ndef test_c(): pass")
    run = project.submit("-n", 2, "--max-worker-restart=0")
    assert run.code == 1
    assert "worker 'gw" in run.out and "crashed and worker restarting disabled" in run.out
    assert "replacing" not in run.out


@pytest.mark.parametrize("value", ["soon", "-1", "1.5"])
def test_a_restart_limit_that_is_none_is_a_usage_error(project, value):
    run = grid.ended(project.start("--max-worker-restart=" + value))
    assert run.code == 4 and "--max-worker-restart takes a number" in run.err


# ---- Tests that hang


@pytest.mark.parametrize("slots", [0, 1])
def test_the_stacks_that_faulthandler_timeout_asks_for_are_shown_while_the_test_goes_on(
    project, slots
):
    project.write("pytest.ini", "[pytest]\nfaulthandler_timeout = 0.3\n")
    project.write(
        "test_a.py", "import time\ndef test_slow():\n    print('captured')\n    time.sleep(1.5)"
    )
    run = project.submit("-n", slots)
    assert run.code == 0
    assert "Timeout (0:00:00.3" in run.out
    assert "line 4 in test_slow" in run.out
    assert "captured" not in run.out


# ---- Debuggers


def at_a_terminal(project, arguments, *, answers):
    """What xgrid prints there, and its exit code; each answer is typed once its question was asked."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(str(project.path))
        os.execve(grid.XGRID, [grid.XGRID, "submit", *arguments], project.env)
    shown = ""
    try:
        while True:
            shown += os.read(terminal, 4096).decode(errors="replace")
            if answers and shown.endswith(answers[0][0]):
                os.write(terminal, answers.pop(0)[1].encode())
    except OSError:
        pass  # it has ended
    os.close(terminal)
    _pid, status = os.waitpid(pid, 0)
    return shown, os.WEXITSTATUS(status)


@pytest.mark.parametrize(
    "arguments", [["-n", "0", "--pdb"], ["--pdb"], ["--pdb", "-n", "auto"], ["-n0", "--pdb", "-d"]]
)
def test_a_debugger_is_at_the_user_s_terminal_without_slots(project, arguments):
    project.write("test_a.py", "def test_a():\n    found = 42\n    assert found == 0")
    python = ["--python", sys.executable]
    shown, code = at_a_terminal(
        project, arguments + python, answers=[("(Pdb) ", "p 'it is', found\n"), ("(Pdb) ", "q\n")]
    )
    assert "('it is', 42)" in shown
    assert code == 2  # as pytest has it


@pytest.mark.parametrize(
    "arguments", [["-n", "2"], ["--tx", "2*popen"], ["-n", "auto", "--tx", "popen//id=a"]]
)
@pytest.mark.parametrize("option", ["--pdb", "--trace"])
def test_a_debugger_with_slots_is_refused_and_the_way_out_is_named(project, option, arguments):
    run = grid.ended(project.start(option, *arguments))
    assert run.code == 4 and run.out == ""
    assert option + " needs a test that runs in your terminal" in run.err
    assert "-n 0" in run.err


# ---- Choosing tests


@pytest.mark.parametrize("slots", [0, 2])
@pytest.mark.parametrize(
    "arguments, line",
    [
        (["-k", "slow"], "2 passed, 20 deselected in "),
        (["-m", "slow"], "2 passed, 20 deselected in "),
        (["--deselect", "test_a.py::test_slow"], "21 passed, 1 deselected in "),
        (["test_a.py", "-k", "slow"], "1 passed, 10 deselected in "),
        (["-k", "slow", "--collect", "full"], "2 passed, 20 deselected in "),
    ],
)
def test_what_is_deselected_is_counted(project, slots, arguments, line):
    text = """
        import pytest
        @pytest.mark.parametrize("i", range(10))
        def test_a(i): pass
        @pytest.mark.slow
        def test_slow(): pass
        """
    project.write("pytest.ini", "[pytest]\nmarkers = slow\n")
    project.write("test_a.py", text)
    project.write("test_b.py", text)
    run = project.submit("-n", slots, *arguments)
    assert run.code == 0 and line in run.last_line


def test_stepwise_counts_all_that_it_passes_over(project):
    project.write("test_0.py", "def test_0(): pass")
    project.write("test_a.py", "def test_a(): pass\ndef test_fails(): assert 0")
    project.submit("-n", 1, "--sw")
    run = project.submit("-n", 1, "--sw")
    assert run.code == 2
    assert "! Interrupted: Test failed, continuing from this test next run. !" in run.out
    assert "1 failed, 2 deselected in " in run.last_line


# ---- Warnings and properties


def test_warnings_of_classes_that_exist_nowhere_else_are_shown(project):
    project.write(
        "test_a.py",
        """
        import warnings
        class Outer:
            class Nested(UserWarning):
                def __init__(self, one, two): super().__init__("%s and %s" % (one, two))
        warnings.warn("of the file")
        def test_nested(): warnings.warn(Outer.Nested(1, 2))
        def test_made_here():
            there = {}
            exec("class Gone(DeprecationWarning): pass", there)
            warnings.warn(there["Gone"](object()))
        """,
    )
    run = project.submit("-n", 2)
    assert run.code == 0
    for words in (": Nested: 1 and 2", ": Gone: <object object at ", "UserWarning: of the file"):
        assert run.out.count(words) == 1, words
    assert "2 passed, 3 warnings in " in run.last_line


def test_attributes_and_properties_of_the_suite_do_nothing_and_no_harm(project):
    project.write(
        "test_a.py",
        """
        def test_a(record_xml_attribute, record_testsuite_property):
            record_xml_attribute("of_the_case", 1)
            record_testsuite_property("of_the_suite", 2)
        """,
    )
    run = project.submit("-n", 2, "--junitxml=report.xml")
    assert run.code == 0 and run.outcomes == {"test_a.py::test_a": "passed"}
    assert "of_the_" not in (project.path / "report.xml").read_text()


def test_debug_is_pytest_s_own(project):
    project.write("test_a.py", "def test_a(): pass\n")
    run = project.submit("-n", 2, "--debug")
    assert run.code == 0 and "using: pytest-" in run.out
    assert (project.path / "pytestdebug.log").exists()


def test_properties_of_any_kind_are_reported(project):
    project.write(
        "test_a.py",
        r"""
        class Odd:
            def __repr__(self): raise ValueError
        def test_a(record_property):
            record_property("class", Odd)
            record_property("no text", Odd())
            record_property("number", 3.5)
            record_property("list", [1, {2}])
            record_property("control", "a\0b\x1b[31m")
            record_property("bytes", b"\xff")
            record_property("half", "\udc80")
            record_property(5, None)
        """,
    )
    run = project.submit("-n", 2, "--junitxml=report.xml")
    assert run.code == 0 and run.outcomes == {"test_a.py::test_a": "passed"}
    (case,) = ElementTree.parse(str(project.path / "report.xml")).iter("testcase")
    found = {one.get("name"): one.get("value") for one in case.iter("property")}
    assert found["class"] == "<class 'test_a.Odd'>"
    assert "raised ValueError" in found["no text"]
    assert found["number"] == "3.5" and found["list"] == "[1, {2}]"
    assert found["control"] == "a#x00b#x1B[31m" and found["bytes"] == "b'\\xff'"
    assert found["5"] == "None" and "half" in found


# ---- How many slots, and what they are told


IDENTITY = """
    import json, os
    def test_a(worker_id, testrun_uid, request):
        there = {name: text for name, text in os.environ.items() if name.startswith("PYTEST_XDIST")}
        with open("seen", "w") as file:
            json.dump([worker_id, testrun_uid, there, hasattr(request.config, "workerinput")], file)
    """


def seen(project, *arguments, **env):
    project.write("test_a.py", IDENTITY)
    run = project.submit(*arguments, **env)
    assert run.code == 0, run.out
    return json.loads((project.path / "seen").read_text()), run


@pytest.mark.parametrize(
    "value, slots", [("3", "3"), ("0", None), ("many", "cores"), ("-2", "cores"), ("", "cores")]
)
def test_the_number_of_automatic_slots_may_stand_in_the_environment(project, value, slots):
    (name, _uid, there, _), run = seen(project, "-n", "auto", PYTEST_XDIST_AUTO_NUM_WORKERS=value)
    if slots is None:
        assert name == "master" and "PYTEST_XDIST_WORKER" not in there
        return
    cores = str(len(os.sched_getaffinity(0)))  # unless a control group allows less
    count = there["PYTEST_XDIST_WORKER_COUNT"]
    assert count == slots or (slots == "cores" and int(count) <= int(cores))
    complains = "warning: PYTEST_XDIST_AUTO_NUM_WORKERS takes a number"
    assert (complains in run.err) == (value in ("many", "-2"))


def test_the_run_s_id_is_what_the_user_says(project):
    (name, uid, there, is_worker), _run = seen(project, "-n", 1, "--testrunuid", "mine")
    assert (name, uid, is_worker) == ("gw0", "mine", True)
    assert there["PYTEST_XDIST_TESTRUNUID"] == "mine"


@pytest.mark.parametrize(
    "arguments", [["-n", "0"], ["-n0", "--tx", "3*popen"], ["--dist", "no", "-n", "2"]]
)
def test_what_is_not_distributed_has_no_sign_of_it(project, arguments):
    (name, uid, there, is_worker), _run = seen(project, *arguments)
    assert (name, is_worker) == ("master", False) and len(uid) == 32
    assert "PYTEST_XDIST_WORKER" not in there


def test_pytest_addopts_count(project):
    project.write("test_b.py", "def test_b(): pass")
    (_name, _uid, there, _), run = seen(project, PYTEST_ADDOPTS="-n 3 -k 'test_a'")
    assert there["PYTEST_XDIST_WORKER_COUNT"] == "3"
    assert "1 passed, 1 deselected in " in run.last_line


@pytest.mark.parametrize("plugin", ["xdist", "xdist.looponfail", "tmpdir", "cacheprovider"])
def test_plugins_may_be_switched_off(project, plugin):
    (name, _uid, _there, _), _run = seen(project, "-n", 1, "-p", "no:" + plugin)
    assert name == "gw0"


# ---- Environments and ids


def test_each_environment_tells_all_its_crashes(project):
    project.write("test_a.py", "import os\ndef test_a(): os._exit(3)")
    project.write("test_b.py", "import os\ndef test_b(): pass\ndef test_last(): os._exit(4)")
    run = project.submit("-n", 2, "--dist", "each")
    assert run.code == 1
    crashed = [event["id"] for event in run.finished if event["crashed"]]
    assert sorted(crashed) == ["test_a.py::test_a"] * 2 + ["test_b.py::test_last"] * 2
    assert "4 failed, 2 passed in " in run.last_line


@pytest.mark.parametrize("collect", ["lazy", "full"])
def test_order_and_ids_that_differ_between_slots_do_no_harm(project, collect):
    project.write(
        "test_a.py",
        """
        import pytest
        @pytest.mark.parametrize("one", sorted({"a", "b", "c"}, key=hash))
        def test_order(one): pass
        """,
    )
    project.write(
        "test_b.py",
        """
        import time, uuid, pytest
        @pytest.mark.parametrize("one", [uuid.uuid4()], ids=str)
        def test_random(one): time.sleep(0.3)
        """,
    )
    run = project.submit("-n", 2, "--collect", collect, "--start", "spawn")
    assert run.code == 0
    assert len(run.outcomes) == 4 and set(run.outcomes.values()) == {"passed"}
