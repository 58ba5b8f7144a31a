"""A minute of torture from a fixed seed; and that its account finds what must not be."""

import pathlib
import subprocess
import sys
import time

import grid
import pytest

TORTURE = pathlib.Path(__file__).resolve().parent.parent / "torture"
sys.path.insert(0, str(TORTURE))

import account  # noqa: E402
import clients  # noqa: E402
import faults  # noqa: E402
import plan  # noqa: E402
import projects  # noqa: E402

SEED = 4
MINUTES = 0.6


@pytest.mark.long
def test_nothing_is_found_under_torture(tmp_path):
    command = [sys.executable, "-B", TORTURE / "torture.py", "--xgrid", grid.XGRID]
    command += ["--seed", SEED, "--minutes", MINUTES, "--dir", tmp_path]
    done = subprocess.run([*map(str, command)], stdout=-1, stderr=-2, timeout=600)
    assert done.returncode == 0, done.stdout.decode()


def test_the_same_seed_is_the_same_plan():
    first, again = ([str(one) for one in plan.planned(7, 600, 2)] for _ in range(2))
    assert first == again != [str(one) for one in plan.planned(8, 600, 2)]
    assert {line.split()[2] for line in first} == set(plan.FAULTS)


class Ran:
    """A run of one worker, without any trouble so far."""

    def __init__(self, path):
        self.begun = time.time()
        project = projects.ProjectOf(path / "project", path / "records")
        project.fast("test_a.py", 2)
        project.failing("test_b.py")
        self.run = clients.RunOf("uid", project, "follow", confirm=False)
        self.run.codes = [1]
        self.run.submitted, self.run.finished = self.begun, self.begun + 60
        self.executions = {}
        self.done = []
        self.verdicts = []
        for test, outcome in project.outcomes.items():
            self.execute(test, outcome)
            self.verdicts.append(self.verdict(test, outcome))
        self.code = 1

    def execute(self, test, outcome, pid=7):
        said = {"pid": pid, "folder": "/x/disk-worker0/cache/w", "at": self.begun + 30}
        one = projects.Execution(said)
        one.outcome, one.ended = outcome, outcome and self.begun + 30
        self.executions.setdefault(("uid", test), []).append(one)

    def verdict(self, test, outcome, crashed=False):
        return {
            **{"event": "test_finished", "id": test, "outcome": outcome, "worker": "gw0"},
            **{"attempt": 1, "crashed": crashed, "message": ""},
        }

    def hit(self, kind, seconds, pid=None):
        begun = self.begun + 29
        self.done.append(faults.Done(kind, "worker0", begun, begun + seconds, pid))

    def findings(self):
        events = [{"event": "worker_up", "worker": "gw0", "host": "worker0"}, *self.verdicts]
        events.append({"event": "run_finished", "exit_code": self.code, "reason": ""})
        return account.Account(self.run, events, self.executions, self.done).check()


@pytest.fixture
def ran(tmp_path):
    ran = Ran(tmp_path)
    assert ran.findings() == []
    return ran


FIRST, SECOND = "test_a.py::test_fast[0]", "test_a.py::test_fast[1]"


def test_a_second_verdict_is_found(ran):
    ran.verdicts.append(ran.verdict(FIRST, "passed"))
    assert "2 verdicts" in ran.findings()[0]


def test_a_verdict_that_is_lacking_is_found(ran):
    ran.verdicts.pop(0)
    assert "no verdict for" in ran.findings()[0]


def test_a_verdict_without_its_execution_is_found(ran):
    ran.executions[("uid", FIRST)].clear()
    assert "no execution of it" in ran.findings()[0]


def test_a_wrong_verdict_and_a_wrong_exit_code_are_found(ran):
    ran.verdicts[0]["outcome"] = "failed"
    ran.code = ran.run.codes[0] = 0
    assert [
        ("failed and not passed" in text, "ended with 0" in text) for text in ran.findings()
    ] == [
        (True, False),
        (False, True),
    ]


@pytest.mark.parametrize(
    "kind, seconds, excused",
    [
        ("killed", 0, True),
        ("silent", 12, True),
        ("silent", 3, False),
        ("slot", 0, False),  # another slot
    ],
)
def test_an_execution_more_is_found_unless_one_may_be_lost(ran, kind, seconds, excused):
    ran.execute(FIRST, "passed", pid=8)
    ran.hit(kind, seconds, pid=9)
    assert (ran.findings() == []) == excused


def test_a_crash_is_found_unless_a_slot_was_hit(ran):
    ran.verdicts[1] = ran.verdict(SECOND, "failed", crashed=True)
    assert "1 tests crashed" in ran.findings()[0]
    ran.hit("slot", 0, pid=7)
    assert ran.findings() == []


def test_a_crash_of_what_never_began_is_found(ran):
    ran.hit("slot", 0, pid=7)
    ran.verdicts[1] = ran.verdict(SECOND, "failed", crashed=True)
    ran.executions[("uid", SECOND)].clear()
    assert "crashed, and never ran" in ran.findings()[0]
    ran.verdicts.insert(0, {"event": "test_started", "id": SECOND, "worker": "gw0"})
    assert ran.findings() == []


def test_an_execution_that_never_ended_is_found(ran):
    ran.execute(FIRST, None, pid=8)
    assert any("never ended" in text for text in ran.findings())
