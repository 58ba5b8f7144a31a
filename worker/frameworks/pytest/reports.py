"""Turns pytest's reports into a verdict and what a reader needs to see of it.

Knows nothing of jobs and sockets.
"""

import io
import json
import re

from _pytest._io import TerminalWriter

from .channel import clean_text

TEXT_CHARACTERS_MAX = 1024 * 1024
VERDICTS = (
    "failed",
    "error",
    "xpassed",
    "xfailed",
    "skipped",
    "passed",
)  # the first that a phase has
PLAIN = {
    "setup": ("", "", ""),
    "call": ("passed", ".", "PASSED"),
    "teardown": ("", "", ""),
}
RESET = "\x1b[0m"
SEQUENCE = re.compile(r"\x1b\[[0-9;:]*m")
BEGUN_SEQUENCE = re.compile(r"\x1b(\[[0-9;:]*)?\Z")
SEQUENCE_CHARACTERS_MAX = 32
PASSED_LOGGED = ("all", "log", "out-err", "system-out", "system-err")


class Reports:
    """The reports of one test after the other, read as this session's options ask for."""

    def __init__(self, config, whole=False):
        self._config = config
        self._whole = whole  # every phase is told, with pytest's own report
        self._coloured = getattr(config.option, "color", "no") == "yes"
        self._highlighted = getattr(config.option, "code_highlight", "yes") != "no"
        self._letters = str(getattr(config.option, "reportchars", "") or "")
        self._sections_of_passed = self._wants_sections_of_passed()
        self._location_wanted = _ini(config, "junit_family") in ("xunit1", "legacy")
        self._tb_line = getattr(config.option, "tbstyle", "auto") == "line"
        self._own_status = True

    def look_for_plugins(self):
        """To be called when conftests may have been loaded: someone may have ideas of what a pass is."""
        implementations = self._config.hook.pytest_report_teststatus.get_hookimpls()
        self._own_status = any(not _is_pytests(impl.plugin) for impl in implementations)

    def plain(self, reports):
        """Whether setup, call and teardown passed and there is nothing else to tell."""
        if len(reports) != 3 or self._own_status or self._whole:
            return False
        for report in reports:
            if report.outcome != "passed" or "wasxfail" in report.__dict__:
                return False
        last = reports[2]
        return not (
            last.user_properties
            or self._location_wanted
            or (self._sections_of_passed and last.sections)
        )

    def verdict(self, reports):
        """(verdict, [setup, call, teardown] in seconds, details or None)"""
        phases = []
        categories = []
        seconds = {"setup": 0.0, "call": 0.0, "teardown": 0.0}
        for report in reports:
            status = self._status(report)
            categories.append(_known(status[0], report))
            repeats = any(phase["category"] not in VERDICTS for phase in phases)
            if self._whole or not _is_plain(report, status) or (repeats and report.when == "call"):
                # A pass is not silent where a plugin has told of earlier tries.
                phases.append(self.phase(report, status))
            if report.when in seconds:
                seconds[report.when] += report.duration
        verdict = next((name for name in VERDICTS if name in categories), "passed")
        return verdict, list(seconds.values()), self._details(reports, phases, verdict)

    def phase(self, report, status=None):
        """What there is to say of a report that is not a plain pass."""
        category, letter, word = status or self._status(report)
        path, line, reason = _reason(report)
        crash = getattr(report.longrepr, "reprcrash", None)
        if crash is not None and not reason:
            path, line = crash.path, crash.lineno
        told = {"report": serialised(self._config, report)} if self._whole else {}
        return {
            **told,
            "when": str(report.when),
            "category": category,
            "letter": letter,
            "word": word,
            "longrepr": bounded(self._rendered(report, category)),
            "crash": bounded(self._plain(str(getattr(crash, "message", "") or ""))),
            "reason": bounded(reason),
            "path": str(path),
            "line": line if isinstance(line, int) else 0,
        }

    def _wants_sections_of_passed(self):
        if "P" in self._letters or "A" in self._letters:
            return True
        logged = _ini(self._config, "junit_logging") in PASSED_LOGGED
        return logged and bool(_ini(self._config, "junit_log_passing_tests"))

    def _status(self, report):
        if report.when == "collect":
            return ("skipped", "s", "SKIPPED") if report.skipped else ("error", "E", "ERROR")
        found = self._config.hook.pytest_report_teststatus(report=report, config=self._config)
        category, letter, word = found if found else _pytests_own_status(report)
        if isinstance(word, tuple):
            word = word[0]
        return str(category), str(letter), str(word)

    def _rendered(self, report, category):
        if report.longrepr is None:
            return ""
        if category == "skipped":
            return str(report.longrepr) if report.when == "collect" else ""
        if category == "xfailed" and not ("x" in self._letters or "a" in self._letters.lower()):
            return ""  # nobody will read it, and it is dear
        if self._tb_line and category == "failed":
            return _crash_line(report)
        text = io.StringIO()
        writer = TerminalWriter(text)
        writer.hasmarkup = self._coloured
        writer.code_highlight = self._highlighted
        try:
            report.toterminal(writer)
        except Exception as error:
            text.write("<the report cannot be shown: %s>" % type(error).__name__)
        return text.getvalue()

    def _plain(self, text):
        # What compares two values may have coloured how they differ.
        return SEQUENCE.sub("", text) if self._coloured else text

    def _details(self, reports, phases, verdict):
        if not reports:
            return None
        last = reports[-1]
        sections = last.sections
        if verdict == "passed" and not phases and not self._sections_of_passed:
            sections = []
        properties = getattr(last, "user_properties", None) or []
        if not (phases or sections or properties or self._location_wanted):
            return None
        return {
            "phases": phases,
            "sections": [[str(name), bounded(str(text))] for name, text in sections],
            "properties": [_property(entry) for entry in properties],
            "location": list(last.location or ("", None, "")),
        }


