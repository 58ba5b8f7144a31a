"""A slot in an interpreter of its own, for where forking is unsafe: the same bootstrap, which becomes the slot.

Also the way out for a slot that finds itself in an interpreter which does not suit its project.
"""

import json
import os
import subprocess
import sys
import tempfile

SELF = sys.modules[__name__]


class Start:
    """A request on its way to becoming a slot."""

    def __init__(self, message, descriptors, basetemp="", refusal=""):
        self.message = message
        self.descriptors = (
            descriptors  # slot socket, stdout, stderr, permits for jobs and for tests
        )
        self.basetemp = basetemp
        self.refusal = refusal
        self.parent = os.getpid()
        self.reports = None  # where to tell what was imported, if that is wanted
        self.preloaded = ()
        self.filters = ()  # of warnings, which preloaded modules have added


def spawn(start):
    """Starts the process; its pid. The descriptors stay the caller's to close."""
    told, arguments = _prepare(start)
    try:
        return os.posix_spawn(sys.executable, arguments, os.environ)
    finally:
        os.close(told)


def replace(start):
    """This process becomes that slot, as one that nothing was imported in."""
    _told, arguments = _prepare(start)
    os.execv(sys.executable, arguments)


def main(told):
    """In the new interpreter."""
    from . import process, slot

    parent = told.pop("parent")
    start = Start(**told)
    start.parent = parent
    process.die_with_parent()
    slot.main(start)


def _prepare(start):
    told = _anonymous_file()
    facts = {
        "message": start.message,
        "descriptors": start.descriptors,
        "basetemp": start.basetemp,
        "refusal": start.refusal,
        "parent": start.parent,
    }
    for content in (_sources(), facts):
        data = json.dumps(content).encode("ascii")
        _write(told, len(data).to_bytes(4, "big") + data)
    os.lseek(told, 0, os.SEEK_SET)
    for descriptor in [told] + list(start.descriptors):
        os.set_inheritable(descriptor, True)
    flags = subprocess._args_from_interpreter_flags()
    arguments = [_sources()["bootstrap"], str(told), SELF.__spec__.loader.cache_home, "slot"]
    return told, [sys.executable] + flags + ["-c"] + arguments


def _sources():
    package = __package__ + "."
    return {
        name[len(package) :]: source
        for name, source in SELF.__spec__.loader.sources.items()
        if name.startswith(package)
    }


def _anonymous_file():
    if hasattr(os, "memfd_create"):
        return os.memfd_create("xgrid")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _write(fd, data):
    while data:
        data = data[os.write(fd, data) :]
