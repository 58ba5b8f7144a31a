"""The warm interpreter: has imported pytest, forks a slot per request, tells how each ended.

Never imports the project's code, never runs a test, has no threads of its own.

worker -> warm   {"start": {...}} with [slot socket, stdout, stderr]
warm -> worker   {"ready": {...}} or {"failed": text} once; {"started": key, "pid": n} or {"refused": key, "text": t};
                 {"exited": key, "pid": n, "status": as waitpid gives it}
It leaves when the control socket ends, and its slots die with it.
"""

import gc
import importlib
import os
import platform
import select
import signal
import sys

from . import process
from .basetemp import BaseTemps
from .control import Control

OLDEST_PYTEST = (6, 2)
# What every session imports at some later point. A name that is not there costs nothing.
IMPORTED_LATER = (
    "_pytest.assertion",
    "_pytest.assertion.rewrite",
    "_pytest.assertion.util",
    "_pytest.config.compat",
    "_pytest.config.findpaths",
    "_pytest._argcomplete",
    "importlib.metadata",
    "concurrent.futures",
    "faulthandler",
    "hashlib",
    "pdb",
    "queue",
    "unittest",
    "xml.etree.ElementTree",
)


def main(fd):
    """Serves until the worker is gone. In a forked slot it does not return: the slot runs and exits."""
    process.die_with_parent()
    control = Control(fd)
    try:
        ready = prepare()
    except ModuleNotFoundError as error:
        control.say({"failed": "No module named %s" % error.name})
        sys.exit(1)
    except Exception as error:
        control.say({"failed": "%s: %s" % (type(error).__name__, error)})
        sys.exit(1)
    control.say({"ready": ready})
    warm_pid = os.getpid()
    start = serve(control)
    if start is None:
        return
    # Only a forked child comes here, with the serving loop left for good behind it.
    from . import slot

    slot.main(start, warm_pid)


def prepare():
    """Imports what each slot would have to, and says what this interpreter is."""
    import pytest

    version = tuple(int(part) for part in pytest.__version__.split(".")[:2])
    if version < OLDEST_PYTEST:
        raise RuntimeError("pytest %s is too old: 6.2 or newer is needed" % pytest.__version__)
    from _pytest.config import default_plugins

    for name in ["_pytest." + plugin for plugin in default_plugins] + list(IMPORTED_LATER):
        try:
            importlib.import_module(name)
        except ImportError:
            pass
    from . import slot  # noqa: F401  with it come all files of the runner

    _know_distributions()
    gc.collect()
    gc.freeze()
    return {
        "implementation": sys.implementation.name,
        "version": platform.python_version(),
        "executable": sys.executable,
        "platform": sys.platform,
        "pytest": pytest.__version__,
        "threads": _threads(),
    }


def _know_distributions():
    # Fills the caches of installed packages' metadata that each session's plugin search reads.
    try:
        from importlib import metadata

        for _distribution in metadata.distributions():
            pass
    except Exception:
        pass


def _threads():
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 1


class _Start:
    """A request on its way to becoming a slot."""

    def __init__(self, message, descriptors):
        self.message = message
        self.descriptors = descriptors
        self.basetemp = ""
        self.refusal = ""


def serve(control):
    """Returns None in the warm process when the worker is gone, and the _Start in a child."""
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, _noticed)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    keys = {}
    basetemps = BaseTemps()
    while True:
        readable, _, _ = select.select([control, woken], [], [])
        if woken in readable:
            _drain(woken)
            _tell_exits(control, keys)
        if control not in readable:
            continue
        requests = control.receive()
        if requests is None:
            basetemps.release_all()
            return None
        for message, descriptors in requests:
            start = _fork(control, keys, basetemps, message["start"], descriptors)
            if start is not None:
                control.forget()
                return start


def _noticed(_signal, _frame):
    """Python writes to the wakeup descriptor only for a signal that has a handler."""


def _drain(woken):
    try:
        while os.read(woken, 4096):
            pass
    except BlockingIOError:
        pass


def _fork(control, keys, basetemps, message, descriptors):
    start = _Start(message, descriptors)
    try:
        start.basetemp = basetemps.directory(message, set(run for _key, run in keys.values()))
    except OSError as error:
        start.refusal = str(error)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        pid = os.fork()
    except OSError as error:
        control.say({"refused": message["key"], "text": "cannot start a slot: " + error.strerror})
        pid = -1
    if pid == 0:
        return start
    for descriptor in descriptors:
        os.close(descriptor)
    if pid > 0:
        keys[pid] = (message["key"], message["run"])
        control.say({"started": message["key"], "pid": pid})
    return None


def _tell_exits(control, keys):
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid in keys:
            key, _run = keys.pop(pid)
            control.say({"exited": key, "pid": pid, "status": status})
