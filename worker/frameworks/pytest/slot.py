"""A slot: one pytest session in a forked process, from its configuration to its end.

Order of things, as a user's plugins see them: identity, configure, sessionstart, jobs, sessionfinish, unconfigure.
"""

import faulthandler
import os
import platform
import sys

import pytest
from _pytest.main import Session

from . import chosen, fresh, prepared, process, title, wholesuite
from .cache import Remembered
from .channel import Channel
from .endings import Refused, exit_reason, internal_error, refusal
from .fingerprint import fingerprint
from .groups import grouping_of
from .imports import Imports
from .jobs import Jobs
from .measuring import Measuring
from .output import session_output
from .permits import Permits
from .plugin import Plugin, warning_facts
from .report_lines import report_lines
from .settings import settings
from .timeouts import Timeouts
from .units import Full, Lazy
from .xdist_hooks import scheduler_note


def main(start):
    """Runs the slot and ends the process."""
    socket, jobs, tests = process.become_slot(start)
    start.descriptors = [socket, 1, 2, jobs, tests]
    channel = Channel(socket, Permits(jobs))
    code = 0
    try:
        _run(start, channel, Permits(tests))
    except Refused as refused:
        code, text = refused.args
        channel.say("refused", code, text)
    channel.flush()
    process.leave(code)


def _run(start, channel, permits):
    if start.refusal:
        raise Refused(3, start.refusal)
    message = start.message
    distributed = message["workers"] > 0
    show_title = title.setter() if distributed else None
    imports = Imports(start)
    limit = message.get("timeout")
    plugin = Plugin(
        _workerinput(message),
        Measuring(distributed, message.get("in_place", False)),
        Timeouts(limit) if limit else None,
    )
    plugin.show_title = show_title
    plugin.whole_reports = bool(message.get("whole_reports"))
    args, ids = chosen.split(message["args"])
    config = _configured(args, plugin)
    if getattr(config.option, "color", "auto") == "auto":
        # The client has looked at its terminal and the environment, which are not ours.
        config.option.color = "yes" if message.get("coloured") else "no"
    if imports.unsuitable(config):
        _start_again(config, start)
    chosen.choose(config, ids)
    try:
        _set_basetemp(config, start)
        session = _started(config)
        _serve(session, plugin, channel, permits, message, imports)
    finally:
        config._ensure_unconfigure()


def _start_again(config, start):
    # Nothing is configured yet: all that happens twice is that the conftests are imported.
    capture = config.pluginmanager.get_plugin("capturemanager")
    if capture is not None:
        capture.stop_global_capturing()
    process.flush()
    fresh.replace(start)


def _workerinput(message):
    if message["workers"] == 0:
        return None  # not distributed: plugins see a plain session
    # What the hooks of a session that shows the run want it to know; who it is they cannot change.
    return {
        **(message.get("input") or {}),
        "workerid": message["slot"],
        "workercount": int(message["workers"]),
        "testrunuid": message["testrunuid"],
        "mainargv": message.get("mainargv") or ["pytest"] + chosen.split(message["args"])[0],
    }


def _configured(args, plugin):
    try:
        return prepared.configured(args, plugin)
    except BaseException as error:
        raise refusal(error, None) from None


def _started(config):
    try:
        session = Session.from_config(config)
        session.exitstatus = 0
        session.items = []
        # pytest has a handler of its own, or was asked to have none; before pytest 7 it wants to be
        # the first.
        faulthandler.disable()
        config._do_configure()
        if not faulthandler.is_enabled():
            process.show_crashes()
        _silence_terminal(config)
        config.hook.pytest_sessionstart(session=session)
        return session
    except BaseException as error:
        raise refusal(error, config) from None


def _set_basetemp(config, start):
    name = "popen-" + start.message["slot"]
    asked = getattr(config.option, "basetemp", None)
    if asked and start.message["workers"] > 0:
        parent = os.path.abspath(str(asked))
        try:
            os.makedirs(parent, mode=0o700, exist_ok=True)
        except OSError as error:
            raise Refused(
                3, "cannot make the directory %s: %s" % (parent, error.strerror)
            ) from None
        config.option.basetemp = os.path.join(parent, name)
    elif start.basetemp:
        config.option.basetemp = os.path.join(start.basetemp, name)


