"""What a user sees of a run in more than one environment."""

import re
from xml.etree import ElementTree

import pytest

A1, A2 = "popen//env:A=1", "popen//env:A=2"
TESTS = """
    import os, time, pytest
    @pytest.mark.parametrize("i", range(8))
    def test_slow(i):
        time.sleep(0.2)
    def test_bad():
        assert 0
"""


@pytest.fixture
def run(project):
    project.write("test_e.py", TESTS)
    return project.submit("--tx", A1, "--tx", A2, "--dist", "load", "--junitxml", "report.xml")


def test_events_say_the_environment_and_workers_their_fingerprint(run):
    assert {event["environment"] for event in run.finished} == {A1, A2}
    where = {event["worker"]: event["environment"] for event in run.of("worker_up")}
    assert sorted(where.values()) == [A1, A2]
    for event in run.finished:
        assert event["environment"] == where[event["worker"]]
    for event in run.of("worker_up"):
        seen = event["fingerprint"]
        assert seen["python"] == event["python"] and {"pytest", "machine", "os"} <= set(seen)


def test_load_has_one_verdict_for_each_test_and_no_matrix(run):
    assert len(run.outcomes) == 9 and run.code == 1
    assert not run.of("matrix") and "= environments =" not in run.out
    assert re.search(r"1 failed, 8 passed in ", run.last_line)


def test_each_environment_has_one_line_in_the_header(run):
    for name in (A1, A2):
        lines = re.findall(r"^\[%s\] linux -- Python .*$" % re.escape(name), run.out, re.M)
        assert len(lines) == 1, run.out
    assert not re.search(r"^(platform|plugins:?) ", run.out, re.M)


def test_one_environment_has_the_header_of_a_plain_run_and_is_local(project):
    project.write("test_e.py", "def test_ok(): pass")
    run = project.submit("-n", 1)
    assert re.search(r"^platform linux -- Python .*, pytest-", run.out, re.M)
    assert not re.search(r"^\[popen", run.out, re.M)
    assert {event["environment"] for event in run.finished} == {"local"}
    assert run.code == 0


WHERE_B = "popen//env:WHERE=b"
LACKING = "popen//python=no-such-python"
EACH = """
    import os
    B = os.environ.get("WHERE") == "b"
    def test_ok(): pass
    def test_everywhere(): assert 0
    def test_some(): assert not B
    if B:
        def test_new(): pass
"""


def submit_each(project, *specs):
    project.write("test_m.py", EACH)
    arguments = [word for spec in specs for word in ("--tx", spec)]
    return project.submit("--dist", "each", *arguments, "--junitxml", "report.xml")


def matrix_of(run):
    """What terminals and --json say of it."""
    text = run.out[run.out.index("= environments =") :].split("\n", 1)[1]
    (event,) = run.of("matrix")
    return text, event


def test_the_matrix_says_what_failed_where(project):
    run = submit_each(project, "popen", WHERE_B)
    text, event = matrix_of(run)
    assert run.code == 1 and run.last_line.startswith("=") and "3 failed, 4 passed" in run.last_line
    assert text.startswith(
        "popen               1 failed, 2 passed\n"
        "popen//env:WHERE=b  2 failed, 2 passed\n"
        "failed everywhere (1 test):\n"
        "  test_m.py::test_everywhere\n"
        "failed on popen//env:WHERE=b, passed on popen (1 test):\n"
        "  test_m.py::test_some\n"
        "  env:WHERE: b where failed, none where passed\n"
        "not collected on popen, but on popen//env:WHERE=b (1 test):\n"
        "  test_m.py::test_new\n"
    ), run.out
    kinds = [group["kind"] for group in event["groups"]]
    assert kinds == ["failed_everywhere", "failed_somewhere", "found_somewhere"]


def test_an_environment_that_cannot_be_had_is_named_and_no_test_is_said_to_be_there(project):
    run = submit_each(project, "popen", WHERE_B, LACKING)
    text, event = matrix_of(run)
    assert run.code == 3
    assert re.search(r"^%s  not available: cannot run pytest" % re.escape(LACKING), text, re.M)
    (new,) = [group for group in event["groups"] if group["kind"] == "found_somewhere"]
    assert new["passed"] == [WHERE_B] and new["absent"] == ["popen"] and new["open"] == [LACKING]
    ends = {end["environment"]: end["exit_code"] for end in run.of("environment_ended")}
    assert ends == {"popen": 1, WHERE_B: 1, LACKING: 3}


def test_junit_has_a_suite_for_each_environment(project):
    run = submit_each(project, "popen", WHERE_B, LACKING)
    report = ElementTree.parse(project.path / "report.xml").getroot()
    suites = {suite.get("name"): suite for suite in report}
    assert list(suites) == ["pytest on popen", "pytest on " + WHERE_B, "pytest on " + LACKING]
    counts = [[suite.get(key) for key in ("tests", "failures", "errors")] for suite in report]
    assert counts == [["3", "1", "0"], ["4", "2", "0"], ["1", "0", "1"]], run.out
