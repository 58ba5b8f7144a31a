"""A broker that several share: what it tells of runs and workers, and runs that are left and come back to."""

import pathlib
import re
import signal
import subprocess

import grid
import pytest
from brokers import free_port

SUITE = """
import sys, warnings
import pytest

def test_good(): pass
def test_bad():
    print("what it printed")
    assert 1 == 2
@pytest.mark.skip(reason="not today")
def test_skipped(): pass
@pytest.mark.parametrize("i", range(5))
def test_many(i): assert i != 3
"""

STAYS = """
import os, pathlib, subprocess, time

def test_stays():
    child = subprocess.Popen(["sleep", "600"])
    pathlib.Path({pids!r}).write_text("%d %d" % (os.getpid(), child.pid))
    time.sleep(600)
"""

# Passes on once the file is there.
WAITS = """
import pathlib, time

def test_first(): pass
def test_waits():
    while not pathlib.Path({go!r}).exists(): time.sleep(0.02)
def test_last(): pass
"""


def results(text):
    """What a run has shown, without what differs from run to run."""
    text = re.sub(r"\d+\.\d+s", "TIME", text)
    text = re.sub(r"gw\d", "gwN", text)
    text = re.sub(r", run [0-9a-f]{8}", "", text)
    return sorted(line for line in text.splitlines() if not re.match(r"^[.sF]+ *\[", line))


# ---- What there is


