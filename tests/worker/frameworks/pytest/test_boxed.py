"""Tests in processes of their own: what comes of them, and that nothing of them is left."""

import os
import pathlib
import textwrap

import driver
import pytest


def boxed(warm, project, text, *args, **more):
    """The slot after it has run the text as test_t.py, every test boxed."""
    project.write("test_t.py", "import os, signal, sys, time, pytest\n" + textwrap.dedent(text))
    slot = warm.slot(project, *args, **{"boxed": True, **more})
    slot.run("test_t.py")
    assert slot.finish() == 0
    return slot


def outcomes(slot):
    return {name.split("::")[-1]: verdict for name, verdict in slot.verdicts().items()}


def phase(slot, index=0):
    return slot.done()[index][2]["phases"][-1]


def sections(slot, index=0):
    return dict(slot.done()[index][2]["sections"])


@pytest.mark.parametrize(
    "line, told",
    [
        ("os.kill(os.getpid(), 11)", "CRASHED with signal 11"),
        ("os.kill(os.getpid(), 9)", "CRASHED with signal 9"),
        ("os.abort()", "CRASHED with signal 6"),
        ("os._exit(3)", "exited with status 3"),
        ("os._exit(0)", "exited with status 0"),
        ("os.closerange(3, 100)", "exited with status 1"),
        ("os.closerange(0, 100); time.sleep(60)", "closed its connection to the slot"),
        ("os.execvp('sleep', ['sleep', '60'])", "closed its connection to the slot"),
    ],
)
def test_whatever_ends_the_process_is_a_failure_of_its_test(warm, project, line, told):
    slot = boxed(warm, project, "def test_a():\n    %s\ndef test_b(): pass\n" % line)
    assert outcomes(slot) == {"test_a": "failed", "test_b": "passed"}
    found = phase(slot)
    assert found["crash"] == "running the test " + told
    assert found["longrepr"].strip() == "test_t.py:2: running the test " + told
    assert (found["path"], found["line"]) == (str(project.path / "test_t.py"), 2)


OUTPUT = """
    import logging
    @pytest.fixture
    def fixture(): print("of setup")
    def test_a(fixture):
        print("of the call")
        sys.stderr.write("no newline")
        logging.getLogger().warning("logged")
        os.write(1, b"by number\\n")
        os.kill(os.getpid(), 11)
    def test_b(): assert 0
"""


@pytest.mark.parametrize("method", ["fd", "sys", "tee-sys", "no"])
def test_what_it_wrote_before_its_end_is_shown_with_it_and_with_no_other(warm, project, method):
    slot = boxed(warm, project, OUTPUT, "--capture", method)
    shown = sections(slot)
    stacks = shown.pop("Captured stacks call")
    assert "Segmentation fault" in stacks and "in test_a" in stacks and "_pytest" not in stacks
    assert shown.pop("Captured log call").endswith("logged")
    if method == "no":
        assert not shown
        assert slot.output() == "of setup\nof the call\nno newlineby number\n"
    else:
        by_number = "by number\n" if method == "fd" else ""
        assert shown == {
            "Captured stdout setup": "of setup\n",
            "Captured stdout call": "of the call\n" + by_number,
            "Captured stderr call": "no newline",
        }
    assert not sections(slot, 1)


def test_who_dies_around_its_call_has_failed_and_it_is_said_where(warm, project):
    slot = boxed(
        warm,
        project,
        """
        @pytest.fixture
        def early(): os._exit(4)
        @pytest.fixture
        def late():
            yield
            os._exit(5)
        def test_a(early): pass
        def test_b(late): print("of the call")
        def test_c(late): assert 0
        """,
    )
    assert set(outcomes(slot).values()) == {"failed"}
    assert phase(slot, 0)["crash"] == "setting up the test exited with status 4"
    assert phase(slot, 1)["crash"] == "tearing down the test exited with status 5"
    assert sections(slot, 1) == {"Captured stdout call": "of the call\n"}
    phases = slot.done()[2][2]["phases"]
    assert [found["category"] for found in phases] == ["failed", "error"]


