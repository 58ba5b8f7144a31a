"""Workers that join a broker: what they say of themselves, how they leave, and what takes them out."""

import os
import pathlib
import shutil
import signal
import subprocess

import grid
import pytest

# Each execution leaves a line.
SLOW = """
import os, pathlib, time
import pytest

@pytest.mark.parametrize("i", range(12))
def test_slow(i, request):
    time.sleep(0.15)
    with open({log!r}, "a") as log: log.write(request.node.nodeid + "\\n")
"""

# Runs on until the file is there.
HELD = """
import os, pathlib, subprocess, time

def test_held():
    child = subprocess.Popen(["sleep", "600"])
    pathlib.Path({pids!r}).write_text("%d %d" % (os.getpid(), child.pid))
    while not pathlib.Path({go!r}).exists(): time.sleep(0.02)
    child.kill()
"""


class Held:
    """A run of one test that does not end by itself, on one worker."""

    def __init__(self, team, *args):
        self.team = team
        self.pids = team.tmp_path / "pids"
        self.go = team.tmp_path / "go"
        team.project.write("test_a.py", HELD.format(pids=str(self.pids), go=str(self.go)))
        self.worker = team.work(*args, slots=1)
        self.submit = team.start_submit()
        assert grid.until(lambda: len(self.running()) == 2)

    def running(self):
        return self.pids.read_text().split() if self.pids.exists() else []

    def is_gone(self):
        old = [pathlib.Path("/proc") / pid for pid in self.running()]
        return grid.until(lambda: not any(path.exists() for path in old), grid.LEFT_SECONDS)

    def ends_elsewhere(self):
        """Another worker runs it; it has one verdict, and nobody is blamed."""
        self.pids.unlink()
        self.team.start("worker", "--broker", self.team.endpoint, "--slots", 1)
        assert grid.until(lambda: len(self.running()) == 2)
        self.go.write_text("")
        run = grid.ended(self.submit)
        assert run.code == 0, run.out + run.err
        assert "1 passed" in run.out and "crash" not in run.out
        return run


def leaves(worker):
    assert grid.until(lambda: worker.poll() is not None)
    return worker.returncode


# ---- What they say


def test_labels_are_found_out_and_one_of_several_values_will_do(team):
    folder = team.tmp_path / "bin"
    folder.mkdir()
    shutil.copy("/bin/true", folder / "python3.99")
    team.env["PATH"] += os.pathsep + str(folder)
    team.work("--label", "gpu=a100,v100", "--label", "gpu=t4", "--label", "arch=vax")
    (worker,) = team.ask("workers")
    assert worker["labels"]["os"] == "linux" and worker["labels"]["arch"] == "vax"
    assert worker["labels"]["gpu"] == "a100,v100,t4"
    assert "3.99" in worker["labels"]["python"].split(",")
    assert "os=linux" in team.do("workers").out
    team.project.write("test_a.py", "def test_a(): pass\n")
    good = team.submit("--label", "python=3.99", "--label", "gpu=t4", "--label", "gpu=v100")
    assert good.code == 0, good.out + good.err
    waits = team.start_submit("--label", "python=2.2")
    assert grid.until(lambda: len(team.ask("runs")) == 2)
    (run,) = [one["run"] for one in team.ask("runs") if one["state"] == "waits"]
    said = team.do("why", run).out
    assert "no worker has the label python=2.2; there is python=" in said and "3.99" in said
    assert team.ask("status")["wanted"] == [{"labels": {"python": "2.2"}, "slots": 1}]
    team.work("--label", "python=2.2")
    assert grid.ended(waits).code == 0


def test_who_waits_for_a_slot_is_told_why(team):
    team.work("--label", "gpu=no")
    team.project.write("test_a.py", "def test_a(): pass\n")
    waits = team.start_submit("--label", "gpu=yes")
    assert grid.until(lambda: team.ask("runs"))
    (run,) = team.ask("runs")
    said = b""
    while b"no worker has the label gpu=yes; there is gpu=no" not in said:
        line = waits.stdout.readline()
        assert line, said
        said += line
    team.do("cancel", run["run"])
    assert grid.ended(waits).code == 2


def test_a_label_needs_a_broker_and_a_value(team):
    team.project.write("test_a.py", "def test_a(): pass\n")
    alone = team.project.submit("--label", "gpu=yes")
    assert alone.code == 4 and "--label asks for a broker's workers" in alone.err
    assert "--label takes NAME=VALUE, not 'gpu'" in team.submit("--label", "gpu").err


