"""A boxed test's own process: pytest's whole protocol for the test, and every report of it to the slot.

Hooks that tell of the test (logstart, logreport, logfinish) are called in the slot, and not here.
"""

import os
import signal

import pytest
from _pytest._code import ExceptionInfo
from _pytest.config import UsageError
from _pytest.skipping import evaluate_xfail_marks

from . import box_pipe, process
from .box_fixtures import Inherited
from .plugin import warning_facts

TOLD_IN_SLOT = ("pytest_runtest_logstart", "pytest_runtest_logfinish")
PHASES = {
    "pytest_runtest_setup": "setup",
    "pytest_runtest_call": "call",
    "pytest_runtest_teardown": "teardown",
}
# What ends a session of pytest, and is raised again in the slot.
ENDINGS = (KeyboardInterrupt, pytest.exit.Exception, UsageError, pytest.Session.Failed)


def run(slot, item, own_limit, output, descriptor, boundary):
    """Runs the test and ends the process. `boundary` makes an item within a node."""
    process.die_with_parent()
    slot.channel.close()
    output.share()
    session = item.session
    pipe = box_pipe.Writer(descriptor)
    slot.plugin.on_warning = lambda *warning: pipe.say("warning", _plain(warning_facts(*warning)))
    _redirect(session.config.pluginmanager, pipe, output)
    _tell_xfail(item, pipe)
    inherited = Inherited(session)
    following = boundary(inherited.kept) if inherited.kept is not None else None
    wants = (session.shouldfail, session.shouldstop)
    try:
        _protocol(slot, item, following, own_limit)
    except BaseException as error:
        pipe.say("raised", _ending(error, pipe))
        _tear_down(session, following)
    if (session.shouldfail, session.shouldstop) != wants:
        pipe.say("stop", (_word(session.shouldfail), _word(session.shouldstop)))
    process.flush()
    pipe.say("end")
    os._exit(0)


def _protocol(slot, item, following, own_limit):
    protocol = item.config.hook.pytest_runtest_protocol
    timeouts = slot.plugin.timeouts
    if timeouts is None:
        protocol(item=item, nextitem=following)
        return
    timeouts.start(item.name, own_limit)
    protocol(item=item, nextitem=following)
    timeouts.stop()


def _redirect(manager, pipe, output):
    # As pluggy's own add_hookcall_monitoring does it, but that cannot take a call's place.
    execute = manager._inner_hookexec

    def executed(hook, methods, kwargs, *more):
        name = hook if isinstance(hook, str) else hook.name  # before pluggy 1.0
        if name == "pytest_runtest_logreport":
            pipe.say("report", _packed_report(pipe, kwargs["report"]))
            return []
        if name in TOLD_IN_SLOT:
            return []
        if name in PHASES:
            output.begin_phase()
            pipe.say("phase", PHASES[name])
        return execute(hook, methods, kwargs, *more)

    manager._inner_hookexec = executed


def _packed_report(pipe, report):
    whole = pipe.packed(report)
    return whole if whole is not None else (type(report), pipe.packed_attributes(report))


def _tell_xfail(item, pipe):
    """Marks that the test or a fixture adds while it runs: should it crash, the slot has to know."""
    add_marker = item.add_marker

    def adding(*args, **kwargs):
        add_marker(*args, **kwargs)
        try:
            xfail = evaluate_xfail_marks(item)
        except BaseException:
            return  # pytest says it in its own time
        if xfail is not None:
            pipe.say("xfail", (str(xfail.reason), pipe.packed(xfail.raises)))

    item.add_marker = adding


def _ending(error, pipe):
    signal.setitimer(signal.ITIMER_REAL, 0)
    whole = pipe.packed(error) if isinstance(error, ENDINGS) else None
    return whole if whole is not None else str(ExceptionInfo.from_current().getrepr(style="native"))


def _tear_down(session, following):
    state = session._setupstate
    try:
        if hasattr(state, "_teardown_towards"):  # before pytest 7
            state._teardown_towards(following.listchain() if following is not None else [])
        else:
            state.teardown_exact(following)
    except BaseException:
        pass  # the session ends anyway, and with what ended the test


def _word(wish):
    return wish if isinstance(wish, bool) else str(wish)


def _plain(facts):
    return {name: value if isinstance(value, int) else str(value) for name, value in facts.items()}
