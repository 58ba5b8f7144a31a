"""xgrid's plugin in a slot's session: gives it its identity, and lets the slot drive and watch it.

The identity is there before any other plugin or conftest is loaded, as under pytest-xdist.
"""

import types
import uuid

import pytest

from . import (
    box_options,
    cache,
    controller,
    limits,
    wholesuite,
    xdist_hooks,
    xdist_module,
    xdist_options,
)
from .timeouts import Timeouts


class Plugin:
    """Hooks only: `collecting` and `serving` are what the slot wants done inside of them."""

    __name__ = "xgrid"

    def __init__(self, workerinput, measuring, timeouts=None):
        self.workerinput = workerinput
        self.measuring = measuring
        self.timeouts = timeouts  # None: no test has a limit
        self._config = None
        self.whole_reports = False  # are wanted with each verdict
        self.reports = []  # of the test that runs
        self.collect_reports = []  # of what is being collected, but those that passed
        self.deselected = []
        self.collecting = None
        self.serving = None
        self.show_title = None  # takes the id of the test that runs now; None: nobody looks
        self.on_warning = None
        self.early_warnings = []

    def pytest_addhooks(self, pluginmanager):
        pluginmanager.add_hookspecs(Hooks)

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_parse(self, pluginmanager):
        config = pluginmanager.get_plugin("pytestconfig")
        # It has started this run, and is for the session that shows it: nothing in its place keeps it from being
        # loaded, where a block would be undone by -p.
        pluginmanager.register(types.ModuleType("xgrid_pytest"), "xgrid_pytest")
        config._parser.prog = "pytest"
        if self.workerinput is not None:
            config.workerinput = self.workerinput
            config.workeroutput = {}
        pluginmanager.register(self.measuring, "xgrid-coverage")

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self, early_config, parser):
        if self.workerinput is not None:
            controller.tell(self.workerinput, str(early_config.invocation_params.dir))
        box_options.add(parser, xdist_options.taken(parser))
        if not early_config.pluginmanager.hasplugin("xdist"):
            # After plugins are imported, which would take what they find for all of pytest-xdist.
            xdist_module.offer()
            xdist_options.add(parser)
            early_config.pluginmanager.add_hookspecs(xdist_hooks)

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config):
        self._config = config
        xdist_options.disarm(config)
        box_options.configure(config)
        if self.timeouts is not None:
            config.pluginmanager.register(self.timeouts, "xgrid-timeouts")
        if limits.heeded(config):
            config.addinivalue_line("markers", limits.MARKER)
        if self.workerinput is not None:
            wholesuite.agree(config, self.workerinput)
        cache.clear_once(config, (self.workerinput or {}).get("workerid"))
        if not config.pluginmanager.hasplugin("xdist"):
            config.addinivalue_line(
                "markers", "xdist_group(name): tests that run in the same slot."
            )
            config.pluginmanager.register(IdentityFixtures(), "xgrid-fixtures")

    def need_timeouts(self):
        """A test has a limit of its own: from now on limits are minded, if they were not before."""
        if self.timeouts is None:
            self.timeouts = Timeouts(0)
            self._config.pluginmanager.register(self.timeouts, "xgrid-timeouts")

    def pytest_collection(self, session):
        # Not tryfirst: pytest's rewriting of assertions has to see the session before.
        if self.collecting is None:
            return None
        work, self.collecting = self.collecting, None
        work()
        return True

    def pytest_runtestloop(self, session):
        self.serving()
        return True

    def pytest_collectreport(self, report):
        if report.outcome != "passed":
            self.collect_reports.append(report)

    def pytest_deselected(self, items):
        self.deselected.extend(items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report):
        cache.skip_only_remembered(self._config, report)
        self.reports.append(report)

    def pytest_warning_recorded(self, warning_message, when, nodeid):
        if self.on_warning is None:
            self.early_warnings.append((warning_message, when, nodeid))
        else:
            self.on_warning(warning_message, when, nodeid)


class Hooks:
    """What conftests may answer, with `@pytest.hookimpl(optionalhook=True)` for plain pytest's sake."""

    @staticmethod
    @pytest.hookspec(firstresult=True)
    def pytest_xgrid_group(item):
        """With --dist loadgroup: a name; tests of one name run in one slot, one after the other. "": this
        one is in no group. None: let others say."""


class IdentityFixtures:
    """For projects without pytest-xdist, which has its own."""

    @pytest.fixture(scope="session")
    def worker_id(self, request):
        """The name of this slot: gw0, gw1, ...; master where the run is not distributed."""
        return _workerinput(request).get("workerid", "master")

    @pytest.fixture(scope="session")
    def testrun_uid(self, request):
        """The same text in all slots of a run."""
        return _workerinput(request).get("testrunuid") or uuid.uuid4().hex


def _workerinput(request):
    return getattr(request.config, "workerinput", {})


def warning_facts(warning_message, when, nodeid):
    from _pytest import warnings

    try:
        text = warnings.warning_record_to_str(warning_message)
    except Exception:
        text = str(warning_message.message)
    return {
        "category": getattr(warning_message.category, "__name__", ""),
        "message": str(warning_message.message),
        "filename": str(warning_message.filename),
        "lineno": warning_message.lineno,
        "when": when,
        "nodeid": nodeid,
        "text": text,
    }
