"""Listing imports no test module, and finds what plain pytest finds."""

import subprocess
import sys

import pytest

BOMB = "raise SystemExit('imported')\n"


def plain_files(project, *args):
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "-q",
        "-p",
        "no:cacheprovider",
    ] + list(args)
    text = subprocess.run(command, cwd=str(project), stdout=subprocess.PIPE).stdout.decode()
    return list(
        dict.fromkeys(line.partition("::")[0] for line in text.splitlines() if "::" in line)
    )


def test_no_test_module_is_imported(warm, project):
    project.write("test_a.py", BOMB)
    project.write("pkg/__init__.py", BOMB)
    project.write("pkg/test_b.py", BOMB)
    slot = warm.slot(project)
    units, end = slot.enumerate()
    assert sorted(units) == ["pkg/test_b.py", "test_a.py"] and not end["error"]
    slot.finish()


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["tests"],
        ["tests/test_a.py", "check"],
        ["tests/test_a.py::test_a"],
        ["tests", "tests/test_a.py::test_a"],
        ["--ignore=tests/sub"],
        ["--pyargs", "tests.sub.test_c"],
        ["--pyargs", "tests.sub"],
        ["check/odd.py", "check/test_f.py"],
        ["-k", "test_a"],
    ],
    ids=" ".join,
)
def test_units_are_the_files_of_plain_pytest_in_its_order(warm, project, args):
    for name in (
        "tests/test_a.py",
        "tests/test_b.py",
        "tests/sub/test_c.py",
        "check/test_f.py",
        "check/odd.py",
    ):
        project.write(name, "def test_a(): pass\n")
    project.write("tests/ignored_test.py", "def test_a(): pass\n")
    project.write("tests/__init__.py", "")
    project.write("tests/sub/__init__.py", "")
    project.write("tests/conftest.py", "collect_ignore = ['ignored_test.py']\n")
    slot = warm.slot(project, *args)
    units, end = slot.enumerate()
    assert not end["error"]
    if "-k" not in args:
        assert units == plain_files(project, *args)
    for unit in units:
        slot.run(unit)
    slot.finish()
    plain = project.plain(*args)[0]
    if args == ["tests", "tests/test_a.py::test_a"]:
        plain = +plain  # plain pytest 7 runs the test twice here; once is enough
        plain = {name: 1 for name in plain}
    assert slot.counted() == plain


@pytest.mark.parametrize(
    "args",
    [
        ["test_n.py::test_p"],
        ["test_n.py::test_p[2]", "test_n.py::TestN::TestM"],
        ["test_n.py::TestN::test_b", "test_n.py::test_a"],
        ["test_n.py::TestN", "test_n.py"],
    ],
    ids=" ".join,
)
def test_only_the_names_asked_for_run_in_the_order_asked(warm, project, args):
    project.write(
        "test_n.py",
        """
        import pytest
        @pytest.mark.parametrize("n", [1, 2])
        def test_p(n): pass
        def test_a(): pass
        class TestN:
            def test_b(self): pass
            class TestM:
                def test_c(self): pass
        """,
    )
    slot = warm.slot(project, *args).run_all()
    slot.finish()
    plain = project.plain(*args)[0]
    assert set(slot.counted()) == set(plain)


def test_testpaths_and_python_files_are_minded(warm, project):
    project.write("pytest.ini", "[pytest]\ntestpaths = here\npython_files = check_*.py\n")
    for name in ("here/check_a.py", "here/test_b.py", "there/check_c.py"):
        project.write(name, "def test_a(): pass\n")
    slot = warm.slot(project)
    assert slot.enumerate()[0] == ["here/check_a.py"]
    slot.finish()


def test_collect_only_finds_and_runs_nothing(warm, project):
    project.write("test_a.py", "def test_a(): pass\n")
    slot = warm.slot(project, "--collect-only").run_all()
    slot.finish()
    assert list(slot.found().values()) == [["test_a.py::test_a"]] and not slot.of("done")


def test_an_empty_project_has_no_units(warm, project):
    slot = warm.slot(project)
    assert slot.enumerate()[0] == []
    slot.finish()


@pytest.mark.parametrize("args", [[], ["-v"], ["-q"], ["-k", "b or two"]], ids=" ".join)
def test_collect_only_tells_what_pytest_shows(warm, project, args):
    project.write(
        "pkg/test_a.py",
        '''
        """Of the module.

        More."""
        import pytest, unittest
        class TestB:
            """Of the class."""
            def test_b(self): "Of the test."
            class TestC:
                @pytest.mark.parametrize("x", ["one", "two"])
                def test_c(self, x): pass
        class Old(unittest.TestCase):
            def test_d(self): pass
        ''',
    )
    project.write("pkg/__init__.py", "")
    slot = warm.slot(project, "--collect-only", *args)
    slot.run("pkg/test_a.py")
    slot.finish()
    lines = []
    for _found, _job, _tests, _deselected, nodes in slot.of("found"):
        for depth, _id, text in nodes:
            lines += ["  " * depth + line for line in text.split("\n")]
    plain = project.plain("--collect-only", *args)[2].splitlines()
    assert len(lines) > 1 and "\n".join(lines) in "\n".join(plain)
