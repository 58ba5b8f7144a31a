"""pytest's cache: read before a run and written after it, so that runs of xgrid and of plain pytest may alternate."""

import json
import subprocess
import sys

import pytest

import grid

FILES = {
    "test_a.py": """
        import pytest
        @pytest.mark.parametrize("i", range(5))
        def test_a(i): assert i != FAIL
        """,
    "test_b.py": """
        class TestB:
            def test_b(self): assert not FAIL
            def test_other(self): pass
        """,
    "test_c.py": "def test_c(): pass",
}


@pytest.fixture
def failing(project):
    """test_a[3] and test_b fail, until they are repaired."""
    for name, text in FILES.items():
        project.write(name, text.replace("FAIL", "3" if name == "test_a.py" else "True"))
    return project


def repair(project):
    for name, text in FILES.items():
        project.write(name, text.replace("FAIL", "False" if name == "test_b.py" else "-1"))


def plain(project, *args):
    command = [sys.executable, "-B", "-m", "pytest", "-p", "no:xdist", "-v", *args]
    ended = subprocess.run(command, cwd=str(project.path), env=project.env, stdout=subprocess.PIPE)
    lines = ended.stdout.decode().splitlines()
    ran = [line.split()[0] for line in lines if "::" in line and "%]" in line]
    return ran, ended.stdout.decode()


def cached(project, entry):
    path = project.path / ".pytest_cache" / "v" / "cache" / entry
    return json.loads(path.read_text()) if path.exists() else None


def ran(run):
    return [event["id"] for event in run.finished]


FAILED = {"test_a.py::test_a[3]", "test_b.py::TestB::test_b"}


@pytest.mark.parametrize("slots", [0, 2])
def test_the_cache_is_what_a_plain_run_leaves(failing, slots):
    failing.submit("-n", slots)
    ours = {name: cached(failing, name) for name in ("lastfailed", "nodeids", "stepwise")}
    plain(failing, "--cache-clear")
    assert ours == {name: cached(failing, name) for name in ours}
    assert set(ours["lastfailed"]) == FAILED and len(ours["nodeids"]) == 8
    assert (failing.path / ".pytest_cache" / "CACHEDIR.TAG").exists()


@pytest.mark.parametrize("slots", [0, 2])
def test_lf_runs_exactly_what_failed_last_whoever_ran_it(failing, slots):
    failing.submit("-n", slots)
    assert set(plain(failing, "--lf")[0]) == FAILED
    run = failing.submit("-n", slots, "--lf")
    assert set(ran(run)) == FAILED
    assert "run-last-failure: rerun previous 2 failures (skipped 1 file)\n" in run.out
    repair(failing)
    assert failing.submit("-n", slots, "--lf").code == 0
    assert cached(failing, "lastfailed") == {}
    run = failing.submit("-n", slots, "--lf")
    assert len(ran(run)) == 8 and "no previously failed tests, not deselecting items" in run.out


def test_lf_runs_everything_chosen_where_none_of_it_failed(failing):
    failing.submit("-n", 2)
    run = failing.submit("-n", 2, "--lf", "test_c.py")
    assert ran(run) == ["test_c.py::test_c"]
    assert "run-last-failure: 2 known failures not in selected tests\n" in run.out
    assert set(cached(failing, "lastfailed")) == FAILED  # those did not run


def test_a_file_that_cannot_be_collected_failed_too(failing):
    repair(failing)
    failing.write("test_c.py", "import nothing_of_that_name")
    failing.submit("-n", 2)
    assert cached(failing, "lastfailed") == {"test_c.py": True}
    repair(failing)
    assert ran(failing.submit("-n", 2, "--lf")) == ["test_c.py::test_c"]
    assert cached(failing, "lastfailed") == {}


def test_ff_runs_what_failed_first(failing):
    failing.submit("-n", 1)
    failing.write("test_a.py", FILES["test_a.py"].replace("FAIL", "-1"))
    failing.submit("-n", 1, "test_a.py")
    run = failing.submit("-n", 1, "--ff", "--no-confirm")  # so that verdicts come in order
    assert ran(run)[0] == "test_b.py::TestB::test_b" and len(ran(run)) == 8
    assert "run-last-failure: rerun previous 1 failure first\n" in run.out


def test_nf_runs_new_files_first(failing):
    failing.submit("-n", 1)
    failing.write("test_z.py", "def test_z(): pass")
    assert ran(failing.submit("-n", 1, "--nf"))[0] == "test_z.py::test_z"


@pytest.mark.parametrize("slots", [0, 1])
def test_sw_goes_on_where_it_stopped(failing, slots):
    run = failing.submit("-n", slots, "--sw")
    assert ran(run)[-1] == "test_a.py::test_a[3]" and run.code == 2
    assert "Test failed, continuing from this test next run." in run.out
    assert cached(failing, "stepwise") == "test_a.py::test_a[3]"
    run = failing.submit("-n", slots, "--sw")
    assert ran(run) == ["test_a.py::test_a[3]"]
    assert "stepwise: skipping 3 already passed items." in run.out
    run = failing.submit("-n", slots, "--sw", "--sw-skip")
    assert ran(run)[-1] == "test_b.py::TestB::test_b"
    repair(failing)
    assert failing.submit("-n", slots, "--sw").code == 0
    assert not cached(failing, "stepwise")


def test_sw_on_several_slots_leaves_no_test_out(failing):
    seen = set()
    for _ in range(2):
        run = failing.submit("-n", 2, "--sw")
        assert run.code == 2
        seen.update(name for name, outcome in run.outcomes.items() if outcome == "passed")
        remembered = cached(failing, "stepwise")
        everything = cached(failing, "nodeids")
        before = everything[: everything.index(remembered)]
        assert set(before) <= seen


def test_no_cache_provider_means_no_cache(failing):
    failing.submit("-n", 2, "-p", "no:cacheprovider")
    assert not (failing.path / ".pytest_cache").exists()


def test_cache_dir_is_heeded(failing):
    failing.write("pytest.ini", "[pytest]\ncache_dir = elsewhere\n")
    failing.submit("-n", 2)
    assert (failing.path / "elsewhere" / "v" / "cache" / "lastfailed").exists()
    assert not (failing.path / ".pytest_cache").exists()
