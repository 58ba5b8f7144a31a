"""A failure is run again where the whole suite has been collected, before it is final."""

import pathlib
import shutil

import pytest

LEANS = "import state\n\ndef test_leans(): assert state.value == 1\n\ndef test_beside(): pass\n"


@pytest.fixture
def leaning(project):
    """test_b needs what only test_a imports, as plain pytest does before it runs anything."""
    project.write("state.py", "value = None")
    project.write("test_a.py", "import state; state.value = 1\n\ndef test_a(): pass\n")
    project.write("sub/test_b.py", LEANS)
    project.write("conftest.py", "import os, sys; sys.path.insert(0, os.path.dirname(__file__))")
    return project


def notes(run):
    return [event["text"] for event in run.of("note")]


def test_a_test_that_leans_on_another_file_passes_as_under_plain_pytest(leaning):
    assert set(leaning.plain().values()) == {"passed"}
    run = leaning.submit("-n", 2, "sub/test_b.py", "test_a.py")
    assert run.code == 0
    assert set(run.outcomes.values()) == {"passed"}
    assert [event["id"] for event in run.of("test_failing")] == ["sub/test_b.py::test_leans"]
    (note,) = notes(run)
    assert note.startswith("sub/test_b.py::test_leans passes only where the whole suite has been")
    assert "assert None == 1" in note
    assert "1 failed" not in run.out


@pytest.mark.parametrize("option", [[], ["-x"]], ids=["", "-x"])
def test_what_was_found_out_is_remembered(leaning, option):
    targets = ["sub/test_b.py", "test_a.py"]
    assert leaning.submit("-n", 2, *targets).of("test_failing")
    again = leaning.submit("-n", 2, *option, *targets)
    assert again.code == 0
    assert len(again.outcomes) == 3
    assert not again.of("test_failing") and not notes(again)
    assert len(again.of("test_started")) == 3


def test_a_file_that_cannot_be_imported_alone_is_loaded_with_the_others(leaning):
    leaning.write("sub/test_b.py", "from state import more\ndef test_more(): assert more == 2\n")
    leaning.write("test_a.py", "import state; state.more = 2\ndef test_a(): pass\n")
    targets = ["test_a.py", "sub/test_b.py"]
    plain = leaning.plain(*targets)
    run = leaning.submit("-n", 2, *targets)
    assert run.outcomes == plain == {name: "passed" for name in plain}
    assert run.code == 0
    if run.of("test_failing"):  # no slot had loaded the one before the other
        assert "can be loaded only where" in notes(run)[0]


@pytest.mark.parametrize("slots", [0, 1])
def test_it_holds_for_a_single_slot_too(leaning, slots):
    # The file that needs the other one comes first.
    run = leaning.submit("-n", slots, "sub/test_b.py", "test_a.py")
    assert run.code == 0, run.out
    assert len(run.of("test_failing")) == 1


def test_a_memory_that_is_damaged_or_cannot_be_kept_is_none(leaning):
    targets = ["sub/test_b.py", "test_a.py"]
    assert leaning.submit("-n", 1, *targets).code == 0
    cache = pathlib.Path(leaning.env["XGRID_CACHE_HOME"])
    (file,) = cache.glob("projects/*.json")
    file.write_text("{")
    run = leaning.submit("-n", 1, *targets)
    assert run.code == 0 and len(run.of("test_failing")) == 1
    shutil.rmtree(str(cache))
    cache.write_text("a file where the folder should be")
    run = leaning.submit("-n", 1, *targets)
    assert run.code == 0 and not run.err


def test_a_test_that_really_fails_keeps_its_first_report(project):
    project.write(
        "test_a.py",
        """
        import os
        def test_fails():
            print("said in", os.environ["PYTEST_XDIST_WORKER"])
            assert 0
        """,
    )
    project.write("test_b.py", "def test_b(): pass")
    run = project.submit("-n", 2)
    assert run.code == 1
    (failing,) = run.of("test_failing")
    (verdict,) = [event for event in run.finished if event["outcome"] == "failed"]
    assert verdict["worker"] == failing["worker"]
    assert len([e for e in run.of("test_started") if e["id"] == "test_a.py::test_fails"]) == 2
    assert "said in %s" % verdict["worker"] in run.out
    assert run.out.count("said in gw") == 1
    assert "1 failed, 1 passed" in run.last_line
    assert not notes(run)


def test_more_than_fifty_failures_are_not_confirmed(project):
    for name in "ab":
        project.write(
            "test_%s.py" % name,
            """
            import pytest
            @pytest.mark.parametrize("i", range(30))
            def test_i(i): assert i < 0
            """,
        )
    run = project.submit("-n", 1)
    assert run.code == 1
    assert list(run.outcomes.values()) == ["failed"] * 60
    assert len(run.of("test_failing")) == 50
    assert len(run.of("test_started")) == 60
    (note,) = notes(run)
    assert "more than 50 tests failed" in note
    assert run.out.count("F") >= 60


@pytest.mark.parametrize("option", ["-x", "--maxfail=2", "--no-confirm"])
def test_what_switches_it_off_leaves_the_failure(leaning, option):
    run = leaning.submit("-n", 1, option, "sub/test_b.py", "test_a.py")
    assert run.code == 1
    assert run.outcomes["sub/test_b.py::test_leans"] == "failed"
    assert not run.of("test_failing")


def test_a_test_that_crashes_is_not_confirmed(project):
    project.write("test_a.py", "import os\ndef test_crashes(): os.abort()\n")
    project.write("test_b.py", "def test_b(): pass")
    run = project.submit("-n", 2)
    assert run.code == 1
    assert not run.of("test_failing")
    assert len([e for e in run.of("test_started") if e["id"] == "test_a.py::test_crashes"]) == 1


def test_a_test_that_crashes_when_it_is_confirmed_keeps_its_first_result(leaning):
    leaning.write(
        "sub/test_b.py",
        """
        import os, state
        def test_b():
            if state.value: os.abort()
            assert 0
        """,
    )
    run = leaning.submit("-n", 2, "sub/test_b.py", "test_a.py")
    assert run.code == 1
    (verdict,) = [event for event in run.finished if event["outcome"] == "failed"]
    assert not verdict["crashed"]
    assert "crashed" in notes(run)[0]


def test_a_single_file_s_failure_is_final_at_once(project):
    project.write("test_a.py", "def test_fails(): assert 0")
    run = project.submit("-n", 2)
    assert run.code == 1
    assert not run.of("test_failing")
    assert len(run.of("worker_up")) == 1


def test_numpy_s_masked_arrays_are_green(project):
    numpy = pytest.importorskip("numpy")
    folder = pathlib.Path(numpy.__file__).parent / "ma"
    if not (folder / "tests" / "test_mrecords.py").exists():
        pytest.skip("numpy comes without its tests")
    shutil.copytree(str(folder), str(project.path / "ma"))
    project.write("pytest.ini", "[pytest]")
    # The one that leans, and the one that it leans on.
    targets = ["ma/tests/test_deprecations.py", "ma/tests/test_mrecords.py"]
    plain = project.plain(*targets)
    run = project.submit("-n", 2, *targets)
    assert run.outcomes == plain
    assert run.code == 0
