"""ctest's tests, run by xgrid: the verdicts are ctest's own (verified with ctest 3.25.1)."""

import collections
import pathlib
import re
import shutil
import subprocess
import xml.etree.ElementTree

import pytest

import grid

SOURCE = pathlib.Path(__file__).parent / "native" / "ctest_project"

pytestmark = pytest.mark.skipif(not shutil.which("ctest"), reason="needs cmake")


def configure(source, build):
    subprocess.run(
        ["cmake", "-S", str(source), "-B", str(build)], check=True, stdout=subprocess.DEVNULL
    )


def outcome_in(case):
    if case.get("status") == "notrun":
        return "skipped" if case.find("skipped").get("message").startswith("SKIP_") else "failed"
    return {"run": "passed", "disabled": "skipped", "fail": "failed"}[case.get("status")]


def outcomes_of_ctest(build, *options):
    """{name: outcome}, the second of a name with #2 behind it."""
    report = build / "report.xml"
    subprocess.run(
        ["ctest", "-j2", "--output-junit", str(report), *options],
        cwd=str(build),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=300,
    )
    seen = collections.Counter()
    outcomes = {}
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        name = case.get("name")
        seen[name] += 1
        outcomes[name if seen[name] == 1 else "%s#%d" % (name, seen[name])] = outcome_in(case)
    report.unlink()
    return outcomes


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    project = grid.Project(tmp_path_factory.mktemp("ctest") / "project")
    shutil.copytree(SOURCE, project.path, dirs_exist_ok=True)
    configure(project.path, project.path / "build")
    return project


def submit(project, *args, **more):
    return project.submit(*args, python=None, **more)


@pytest.mark.parametrize("slots", [1, 3])
def test_the_verdicts_are_those_of_ctest(built, slots):
    expected = outcomes_of_ctest(built.path / "build")
    assert len(expected) > 70 and set(expected.values()) == {"passed", "failed", "skipped"}
    run = submit(built, "--framework", "ctest", "-n", slots)
    assert run.outcomes == expected
    assert run.code == 1


def test_a_build_folder_is_known_by_itself(built):
    run = submit(built, "build", "-R", "^plain")
    assert sorted(run.outcomes) == ["plain", "plain#2", "plain.fails", "plain.fails.first"]


@pytest.mark.parametrize(
    "options",
    [
        ["-R", r"^pass\.", "-E", "groups"],
        ["-L", "quick"],
        ["-LE", "quick", "-R", "label"],
        ["-R", "use1"],  # with its fixture
        ["-R", "use1", "-FA", "."],
        ["-I", "1,3"],
    ],
    ids=" ".join,
)
def test_options_that_select_are_those_of_ctest(built, options):
    expected = outcomes_of_ctest(built.path / "build", *options)
    run = submit(built, "--framework", "ctest", "-n", 2, "build", *options)
    assert run.outcomes == expected


def test_no_tests_are_no_success(built):
    run = submit(built, "--framework", "ctest", "build", "-R", "no such test")
    assert run.code == 5


def test_options_that_ctest_lacks_are_usage_errors(built):
    run = submit(built, "--framework", "ctest", "build", "--frob")
    assert run.code == 4
    assert "--frob" in run.out + run.err


def test_a_folder_without_tests_is_a_usage_error(project):
    run = submit(project, "--framework", "ctest")
    assert run.code == 4
    assert "CTestTestfile.cmake" in run.out + run.err


def test_labels_are_properties_in_the_report(built, tmp_path):
    report = tmp_path / "junit.xml"
    submit(built, "--framework", "ctest", "-R", "^labels$", "--junitxml", report)
    case = next(xml.etree.ElementTree.parse(report).iter("testcase"))
    found = [(each.get("name"), each.get("value")) for each in case.iter("property")]
    assert found == [("label", "of two"), ("label", "quick")]
