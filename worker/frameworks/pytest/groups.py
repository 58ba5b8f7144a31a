"""Which tests of a unit stay together, in the modes where some do, and what of it other slots may have."""

import re

from .endings import Refused


def grouping_of(config, kind, pattern):
    """For a run's `grouping`: "scope", "group", or one in which tests are in no groups."""
    if kind == "scope":
        return Scopes()
    if kind == "group":
        return Marked(config, pattern)
    return Grouping()


class Grouping:
    """Tests are in no groups: all of a unit, or none of it, stays together."""

    def of(self, _items):
        """The group's name for each item, or "" where it is in none; empty: none is in any."""
        return []

    def to_give_back(self, _names):
        """Places of those that the slot has not been given by being given their unit."""
        return set()


class Scopes(Grouping):
    """Tests of a class stay together, and so do those of a file that are in none."""

    def of(self, items):
        return [item.parent.nodeid if item is not None else "" for item in items]

    def to_give_back(self, names):
        # No other slot has any of the first scope: it begins.
        first = next((name for name in names if name), "")
        return {place for place, name in enumerate(names) if name not in ("", first)}


class Marked(Grouping):
    """Tests that are marked with xdist_group, or that a hook or a pattern finds a group for: over files."""

    def __init__(self, config, pattern):
        self._hook = config.hook
        try:
            self._pattern = re.compile(pattern) if pattern else None
        except re.error as error:
            raise Refused(4, "--group-by: %s in '%s'" % (error, pattern)) from None

    def of(self, items):
        names = [self._group(item) if item is not None else "" for item in items]
        return names if any(names) else []

    def to_give_back(self, names):
        # Another slot may have tests of the same group in other files.
        return {place for place, name in enumerate(names) if name}

    def _group(self, item):
        found = self._hook.pytest_xgrid_group(item=item)
        if found is not None:
            return str(found)
        names = {_name(mark) for mark in item.iter_markers("xdist_group")}
        if names:
            return "_".join(sorted(names))
        match = self._pattern.search(item.nodeid) if self._pattern else None
        if match is None:
            return ""
        return match.group(1) or "" if match.re.groups else match.group()


def _name(mark):
    # As pytest-xdist reads it.
    return str(mark.args[0] if mark.args else mark.kwargs.get("name", "default"))
