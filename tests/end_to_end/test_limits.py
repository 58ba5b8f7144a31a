"""Limits that tests set for themselves, with @pytest.mark.timeout, beside the one of the whole run."""

import pytest

MARKED = """
import signal, time, pytest
@pytest.mark.timeout(60)
def test_long(): time.sleep(1.5)
@pytest.mark.timeout(0)
class TestUnlimited:
    def test_none(self): time.sleep(1.5)
@pytest.mark.timeout(0.4)
def test_short(): time.sleep(60)
@pytest.mark.timeout(timeout=0.4)
def test_deaf():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    while True: time.sleep(60)
def test_other(): pass
"""


@pytest.mark.parametrize("options", [[], ["--timeout", "0.5"]], ids=" ".join)
@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_a_mark_is_heeded_inside_the_test_and_by_the_worker(project, options, start):
    project.write("test_m.py", MARKED)
    if options:
        project.write("test_n.py", "import time\ndef test_general(): time.sleep(60)")
    run = project.submit("-n", 1, "--start", start, "--no-confirm", "-W", "error", *options)
    expected = {
        "test_m.py::test_long": "passed",
        "test_m.py::TestUnlimited::test_none": "passed",
        "test_m.py::test_short": "failed",
        "test_m.py::test_deaf": "failed",
        "test_m.py::test_other": "passed",
    }
    if options:
        expected["test_n.py::test_general"] = "failed"
    assert run.outcomes == expected
    assert "Timeout: test_short took longer than 0.4 s" in run.out
    assert "timed out after 0.4 s and did not stop" in run.out
    assert run.code == 1


def test_a_limit_that_is_none_is_a_usage_error_that_names_the_test(project):
    project.write("test_m.py", "import pytest\n@pytest.mark.timeout('soon')\ndef test_a(): pass")
    run = project.submit("-n", 2)
    assert run.code == 4 and not run.finished
    assert "ERROR: test_m.py::test_a: the mark timeout takes seconds up to" in run.out + run.err
