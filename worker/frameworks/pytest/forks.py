"""The slots that one process has started: forks them, or spawns them, and tells how each ended.

Knows nothing of who asks for slots.
"""

import os
import signal
import sys

from . import fresh


class Children:
    """`tell` is called with what the worker is to know; `fileno` becomes readable when a child has ended."""

    def __init__(self, tell):
        self._tell = tell
        self._keys = {}  # pid -> (key, run)
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)
        signal.signal(signal.SIGCHLD, _noticed)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)

    def fileno(self):
        return self._woken

    def runs(self):
        return {run for _key, run in self._keys.values()}

    def start(self, start, spawn=False):
        """Returns the start in a forked child, else None, with the descriptors closed."""
        sys.stdout.flush()
        sys.stderr.flush()
        start.parent = os.getpid()
        key = start.message["key"]
        try:
            pid = fresh.spawn(start) if spawn else os.fork()
        except OSError as error:
            self._tell({"refused": key, "text": "cannot start a slot: " + error.strerror})
            pid = -1
        if pid == 0:
            return start
        for descriptor in start.descriptors:
            os.close(descriptor)
        if pid > 0:
            self._keys[pid] = (key, start.message["run"])
            self._tell({"started": key, "pid": pid})
        return None

    def tell_exits(self):
        """(pid, status) of those that ended and are no slots."""
        self._drain()
        others = []
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return others
            if pid == 0:
                return others
            if pid in self._keys:
                key, _run = self._keys.pop(pid)
                self._tell({"exited": key, "pid": pid, "status": status})
            else:
                others.append((pid, status))

    def _drain(self):
        try:
            while os.read(self._woken, 4096):
                pass
        except BlockingIOError:
            pass


def _noticed(_signal, _frame):
    """Python writes to the wakeup descriptor only for a signal that has a handler."""


def threads():
    """How many threads a fork of this process would lose, this one counted too."""
    alive = _tasks()
    if alive > 1:
        # Libraries such as OpenBLAS end theirs before a fork, and start them again when they are needed.
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        alive = _tasks()
    return alive


def _tasks():
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 1
