"""--duplicate-tail: copies of what runs long at a run's end."""

import pathlib

import grid

# The first execution is told from the second by a file.
SLEEPS = """
import os, pathlib, time

def test_last():
    here = pathlib.Path({folder!r})
    try:
        (here / "first").touch(exist_ok=False)
        first = True
    except FileExistsError:
        first = False
    (here / ("first_pid" if first else "second_pid")).write_text(str(os.getpid()))
    if first == {first_sleeps}:
        time.sleep(300)
    while first and not (here / "second_pid").exists():
        time.sleep(0.01)
"""


def run(project, tmp_path, first_sleeps, *args):
    text = SLEEPS.format(folder=str(tmp_path), first_sleeps=first_sleeps)
    project.write("test_a.py", text)
    project.write("test_b.py", "def test_b(): pass\n")
    return project.submit("-n", 2, "--duplicate-tail", *args)


def is_gone(path):
    process = pathlib.Path("/proc") / path.read_text()
    return grid.until(lambda: not process.exists(), 10)


def test_a_copy_ends_sooner(project, tmp_path):
    ended = run(project, tmp_path, True)
    assert ended.outcomes == {"test_a.py::test_last": "passed", "test_b.py::test_b": "passed"}
    assert ended.code == 0 and "2 passed" in ended.out
    assert is_gone(tmp_path / "first_pid")


def test_the_first_one_ends_sooner(project, tmp_path):
    ended = run(project, tmp_path, False, "--junitxml", "junit.xml")
    assert ended.outcomes == {"test_a.py::test_last": "passed", "test_b.py::test_b": "passed"}
    assert ended.code == 0 and "2 passed" in ended.out
    assert (project.path / "junit.xml").read_text().count("<testcase ") == 2
    assert is_gone(tmp_path / "second_pid")
