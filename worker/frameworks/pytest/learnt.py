"""What earlier runs of a project imported of the libraries: one small file for each (interpreter, directory).

Owns the file. One that is missing, broken or cannot be written is no error: then nothing is learnt.
"""

import hashlib
import json
import os
import sys

from .cached_file import replace

MODULES_MAX = 2000
STRUCK_MAX = 500
BYTES_MAX = 1 << 20


class Learnt:
    """Modules in the order of their import; struck ones, which must not be preloaded; the folders that the
    project puts into sys.path, whose files come before libraries."""

    def __init__(self, path):
        self._path = path
        self.modules = []
        self.struck = []
        self.folders = []
        self._read()

    def add(self, modules, folders):
        """Whether any of it is new."""
        fresh = [name for name in dict.fromkeys(modules) if name not in set(self.modules)]
        fresh = [name for name in fresh if not covered(name, self.struck)]
        fresh = fresh[: MODULES_MAX - len(self.modules)]
        places = [folder for folder in dict.fromkeys(folders) if folder not in self.folders]
        places = places[: MODULES_MAX - len(self.folders)]
        self.modules += fresh
        self.folders += places
        return bool(fresh or places)

    def strike(self, names):
        """Neither they nor what lies within them is preloaded again."""
        fresh = [name for name in names if name not in self.struck]
        self.struck = (self.struck + fresh)[-STRUCK_MAX:]
        self.modules = [name for name in self.modules if not covered(name, fresh)]

    def forget(self):
        self.modules = []

    def save(self):
        """Readers see the old file or the new one."""
        text = json.dumps({"modules": self.modules, "struck": self.struck, "folders": self.folders})
        replace(self._path, text.encode("ascii"))

    def _read(self):
        try:
            with open(self._path, "rb") as file:
                known = json.loads(file.read(BYTES_MAX).decode("utf-8"))
            lists = [known[name] for name in ("modules", "struck", "folders")]
        except (OSError, ValueError, TypeError, KeyError):
            return
        if all(isinstance(entry, str) for names in lists for entry in names):
            self.modules, self.struck, self.folders = lists
            del self.modules[MODULES_MAX:], self.folders[MODULES_MAX:]


def covered(name, packages):
    """Whether it is one of them, or lies within one."""
    return any(name == package or name.startswith(package + ".") for package in packages)


def path_for(cache_home, directory):
    """Of this interpreter's file for projects in that directory."""
    key = "\0".join([sys.executable, sys.prefix, sys.version, os.path.realpath(directory)])
    name = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:32] + ".json"
    return os.path.join(cache_home, "imports", name)
