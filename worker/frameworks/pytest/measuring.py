"""pytest-cov in a slot: measures as in a worker of pytest-xdist. The reports are the client's, with the data of all slots.

Data of a slot that runs where the client is lie in its files beside the code, as pytest-cov leaves them; others
bring theirs in what the slot says at its end.
"""

import json

import pytest

from . import xdist_options

TOLD = ("cov_", "no_cov")


class Measuring:
    """A plugin of hooks around those of pytest-cov; `data` is what there is to bring at the end."""

    def __init__(self, distributed, in_place):
        self.data = []
        self._distributed = distributed
        self._in_place = in_place
        self._plugin = None  # pytest-cov's, if it is to measure
        self._appends = False
        self._early = (
            None  # what measures until the session starts: conftests, and what they import
        )

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(self, early_config):
        options = early_config.known_args_namespace
        if hasattr(options, "cov_append"):
            # pytest-cov removes earlier data when it starts: other slots' by now, perhaps.
            self._appends = bool(options.cov_append)
            options.cov_append = self._appends or self._distributed
            xdist_options.disarm_all(options)
        yield
        self._plugin = early_config.pluginmanager.get_plugin("_cov")

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionstart(self):
        if self._measures() and self._distributed:
            self._early = self._plugin.cov_controller.cov
            self._early.stop()
        yield
        if not self._measures():
            return
        if not self._distributed:
            self._plugin._should_report = lambda: False
            return
        for cov in (self._early, self._plugin.cov_controller.cov):
            # Another slot imports what this one does not.
            cov._warn_no_data = cov._warn_unimported_source = False

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtestloop(self):
        yield
        if not self._measures() or not self._distributed:
            return
        self._early.save()
        if not self._in_place:
            self.data = [
                _taken(cov.get_data()) for cov in (self._early, self._plugin.cov_controller.cov)
            ]

    def settings(self):
        """pytest-cov's options, for who reports; empty if it has nothing to do."""
        if self._plugin is None:
            return {}
        options = vars(self._plugin.options)
        if not self._measures() and not options.get("no_cov_should_warn"):
            return {}
        told = {name: value for name, value in options.items() if name.startswith(TOLD)}
        told.update(cov_append=self._appends, collectonly=bool(options.get("collectonly")))
        found = {"coverage": json.dumps(told, ensure_ascii=False, default=str)}
        return {**found, "coverage_here": "yes"} if self._in_place else found

    def _measures(self):
        return self._plugin is not None and self._plugin.cov_controller is not None


def _taken(data):
    content = data.dumps()
    data.erase()
    return content
