"""Tests that fail and then pass, and tests in quarantine."""

import xml.etree.ElementTree as ET

FLAKY = """
    import os, pathlib, signal

    HERE = pathlib.Path(__file__).parent

    def first(name):
        there = (HERE / name).exists()
        (HERE / name).touch()
        return not there

    def test_flaky():
        print("what it printed")
        assert not first("flaky"), "the first time"

    def test_steady(): pass

    def test_crashes_once():
        if first("crashed"):
            os.kill(os.getpid(), signal.SIGKILL)
"""


def quarantine(until):
    return (
        """
        [[quarantine]]
        tests = "test_a.py::test_known*"
        owner = "ann"
        issue = "https://example.org/7"
        until = "%s"
    """
        % until
    )


def test_a_test_that_fails_or_crashes_runs_again_and_passes(project):
    project.write("test_a.py", FLAKY)
    project.write("xgrid.toml", "retries = 1\n")
    report = project.path / "report.xml"
    run = project.submit("-n", 2, "-x", "--junitxml", report)
    assert run.code == 0, run.out
    assert run.last_line.strip("= ").startswith("3 passed, 2 flaky in ")
    assert set(run.outcomes.values()) == {"passed"}
    again = {event["id"]: event for event in run.of("test_failing")}
    assert all(event["retried"] and event["attempt"] == 1 for event in again.values())
    flaky = [event for event in run.finished if event.get("flaky")]
    assert {event["id"] for event in flaky} == set(again) and len(flaky) == 2
    assert all(event["attempt"] == 2 for event in flaky)
    # In another slot than before.
    assert all(event["worker"] != again[event["id"]]["worker"] for event in flaky)
    assert "FLAKY TESTS" in run.out and "the first time" in run.out
    assert "what it printed" in run.out
    cases = {case.get("name"): case for case in ET.parse(report).iter("testcase")}
    assert "the first time" in cases["test_flaky"].find("flakyFailure/stackTrace").text
    assert cases["test_crashes_once"].find("flakyFailure") is not None
    assert len(cases["test_steady"]) == 0


def test_one_slot_does_with_a_flaky_test_which_fails_the_run_if_that_is_asked_for(project):
    project.write("test_a.py", FLAKY)
    both = ["test_a.py::test_flaky", "test_a.py::test_steady"]
    run = project.submit("-n", 1, "-x", "--retries", 1, "--fail-on-flaky", *both)
    assert run.code == 1 and "2 passed, 1 flaky" in run.last_line
    run = project.submit("-n", 1, "--retries", 1, "--fail-on-flaky", *both)
    assert run.code == 0 and "flaky" not in run.last_line


def test_a_command_runs_again_as_often_as_it_may(project):
    project.write("list.txt", "echo x >> runs; exit 3\ntest -e there || { touch there; exit 1; }\n")
    run = project.submit("-n", 1, "--framework", "command", "--retries", 2, "list.txt")
    assert run.code == 1 and "1 failed, 1 passed, 1 flaky" in run.last_line
    assert (project.path / "runs").read_text() == "x\n" * 3
    assert "attempt 1 on gw0: " in run.out and "attempt 2 on gw0: " in run.out
    (failed,) = (event for event in run.finished if event["outcome"] == "failed")
    assert failed["attempt"] == 3 and failed["flaky"] is False


def test_failures_in_quarantine_fail_nothing_until_it_is_over(project):
    project.write(
        "test_a.py",
        "def test_known(): assert 0, 'it is known'\ndef test_other(): pass\n",
    )
    project.write("xgrid.toml", quarantine("2999-12-31"))
    report = project.path / "report.xml"
    run = project.submit("-n", 1, "-x", "--junitxml", report)
    assert run.code == 0 and "1 passed, 1 quarantined" in run.last_line
    assert "owner: ann, https://example.org/7, until 2999-12-31" in run.out
    assert "it is known" in run.out
    (known,) = (event for event in run.finished if event["outcome"] == "failed")
    assert known["quarantine"]["owner"] == "ann"
    assert 'failures="0"' in report.read_text() and 'skipped="1"' in report.read_text()
    project.write("xgrid.toml", quarantine("2020-12-31"))
    run = project.submit("-n", 1)
    assert run.code == 1 and "1 failed, 1 passed" in run.last_line
    assert "the quarantine of test_a.py::test_known* ended with 2020-12-31" in run.err
    project.write("xgrid.toml", "[[quarantine]]\ntests = 'a'\n")
    run = project.submit("-n", 1)
    assert run.code == 4 and "owner of quarantine in " in run.err
