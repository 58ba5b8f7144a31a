"""The map {node id: outcome} is plain pytest's."""

import pathlib
import shutil

import pytest

EVERYTHING = """
    import pytest
    import unittest

    def test_passes(): pass
    def test_fails(): assert [1, 2] == [1, 3]
    @pytest.mark.skip(reason="not now")
    def test_skipped(): pass
    @pytest.mark.xfail
    def test_xfails(): assert 0
    @pytest.mark.xfail
    def test_xpasses(): pass
    @pytest.mark.xfail(strict=True)
    def test_strict(): pass
    @pytest.fixture
    def broken(): raise RuntimeError("setup")
    def test_error_in_setup(broken): pass
    @pytest.fixture
    def late():
        yield
        raise RuntimeError("teardown")
    def test_error_in_teardown(late): pass
    @pytest.mark.parametrize("text", ["a b", "\\u00fc", "x::y", "[", "/"])
    def test_odd_ids(text): pass
    class TestClass:
        def test_method(self): pass
    class Case(unittest.TestCase):
        def test_unit(self): self.assertEqual(1, 1)
        @unittest.expectedFailure
        def test_expected(self): self.assertEqual(1, 2)
"""


@pytest.fixture
def mixed(project):
    project.write("tests/test_everything.py", EVERYTHING)
    project.write("tests/sub/test_more.py", EVERYTHING)
    project.write("tests/sub/conftest.py", "collect_ignore = ['test_ignored.py']")
    project.write("tests/sub/test_ignored.py", "import nothing_of_that_name")
    project.write("tests/test_cannot_be_imported.py", "import nothing_of_that_name")
    project.write(
        "tests/test_skips_itself.py", "import pytest; pytest.skip('', allow_module_level=True)"
    )
    project.write("tests/test_empty.py", "")
    return project


@pytest.mark.parametrize("slots", [0, 1, 3])
def test_outcomes_are_those_of_plain_pytest(mixed, slots):
    plain = mixed.plain("tests", "--continue-on-collection-errors")
    run = mixed.submit("-n", slots, "tests")
    assert run.outcomes == plain
    assert run.code == 1


@pytest.mark.parametrize(
    "way", [["--start=fork"], ["--start=spawn"], ["--collect=full"]], ids=" ".join
)
def test_outcomes_are_the_same_however_slots_start_and_collect(mixed, way):
    plain = mixed.plain("tests", "--continue-on-collection-errors")
    run = mixed.submit("-n", 3, *way, "tests")
    assert run.outcomes == plain
    assert run.code == 1


@pytest.mark.parametrize(
    "targets",
    [
        ["tests/sub"],
        ["tests/test_everything.py::TestClass"],
        ["tests/test_everything.py::test_odd_ids", "tests/sub/test_more.py::test_passes"],
        ["-k", "unit or odd", "tests"],
        ["--deselect", "tests/sub/test_more.py::test_fails", "tests/sub"],
        ["--ignore=tests/sub", "tests"],
    ],
    ids=" ".join,
)
def test_targets_and_selections_mean_what_they_mean_in_pytest(mixed, targets):
    plain = mixed.plain(*targets, "--continue-on-collection-errors")
    assert mixed.submit("-n", 2, *targets).outcomes == plain


@pytest.mark.long
def test_a_real_suite_has_the_outcomes_of_plain_pytest(project):
    networkx = pytest.importorskip("networkx")
    folder = pathlib.Path(networkx.__file__).parent
    shutil.copytree(str(folder), str(project.path / "networkx"))
    targets = ["networkx/classes", "networkx/readwrite", "networkx/utils", "networkx/tests"]
    plain = project.plain(*targets)
    run = project.submit("-n", 4, *targets)
    assert len(plain) > 500
    assert run.outcomes == plain
    assert len({event["worker"] for event in run.finished}) > 1


def test_one_huge_file_does_not_end_on_one_slot(project):
    project.write(
        "test_huge.py",
        """
        import time, pytest
        @pytest.mark.parametrize("i", range(60))
        def test_i(i): time.sleep(0.05)
        """,
    )
    run = project.submit("-n", 3)
    assert set(run.outcomes.values()) == {"passed"} and len(run.outcomes) == 60
    shares = [event["worker"] for event in run.finished]
    assert len(set(shares)) == 3
    assert max(shares.count(worker) for worker in set(shares)) < 40


WAITS_FOR_ANOTHER = """
import pathlib, time
def wait(name):
    deadline = time.monotonic() + 60
    while not pathlib.Path(name).exists():
        assert time.monotonic() < deadline, name + " did not run beside this test"
        time.sleep(0.01)
"""


def test_what_queues_behind_a_long_test_runs_elsewhere(project):
    project.write("waits.py", WAITS_FOR_ANOTHER)
    project.write(
        "test_same_file.py",
        """
        import pathlib, waits
        def test_long(): waits.wait("short")
        def test_short(): pathlib.Path("short").touch()
        """,
    )
    run = project.submit("-n", 2, "--no-confirm")
    assert set(run.outcomes.values()) == {"passed"} and len(run.outcomes) == 2


@pytest.mark.parametrize("mode", ["load", "loadfile", "loadscope", "worksteal"])
def test_a_file_that_queues_behind_a_long_test_runs_elsewhere(project, mode):
    project.write("waits.py", WAITS_FOR_ANOTHER)
    waits = "import waits\ndef test_long():\n    for name in '23456789': waits.wait(name)\n"
    project.write("test_1.py", waits)
    for number in range(2, 10):
        touches = "import pathlib\ndef test_short(): pathlib.Path('%d').touch()\n" % number
        project.write("test_%d.py" % number, touches)
    run = project.submit("-n", 2, "--no-confirm", "--dist", mode)
    assert set(run.outcomes.values()) == {"passed"} and len(run.outcomes) == 9


def test_no_more_slots_start_than_there_is_work_for(project):
    project.write("test_one.py", "def test_one(): pass")
    run = project.submit("-n", 8)
    assert run.outcomes == {"test_one.py::test_one": "passed"}
    assert [event["worker"] for event in run.of("worker_up")] == ["gw0"]


def test_a_test_that_prints_to_the_slot_socket_s_neighbours_does_no_harm(project):
    project.write(
        "test_fds.py",
        """
        import os
        def test_closes_everything():
            for number in range(100, 1000):
                try: os.close(number)
                except OSError: pass
        def test_prints_binary(capfd): os.write(1, bytes(range(256)) * 1000)
        def test_fails_with_binary():
            os.write(1, bytes(range(256)))
            assert 0
        """,
    )
    run = project.submit("-n", 2)
    assert sorted(run.outcomes.values()) == ["failed", "passed", "passed"]


def test_identity_is_that_of_pytest_xdist(project):
    project.write(
        "test_identity.py",
        """
        import os
        SEEN = os.environ["PYTEST_XDIST_WORKER"]
        def test_identity(worker_id, testrun_uid):
            assert worker_id == SEEN == "gw0"
            assert os.environ["PYTEST_XDIST_WORKER_COUNT"] == "2"
            assert os.environ["PYTEST_XDIST_TESTRUNUID"] == testrun_uid == "mine"
        """,
    )
    run = project.submit("-n", 2, "--testrunuid", "mine")
    assert run.code == 0, run.out
