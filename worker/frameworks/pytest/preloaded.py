"""The preloaded interpreter: a fork of the warm one that imports the modules learnt, and forks slots for it.

Nothing that an import may do to an interpreter besides being there passes: the module is struck, and the process
gives up; the warm one, which imported nothing, forks another without it.

preloaded -> warm   {"struck": [name, ...], "why": text} or {"preloaded": count} once; then what the warm
                    interpreter tells the worker of its slots. Requests come as they came from the worker.
"""

import importlib
import os
import select
import socket
import sys
import tempfile
import traceback
import warnings

from . import process, state
from .control import Control
from .fresh import Start
from .forks import Children, threads


class Preloaded:
    """The warm interpreter's view of it."""

    def __init__(self, ours, pid):
        self.link = Control(ours)
        self.pid = pid
        self.ready = False
        self.struck = []
        self.why = ""
        self.runs = {}  # key -> run, of the slots that it has

    def hand_on(self, message, descriptors, basetemp):
        self.runs[message["key"]] = message["run"]
        self.link.say({"start": message, "basetemp": basetemp}, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)

    def read(self):
        """What the worker is to be told."""
        told = []
        for message, _descriptors in self.link.receive() or ():
            if "struck" in message:
                self.struck, self.why = message["struck"], message["why"]
            elif "preloaded" in message:
                self.ready = True
            else:
                self.runs.pop(message.get("exited", message.get("refused")), None)
                told.append(message)
        return told


def start(modules, reports):
    """(Preloaded, None) in the warm interpreter; (None, the Start) in a slot that the new process has forked;
    (None, None) where there can be no other process."""
    ours, theirs = socket.socketpair()
    sys.stdout.flush()
    sys.stderr.flush()
    warm = os.getpid()
    try:
        pid = os.fork()
    except OSError:
        return None, None
    if pid:
        theirs.close()
        return Preloaded(ours.detach(), pid), None
    try:
        process.die_with_parent()
        if os.getppid() != warm:
            os._exit(1)
        process.close_descriptors(keep={theirs.fileno(), reports})
        ours.detach()
        return None, _serve(Control(theirs.detach()), modules, reports)
    except BaseException:
        traceback.print_exc()
        os._exit(1)  # what imported modules want done at exit is for slots


def _serve(link, modules, reports):
    """Forks slots until the warm interpreter is gone; returns in such a slot only."""
    children = Children(link.say)
    base = {name.partition(".")[0] for name in sys.modules}
    filters = _import_all(link, modules)
    names = {name.partition(".")[0] for name in sys.modules} - base
    link.say({"preloaded": len(names)})
    while True:
        readable, _, _ = select.select([link, children], [], [])
        children.tell_exits()
        requests = link.receive() if link in readable else []
        if requests is None:
            os._exit(0)  # without what imported modules want done at exit: that is for slots
        for message, descriptors in requests:
            begun = Start(message["start"], descriptors, message["basetemp"])
            begun.reports, begun.preloaded, begun.filters = reports, names, filters
            if children.start(begun) is not None:
                link.forget()
                return begun


def _import_all(link, modules):
    """Imports them; the warning filters that they have added are returned, and taken out again."""
    filters = []
    os.environ.__class__ = state.Watched
    with _Printing() as printing:
        for name in modules:
            if name not in sys.modules:
                why = _import(name, filters, printing)
                if why:
                    printing.end()
                    link.say({"struck": [name.partition(".")[0]], "why": why})
                    os._exit(0)
    os.environ.__class__ = state.Watched.__base__
    import gc

    gc.collect()
    gc.freeze()
    return filters


def _import(name, filters, printing):
    """Why it must not be preloaded; None."""
    before = state.snapshot()
    state.Watched.asked = False
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        warnings.filters[:0] = filters
        known = list(warnings.filters)
        try:
            importlib.import_module(name)
        except BaseException as error:
            return "its import failed: %s: %s" % (type(error).__name__, error)
        if warned:
            return "its import warns: %s" % warned[0].message
        if state.Watched.asked:
            return "its import asks which slot this is"
        changed = state.changed(before, state.snapshot())
        added = warnings.filters[: len(warnings.filters) - len(known)]
        if warnings.filters[len(added) :] != known or not all(map(_narrow, added)):
            changed = "the warning filters"
        filters[:0] = added
    if changed:
        return "its import changes %s" % changed
    if printing.printed():
        return "its import prints"
    alive = threads()
    if alive > 1:
        return "its import leaves %d threads alive" % alive
    return "its import leaves a process behind" if _has_children() else None


def _narrow(entry):
    # Of one kind of warning only, as libraries silence what they know to be harmless.
    action, message, category, module, _line = entry
    return action != "error" and (
        message is not None or module is not None or category.__module__ != "builtins"
    )


def _has_children():
    try:
        os.waitpid(-1, os.WNOHANG)
        return True
    except ChildProcessError:
        return False


class _Printing:
    """Catches what is printed meanwhile, also below Python."""

    def __enter__(self):
        self._file = tempfile.TemporaryFile()
        self._kept = [os.dup(1), os.dup(2)]
        for number in (1, 2):
            os.dup2(self._file.fileno(), number)
        return self

    def printed(self):
        process.flush()
        return os.fstat(self._file.fileno()).st_size > 0

    def end(self):
        for number, kept in zip((1, 2), self._kept):
            os.dup2(kept, number)
            os.close(kept)
        self._file.close()

    def __exit__(self, *_error):
        self.end()
