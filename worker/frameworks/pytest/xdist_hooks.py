"""The hooks that pytest-xdist adds, for projects whose conftests have some of them where it is not installed.

They are a controller's: in a slot they are known, and never called.
"""

import pytest


def pytest_xdist_setupnodes(config, specs):
    pass


def pytest_xdist_newgateway(gateway):
    pass


def pytest_xdist_rsyncstart(source, gateways):
    pass


def pytest_xdist_rsyncfinish(source, gateways):
    pass


@pytest.hookspec(firstresult=True)
def pytest_xdist_getremotemodule():
    pass


def pytest_configure_node(node):
    pass


def pytest_testnodeready(node):
    pass


def pytest_testnodedown(node, error):
    pass


def pytest_xdist_node_collection_finished(node, ids):
    pass


@pytest.hookspec(firstresult=True)
def pytest_xdist_make_scheduler(config, log):
    pass


@pytest.hookspec(firstresult=True)
def pytest_xdist_auto_num_workers(config):
    pass


@pytest.hookspec(firstresult=True)
def pytest_handlecrashitem(crashitem, report, sched):
    pass
