"""Meson's tests, run by xgrid: the verdicts are those of `meson test` (verified with Meson 1.0.1)."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

import grid

SOURCE = pathlib.Path(__file__).parent / "native" / "meson_project"
OUTCOMES = {
    "OK": "passed",
    "FAIL": "failed",
    "TIMEOUT": "failed",
    "UNEXPECTEDPASS": "failed",
    "EXPECTEDFAIL": "xfailed",
    "SKIP": "skipped",
    "ERROR": "error",
}

pytestmark = pytest.mark.skipif(not shutil.which("meson"), reason="needs meson")


def meson(*args, cwd):
    # Meson's tests use the python of this process's PATH; its own must find its modules.
    env = {**os.environ, "PATH": "/usr/bin:" + os.environ["PATH"]}
    subprocess.run(
        ["meson", *args],
        cwd=str(cwd),
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def outcomes_of_meson(build, *args):
    meson("test", "--no-rebuild", "--logbase", "expected", *args, cwd=build)
    lines = (build / "meson-logs" / "expected.json").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    assert len({each["name"] for each in found}) == len(found)
    return {each["name"]: OUTCOMES[each["result"]] for each in found}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    project = grid.Project(tmp_path_factory.mktemp("meson") / "project")
    shutil.copytree(SOURCE, project.path, dirs_exist_ok=True)
    meson("setup", "build", cwd=project.path)
    return project


def submit(project, *args):
    return project.submit("--framework", "meson", *args, python=None)


def test_the_verdicts_are_those_of_meson(built):
    expected = outcomes_of_meson(built.path / "build")
    assert len(expected) > 35 and set(expected.values()) == set(OUTCOMES.values())
    run = submit(built, "-n", 3)
    assert run.outcomes == expected
    assert run.code == 1


@pytest.mark.parametrize(
    "options",
    [
        ["--suite", "quick"],
        ["--suite", "ways:other"],
        ["--no-suite", "ways"],
        ["plain"],
        ["sub:"],
        ["ways:plain", "tap bad"],
    ],
    ids=" ".join,
)
def test_tests_are_chosen_as_meson_chooses_them(built, options):
    expected = outcomes_of_meson(built.path / "build", *options)
    run = submit(built, "build", *options)
    assert run.outcomes == expected


def test_no_tests_are_no_success(built):
    assert submit(built, "build", "no such test").code == 5


def test_options_that_are_not_known_are_usage_errors(built):
    run = submit(built, "build", "--setup=x")
    assert run.code == 4
    assert "--setup" in run.out + run.err


def test_a_folder_without_tests_is_a_usage_error(project):
    run = submit(project)
    assert run.code == 4
    assert "intro-tests.json" in run.out + run.err
