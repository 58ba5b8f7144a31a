"""A slot is a real pytest session with its identity in place before the project's code is imported."""

import json
import os
import platform
import sys

import pytest

import driver


def test_the_warm_interpreter_says_what_it_is(warm):
    ready = warm.ready["ready"]
    assert ready["implementation"] == "cpython" and ready["threads"] == 1
    assert set(ready) >= {"version", "executable", "platform", "pytest"}


def test_an_interpreter_without_pytest_says_so(tmp_path):
    (tmp_path / "pytest.py").write_text("raise ModuleNotFoundError('gone', name='pytest')")
    interpreter = driver.Interpreter(tmp_path)
    assert interpreter.ready == {"failed": "No module named pytest"}
    assert interpreter.process.wait(driver.DEADLINE_SECONDS) == 1
    interpreter.close()


def test_a_slot_says_what_tells_its_environment_from_others(warm, project):
    project.write("test_a.py", "def test_x(): pass")
    slot = warm.slot(project)
    facts = slot.first[1]
    seen = facts["fingerprint"]
    assert seen["python"] == platform.python_version() and seen["pytest"] == pytest.__version__
    assert seen["implementation"] == platform.python_implementation()
    assert seen["machine"] == os.uname().machine and os.uname().release in seen["kernel"]
    assert seen["platform"] == sys.platform and seen["os"]
    assert all(isinstance(value, str) and value for value in seen.values())
    for plugin in facts["plugins"]:  # one line for each, with its package's whole name
        name, _, version = plugin.rpartition("-")
        assert version in (seen.get(name), seen.get("pytest-" + name)), plugin
    assert slot.finish() == 0


def test_identity_is_there_when_the_conftest_is_imported(warm, project):
    project.write(
        "conftest.py",
        """
        import os, sys
        SEEN = [os.environ.get("PYTEST_XDIST_" + name) for name in ("WORKER", "WORKER_COUNT", "TESTRUNUID")]
        EXTRA = os.environ.get("EXTRA")
        def pytest_configure(config):
            config.seen = SEEN + [config.workerinput["workerid"], config.workerinput["workercount"]]
            config.seen += [EXTRA, sys.argv, sys.path[0] == os.getcwd(), os.read(0, 1)]
            config.seen += [config.pluginmanager.get_plugin("xgrid") is not None]
        """,
    )
    project.write(
        "test_i.py",
        """
        import os
        def test_seen(pytestconfig, worker_id, testrun_uid):
            assert pytestconfig.seen == ["gw3", "2", "uid", "gw3", 2, "yes", ["-c"], True, b"", True]
            assert (worker_id, testrun_uid) == ("gw3", "uid")
            assert pytestconfig.pluginmanager.get_plugin("terminalreporter") is None
        """,
    )
    slot = warm.slot(project, slot="gw3", env={"EXTRA": "yes"}).run_all()
    assert slot.finish() == 0
    assert set(slot.verdicts().values()) == {"passed"}, slot.done()


def test_a_run_that_is_not_distributed_looks_like_plain_pytest(warm, project):
    project.write(
        "test_i.py",
        """
        import os
        def test_seen(pytestconfig, worker_id, testrun_uid, tmp_path):
            assert not hasattr(pytestconfig, "workerinput") and worker_id == "master" and testrun_uid
            assert not [name for name in os.environ if name.startswith("PYTEST_XDIST")]
            assert "popen" not in str(tmp_path)
        """,
    )
    slot = warm.slot(project, workers=0).run_all()
    assert slot.finish() == 0
    assert set(slot.verdicts().values()) == {"passed"}, slot.done()


def test_identity_fixtures_and_options_are_there_without_xdist(warm, project):
    project.write(
        "pytest.ini", "[pytest]\naddopts = -n 4 --dist=loadscope --tx 2*popen --strict-markers\n"
    )
    project.write(
        "test_i.py",
        """
        import pytest
        @pytest.mark.xdist_group("g")
        def test_i(worker_id, testrun_uid): assert (worker_id, testrun_uid) == ("gw0", "uid")
        """,
    )
    slot = warm.slot(project, "-p", "no:xdist").run_all()
    slot.finish()
    assert slot.verdicts() == {"test_i.py::test_i": "passed"}


