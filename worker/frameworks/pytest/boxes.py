"""Runs a test in a process of its own, forked from the slot, and tells of it as of any other.

Forks the process, and makes reports of what it says and of how it ends. Whatever ends it is a result of the test:
the slot lives on. What runs in the process is `box_inside`, who waits for it `box_process`.
"""

import os
import time
import warnings

import pytest
from _pytest import skipping
from _pytest._code.code import ExceptionChainRepr, ReprFileLocation, ReprTraceback
from _pytest.reports import TestReport
from _pytest.runner import CallInfo

from . import box_inside, process
from .box_output import Output
from .box_pipe import unpacked
from .box_process import Box, within
from .timeouts import without_frames_below

DOING = {"setup": "setting up", "call": "running", "teardown": "tearing down"}


class Crashed(pytest.fail.Exception):
    """For pytest's rules of what a failure is, and when one is expected."""


class Boxes:
    """`wants` tells whether an item is to be run here."""

    def __init__(self, slot, wants, boundary):
        self.wants = wants
        self._slot = slot
        self._boundary = boundary
        self._output = None  # until a test is boxed

    def run(self, item, own_limit):
        """Raises what would end the session, had the test run in the slot."""
        hook = item.ihook
        hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        told = self._told(item, own_limit)
        for report in told.reports:
            hook.pytest_runtest_logreport(report=report)
        for facts in told.warnings:
            self._slot.warn(facts)
        if told.wants is not None:
            item.session.shouldfail, item.session.shouldstop = told.wants
        if told.raised is not None:
            raise told.raised
        hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)

    def seconds(self, own_limit):
        """(its limit, and within how many seconds the test is over, whatever it does); 0: nobody knows."""
        timeouts = self._slot.plugin.timeouts
        if timeouts is None:
            return 0.0, 0.0
        limit = timeouts.seconds if own_limit is None else timeouts.outermost(own_limit)
        return limit, within(limit)

    def _told(self, item, own_limit):
        if self._output is None:
            _make_basetemp(item.config)
            self._output = Output(item.config)
        limit, _within = self.seconds(own_limit)
        box = Box(self._fork(item, own_limit), limit)
        told = Told()
        try:
            told.hear(box)
        finally:
            box.end()
        output, stacks = self._output.take(), self._output.take_stacks()
        if box.interrupted and told.raised is None:
            told.raised = KeyboardInterrupt()
        elif not told.ended:
            told.crashed(item, box, output, without_frames_below(stacks))
        return told

    def _fork(self, item, own_limit):
        process.flush()
        reading, writing = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of threads: README.md
            pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.setpgid(0, 0)
                os.close(reading)
                box_inside.run(self._slot, item, own_limit, self._output, writing, self._boundary)
            finally:
                os._exit(code)
        os.close(writing)
        return pid, reading


class Told:
    """What a test's process has said."""

    def __init__(self):
        self.reports = []
        self.warnings = []
        self.wants = None  # (shouldfail, shouldstop), if the test has changed them
        self.raised = None  # what ends the session
        self.ended = False  # as it should
        self._phase = "setup"
        self._xfail = None  # (reason, raises) of a mark that was added while it ran

    def hear(self, box):
        for kind, content in box.messages():
            if kind == "report":
                self.reports.append(_report(content))
            elif kind == "phase":
                self._phase = content
            elif kind == "warning":
                self.warnings.append(content)
            elif kind == "xfail":
                self._xfail = content
            elif kind == "stop":
                self.wants = content
            elif kind == "raised":
                self.raised = _raised(content)
            elif kind == "end":
                self.ended = box.is_done = True
                return

    def crashed(self, item, box, output, stacks):
        """The process ended before the test: a failure of its call, whatever it was doing."""
        phase = self._phase
        before = self.reports[-1:]
        failed = any(report.outcome != "passed" for report in self.reports)
        if failed:
            when = "teardown" if phase == "teardown" else "call"
        else:
            when = "call"
            self.reports = [report for report in self.reports if report.when != "call"]
        report = self._crash_report(item, when, _what_happened(box, phase))
        report.sections = [section for one in before for section in one.sections]
        report.sections += [("Captured %s %s" % (name, phase), text) for name, text in output]
        if stacks:
            report.sections.append(("Captured stacks " + phase, stacks))
        if before:
            report.user_properties = before[0].user_properties
        report.duration = max(
            time.monotonic() - box.began - sum(one.duration for one in self.reports), 0.0
        )
        self.reports.append(report)

    def _crash_report(self, item, when, text):
        stash = getattr(item, "stash", None)
        if stash is None:
            stash = item._store  # before pytest 7
        xfail = _xfail(item, self._xfail)
        stash[skipping.xfailed_key] = xfail
        call = CallInfo.from_call(lambda: _raise(Crashed(text, pytrace=False)), when=when)
        report = item.ihook.pytest_runtest_makereport(item=item, call=call)
        del stash[skipping.xfailed_key]
        if report.outcome == "failed" or "wasxfail" in report.__dict__:
            report.longrepr = _longrepr(item, text)
        return report


def _what_happened(box, phase):
    doing = DOING[phase] + " the test"
    if box.fault:
        return "%s %s" % (doing, box.fault)
    if os.WIFSIGNALED(box.status):
        return "%s CRASHED with signal %d" % (doing, os.WTERMSIG(box.status))
    return "%s exited with status %d" % (doing, os.WEXITSTATUS(box.status))


def _longrepr(item, text):
    # As in tracebacks: the short way from where the user is.
    path, line, _domain = item.location
    root = getattr(item.config, "rootpath", None) or item.config.rootdir
    path = os.path.join(str(root), str(path))
    place = ReprFileLocation(path, (line or 0) + 1, text)
    shown = ReprFileLocation(
        os.path.relpath(path, str(item.config.invocation_params.dir)), place.lineno, text
    )
    return ExceptionChainRepr([(ReprTraceback([], str(shown), "short"), place, None)])


def _xfail(item, added):
    if item.config.option.runxfail:
        return None
    if added is not None:
        reason, raises = added
        # Of a class that is not known here: no crash is one of its kind.
        raises = unpacked(raises) if raises is not None else ()
        return skipping.Xfail(reason, True, False, raises)
    try:
        return skipping.evaluate_xfail_marks(item)
    except BaseException:
        return None  # a condition that is none: the test was not run for it


def _report(packed):
    if isinstance(packed, bytes):
        return unpacked(packed)
    kind, attributes = packed
    report = kind.__new__(kind)
    for name, value in attributes.items():
        setattr(report, name, unpacked(value) if isinstance(value, bytes) else value)
    return report


def _raised(content):
    if isinstance(content, bytes):
        return unpacked(content)
    return RuntimeError("in the process of a boxed test:\n" + content)


def _raise(error):
    raise error


def _make_basetemp(config):
    # Else each test would make it anew, and remove what others have left there.
    factory = getattr(config, "_tmp_path_factory", None)
    if factory is not None:
        factory.getbasetemp()
