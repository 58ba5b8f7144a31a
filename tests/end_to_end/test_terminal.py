"""What helps at a terminal: the live view of a broker, completion in shells, manual pages, and a word for who mistypes."""

import fcntl
import json
import os
import pathlib
import pty
import re
import select
import shutil
import struct
import subprocess
import termios

import pytest

import grid
from brokers import free_port

ROOT = pathlib.Path(__file__).parents[2]

WAITS = """
import pathlib, time
def test_bad(): assert 0
def test_waits():
    while not pathlib.Path({go!r}).exists(): time.sleep(0.02)
"""


class Watch:
    """xgrid watch on a terminal of its own, and all that was written there."""

    def __init__(self, team, rows=30, columns=100):
        self.text = ""
        self._fd, other = pty.openpty()
        self.resize(rows, columns)
        self._other = other  # keeps the terminal, and what it is set to
        self.before = termios.tcgetattr(other)
        self.process = subprocess.Popen(
            [grid.XGRID, "watch", "--broker", team.endpoint],
            env={**team.project.env, "TERM": "xterm"},
            stdin=other,
            stdout=other,
            stderr=other,
            preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)),
        )

    def resize(self, rows, columns):
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys):
        os.write(self._fd, keys)

    @property
    def settings(self):
        return termios.tcgetattr(self._other)

    @property
    def shown(self):
        """The last screen that is there as a whole."""
        screens = [one for one in self.text.split("\x1b[H") if "\x1b[?7h" in one]
        return screens[-1] if screens else ""

    def shows(self, text, seconds=grid.DEADLINE_SECONDS):
        def look():
            while select.select([self._fd], [], [], 0)[0]:
                self.text += os.read(self._fd, 65536).decode()
            return text in self.shown

        return grid.until(look, seconds)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._fd)
        os.close(self._other)


@pytest.fixture
def watch(team):
    watch = Watch(team)
    yield watch
    watch.end()


def test_a_run_is_watched_from_its_beginning_to_its_end(team, watch, tmp_path):
    assert watch.shows("no workers")
    go = tmp_path / "go"
    team.project.write("test_a.py", WAITS.format(go=str(go)))
    run = team.detach("--no-confirm")
    assert watch.shows(run) and watch.shows("waits for a slot")
    team.work("--name", "anvil")
    assert watch.shows("\x1b[31m" + run)  # something has failed
    assert re.search(run + r" .* \[#####\.{5}\] 1/2 +1  ", watch.shown)
    assert "anvil" in watch.shown and "runs    1 runs, 0 wait, 0 over" in watch.shown
    watch.resize(9, 40)
    assert watch.shows("lines more") and watch.shown.count("\n") < 9
    watch.resize(30, 100)
    go.write_text("")
    assert watch.shows("1 failed, 1 passed")
    assert watch.settings != watch.before  # keys are not echoed
    watch.type(b"\x03")
    assert watch.process.wait(timeout=grid.DEADLINE_SECONDS) == 0
    assert watch.shows("\x1b[?25h\x1b[?1049l")
    assert watch.settings == watch.before


def test_a_broker_that_is_away_is_waited_for(team, tmp_path):
    nobody = "tcp://127.0.0.1:%d" % free_port()
    lines = tmp_path / "lines"
    with open(lines, "wb") as out:
        watching = subprocess.Popen(
            [grid.XGRID, "status", "--watch", "--json", "--broker", nobody],
            env=team.project.env,
            stdout=out,
        )

    def told():
        return [json.loads(line) for line in lines.read_text().splitlines()]

    assert grid.until(lambda: any("no broker answers" in one.get("trouble", "") for one in told()))
    team.start("broker", "--bind", nobody, "--data", tmp_path / "other")
    assert grid.until(lambda: "trouble" not in told()[-1] and told()[-1]["version"])
    watching.terminate()
    assert watching.wait(timeout=grid.DEADLINE_SECONDS) == 2
    once = team.do("watch")
    assert once.code == 0 and "slots    0 of 0 used" in once.out  # there is no terminal


# ---- Shells