def test_xdist_options_in_a_projects_files_do_not_distribute(warm, project):
    project.write("pytest.ini", "[pytest]\naddopts = -n 4 --dist=loadscope\n")
    project.write(
        "test_i.py",
        "def test_i(worker_id, pytestconfig): assert pytestconfig.option.dist == 'no'\n",
    )
    slot = warm.slot(project).run_all()
    slot.finish()
    assert slot.verdicts() == {"test_i.py::test_i": "passed"}


def test_slots_of_a_run_share_the_parent_of_their_tmp_path(warm, project, tmp_path):
    project.write(
        "test_t.py", "def test_t(tmp_path, record_property): record_property('at', tmp_path)\n"
    )
    places = []
    for name in ("gw0", "gw1"):
        slot = warm.slot(
            project, slot=name, run="shared", env={"PYTEST_DEBUG_TEMPROOT": str(tmp_path)}
        ).run_all()
        slot.finish()
        ((_test, _verdict, details),) = slot.done()
        places.append(details["properties"][0][1].split(os.sep))
    assert [place[-2] for place in places] == ["popen-gw0", "popen-gw1"]
    assert places[0][:-2] == places[1][:-2] and places[0][-3].startswith("pytest-")


def test_a_given_basetemp_is_the_parent(warm, project, tmp_path):
    project.write(
        "test_t.py", "def test_t(tmp_path, record_property): record_property('at', tmp_path)\n"
    )
    slot = warm.slot(project, "--basetemp=%s" % (tmp_path / "mine")).run_all()
    slot.finish()
    ((_test, _verdict, details),) = slot.done()
    assert details["properties"][0][1].startswith(str(tmp_path / "mine" / "popen-gw0"))


def test_a_tmpdir_that_cannot_be_written_to_is_refused_in_one_line(warm, project):
    slot = warm.slot(project, run="other", env={"TMPDIR": "/proc"})
    kind, code, text = slot.first
    assert (kind, code) == ("refused", 3)
    assert text.startswith("cannot make a temporary directory in /proc: ") and "\n" not in text
    slot.exited()


def test_slots_have_different_random_numbers_and_only_their_descriptors(warm, project):
    project.write(
        "test_r.py",
        """
        import os, random, subprocess
        def test_r(record_property):
            record_property("random", random.random())
            record_property("children", subprocess.check_output(["ls", "/proc/self/fd"]).split())
        """,
    )
    values = []
    for name in ("gw0", "gw1"):
        slot = warm.slot(project, slot=name).run_all()
        slot.finish()
        properties = dict(slot.done()[0][2]["properties"])
        values.append(properties["random"])
        assert len(properties["children"].split(",")) == 4  # the standard ones and ls's own
    assert values[0] != values[1]


def test_no_file_of_a_plain_run_is_written(warm, project):
    project.write("test_f.py", "def test_f(): assert 0\n")
    slot = warm.slot(project, "--junitxml=out.xml").run_all()
    slot.finish()
    assert {entry.name for entry in project.path.iterdir()} <= {
        "pytest.ini",
        "test_f.py",
        "__pycache__",
    }


def test_hooks_of_the_session_run_once_per_slot_and_atexit_at_the_end(warm, project):
    log = project.path / "log"
    project.write(
        "conftest.py",
        """
        import atexit, json
        def note(word):
            with open(%r, "a") as file: file.write(json.dumps(word) + "\\n")
        def pytest_configure(): note("configure")
        def pytest_sessionstart(): note("start")
        def pytest_sessionfinish(exitstatus): note("finish %%d" %% exitstatus)
        def pytest_unconfigure(): note("unconfigure")
        atexit.register(note, "atexit")
        """
        % str(log),
    )
    project.write("test_a.py", "def test_a(): pass\n")
    project.write("test_b.py", "def test_b(): assert 0\n")
    warm.slot(project).run_all().finish()
    words = [json.loads(line) for line in log.read_text().splitlines()]
    assert words == ["configure", "start", "finish 1", "unconfigure", "atexit"]


def test_rerunfailures_needs_no_controller(warm, project):
    # As pytest-rerunfailures 10.2 and later do it.
    project.write(
        "pytest_rerunfailures.py",
        """
        class StatusDB: pass
        class ClientStatusDB:
            def __init__(self, port): raise ConnectionError(port)
        def pytest_configure(config):
            config.failures_db = ClientStatusDB(config.workerinput["sock_port"])
        """,
    )
    project.write("test_r.py", "def test_r(): pass")
    slot = warm.slot(project, "-p", "pytest_rerunfailures").run_all()
    slot.finish()
    assert slot.verdicts() == {"test_r.py::test_r": "passed"}
