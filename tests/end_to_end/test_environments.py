"""What a user sees of a run in more than one environment."""

import re

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
