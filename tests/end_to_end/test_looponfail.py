"""xgrid submit -f: what fails runs again whenever a file changes, until it passes; then everything."""

import fcntl
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import termios
import threading
import time

import pytest

import grid

WAITING = "waiting for changes"
EVERYTHING = "no failures left: running everything"


class Loop:
    """xgrid submit -f, and what it says as it comes."""

    def __init__(self, project, marked, *args, **env):
        self.process = project.start("-f", *args, **{**marked.env, **env})
        self.text = ""
        self._read = 0
        self._news = threading.Condition()
        self._readers = [
            threading.Thread(target=self._hear, args=(pipe,), daemon=True)
            for pipe in (self.process.stdout, self.process.stderr)
        ]
        for reader in self._readers:
            reader.start()

    def _hear(self, pipe):
        while True:
            data = os.read(pipe.fileno(), 65536)
            if not data:
                return
            with self._news:
                self.text += data.decode(errors="replace")
                self._news.notify_all()

    def until(self, text):
        """What it has said since the last time, up to that text."""
        deadline = time.monotonic() + grid.DEADLINE_SECONDS
        with self._news:
            while text not in self.text[self._read :]:
                left = deadline - time.monotonic()
                assert left > 0 and self.process.poll() is None, "%r does not come; said:\n%s" % (
                    text,
                    self.text,
                )
                self._news.wait(min(left, 0.5))
            end = self.text.index(text, self._read) + len(text)
            said = self.text[self._read : end]
            self._read = end
        return said

    def waits(self):
        """The rounds up to where it waits, as their last lines tell: "1 failed, 2 passed"."""
        said = self.until(WAITING)
        self.until("### Watching: ")
        return rounds(said)

    def end(self):
        """The exit code, after Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(grid.DEADLINE_SECONDS)
        for reader in self._readers:
            reader.join(grid.DEADLINE_SECONDS)
        return code


def rounds(said):
    return re.findall(r"=+ (.*) in [0-9.]+s", said)


def changes(said):
    return re.findall("^# (.*)", said, re.M)


@pytest.fixture
def loop(project, marked):
    started = []

    def start(*args, **env):
        started.append(Loop(project, marked, *args, **env))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.end()
    assert marked.gone()


def module(**tests):
    return "".join("def test_%s():\n    assert %s\n" % (name, what) for name, what in tests.items())


@pytest.mark.parametrize(
    "args",
    [[], ["-n", 2], ["-n", 0], ["--dist=each", "--tx", "2*popen"], ["--tx", "popen//chdir={copy}"]],
    ids=["plain", "two slots", "not distributed", "each", "copy"],
)
def test_failing_tests_run_until_they_pass_and_then_everything_once(
    project, loop, tmp_path, args, marked
):
    project.write("test_a.py", module(one="1", two="0"))
    project.write("test_b.py", module(three="1"))
    times = 2 if "--dist=each" in args else 1
    running = loop(*[str(arg).format(copy=tmp_path / "copy") for arg in args])
    first = "%d failed, %d passed" % (times, 2 * times)
    assert running.waits() == [first]
    assert "LOOPONFAILING" in running.text and "test_a.py::test_two" in running.text
    project.write("test_a.py", module(one="1", two="0 + 0"))
    assert running.waits() == ["%d failed" % times]
    assert "# MODIFIED test_a.py" in running.text
    project.write("test_a.py", module(one="1", two="1"))
    said = running.until(WAITING)
    assert EVERYTHING in said
    assert rounds(said) == ["%d passed" % times, "%d passed" % (3 * times)]
    project.write("test_b.py", module(three="0"))
    assert running.waits() == [first]
    assert running.end() == 1
    assert marked.gone()


def test_ctrl_c_while_waiting_ends_with_the_last_rounds_code_and_leaves_nothing(
    project, loop, marked
):
    project.write("test_a.py", module(one="1"))
    running = loop()
    assert running.waits() == ["1 passed"]
    assert running.end() == 0
    assert marked.gone()


def test_ctrl_c_during_a_round_ends_with_2(project, loop, marked):
    project.write(
        "test_a.py",
        "import time\ndef test_one():\n    print('here', flush=True)\n    time.sleep(600)\n",
    )
    running = loop("-s")
    running.until("here")
    assert running.end() == 2
    assert marked.gone()


def test_interpreter_stays_between_rounds(project, loop):
    project.write(
        "test_a.py", "import os\ndef test_one():\n    assert 0, 'parent %d' % os.getppid()\n"
    )
    running = loop("-n", 1, "--start", "fork")
    parents = []
    for change in range(5):
        said = running.until(WAITING)
        parents += re.findall(r"^E .*AssertionError: parent (\d+)", said, re.M)
        project.write("new_%d.py" % change, "")
    # The first rounds may teach the interpreter which libraries to have ready, in a fork of it.
    assert len(parents) == 5
    assert len(set(parents[2:])) == 1


def test_deleted_and_renamed_tests_are_left_out(project, loop):
    project.write("test_a.py", module(one="0", two="0"))
    project.write("test_b.py", module(three="0"))
    running = loop("-n", 1)
    assert running.waits() == ["3 failed"]
    project.write("test_a.py", module(uno="0", two="0"))
    assert running.waits() == ["2 failed"]
    (project.path / "test_b.py").unlink()
    assert running.waits() == ["1 failed"]
    assert "# DELETED test_b.py" in running.text
    # None is left: everything runs, and so what is new.
    (project.path / "test_a.py").rename(project.path / "test_c.py")
    said = running.until(WAITING)
    assert "# RENAMED test_a.py to test_c.py" in said
    assert EVERYTHING in said
    assert rounds(said)[-1] == "2 failed"


def test_file_that_cannot_be_collected_keeps_the_failing_tests(project, loop):
    project.write("test_a.py", module(one="1", two="0"))
    project.write("test_b.py", module(three="1"))
    running = loop("-n", 1)
    assert running.waits() == ["1 failed, 2 passed"]
    project.write("test_a.py", "def broken(:\n")
    assert running.waits() == ["1 error"]
    project.write("test_a.py", module(one="1", two="0 + 0"))
    assert running.waits() == ["1 failed"]
    project.write("conftest.py", "import nowhere\n")
    assert "nowhere" in running.until(WAITING)
    (project.path / "conftest.py").unlink()
    assert running.waits() == ["1 failed"]
    project.write("test_a.py", module(one="1", two="1"))
    assert running.waits() == ["1 passed", "3 passed"]


def test_loop_can_begin_with_what_cannot_be_collected(project, loop):
    project.write("test_a.py", "def broken(:\n")
    running = loop()
    assert running.waits() == ["1 error"]
    project.write("test_a.py", module(one="1"))
    assert running.waits() == ["1 passed", "1 passed"]


def test_own_output_and_ignored_files_start_nothing(project, loop):
    project.write(".gitignore", "*.log\n")
    subprocess.run(["git", "init", "-q"], cwd=str(project.path), check=True)
    project.write("test_a.py", module(one="0"))
    running = loop("-n", 1, "--junitxml", "junit.xml", "--json", "lines.json", "--basetemp", "tmp")
    assert running.waits() == ["1 failed"]
    project.write("run.log", "x")
    project.write("__pycache__/other.cpython-311.pyc", "x")
    project.write(".pytest_cache/v/cache/lastfailed", "{}")
    project.write("test_a.py", module(one="0"))  # as it was
    os.utime(str(project.path / "test_a.py"))
    # All that came before is one change with this one, which is told alone.
    project.write("new.txt", "")
    said = running.until(WAITING)
    assert changes(said) == ["NEW new.txt"]
    assert rounds(said) == ["1 failed"]
    events = [json.loads(line)["event"] for line in open(str(project.path / "lines.json"))]
    assert events.count("run_started") == events.count("run_finished") == 2
    assert (project.path / "junit.xml").exists()


def test_files_that_tests_write_do_not_keep_it_running(project, loop):
    project.write(
        "test_a.py",
        "import time\ndef test_one():\n    open('out.txt', 'a').write(str(time.time()))\n",
    )
    running = loop("-n", 1)
    said = running.until(WAITING)
    assert "# NOT TAKEN FOR A CHANGE out.txt" in said
    assert len(rounds(said)) == 2


def test_change_during_a_round_brings_another(project, loop, tmp_path):
    project.write(
        "test_a.py",
        """\
        import pathlib, time
        def test_one():
            print("here", flush=True)
            while not pathlib.Path(%r).exists():
                time.sleep(0.01)
            assert 0
        """
        % str(tmp_path / "go"),
    )
    project.write("test_b.py", module(two="0"))
    running = loop("-n", 1, "-s")
    running.until("here")
    project.write("test_b.py", module(two="1"))
    (tmp_path / "go").write_text("")
    said = running.until(WAITING)
    assert "# MODIFIED test_b.py" in said
    assert len(rounds(said)) == 2


def test_change_in_the_same_second_and_of_the_same_size_is_seen_by_python(project, loop):
    project.write("test_a.py", "import product\ndef test_one():\n    assert product.VALUE\n")
    path = project.write("product.py", "VALUE = 0\n")
    os.utime(str(path), (1e9, 1e9))
    running = loop("-n", 1)
    assert running.waits() == ["1 failed"]
    other = project.path.parent / "product.py"
    other.write_text("VALUE = 1\n")
    os.utime(str(other), (1e9, 1e9))
    os.replace(str(other), str(path))
    assert running.waits() == ["1 passed", "1 passed"]


def test_folders_of_the_ini_are_watched(project, loop, tmp_path):
    project.write("pytest.ini", "[pytest]\nlooponfailroots = src ../shared\n")
    project.write("src/code.py", "VALUE = 0\n")
    (tmp_path / "shared").mkdir()
    project.write("test_a.py", module(one="0"))
    running = loop("-n", 1)
    running.until("### Watching:   %s" % (project.path / "src"))
    running.until("### Watching:   %s" % (tmp_path / "shared"))
    project.write("other.txt", "")
    (tmp_path / "shared" / "data.txt").write_text("")
    said = running.until(WAITING)
    assert changes(said) == ["NEW ../shared/data.txt"]


def test_folder_of_the_ini_that_is_not_there_is_an_error(project):
    project.write("pytest.ini", "[pytest]\nlooponfailroots = nowhere\n")
    ended = project.submit("-f")
    assert ended.code == 4
    assert "looponfailroots: '%s' is no folder" % (project.path / "nowhere") in ended.err


def test_options_and_targets_of_the_user_stay(project, loop):
    project.write("pytest.ini", "[pytest]\naddopts = tests -f\n")
    project.write("tests/test_a.py", module(one="0", two="0"))
    project.write("tests/sub/pytest.ini", "[pytest]\n")
    project.write("tests/sub/test_b.py", module(one_more="0"))
    project.write("test_elsewhere.py", module(one="0"))
    running = loop("-k", "one", "-n", 1)
    assert running.waits() == ["2 failed, 1 deselected"]
    project.write("new.txt", "")
    assert running.waits() == ["2 failed"]


def test_without_watches_of_the_kernel_files_are_looked_at_again_and_again(
    project, loop, monkeypatch, tmp_path
):
    script = tmp_path / "xgrid-without-watches"
    inner = 'echo 0 > /proc/sys/user/max_inotify_watches && exec %s "$@"' % grid.XGRID
    script.write_text("#!/bin/sh\nexec unshare -Ur sh -c '%s' sh \"$@\"\n" % inner)
    script.chmod(0o755)
    if shutil.which("unshare") is None or subprocess.run([str(script), "version"]).returncode:
        pytest.skip("needs user namespaces")
    monkeypatch.setattr(grid, "XGRID", str(script))
    project.write("test_a.py", module(one="0"))
    running = loop("-n", 1)
    said = running.until(WAITING)
    assert rounds(said) == ["1 failed"]
    running.until("### by looking again and again: the limit of watches is reached")
    project.write("test_a.py", module(one="1"))
    assert running.waits() == ["1 passed", "1 passed"]


def test_shared_broker_serves_all_rounds(project, loop, tmp_path, marked):
    endpoint = "ipc://%s/broker" % tmp_path
    env = {**project.env, **marked.env}
    others = [
        subprocess.Popen([grid.XGRID, "broker", "--bind", endpoint], env=env),
        subprocess.Popen([grid.XGRID, "worker", "--broker", endpoint, "--slots", "1"], env=env),
    ]
    try:
        project.write("test_a.py", module(one="0"))
        running = loop("--broker", endpoint)
        assert running.waits() == ["1 failed"]
        project.write("test_a.py", module(one="1"))
        assert running.waits() == ["1 passed", "1 passed"]
        assert running.end() == 0
    finally:
        for other in others:
            other.terminate()
        for other in others:
            other.wait()


def test_ssh_serves_all_rounds(project, loop, make_host, marked):
    host = make_host()
    project.write("test_a.py", module(one="0"))
    running = loop("--tx", host.spec)
    assert running.waits() == ["1 failed"]
    project.write("test_a.py", module(one="1"))
    assert running.waits() == ["1 passed", "1 passed"]
    assert len(host.sessions()) == 1
    assert running.end() == 0


def test_worker_that_listens_serves_all_rounds(project, loop, listen):
    listener = listen()
    project.write("test_a.py", module(one="0"))
    running = loop("--tx", listener.spec, XGRID_TOKEN=listener.token)
    assert running.waits() == ["1 failed"]
    project.write("test_a.py", module(one="1"))
    assert running.waits() == ["1 passed", "1 passed"]
    assert running.end() == 0


def test_enter_at_a_terminal_runs_everything(project, marked):
    project.write("test_a.py", module(one="1", two="0"))
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [grid.XGRID, "submit", "-f", "-n", "1", "--python", sys.executable],
        cwd=str(project.path),
        env={**project.env, **marked.env},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)),
    )
    os.close(theirs)
    text = b""
    try:
        for rounds_seen in (1, 2):
            while text.count(b"Enter runs everything") < rounds_seen:
                text += os.read(ours, 65536)
            if rounds_seen == 1:
                os.write(ours, b"\n")
        # In both rounds the one that passes has run, too.
        assert len(re.findall(rb"1 failed.*1 passed.* in ", text)) == 2
        os.write(ours, b"\x03")
        assert process.wait(grid.DEADLINE_SECONDS) == 1
    finally:
        process.kill()
        os.close(ours)
    assert marked.gone()
