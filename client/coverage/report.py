# The text of `python3 -c`: combines what a run's slots have measured, and writes the reports, with
# pytest-cov's own code. Its cwd is where the run was submitted.
#
# stdin    {"options": pytest-cov's, "slots": [{"name", "platform", "output"}], "moved": [[folder there, folder here]],
#           "failed": tests, "seconds": since the run began, "coloured": bool, "distributed": bool}
#          A slot's output is what worker/frameworks/pytest/output.py says; empty: it is lost.
# stdout   what pytest-cov prints at the end of a session
# exit     0; 1: less is covered than has to be; 3: there is no report, and stdout says why
import argparse
import base64
import glob
import io
import json
import os
import sys
import types
import warnings

NO_PACKAGE = "xgrid: no coverage report: %s lacks what --cov needs: %s\n"
NO_DATA = "xgrid: no coverage report: %s: %s\n"


class Terminal:
    """What pytest-cov takes for pytest's terminal reporter."""

    def __init__(self, coloured):
        from _pytest._io import TerminalWriter

        self.file = io.StringIO()
        self._writer = TerminalWriter(self.file)
        self._writer.hasmarkup = coloured

    def write(self, text, **markup):
        self._writer.write(text, **markup)

    def getplugin(self, _name):
        return self

    get_plugin = getplugin


class Node:
    """What pytest-cov takes for a worker of pytest-xdist."""

    def __init__(self, slot):
        said = json.loads(slot["output"]) if slot["output"] else {}
        self.data = [base64.b64decode(text) for text in said.get("coverage", ())]
        self.workeroutput = said.get("workeroutput", {})
        facts = types.SimpleNamespace(
            platform=slot["platform"], version_info=tuple(said.get("python", ()))
        )
        self.gateway = types.SimpleNamespace(id=slot["name"], _rinfo=lambda: facts)


class Moved:
    """Where files that were measured elsewhere are here; also what coverage calls aliases."""

    def __init__(self, pairs):
        self._pairs = pairs

    def map(self, path, exists=None):
        for there, here in self._pairs:
            if path.startswith(os.path.join(there, "")):
                return here + path[len(there) :]
        return path

    __call__ = map


def main(request):
    """(text, exit code)"""
    sys.path.append(sys.path.pop(0))  # a project's own modules come last
    try:
        from pytest_cov import engine, plugin
    except ImportError as error:
        return NO_PACKAGE % (sys.executable, error), 3
    for name in ("PytestCovWarning", "CovDisabledWarning", "CovReportWarning"):
        warnings.simplefilter("ignore", getattr(plugin, name, UserWarning))
    options = restored(request["options"])
    appends, options.cov_append = options.cov_append, True  # what lies there is looked after here
    terminal = Terminal(request["coloured"])
    session = types.SimpleNamespace(
        testsfailed=request["failed"], config=types.SimpleNamespace(pluginmanager=terminal)
    )
    cov = plugin.CovPlugin(options, None, start=False)
    try:
        if not options.no_cov:
            cov.start(engine.DistMaster)
            file = os.path.abspath(cov.cov_controller.cov.config.data_file)
            if request["distributed"] and not appends:
                parallel = cov.cov_controller.cov.config.parallel
                remove_earlier(file, run_began(request) if parallel else None)
            gather(cov, file, request)
        through(cov.pytest_runtestloop(session))
        cov.pytest_terminal_summary(terminal)
    except Exception as error:
        why = NO_DATA % (type(error).__name__, error)
        return terminal.file.getvalue() + why, 3
    return terminal.file.getvalue(), int(session.testsfailed > request["failed"])


def restored(options):
    """As the command line gave them: pytest-cov is about to prepare them itself."""
    namespace = argparse.Namespace(rsyncdir=[], **options)
    if namespace.cov_source is None:
        namespace.cov_source = [True]
    if not namespace.cov_report:
        namespace.cov_report = {"": None}
    return namespace


def run_began(request):
    """By the clock of files: stdin is a file, written when the run was over, and this process may have begun much later."""
    return os.fstat(0).st_mtime - request["seconds"]


def remove_earlier(file, before):
    """Data of earlier runs: the file, and where parallel runs leave theirs beside it, older ones of those."""
    earlier = [file] if os.path.exists(file) else []
    if before is not None:
        earlier += [
            path for path in glob.glob(glob.escape(file) + ".*") if os.path.getmtime(path) < before
        ]
    for path in earlier:
        os.remove(path)


def gather(cov, file, request):
    """Puts the data that slots have brought beside those that are here."""
    from coverage import CoverageData

    moved = Moved(request["moved"])
    for slot in request["slots"]:
        node = Node(slot)
        for number, content in enumerate(node.data):
            data = CoverageData(no_disk=True)
            data.loads(content)
            suffix = "xgrid-%d-%s-%d" % (os.getpid(), slot["name"], number)
            target = CoverageData(basename=file, suffix=suffix)
            try:
                target.update(data, map_path=moved)
            except TypeError:  # before coverage 7.6
                target.update(data, aliases=moved)
            target.write()
        if request["distributed"]:
            cov.pytest_testnodedown(node, None)
        else:
            python = node.gateway._rinfo()
            about = cov.cov_controller.get_node_desc(python.platform, python.version_info)
            cov.cov_controller.node_descs.add(about)


def through(wrapper):
    """Runs a hook's wrapper around nothing."""
    next(wrapper)
    try:
        wrapper.send(None)
    except StopIteration:
        pass


text, code = main(json.load(io.TextIOWrapper(sys.stdin.buffer, "utf-8")))
sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
sys.stdout.buffer.flush()
sys.exit(code)
