"""The module xdist: pytest-xdist's own where it is installed, else what xgrid has of it."""

import importlib.util

import driver
import pytest

# What keeps an interpreter from finding an installed one.
HIDDEN = (
    "bootstrap",
    "import gc\n",
    "import functools, gc, importlib.machinery\n"
    "_found = importlib.machinery.PathFinder.find_spec\n"
    "importlib.machinery.PathFinder.find_spec = functools.partial(  # which is never bound\n"
    "    lambda name, *rest: None if name.partition('.')[0] == 'xdist' else _found(name, *rest))\n",
)

CONFTEST = """
import os, pytest
import xdist
from xdist import is_xdist_worker, is_xdist_controller, is_xdist_master, get_xdist_worker_id

def answers(subject):
    return [is_xdist_worker(subject), is_xdist_controller(subject), is_xdist_master(subject),
            xdist.get_xdist_worker_id(subject)]

def pytest_sessionstart(session):
    session.config.at_start = answers(session)

@pytest.fixture(scope="session")
def asked(request):
    return answers(request)
"""


@pytest.fixture
def without_xdist(tmp_path):
    interpreter = driver.Interpreter(
        tmp_path, changed=[HIDDEN], env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    )
    yield interpreter
    interpreter.close()


def run(interpreter, project, expected, **more):
    project.write("conftest.py", CONFTEST)
    project.write(
        "test_a.py",
        "def test_a(asked, pytestconfig): assert asked == pytestconfig.at_start == %r\n" % expected,
    )
    slot = interpreter.slot(project, **more).run_all()
    assert slot.finish() == 0
    assert slot.verdicts() == {"test_a.py::test_a": "passed"}, slot.done()


def test_without_pytest_xdist_a_slot_is_a_worker(without_xdist, project):
    run(without_xdist, project, [True, False, False, "gw3"], slot="gw3")


def test_without_pytest_xdist_a_run_that_is_not_distributed_is_none(without_xdist, project):
    run(without_xdist, project, [False, False, False, "master"], workers=0)


needs_xdist = pytest.mark.skipif(
    importlib.util.find_spec("xdist") is None, reason="pytest-xdist is not installed here"
)


@needs_xdist
def test_with_pytest_xdist_a_slot_is_a_worker(warm, project):
    run(warm, project, [True, False, False, "gw0"])
    project.write(
        "test_a.py",
        "import xdist\ndef test_a(): assert xdist.__version__ and xdist.__file__\n",
    )
    slot = warm.slot(project).run_all()
    assert slot.finish() == 0 and set(slot.verdicts().values()) == {"passed"}


def test_what_is_not_offered_is_an_import_error_and_no_plugin(without_xdist, project):
    project.write(
        "test_a.py",
        """
        import importlib, sys
        import pytest

        @pytest.mark.parametrize("name", ["xdist.scheduler", "xdist.plugin"])
        def test_modules(name):
            with pytest.raises(ImportError, match="'xdist' is not a package"):
                importlib.import_module(name)

        def test_names():
            with pytest.raises(ImportError, match="cannot import name 'remote'"):
                from xdist import remote

        def test_plugins(pytestconfig):
            assert not pytestconfig.pluginmanager.hasplugin("xdist")
        """,
    )
    slot = without_xdist.slot(project).run_all()
    assert slot.finish() == 0 and set(slot.verdicts().values()) == {"passed"}, slot.done()


def test_hooks_of_pytest_xdist_in_a_conftest_are_known(without_xdist, project):
    project.write(
        "conftest.py",
        """
        def pytest_configure_node(node): raise AssertionError
        def pytest_testnodedown(node, error): raise AssertionError
        def pytest_xdist_setupnodes(config, specs): raise AssertionError
        def pytest_xdist_auto_num_workers(config): raise AssertionError
        def pytest_xdist_make_scheduler(config, log): raise AssertionError
        def pytest_handlecrashitem(crashitem, report, sched): raise AssertionError
        """,
    )
    project.write("test_a.py", "def test_a(): pass\n")
    slot = without_xdist.slot(project).run_all()
    assert slot.finish() == 0 and set(slot.verdicts().values()) == {"passed"}, slot.done()


@pytest.mark.parametrize("workers, notes", [(1, 1), (0, 0)])
def test_a_scheduler_that_nobody_calls_is_told_of_by_its_file(
    without_xdist, project, workers, notes
):
    project.write("conftest.py", "def pytest_xdist_make_scheduler(config, log): pass\n")
    project.write("test_a.py", "def test_a(): pass\n")
    slot = without_xdist.slot(project, workers=workers).run_all()
    assert slot.finish() == 0
    assert len(slot.of("note")) == notes
    for note in slot.of("note"):
        assert "conftest.py" in note[2] and "pytest_xgrid_group" in note[2]


def test_a_plugin_that_looks_for_pytest_xdist_does_not_take_this_for_it(without_xdist, project):
    # Its hooks would be looked for in what is not there.
    project.write(
        "helper.py",
        """
        try:
            import xdist
        except ImportError:
            xdist = None
        def pytest_configure(config): config.found = xdist
        """,
    )
    project.write("test_a.py", "def test_a(pytestconfig): assert pytestconfig.found is None\n")
    slot = without_xdist.slot(project, "-p", "helper").run_all()
    assert slot.finish() == 0 and set(slot.verdicts().values()) == {"passed"}, slot.done()
