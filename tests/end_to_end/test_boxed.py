"""--boxed, --forked and the mark: a process for each test, and results like those of any other."""

import os
import signal
import xml.etree.ElementTree as ElementTree

import pytest

import grid
import shown
import suite_of_everything
from test_misbehaving import LIMIT, MODEL, SUITE
from test_results import ours, told

CRASHES = """
    import os, pytest
    def test_segfaults():
        print("before the end")
        os.kill(os.getpid(), 11)
    def test_aborts(): os.abort()
    def test_is_killed(): os.kill(os.getpid(), 9)
    def test_exits(): os._exit(3)
    def test_exits_as_if_all_were_well(): os._exit(0)
    @pytest.mark.xfail(reason="known")
    def test_is_expected(): os._exit(3)
    def test_passes(): pass
"""
TOLD = {
    "test_segfaults": "test_c.py:3: running the test CRASHED with signal 11",
    "test_aborts": "test_c.py:6: running the test CRASHED with signal 6",
    "test_is_killed": "test_c.py:7: running the test CRASHED with signal 9",
    "test_exits": "test_c.py:8: running the test exited with status 3",
    "test_exits_as_if_all_were_well": "test_c.py:9: running the test exited with status 0",
}


@pytest.mark.parametrize("option", ["--boxed", "--forked"])
@pytest.mark.parametrize("slots", [0, 2])
def test_a_crash_is_a_failed_test_and_no_slot_is_replaced(project, option, slots):
    project.write("test_c.py", CRASHES)
    project.env["COLUMNS"] = "120"
    run = project.submit("-n", slots, option, "--max-worker-restart", 0, "--junitxml", "r.xml")
    expected = dict.fromkeys(TOLD, "failed")
    expected.update(test_is_expected="xfailed", test_passes="passed")
    assert run.outcomes == {"test_c.py::" + name: found for name, found in expected.items()}
    assert run.code == 1 and "5 failed, 1 passed, 1 xfailed" in run.last_line
    for name, words in TOLD.items():
        assert words in run.out
        short = words.split(": ", 1)[1]
        assert "FAILED test_c.py::%s - %s" % (name, short) in run.out
    assert "before the end" in run.out and "in test_segfaults" in run.out
    assert not any(event["crashed"] for event in run.finished)
    assert not [event for event in run.of("worker_down") if "crash" in event["reason"]]
    cases = ElementTree.parse(str(project.path / "r.xml")).iter("testcase")
    messages = {case.get("name"): [child.get("message") for child in case] for case in cases}
    for name, found in messages.items():
        assert name not in TOLD or found == [TOLD[name].split(": ", 1)[1]]


def test_what_a_test_prints_comes_as_it_does_even_where_it_ends_unforeseen(project):
    project.write(
        "test_c.py", "import os\ndef test_a():\n    print('begun', end='')\n    os.abort()"
    )
    run = project.submit("-n", 1, "--boxed", "-s")
    assert "begun" in run.out and "CRASHED with signal 6" in run.out


@pytest.mark.parametrize("where", ["xgrid.toml", "pytest.ini", "environment"])
def test_settings_may_ask_for_it(project, where):
    project.write("test_c.py", CRASHES)
    if where == "xgrid.toml":
        project.write("xgrid.toml", "boxed = true\n")
    elif where == "pytest.ini":
        project.write("pytest.ini", "[pytest]\naddopts = --boxed\n")
    else:
        project.env["XGRID_BOXED"] = "1"
    run = project.submit("-n", 1, "-k", "exits or passes")
    assert run.outcomes["test_c.py::test_exits"] == "failed"
    assert "exited with status 3" in run.out and not any(e["crashed"] for e in run.finished)


def test_the_mark_boxes_its_test_alone(project):
    project.write(
        "test_m.py",
        """
        import os, pytest
        SEEN = []
        def test_a(): SEEN.append(os.getpid())
        @pytest.mark.forked
        def test_b(): SEEN.append(os._exit(3))
        def test_c(): assert SEEN == [os.getpid()]
        """,
    )
    run = project.submit("-n", 1, "--strict-markers", "-W", "error")
    assert [run.outcomes["test_m.py::test_" + name] for name in "abc"] == [
        "passed",
        "failed",
        "passed",
    ]


@pytest.mark.parametrize(
    "options",
    [
        ["--tb=long", "-ra"],
        ["--tb=native"],
        ["--tb=line", "-rA"],
        ["--capture=sys", "--tb=short", "-rP"],
        ["--durations=3", "--durations-min=30", "--showlocals"],
    ],
    ids=" ".join,
)
def test_a_suite_without_crashes_shows_what_it_shows_unboxed(project, options):
    project.env.update(COLUMNS="100", PYTHONDONTWRITEBYTECODE="1")
    suite_of_everything.write(project)
    options.append("--junitxml=report.xml")
    code, text = ours(project, *options)
    report = shown.junit(project.path / "report.xml")
    boxed_code, boxed_text = ours(project, *options, "--boxed")
    assert told(boxed_text) == told(text)
    assert boxed_code == code
    assert shown.junit(project.path / "report.xml") == report


# Nobody hears of these any more, but the alarm of their limit goes with them.
AT_THE_LIMIT = {
    "test_becomes_another_program": ["CRASHED with signal 14"],
    "test_closes_all_descriptors_and_stays": ["running the test exited with status 1"],
}


def boxed_model(path):
    """What comes of misbehaving tests when each has its own process: its own failure, with other words."""
    for name, expected in MODEL[path].items():
        words = [
            word.replace("killed by signal", "CRASHED with signal").split(" (")[0]
            for word in expected.words
        ]
        yield name, expected.outcome, AT_THE_LIMIT.get(name, words)


@pytest.mark.parametrize("path", ["test_deaths.py", "test_hangs.py"])
def test_whatever_a_test_does_its_slot_lives(project, marked, tmp_path, path):
    for name in ("conftest.py", "pytest.ini", path):
        project.write(name, (SUITE / name).read_text())
    options = ["-n", 2, "--boxed", "--timeout", LIMIT, "--no-confirm"]
    run = project.submit(*options, RAN=str(tmp_path / "ran"), **marked.env)
    found = {name.split("::")[-1]: outcome for name, outcome in run.outcomes.items()}
    for name, outcome, words in boxed_model(path):
        assert found[name] == outcome, name
        for word in words:
            assert word in run.out, name
    assert not any(event["crashed"] for event in run.finished)
    assert marked.gone()


@pytest.mark.parametrize("victim", ["client", "worker"])
def test_nothing_of_a_box_is_left_when_one_of_them_is_killed(project, marked, victim):
    project.write(
        "test_stays.py",
        """
        import subprocess
        def test_stays():
            subprocess.Popen(["sleep", "600"], start_new_session=True)
            subprocess.Popen(["sleep", "600"])
            open("there", "w").close()
            subprocess.call(["sleep", "600"])
        """,
    )
    process = project.start("-n", 1, "--boxed", **marked.env)
    assert grid.until((project.path / "there").exists)
    worker = next(pid for pid in grid.children(process.pid) if grid.children(pid))
    os.kill(process.pid if victim == "client" else worker, signal.SIGKILL)
    assert marked.gone()
    grid.ended(process)
