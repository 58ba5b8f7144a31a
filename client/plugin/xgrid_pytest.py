"""pytest's own session, its tests run by xgrid: `pytest -n 4`, `pytest --tx SPEC`, `pytest --xgrid`.

Starts `xgrid submit` with the session's command line, and gives what it says of nodes and tests to the hooks of this
session, as pytest-xdist does. Knows nothing of how tests are found, spread or repeated. Without those options, and in
the sessions where xgrid runs the tests, it does nothing.
"""

import builtins
import copy
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
import warnings

import pytest
from _pytest.reports import CollectReport, TestReport

PROGRAM = ""  # the xgrid that wrote this file
END_SECONDS = 10  # so long it may take to end what it runs, after it was asked to

# Names, then how pytest-xdist calls the value and what it is by default.
OPTIONS = (
    ("-n --numprocesses", {"dest": "numprocesses", "type": lambda text: _count(text)}),
    ("--maxprocesses", {"dest": "maxprocesses", "type": int}),
    ("--max-worker-restart", {"dest": "maxworkerrestart"}),
    ("--maxschedchunk", {"dest": "maxschedchunk", "type": int}),
    ("--dist", {"dest": "dist", "default": "no"}),
    ("-d", {"dest": "distload", "action": "store_true", "default": False}),
    ("--tx", {"dest": "tx", "action": "append", "default": []}),
    ("--px", {"dest": "px", "action": "append", "default": []}),
    ("--rsyncdir", {"dest": "rsyncdir", "action": "append", "default": []}),
    ("--rsyncignore", {"dest": "rsyncignore", "action": "append", "default": []}),
    ("--testrunuid", {"dest": "testrunuid"}),
    ("--ramp", {"dest": "ramp"}),
    ("--loadscope-reorder", {"dest": "loadscopereorder", "action": "store_true", "default": True}),
    ("--no-loadscope-reorder", {"dest": "loadscopereorder", "action": "store_false"}),
)
# Others may have these, since pytest-xdist is more than one plugin and xgrid's names are not everyone's.
LATE_OPTIONS = (
    ("-f --looponfail", {"dest": "looponfail", "action": "store_true", "default": False}),
    ("--broker", {"dest": "xgrid_broker"}),
    ("--collect", {"dest": "xgrid_collect"}),
    ("--no-confirm", {"dest": "xgrid_no_confirm", "action": "store_true"}),
    ("--start", {"dest": "xgrid_start"}),
)
PATHS = ("rsyncdirs", "rsyncignore", "looponfailroots")


class Hooks:
    """What pytest-xdist adds for others to implement."""

    def pytest_xdist_setupnodes(self, config, specs):
        """Before any node is made."""

    def pytest_xdist_newgateway(self, gateway):
        """There is to be a node there."""

    def pytest_xdist_rsyncstart(self, source, gateways):
        """Never called: xgrid sends code in its own way."""

    def pytest_xdist_rsyncfinish(self, source, gateways):
        """Never called."""

    @pytest.hookspec(firstresult=True)
    def pytest_xdist_getremotemodule(self):
        """Never called."""

    def pytest_configure_node(self, node):
        """May add to node.workerinput."""

    def pytest_testnodeready(self, node):
        """Its session has begun."""

    def pytest_testnodedown(self, node, error):
        """Its session is over; error says why, unless there was nothing left to do."""

    def pytest_xdist_node_collection_finished(self, node, ids):
        """What there is to run is known."""

    @pytest.hookspec(firstresult=True)
    def pytest_xdist_make_scheduler(self, config, log):
        """Never called: xgrid's broker spreads the tests."""

    @pytest.hookspec(firstresult=True)
    def pytest_xdist_auto_num_workers(self, config):
        """How many nodes -n auto means."""

    @pytest.hookspec(firstresult=True)
    def pytest_handlecrashitem(self, crashitem, report, sched):
        """May change the report of a test whose node crashed."""


# ---- Options


