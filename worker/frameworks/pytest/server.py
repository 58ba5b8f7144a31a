"""Takes requests for slots, and decides how each starts: forked from this process, which has imported pytest only;
forked from one that has the modules learnt as well; or in a fresh interpreter.

In a project's first run no more slots than there are cores begin at once: with what the first of them has
imported, a preloaded interpreter is made for the others.
"""

import collections
import json
import os
import select
import signal
import socket
import sys
import time

from . import preloaded
from .basetemp import BaseTemps
from .forks import Children
from .fresh import Start
from .imports import shadowed
from .learnt import Learnt, covered, path_for

PRELOAD_SECONDS = 20
ATTEMPTS = 8  # at preloading, each without what the one before it had to strike
FIRST_SECONDS = 3  # so long others wait for the first slot to load a unit
WORTHWHILE = 30  # modules; fewer are sooner imported by each slot
REPORT_BYTES = 1 << 20


class Server:
    """Serves until the worker is gone."""

    def __init__(self, control, threads, cache_home):
        self._control = control
        self._threads = threads
        self._children = Children(control.say)
        self._basetemps = BaseTemps()
        self._waiting = collections.deque()
        self._reports, self._tell_reports = _datagrams()
        self._learnt = Learnt(path_for(cache_home, os.getcwd()))
        self._preloaded = None
        self._suits = True  # nobody has said of the preloaded interpreter that it does not
        self._wanted = bool(self._learnt.modules) and _can_fork(threads)
        self._attempts = 0
        self._heard = bool(self._learnt.modules)  # what a first slot has imported
        self._deadline = None  # for that, or for the preloaded interpreter
        self._begun = 0
        self._noted = set()  # runs whose user was told that slots are spawned

    def serve(self):
        """Returns None when the worker is gone, and a Start in a forked slot."""
        while True:
            start = self._preload() if self._wanted else None
            start = start or self._begin_slots()
            if start is not None:
                self._forget()
                return start
            readable = self._wait()
            if self._reports in readable:
                self._take_reports()
            if self._children in readable:
                self._take_exits()
            if self._preloaded is not None and self._preloaded.link in readable:
                self._relay()
            if self._control in readable and not self._take_requests():
                self._basetemps.release_all()
                return None
            if self._deadline is not None and time.monotonic() >= self._deadline:
                self._late()

    def _forget(self):
        # In a slot: the numbers are closed, and may be used again.
        self._control.forget()
        if self._preloaded is not None:
            self._preloaded.link.forget()

    def _wait(self):
        watched = [self._control, self._children, self._reports]
        if self._preloaded is not None:
            watched.append(self._preloaded.link)
        limit = None if self._deadline is None else max(0, self._deadline - time.monotonic())
        return select.select(watched, [], [], limit)[0]

    def _take_requests(self):
        requests = self._control.receive()
        if requests is None:
            return False
        for message, descriptors in requests:
            if "start" in message:
                self._waiting.append((message["start"], descriptors))
            else:
                self._withdraw(message["withdraw"])
        return True

    def _withdraw(self, key):
        for request in list(self._waiting):
            message, descriptors = request
            if message["key"] == key:
                self._waiting.remove(request)
                for descriptor in descriptors:
                    os.close(descriptor)
                self._control.say({"refused": key, "text": "withdrawn"})

    def _take_exits(self):
        for pid, _status in self._children.tell_exits():
            if self._preloaded is not None and pid == self._preloaded.pid:
                self._preloaded_ended()
        if self._begun and not self._children.runs():
            self._heard = True  # nobody is left who could say

    def _late(self):
        self._deadline = None
        self._heard = True
        if self._loading():
            os.kill(self._preloaded.pid, signal.SIGKILL)

    # ---- Slots

    def _begin_slots(self):
        while self._waiting and not self._must_wait(self._waiting[0][0]):
            message, descriptors = self._waiting.popleft()
            self._begun += 1
            start = self._begin(message, descriptors)
            if start is not None:
                return start
        return None

    def _must_wait(self, message):
        if self._spawns(message):
            return False
        if not self._heard and self._begun >= _cores():
            if self._deadline is None:
                self._deadline = time.monotonic() + FIRST_SECONDS
            return True
        return self._loading()

    def _begin(self, message, descriptors):
        start = Start(message, descriptors)
        try:
            start.basetemp = self._basetemps.directory(message, self._runs())
        except OSError as error:
            start.refusal = str(error)
        spawns = self._spawns(message)
        if spawns and message.get("how") != "spawn":
            self._note(message)
        if not spawns and not start.refusal and self._may_be_preloaded(message):
            self._preloaded.hand_on(message, descriptors, start.basetemp)
            return None
        start.reports = None if spawns else self._tell_reports
        return self._children.start(start, spawns)

    def _runs(self):
        runs = self._children.runs()
        return runs if self._preloaded is None else runs | set(self._preloaded.runs.values())

    def _spawns(self, message):
        how = message.get("how", "auto")
        return how == "spawn" or (how == "auto" and not _can_fork(self._threads))

    def _note(self, message):
        if message["run"] not in self._noted:
            self._noted.add(message["run"])
            message["note"] = "slots start in fresh interpreters, since in %s %s" % (
                sys.executable,
                "processes cannot fork"
                if self._threads == 1
                else "%d threads are alive before any test" % self._threads,
            )

    def _may_be_preloaded(self, message):
        # What reads the environment when it is imported has read the one of this process.
        given = (message.get("env") or {}).items()
        same = all(os.environ.get(name) == value for name, value in given)
        return self._preloaded is not None and self._preloaded.ready and self._suits and same

    # ---- What slots report

    def _take_reports(self):
        while True:
            try:
                report = os.read(self._reports, REPORT_BYTES)
            except BlockingIOError:
                return
            self._take_report(report)

    def _take_report(self, text):
        try:
            report = json.loads(text.decode("ascii"))
            if "modules" in report:
                self._take_imports(report["modules"], report["folders"])
                return
            if "strike" in report:
                self._learnt.strike(report["strike"])
            else:
                self._learnt.forget()
        except (ValueError, TypeError, KeyError):
            return  # a test has found the socket and written to it
        self._suits = False
        self._learnt.save()

    def _take_imports(self, modules, folders):
        if self._learnt.add(modules, folders):
            self._learnt.save()
        if not self._heard:
            self._heard = True
            self._deadline = None
            self._wanted = len(modules) >= WORTHWHILE and self._threads == 1

    # ---- The preloaded interpreter

    def _loading(self):
        return self._preloaded is not None and not self._preloaded.ready

    def _preload(self):
        self._wanted = False
        packages = {name.partition(".")[0] for name in self._learnt.modules}
        excluded = plugin_packages() + shadowed(packages, [os.getcwd()] + self._learnt.folders)
        modules = [name for name in self._learnt.modules if not covered(name, excluded)]
        if len(modules) < WORTHWHILE or self._attempts == ATTEMPTS:
            return None
        self._attempts += 1
        self._deadline = time.monotonic() + PRELOAD_SECONDS
        self._preloaded, start = preloaded.start(modules, self._tell_reports)
        return start

    def _relay(self):
        for message in self._preloaded.read():
            self._control.say(message)
        if self._preloaded.ready:
            self._deadline = None

    def _preloaded_ended(self):
        self._relay()
        ended, self._preloaded = self._preloaded, None
        self._deadline = None
        if ended.ready:
            # Its slots went with it, and are lost like those of this process.
            os.kill(os.getpid(), signal.SIGKILL)
        if ended.struck:
            self._learnt.strike(ended.struck)
            self._wanted = True
        else:
            self._learnt.forget()  # it crashed, or took too long
        self._learnt.save()


def plugin_packages():
    """Packages with plugins of pytest, which rewrites their assertions when it imports them."""
    from importlib import metadata

    from _pytest.config import _iter_rewritable_modules

    found = set()
    for distribution in metadata.distributions():
        try:
            entries = [entry for entry in distribution.entry_points if entry.group == "pytest11"]
        except Exception:
            continue  # its metadata are broken, and its plugins are not found by pytest either
        if entries:
            files = [str(file) for file in distribution.files or ()]
            found.update(name.partition(".")[0] for name in _iter_rewritable_modules(files))
            found.update(entry.value.partition(":")[0].partition(".")[0] for entry in entries)
    return sorted(found)


def _can_fork(threads):
    return threads == 1 and hasattr(os, "fork")


def _cores():
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _datagrams():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.setblocking(False)
    return ours.detach(), theirs.detach()
