"""The warm interpreter: has imported pytest, starts a slot per request, tells how each ended.

Never imports the project's code, never runs a test, has no threads of its own. What it says and hears:

worker -> warm   {"start": {...}} with [slot socket, stdout, stderr]; {"withdraw": key}, which is refused if it still waits
warm -> worker   {"ready": {...}} or {"failed": text} once; {"started": key, "pid": n} or {"refused": key, "text": t};
                 {"exited": key, "pid": n, "status": as waitpid gives it}
It leaves when the control socket ends, and its slots die with it.
"""

import gc
import importlib
import os
import platform
import sys

from . import forks, process
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
    from . import server, slot

    start = server.Server(control, ready["threads"]).serve()
    if start is None:
        os._exit(0)  # the worker waits, and nothing here is worth tearing down
    # Only a forked child comes here, with the serving loop left for good behind it.
    slot.main(start)


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
    from . import imports, server, slot  # noqa: F401  with them come all files of the runner

    imports.installed_folders()
    _know_distributions()
    gc.collect()
    gc.freeze()
    return {
        "implementation": sys.implementation.name,
        "version": platform.python_version(),
        "executable": sys.executable,
        "platform": sys.platform,
        "pytest": pytest.__version__,
        "threads": forks.threads() if hasattr(os, "fork") else 1,
    }


def _know_distributions():
    # Fills the caches of installed packages' metadata that each session's plugin search reads.
    try:
        from importlib import metadata

        for _distribution in metadata.distributions():
            pass
    except Exception:
        pass