def pytest_addoption(parser, pluginmanager):
    group = parser.getgroup("xgrid", "tests run by xgrid")
    group.addoption(
        "--xgrid",
        action="store_true",
        default=False,
        help="run the tests with xgrid, on all cores unless -n or --tx say otherwise",
    )
    if not _xdist_comes(pluginmanager):
        _add_options(parser, OPTIONS)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config, parser, args):
    manager = early_config.pluginmanager
    if manager.hasplugin("xdist"):
        return
    manager.add_hookspecs(Hooks)
    _add_options(parser, OPTIONS + LATE_OPTIONS)
    for name in PATHS:
        if name not in parser._inidict:
            parser.addini(name, "see xgrid submit --help", type="linelist", default=[])
    early_config.known_args_namespace = parser.parse_known_args(
        args, namespace=copy.copy(early_config.option)
    )


def _xdist_comes(manager):
    """Whether pytest-xdist is there or, as far as one can tell so early, about to be."""
    if manager.hasplugin("xdist"):
        return True
    given = [str(arg) for arg in manager.get_plugin("pytestconfig").invocation_params.args]
    given += os.environ.get("PYTEST_ADDOPTS", "").split()
    if manager.is_blocked("xdist") or "no:xdist" in given or "-pno:xdist" in given:
        return False
    if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        return any("xdist" in word for word in given)
    from importlib import metadata

    return any(
        entry.group == "pytest11" and entry.name == "xdist"
        for distribution in metadata.distributions()
        for entry in distribution.entry_points
    )


def _add_options(parser, options):
    """Adds those that nobody has."""
    # pytest 9 keeps argparse's parser, older ones make it anew at each question.
    parsing = getattr(parser, "optparser", None) or parser._getparser()
    taken = set(parsing._option_string_actions)
    group = parser.getgroup("xgrid")
    for names, attributes in options:
        if taken.isdisjoint(names.split()):
            group._addoption(*names.split(), help="see xgrid submit --help", **attributes)


def _count(text):
    if text in ("auto", "logical"):
        return text
    count = int(text)
    if count < 0:
        raise ValueError(text)
    return count


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    option = config.option
    if hasattr(config, "workerinput"):
        return
    if config.pluginmanager.hasplugin("xdist"):
        if option.xgrid or getattr(option, "numprocesses", None) or getattr(option, "tx", None):
            raise pytest.UsageError(
                "pytest-xdist and xgrid would both run these tests: "
                "say -p no:xdist for xgrid, or -p no:xgrid_pytest for pytest-xdist"
            )
        return
    asked = option.xgrid or option.numprocesses is not None or bool(option.tx)
    if asked and option.numprocesses in ("auto", "logical", None) and not option.tx:
        option.numprocesses = _automatic(config)
    if not asked or option.numprocesses == 0 or _shows_only(option):
        option.dist, option.distload, option.tx, option.looponfail = "no", False, [], False
        return
    if getattr(option, "usepdb", False):
        raise pytest.UsageError(
            "--pdb is incompatible with distributing tests; try using -n0 or -nauto."
        )
    if option.looponfail:
        raise pytest.UsageError("-f: watching files is for xgrid itself: xgrid submit -f")
    if option.dist == "no" or option.distload:
        option.dist = "load"
    if option.numprocesses:
        count = option.numprocesses
        option.numprocesses = min(count, option.maxprocesses or count)
        option.tx = ["popen"] * option.numprocesses + option.tx
    config._xgrid = Controller(config)


def _automatic(config):
    if getattr(config.option, "usepdb", False):
        return 0
    asked = config.hook.pytest_xdist_auto_num_workers(config=config)
    if asked is not None:
        return asked
    try:
        return int(os.environ["PYTEST_XDIST_AUTO_NUM_WORKERS"])
    except (KeyError, ValueError):
        return len(os.sched_getaffinity(0))


def _shows_only(option):
    names = ("collectonly", "setuponly", "setupplan", "showfixtures", "show_fixtures_per_test")
    names += ("markers", "help", "cacheshow", "version")
    return any(getattr(option, name, False) for name in names)


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    if hasattr(config, "workerinput") or config.pluginmanager.hasplugin("xdist"):
        return
    config.addinivalue_line("markers", "xdist_group(name): tests that run in the same slot.")
    config.pluginmanager.register(Fixtures(), "xgrid-fixtures")
    controller = getattr(config, "_xgrid", None)
    if controller is not None:
        config.pluginmanager.register(controller, "dsession")