def test_workers_of_one_name_are_told_apart(team):
    for _ in range(2):
        team.work("--name", "anvil")
    assert sorted(one["worker"] for one in team.ask("workers")) == ["anvil", "anvil-2"]
    team.project.write("test_a.py", "def test_a(): pass\n")
    run = team.submit("--label", "name=anvil")
    assert run.code == 0 and run.of("worker_up")[0]["host"].startswith("anvil")


# ---- How they leave


def test_a_worker_that_is_to_leave_finishes_what_runs_and_the_rest_runs_elsewhere(team):
    log = team.tmp_path / "log"
    log.write_text("")
    for name in "abcd":
        team.project.write("test_%s.py" % name, SLOW.format(log=str(log)))
    first = team.work()
    team.work()
    events = team.tmp_path / "events.jsonl"
    submit = team.project.start("-n", 4, "--broker", team.endpoint, "--json", events)
    assert grid.until(lambda: len(log.read_text().splitlines()) >= 6)
    first.send_signal(signal.SIGTERM)
    assert leaves(first) == 0
    assert submit.poll() is None  # not because all was over
    assert len(team.ask("workers")) == 1
    run = grid.ended(submit, events)
    assert run.code == 0, run.out + run.err
    executed = log.read_text().splitlines()
    assert len(executed) == len(set(executed)) == 48
    assert set(executed) == set(run.outcomes) and set(run.outcomes.values()) == {"passed"}
    assert not [one for one in run.of("worker_down") if one["reason"]]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_at_the_second_signal_it_leaves_at_once(team, number):
    held = Held(team)
    held.worker.send_signal(number)
    assert grid.until(lambda: team.ask("workers")[0]["drains"])
    assert "leaves when it is done" in team.do("workers").out
    assert held.worker.poll() is None
    held.worker.send_signal(number)
    assert leaves(held.worker) == 0
    assert held.is_gone()
    assert b"(once more: at once)" in held.worker.stderr.read()
    held.ends_elsewhere()


def test_what_takes_too_long_does_not_keep_it(team):
    held = Held(team, "--drain-timeout", "1s")
    held.worker.send_signal(signal.SIGTERM)
    assert leaves(held.worker) == 0
    assert held.is_gone()
    held.ends_elsewhere()


def test_an_idle_worker_leaves_when_it_is_told_to(team):
    held = Held(team, "--exit-when-idle", "1s")
    assert held.worker.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        held.worker.wait(timeout=2)
    held.go.write_text("")
    assert grid.ended(held.submit).code == 0
    assert leaves(held.worker) == 0
    assert team.ask("workers") == []


# ---- What takes them out


@pytest.fixture
def small_disk(tmp_path):
    path = tmp_path / "small"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(path)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("a disk of its own needs root")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def test_a_worker_whose_disk_is_full_takes_nothing_until_there_is_room(team, small_disk):
    team.work("--cache", small_disk / "cache", "--min-free", "16M")
    (small_disk / "filler").write_bytes(bytes(24 << 20))
    assert grid.until(lambda: team.ask("workers")[0]["trouble"])
    assert "MB are free in %s/cache, and " % small_disk in team.do("workers").out
    team.project.write("test_a.py", "def test_a(): pass\n")
    waits = team.start_submit()
    assert grid.until(lambda: team.ask("runs"))
    (run,) = team.ask("runs")
    said = team.do("why", run["run"]).out
    assert "the only worker that would do takes nothing new" in said
    assert "MB are free in" in said
    (small_disk / "filler").unlink()
    assert grid.ended(waits).code == 0


def test_a_worker_where_no_run_can_start_is_out_for_a_while(team):
    team.work()
    broken = ["-n", 2, "--broker", team.endpoint]
    for name in ("one", "one", "one", "another", "third"):
        assert team.ask("workers")[0]["trouble"] == "", name
        project = grid.Project(team.tmp_path / name)
        project.write("test_a.py", "def test_a(): pass\n")
        assert project.submit(*broken, python="/no/such/python").code == 3
    assert grid.until(lambda: team.ask("workers")[0]["trouble"])
    said = team.ask("workers")[0]["trouble"]
    assert "no slot could start for 3 projects" in said and "/no/such/python" in said
