"""Test files that pytest would import under one name: all but the first are errors, as under plain pytest.

Lazily, the first may never be imported in the slot that loads another: it is imported there before it.
"""

import collections
import os
import pathlib

import pytest
from _pytest import pathlib as pytest_pathlib
from _pytest.outcomes import OutcomeException

from .skeleton import path_of


class Namesakes:
    """Of a skeleton's units: which file comes first under each name. Nothing is imported to know."""

    def __init__(self, config, units):
        self._first = {}  # unit -> the node whose module has its name
        if config.getoption("importmode", "prepend") == "importlib":
            return
        by_base_name = collections.OrderedDict()
        for unit in units.values():
            for node in unit.nodes:
                if isinstance(node, pytest.Module):
                    name = os.path.basename(path_of(node))
                    by_base_name.setdefault(name, []).append((unit.name, node))
        for those in by_base_name.values():
            self._compare(those if len({path_of(node) for _unit, node in those}) > 1 else ())

    def _compare(self, those):
        firsts = {}
        for unit, node in those:
            first = firsts.setdefault(_module_name(path_of(node)), node)
            if path_of(first) != path_of(node):
                self._first[unit] = first

    def import_first(self, unit):
        """To be called within collection, before the unit is loaded."""
        first = self._first.get(unit)
        if first is None:
            return
        try:
            first.obj
        except (Exception, OutcomeException):
            pass  # it is told where that file is loaded itself


def _module_name(path):
    path = pathlib.Path(path)
    package = pytest_pathlib.resolve_package_path(path)
    root = package.parent if package is not None else path.parent
    names = list(path.with_suffix("").relative_to(root).parts)
    return ".".join(names[:-1] if names[-1] == "__init__" else names)
