"""Loads units: the tests of a file, filtered as the command line asks, or why there are none.

Two ways of the same shape: Lazy loads a file when it is asked for; Full collects everything first,
as plain pytest does. Knows nothing of jobs.
"""

import collections
import os

import pytest
from _pytest import nodes
from _pytest.config import UsageError
from _pytest.runner import collect_one_node

from .chosen import are_chosen
from .namesakes import Namesakes
from .report_lines import report_lines
from .skeleton import Skeleton, path_of


class Loaded:
    """A unit's tests in order; those without an item are reports of collecting that failed or skipped."""

    def __init__(self, items, reports, deselected):
        self.deselected = deselected
        self.entries = []  # (id, occurrence, item or None, report or None)
        self._places = None
        seen = collections.Counter()
        for report in reports:
            self._add(seen, report.nodeid or ".", None, report)
        for item in items:
            self._add(seen, item.nodeid, item, None)

    def selected(self, mode, names):
        """Entries, in their order: all of them, those of these (id, occurrence), or the others."""
        if mode == "all":
            return self.entries
        if mode == "except":
            without = set(names)
            return [entry for entry in self.entries if entry[:2] not in without]
        if self._places is None:  # a unit may be taken apart into many selections
            self._places = {entry[:2]: place for place, entry in enumerate(self.entries)}
        places = sorted({self._places[name] for name in names if name in self._places})
        return [self.entries[place] for place in places]

    def _add(self, seen, name, item, report):
        self.entries.append((name, seen[name], item, report))
        seen[name] += 1


class Lazy:
    """Finds files without importing them, and imports each when it is loaded."""

    def __init__(self, session, plugin, imports, remembered):
        self._session = session
        self._plugin = plugin
        self._imports = imports
        self._remembered = remembered
        self._skeleton = None
        self._namesakes = None
        self._loaded = {}

    def enumerate(self, on_unit):
        """Names each unit; raises UsageError for names that are not there, as pytest does.

        What is to be said of the choice and the order of tests is returned, as lines.
        """
        order = self._remembered.file_order()
        self._build(on_unit if order is None else lambda _name: None)
        for name in sorted(self._skeleton.units, key=order) if order is not None else ():
            on_unit(name)
        for unit in self._skeleton.units.values():
            if unit.arguments:
                self.load(unit.name)
        return self._remembered.lines(self._skeleton.units)

    def load(self, name):
        """The Loaded, or None where there is no such unit."""
        self._build(lambda _name: None)
        unit = self._skeleton.units.get(name)
        if unit is None:
            return None
        if name not in self._loaded:
            self._loaded[name] = self._load(unit)
        return self._loaded[name]

    def forget(self, name):
        """All of its tests have run here: they need no memory any more. Should it be loaded again, so it is."""
        if all(_is_of_module(entry[2]) for entry in self._loaded[name].entries):
            del self._loaded[name]

    def _build(self, on_unit):
        if self._skeleton is not None:
            for name in self._skeleton.units:
                on_unit(name)
            return
        self._plugin.collect_reports.clear()
        skeleton = Skeleton(self._session)
        inside_collection(self._session, self._plugin, lambda: skeleton.build(on_unit))
        for report in self._plugin.collect_reports:
            skeleton.add_report(report)
        self._skeleton = skeleton
        self._namesakes = Namesakes(self._session.config, skeleton.units)

    def _load(self, unit):
        reports = self._plugin.collect_reports
        reports.clear()
        self._plugin.deselected = []
        items = []
        inside_collection(self._session, self._plugin, lambda: self._collect(unit, items))
        self._imports.learn(self._session.config)
        return Loaded(items, unit.reports + reports, len(self._plugin.deselected))

    def _collect(self, unit, items):
        session = self._session
        if hasattr(session, "_collection_cache"):
            session._collection_cache = (
                {}
            )  # pytest 8 and newer would take a unit's second loading for a duplicate
        for node in unit.nodes[:1]:
            self._imports.before_unit(path_of(node), self._session.config)
        self._namesakes.import_first(unit.name)
        chosen = self._named(unit) if unit.arguments else unit.nodes
        for node in chosen:
            items.extend(session.genitems(node))
        session.items = items
        config = session.config
        config.pluginmanager.check_pending()
        config.hook.pytest_collection_modifyitems(session=session, config=config, items=items)
        config.hook.pytest_collection_finish(session=session)
        session.testscollected += len(items)

    def _named(self, unit):
        chosen = []
        collected = {}
        for argument in unit.arguments:
            matching = _matching(unit.nodes, argument.names, collected)
            if (
                not matching
                and not self._plugin.collect_reports
                and not are_chosen(self._session.config)
            ):
                self._refuse(argument)
            chosen.extend(matching)
        return chosen

    def _refuse(self, argument):
        # pytest finds the words, which differ between its versions.
        self._session.perform_collect([argument.text], genitems=False)
        raise UsageError("not found: " + argument.text)


