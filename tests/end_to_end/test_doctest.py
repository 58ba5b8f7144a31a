"""doctest's binaries: what its own runner says is the oracle."""

import collections
import subprocess
import xml.etree.ElementTree

import pytest

import natives
from natives import programs  # noqa: F401

ENDS = ["crashes", "crashes as it should", "leaves with 0", "is killed"]


@pytest.fixture
def odd(programs):  # noqa: F811
    return programs("odd_doctest.cpp")


def own_outcomes(program, *options):
    """How often which test ends how, when the binary runs itself; but for those that end it."""
    report = natives.report_of(program, "xml")
    subprocess.run(
        [program, "-r=xml", "-o=%s" % report, "-tce=" + ",".join(ENDS), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    found = collections.Counter((name, "failed") for name in ENDS)
    for case in xml.etree.ElementTree.parse(report).iter("TestCase"):
        name = case.get("name", "").replace("\n", " ").replace("\t", " ")
        if name in ENDS:
            continue
        if case.get("skipped"):
            found[name, "skipped"] += 1
        else:
            passed = case.find("OverallResultsAsserts").get("test_case_success") == "true"
            found[name, "passed" if passed else "failed"] += 1
    return found


def outcomes(run):
    found = collections.Counter()
    assert run.outcomes  # no test has two of them
    for event in run.finished:
        name = event["id"].partition("::")[2].replace("\n", " ").replace("\t", " ")
        found[name, event["outcome"]] += 1
    return found


@pytest.mark.parametrize("options", [["-n", "1"], ["-n", "3"], ["-n", "2", "--boxed"]])
def test_outcomes_are_those_of_the_binary_itself(project, odd, options):
    run = project.submit(*options, odd)
    expected = own_outcomes(odd)
    assert outcomes(run) == expected
    assert sum(expected.values()) == 47 and expected["dup", "passed"] == 2
    assert run.code == 1


def test_what_a_failure_shows(project, odd):
    run = project.submit("-n", 1, odd, "-k", "subcases or slow or crashes", COLUMNS="200")
    source = natives.SOURCES / "odd_doctest.cpp"
    lines = source.read_text().splitlines()
    line = 1 + next(i for i, text in enumerate(lines) if "CHECK(x == 4)" in text)
    assert (
        "\n%s:%d: ERROR: CHECK( x == 4 ) is NOT correct!\n  values: CHECK( 3 == 4 )\n"
        "  logged: x := 3\n          more\n  in subcase: one / deep\n" % (source, line)
    ) in run.out
    assert "::subcases - CHECK( x == 4 ) is NOT correct: 3 == 4" in run.out
    assert "Test case exceeded time limit of 0.001000!" in run.out
    assert "test case CRASHED: SIGSEGV" in run.out and "last words" in run.out


def test_selection_by_name_option_and_keyword(project, odd):
    unit = str(odd)
    run = project.submit("-n", 2, unit + "::a, b", unit + "::operator*", unit + "::what?")
    assert outcomes(run) == {
        ("a, b", "failed"): 1,
        ("operator*", "passed"): 1,
        ("what?", "passed"): 1,
    }
    run = project.submit("-n", 2, unit, "-ts=suite one")
    assert outcomes(run) == {("dup", "passed"): 1, ("only here", "passed"): 1}
    run = project.submit("-n", 2, unit, "--no-skip", "-k", "skipped")
    assert outcomes(run) == {("skipped", "failed"): 1}


def test_those_that_end_the_binary_are_blamed_and_no_others(project, odd):
    run = project.submit("-n", 1, odd, "-ts=ends")
    assert outcomes(run) == {
        **{(name, "failed"): 1 for name in ENDS},
        ("comes after", "passed"): 1,
    }
    assert "exited with status 0 while it ran" in run.out
    assert "killed by signal 9 (Killed) while it ran" in run.out