def test_without_a_broker_or_its_name_that_is_said(team):
    done = subprocess.run(
        [grid.XGRID, "runs"],
        cwd=team.tmp_path,
        env=team.project.env,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 4
    assert "no broker is named: add --broker ENDPOINT, set XGRID_BROKER" in done.stderr
    nobody = "tcp://127.0.0.1:%d" % free_port()
    for name in ("status", "workers"):
        done = subprocess.run(
            [grid.XGRID, name],
            cwd=team.tmp_path,
            env={**team.project.env, "XGRID_BROKER": nobody},
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.returncode == 3
        assert "no broker answers at " + nobody in done.stderr


def test_an_empty_broker_says_so(team):
    assert team.do("runs").out == "no runs\n"
    assert team.do("workers").out.startswith("no workers (start one:")
    status = team.do("status").out
    assert "slots    0 of 0 used, on 0 workers\n" in status
    assert team.ask("status")["workers"] == []


def test_mistakes_are_named(team):
    for args, said in [
        (["why"], "xgrid why needs a run"),
        (["why", "a", "b"], "xgrid why takes one run"),
        (["runs", "a"], "xgrid runs takes nothing but options"),
        (["cancel", "nothing"], "there is no run nothing (xgrid runs lists them)"),
        (["attach", "nothing"], "there is no run nothing"),
        (["status", "--nonsense"], "there is no option --nonsense"),
    ]:
        done = team.do(*args)
        assert done.code == 4 and said in done.err, (args, done.err)


@pytest.mark.parametrize("name", "status runs workers why attach cancel rerun".split())
def test_each_subcommand_has_help(team, name):
    done = team.do(name, "--help")
    assert done.code == 0
    assert done.out.startswith("usage: xgrid %s [OPTIONS]" % name)
    assert "--broker" in done.out and "--json" in done.out


def test_runs_workers_and_slots_are_shown(team, tmp_path):
    team.work("--label", "os=linux", "--name", "anvil", slots=3)
    go = tmp_path / "go"
    team.project.write("test_a.py", WAITS.format(go=str(go)))
    run = team.start_submit("--project", "bridge", "--priority", "7", "-k", "test_")
    assert grid.until(lambda: any(one["state"] == "runs" for one in team.ask("runs")))
    (shown,) = team.ask("runs")
    assert shown["project"] == "bridge" and shown["priority"] == 7
    assert "-k test_" in shown["title"] and shown["followed"]
    (worker,) = team.ask("workers")
    assert worker["worker"] == "anvil" and worker["slots"] == 3 and worker["used"] >= 1
    assert worker["labels"]["os"] == "linux" and worker["runs"] == [shown["run"]]
    lines = team.do("runs").out.splitlines()
    assert lines[0].split() == "RUN STATE USER PROJECT SLOTS AGE TESTS WHAT".split()
    assert lines[1].startswith(shown["run"][:8] + "  runs") and "bridge" in lines[1]
    status = team.do("status").out
    assert "of 3 used, on 1 worker\n" in status and "runs     1 runs, 0 wait" in status
    assert shown["run"][:8] in status
    assert "anvil" in team.do("workers").out
    assert "slot runs" in team.do("why", shown["run"][:4]).out
    go.write_text("")
    assert grid.ended(run).code == 0


def test_why_names_the_labels_that_no_worker_has(team):
    team.work("--label", "gpu=no")
    team.project.write("test_a.py", "def test_a(): pass\n")
    waits = team.project.start("--broker", team.endpoint, "--tx", "label:gpu=yes", "test_a.py")
    assert grid.until(lambda: team.ask("runs"))
    (run,) = team.ask("runs")
    assert run["state"] == "waits"
    assert "no worker has the label gpu=yes; there is gpu=no" in team.do("why", run["run"]).out
    assert team.ask("why", run["run"])["why"]
    assert team.ask("status")["wanted"] == [{"labels": {"gpu": "yes"}, "slots": 1}]
    team.work("--label", "gpu=yes")
    assert grid.ended(waits).code == 0


# ---- Leave and come back


def test_a_run_that_was_left_shows_what_a_plain_one_does(team):
    team.project.write("test_a.py", SUITE)
    team.work()
    plain = team.submit("-rA")
    assert plain.code == 1
    run = team.detach("-rA")
    attached = team.show("attach", run)
    assert attached.code == 1, attached.err
    assert attached.outcomes == plain.outcomes
    assert results(attached.out) == results(plain.out)
    assert "what it printed" in attached.out
    again = team.show("attach", run)  # it is over, and kept
    assert again.code == 1 and again.outcomes == plain.outcomes
    (kept,) = [one for one in team.ask("runs") if one["run"].startswith(run)]
    assert kept["state"] == "over" and kept["verdicts"] == {"passed": 5, "failed": 2, "skipped": 1}
    assert "it is over" in team.do("why", run).out


def test_code_is_at_the_broker_before_the_client_leaves(team):
    team.project.write("pkg/__init__.py", "VALUE = 1\n")
    team.project.write("test_a.py", "import pkg\ndef test_a(): assert pkg.VALUE == 1\n")
    run = team.detach()  # there is no worker yet
    assert team.state(run) == "waits"
    team.project.write("pkg/__init__.py", "VALUE = 2\n")
    team.project.write("test_a.py", "def test_another(): pass\n")
    team.work()
    assert team.show("attach", run).outcomes == {"test_a.py::test_a": "passed"}


def test_several_follow_a_run_and_each_sees_all_of_it(team, tmp_path):
    team.work()
    go = tmp_path / "go"
    team.project.write("test_a.py", WAITS.format(go=str(go)))
    submitter = team.start_submit()
    assert grid.until(lambda: any(one["open"] for one in team.ask("runs")))
    (run,) = team.ask("runs")
    events = tmp_path / "attached.jsonl"
    other = team.begin("attach", run["run"], "--json", events)
    assert grid.until(lambda: events.exists() and "test_finished" in events.read_text())
    go.write_text("")
    names = {"test_a.py::test_%s" % name: "passed" for name in ("first", "waits", "last")}
    assert grid.ended(other, events).outcomes == names
    assert grid.ended(submitter).code == 0


def test_who_attached_leaves_with_ctrl_c_and_the_run_goes_on(team, tmp_path):
    team.work()
    go = tmp_path / "go"
    team.project.write("test_a.py", WAITS.format(go=str(go)))
    run = team.detach()
    events = tmp_path / "attached.jsonl"
    attached = team.begin("attach", run, "--json", events)
    assert grid.until(lambda: events.exists() and "test_finished" in events.read_text())
    attached.send_signal(signal.SIGINT)
    left = grid.ended(attached)
    assert left.code == 2
    assert "left, and the run goes on: xgrid attach %s" % run in left.out
    assert team.state(run) == "runs"
    go.write_text("")
    assert team.show("attach", run).code == 0


def test_a_client_that_is_killed_does_not_hurt_its_run(team, tmp_path):
    team.work()
    go = tmp_path / "go"
    team.project.write("test_a.py", WAITS.format(go=str(go)))
    client = team.start_submit()
    assert grid.until(lambda: any(one["open"] for one in team.ask("runs")))
    client.kill()
    client.communicate()
    go.write_text("")
    (run,) = team.ask("runs")
    done = team.show("attach", run["run"])
    assert done.code == 0 and len(done.outcomes) == 3


def test_a_run_that_is_cancelled_leaves_no_process(team, tmp_path):
    team.work()
    pids = tmp_path / "pids"
    team.project.write("test_a.py", STAYS.format(pids=str(pids)))
    client = team.start_submit()
    assert grid.until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    (run,) = team.ask("runs")
    done = team.do("cancel", run["run"][:8])
    assert done.code == 0 and "run %s is over" % run["run"][:8] in done.out, done.err
    assert grid.ended(client).code == 2
    left = [pathlib.Path("/proc") / pid for pid in pids.read_text().split()]
    assert grid.until(lambda: not any(path.exists() for path in left), grid.LEFT_SECONDS)
    again = team.do("cancel", run["run"])
    assert again.code == 0 and "was over" in again.out
    assert team.ask("workers")[0]["used"] == 0


# ---- Again


def test_a_run_is_repeated_with_the_code_that_it_had(team):
    team.project.write("test_a.py", SUITE)
    team.work()
    run = team.detach()
    first = team.show("attach", run)
    team.project.write("test_a.py", "def test_other(): pass\n")
    again = team.show("rerun", run)
    assert again.code == 1 and again.outcomes == first.outcomes
    assert len(team.ask("runs")) == 2


def test_what_failed_is_repeated(team):
    team.project.write("test_a.py", SUITE)
    team.project.write("test_b.py", "def test_b(): pass\n")
    team.work()
    run = team.detach()
    assert team.show("attach", run).code == 1
    again = team.show("rerun", run, "--failed")
    assert again.code == 1
    assert again.outcomes == {"test_a.py::test_bad": "failed", "test_a.py::test_many[3]": "failed"}
    good = team.detach("test_b.py")
    assert team.show("attach", good).code == 0
    assert "no test of run %s failed" % good in team.do("rerun", good, "--failed").out


def test_only_a_run_of_a_shared_broker_can_be_left(team):
    team.project.write("test_a.py", "def test_a(): pass\n")
    alone = team.project.submit("--detach")
    assert alone.code == 4 and "--detach needs a broker that others share" in alone.err
    report = grid.ended(team.start_submit("--detach", "--junitxml", "report.xml"))
    assert report.code == 4 and "--detach and --junitxml" in report.err
