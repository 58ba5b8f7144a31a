"""What an import may leave changed in an interpreter besides sys.modules, told apart by name.

A module that changes any of it is not preloaded: in a plain run the change comes at another time, or to another process.
"""

import _signal
import builtins
import gc
import locale
import logging
import os
import random
import signal
import socket
import sys
import threading
import warnings


_SIGNALS = sorted(map(int, signal.valid_signals()))


class Watched(type(os.environ)):
    """os.environ while modules are preloaded: remembers whether someone asked who the slot is."""

    asked = False

    def __getitem__(self, key):
        if isinstance(key, str) and key.startswith("PYTEST_"):
            Watched.asked = True
        return super().__getitem__(key)


def snapshot():
    """name -> something to compare."""
    root = logging.getLogger()
    return {
        "signal handlers": (_signals(), _process("SigBlk:", "SigIgn:", "SigCgt:")),
        "sys.path": list(sys.path),
        "import hooks": list(sys.path_hooks),
        "sys.meta_path": list(sys.meta_path),
        "the environment": dict(os.environ),
        "the working directory": os.getcwd(),
        "the umask": _process("Umask:"),
        "the locale": locale.setlocale(locale.LC_ALL),
        "random": random.getstate(),
        "exception hooks": (sys.excepthook, sys.displayhook, threading.excepthook),
        "standard streams": (sys.stdin, sys.stdout, sys.stderr),
        "logging": (root.level, list(root.handlers), logging.root.manager.disable)
        + (logging.getLoggerClass(), logging.lastResort),
        "warnings": (warnings.showwarning, warnings.formatwarning),
        "gc": (gc.isenabled(), gc.get_threshold(), gc.get_debug(), list(gc.callbacks)),
        "the recursion limit": sys.getrecursionlimit(),
        "the thread switch interval": sys.getswitchinterval(),
        "trace functions": (sys.gettrace(), sys.getprofile()),
        "socket timeout": socket.getdefaulttimeout(),
        "builtins": {name: id(value) for name, value in vars(builtins).items()},
        "open files": _descriptors(),
        "numpy.random": _numpy_random(),
    }


def changed(before, after):
    """The first name of what differs; None."""
    for name, value in before.items():
        found = after[name]
        if name == "sys.meta_path":
            # A finder at the end, such as six has, only sees names that nobody else has found.
            found = found[: len(value)]
        if value != found and value is not None:
            return name
    return None


def _signals():
    # The function below the one of `signal`, which takes ten times as long to give its answers names.
    return [_signal.getsignal(number) for number in _SIGNALS]


def _process(*names):
    try:
        with open("/proc/self/status") as status:
            return [line for line in status if line.startswith(names)]
    except OSError:
        return []


def _descriptors():
    try:
        return sorted(os.listdir("/proc/self/fd"))
    except OSError:
        return []


def _numpy_random():
    module = sys.modules.get("numpy.random")
    if module is None:
        return None
    kind, keys, *rest = module.get_state()
    return (kind, keys.tobytes(), *rest)
