"""What is shown and written of results is what plain pytest shows and writes, whoever ran them."""

import subprocess
import sys

import pytest

import grid
import shown
import suite_of_everything

PLAIN = ["-p", "no:xdist", "-p", "no:cacheprovider"]


@pytest.fixture
def everything(project):
    project.env.update(COLUMNS="100", PYTHONDONTWRITEBYTECODE="1")
    return suite_of_everything.write(project)


def plain(project, *args):
    command = [sys.executable, "-m", "pytest", "--continue-on-collection-errors", *PLAIN, *args]
    ended = subprocess.run(
        command, cwd=str(project.path), env=project.env, stdout=subprocess.PIPE, timeout=600
    )
    return ended.returncode, ended.stdout.decode()


def ours(project, *args, slots=2):
    run = project.submit("-n", slots, *PLAIN, *args)
    return run.code, run.out


def told(text):
    """Its sections but for the first, which tells of the machine and the progress."""
    found = shown.sections(text)
    found.pop("test session starts", None)
    return found


@pytest.mark.parametrize(
    "options",
    [
        ["--tb=auto"],
        ["--tb=long", "-ra"],
        ["--tb=short", "-rA"],
        ["--tb=line", "-rfE"],
        ["--tb=native", "-rxX"],
        ["--tb=no", "-rs"],
        ["--tb=short", "--showlocals", "-rN"],
        ["--tb=short", "-v"],
        ["--tb=short", "-vv"],
        ["--tb=short", "-q"],
        ["--tb=short", "-qq"],
        ["--tb=short", "--show-capture=no", "-rP"],
        ["--tb=short", "--show-capture=stdout"],
        ["--tb=short", "--show-capture=stderr"],
        ["--tb=short", "--show-capture=log"],
        ["--tb=short", "--disable-warnings"],
        ["--tb=no", "--durations=3", "--durations-min=30"],
        ["--no-summary"],
        ["-k", "fails or odd", "--tb=line"],
        ["-rp", "--tb=no", "tests/sub", "tests/test_empty.py"],
        ["--collect-only"],
        ["--collect-only", "-q"],
        ["--collect-only", "-qq"],
    ],
    ids=" ".join,
)
def test_the_sections_are_those_of_plain_pytest(everything, options):
    code, text = plain(everything, *options)
    our_code, our_text = ours(everything, *options)
    assert told(our_text) == told(text)
    assert our_code == code


def test_addopts_mean_what_they_mean_on_the_command_line(everything):
    everything.write(
        "pytest.ini", "[pytest]\naddopts = -q -ra --tb=line --durations=1 --durations-min=30\n"
    )
    _code, text = plain(everything)
    _code, our_text = ours(everything)
    assert told(our_text) == told(text)
    assert "test session starts" not in our_text


def test_ids_and_paths_are_relative_to_where_the_user_is(everything):
    everything.write("pytest.ini", "[pytest]\n")
    (everything.path / "deeper").mkdir()
    here = grid.Project(everything.path / "deeper")
    here.env = everything.env
    options = ["-ra", "--tb=short", "../tests"]
    _code, text = plain(here, *options)
    _code, our_text = ours(here, *options)
    assert "FAILED ../tests/test_outcomes.py::test_fails" in our_text
    assert told(our_text) == told(text)


@pytest.mark.parametrize(
    "ini",
    [
        "junit_family = xunit2",
        "junit_family = xunit1",
        "junit_logging = all",
        "junit_logging = system-out\njunit_log_passing_tests = false",
        "junit_suite_name = mine",
    ],
)
def test_the_junit_report_is_that_of_plain_pytest(everything, ini):
    everything.write("pytest.ini", "[pytest]\n%s\n" % ini)
    plain(everything, "--junitxml=plain.xml", "--tb=short")
    ours(everything, "--junitxml=ours.xml", "--tb=short")
    assert shown.junit(everything.path / "ours.xml") == shown.junit(everything.path / "plain.xml")


@pytest.mark.parametrize("option", ["-q", "-qq"])
def test_a_list_has_the_lines_of_plain_pytest_in_order(everything, option):
    options = [
        "--collect-only",
        option,
        "tests/sub",
        "tests/test_outcomes.py",
        "tests/test_empty.py",
    ]
    lines = [line for line in plain(everything, *options)[1].splitlines() if ".py" in line]
    listed = [line for line in ours(everything, *options, slots=4)[1].splitlines() if ".py" in line]
    assert len(lines) >= 2 and listed == lines
