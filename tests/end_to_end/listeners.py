"""Workers that listen, and wait to be dialled."""

import os
import re
import subprocess

import grid

SUITE = """
import pytest

@pytest.mark.parametrize("i", range(20))
def test_i(i): pass

def test_fails(): assert 0
"""


def check_suite(run):
    assert run.code == 1, run.out + run.err
    assert len(run.outcomes) == 21
    assert [name for name, outcome in run.outcomes.items() if outcome != "passed"] == [
        "test_a.py::test_fails"
    ]


class Listener:
    """A worker that listens, on a port that the system picks."""

    def __init__(self, path, *args, slots=2, address="127.0.0.1:0"):
        self.path = path
        path.mkdir()
        self.mark = grid.Mark()
        self.out = path / "out"
        self.err = path / "err"
        command = [grid.XGRID, "worker", "--listen", address, "--slots", str(slots)]
        command += ["--cache", str(path / "cache"), *map(str, args)]
        with open(self.out, "w") as out, open(self.err, "w") as err:
            self.process = subprocess.Popen(
                command,
                env={**os.environ, **self.mark.env},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        grid.until(lambda: "\n" in self.out.read_text() or self.process.poll() is not None)
        self.port = self.token = None
        line = self.out.read_text()
        if self.process.poll() is None:
            self.port = int(re.search(r"listening on \S+:(\d+) ", line).group(1))
            found = re.search(r"XGRID_TOKEN=(\S+)", line)
            self.token = found and found.group(1)

    @property
    def spec(self):
        return "socket=localhost:%d" % self.port

    def alone(self, seconds=20):
        """Whether none of its sessions is left, beside the one that removes its folder."""
        return grid.until(lambda: len(self.mark.pids()) <= 2, seconds)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        assert self.process.wait(timeout=grid.DEADLINE_SECONDS) is not None
        assert self.mark.gone(), "left running: %s" % self.mark.pids()
