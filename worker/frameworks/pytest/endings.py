"""What ends a session or keeps it from beginning, in pytest's words and with its exit codes."""

import pytest
from _pytest._code import ExceptionInfo
from _pytest.config import ConftestImportFailure, UsageError


class Refused(Exception):
    """The session cannot be had: (exit code, text)."""


def refusal(error, config):
    """The Refused for an exception that is being handled; config is None while there is none yet."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, UsageError):
        return Refused(4, usage_text(error))
    if isinstance(error, ConftestImportFailure):
        return Refused(4, _conftest_text(error))
    if isinstance(error, (KeyboardInterrupt, pytest.exit.Exception)):
        return Refused(exit_code(error), exit_reason(error))
    if isinstance(error, SystemExit):
        return Refused(
            error.code if isinstance(error.code, int) else 3, "SystemExit: %s" % error.code
        )
    if isinstance(error, OSError) and config is None and error.filename is None:
        return Refused(3, "cannot start pytest: %s" % error)
    if config is not None:
        return Refused(3, internal_error(config))
    return Refused(3, str(ExceptionInfo.from_current().getrepr(style="native")))


def _conftest_text(error):
    from _pytest import config

    cause = getattr(error, "cause", None) or error.excinfo[1]
    info = ExceptionInfo.from_exc_info((type(cause), cause, cause.__traceback__))
    try:
        info.traceback = info.traceback.filter(config.filter_traceback_for_conftest_import_failure)
    except (AttributeError, TypeError):
        pass
    shown = info.getrepr(style="short", chain=False) if info.traceback else info.exconly()
    return "ImportError while loading conftest '%s'.\n%s" % (error.path, shown)


def usage_text(error):
    """What pytest prints for it."""
    return "\n".join("ERROR: %s" % message for message in error.args)


def exit_reason(error):
    if isinstance(error, pytest.exit.Exception):
        return "_pytest.outcomes.Exit: %s" % error.msg
    return "%s: %s" % (type(error).__name__, error) if str(error) else type(error).__name__


def interrupted_at(info):
    """Where a KeyboardInterrupt was raised, in the line that pytest prints of it."""
    return str(info.getrepr().reprcrash)


def exit_code(error):
    code = getattr(error, "returncode", None)
    return 2 if code is None else int(code)


def internal_error(config):
    """Tells the plugins of the exception that is being handled; its text, as pytest prints it."""
    info = ExceptionInfo.from_current()
    shown = info.getrepr(style="native")
    try:
        config.hook.pytest_internalerror(excrepr=shown, excinfo=info)
    except BaseException as error:
        return "%s\n(and a plugin's pytest_internalerror raised %s)" % (shown, type(error).__name__)
    return str(shown)
