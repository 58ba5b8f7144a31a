"""How this session shows and reports, in pytest's own names: what came of the command line, addopts and the
ini file together, so that nobody else has to read them.

Values are text; what is off or not there is left out.
"""

from _pytest.terminal import getreportopt

OPTIONS = (
    "capture",
    "collectonly",
    "color",
    "durations",
    "durations_min",
    "failedfirst",
    "lf",
    "newfirst",
    "no_header",
    "no_summary",
    "setupshow",
    "showcapture",
    "stepwise",
    "stepwise_skip",
    "tbstyle",
    "verbose",
)
INI = (
    "console_output_style",
    "junit_duration_report",
    "junit_family",
    "junit_log_passing_tests",
    "junit_logging",
    "junit_suite_name",
)


def settings(config):
    found = {name: getattr(config.option, name, None) for name in OPTIONS}
    found["reportchars"] = _reportchars(config)
    for name in INI:
        found[name] = _ini(config, name)
    cache = getattr(config, "cache", None)
    if cache is not None:
        found["cache_dir"] = str(cache._cachedir)
    found["testpaths"] = _testpaths(config)
    found["faulthandler_timeout"] = _stack_seconds(config)
    return {
        name: _text(value)
        for name, value in found.items()
        if value is not None and value is not False
    }


def _reportchars(config):
    try:
        return getreportopt(config)
    except AttributeError:  # -p no:terminal
        return None


def _ini(config, name):
    try:
        return config.getini(name)
    except (KeyError, ValueError):  # of a plugin that is not there
        return None


def _stack_seconds(config):
    """After how long pytest shows the stacks of a test that goes on; None: never."""
    try:
        return float(_ini(config, "faulthandler_timeout") or 0) or None
    except ValueError:
        return None


def _testpaths(config):
    source = getattr(config, "args_source", None)
    if source is None or source.name != "TESTPATHS":
        return None
    return ", ".join(str(path) for path in config.getini("testpaths"))


def _text(value):
    return "yes" if value is True else str(value)
