"""Projects, runs of xgrid and of plain pytest on them, and who is left running."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time
import uuid

XGRID = os.environ["XGRID"]
DEADLINE_SECONDS = 120
COMPILED = "runner"  # the part of a cache that has the runner's compiled code
LEFT_SECONDS = 5  # promise 5: what was started is gone within that time

# Reports of a test, as the worst of them; printed by a plain pytest at its end.
PLAIN_PLUGIN = """
import json
import pytest

ORDER = ["passed", "xpassed", "xfailed", "skipped", "error", "failed"]
SEEN = {}

def note(nodeid, outcome):
    old = SEEN.get(nodeid, "passed")
    SEEN[nodeid] = max(old, outcome, key=ORDER.index)

def pytest_collectreport(report):
    if report.outcome != "passed":
        note(report.nodeid, "error" if report.failed else "skipped")

@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report):
    xfail = hasattr(report, "wasxfail")
    if report.skipped:
        note(report.nodeid, "xfailed" if xfail else "skipped")
    elif report.failed:
        note(report.nodeid, "failed" if report.when == "call" else "error")
    elif report.when == "call":
        note(report.nodeid, "xpassed" if xfail else "passed")

def pytest_unconfigure(config):
    with open(config.rootpath / "plain_outcomes.json", "w") as file:
        json.dump(SEEN, file)
"""


# What caches of all tests share: what does not depend on the test, and would be made anew for each.
SHARED = None


def share(cache, *names):
    """These folders of a cache that is to be are those of all others; where they are made lies with whoever is first."""
    cache.mkdir(parents=True, exist_ok=True)
    for name in names:
        (SHARED / name).mkdir(exist_ok=True)
        if not (cache / name).exists():
            (cache / name).symlink_to(SHARED / name)
    return cache


class Project:
    """A folder of tests."""

    def __init__(self, path):
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        # Not those of whoever runs these tests.
        self.env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST_", "XGRID_", "COV_"))
        }
        self.cache = path.parent / "cache"
        self.env["XGRID_CACHE_HOME"] = str(self.cache)  # nor what theirs have learnt
        self.env["XDG_CONFIG_HOME"] = str(path.parent / "config")  # nor what they have set

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def start(self, *args, python=sys.executable, **env):
        """xgrid submit as a process of its own."""
        if self.env.get("XGRID_CACHE_HOME") == str(self.cache):
            share(self.cache, COMPILED)
        command = [XGRID, "submit", *map(str, args)]
        if python:
            command += ["--python", python]
        return subprocess.Popen(
            command,
            cwd=str(self.path),
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def submit(self, *args, **more):
        events = self.path.parent / ("events-%s.jsonl" % uuid.uuid4().hex)
        process = self.start(*args, "--json", events, **more)
        return ended(process, events)

    def plain(self, *args, python=sys.executable):
        """{node id: outcome} of a plain pytest run."""
        self.write("plain_plugin_for_outcomes.py", PLAIN_PLUGIN)
        command = [python, "-B", "-m", "pytest", "-p", "plain_plugin_for_outcomes"]
        command += ["-p", "no:cacheprovider", "-p", "no:xdist", *map(str, args)]
        subprocess.run(
            command, cwd=str(self.path), env=self.env, stdout=subprocess.DEVNULL, timeout=600
        )
        return json.loads((self.path / "plain_outcomes.json").read_text())


class Ended:
    """A run that is over: exit code, what it printed, its events."""

    def __init__(self, code, out, err, events):
        self.code = code
        self.out = out
        self.err = err
        self.events = events

    def of(self, kind):
        return [event for event in self.events if event["event"] == kind]

    @property
    def finished(self):
        return self.of("test_finished")

    @property
    def outcomes(self):
        """{node id: outcome}; that each has one verdict only is checked on the way."""
        found = {}
        for event in self.finished:
            name = (event["id"], event.get("occurrence", 0))
            assert name not in found, "two verdicts for %r" % (name,)
            found[name] = event["outcome"]
        return {name[0]: outcome for name, outcome in found.items()}

    @property
    def last_line(self):
        return self.out.rstrip("\n").rsplit("\n", 1)[-1]


def ended(process, events=None):
    try:
        out, err = process.communicate(timeout=DEADLINE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError("xgrid hangs; it said:\n%s%s" % process.communicate())
    lines = []
    if events is not None and events.exists():
        lines = [json.loads(line) for line in events.read_text().splitlines()]
    return Ended(
        process.returncode, out.decode(errors="replace"), err.decode(errors="replace"), lines
    )


class Mark:
    """Finds the processes that inherited it, whoever their parent is by now."""

    def __init__(self):
        self.env = {"XG_TEST_MARK": uuid.uuid4().hex}
        self._bytes = ("XG_TEST_MARK=" + self.env["XG_TEST_MARK"]).encode()

    def pids(self):
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if self._bytes in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                pass  # gone meanwhile, or a zombie
        return found

    def gone(self):
        """Whether none is left, after as much time as there may be."""
        return until(lambda: not self.pids(), LEFT_SECONDS)

    def end(self):
        left = self.pids()
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        assert not left, "left running: %s" % left


def until(condition, seconds=DEADLINE_SECONDS):
    """Asks again and again, until it is so or the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


def children(pid):
    path = pathlib.Path("/proc/%d/task/%d/children" % (pid, pid))
    try:
        return [int(child) for child in path.read_text().split()]
    except OSError:
        return []


def command_of(pid):
    try:
        return pathlib.Path("/proc/%d/cmdline" % pid).read_bytes()
    except OSError:
        return b""
