"""Which tests run in a process of their own: those with the mark `forked`, or all with --boxed or --forked.

Where pytest-forked is installed, its option and its mark mean this, and it does nothing itself.
"""

NAMES = {"--boxed": "boxed", "--forked": "forked"}
MARKER = "forked: the test runs in a process of its own."


def add(parser, taken):
    """Adds those that nobody has defined, so that they may stand in a project's files."""
    group = parser.getgroup("xgrid", "distribution (done by xgrid)")
    for name in sorted(set(NAMES) - taken):
        group._addoption(
            name, dest=NAMES[name], action="store_true", default=False, help="see xgrid submit"
        )


def configure(config):
    """The mark is known, and pytest-forked leaves it to us."""
    config.addinivalue_line("markers", MARKER)
    for plugin in list(config.pluginmanager.get_plugins()):
        if getattr(plugin, "__name__", "") == "pytest_forked":
            config.pluginmanager.unregister(plugin)


def chooser(config, asked):
    """A function that tells whether an item is to be boxed."""
    if asked or any(getattr(config.option, name, False) for name in NAMES.values()):
        return lambda _item: True
    return lambda item: item.get_closest_marker("forked") is not None
