"""Catch2's binaries: what its own runner says is the oracle. The system's Catch2 is version 2, or there is none."""

import collections
import subprocess
import xml.etree.ElementTree

import pytest

import grid
import natives
from natives import programs  # noqa: F401

ENDS = ["crashes", "leaves with 0", "is killed"]


@pytest.fixture
def odd(programs):  # noqa: F811
    return programs("odd_catch2.cpp", "Catch2WithMain")


def outcome_of(case):
    result = case.find("OverallResult")
    failed = [case.find(".//Failure"), case.find(".//Exception")]
    failed += [each for each in case.iter("Expression") if each.get("success") == "false"]
    if result.get("success") == "false":
        return "failed"
    return "xfailed" if any(each is not None for each in failed) else "passed"


def own_outcomes(program):
    """{name: outcome} of the binary that runs itself; but for those that end it."""
    report = natives.report_of(program, "xml")
    subprocess.run(
        [program, "~[ends]", "--reporter", "xml", "--out", str(report)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    found = {**dict.fromkeys(ENDS, "failed"), "comes after": "passed"}
    for case in xml.etree.ElementTree.parse(report).iter("TestCase"):
        if "[.]" not in case.get("tags", ""):
            found[case.get("name").strip()] = outcome_of(case)
    return found


def outcomes(run):
    found = {test.partition("::")[2]: outcome for test, outcome in run.outcomes.items()}
    return {name.strip().replace("\t", " "): outcome for name, outcome in found.items()}


def submit_with_words(project, unit, *words):
    """What stands behind `--` is for the program."""
    events = project.path / "events.jsonl"
    words = ["-n", 1, "--json", events, unit, "--", *words]
    return grid.ended(project.start(*words, python=None), events)


@pytest.mark.parametrize("options", [["-n", "1"], ["-n", "3"], ["-n", "2", "--boxed"]])
def test_outcomes_are_those_of_the_binary_itself(project, odd, options):
    run = project.submit(*options, odd)
    expected = own_outcomes(odd)
    assert outcomes(run) == expected
    assert len(expected) == 27 and set(expected.values()) == {"passed", "failed", "xfailed"}
    assert run.code == 1


def test_what_a_failure_shows(project, odd):
    run = project.submit("-n", 1, odd, "-k", "sections or crashes or spaces", COLUMNS="200")
    source = natives.SOURCES / "odd_catch2.cpp"
    lines = source.read_text().splitlines()
    line = 1 + next(i for i, text in enumerate(lines) if "CHECK(x == 4)" in text)
    assert (
        "\n%s:%d: FAILED:\n  CHECK( x == 4 )\nwith expansion:\n  3 == 4\nwith messages:\n"
        "  x := 3\nin section: one / deep\n" % (source, line)
    ) in run.out
    assert "::sections - CHECK( x == 4 ): 3 == 4" in run.out
    crash = run.out.split(" crashes ")[1]
    assert "due to a fatal error condition: SIGSEGV" in crash and "last words" in crash


def test_selection_by_name_pattern_and_keyword(project, odd):
    unit = str(odd)
    run = project.submit("-n", 2, unit + "::a, b", unit + "::operator*", unit + "::tmpl - int*")
    assert outcomes(run) == {"a, b": "failed", "operator*": "passed", "tmpl - int*": "passed"}
    run = submit_with_words(project, unit, "[.slow],plain")
    assert outcomes(run) == {"hidden slow": "failed", "plain": "passed"}
    run = project.submit("-n", 2, unit, "-k", "tmpl")
    assert outcomes(run) == {"tmpl - int": "passed", "tmpl - int*": "passed"}


def test_those_that_end_the_binary_are_blamed_and_no_others(project, odd):
    run = submit_with_words(project, odd, "[ends]")
    assert outcomes(run) == {**dict.fromkeys(ENDS, "failed"), "comes after": "passed"}
    assert "exited with status 0 while it ran" in run.out
    assert "killed by signal 9 (Killed) while it ran" in run.out