class Fixtures:
    """Of a session that is not distributed."""

    @pytest.fixture(scope="session")
    def worker_id(self):
        """The name of the slot that runs the test; master where the run is not distributed."""
        return "master"

    @pytest.fixture(scope="session")
    def testrun_uid(self):
        """The same text in all slots of a run."""
        return uuid.uuid4().hex


# ---- Nodes, as pytest-xdist has them


class Spec:
    """Where a node is: parts of the text as attributes."""

    def __init__(self, text, name):
        self._text = text
        self.env = {}
        for part in text.split("//"):
            key, equals, value = part.partition("=")
            if key.startswith("env:"):
                self.env[key[len("env:") :]] = value
            elif not key.startswith("_"):
                setattr(self, key, value if equals else True)
        self.id = name

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return None

    def __str__(self):
        return self._text

    def __repr__(self):
        return "<XSpec %r>" % self._text


class Gateway:
    def __init__(self, spec):
        self.spec = spec
        self.id = spec.id

    def __repr__(self):
        return "<Gateway id=%r>" % self.id


class Node:
    """A slot, as this session's hooks see it."""

    def __init__(self, config, spec, workerinput):
        self.config = config
        self.gateway = Gateway(spec)
        self.workerinput = workerinput
        self.workerinfo = {"id": spec.id, "spec": spec}
        self.is_up = False
        self.is_down = False
        self.collected = False

    @property
    def shutting_down(self):
        return self.is_down

    def __repr__(self):
        return "<WorkerController %s>" % self.gateway.id

    def take_facts(self, facts):
        numbers = re.findall("[0-9]+", facts["version"]) + ["0", "0", "0"]
        self.workerinfo.update(
            version=facts["version"],
            version_info=(*map(int, numbers[:3]), "final", 0),
            sysplatform=facts["platform"],
            platform=facts["platform"],
            executable=facts["executable"],
            cwd=facts["root"],
        )


# ---- The program


class Program:
    """xgrid submit, and the socket over which it tells of the run."""

    def __init__(self, config):
        program = _program()
        self._said = tempfile.TemporaryFile()
        ours, theirs = socket.socketpair()
        command = [program, "submit", "--plugin-socket=%d" % theirs.fileno()]
        command += ["--python", sys.executable]
        command += [str(arg) for arg in config.invocation_params.args]
        environment = dict(os.environ)
        count = config.option.numprocesses
        if count:
            environment["PYTEST_XDIST_AUTO_NUM_WORKERS"] = str(count)  # if it is told auto
        with theirs:
            self._process = subprocess.Popen(
                command,
                cwd=str(config.invocation_params.dir),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._said,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for this session, which tells it
            )
        self._socket = ours
        self._lines = ours.makefile("rb")

    def hear(self):
        """The next thing that it says; None: nothing comes any more."""
        try:
            line = self._lines.readline()
        except ConnectionError:
            return None
        return json.loads(line.decode("ascii")) if line.endswith(b"\n") else None

    def tell(self, value):
        self._socket.sendall(json.dumps(value).encode("ascii") + b"\n")

    def interrupt(self):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def end(self):
        """Waits for it, and sees to it that it ends; (exit code, what it said as errors)."""
        try:
            self._process.wait(END_SECONDS)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            self._process.terminate()
            try:
                self._process.wait(END_SECONDS)
            except (subprocess.TimeoutExpired, KeyboardInterrupt):
                self._process.kill()
                self._process.wait()
        self._lines.close()
        self._socket.close()
        with self._said as file:
            file.seek(0)
            said = file.read().decode("utf-8", "replace")
        return self._process.returncode, said.strip()


def _program():
    for name in (os.environ.get("XGRID"), PROGRAM, "xgrid"):
        found = shutil.which(name) if name else None
        if found:
            return found
    raise pytest.UsageError(
        "there is no xgrid: put it on PATH, or name it in the environment variable XGRID"
    )