def _silence_terminal(config):
    # Its options and its writer stay: plugins and assertion rewriting ask for them.
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        config.pluginmanager.unregister(reporter)
        writer = reporter._tw
        config.get_terminal_writer = lambda: writer


def _serve(session, plugin, channel, permits, message, imports):
    notes = [message["note"]] if message.get("note") else []
    scheduler = scheduler_note(session.config) if plugin.workerinput is not None else ""
    if scheduler:
        notes.append(scheduler)
    units = _units(session, plugin, imports, message, notes)
    groups = grouping_of(session.config, message.get("grouping"), message.get("group_pattern"))
    boxed = bool(message.get("boxed"))
    jobs = Jobs(session, plugin, channel, permits, units, groups, notes, boxed)
    # Plugins may import much for their lines, and those of one slot are shown.
    has_header = message["slot"] == "gw0" and hasattr(session.config.option, "verbose")
    facts = _facts(session.config, has_header)
    facts["settings"].update(plugin.measuring.settings())
    channel.say("up", facts)
    plugin.on_warning = lambda *warning: jobs.warn(warning_facts(*warning))
    for warning in plugin.early_warnings:
        plugin.on_warning(*warning)
    orders = []
    plugin.serving = lambda: orders.append(jobs.serve())
    error = _finished(session, lambda: session.config.hook.pytest_runtestloop(session=session))
    if orders:
        job = orders[0]["job"]
        output = session_output(
            session, plugin.measuring.data, lambda text: channel.say("note", job, text, False)
        )
        end = {"returned": False, "stopped": False, "error": error, "missing": []}
        channel.say("end", job, {**end, "output": output})
    else:
        raise Refused(3, error or "a plugin's pytest_runtestloop does not let xgrid run tests")


def _units(session, plugin, imports, message, notes):
    remembered = Remembered(session.config)
    if message.get("collect") == "full" or remembered.needs_everything():
        return Full(session, plugin, imports)
    name = wholesuite.plugin_in_need(session.config)
    if not name:
        return Lazy(session, plugin, imports, remembered)
    notes.append("every slot collects everything first, as with --collect full: %s needs it" % name)
    return Full(session, plugin, imports)


def _finished(session, loop):
    """Runs the loop and the session's end; what went wrong in it besides the tests, as text."""
    config = session.config
    try:
        loop()
        session.exitstatus = 1 if session.testsfailed else 0 if session.testscollected else 5
    except BaseException:
        session.exitstatus = 3
        return internal_error(config)
    finally:
        error = _sessionfinish(session)
    return error


def _sessionfinish(session):
    config = session.config
    try:
        os.chdir(str(config.invocation_params.dir))
        config.hook.pytest_sessionfinish(session=session, exitstatus=session.exitstatus)
        config._ensure_unconfigure()
    except pytest.exit.Exception as error:
        return exit_reason(error)
    except BaseException:
        return internal_error(config)
    return ""


def _facts(config, with_header):
    packages = _plugin_packages(config)
    return {
        "rootdir": str(getattr(config, "rootpath", None) or config.rootdir),
        "inifile": str(getattr(config, "inipath", None) or getattr(config, "inifile", None) or ""),
        "python": platform.python_version(),
        "platform": sys.platform,
        "executable": sys.executable,
        "pytest": pytest.__version__,
        "plugins": [_short(name) + "-" + version for name, version in packages.items()],
        "header": report_lines(config, "pytest_report_header") if with_header else [],
        "settings": settings(config),
        "fingerprint": fingerprint(packages),
        "pid": os.getpid(),
    }


def _plugin_packages(config):
    found = config.pluginmanager.list_plugin_distinfo()
    return {str(one.project_name): str(one.version) for _plugin, one in found}


def _short(package):
    return package[len("pytest-") :] if package.startswith("pytest-") else package
