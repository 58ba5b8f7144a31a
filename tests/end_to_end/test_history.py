"""What is remembered of tests from run to run: how long they take, what failed, and which are flaky."""

import collections
import json
import pathlib
import subprocess

import grid

SOMETIMES = """
import pathlib

def test_steady(): pass
def test_sometimes(): assert not pathlib.Path({flag!r}).exists()
"""


def ask(project, *args):
    """A subcommand in the project's folder, without a broker."""
    done = subprocess.run(
        [grid.XGRID, *args],
        cwd=str(project.path),
        env=project.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=grid.DEADLINE_SECONDS,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


def history_file(project):
    return pathlib.Path(project.env["XDG_STATE_HOME"]) / "xgrid" / "history.db"


def test_both_outcomes_with_the_same_code_are_a_proof_and_with_other_code_a_suspicion(team):
    flag = team.tmp_path / "flag"
    team.work()
    team.project.write("test_a.py", SOMETIMES.format(flag=str(flag)))
    team.project.write("test_b.py", "def test_mended(): assert False\n")
    first = team.submit()
    flag.touch()
    second = team.submit()
    flag.unlink()
    team.project.write("test_b.py", "def test_mended(): pass\n")
    team.submit()
    flaky, suspected = team.ask("flakes")
    assert flaky["id"] == "test_a.py::test_sometimes" and flaky["flaky"]
    assert flaky["proofs"][-1]["passed_run"] == first.of("run_started")[0]["run"]
    assert flaky["proofs"][-1]["failed_run"] == second.of("run_started")[0]["run"]
    assert suspected["id"] == "test_b.py::test_mended" and suspected["suspected"]
    assert suspected["proofs"] == [] and suspected["failures"] == 2
    shown = team.do("history", "sometimes")
    assert shown.code == 0 and "outcomes    .F." in shown.out and "flaky since" in shown.out
    assert team.do("history", "nothing").code == 4


def test_a_second_run_begins_with_what_failed_and_what_takes_longest(project):
    for number in range(20):
        project.write("test_%02d.py" % number, "import time\ndef test_it(): time.sleep(0.05)\n")
    project.write("test_g.py", "def test_it(): assert False\n")
    project.write("test_h.py", "import time\ndef test_it(): time.sleep(0.5)\n")
    first = project.submit("-n", 2, "--no-confirm")
    assert first.code == 1 and "\nfirst failure after " in first.out
    second = project.submit("-n", 2, "--no-confirm")
    on_slot = collections.defaultdict(list)
    for event in second.of("test_started"):
        on_slot[event["worker"]].append(event["id"])
    # By their names they are the last. A slot may begin short ones before those are listed.
    for test in ("test_g.py::test_it", "test_h.py::test_it"):
        assert any(test in tests[:5] for tests in on_slot.values()), on_slot
    code, out, err = ask(project, "history", "test_h", "--json")
    assert code == 0, err
    (known,) = json.loads(out)
    assert known["verdicts"] == 2 and known["duration"] >= 0.5
    assert known["project"] == str(project.path) and known["environment"].startswith("Python ")
    assert ask(project, "flakes")[1].startswith("no test is flaky, or may be, in this machine's")


def test_a_history_that_cannot_be_used_is_said_once_and_the_tests_run(project):
    project.write("test_a.py", "def test_it(): pass\n")
    history_file(project).parent.mkdir(parents=True)
    history_file(project).write_bytes(b"no database " * 1000)
    run = project.submit("-n", 1)
    assert run.code == 0
    assert run.err.count("warning: no history of tests is kept") == 1, run.err
    assert ask(project, "flakes")[0] == 3


def test_a_test_goes_first_where_the_run_changes_what_it_fails_with(project):
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]

    def commit():
        subprocess.run([*git, "add", "."], cwd=str(project.path), check=True)
        subprocess.run([*git, "commit", "-qm", "all"], cwd=str(project.path), check=True)

    def place_of_quick(run):
        return [event["id"] for event in run.of("test_started")].index("test_quick.py::test_it")

    subprocess.run(["git", "init", "-q"], cwd=str(project.path), check=True)
    project.write("util.py", "VALUE = 1\n")
    project.write("other.py", "VALUE = 1\n")
    project.write("test_quick.py", "import util\ndef test_it(): assert util.VALUE > 0\n")
    for number in range(8):
        project.write("test_%d.py" % number, "import time\ndef test_it(): time.sleep(0.4)\n")
    commit()
    project.write("util.py", "VALUE = -22\n")
    assert project.submit("-n", 2, "--no-confirm").code == 1
    assert project.submit("-n", 1, "--no-confirm", "test_quick.py").code == 1
    project.write("util.py", "VALUE = 333\n")
    assert project.submit("-n", 1, "--no-confirm", "test_quick.py").code == 0
    code, out, err = ask(project, "history", "test_quick")
    assert code == 0, err
    assert "\n  fails when  these paths change: util.py (2 of 3 runs)\n" in out
    commit()

    project.write("other.py", "VALUE = 22\n")
    assert place_of_quick(project.submit("-n", 2)) == 8, "it is the shortest, and does not fail"
    project.write("util.py", "VALUE = 4444\n")
    # Some may begin before those are listed that come later by their names.
    assert place_of_quick(project.submit("-n", 2)) < 5
    (known,) = json.loads(ask(project, "history", "test_quick", "--json")[1])
    assert known["changes"] == [{"path": "util.py", "failures": 2, "runs": 4}]