# ---- The session


class Controller:
    """Stands where pytest-xdist's session stands: nothing is collected or run in this process."""

    def __init__(self, config):
        self._config = config
        self._session = None
        self._program = None
        self._uid = ""
        self._nodes = {}
        self._crashed = []  # names of nodes that nobody has replaced
        self._started = set()
        self._ids = {}  # of tests, and their places among all
        self._expected = 0
        self._not_tests = 0  # results that are of files
        self._failures = 0  # told
        self._config_warnings = set()
        self._interrupted = False
        self._failed_anyway = set()  # ids of crashed tests that a hook wants to run again

    @property
    def _terminal(self):
        return self._config.pluginmanager.getplugin("terminalreporter")

    @property
    def _verbosity(self):
        return getattr(self._config.option, "verbose", 0)

    # -- Hooks

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self, session):
        self._session = session
        if self._terminal is not None:
            self._terminal.showfspath = False
        self._program = Program(self._config)
        try:
            self._set_up_nodes()
        except BaseException:
            self._end_program()
            raise

    def pytest_collection(self):
        return True  # slots collect

    def pytest_runtestloop(self, session):
        end = None
        try:
            end = self._follow()
        finally:
            if end is None:
                self._stop()
            self._nodes_down()
            code, said = self._end_program()
        self._conclude(session, end, code, said)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self):
        if self._program is not None:
            self._stop()
            self._end_program()
        # What there is has been found and written elsewhere; this session would write what it knew before.
        known = self._config.pluginmanager.getplugin("nfplugin")
        cache = getattr(self._config, "cache", None)
        if hasattr(known, "cached_nodeids") and cache is not None:
            known.cached_nodeids = set(cache.get("cache/nodeids", []))

    def pytest_warning_recorded(self, warning_message, when):
        if when == "config":
            self._config_warnings.add(_key_of(warning_message))

    # -- Nodes

    def _set_up_nodes(self):
        told = self._program.hear()
        if told is None:
            code, said = self._end_program()
            raise _failure(code, said)
        self._uid = told["testrunuid"]
        specs = [Spec(node["spec"], node["id"]) for node in told["nodes"]]
        option = self._config.option
        option.tx = [str(spec) for spec in specs]
        self._config.hook.pytest_xdist_setupnodes(config=self._config, specs=specs)
        for spec in specs:
            self._new_node(spec, len(specs))
        given = [node.workerinput for node in self._nodes.values()]
        shared = {
            name: value
            for name, value in given[0].items()
            if all(one.get(name) == value for one in given)
        }
        self._program.tell([_sendable(one) for one in given + [shared]])
        self._say("%d worker%s" % (len(specs), "" if len(specs) == 1 else "s"))

    def _new_node(self, spec, count):
        workerinput = {
            "workerid": spec.id,
            "workercount": count,
            "testrunuid": self._uid,
            "mainargv": sys.argv,
        }
        node = self._nodes[spec.id] = Node(self._config, spec, workerinput)
        self._config.hook.pytest_xdist_newgateway(gateway=node.gateway)
        self._config.hook.pytest_configure_node(node=node)
        return node

    def _node(self, name):
        """One that is not there yet replaces another."""
        if name in self._nodes or not name:
            return self._nodes.get(name)
        spec = next(iter(self._nodes.values())).gateway.spec
        if self._crashed:
            crashed = self._crashed.pop(0)
            spec = self._nodes[crashed].gateway.spec
            self._say("replacing crashed worker %s" % crashed)
        count = len(self._config.option.tx)
        return self._new_node(Spec(str(spec), name), count)

    def _on_up(self, event):
        node = self._node(event["worker"])
        node.take_facts(event)
        node.is_up = True
        if self._verbosity > 0:
            self._say(
                "[%s] %s Python %s cwd: %s"
                % (event["worker"], event["platform"], event["version"], event["root"])
            )
        self._config.hook.pytest_testnodeready(node=node)

    def _on_down(self, event):
        node = self._nodes.get(event["worker"])
        if node is None or not node.is_up or node.is_down:
            return
        output = json.loads(event["output"]) if event["output"] else None
        if isinstance(output, dict):
            node.workeroutput = output
        reason = event["reason"]
        if reason:
            self._say("[%s] node down: %s" % (event["worker"], reason))
            self._crashed.append(event["worker"])
        self._node_down(node, reason or None)

    def _node_down(self, node, error):
        if error is None:
            self._collected(node)
        node.is_down = True
        self._config.hook.pytest_testnodedown(node=node, error=error)

    def _nodes_down(self):
        for node in list(self._nodes.values()):
            if node.is_up and not node.is_down:
                self._node_down(node, None)

    def _collected(self, node):
        if not node.collected:
            node.collected = True
            self._config.hook.pytest_xdist_node_collection_finished(node=node, ids=list(self._ids))

    # -- The run

    def _follow(self):
        """Until the end, which is returned; None if it does not come."""
        while True:
            event = self._program.hear()
            if event is None or event["event"] == "end":
                return event
            getattr(self, "_on_" + event["event"])(event)
            if self._session.shouldstop or (
                self._session.shouldfail and not self._config.option.maxfail
            ):
                self._interrupt()

    def _interrupt(self):
        if not self._interrupted:
            self._interrupted = True
            self._program.interrupt()

    def _stop(self):
        """Of what still happens only that nodes go is of interest."""
        if self._program is None:
            return
        self._interrupt()
        try:
            event = self._program.hear()
            while event is not None:
                if event["event"] == "down":
                    self._on_down(event)
                event = self._program.hear()
        except KeyboardInterrupt:
            self._program.interrupt()

    def _end_program(self):
        program, self._program = self._program, None
        return program.end() if program is not None else (0, "")

    def _conclude(self, session, end, code, said):
        if end is None:
            raise _failure(code, said)
        if said:
            self._say(said)
        session.testscollected = len(self._ids)
        reason = end["reason"]
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        if end["end"] == "stopped":
            raise session.Failed(reason)
        if end["end"] == "cancelled" or reason.startswith("KeyboardInterrupt"):
            raise KeyboardInterrupt(reason)
        if end["end"] != "completed":
            raise _failure(end["exit_code"], reason)
        if end["exit_code"] == 1 and not self._failures:
            raise _failure(1, reason or "xgrid found a failure that no report tells of")

    # -- Tests

    def _on_found(self, event):
        for name in event["tests"]:
            self._ids.setdefault(name, len(self._ids))
        if event["deselected"] and self._terminal is not None:
            self._terminal.stats.setdefault("deselected", []).extend([None] * event["deselected"])

    def _on_expected(self, event):
        self._expected = event["tests"]
        self._count_tests()

    def _count_tests(self):
        self._session.testscollected = max(self._expected - self._not_tests, 0)

    def _on_start(self, event):
        key = self._key(event)
        if key not in self._started:
            self._started.add(key)
            self._config.hook.pytest_runtest_logstart(
                nodeid=event["id"], location=_location(event["id"])
            )

    def _key(self, event):
        each = self._config.option.dist == "each"
        return event["id"], event["worker"] if each else ""

    def _on_result(self, event):
        reports = [self._report(event, phase) for phase in event["phases"]]
        if any(isinstance(report, CollectReport) for report in reports):
            self._tell_collected(event, reports)
            return
        self._on_start(event)
        for report in reports:
            if event["crashed"]:
                self._config.hook.pytest_handlecrashitem(
                    crashitem=event["id"], report=report, sched=self
                )
                if event["id"] in self._failed_anyway:
                    report.outcome = "failed"  # and not "rerun", which would be the last word
            self._tell(report)
        self._started.discard(self._key(event))
        self._config.hook.pytest_runtest_logfinish(
            nodeid=event["id"], location=_location(event["id"])
        )

    def mark_test_pending(self, item):
        """For crash hooks, which have the test run again in this way, and here cannot."""
        self._say(
            "pytest_handlecrashitem: xgrid does not run a crashed test again, %s failed" % item
        )
        self._failed_anyway.add(item)

    def _on_late(self, event):
        self._tell(self._report(event, event["phases"][0]))

    def _tell(self, report):
        if report.outcome == "failed":
            self._failures += 1
        self._config.hook.pytest_runtest_logreport(report=report)

    def _tell_collected(self, event, reports):
        self._not_tests += 1
        self._ids.pop(event["id"], None)
        self._count_tests()
        for report in reports:
            if report.outcome == "failed":
                self._failures += 1
            self._config.hook.pytest_collectreport(report=report)

    def _report(self, event, phase):
        report = self._whole(phase["report"]) if phase["report"] else None
        if report is None:
            report = _made_up(event, phase)
        if "quarantined" in phase:
            report.outcome = "skipped"  # a failure that is known, and fails nothing
            report.wasxfail = "reason: quarantined (%s)" % phase["quarantined"]
        node = self._node(event["worker"])
        if node is not None:
            report.node = node
            report.worker_id = event["worker"]
        report.testrun_uid = self._uid
        report.item_index = self._ids.setdefault(event["id"], len(self._ids))
        return report

    def _whole(self, text):
        report = self._config.hook.pytest_report_from_serializable(
            config=self._config, data=json.loads(text)
        )
        if report is None:
            return None
        # JSON has made lists of them.
        report.longrepr = _tuple(report.longrepr)
        for name in ("sections", "user_properties"):
            pairs = getattr(report, name, None)
            if isinstance(pairs, list):
                setattr(report, name, [_tuple(pair) for pair in pairs])
        if isinstance(report, TestReport):
            report.location = _tuple(report.location)
        return report

    # -- What else there is to see

    def _on_warning(self, event):
        category = _category(event["category"])
        message = warnings.WarningMessage(
            category(event["message"]), category, event["path"], event["line"]
        )
        if event["when"] == "config" and _key_of(message) in self._config_warnings:
            return
        self._config.hook.pytest_warning_recorded.call_historic(
            kwargs={
                "warning_message": message,
                "when": event["when"],
                "nodeid": event["id"],
                "location": None,
            }
        )

    def _on_note(self, event):
        self._say(event["text"])

    def _on_output(self, event):
        label = "[%s] " % event["worker"]
        self._say("\n".join(label + line for line in event["text"].splitlines()))

    def _say(self, text):
        terminal = self._terminal
        if terminal is not None and self._verbosity >= 0:
            terminal.ensure_newline()
            terminal.write_line(text)


