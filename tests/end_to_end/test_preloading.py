"""Libraries that a project imports are there in later slots, with the same outcomes and nothing shared that should not be."""

import json
import os

import pytest

CONFTEST = """
    import json, os, sys
    THERE = "numpy" in sys.modules
    def pytest_sessionfinish(session):
        numpy = sys.modules.get("numpy")
        drawn = numpy.random.rand() if numpy else None
        name = "there-%s.json" % os.environ.get("PYTEST_XDIST_WORKER", "plain")
        with open(os.path.join(os.path.dirname(__file__), name), "w") as file:
            json.dump([THERE, drawn], file)
"""
TEST = """
    import numpy
    def test_passes(): assert numpy.arange(3).sum() == 3
    def test_fails(): assert numpy.arange(3).sum() == 4
    def test_warns(): numpy.arange(3) / numpy.arange(3)
    def test_filters():
        import warnings
        assert not [entry for entry in warnings.filters if entry[2].__module__.startswith("numpy")]
"""


@pytest.fixture
def numeric(project):
    pytest.importorskip("numpy")
    project.write("conftest.py", CONFTEST)
    for name in "abcd":
        project.write("test_%s.py" % name, TEST)
    return project


def there(project):
    """worker -> [whether numpy was there before the conftest was, a number drawn]"""
    found = {}
    for path in project.path.glob("there-gw*.json"):
        found[path.stem[len("there-") :]] = json.loads(path.read_text())
        path.unlink()
    return found


def counts_of(run):
    return run.last_line.strip("= ").partition(" in ")[0]


def test_a_later_run_has_them_from_the_start_and_the_same_outcomes(numeric):
    plain = numeric.plain()
    first = numeric.submit("-n", 1, "--no-confirm")
    assert [seen[0] for seen in there(numeric).values()] == [False]
    later = numeric.submit("-n", 2, "--no-confirm")
    seen = there(numeric)
    assert all(was_there for was_there, _drawn in seen.values())
    assert len({drawn for _there, drawn in seen.values()}) == len(seen)
    assert first.outcomes == later.outcomes == plain
    assert counts_of(first) == counts_of(later)


def test_fresh_interpreters_have_nothing_that_was_learnt(numeric):
    numeric.submit("-n", 1)
    there(numeric)
    numeric.submit("-n", 2, "--start", "spawn")
    assert not any(was_there for was_there, _drawn in there(numeric).values())


def test_in_a_first_run_slots_beyond_the_cores_have_what_the_first_has_imported(numeric):
    slots = len(os.sched_getaffinity(0)) + 1
    numeric.write(
        "conftest.py",
        CONFTEST
        + """
    import time
    def pytest_sessionstart():
        open("begun-" + os.environ["PYTEST_XDIST_WORKER"], "w").close()
    def pytest_runtest_setup():
        deadline = time.monotonic() + 60
        while len([name for name in os.listdir(".") if name.startswith("begun-")]) < %d:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    """
        % slots,
    )
    for number in range(2 * slots):
        numeric.write("test_more_%d.py" % number, TEST)
    numeric.submit("-n", slots, "--no-confirm")  # else a slot is there for that alone
    assert sorted(was_there for was_there, _drawn in there(numeric).values()) == (
        [False] * (slots - 1) + [True]
    )