def test_a_crash_is_expected_where_a_failure_is(warm, project):
    slot = boxed(
        warm,
        project,
        """
        die = lambda: os._exit(3)
        @pytest.mark.xfail
        def test_plain(): die()
        @pytest.mark.xfail(strict=True, reason="known")
        def test_strict(): die()
        @pytest.mark.xfail(raises=ValueError)
        def test_of_another_kind(): die()
        @pytest.mark.xfail(False, reason="not here")
        def test_elsewhere(): die()
        @pytest.mark.xfail(run=False)
        def test_not_run(): die()
        def test_marked_while_it_runs(request):
            request.applymarker(pytest.mark.xfail(reason="of late"))
            die()
        """,
    )
    assert outcomes(slot) == {
        "test_plain": "xfailed",
        "test_strict": "xfailed",
        "test_of_another_kind": "failed",
        "test_elsewhere": "failed",
        "test_not_run": "xfailed",
        "test_marked_while_it_runs": "xfailed",
    }
    assert [phase(slot, index)["reason"] for index in (1, 5)] == ["known", "of late"]
    assert (
        "failed"
        in boxed(warm, project, "@pytest.mark.xfail\ndef test_a(): os._exit(3)\n", "--runxfail")
        .verdicts()
        .values()
    )


def test_nothing_that_a_test_does_is_there_for_the_next(warm, project):
    slot = boxed(
        warm,
        project,
        """
        import subprocess, threading
        def test_a():
            os.environ["LEFT"] = "1"
            os.chdir("/")
            sys.modules["left"] = sys
            threading.Thread(target=time.sleep, args=(600,)).start()
            process = subprocess.Popen(["sleep", "600"])
            open(os.path.dirname(__file__) + "/pid", "w").write(str(process.pid))
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        def test_b():
            assert "LEFT" not in os.environ and "left" not in sys.modules
            assert os.getcwd() == os.path.dirname(__file__)
            assert threading.active_count() == 1
            assert signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL
        """,
    )
    assert set(outcomes(slot).values()) == {"passed"}
    assert is_gone((project.path / "pid").read_text())


def is_gone(pid):
    try:
        return pathlib.Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


SCOPES = """
    import os, pytest
    SLOT = os.getpid()
    def note(*words):
        with open(os.path.join(os.path.dirname(__file__), "notes"), "a") as file:
            file.write(" ".join(words + ("slot" if os.getpid() == SLOT else "box",)) + "\\n")
    @pytest.fixture(scope="session")
    def session():
        note("session up")
        yield os.getpid()
        note("session down")
    @pytest.fixture(scope="module")
    def module(session):
        note("module up")
        yield
        note("module down")
    @pytest.fixture(scope="session", params=[1, 2])
    def number(request):
        note("number %d up" % request.param)
        yield
        note("number %d down" % request.param)
    def pytest_runtest_logreport(report): note("report")
    def pytest_sessionfinish(): note("finish")
"""


def notes(project):
    lines = (project.path / "notes").read_text().splitlines()
    return [line for line in lines if not line.startswith("report")], lines.count("report slot")


def test_a_box_tears_down_what_it_has_set_up_and_leaves_the_slot_its_own(warm, project):
    project.write("conftest.py", SCOPES)
    slot = boxed(
        warm,
        project,
        """
        def test_a(session): pass
        @pytest.mark.forked
        def test_b(module, session): assert session != os.getpid()
        def test_c(module): pass
        @pytest.mark.forked
        def test_d(module): pass
        """,
        "--strict-markers",
        boxed=False,
    )
    assert set(outcomes(slot).values()) == {"passed"}
    assert notes(project) == (
        ["session up slot"]
        + ["module up box", "module down box", "module up slot", "module down slot"]
        + ["session down slot", "finish slot"],
        12,
    )