BASH = """
eval "$("$XGRID" completion bash)"
COMP_LINE="xgrid $1" COMP_POINT=${#COMP_LINE}
read -ra COMP_WORDS <<< "$XGRID $1"
_xgrid
printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSH = """
compdef() {}
_describe() { print -rl -- "${(@P)2%%:*}" }
_files() { print -rl -- *(N) }
compset() {}
eval "$("$XGRID" completion zsh)"
words=("$XGRID" "${(@s: :)1}")
CURRENT=$#words PREFIX=$words[-1]
_xgrid
"""
FISH = """
"$XGRID" completion fish | source
complete -C "xgrid $argv[1]" | string replace -r '\\t.*' ''
"""


def completed(shell, line, team=None, cwd=None):
    """The words that the shell offers for what is typed behind `xgrid `."""
    script = {"bash": BASH, "zsh": ZSH, "fish": FISH}[shell]
    env = dict(os.environ, XGRID=grid.XGRID)
    env["PATH"] = os.path.dirname(grid.XGRID) + ":" + env["PATH"]
    if team:
        env["XGRID_BROKER"] = team.endpoint
    command = [
        shell,
        *([] if shell == "fish" else ["-f"] if shell == "zsh" else ["--norc"]),
        "-c",
        script,
    ]
    command += [line] if shell == "fish" else [shell, line]
    done = subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, timeout=60)
    assert done.stderr == "", done.stderr
    return sorted(word.strip() for word in done.stdout.splitlines() if word.strip())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_what_is_typed(team, tmp_path, shell):
    if not shutil.which(shell):
        pytest.skip(shell + " is not there")
    assert completed(shell, "wo") == ["worker", "workers"]
    assert completed(shell, "submit --loo") == ["--looponfail"]
    assert completed(shell, "submit --dist loadf") == ["loadfile"]
    joined = completed(shell, "submit --dist=loadf")
    assert joined == ["loadfile" if shell == "bash" else "--dist=loadfile"]
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "test_here.py").write_text("def test_a(): pass")
    assert "test_here.py" in completed(shell, "submit test_h", cwd=tmp_path / "files")
    team.project.write("test_a.py", "def test_a(): pass\n")
    run = team.detach()
    assert completed(shell, "attach ", team) == [run]
    assert completed(shell, "cancel " + run[:3], team) == [run]
    assert completed(shell, "why --broker tcp://127.0.0.1:%d " % free_port()) == []


# ---- Manual pages


def pages():
    meson = (ROOT / "client" / "meson.build").read_text()
    listed = re.search(r"manual_pages = \[(.*?)\]", meson, re.S)[1]
    return re.findall(r"'([^']*)'", listed)


def test_manual_pages_are_those_of_all_subcommands_and_roff_finds_no_fault():
    overview = subprocess.check_output([grid.XGRID, "man"], text=True)
    linked = re.findall(r"xgrid\\-([a-z]+)\\fR\(1\)", overview)
    assert sorted(linked) == sorted(pages())
    if not shutil.which("groff"):
        pytest.skip("groff is not there")
    for page in ["", *pages()]:
        text = subprocess.check_output([grid.XGRID, "man", *page.split()])
        done = subprocess.run(
            ["groff", "-man", "-Tutf8", "-ww"], input=text, capture_output=True, timeout=60
        )
        assert done.returncode == 0 and done.stderr == b"", (page, done.stderr)
        assert b"SEE ALSO" in re.sub(rb".\x08|\x1b\[\d+m", b"", done.stdout)


def test_manual_pages_tell_nothing_of_who_makes_them():
    one = subprocess.check_output([grid.XGRID, "man", "broker"])
    env = {**os.environ, "HOME": "/home/somebody", "XDG_STATE_HOME": "/elsewhere"}
    assert subprocess.check_output([grid.XGRID, "man", "broker"], env=env) == one
    assert b"~/.local/state/xgrid" in one


# ---- Mistakes


@pytest.mark.parametrize(
    "words, meant",
    [
        (["sumbit"], "submit"),
        (["man", "wroker"], "worker"),
        (["runs", "--jsno"], "--json"),
        (["worker", "--slot-s=4"], "--slots"),
        (["broker", "--dtaa", "x"], "--data"),
        (["keys", "alow"], "allow"),
        (["submit", "--dist=loadfiel"], "loadfile"),
    ],
)
def test_what_was_perhaps_meant_is_said(words, meant):
    done = subprocess.run([grid.XGRID, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 4
    assert "did you mean %s?" % meant in done.stderr


def test_help_of_a_subcommand():
    text = subprocess.check_output([grid.XGRID, "help", "runs"], text=True)
    assert text.startswith("usage: xgrid runs")