def _matching(start, names, collected):
    """The nodes that a chain of names leads to; a parametrized test's name stands for all of its tests."""
    level = start
    for name in names:
        following = []
        for node in level:
            if isinstance(node, nodes.Collector):
                following.extend(
                    child
                    for child in _children(node, collected)
                    if name in (child.name, child.name.split("[")[0])
                )
        level = following
    return level


def _children(node, collected):
    if node not in collected:
        report = collect_one_node(node)
        if not report.passed:
            node.ihook.pytest_collectreport(report=report)
        collected[node] = report.result if report.passed else []
    return collected[node]


def _is_of_module(item):
    # Collecting a class again gives its fixtures to pytest a second time, and a fixture that extends
    # another of its name would then do so twice.
    return type(item) is pytest.Function and type(item.parent) is pytest.Module


class Full:
    """Collects everything at the first question, with all plugins seeing all tests at once."""

    def __init__(self, session, plugin, imports):
        self._session = session
        self._plugin = plugin
        self._imports = imports
        self._loaded = None

    def enumerate(self, on_unit):
        self._collect()
        for name in self._loaded:
            on_unit(name)
        return report_lines(
            self._session.config, "pytest_report_collectionfinish", items=self._session.items
        )

    def load(self, name):
        self._collect()
        return self._loaded.get(name)

    def forget(self, _name):
        """Nothing: plugins may look at the session's tests, which are all of them."""

    def _collect(self):
        if self._loaded is not None:
            return
        reports = self._plugin.collect_reports
        reports.clear()
        self._plugin.deselected = []
        inside_collection(self._session, self._plugin, self._perform_collect)
        self._imports.learn(self._session.config)
        items = collections.OrderedDict()
        failed = collections.OrderedDict()
        for report in reports:
            failed.setdefault(report.nodeid.split("::")[0] or ".", []).append(report)
        for item in self._session.items:
            items.setdefault(_unit_of(item), []).append(item)
        deselected = collections.Counter(_unit_of(item) for item in self._plugin.deselected)
        # What has no tests goes first: that it is counted must not depend on whether the run stops early.
        first = [name for name in [*failed, *deselected] if name not in items]
        self._loaded = collections.OrderedDict()
        for name in [*first, *items]:
            tests, reports = items.get(name, []), failed.get(name, [])
            self._loaded[name] = Loaded(tests, reports, deselected[name])

    def _perform_collect(self):
        config = self._session.config
        self._imports.before_unit(os.path.join(str(config.invocation_params.dir), "-"), config)
        self._session.perform_collect()


def _unit_of(item):
    file = item.getparent(nodes.File)
    return file.nodeid if file is not None else item.nodeid.split("::")[0]


def inside_collection(session, plugin, work):
    """Does it within pytest's collection hook, where warnings and log records are caught."""
    plugin.collecting = work
    session.config.hook.pytest_collection(session=session)
    if plugin.collecting is not None:
        # Another plugin's hook answered first.
        plugin.collecting = None
        work()