def test_a_box_may_need_a_fixture_with_another_parameter_than_the_slot_has(warm, project):
    project.write("conftest.py", SCOPES)
    slot = boxed(
        warm,
        project,
        """
        @pytest.mark.parametrize("number", [1], indirect=True)
        def test_a(number): pass
        @pytest.mark.forked
        @pytest.mark.parametrize("number", [2], indirect=True)
        def test_b(number): pass
        @pytest.mark.parametrize("number", [1], indirect=True)
        def test_c(number): pass
        """,
        boxed=False,
    )
    assert set(outcomes(slot).values()) == {"passed"}
    kept, _reports = notes(project)
    assert [line for line in kept if "box" in line] == ["number 2 up box", "number 2 down box"]
    assert kept.count("number 1 up slot") == 1


def test_what_an_earlier_test_set_up_is_torn_down_when_a_box_was_its_last_user(warm, project):
    slot = boxed(
        warm,
        project,
        """
        class TestA:
            @classmethod
            def teardown_class(cls): assert 0, "late"
            def test_a(self): pass
            @pytest.mark.forked
            def test_b(self): pass
        class TestB:
            def test_c(self): pass
        """,
        boxed=False,
    )
    assert set(outcomes(slot).values()) == {"passed"}
    ((_late, _job, name, _occurrence, found),) = slot.of("late")
    assert name == "test_t.py::TestA::test_a" and "late" in found["crash"]


def test_the_temporary_folders_of_earlier_tests_stay(warm, project):
    slot = boxed(
        warm,
        project,
        """
        @pytest.mark.parametrize("i", range(3))
        def test_a(i, tmp_path):
            (tmp_path / "file").touch()
            files = tmp_path.parent.glob("test_a*/file")  # links, too
            assert len({file.resolve() for file in files}) == i + 1
        """,
    )
    assert set(outcomes(slot).values()) == {"passed"}


def test_what_a_test_tells_beside_its_outcome_arrives(warm, project):
    project.write(
        "only_a_test_imports_this.py", "class Odd:\n    def __str__(self): return 'odd'\n"
    )
    slot = boxed(
        warm,
        project,
        """
        import warnings
        def test_a(record_property):
            class Local:
                def __str__(self): return "local"
            import only_a_test_imports_this
            record_property("local", Local())
            record_property("odd", only_a_test_imports_this.Odd())
            record_property("number", 3)
            warnings.warn("careful")
        def test_b(): assert "only_a_test_imports_this" not in sys.modules
        def test_c(request): request.session.shouldstop = "enough"
        def test_d(): pass
        """,
        "-W",
        "always",
    )
    assert outcomes(slot) == {name: "passed" for name in ("test_a", "test_b", "test_c")}
    details = slot.done()[0][2]
    assert details["properties"] == [["local", "local"], ["odd", "odd"], ["number", "3"]]
    assert [message[2]["message"] for message in slot.of("warning")] == ["careful"]
    assert slot.of("exit")[0][2:] == ["Interrupted: enough", 2]


@pytest.mark.parametrize(
    "line, reason, code",
    [
        ("pytest.exit('enough', returncode=7)", "_pytest.outcomes.Exit: enough", 7),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", 2),
        ("os.kill(os.getpid(), signal.SIGINT)", "KeyboardInterrupt", 2),
    ],
)
def test_what_ends_a_session_does_so_and_the_box_tears_down(warm, project, line, reason, code):
    slot = boxed(
        warm,
        project,
        """
        @pytest.fixture(scope="session")
        def resource():
            yield
            open("down", "w").close()
        def test_a(resource): %s
        def test_b(): pass
        """
        % line,
    )
    assert slot.of("exit")[0][2:] == [reason, code]
    assert slot.of("gave")[0][2:] == [0, [1]]
    assert (project.path / "down").exists()


