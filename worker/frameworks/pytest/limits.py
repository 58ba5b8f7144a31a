"""The limits that tests set for themselves: @pytest.mark.timeout, as pytest-timeout has it.

Where pytest-timeout is installed it is left to it.
"""

import collections
import math

from _pytest.config import UsageError

SECONDS_MAX = 1e7
# What is the mark's and has no meaning here: a limit is a signal, and there is no debugger.
IGNORED = ("method", "disable_debugger_detection")

# seconds: 0 for as long as it likes, None for what other tests have.
MARKER = (
    "timeout(seconds, func_only=False): what this test may take, in place of what --timeout says; "
    "0: as long as it likes."
)
Limit = collections.namedtuple("Limit", ["seconds", "only_call"])


def heeded(config):
    """Whether the mark is xgrid's to obey."""
    manager = config.pluginmanager
    return not (manager.hasplugin("timeout") or manager.hasplugin("pytest_timeout"))


def limit_of(item):
    """The Limit of the test's mark, or None without one; UsageError for what is none."""
    mark = item.get_closest_marker("timeout")
    if mark is None:
        return None
    arguments = dict(zip(("timeout", "method", "func_only"), mark.args))
    twice = sorted(set(arguments) & set(mark.kwargs))
    arguments.update(mark.kwargs)
    unknown = sorted(set(arguments) - {"timeout", "func_only", *IGNORED})
    if len(mark.args) > 3 or twice or unknown:
        wrong = ", ".join(twice or unknown) or "%d of them" % len(mark.args)
        raise _error(item, wrong, "takes timeout, method and func_only, each once")
    only_call = bool(arguments.get("func_only"))
    if not arguments:
        raise _error(item, "", "takes seconds")
    seconds = arguments.get("timeout")
    return Limit(None if seconds is None else _seconds(item, seconds), only_call)


def _seconds(item, given):
    try:
        seconds = float(given)
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    if isinstance(given, bool) or not seconds <= SECONDS_MAX:
        raise _error(item, repr(given), "takes seconds up to %d" % SECONDS_MAX)
    return max(seconds, 0.0)


def _error(item, what, why):
    return UsageError("%s: the mark timeout %s%s" % (item.nodeid, why, what and ", not " + what))
