"""The warm interpreter: has imported pytest, starts a slot per request, tells how each ended.

Never imports the project's code, never runs a test, has no threads of its own. What it says and hears:

worker -> warm   {"start": {...}} with [slot socket, stdout, stderr]; {"withdraw": key}, which is refused if it still waits
warm -> worker   {"ready": {...}} or {"failed": text} once; {"started": key, "pid": n} or {"refused": key, "text": t};
                 {"exited": key, "pid": n, "status": as waitpid gives it}
It leaves when the control socket ends, and its slots die with it.
"""

import gc
import marshal
import os
import platform
import sys

from . import forks, process
from .cached_file import replace
from .control import Control

OLDEST_PYTEST = (6, 2)


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
    _keep_compiled()
    from . import server, slot

    start = server.Server(control, ready["threads"], __spec__.loader.cache_home).serve()
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
    from . import (
        imports,
        prepared,
        server,
        slot,
    )  # noqa: F401  with them come all files of the runner

    imports.installed_folders()
    prepared.prepare()
    gc.freeze()
    gc.enable()
    return {
        "implementation": sys.implementation.name,
        "version": platform.python_version(),
        "executable": sys.executable,
        "platform": sys.platform,
        "pytest": pytest.__version__,
        "threads": forks.threads() if hasattr(os, "fork") else 1,
    }


def _keep_compiled():
    loader = __spec__.loader
    if loader.wants_keeping and loader.compiled_path:
        replace(loader.compiled_path, marshal.dumps(loader.compiled))
