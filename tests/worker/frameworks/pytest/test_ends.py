"""How a slot ends, and how it refuses to begin."""

import os
import signal

import driver
import pytest


def test_an_unknown_option_is_refused_with_its_name(warm, project):
    slot = warm.slot(project, "--nosuch-option")
    assert (
        slot.first[:2] == ["refused", 4]
        and "unrecognized arguments: --nosuch-option" in slot.first[2]
    )
    assert os.WEXITSTATUS(slot.exited()) == 4


@pytest.mark.parametrize(
    "text, code, words",
    [
        ("import no_such_module_at_all", 4, "ImportError while loading conftest"),
        ("import pytest\ndef pytest_configure(): pytest.exit('enough', 9)", 9, "enough"),
        (
            "import pytest\ndef pytest_configure(): raise pytest.UsageError('not like this')",
            4,
            "not like this",
        ),
        ("def pytest_sessionstart(): raise ValueError('oh no')", 3, "ValueError: oh no"),
        ("import pytest\ndef pytest_sessionstart(): pytest.exit('stop', 7)", 7, "stop"),
    ],
)
def test_a_session_that_cannot_start_is_refused_with_pytests_exit_code(
    warm, project, text, code, words
):
    project.write("conftest.py", text)
    slot = warm.slot(project)
    assert slot.first[:2] == ["refused", code] and words in slot.first[2]
    slot.exited()


@pytest.mark.parametrize(
    "args, words",
    [
        (["nosuch.py"], "ERROR: file or directory not found: nosuch.py"),
        (["nosuch.py::test_x"], "ERROR: file or directory not found: nosuch.py::test_x"),
        (["test_a.py::nope"], "ERROR: not found: "),
        (["test_a.py::TestA::nope", "test_a.py::test_a"], "ERROR: not found: "),
        (
            ["--pyargs", "no_such_package.at_all"],
            "module or package not found: no_such_package.at_all",
        ),
    ],
)
def test_arguments_that_are_not_there_end_the_listing_with_4(warm, project, args, words):
    project.write("test_a.py", "def test_a(): pass\nclass TestA:\n    def test_b(self): pass\n")
    slot = warm.slot(project, *args)
    _units, end = slot.enumerate()
    assert words in end["error"]
    ((_exit, _job, text, code),) = slot.of("exit")
    assert (text, code) == (end["error"], 4)
    slot.finish()


@pytest.mark.parametrize(
    "line, check",
    [
        (
            "os.kill(os.getpid(), signal.SIGSEGV)",
            lambda status: os.WTERMSIG(status) == signal.SIGSEGV,
        ),
        ("os._exit(3)", lambda status: os.WEXITSTATUS(status) == 3),
    ],
    ids=["signal", "exit"],
)
def test_a_crash_names_the_test_and_its_status(warm, project, line, check):
    project.write("test_c.py", "import os, signal\ndef test_a(): pass\ndef test_c(): %s\n" % line)
    slot = warm.slot(project, "-p", "no:faulthandler")
    job = slot.unit("test_c.py")
    assert check(slot.exited())
    started = [message[2] for message in slot.of("start")]
    finished = [message[2] for message in slot.of("done")]
    assert slot.found(job)[started[-1]] == "test_c.py::test_c" and started[-1] not in finished


@pytest.mark.parametrize(
    "line, code, reason",
    [
        ("pytest.exit('enough', returncode=7)", 7, "_pytest.outcomes.Exit: enough"),
        ("pytest.exit('enough')", 2, "_pytest.outcomes.Exit: enough"),
        ("raise KeyboardInterrupt()", 2, "KeyboardInterrupt"),
    ],
)
def test_an_exit_in_a_test_is_told_with_its_code_and_ends_the_job(
    warm, project, line, code, reason
):
    project.write(
        "test_e.py",
        "import pytest\ndef test_a(): pass\ndef test_e(): %s\ndef test_z(): pass\n" % line,
    )
    slot = warm.slot(project)
    end = slot.run("test_e.py")
    ((_exit, _job, told, number),) = slot.of("exit")
    assert (told, number, end["stopped"]) == (reason, code, True)
    assert slot.of("gave")[0][2:] == [0, [2]]
    assert slot.finish() == 0


def test_a_crashing_hook_is_an_internal_error_of_its_job(warm, project):
    project.write("conftest.py", "def pytest_collection_modifyitems(items): items[0].no_such\n")
    project.write("test_a.py", "def test_a(): pass\n")
    slot = warm.slot(project)
    slot.run("test_a.py")
    ((_exit, _job, text, code),) = slot.of("exit")
    assert code == 3 and "AttributeError" in text
    slot.finish()


def test_after_maxfail_the_rest_is_given_up_and_a_further_job_returned(warm, project):
    project.write("test_a.py", "def test_1(): assert 0\ndef test_2(): pass\ndef test_3(): pass\n")
    project.write("test_b.py", "def test_b(): pass\n")
    slot = warm.slot(project, "-x")
    assert slot.run("test_a.py")["stopped"]
    assert slot.of("gave")[0][2:] == [0, [1, 2]]
    assert slot.of("exit")[0][2:] == ["stopping after 1 failures", 1]
    assert slot.run("test_b.py")["returned"]
    slot.finish()
    assert slot.verdicts() == {"test_a.py::test_1": "failed"}


def test_slots_die_with_the_warm_interpreter(tmp_path, project):
    project.write("test_w.py", "import os\ndef test_w(): os.read(os.open('pipe', os.O_RDWR), 1)\n")
    os.mkfifo(str(project.path / "pipe"))
    interpreter = driver.Interpreter(tmp_path)
    slot = interpreter.slot(project)
    slot.unit("test_w.py")
    slot.until("start")
    interpreter.process.kill()
    assert slot.read() is None
    interpreter.close()


def test_a_slot_whose_worker_is_gone_ends(warm, project):
    project.write("test_a.py", "def test_a(): pass\n")
    slot = warm.slot(project)
    slot.lines.close()
    assert warm.answer("exited", slot.key)["pid"] == slot.pid


def test_an_error_at_the_very_end_is_told_with_the_end(warm, project):
    project.write("conftest.py", "def pytest_sessionfinish(): raise ValueError('late')\n")
    project.write("test_a.py", "def test_a(): pass\n")
    slot = warm.slot(project).run_all()
    slot.finish()
    assert "ValueError: late" in slot.of("end")[-1][2]["error"]
