"""Small projects with known outcomes, each execution of whose tests leaves two lines: that it began, and how it ended."""

import collections
import json
import textwrap

PASSED, FAILED, SKIPPED, CRASHED = "passed", "failed", "skipped", "crashed"

CONFTEST = """
    import json, os, time
    import pytest

    def line(item, what):
        said = {{"uid": os.environ["PYTEST_XDIST_TESTRUNUID"], "test": item.nodeid, "pid": os.getpid(),
                "what": what, "at": time.time(), "folder": os.getcwd()}}
        file = os.open({records!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(file, (json.dumps(said) + "\\n").encode())
        os.close(file)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(item):
        line(item, "begun")
        result = yield
        line(item, "failed" if result.excinfo else "passed")
"""

FAST = """
    import pytest
    @pytest.mark.parametrize("i", range({count}))
    def test_fast(i): pass
"""
SLEEPING = """
    import time
    import pytest
    @pytest.mark.parametrize("seconds", {seconds})
    def test_sleeps(seconds): time.sleep(seconds)
"""
FAILING = """
    def test_good(): pass
    def test_bad(): assert 1 == 2
    class TestMore:
        def test_good(self): pass
        def test_bad(self): raise ValueError("no")
"""
CRASHING = """
    import os
    def test_before(): pass
    def test_crashes(): os.abort()
    def test_after(): pass
"""


class ProjectOf:
    """A folder, and what each of its tests has to come to."""

    def __init__(self, path, records):
        self.path = path
        self.outcomes = {}
        path.mkdir(parents=True)
        self.write("conftest.py", CONFTEST.format(records=str(records)))
        # A project of its own, wherever it lies.
        self.write("xgrid.toml", "")

    def write(self, name, text):
        (self.path / name).write_text(textwrap.dedent(text))

    def fast(self, name, count):
        self.write(name, FAST.format(count=count))
        for i in range(count):
            self.outcomes["%s::test_fast[%d]" % (name, i)] = PASSED

    def sleeping(self, name, seconds):
        self.write(name, SLEEPING.format(seconds=seconds))
        for one in seconds:
            self.outcomes["%s::test_sleeps[%s]" % (name, one)] = PASSED

    def failing(self, name):
        self.write(name, FAILING)
        for test in ("test_good", "TestMore::test_good"):
            self.outcomes["%s::%s" % (name, test)] = PASSED
        for test in ("test_bad", "TestMore::test_bad"):
            self.outcomes["%s::%s" % (name, test)] = FAILED

    def crashing(self, name):
        self.write(name, CRASHING)
        self.outcomes.update(
            {
                "%s::test_before" % name: PASSED,
                "%s::test_crashes" % name: CRASHED,
                "%s::test_after" % name: PASSED,
            }
        )


def make(path, records):
    """One of each kind, by name."""
    fast = ProjectOf(path / "fast", records)
    for i in range(4):
        fast.fast("test_f%d.py" % i, 10)
    mixed = ProjectOf(path / "mixed", records)
    mixed.fast("test_a.py", 20)
    mixed.sleeping("test_b.py", [0.2, 0.3, 0.5, 0.9])
    mixed.sleeping("test_c.py", [0.25, 0.4, 1.0])
    mixed.failing("test_d.py")
    crashing = ProjectOf(path / "crashing", records)
    crashing.crashing("test_a.py")
    crashing.sleeping("test_b.py", [0.2, 0.6])
    crashing.fast("test_c.py", 8)
    return {"fast": fast, "mixed": mixed, "crashing": crashing}


class Execution:
    def __init__(self, begun):
        self.pid = begun["pid"]
        self.folder = begun["folder"]
        self.begun = begun["at"]
        self.ended = None
        self.outcome = None  # none: it never ended


def executions(records):
    """{(uid, test): [Execution, ...]}, from the lines that they left."""
    found = collections.defaultdict(list)
    if not records.exists():
        return found
    for line in records.read_text().splitlines():
        said = json.loads(line)
        mine = found[said["uid"], said["test"]]
        if said["what"] == "begun":
            mine.append(Execution(said))
            continue
        open_one = [one for one in mine if one.pid == said["pid"] and one.ended is None]
        open_one[-1].ended, open_one[-1].outcome = said["at"], said["what"]
    return found
