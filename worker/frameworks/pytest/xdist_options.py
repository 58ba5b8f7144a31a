"""The options of pytest-xdist in a slot: they may stand in a project's files, and do nothing here.

Where pytest-xdist is installed its own stay; else they are taken, so that `addopts = -n 4` is no error.
"""

OPTIONS = (
    (("-n", "--numprocesses"), {"dest": "numprocesses"}),
    (("--maxprocesses",), {"dest": "maxprocesses"}),
    (("--max-worker-restart",), {"dest": "maxworkerrestart"}),
    (("--maxschedchunk",), {"dest": "maxschedchunk"}),
    (("--ramp",), {"dest": "ramp"}),
    (("--loadscope-reorder",), {"dest": "loadscopereorder", "action": "store_true"}),
    (("--no-loadscope-reorder",), {"dest": "loadscopereorder", "action": "store_false"}),
    (("--dist",), {"dest": "dist", "default": "no"}),
    (("--tx",), {"dest": "tx", "action": "append", "default": []}),
    (("--px",), {"dest": "px", "action": "append", "default": []}),
    (("-d",), {"dest": "distload", "action": "store_true", "default": False}),
    (("-f", "--looponfail"), {"dest": "looponfail", "action": "store_true", "default": False}),
    (("--rsyncdir",), {"dest": "rsyncdir", "action": "append", "default": []}),
    (("--rsyncignore",), {"dest": "rsyncignore", "action": "append", "default": []}),
    (("--testrunuid",), {"dest": "testrunuid"}),
    (("--xgrid",), {"dest": "xgrid", "action": "store_true", "default": False}),
)
PATHS = ("rsyncdirs", "rsyncignore", "looponfailroots")
HARMLESS = {
    "dist": "no",
    "distload": False,
    "loadgroup": False,
    "looponfail": False,
    "maxprocesses": None,
    "numprocesses": None,
    "px": [],
    "rsyncdir": [],
    "tx": [],
    "usepdb": False,
}


def add(parser):
    """Adds those that nobody has defined."""
    there = taken(parser)
    group = parser.getgroup("xgrid", "distribution (done by xgrid)")
    for names, attributes in OPTIONS:
        if there.isdisjoint(names):
            group._addoption(*names, help="see xgrid submit --help", **attributes)
    for name in PATHS:
        if name not in parser._inidict:
            parser.addini(name, "see xgrid submit --help", type="linelist", default=[])


def taken(parser):
    """The names of all options that are there."""
    # pytest 9 keeps argparse's parser, older ones make it anew at each question.
    options = getattr(parser, "optparser", None) or parser._getparser()
    return set(options._option_string_actions)


def disarm(config):
    """No option may make this session distribute, wait for a debugger's user or watch files."""
    disarm_all(config.option)


def disarm_all(options):
    """The same for a namespace of them."""
    for name, value in HARMLESS.items():
        if hasattr(options, name):
            setattr(options, name, value)
