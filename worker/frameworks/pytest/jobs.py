"""A slot's work: takes orders one after the other, until the order to finish.

Owns the job that runs and what is left of the last test. A test is named by its id, or by [id, occurrence]
where its unit has the id more than once.

worker -> slot   {"job": 3, "kind": "enumerate"}, {"job": 9, "kind": "finish"},
                 {"job": 4, "kind": "unit", "unit": name, "mode": "all" | "only" | "except", "tests": [test, ...]},
                 {"withdraw": 9}; a job that was not begun, and whose permit the worker has taken back
slot -> worker   ["up", {...}] or ["refused", exit code, text] once; then, in answer to orders:
                 ["units", job, [name, ...]]                 ["found", job, [test, ...], deselected]
                                                             ... with --collect-only also [[depth, id, text], ...],
                                                             ... with groups also those of the tests, or ""
                 ["units", job, [name, ...], [needs, ...]]   the same, where some need more than a slot: each null or
                                                             {"processors": 2, "locks": [name, ...], "serial": true},
                                                             of which any may be missing
                 ["start", job, index]                       ["gave", job, number, [index, ...]]
                 ["done", job, index, verdict, [setup, call, teardown], details or null]
                 ["late", job, id, occurrence, phase]        a package's or the session's teardown failed after its last test
                 ["warning", job, {...}]                     ["exit", job, reason, exit code]
                 ["limit", seconds]                          the next test has a limit of its own; 0: none
                 ["alive"]                                   still loading, with every step within the limit
                 ["note", job, text, whether it is of the run, whichever slot says it]
                 ["end", job, {"returned", "stopped", "error", "missing"}]   ... of the order to finish also "output"
"""

import time

import pytest
from _pytest._code import ExceptionInfo
from _pytest.config import UsageError

from . import box_options, limits, running
from .boxes import Boxes
from .endings import exit_code, exit_reason, internal_error, interrupted_at, usage_text
from .listing import listing
from .reports import Reports

FOUND_MAX = 1000  # tests in one message
UNITS_MAX = 50
UNITS_SECONDS = 0.005


