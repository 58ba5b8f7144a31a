"""pytest itself with xgrid's plugin: its own session hears of nodes and tests what it hears under pytest-xdist."""

import collections
import json
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

import grid
import suite_of_everything

OURS = ["-p", "no:xdist", "-p", "xgrid_pytest"]
HOOKS = """
    import json, os
    import pytest

    LINES = []

    def pytest_runtest_logreport(report):
        LINES.append(["report", report.nodeid, report.when, report.outcome])
        if os.environ.get("PYTEST_XDIST_WORKER") is None and hasattr(report, "node"):
            node = report.node
            assert report.worker_id == node.gateway.id == node.workerinput["workerid"]
            assert report.testrun_uid == node.workerinput["testrunuid"]
            assert node.workerinfo["id"] == report.worker_id
            assert len(node.workerinfo["version_info"]) == 5

    def pytest_collectreport(report):
        LINES.append(["collect", report.nodeid, report.outcome])

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(node):
        node.workerinput["colour"] = "blue of " + node.gateway.id
        LINES.append(["configure_node", node.gateway.id])

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodeready(node):
        LINES.append(["ready", node.gateway.id])

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(node, error):
        LINES.append(["down", node.gateway.id, error])

    def pytest_sessionfinish(session, exitstatus):
        LINES.append(["finish", int(exitstatus)])

    def pytest_unconfigure(config):
        if not hasattr(config, "workerinput"):
            with open("hooks.json", "w") as file:
                json.dump(LINES, file)
"""
THREE = """
    import time

    def test_one():
        pass

    def test_two():
        assert 1 == 2, "not equal"

    def test_three():
        print("said by three")
"""


