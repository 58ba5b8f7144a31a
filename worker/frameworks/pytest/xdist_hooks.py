"""The hooks that pytest-xdist adds, for projects whose conftests have some of them where it is not installed.

They are a controller's: in a slot they are known, and never called. Of a scheduler, which nobody calls, the user is told.
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


def scheduler_note(config):
    """What to say of schedulers that the project has, wherever pytest-xdist comes from; "": it has none."""
    hook = getattr(config.hook, "pytest_xdist_make_scheduler", None)
    owners = [found.plugin_name for found in hook.get_hookimpls()] if hook is not None else []
    if not owners:
        return ""
    return (
        "pytest_xdist_make_scheduler in %s is not called: say which tests stay together with the hook "
        "pytest_xgrid_group or --group-by, and --dist loadgroup" % ", ".join(map(str, owners))
    )