class Jobs:
    """The slot as its jobs see it: session, plugin, channel, reports, and the last test that ran."""

    def __init__(self, session, plugin, channel, permits, units, groups, notes, boxed=False):
        self.session = session
        self.plugin = plugin
        self.channel = channel
        self.permits = permits  # for tests
        self.units = units
        self.groups = groups
        self.reports = Reports(session.config, plugin.whole_reports)
        self.boxes = Boxes(self, box_options.chooser(session.config, boxed), running.boundary_in)
        self.notes = notes  # for the user, once in a run: from the slot that names the units
        self.last = None  # (job, entry)
        self._limits_heeded = limits.heeded(session.config)
        self._running = None
        self._stopped = False  # the session wants to run no more
        self._job = 0
        if plugin.timeouts is not None:
            plugin.timeouts.on_alive = self._alive

    def serve(self):
        """Until the order to finish, which is returned with everything torn down."""
        while True:
            order = self.channel.next_order()
            self._job = order["job"]
            if order["kind"] == "finish":
                self._guarded(self._job, lambda: self.teardown_for(None))
                return order
            end = {"returned": False, "stopped": False, "error": "", "missing": []}
            if self._stopped:
                end["returned"] = True  # the worker does not know yet that the run is to end
            else:
                work = {"enumerate": self._enumerate, "unit": self._unit}[order["kind"]]
                self._guarded(self._job, lambda: work(order, end), end)
            self._running = None
            self.channel.say("end", self._job, end)
            self.channel.flush()

    def _alive(self):
        self.channel.say("alive")
        self.channel.flush()

    def warn(self, facts):
        self.channel.say("warning", self._job, facts)

    def teardown_for(self, item):
        """Tears down what the test to come does not need; a failure is the last test's."""
        if self.last is None:
            return
        job, (name, occurrence, last, _report) = self.last
        del self.plugin.reports[:]
        work = lambda: running.teardown_report(self.session, last, item)  # noqa: E731
        timeouts = self.plugin.timeouts
        timeouts.guarded("teardown after " + name, work) if timeouts else work()
        for report in self.plugin.reports:
            self.channel.say("late", job, name, occurrence, self.reports.phase(report))

    def _guarded(self, job, work, end=None):
        """What ends a session under plain pytest is told, and ends the job."""
        try:
            return work()
        except UsageError as error:
            self._exit(job, usage_text(error), 4, end)
        except (KeyboardInterrupt, pytest.exit.Exception) as error:
            info = ExceptionInfo.from_current()
            self.session.config.hook.pytest_keyboard_interrupt(excinfo=info)
            if isinstance(error, KeyboardInterrupt):
                self.channel.say("note", job, interrupted_at(info), False)
            self._exit(job, exit_reason(error), exit_code(error), end)
        except self.session.Failed:
            self._stop(end)
        except BaseException:
            self._exit(job, internal_error(self.session.config), 3, end)

    def _exit(self, job, reason, code, end):
        self.channel.say("exit", job, reason, code)
        self._stop(end)

    def _stop(self, end):
        if self._running is not None:
            given = self._running.give_back()
            self.channel.say("gave", self._running.job, 0, given)
        if end is not None:
            end["stopped"] = True

    def _enumerate(self, order, end):
        while self.notes:
            self.channel.say("note", order["job"], self.notes.pop(0), True)
        stream = _Units(self.channel, order["job"])
        try:
            lines = self.units.enumerate(stream.add)
        except UsageError as error:
            end["error"] = usage_text(error)
            raise
        finally:
            stream.flush()
        for line in lines:
            self.channel.say("note", order["job"], line, True)

    def _unit(self, order, end):
        job = order["job"]
        try:
            loaded = self.units.load(order["unit"])
        except UsageError as error:
            end["error"] = usage_text(error)
            raise
        wanted = _names(order)
        if loaded is None:
            end["error"] = "no such unit here: " + order["unit"]
            end["missing"] = [] if order["mode"] == "all" else [_short(*name) for name in wanted]
            return
        entries = loaded.selected(order["mode"], wanted)
        if order["mode"] == "only":
            there = {entry[:2] for entry in entries}
            end["missing"] = [_short(*name) for name in wanted if name not in there]
        names = self.groups.of([entry[2] for entry in entries])
        self._found(job, entries, loaded.deselected if order["mode"] == "all" else 0, names)
        self.reports.look_for_plugins()
        self._running = running.Running(job, entries, self)
        self._tell_collected(job, entries)
        if self.session.config.option.collectonly:
            return
        self._prepare(entries)
        if names and order["mode"] != "only":
            self._part_with(self.groups.to_give_back(names))
        if not self._running.run():
            self._stopped = True
            failed = self.session.shouldfail  # after -x, from whichever file
            reason = str(failed) if failed else "Interrupted: %s" % self.session.shouldstop
            self.channel.say("exit", job, reason, 1 if failed else 2)
            self._stop(end)
        elif order["mode"] == "all" and not self._running.given_back:
            self.units.forget(order["unit"])

    def _part_with(self, indices):
        given = self._running.give_back_these(indices)
        if given:
            self.channel.say("gave", self._running.job, 0, given)

    def _found(self, job, entries, deselected, groups):
        names = [_short(*entry[:2]) for entry in entries]
        option = self.session.config.option
        listed = []
        if option.collectonly:
            items = [entry[2] for entry in entries if entry[2] is not None]
            listed = listing(items, option.verbose)
        for start in range(0, max(len(names), 1), FOUND_MAX):
            end = start + FOUND_MAX
            message = [names[start:end], 0 if start else deselected]
            if option.collectonly or groups:
                message.append([node for nodes in listed[start:end] for node in nodes])
            if groups:
                message.append(groups[start:end])
            self.channel.say("found", job, *message)

    def _tell_collected(self, job, entries):
        for index, (_name, _occurrence, _item, report) in enumerate(entries):
            if report is not None:
                self.channel.say("done", job, index, *self.reports.verdict([report]))

    def _prepare(self, entries):
        if self._limits_heeded:
            self._read_limits(entries)
        for index, (_name, _occurrence, item, _report) in enumerate(entries):
            if item is None:
                continue
            self._running.waiting.append(index)
            if getattr(item, "_xgrid_ran", False):
                # It ran in an earlier job: what it printed and recorded then is told.
                item._report_sections = []
                item.user_properties = []
            item._xgrid_ran = True
        self.session.items = [entry[2] for entry in entries if entry[2] is not None]

    def _read_limits(self, entries):
        for index, (_name, _occurrence, item, _report) in enumerate(entries):
            own = limits.limit_of(item) if item is not None else None
            if own is not None:
                self._running.limits[index] = own
        if self._running.limits and self.plugin.timeouts is None:
            self.plugin.need_timeouts()


class _Units:
    """Sends units on in small batches: the first at once, so that work can begin."""

    def __init__(self, channel, job):
        self._channel = channel
        self._job = job
        self._names = []
        self._due = 0.0

    def add(self, name):
        self._names.append(name)
        if len(self._names) >= UNITS_MAX or time.monotonic() >= self._due:
            self.flush()

    def flush(self):
        if self._names:
            self._channel.say("units", self._job, self._names)
            self._channel.flush()
            self._names = []
        self._due = time.monotonic() + UNITS_SECONDS


def _names(order):
    return [
        (name, 0) if isinstance(name, str) else tuple(name) for name in order.get("tests") or ()
    ]


def _short(name, occurrence):
    return [name, occurrence] if occurrence else name
