"""A limit for each test, and for each step of loading a file: past it a failure is raised inside.

The first of three nets. What it cannot reach (code that catches everything, or never returns to the
interpreter) is left to the worker, which knows the limit too and ends the slot a little later.
Rejected: a thread that watches. Tests count threads, and a fork of a process with threads is warned of.
"""

import faulthandler
import signal
import tempfile
import time

import pytest
from _pytest._code.code import ExceptionChainRepr, ReprFileLocation, ReprTraceback

RETRY_SECONDS = 0.05  # until pytest is at a place where a failure is taken for the test's
ALIVE_SECONDS_MAX = 1.0


class Timeouts:
    """A plugin of sessions with a limit. `on_alive` is called now and then while files are loaded."""

    def __init__(self, seconds):
        self.seconds = seconds  # 0: only tests that set themselves a limit have one
        self._limit = seconds  # of what runs
        self._only_call = False  # ... which is of the test's call, not of its fixtures
        self.on_alive = lambda: None
        self._what = None  # that the limit is for, as the failure names it
        self._inside = False  # of what may be made to fail
        self._stacks = ""  # of all threads, when the limit had passed
        self._told = False  # ... which a report has said
        self._alive_at = 0.0

    def start(self, what, own=None):
        """From now on the limit runs, until stop(): the test's own one if it has one.

        Tests may have taken the signal for themselves.
        """
        has_own = own is not None and own.seconds is not None
        self._limit = own.seconds if has_own else self.seconds
        self._only_call = own is not None and own.only_call
        self._inside = self._told = False
        self._stacks = ""
        self._what = what if self._limit else None
        if self._what is None:
            return
        signal.signal(signal.SIGALRM, self._expired)
        if not self._only_call:
            signal.setitimer(signal.ITIMER_REAL, self._limit)

    def outermost(self, own):
        """Within how many seconds the test that has this limit of its own is over; 0: nobody knows."""
        return 0.0 if own.only_call else self.seconds if own.seconds is None else own.seconds

    def _start_inside(self, what):
        self.start(what)
        self._inside = True

    def stop(self):
        if self._what is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
        self._what = None

    def guarded(self, what, work):
        """Does work that is to be over within the limit, and fails otherwise."""
        if not self.seconds:
            return work()
        self._start_inside(what)
        try:
            return work()
        finally:
            self._inside = False
            self.stop()

    def _expired(self, _signal, _frame):
        __tracebackhide__ = True
        if self._what is None or self._stacks:
            return
        if not self._inside:
            signal.setitimer(signal.ITIMER_REAL, RETRY_SECONDS)
            return
        self._stacks = _stacks_of_all_threads()
        pytest.fail(self._text())

    def _text(self):
        return "Timeout: %s took longer than %g s" % (self._what, self._limit)

    # ---- What may fail

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_setup(self):
        self._inside = self._what is not None
        yield
        self._inside = False

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self):
        self._inside = self._what is not None
        if self._inside and self._only_call:
            signal.setitimer(signal.ITIMER_REAL, self._limit)
        yield
        if self._inside and self._only_call:
            signal.setitimer(signal.ITIMER_REAL, 0)
        self._inside = False

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self):
        self._inside = self._what is not None
        yield
        self._inside = False

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_make_collect_report(self, collector):
        if not self.seconds:
            yield
            return
        self._say_alive()
        around = self._what  # a session collects folders while it is being collected
        self._start_inside("loading " + (collector.nodeid or "."))
        yield
        self._inside = False
        self.stop()
        if around is not None:
            self._start_inside(around)

    def _say_alive(self):
        now = time.monotonic()
        if now >= self._alive_at:
            self._alive_at = now + min(ALIVE_SECONDS_MAX, self.seconds / 4)
            self.on_alive()

    # ---- What is told

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_runtest_makereport(self, item):
        outcome = yield
        if not self._stacks or self._told:
            return
        self._told = True
        report = outcome.get_result()
        # What hangs on the item comes with the reports after this one, of which the last is read.
        item.add_report_section(report.when, "stacks", self._stacks)
        report.sections.append(("Captured stacks " + report.when, self._stacks))
        if report.outcome == "passed":
            # It has caught the failure.
            report.outcome = "failed"
            report.longrepr = _failure(self._text(), item)


def _failure(text, item):
    # As pytest renders an exception, of which only the words are left.
    path, line, _domain = item.location
    place = ReprFileLocation(str(path), line or 0, "Failed: " + text)
    return ExceptionChainRepr([(ReprTraceback([], "Failed: " + text, "short"), place, None)])


def _stacks_of_all_threads():
    # faulthandler writes to a descriptor, even where Python's own objects are in disorder.
    with tempfile.TemporaryFile() as file:
        faulthandler.dump_traceback(file=file, all_threads=True)
        file.seek(0)
        return without_frames_below(file.read().decode("utf-8", "replace"))


def without_frames_below(stacks):
    """Stacks as faulthandler writes them."""
    return "".join(line for line in stacks.splitlines(True) if not _is_below(line))


def _is_below(line):
    # What runs every test is not worth reading.
    places = ("/_pytest/", "/pluggy/", '"<xgrid>/', '"<string>"')
    return line.startswith("  File ") and any(place in line for place in places)
