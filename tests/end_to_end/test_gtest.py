"""googletest's binaries: what its own runner says is the oracle."""

import collections
import json
import subprocess
import xml.etree.ElementTree

import pytest

import grid
import natives
from natives import programs  # noqa: F401

GTEST = ("gtest", "gtest_main")
CRASHING = ["C.crashes", "C.leaves_with_0", "C.leaves_with_3"]


def own_outcomes(program, *options):
    """{name: outcome} of the binary run whole; what it does not get to is missing."""
    report = natives.report_of(program, "json")
    subprocess.run(
        [program, "--gtest_output=json:%s" % report, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    found = {}
    for suite in json.loads(report.read_text())["testsuites"]:
        for test in suite["testsuite"]:
            outcome = "failed" if "failures" in test else "passed"
            if test["status"] == "NOTRUN" or test["result"] == "SKIPPED":
                outcome = "skipped"
            found["%s.%s" % (suite["name"], test["name"])] = outcome
    return found


def expected_outcomes(program):
    """Those that end the binary are left out when it runs itself."""
    found = own_outcomes(program, "--gtest_filter=-" + ":".join(CRASHING))
    assert set(found) & set(CRASHING) <= {name for name in found if found[name] == "skipped"}
    return {**found, **dict.fromkeys(CRASHING, "failed")}


@pytest.fixture
def whole(programs):  # noqa: F811
    return programs("every_gtest.cpp", *GTEST)


def without_unit(outcomes):
    return {test.partition("::")[2]: outcome for test, outcome in outcomes.items()}


@pytest.mark.parametrize("options", [["-n", "1"], ["-n", "3"], ["-n", "2", "--boxed"]])
def test_outcomes_are_those_of_the_binary_itself(project, whole, options):
    run = project.submit(*options, whole)
    expected = expected_outcomes(whole)
    assert without_unit(run.outcomes) == expected
    assert set(expected.values()) == {"passed", "failed", "skipped"} and len(expected) == 20
    assert run.code == 1
    found = collections.Counter(expected.values())
    assert "%(failed)d failed, %(passed)d passed, %(skipped)d skipped" % found in run.last_line


def test_what_a_failure_shows(project, whole):
    run = project.submit("-n", 1, whole, "-k", "fails or skips or throws", COLUMNS="200")
    source = natives.SOURCES / "every_gtest.cpp"
    lines = source.read_text().splitlines()
    line = 1 + next(i for i, text in enumerate(lines) if "EXPECT_EQ(1, 2)" in text)
    failure = run.out[run.out.index("FAILURES") :]
    values = "Expected equality of these values:\n  1\n  2\nbecause\nof more lines"
    assert "\n%s:%d: Failure\n%s" % (source, line, values) in failure
    assert "\n%s:%d: Failure\nFailed\na second one" % (source, line + 1) in failure
    assert "Captured stdout call" in failure and "\nhalf a line\n" in failure
    assert "%s::A.fails - Expected equality of these values:" % whole in run.out
    assert "no reason" in project.submit("-n", 1, whole, "-k", "skips", "-rs").out
    assert "17 deselected" in run.last_line


def test_selection_by_name_filter_and_keyword(project, whole):
    unit = str(whole)
    run = project.submit("-n", 2, unit + "::A.passes", unit + "::Some/Numbers.are_odd/1")
    assert (
        set(without_unit(run.outcomes)) == {"A.passes", "Some/Numbers.are_odd/1"} and run.code == 0
    )
    words = [unit, "--gtest_filter=*Numbers*"]
    run = project.submit("-n", 2, *words)
    assert set(without_unit(run.outcomes)) == {"Some/Numbers.are_odd/%d" % i for i in range(4)}
    events = project.path / "events"
    process = project.start("-n", 2, "--json", events, "--", *words, python=None)
    assert grid.ended(process, events).outcomes == run.outcomes
    run = project.submit("-n", 2, unit, "-k", "numbers and not odd/0")
    assert set(without_unit(run.outcomes)) == {"Some/Numbers.are_odd/%d" % i for i in range(1, 4)}
    run = project.submit("-n", 2, unit, "--gtest_also_run_disabled_tests", "-k", "off")
    assert set(run.outcomes.values()) == {"failed"} and len(run.outcomes) == 2


@pytest.mark.parametrize("options", [["-n", "1"], ["-n", "2", "--boxed"]])
def test_what_a_test_records_is_in_the_report(project, whole, options):
    report = project.path / "report.xml"
    run = project.submit(*options, whole, "-k", "passes or records", "--junitxml", report)
    assert run.code == 0
    found = {
        case.get("name"): [(each.get("name"), each.get("value")) for each in case.iter("property")]
        for case in xml.etree.ElementTree.parse(report).iter("testcase")
    }
    assert found == {"A.passes": [], "A.records": [("answer", "42")]}
    (event,) = run.of("test_properties")
    assert event["id"].endswith("::A.records") and event["properties"] == [["answer", "42"]]


def test_what_is_not_there_is_said(project, whole):
    run = project.submit("-n", 1, str(whole) + "::A.nothing")
    assert run.code == 1 and "no such test" in run.out
    run = project.submit("-n", 1, "--framework", "gtest", "nowhere/unit")
    assert run.code == 4 and "no such test binary: nowhere/unit" in run.out + run.err
    run = project.submit("-n", 1, "/bin/true")
    assert run.code == 4 and "--framework command runs any program" in run.out + run.err
    run = project.submit("-n", 1, str(whole), "-k", "nothing_like_that")
    assert run.code == 5


def test_a_binary_that_cannot_be_listed_is_a_failed_unit(project, whole):
    broken = project.path / "broken"
    broken.write_bytes(whole.read_bytes()[:5000])
    broken.chmod(0o755)
    run = project.submit("-n", 1, "--framework", "gtest", "broken", whole, "-k", "broken or passes")
    assert run.outcomes == {"broken": "error", str(whole) + "::A.passes": "passed"}
    assert run.code == 1 and "ERROR broken" in run.out


def test_crashes_and_exits_blame_the_test_that_ran(project, whole, tmp_path):
    trace = tmp_path / "trace"
    run = project.submit("-n", 2, whole, TRACE=str(trace))
    assert without_unit(run.outcomes) == expected_outcomes(whole)
    assert "killed by signal 11 (Segmentation fault) while it ran" in run.out
    assert "exited with status 0 while it ran" in run.out
    assert "exited with status 3 while it ran" in run.out
    assert "last words" in run.out
    ran = collections.Counter(trace.read_text().split())
    # Twice: in company, and alone.
    again = {name for name, count in ran.items() if count > 1}
    assert again <= {*CRASHING, "OwnDeathTest.dies", "OwnDeathTest.does_not"}
    assert not [event for event in run.of("worker_down") if "crash" in event["reason"]]


@pytest.mark.long
def test_of_a_crowd_only_those_that_crash_and_hang_are_blamed(
    project, programs, tmp_path
):  # noqa: F811
    program = programs("crowd_gtest.cpp", "gtest")
    trace = tmp_path / "trace"
    run = project.submit("-n", 2, "--timeout", 4, program, TRACE=str(trace))
    blamed = {77 + 200 * i for i in range(10)} | {300, 1000, 1999}
    outcomes = without_unit(run.outcomes)
    assert outcomes == {
        "All/Crowd.member/%d" % i: "failed" if i in blamed else "passed" for i in range(2000)
    }
    assert run.out.count("timed out after 4 s") >= 3
    ran = collections.Counter(map(int, trace.read_text().split()))
    assert {number for number, count in ran.items() if count > 1} <= blamed
    assert set(ran) == set(range(2000))
    assert run.code == 1