def _failure(code, text):
    """What ends a session with this exit code."""
    for opening in ("xgrid: ", "ERROR: ", "_pytest.outcomes.Exit: "):
        if text.startswith(opening):
            text = text[len(opening) :]
    text = text or "xgrid ended without a word (exit code %d)" % code
    if code == 4:
        return pytest.UsageError(text)
    return pytest.exit.Exception(text, code if code > 0 else 3)


def _made_up(event, phase):
    """The report of a test, or a file, that no session could make one for."""
    if phase["when"] == "collect":
        return CollectReport(event["id"], "failed", phase["text"], [])
    path = event["id"].split("::")[0]
    when = "???" if event["crashed"] else phase["when"]
    return TestReport(event["id"], (path, None, path), {}, "failed", phase["text"], when)


def _tuple(value):
    return tuple(value) if isinstance(value, list) else value


def _location(name):
    path, _, rest = name.partition("::")
    return path, None, rest.replace("::", ".")


def _category(name):
    found = getattr(builtins, name, None) or getattr(pytest, name, None)
    if isinstance(found, type) and issubclass(found, Warning):
        return found
    return type(str(name), (Warning,), {})


def _key_of(warning):
    return warning.category.__name__, str(warning.message)


def _sendable(workerinput):
    found = {}
    for name, value in workerinput.items():
        try:
            found[str(name)] = json.loads(json.dumps(value))
        except (TypeError, ValueError):
            raise pytest.UsageError(
                "pytest_configure_node: workerinput[%r] cannot be sent to a node: it is a %s, and only "
                "what JSON has can be" % (name, type(value).__name__)
            ) from None
    return found
