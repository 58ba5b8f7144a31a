"""Tests that the client has chosen by their ids, behind a mark at the end of pytest's arguments.

They take the place of all that the arguments and settings ask for; where the root is, which configuration counts and
which conftests are loaded first stays as without them. One that is not there any more is passed over.
"""

import os

MARK = "--xgrid-chosen"


def split(args):
    """The arguments for pytest, and the ids; None: nothing was chosen."""
    args = list(args)
    if MARK not in args:
        return args, None
    at = args.index(MARK)
    return args[:at], args[at + 1 :]


def choose(config, ids):
    if ids is None:
        return
    config.xgrid_chosen = True
    root = str(getattr(config, "rootpath", None) or config.rootdir)
    config.args = []
    for node_id in ids:
        path, colons, names = node_id.partition("::")
        path = os.path.join(root, path)
        if os.path.exists(path):
            config.args.append(path + colons + names)
    config.option.pyargs = False


def are_chosen(config):
    return getattr(config, "xgrid_chosen", False)