def _ini(config, name):
    try:
        return config.getini(name)
    except (KeyError, ValueError):  # of a plugin that is not there
        return None


def _pytests_own_status(report):
    # What pytest's terminal plugin says, for sessions without it: a failure must never be silent.
    if report.failed:
        return ("failed", "F", "FAILED") if report.when == "call" else ("error", "E", "ERROR")
    if report.skipped:
        return "skipped", "s", "SKIPPED"
    return PLAIN.get(report.when, ("", "", ""))


def _is_pytests(plugin):
    name = getattr(plugin, "__name__", None) or type(plugin).__module__
    return name.startswith("_pytest.") or type(plugin).__module__.startswith("_pytest.")


def _is_plain(report, status):
    return (
        report.outcome == "passed"
        and "wasxfail" not in report.__dict__
        and status == PLAIN.get(report.when)
    )


def _known(category, report):
    if category in VERDICTS or category == "":
        return category
    # A plugin's own word ("rerun", ...): only a failure counts, what it repeats comes with its own report.
    return "failed" if report.outcome == "failed" else ""


def _reason(report):
    """(path, line, reason) of a skip or an expected failure."""
    if "wasxfail" in report.__dict__:
        return "", 0, str(report.wasxfail)
    if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
        path, line, reason = report.longrepr
        prefix = "Skipped: "
        return path, line, reason[len(prefix) :] if reason.startswith(prefix) else reason
    return "", 0, ""


def _crash_line(report):
    try:
        return str(report.longrepr.reprcrash)
    except AttributeError:
        return str(report.longrepr)[:50]


def _property(entry):
    try:
        name, value = entry
    except (TypeError, ValueError):
        name, value = "property", entry
    return [bounded(_shown(name)), bounded(_shown(value))]


def _shown(value):
    try:
        return str(value)
    except Exception as error:
        return "<%s: its str() raised %s>" % (type(value).__name__, type(error).__name__)


def serialised(config, report):
    """As JSON, for another session of pytest; values that JSON does not have as what they show of themselves."""
    data = config.hook.pytest_report_to_serializable(config=config, report=report)
    return json.dumps(_plain_value(data))


def _plain_value(value):
    if isinstance(value, str):
        return bounded(clean_text(value))
    if isinstance(value, dict):
        return {clean_text(_shown(key)): _plain_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain_value(item) for item in value]
    if value is None or type(value) in (bool, int, float):
        return value
    return bounded(clean_text(_shown(value)))


def bounded(text):
    """The text, or its head and tail with the cut told between them."""
    excess = len(text) - TEXT_CHARACTERS_MAX
    if excess <= 0:
        return text
    half = TEXT_CHARACTERS_MAX // 2
    head, tail = text[:half], text[-half:]
    if SEQUENCE.search(head):
        # No colour goes on behind the cut, and none is cut in two.
        head = BEGUN_SEQUENCE.sub("", head) + RESET
    begun = BEGUN_SEQUENCE.search(
        text, len(text) - half - SEQUENCE_CHARACTERS_MAX, len(text) - half
    )
    if begun and SEQUENCE.match(text, begun.start()):
        tail = text[SEQUENCE.match(text, begun.start()).end() :]
    return "%s\n[... %d characters cut ...]\n%s" % (head, excess, tail)