def test_an_interrupt_of_the_slot_is_one_of_the_box(warm, project):
    os.mkfifo(str(project.path / "pipe"))
    project.write(
        "test_t.py",
        """
        import pytest, signal
        @pytest.fixture
        def resource():
            yield
            open("down", "w").close()
        def test_a(resource):
            with open("pipe", "w") as pipe: pipe.write("here")
            while True: signal.pause()
        """,
    )
    slot = warm.slot(project, boxed=True)
    slot.unit("test_t.py")
    (project.path / "pipe").read_text()
    os.kill(slot.pid, 2)
    assert slot.until("exit")[2:] == ["KeyboardInterrupt", 2]
    assert slot.finish() == 0
    assert (project.path / "down").exists()


def test_a_plugin_that_breaks_in_the_box_is_an_internal_error(warm, project):
    project.write(
        "conftest.py", "def pytest_runtest_makereport(item): raise LookupError('broken')\n"
    )
    slot = boxed(warm, project, "def test_a(): pass\n")
    ((_exit, _job, text, code),) = slot.of("exit")
    assert code == 3 and "LookupError: broken" in text


def test_x_counts_what_fails_in_boxes(warm, project):
    slot = boxed(warm, project, "def test_a(): os._exit(3)\ndef test_b(): pass\n", "-x")
    assert slot.of("exit")[0][2:] == ["stopping after 1 failures", 1]


LIMITED = """
    def test_hangs(): time.sleep(60)
    def test_deaf():
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        time.sleep(60)
    @pytest.mark.timeout(0.2)
    def test_own(): time.sleep(60)
    def test_last(): pass
"""


def test_a_limit_holds_in_a_box_and_ends_it_alone(warm, project):
    slot = boxed(warm, project, LIMITED, timeout=0.5)
    assert list(outcomes(slot).values()) == ["failed", "failed", "failed", "passed"]
    assert phase(slot, 0)["crash"] == "Failed: Timeout: test_hangs took longer than 0.5 s"
    assert phase(slot, 1)["crash"] == "running the test timed out after 0.5 s and did not stop"
    assert phase(slot, 2)["crash"] == "Failed: Timeout: test_own took longer than 0.2 s"
    assert "in test_deaf" in sections(slot, 1)["Captured stacks call"]
    # The worker gives the slot the time to end it.
    assert slot.of("limit")[0][1] == 2.5


def test_the_box_dies_with_its_slot(warm, project):
    os.mkfifo(str(project.path / "pipe"))
    project.write(
        "test_t.py",
        """
        import os, signal
        def test_a():
            with open("pipe", "w") as pipe: pipe.write(str(os.getpid()))
            while True: signal.pause()
        """,
    )
    slot = warm.slot(project, boxed=True)
    slot.unit("test_t.py")
    pid = (project.path / "pipe").read_text()
    os.kill(slot.pid, 9)
    assert os.WTERMSIG(slot.exited()) == 9
    descriptor = os.pidfd_open(int(pid)) if not is_gone(pid) else None
    if descriptor is not None:
        import select

        assert select.select([descriptor], [], [], driver.DEADLINE_SECONDS)[0]
        os.close(descriptor)


@pytest.mark.parametrize("option", ["--boxed", "--forked"])
def test_a_projects_file_may_ask_for_boxes(warm, project, option):
    project.write("pytest.ini", "[pytest]\naddopts = %s\n" % option)
    slot = boxed(warm, project, "def test_a(): os._exit(3)\n", boxed=False)
    assert outcomes(slot) == {"test_a": "failed"}


FORKED = """
    import pytest
    def pytest_addoption(parser):
        parser.addoption("--forked", action="store_true", dest="forked", default=False)
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(item):
        if item.config.getvalue("forked") or item.get_closest_marker("forked"):
            raise AssertionError("boxed twice")
"""


@pytest.mark.parametrize("args", [[], ["--forked"]])
def test_pytest_forked_does_not_box_a_second_time(warm, project, args):
    project.write("pytest_forked.py", FORKED)
    text = "@pytest.mark.forked\ndef test_a(): os._exit(3)\n"
    slot = boxed(warm, project, text, "-p", "pytest_forked", *args, boxed=False)
    assert outcomes(slot) == {"test_a": "failed"}
