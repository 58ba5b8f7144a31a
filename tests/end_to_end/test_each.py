"""--dist each: every test in each environment; and environments that cannot be had."""

import sys

SUITE = """
    import os

    def test_a():
        pass

    def test_b():
        assert os.environ.get("WHERE") != "b"
"""
LACKING = "popen//python=no-such-python"


def submit(project, *arguments):
    project.write("test_x.py", SUITE)
    run = project.submit(*arguments, python=sys.executable)
    return run, run.out


def test_each_runs_every_test_in_each_environment(project):
    run, text = submit(project, "--dist", "each", "--tx", "popen", "--tx", "popen//env:WHERE=b")
    assert run.code == 1, text
    assert "1 failed, 3 passed" in text


def test_three_of_one_run_each_test_three_times(project):
    run, text = submit(project, "--dist", "each", "--tx", "3*popen")
    assert run.code == 0, text
    assert "6 passed" in text


def test_the_first_failure_stops_all_environments(project):
    run, text = submit(
        project, "-x", "--dist", "each", "--tx", "popen", "--tx", "popen//env:WHERE=b"
    )
    assert run.code == 1, text
    assert "stopping after 1 failures" in text


def test_an_environment_that_cannot_be_had_leaves_the_others(project):
    run, text = submit(project, "--dist", "each", "--tx", LACKING, "--tx", "popen")
    assert run.code == 3, text
    assert "2 passed" in text
    assert LACKING in text + run.err


def test_under_load_its_tests_run_elsewhere(project):
    run, text = submit(project, "--tx", LACKING, "--tx", "popen")
    assert run.code == 0, text
    assert "2 passed" in text
