"""Environments and what travels: the command line, and the files that it unites with."""

import os
import sys
from xml.etree import ElementTree

import pytest

import grid

POPEN = "popen//python=%s" % sys.executable


@pytest.fixture
def counting(project):
    """A test that tells how many slots there are, and what it finds in its place."""
    project.write(
        "pkg/test_x.py",
        """
        import os, sys, pytest

        @pytest.mark.parametrize("many", range(20))
        def test_place(many, record_property):
            record_property("workers", os.environ.get("PYTEST_XDIST_WORKER_COUNT"))
            record_property("variable", os.environ.get("OF_THE_SPEC"))
            record_property("nice", os.nice(0))
            record_property("hash", hash("text"))
            record_property("python", sys.executable)
        """,
    )
    return project


def ended(project, *arguments, python=None, **env):
    return grid.ended(project.start(*arguments, python=python, **env))


def told(project, *arguments, **env):
    """{property: value} of the first test, from a run that has passed."""
    report = project.path / "report.xml"
    run = ended(project, *arguments, "--junitxml", report, python=sys.executable, **env)
    assert run.code == 0, run.out + run.err
    case = next(ElementTree.parse(str(report)).iter("testcase"))
    return {each.get("name"): each.get("value") for each in case.iter("property")}


@pytest.mark.parametrize(
    "arguments, named",
    [
        (["--tx", "popen//colour=red"], "--tx: unknown part 'colour'"),
        (["--tx", "popen//nice=1//nice=1"], "'nice' is given twice"),
        (["--tx", "x*popen"], "unknown part 'x*popen'"),
        (["--tx", "0*popen"], "'0*' is no number"),
        (["--tx", "popen//nice=very"], "'nice=very' is no number from -20 to 19"),
        (["--tx", "python=python3"], "one of popen, ssh=, socket= or label: is missing"),
        (["--tx", "popen//id=a", "--tx", "popen//id=a"], "'id=a' is given twice"),
        (["--tx", "popen//via=a"], "'via=a' in 'popen//via=a': nothing has that id"),
        (["--px", "ssh=host"], "a proxy needs id=, which 'ssh=host' lacks"),
        (["--tx"], "--tx"),
        (["--tx", "ssh=-p 22"], "'ssh=-p 22' names no host in 'ssh=-p 22'"),
        (["--tx", "socket=host:x"], "socket=host:x"),
        (["--tx", "socket=host", "--token", "x"], "the token of --token"),
        (["--tx", "label:os=linux"], "name the broker with --broker"),
        (["--rsyncdir", "x", "pkg/test_x.py"], "rsyncdir doesn't exist: 'x'"),
        (["--rsyncdir", "pkg/test_x.py"], "rsyncdir is not a folder: 'pkg/test_x.py'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_makes_no_sense_is_4_and_named(counting, arguments, named):
    run = ended(counting, *arguments)
    assert run.code == 4
    assert named in run.err
    assert run.out == ""


@pytest.mark.parametrize(
    "name, text, named",
    [
        ("xgrid.toml", "dist = 'sideways'", "dist in %s takes one of each, load, "),
        ("xgrid.toml", "dist = ['load']", "dist in %s: wanted text, found a list"),
        ("xgrid.toml", "numprocesses = -1", "numprocesses in %s takes a number"),
        ("xgrid.toml", "dist =", "cannot read %s: line 1: "),
        ("xgrid.toml", "broker = 'example.com:1'", "broker in %s"),
        ("pyproject.toml", "[tool.xgrid]\ntx = 'popn'", "tx in %s: unknown part 'popn'"),
        ("pytest.ini", "[pytest]\naddopts = -n many", "numprocesses in %s takes a number"),
        ("pytest.ini", "[pytest]\nrsyncdirs = x", "rsyncdir doesn't exist: 'x' (in %s)"),
        ("conftest.py", "option_tx = ['ssh']", "tx in %s: 'ssh=' needs a value in 'ssh'"),
    ],
)
def test_what_makes_no_sense_in_a_file_names_the_file(counting, name, text, named):
    file = counting.write(name, text)
    run = ended(counting, "pkg")
    assert run.code == 4
    assert named.replace("%s", str(file)) in run.err
    assert run.out == ""


def test_popen_environments_are_slots_with_all_that_they_name(counting):
    spec = POPEN + "//env:OF_THE_SPEC=a b=c//env:PYTHONHASHSEED=0//nice=3"
    found = told(counting, "--tx", "2*" + spec, "--tx", spec, "--rsyncdir", "pkg", "pkg/test_x.py")
    again = told(counting, "--tx", spec, "pkg")
    assert found["workers"] == "3" and again["workers"] == "1"
    assert found["variable"] == "a b=c" and found["nice"] == str(os.nice(0) + 3)
    assert found["python"] == sys.executable
    assert found["hash"] == again["hash"]  # the variable was there before the interpreter


def test_settings_of_all_places_unite(counting):
    counting.write("xgrid.toml", "tx = %r\n" % POPEN)
    counting.write("pytest.ini", "[pytest]\naddopts = --tx=%s\nrsyncdirs = pkg\n" % POPEN)
    counting.write(
        "conftest.py",
        "option_tx = [%r]  # read, not run to be found\nrsyncdirs = ['.', 'pkg']\n" % POPEN,
    )
    counting.write("../config/xgrid/config.toml", "tx = [%r]\n" % POPEN)
    found = told(counting, "--tx", POPEN, "pkg", XGRID_TX="2*" + POPEN)
    assert found["workers"] == "7"


def test_the_command_line_overrides_files(counting):
    counting.write("xgrid.toml", "numprocesses = 'many'\ndist = 'each'\nexitfirst = true\n")
    counting.write("conftest.py", "option_dist = 'loadscope'\n")
    assert told(counting, "-n3", "-d", "pkg")["workers"] == "3"
    assert told(counting, "pkg", XGRID_NUMPROCESSES="2", XGRID_DIST="load")["workers"] == "2"
    assert told(counting, "-n", "0", "--tx", "ssh=host", "pkg")["workers"] == "None"


def test_exitfirst_and_maxfail_override_each_other(project):
    project.write("test_f.py", "".join("def test_%d(): assert 0\n" % each for each in range(9)))
    project.write("xgrid.toml", "maxfail = 3\n")
    run = ended(project, "-n1", python=sys.executable)
    assert run.code == 1 and "3 failed in" in run.out
    run = ended(project, "-n1", "-x", python=sys.executable)
    assert run.code == 1 and "1 failed in" in run.out
    run = ended(project, "-n1", python=sys.executable, XGRID_EXITFIRST="yes")
    assert run.code == 1 and "1 failed in" in run.out


def test_a_setting_that_nobody_knows_is_a_warning(counting):
    file = counting.write("xgrid.toml", "numproceses = 3\n")
    conftest = counting.write("conftest.py", "rsyncdirs = [str(3)]\n")
    run = ended(counting, "-n", 1, "pkg", python=sys.executable)
    assert run.code == 0
    assert "xgrid: warning: no such setting: numproceses in %s\n" % file in run.err
    assert "warning: %s:1: rsyncdirs is not written as plain strings" % conftest in run.err


def test_help_and_a_project_with_broken_settings(counting):
    counting.write("xgrid.toml", "=")
    run = ended(counting, "--help")
    assert run.code == 0
    assert "--rsyncdir FOLDER" in run.out and "--tx [NUM*]SPEC" in run.out
