"""What tells this environment from another in which the same tests may end otherwise: names and values.

Paths are no part of it: they differ between any two hosts, and mean nothing there.
"""

import os
import platform
import sys

import pytest


def fingerprint(plugins):
    """Of this interpreter; `plugins` are names and versions of packages with pytest's plugins."""
    return {**plugins, **_HERE, "pytest": pytest.__version__}


def _here():
    system = os.uname()
    found = {
        "implementation": platform.python_implementation(),
        "python": platform.python_version(),
        "platform": sys.platform,
        "os": _distribution() or "%s %s" % (system.sysname, system.version),
        "kernel": "%s %s" % (system.sysname, system.release),
        "machine": system.machine,
        "libc": _libc(),
    }
    return {name: value for name, value in found.items() if value}


def _distribution():
    # What platform.freedesktop_os_release() would say, which came with Python 3.10.
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                for line in file:
                    name, _, value = line.strip().partition("=")
                    if name == "PRETTY_NAME":
                        return value.strip("\"'")
        except OSError:
            continue
    return ""


def _libc():
    # platform.libc_ver() searches the interpreter's file for it.
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, OSError, ValueError):
        return ""


_HERE = _here()  # once in a warm interpreter: slots are forked from it
