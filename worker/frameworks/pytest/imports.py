"""What a slot's project imports of the libraries while it is collected, for the warm interpreter to learn from;
and whether what was preloaded for the slot suits the project after all.

Modules that only a running test imports are not told: plain pytest has not loaded them, either, when tests begin.
"""

import functools
import json
import os
import site
import sys
import sysconfig
import warnings

from _pytest.assertion.rewrite import AssertionRewritingHook

from .learnt import MODULES_MAX, covered

LIBRARIES = ("stdlib", "platstdlib", "purelib", "platlib")


class Imports:
    """Looks at sys.modules after conftests and after each unit. Once the project has changed the environment,
    what it imports may depend on that, and nothing is learnt any more."""

    def __init__(self, start):
        self._reports = start.reports
        self._preloaded = start.preloaded
        self._filters = start.filters
        self._known = set(sys.modules)
        self._paths = set(sys.path)
        self._folders = set()
        self._environment = _environment()
        self._open = self._reports is not None
        self._told = False

    def unsuitable(self, config):
        """Why the session must not go on in an interpreter with preloaded modules; empty: it may.

        To be asked with the conftests loaded, when plugins and options are known and nothing is configured.
        """
        if not self._preloaded:
            return ""
        if _environment() != self._environment:
            self._tell({"forget": True})
            return "a conftest.py or plugin changes the environment"
        struck = [name for name in self._preloaded if covered(name, _own_packages(config))]
        struck += shadowed(self._preloaded, [path for path in sys.path if path not in self._paths])
        self._strike(struck)
        return "%s is the project's own, a plugin or measured" % struck[0] if struck else ""

    def before_unit(self, path, config):
        """To be called within pytest's collection."""
        if not self._preloaded:
            return
        folder = os.path.dirname(path)
        if folder not in self._folders and config.option.importmode == "prepend":
            # pytest puts its root first into sys.path: modules of the project come before libraries then.
            self._folders.add(folder)
            struck = shadowed(self._preloaded, [_package_root(folder)])
            for name in [name for name in sys.modules if covered(name, struck)]:
                del sys.modules[name]
            self._strike(struck)
        # What modules silenced when they were preloaded holds until pytest restores the filters.
        warnings.filters[:0] = self._filters
        getattr(warnings, "_filters_mutated", lambda: None)()

    def learn(self, config):
        """Tells what is new since the last time; the first time also that there is nothing."""
        if self._open and _environment() != self._environment:
            self._open = False
        names = [name for name in list(sys.modules) if name not in self._known]
        self._known.update(names)
        folders = [path for path in sys.path if path not in self._paths]
        self._paths.update(folders)
        found = _libraries_among(names, config) if self._open and names else []
        if found or folders or not self._told:
            self._told = True
            self._tell({"modules": found[:MODULES_MAX], "folders": folders[:MODULES_MAX]})

    def _strike(self, names):
        if names:
            self._tell({"strike": names})

    def _tell(self, message):
        if self._reports is None:
            return
        try:
            os.write(self._reports, json.dumps(message).encode("ascii"))
        except OSError:
            pass  # closed by a test, or there is too much of it: then it is not learnt


def shadowed(packages, folders):
    """Which of these top-level names a file or package in one of the folders takes."""
    found = set()
    for folder in folders:
        try:
            entries = os.listdir(folder or ".")
        except OSError:
            continue
        for entry in entries:
            name, dot, kind = entry.partition(".")
            if name in packages and (
                kind.endswith(("py", "pyc", "so")) if dot else _is_package(folder, entry)
            ):
                found.add(name)
    return sorted(found)


def _is_package(folder, name):
    return os.path.exists(os.path.join(folder, name, "__init__.py"))


def _package_root(folder):
    while _is_package(folder, "") and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    return folder


def _environment():
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}


def _own_packages(config):
    """Packages that are not preloaded in this session: pytest rewrites them, or they are tested or measured."""
    hook = getattr(config.pluginmanager, "rewrite_hook", None)
    names = {name.partition(".")[0] for name in getattr(hook, "_must_rewrite", ())}
    for plugin, _distribution in config.pluginmanager.list_plugin_distinfo():
        names.add(getattr(plugin, "__name__", "").partition(".")[0])
    measured = list(getattr(config.option, "cov_source", None) or [])
    measured += os.environ.get("COV_CORE_SOURCE", "").split(os.pathsep)
    if config.option.pyargs:
        measured += config.args
    names.update(text.partition(".")[0].partition("::")[0] for text in measured if _is_name(text))
    return names


def _is_name(text):
    return isinstance(text, str) and text != "" and os.sep not in text


def _libraries_among(names, config):
    if config.option.assertmode != "rewrite":
        return []  # which modules pytest would have to rewrite is not known
    own = _own_packages(config)
    root = os.path.join(str(getattr(config, "rootpath", None) or config.rootdir), "")
    libraries = installed_folders()
    return [
        name
        for name in names
        if not covered(name, own) and _is_library(name, sys.modules.get(name), libraries, root)
    ]


def _is_library(name, module, libraries, root):
    spec = getattr(module, "__spec__", None)
    if spec is None or spec.name != name or isinstance(spec.loader, AssertionRewritingHook):
        return False
    place = spec.origin if spec.has_location else None
    below = [library for library in libraries if place and place.startswith(library)]
    # A virtual environment may lie within the project, and the project among the libraries.
    return bool(below) and not (place.startswith(root) and root.startswith(tuple(below)))


@functools.lru_cache(maxsize=None)
def installed_folders():
    """Where the standard library and installed packages lie. Asked for once, before slots are forked."""
    folders = [sysconfig.get_path(name) for name in LIBRARIES]
    folders += getattr(site, "getsitepackages", list)()
    folders.append(getattr(site, "getusersitepackages", str)())
    return tuple({os.path.join(folder, "") for folder in folders if folder})
