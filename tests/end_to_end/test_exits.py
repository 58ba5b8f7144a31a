"""Each kind of trouble has its exit code, and says what to do."""

import os
import subprocess
import sys

import pytest

import grid


@pytest.fixture
def passing(project):
    project.write("test_a.py", "def test_a(): pass\ndef test_b(): pass")
    return project


def test_passed_is_0(passing):
    run = passing.submit("-n", 2)
    assert run.code == 0
    assert "2 passed in " in run.last_line


def test_failed_is_1(passing):
    passing.write("test_c.py", "def test_c(): assert 0")
    run = passing.submit("-n", 2)
    assert run.code == 1
    assert "1 failed, 2 passed in " in run.last_line
    assert "assert 0" in run.out and "FAILED test_c.py::test_c" in run.out


def test_no_tests_is_5(project):
    run = project.submit("-n", 2)
    assert run.code == 5
    assert "no tests ran in " in run.last_line


def test_everything_deselected_is_5(passing):
    run = passing.submit("-n", 2, "-k", "nothing_of_that_name")
    assert run.code == 5
    assert "2 deselected" in run.last_line


def test_a_missing_target_is_4(passing):
    run = passing.submit("-n", 2, "no_such_file.py")
    assert run.code == 4
    assert "file or directory not found: no_such_file.py" in run.out + run.err


def test_a_missing_test_is_4(passing):
    run = passing.submit("-n", 2, "test_a.py::no_such_test")
    assert run.code == 4
    assert "test_a.py::no_such_test" in run.out + run.err


def test_an_unknown_option_is_4_and_named(passing):
    run = passing.submit("-n", 2, "--no-such-option")
    assert run.code == 4
    assert "--no-such-option" in run.out + run.err


@pytest.mark.parametrize(
    "arguments, named",
    [
        (["-n", "-1"], "'-1'"),
        (["-n", "many"], "'many'"),
        (["--dist", "sideways"], "sideways"),
        (["--maxfail"], "--maxfail"),
        (["--timeout", "soon"], "'soon'"),
        (["--timeout=-1"], "'-1'"),
        (["--start", "sideways"], "sideways"),
        (["-n", "2", "--pdb"], "--pdb needs a test that runs in your terminal"),
        (["--broker", "tcp://example.com:1"], "tcp://example.com:1"),
        (["--json", "/proc/no/such/folder/x"], "/proc/no/such/folder/x"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_bad_option_is_4_and_named(passing, arguments, named):
    run = grid.ended(passing.start(*arguments))
    assert run.code == 4
    assert named in run.err
    assert run.out == ""


def test_a_python_that_is_not_there_is_3(passing):
    run = passing.submit("-n", 2, python="/no/such/python")
    assert run.code == 3
    assert "/no/such/python" in run.out + run.err and "--python" in run.out + run.err


def test_a_python_that_does_not_start_is_3(passing):
    run = passing.submit("-n", 2, python="/bin/false")
    assert run.code == 3
    assert "/bin/false: exited with status 1" in run.out + run.err


def test_a_python_without_pytest_is_3(passing):
    bare = passing.write("bare_python", '#!/bin/sh\nexec "%s" -I -S "$@"\n' % sys.executable)
    bare.chmod(0o755)
    run = passing.submit("-n", 2, python=str(bare))
    assert run.code == 3
    assert "No module named" in run.out + run.err and "pip install pytest" in run.out + run.err


def test_no_room_for_temporary_files_is_3(passing, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(small)]
    if os.getuid() != 0 or subprocess.run(mount, stderr=subprocess.DEVNULL).returncode != 0:
        small = "/proc"  # nobody can make a folder there
    else:
        with open(str(small / "fill"), "wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                pass  # full
    try:
        run = passing.submit("-n", 2, TMPDIR=str(small))
    finally:
        if small != "/proc":
            subprocess.run(["umount", str(small)])
    assert run.code == 3
    assert "cannot make a temporary directory in %s" % small in run.out + run.err


def test_pytest_exit_gives_its_code(passing):
    passing.write(
        "test_b.py", "import pytest\ndef test_exit(): pytest.exit('enough', returncode=7)"
    )
    run = passing.submit("-n", 2)
    assert run.code == 7
    assert "enough" in run.out


def test_pytest_exit_at_the_end_of_a_session_is_3_with_its_reason(passing):
    passing.write(
        "conftest.py",
        "import pytest\ndef pytest_sessionfinish(): pytest.exit('not like this', returncode=7)",
    )
    run = passing.submit("-n", 2)
    assert run.code == 3
    assert "not like this" in run.out


def test_a_broken_conftest_is_4(passing):
    passing.write("conftest.py", "import nothing_of_that_name")
    run = passing.submit("-n", 2)
    assert run.code == 4
    assert "nothing_of_that_name" in run.out + run.err


@pytest.mark.parametrize(
    "arguments", [["--help"], ["submit", "--help"], ["broker", "--help"], ["worker", "--help"]]
)
def test_help_is_short_and_names_the_subcommand(arguments):
    shown = subprocess.run([grid.XGRID, *arguments], stdout=subprocess.PIPE)
    assert shown.returncode == 0
    text = shown.stdout.decode()
    assert text.startswith("usage: xgrid ") and len(text.splitlines()) < 70


def test_version_and_unknown_subcommands():
    version = subprocess.run([grid.XGRID, "--version"], stdout=subprocess.PIPE)
    assert version.stdout.decode().startswith("xgrid ") and version.returncode == 0
    unknown = subprocess.run([grid.XGRID, "sumbit"], stderr=subprocess.PIPE)
    assert unknown.returncode == 4 and b"sumbit" in unknown.stderr


@pytest.mark.parametrize(
    "option, answer",
    [("--fixtures", "tmp_path"), ("--markers", "@pytest.mark.skip"), ("--cache-show", "cache")],
)
def test_what_pytest_answers_without_a_test_it_answers_itself(passing, option, answer):
    process = passing.start(option)
    run = grid.ended(process)
    assert run.code == 0
    assert answer in run.out and "passed" not in run.out
