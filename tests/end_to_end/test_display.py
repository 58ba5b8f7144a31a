"""What a user sees while a run is under way, on a terminal and in a pipe."""

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time

import pytest

import grid

PRINTING = """
    import os, subprocess, sys, pytest
    @pytest.fixture(autouse=True)
    def chatty():
        yield
        print("from teardown")
    @pytest.mark.parametrize("i", range(3))
    def test_prints(i):
        print("line %d" % i)
        sys.stderr.write("error %d\\n" % i)
        subprocess.check_call(["sh", "-c", "echo child %d; printf 'no newline %d'" % (i, i)])
"""


def test_s_labels_each_whole_line_with_its_slot(project):
    project.write("test_p.py", PRINTING)
    run = project.submit("-n", 2, "-s")
    for i in range(3):
        for text in ("line", "error", "child", "no newline"):
            assert re.search(r"^\[gw[01]\] %s %d" % (text, i), run.out, re.M), (text, i)
    assert not re.search(r"^(line|error|child|no newline|from)", run.out, re.M)
    assert run.code == 0


def test_s_without_distribution_has_no_label(project):
    project.write("test_p.py", PRINTING)
    run = project.submit("-n", 0, "-s")
    assert re.search(r"^line 2$", run.out, re.M) and "[gw" not in run.out
    run = project.submit("-n", 2, "-o", "addopts=-s")
    assert re.search(r"^\[gw[01]\] line 2$", run.out, re.M)


def test_output_is_bounded_and_any_bytes_are_shown(project):
    project.write(
        "test_big.py",
        r"""
        import os, sys, pytest
        def test_long_line():
            os.write(1, b"<" + b"x" * 3000000 + b">")
            assert 0
        def test_bytes():
            os.write(2, bytes(range(256)))
            assert 0
        @pytest.mark.parametrize("fd", [1, 2])
        def test_closes(fd):
            os.close(fd)
            assert 0
        """,
    )
    for options in ([], ["-s"], ["--capture=sys"]):
        run = project.submit("-n", 2, "--junitxml=report.xml", *options)
        assert run.code == 1 and len(run.outcomes) == 4
        assert set(run.outcomes.values()) == {"failed"}
        if not options:
            assert "characters cut" in run.out and len(run.out) < 2000000


@pytest.mark.parametrize(
    "style, shown", [("progress", "[100%]"), ("count", "[1/1]"), ("classic", ""), ("none", "")]
)
def test_console_output_style_is_heeded(project, style, shown):
    project.write("test_a.py", "def test_a(): pass")
    project.write("pytest.ini", "[pytest]\nconsole_output_style = %s\n" % style)
    for options in ([], ["-v"]):
        run = project.submit("-n", 1, *options)
        assert shown in run.out and ("[" in run.out.replace("[gw0]", "")) == bool(shown)


def test_nothing_is_rewritten_in_a_pipe(project):
    project.write("test_a.py", "import time\ndef test_a(): time.sleep(1)")
    run = project.submit("-n", 1)
    assert "\r" not in run.out and "\x1b" not in run.out


class OnTerminal:
    """A run on a terminal of so many columns; all that was written to it."""

    def __init__(self, project, columns, *args, **env):
        self.text = ""
        pid, self._fd = pty.fork()
        if pid == 0:
            os.chdir(str(project.path))
            os.environ.clear()
            os.environ.update({**project.env, "TERM": "xterm", **env})
            os.execv(grid.XGRID, [grid.XGRID, "submit", "--python", sys.executable, *args])
        self._pid = pid
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))

    def until(self, condition):
        deadline = time.monotonic() + grid.DEADLINE_SECONDS
        while not condition(self.text) and time.monotonic() < deadline:
            if not self.read():
                return condition(self.text)
        return condition(self.text)

    def read(self):
        select.select([self._fd], [], [], 1)
        try:
            data = os.read(self._fd, 65536)
        except OSError:
            return False
        self.text += data.decode(errors="replace")
        return bool(data)

    def type(self, keys):
        os.write(self._fd, keys)

    def code(self):
        self.until(lambda _text: False)
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


@pytest.mark.parametrize(
    "files, progress",
    [(["test_a.py"], "6/7{}, 1 failed{}"), (["test_a.py", "test_b.py"], "5/~14{}, 1 failing{}")],
    ids=["final at once", "to be confirmed"],
)
def test_a_terminal_shows_progress_with_failures_in_red(project, files, progress):
    for name in files:
        project.write(
            name,
            """
            import os, pytest
            @pytest.mark.parametrize("i", range(6))
            def test_a(i):
                assert i
            def test_waits():
                while not os.path.exists("go"): pass
            """,
        )
    run = OnTerminal(project, 60, "-n", "1")
    expected = progress.format("\x1b[31m\x1b[1m", "\x1b[0m")
    assert run.until(lambda text: re.search(re.escape(expected) + r", \d+/s", text))
    (project.path / "go").touch()
    assert run.code() == 1
    assert "failed" in run.text and run.text.rstrip().endswith("=\x1b[0m")


def test_ctrl_c_ends_the_run_with_the_results_so_far(project, marked):
    project.write(
        "test_a.py",
        "import time\ndef test_a(): assert 0\ndef test_b():\n    open('there', 'w'); time.sleep(600)",
    )
    run = OnTerminal(project, 24, "-n", "1", NO_COLOR="1", **marked.env)
    assert grid.until((project.path / "there").exists)
    assert run.until(lambda text: "1/2, 1 failed" in text)
    run.type(b"\x03")
    assert run.code() == 2
    assert "1 failed in" in run.text and "\x1b[31" not in run.text
    assert marked.gone()
