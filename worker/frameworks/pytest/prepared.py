"""What every session of pytest begins with, whatever its arguments: made once, before slots are forked."""

import importlib
import os
import pathlib
import sys

from _pytest.config import Config, _prepareconfig, default_plugins, get_config

# What every session imports at some later point. A name that is not there costs nothing.
IMPORTED_LATER = (
    "_pytest.assertion",
    "_pytest.assertion.rewrite",
    "_pytest.assertion.util",
    "_pytest.config.compat",
    "_pytest.config.findpaths",
    "_pytest._argcomplete",
    "importlib.metadata",
    "faulthandler",
    "hashlib",
    "pdb",
    "queue",
    "unittest",
    "xml.etree.ElementTree",
)
_config = None  # with pytest's own plugins, and nothing parsed


def prepare():
    """Imports what each session would have to, and makes the configuration of the first to come."""
    global _config
    for name in ["_pytest." + plugin for plugin in default_plugins] + list(IMPORTED_LATER):
        try:
            importlib.import_module(name)
        except ImportError:
            pass
    _know_distributions()
    if not os.environ.get("PYTEST_DEBUG"):
        _config = get_config()
        _import_xdist()


def configured(args, plugin):
    """The configuration of this process's session, with the plugin, as `pytest.main` would have it."""
    global _config
    config, _config = _config, None
    if config is None or any(str(arg).startswith("-p") for arg in args):
        return _prepareconfig(args, [plugin])  # they may be about pytest's own plugins
    config.invocation_params = Config.InvocationParams(
        args=args, plugins=[plugin], dir=pathlib.Path.cwd()
    )
    manager = config.pluginmanager
    try:
        manager.register(plugin)
        return manager.hook.pytest_cmdline_parse(pluginmanager=manager, args=args)
    except BaseException:
        config._ensure_unconfigure()
        raise


def _know_distributions():
    # Fills the caches of installed packages' metadata that each session's plugin search reads.
    try:
        from importlib import metadata

        for _distribution in metadata.distributions():
            pass
    except Exception:
        pass


def _import_xdist():
    # Those who change over have it, and each of their sessions loads it as a plugin. It does not ask who
    # it is when it is imported.
    from .imports import shadowed

    if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD") or shadowed(
        ["xdist", "execnet"], sys.path[:1]
    ):
        return
    try:
        importlib.import_module("xdist.plugin")
        importlib.import_module("xdist.looponfail")
    except Exception:
        pass
    module = sys.modules.get("xdist")
    if module is not None:
        # pytest would warn that it cannot rewrite its assertions any more.
        module.__doc__ = (module.__doc__ or "") + "PYTEST_DONT_REWRITE"