class Pytest:
    """A run of pytest in a project."""

    def __init__(self, project, *args, plugin=OURS, python=sys.executable, **env):
        folder = subprocess.run(
            [grid.XGRID, "plugin", "path"], env=project.env, capture_output=True, check=True
        ).stdout
        self.env = {
            "PYTHONPATH": folder.decode().strip(),
            "PYTHONDONTWRITEBYTECODE": "1",
            **project.env,
            **env,
        }
        self.env.pop("XGRID", None)  # it has to know by itself
        self.process = subprocess.Popen(
            [python, "-m", "pytest", *plugin, *map(str, args)],
            cwd=str(project.path),
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.path = project.path

    def end(self):
        run = grid.ended(self.process)
        self.code, self.out, self.err, self.last_line = run.code, run.out, run.err, run.last_line
        return self

    @property
    def hooks(self):
        return json.loads((self.path / "hooks.json").read_text())


def run(project, *args, **more):
    return Pytest(project, *args, **more).end()


def counts(line):
    """Of the last line, without the time."""
    return re.sub(r" in [0-9.]+s.*", "", line).strip("= ")


@pytest.fixture
def everything(project):
    project.env.update(COLUMNS="100")
    return suite_of_everything.write(project)


@pytest.fixture
def three(project):
    project.write("conftest.py", HOOKS)
    project.write("test_three.py", THREE)
    return project


def test_counts_and_summary_are_plain_pytests(everything):
    args = ["-rA", "--tb=short", "--continue-on-collection-errors", "-p", "no:cacheprovider"]
    plain = run(everything, *args, plugin=["-p", "no:xdist"])
    ours = run(everything, *args, "-n", 2)
    assert ours.code == plain.code == 1, ours.out + ours.err
    assert counts(ours.last_line) == counts(plain.last_line)

    def summary(text):
        return sorted(text.partition("short test summary info")[2].splitlines()[1:-1])

    assert summary(ours.out) == summary(plain.out)


def test_junit_has_the_cases_of_a_plain_run(everything):
    def cases(name, *args, **more):
        run(everything, *args, "--junitxml", name, "--continue-on-collection-errors", **more)
        return sorted(
            (case.get("classname"), case.get("name"), sorted(part.tag for part in case))
            for case in ElementTree.parse(str(everything.path / name)).getroot().iter("testcase")
        )

    plain = cases("plain.xml", plugin=["-p", "no:xdist"])
    assert cases("ours.xml", "-n", 2) == plain


def test_hooks_see_every_report_and_every_node(three):
    plain = run(three, plugin=["-p", "no:xdist"])
    told = [line for line in plain.hooks if line[0] == "report"]
    ours = run(three, "-n", 2, "-v", "--no-confirm")
    assert ours.code == 1, ours.out + ours.err
    assert sorted(line for line in ours.hooks if line[0] == "report") == sorted(told)
    by_kind = collections.defaultdict(list)
    for kind, *facts in ours.hooks:
        by_kind[kind].append(facts)
    assert by_kind["configure_node"] == [["gw0"], ["gw1"]]
    ready = [name for name, in by_kind["ready"]]
    assert ready and sorted(by_kind["down"]) == sorted([name, None] for name in ready)
    assert by_kind["finish"] == [[1]]
    assert re.search(r"\[gw[01]\] .*PASSED test_three.py::test_one", ours.out)
    assert re.search(r"\[gw[01]\] linux -- Python ", ours.out)


def test_what_configure_node_says_reaches_the_slot(three):
    three.write(
        "test_input.py",
        """
        def test_input(request, worker_id):
            assert request.config.workerinput["colour"] == "blue of " + worker_id
        """,
    )
    ours = run(three, "-n", 2, "test_input.py")
    assert ours.code == 0, ours.out + ours.err


def test_the_first_failure_ends_the_run(three):
    three.write("test_later.py", "import time\n\ndef test_later():\n    time.sleep(60)\n")
    three.write("test_a.py", "def test_a():\n    assert False\n")
    ours = run(three, "-n", 1, "-x")
    assert ours.code == 1
    assert "stopping after 1 failures" in ours.out
    assert counts(ours.last_line) == "1 failed"


def test_a_crash_is_a_failure_and_others_run(three):
    three.write("test_crash.py", "import os\n\ndef test_crash():\n    os._exit(3)\n")
    ours = run(three, "-n", 1)
    assert ours.code == 1
    assert "crashed while running 'test_crash.py::test_crash'" in ours.out
    assert "[gw0] node down" in ours.out
    assert counts(ours.last_line) == "2 failed, 2 passed"
    errors = [line[2] for line in ours.hooks if line[0] == "down"]
    assert errors[0] and errors[-1] is None


def test_a_crash_hook_that_wants_the_test_to_run_again_is_told_and_it_has_failed(project):
    project.write(
        "conftest.py",
        """
        def pytest_handlecrashitem(crashitem, report, sched):
            sched.mark_test_pending(crashitem)
            report.outcome = "rerun"
        """,
    )
    project.write("test_a.py", "import os\ndef test_a(): os._exit(3)\ndef test_b(): pass\n")
    ours = run(project, "-n", 1)
    assert ours.code == 1, ours.out + ours.err
    assert ours.out.count("xgrid does not run a crashed test again, test_a.py::test_a failed") == 1
    assert counts(ours.last_line) == "1 failed, 1 passed"


def test_a_hook_says_how_many_nodes_auto_means(three):
    three.write("conftest.py", "def pytest_xdist_auto_num_workers(config): return 3\n")
    assert "3 workers" in run(three, "-n", "auto").out


@pytest.mark.parametrize("signals", [1, 2])
def test_ctrl_c_leaves_nothing_behind(three, marked, signals):
    three.write(
        "test_long.py",
        "import time\n\ndef test_long():\n    open('begun', 'w').close()\n    time.sleep(600)\n",
    )
    ours = Pytest(three, "-n", 2, **marked.env)
    assert grid.until(lambda: (three.path / "begun").exists())
    for _ in range(signals):
        ours.process.send_signal(signal.SIGINT)
    ours.end()
    assert ours.code == 2
    assert "KeyboardInterrupt" in ours.out
    assert marked.gone()


def test_a_killed_session_leaves_nothing_behind(three, marked):
    three.write(
        "test_long.py",
        "import time\n\ndef test_long():\n    open('begun', 'w').close()\n    time.sleep(600)\n",
    )
    ours = Pytest(three, "-n", 2, **marked.env)
    assert grid.until(lambda: (three.path / "begun").exists())
    ours.process.kill()
    ours.end()
    assert marked.gone()


@pytest.mark.parametrize(
    "args, code, text",
    [
        (["-n", "2", "no_such.py"], 4, "no_such.py"),
        (["-n", "2", "test_three.py::no_such"], 4, "no_such"),
        (["-n", "nonsense"], 4, "nonsense"),
        (["-n", "-3"], 4, "-3"),
        (["--tx", "no_such_kind"], 4, "no_such_kind"),
        (["-n", "2", "--pdb"], 4, "--pdb is incompatible with distributing tests"),
        (["-n", "2", "-f"], 4, "xgrid submit -f"),
        (["-n", "2", "-k", "no_such_name"], 5, "deselected"),
        (["-n", "2", "-k", "one"], 0, "1 passed"),
    ],
)
def test_exit_codes(three, args, code, text):
    ours = run(three, *args)
    assert ours.code == code, ours.out + ours.err
    assert text in ours.out + ours.err


def test_it_needs_no_terminal_reporter(three):
    ours = run(three, "-n", 2, "-p", "no:terminal", "-p", "no:debugging")
    assert ours.code == 1 and ours.out == "", ours.out + ours.err


def test_each_environment_has_its_reports(three):
    ours = run(three, "--tx", "popen//id=a", "--tx", "popen//id=b", "--dist", "each", "-k", "one")
    assert ours.code == 0, ours.out + ours.err
    assert counts(ours.last_line) == "2 passed, 4 deselected"
    assert sorted(line[1] for line in ours.hooks if line[0] == "down") == ["a", "b"]


def test_of_a_test_run_in_a_copy_the_report_names_the_file_here(three, tmp_path):
    three.write("test_place.py", "def test_place():\n    assert not __file__\n")
    ours = run(
        three, "--tx", "popen//chdir=%s" % (tmp_path / "copy"), "test_place.py", "--tb=native"
    )
    assert ours.code == 1
    assert str(three.path / "test_place.py") in ours.out
    assert str(tmp_path / "copy") not in ours.out.partition("FAILURES")[2].partition("E  ")[0]


def test_with_s_the_output_is_shown_as_it_comes(three):
    ours = run(three, "-n", 1, "-s", "-k", "three")
    assert "[gw0] said by three" in ours.out


def test_pytest_exit_gives_its_code(three):
    three.write("test_a.py", "import pytest\n\ndef test_a():\n    pytest.exit('enough', 7)\n")
    ours = run(three, "-n", 1)
    assert ours.code == 7
    assert "enough" in ours.out


def test_last_failed_runs_what_failed(three):
    assert run(three, "-n", 2).code == 1
    plain = run(three, "--lf", plugin=["-p", "no:xdist"])
    assert counts(plain.last_line) == "1 failed"
    ours = run(three, "--lf", "-n", 2)
    assert ours.code == 1
    assert counts(ours.last_line).startswith("1 failed")
    nodeids = json.loads((three.path / ".pytest_cache/v/cache/nodeids").read_text())
    assert "test_three.py::test_one" in nodeids


def test_warnings_are_recorded_here(project):
    project.write(
        "test_warns.py",
        """
        import warnings

        class Mine(UserWarning):
            pass

        def test_warns():
            warnings.warn("be careful", Mine)
        """,
    )
    ours = run(project, "-n", 2)
    assert "Mine: be careful" in ours.out
    assert counts(ours.last_line) == "1 passed, 1 warning"


def test_odd_values_in_reports_are_shown(project):
    project.write(
        "test_odd.py",
        """
        def test_odd(record_property):
            record_property("thing", object)
            record_property("text", "\\udc80")
            print("\\udc80")
            assert 0
        """,
    )
    ours = run(project, "-n", 1, "--junitxml", "odd.xml")
    assert ours.code == 1, ours.out + ours.err
    assert "&lt;class 'object'&gt;" in (project.path / "odd.xml").read_text()


def test_a_stop_that_a_hook_asks_for_ends_the_run(project):
    project.write(
        "conftest.py",
        """
        import pytest

        class Here:
            def pytest_runtest_logreport(self, report):
                self.session.shouldstop = "enough is enough"

            def pytest_sessionstart(self, session):
                self.session = session

        def pytest_configure(config):
            if not hasattr(config, "workerinput"):
                config.pluginmanager.register(Here())
        """,
    )
    project.write("test_a.py", "def test_a():\n    pass\n")
    project.write("test_b.py", "import time\n\ndef test_b():\n    time.sleep(600)\n")
    ours = run(project, "-n", 1)
    assert ours.code == 2
    assert "enough is enough" in ours.out


def test_without_its_options_nothing_changes(three):
    ours = run(three)
    plain = run(three, plugin=["-p", "no:xdist"])
    assert ours.code == plain.code == 1

    def body(text):
        return re.sub(r"[0-9.]+s|plugins: .*", "", text)

    assert body(ours.out) == body(plain.out)


@pytest.mark.parametrize(
    "args", [["-n", "0"], ["--dist", "loadscope"], ["--collect-only", "-n", 2]]
)
def test_some_options_leave_the_session_as_it_is(three, args):
    ours = run(three, *args)
    assert "worker" not in ours.out
    assert ours.code == (0 if "--collect-only" in args else 1), ours.out + ours.err


def test_options_may_stand_in_the_ini_file(three):
    three.write(
        "pytest.ini", "[pytest]\naddopts = -p no:xdist -p xgrid_pytest -n 2\nrsyncdirs = .\n"
    )
    ours = run(three, plugin=[])
    assert ours.code == 1, ours.out + ours.err
    assert "2 workers" in ours.out


def test_both_plugins_at_once_are_refused(three):
    pytest.importorskip("xdist")
    for args in (["-n", "2"], ["--xgrid"]):
        ours = run(three, *args, plugin=["-p", "xgrid_pytest"])
        assert ours.code == 4
        assert "-p no:xdist" in ours.err


def test_pytest_xdists_hooks_see_the_same(three):
    pytest.importorskip("xdist")
    theirs = run(three, "-n", 2, plugin=[])
    told = sorted(line for line in theirs.hooks if line[0] in ("report", "configure_node"))
    ours = run(three, "-n", 2, "--no-confirm")
    assert sorted(line for line in ours.hooks if line[0] in ("report", "configure_node")) == told
    assert counts(ours.last_line) == counts(theirs.last_line)


def plugin_command(project, *args):
    return subprocess.run(
        [grid.XGRID, "plugin", *map(str, args)],
        env=project.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )


def test_once_installed_it_is_loaded_by_itself(three, tmp_path):
    subprocess.run(
        [
            sys.executable,
            "-m",
            "venv",
            "--without-pip",
            "--system-site-packages",
            tmp_path / "venv",
        ],
        check=True,
    )
    python = tmp_path / "venv/bin/python"
    installed = plugin_command(three, "install", "--python", python)
    assert installed.returncode == 0, installed.stderr
    ours = run(three, "-n", 2, plugin=["-p", "no:xdist"], python=python)
    assert ours.code == 1 and "2 workers" in ours.out, ours.out + ours.err
    assert run(three, plugin=["-p", "no:xdist"], python=python).code == 1
    assert plugin_command(three, "uninstall", "--python", python).returncode == 0
    assert plugin_command(three, "uninstall", "--python", python).returncode == 1
    assert run(three, "-n", 2, plugin=["-p", "no:xdist"], python=python).code == 4
    assert not list((tmp_path / "venv").rglob("*xgrid_pytest*"))


def test_it_goes_into_a_folder_too(three, tmp_path):
    assert plugin_command(three, "install", tmp_path / "there").returncode == 0
    names = sorted(os.listdir(str(tmp_path / "there")))
    assert names[1] == "xgrid_pytest.py" and names[0].endswith(".dist-info")
    assert plugin_command(three, "uninstall", tmp_path / "there").returncode == 0
    assert os.listdir(str(tmp_path / "there")) == []


def test_plugin_commands_that_make_no_sense_are_usage_errors(three):
    for args in ([], ["nonsense"], ["path", "more"], ["install", "--no-such"]):
        assert plugin_command(three, *args).returncode == 4
