"""The collection tree down to the files: pytest's own nodes, with no test module imported.

Owns which files there are and their nodes, whose identity matters: fixtures of packages and the
stack of what is set up hang on them, so that a slot builds the tree once and keeps it.
"""

from _pytest import nodes
from _pytest.python import Package
from _pytest.runner import collect_one_node

from .arguments import Asked

# Before pytest 8 the only directories in the tree are packages.
DIRECTORIES = tuple({Package, getattr(nodes, "Directory", Package)})


def is_directory(node):
    return isinstance(node, DIRECTORIES)


def path_of(node):
    return str(getattr(node, "path", None) or node.fspath)


class Unit:
    """A file: its nodes (two where a file has tests and doctests), or the report of why there are none."""

    def __init__(self, name):
        self.name = name
        self.nodes = []
        self.reports = []
        self.arguments = []  # those that ask for names in it; none: all of it is asked


class Skeleton:
    """unit name -> Unit, in pytest's order."""

    def __init__(self, session):
        self.units = {}
        self._session = session
        self._directories = set()
        self._on_unit = None

    def build(self, on_unit):
        """Walks what the command line asks; on_unit is called for each file as soon as it is known.

        Raises pytest's UsageError for what is not there.
        """
        self._on_unit = on_unit
        asked = Asked(self._session.config)
        self._walk_arguments(asked.to_walk)
        left = asked.not_walked(
            {path_of(node) for unit in self.units.values() for node in unit.nodes}
        )
        if left:
            initial = self._session._initialpaths
            self._walk_arguments(left)
            self._session._initialpaths = initial | self._session._initialpaths
        for unit in self.units.values():
            for node in unit.nodes[:1]:
                unit.arguments = asked.by_path.get(path_of(node), [])

    def _walk_arguments(self, arguments):
        stream = _Stream(self._session, self._add_node)
        found = stream.collect(arguments)
        for node in found[stream.seen :]:
            self._walk(node)

    def _walk(self, node):
        if not is_directory(node):
            self._add_node(node)
            return
        if self._walked(node):
            return
        report = collect_one_node(node)
        if report.passed:
            for child in report.result:
                self._walk(child)
        node.ihook.pytest_collectreport(report=report)

    def _walked(self, node):
        # Since pytest 8 the session no longer sees to it itself while it walks.
        if not hasattr(self._session, "_collection_cache"):
            return False
        key = (type(node), path_of(node))
        if key in self._directories and not self._session.config.getoption("keepduplicates"):
            return True
        self._directories.add(key)
        return False

    def _add_node(self, node):
        name = node.nodeid if isinstance(node, nodes.Collector) else node.nodeid.split("::")[0]
        self._unit(name).nodes.append(node)

    def add_report(self, report):
        """A directory that could not be collected is a unit too: one that has only this to tell."""
        self._unit(report.nodeid or ".").reports.append(report)

    def _unit(self, name):
        if name not in self.units:
            self.units[name] = Unit(name)
            self._on_unit(name)
        return self.units[name]


class _Stream:
    """Has pytest collect the session's children, and hands them on while pytest is still at it."""

    def __init__(self, session, on_node):
        self._session = session
        self._on_node = on_node
        self._direct = True
        self.seen = 0  # so many of the children were handed on

    def collect(self, arguments):
        session = self._session
        relay = session.config.hook
        collect = session.collect
        session.collect = lambda: self._pass_on(collect())
        # These two are for items, of which there are none yet.
        silenced = ("pytest_collection_modifyitems", "pytest_collection_finish")
        callers = {name: getattr(relay, name) for name in silenced}
        try:
            for name in silenced:
                setattr(relay, name, lambda **_arguments: None)
            return list(session.perform_collect(arguments, genitems=False))
        finally:
            del session.collect
            for name, caller in callers.items():
                setattr(relay, name, caller)

    def _pass_on(self, children):
        for node in children:
            # Directories come later, and what follows the first one waits for it, to keep the order.
            self._direct = self._direct and not is_directory(node)
            if self._direct:
                self.seen += 1
                self._on_node(node)
            yield node
