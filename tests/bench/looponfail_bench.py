#!/usr/bin/env python3
"""How long `xgrid submit -f` takes from saving a file to the verdict of its one failing test.

usage: XGRID=build/client/xgrid tests/bench/looponfail_bench.py [ROUNDS]

A project of 20 files with 10 tests each, one of which fails in every round, or passes in every other. From the rename
that puts the saved file in place to the last line of the round, `1 failed in ...` or `1 passed in ...`. Beside it what
plain pytest takes for that one test, from its start to its end.
"""

import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

XGRID = os.path.abspath(os.environ["XGRID"])
TESTS = (
    "import pytest\n@pytest.mark.parametrize('i', range(10))\ndef test_i(i):\n    assert i < 10\n"
)


def save(path, text):
    draft = path.parent / (path.name + "~")
    draft.write_text(text)
    os.replace(str(draft), str(path))


class Output:
    def __init__(self, process):
        self.descriptor = process.stdout.fileno()
        self.text = b""

    def until(self, pattern):
        """When it came."""
        while True:
            found = re.search(pattern, self.text)
            if found:
                self.text = self.text[found.end() :]
                return time.monotonic()
            data = os.read(self.descriptor, 65536)
            assert data, self.text
            self.text += data


def measure(project, rounds, change):
    target = project / "test_target.py"
    save(target, "def test_target():\n    assert 0\n")
    process = subprocess.Popen(
        [XGRID, "submit", "-f", "-n", "2", "--python", sys.executable],
        cwd=str(project),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    output = Output(process)
    seconds = []
    try:
        output.until(b"### Watching")
        for number in range(rounds):
            text, last_line = change(number)
            began = time.monotonic()
            save(target, text)
            seconds.append(output.until(last_line) - began)
            output.until(b"### Watching")
            if b"passed" in last_line:  # and it fails again, which is not measured
                save(target, "def test_target():\n    assert 0\n")
                output.until(b"### Watching")
    finally:
        process.terminate()
        process.wait()
    return seconds


def failing(number):
    return "def test_target():\n    assert 0, %d\n" % number, b"1 failed in "


def passing(number):
    return "def test_target():\n    assert 1, %d\n" % number, b"1 passed in "


def plain(project, rounds):
    seconds = []
    for _round in range(rounds):
        began = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "test_target.py"],
            cwd=str(project),
            stdout=subprocess.DEVNULL,
        )
        seconds.append(time.monotonic() - began)
    return seconds


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder:
        project = pathlib.Path(folder) / "project"
        project.mkdir()
        os.environ["XGRID_CACHE_HOME"] = str(pathlib.Path(folder) / "cache")
        for number in range(20):
            (project / ("test_%d.py" % number)).write_text(TESTS)
        for name, seconds in (
            ("failing again", measure(project, rounds, failing)),
            ("passing", measure(project, rounds, passing)),
            ("plain pytest", plain(project, rounds)),
        ):
            print(
                "%-14s median %.3f s, best %.3f s, worst %.3f s, of %d"
                % (name, statistics.median(seconds), min(seconds), max(seconds), len(seconds))
            )


main()
