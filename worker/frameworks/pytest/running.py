"""Runs one job's tests with pytest's own protocol, and tells the worker of each.

Owns which of the job's tests are not started yet. Knows nothing of how they were found.
"""

import collections

import pytest
from _pytest.runner import CallInfo

from . import process
from .skeleton import is_directory


class Boundary(pytest.Item):
    """Stands for the unknown next test of the slot, in the directory of the last one: what belongs to
    its file and class is torn down, what belongs to its package and the session lives on."""

    def runtest(self):
        raise AssertionError("a boundary is never run")


class Running:
    """The tests of one job: indices into what was found, in order."""

    def __init__(self, job, entries, slot):
        """Each of those that wait needs a permit of the slot's, which the worker may take back."""
        self.job = job
        self.limits = {}  # of tests that have one of their own
        self.waiting = collections.deque()
        self.given_back = False
        self._entries = entries
        self._slot = slot

    def run(self):
        """True if all were run or given back; else the session wants to stop, and the rest waits."""
        slot, channel, session = self._slot, self._slot.channel, self._slot.session
        protocol = session.config.hook.pytest_runtest_protocol
        waiting, entries, reports = self.waiting, self._entries, slot.plugin.reports
        timeouts = slot.plugin.timeouts
        permits = slot.permits
        permits.add(len(waiting))
        prints = session.config.getoption("capture", "") == "no"
        show_title = slot.plugin.show_title
        if waiting:
            slot.teardown_for(entries[waiting[0]][2])
        while waiting:
            if not permits.take():
                self._lose_waiting()  # the worker has taken them back, and tells
                break
            index = waiting.popleft()
            item = entries[index][2]
            following = entries[waiting[0]][2] if waiting else _boundary(item)
            own = self.limits.get(index)
            boxed = slot.boxes.wants(item)
            within = slot.boxes.seconds(own)[1] if boxed else 0.0
            if within or own is not None:
                channel.say("limit", within or timeouts.outermost(own))
            # With the result of the test before, in one write: this names the test if it takes the slot down.
            channel.say_line('["start",%d,%d]\n' % (self.job, index))
            channel.flush()
            reports.clear()
            if show_title:
                show_title(item.nodeid)
            if boxed:
                slot.boxes.run(item, own)
            else:
                slot.last = (self.job, entries[index])
                if timeouts is None:
                    protocol(item=item, nextitem=following)
                else:
                    timeouts.start(item.name, own)
                    protocol(item=item, nextitem=following)
                    timeouts.stop()
            if show_title:
                show_title(None)
            if prints:
                process.flush()
            self._tell(index, reports)
            if boxed:
                slot.teardown_for(following)  # what unboxed tests before it have set up
            if waiting:
                # It is told; the last one's may be told again, with a late teardown.
                item._report_sections.clear()
            if session.shouldfail or session.shouldstop:
                return False
        return True

    def _tell(self, index, reports):
        slot = self._slot
        if slot.reports.plain(reports):
            line = '["done",%d,%d,"passed",[%.6f,%.6f,%.6f],null]\n'
            setup, call, teardown = reports
            slot.channel.say_line(
                line % (self.job, index, setup.duration, call.duration, teardown.duration)
            )
        else:
            slot.channel.say("done", self.job, index, *slot.reports.verdict(reports))

    def give_back(self):
        """Runs no more; the indices of those that wait, without those that the worker has taken back."""
        given = [self.waiting.popleft() for _permit in range(self._slot.permits.take_all())]
        self.given_back = self.given_back or bool(given)
        self._lose_waiting()
        return given

    def _lose_waiting(self):
        self.given_back = self.given_back or bool(self.waiting)
        self.waiting.clear()

    def give_back_these(self, indices):
        """Those of them that wait."""
        given = [index for index in self.waiting if index in indices]
        self.waiting = collections.deque(index for index in self.waiting if index not in indices)
        self.given_back = self.given_back or bool(given)
        return given


def _boundary(item):
    parent = item.parent
    while parent.parent is not None and not is_directory(parent):
        parent = parent.parent
    return boundary_in(parent)


def boundary_in(node):
    """A next test within that node, of which nothing else is known."""
    return Boundary.from_parent(node, name="xgrid-boundary")


def teardown_report(session, item, nextitem):
    """Tears down what nextitem (None: nothing) does not need; the report of item's teardown if that failed."""
    state = session._setupstate
    capture = session.config.pluginmanager.get_plugin("capturemanager")

    def work():
        if hasattr(state, "_teardown_towards"):  # before pytest 7
            state._teardown_towards(nextitem.listchain() if nextitem is not None else [])
        else:
            state.teardown_exact(nextitem)

    if not state.stack or (nextitem is not None and _needs_nothing(state, nextitem)):
        return None
    if item is None or capture is None:
        call = CallInfo.from_call(
            work, when="teardown", reraise=(pytest.exit.Exception, KeyboardInterrupt)
        )
    else:
        with capture.item_capture("teardown", item):
            call = CallInfo.from_call(
                work, when="teardown", reraise=(pytest.exit.Exception, KeyboardInterrupt)
            )
    if call.excinfo is None or item is None:
        return None
    report = item.ihook.pytest_runtest_makereport(item=item, call=call)
    item.ihook.pytest_runtest_logreport(report=report)
    return report if report.outcome != "passed" else None


def _needs_nothing(state, nextitem):
    return list(state.stack) == nextitem.listchain()[: len(state.stack)]
