"""The module xdist for projects that ask it who they are, where pytest-xdist is not installed.

Where it is, its own is found first. Not a plugin: pytest is not told of it.
"""

import sys
from importlib.abc import Loader
from importlib.machinery import ModuleSpec

NAME = "xdist"


def is_xdist_worker(request_or_session):
    """Whether this is one of the slots of a distributed run."""
    return hasattr(request_or_session.config, "workerinput")


def is_xdist_controller(request_or_session):
    """Whether this distributes tests to others: a slot never does."""
    config = request_or_session.config
    return not is_xdist_worker(request_or_session) and getattr(config.option, "dist", "no") != "no"


def get_xdist_worker_id(request_or_session):
    """The name of this slot: gw0, gw1, ...; master where the run is not distributed."""
    return getattr(request_or_session.config, "workerinput", {}).get("workerid", "master")


OFFERED = {
    "is_xdist_worker": is_xdist_worker,
    "is_xdist_controller": is_xdist_controller,
    "is_xdist_master": is_xdist_controller,
    "get_xdist_worker_id": get_xdist_worker_id,
}


class Finder(Loader):
    """Asked after all others."""

    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self, origin="xgrid") if name == NAME else None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        # pytest would warn that it cannot rewrite it: it is loaded before a plugin says so.
        module.__doc__ = "What xgrid has of pytest-xdist. PYTEST_DONT_REWRITE"
        module.__all__ = sorted(OFFERED)
        vars(module).update(OFFERED)


def offer():
    sys.meta_path.append(Finder())
