"""Several users on one broker: who gets slots, and when. What one's tests wait for is that another's have run."""

import grid
import pytest

# Goes on until the file is there; a test that waits for too long fails.
LONG = """
import pathlib, pytest, time

@pytest.mark.parametrize("i", range({tests}))
def test_long(i):
    end = time.monotonic() + {takes}
    while time.monotonic() < end and not pathlib.Path({go!r}).exists(): time.sleep(0.01)
"""

SHORT = """
import pytest

@pytest.mark.parametrize("i", range(10))
def test_short(i): pass
"""


class Others:
    """Runs of other users, each of a project of its own."""

    def __init__(self, team):
        self.team = team
        self.go = team.tmp_path / "go"

    def project(self, name, text, files=1):
        project = grid.Project(self.team.tmp_path / name)
        for number in range(files):
            project.write("test_%s_%d.py" % (name, number), text)
        return project

    def long(self, name, *args, files=1, tests=500, takes=0.2, env=None):
        text = LONG.format(go=str(self.go), tests=tests, takes=takes)
        project = self.project(name, text, files)
        return project.start("--broker", self.team.endpoint, *args, USER=name, **(env or {}))


@pytest.fixture
def others(team):
    others = Others(team)
    yield others
    others.go.write_text("")


def slots_of(team):
    """{user: slots that the user's runs have}"""
    slots = {}
    for run in team.ask("runs"):
        if run["state"] != "over":
            slots[run["user"]] = slots.get(run["user"], 0) + run["slots"]
    return slots


@pytest.mark.parametrize("slots", [1, 2, 4])
def test_ten_tests_do_not_wait_for_the_hundreds_of_another(team, others, slots):
    team.work(slots=slots)
    # A single file, so that slots have to give up tests of one that they have begun.
    ann = others.long("ann", "-n", slots, tests=600)
    assert grid.until(lambda: slots_of(team).get("ann") == slots)
    short = others.project("bob", SHORT)
    bob = short.submit("--broker", team.endpoint, "-n", slots, USER="bob")
    assert bob.code == 0, bob.out + bob.err
    assert len(bob.finished) == 10
    assert ann.poll() is None
    others.go.write_text("")
    ended = grid.ended(ann)
    assert ended.code == 0, ended.out + ended.err
    assert "600 passed" in ended.out


def test_users_have_the_same_number_of_slots_however_many_runs(team, others):
    team.work(slots=4)
    runs = [others.long("ann", "-n", 4, files=4)]
    assert grid.until(lambda: slots_of(team) == {"ann": 4})
    runs.append(others.long("bob", "-n", 4, files=4))
    assert grid.until(lambda: slots_of(team) == {"ann": 2, "bob": 2}), slots_of(team)
    project = grid.Project(team.tmp_path / "bob")
    runs.append(project.start("--broker", team.endpoint, "-n", 4, USER="bob"))
    # Whatever a third run does to the two of bob's, ann keeps hers.
    assert grid.until(
        lambda: [r["slots"] for r in team.ask("runs") if r["user"] == "bob"] == [1, 1]
    )
    assert slots_of(team) == {"ann": 2, "bob": 2}
    others.go.write_text("")
    for run in runs:
        assert grid.ended(run).code == 0


def test_priority_is_between_a_user_s_runs(team, others):
    team.work(slots=4)
    runs = [others.long("ann", "-n", 4, files=4)]
    assert grid.until(lambda: slots_of(team) == {"ann": 4})
    project = grid.Project(team.tmp_path / "ann")
    runs.append(project.start("--broker", team.endpoint, "-n", 4, "--priority", 2, USER="ann"))
    assert grid.until(
        lambda: sorted(run["slots"] for run in team.ask("runs") if run["priority"] == 2) == [3]
    ), team.ask("runs")
    others.go.write_text("")
    for run in runs:
        assert grid.ended(run).code == 0


def test_who_waits_goes_before_who_does_not(team, others):
    team.work(slots=4)
    runs = [others.long("ann", "-n", 4, files=4, env={"CI": "true"})]
    assert grid.until(lambda: slots_of(team) == {"ann": 4})
    project = grid.Project(team.tmp_path / "ann")
    project.env.pop("CI", None)
    at_a_desk = ["-n", 4, "--project", "desk"]
    runs.append(project.start("--broker", team.endpoint, *at_a_desk, USER="ann"))
    assert grid.until(
        lambda: [run["slots"] for run in team.ask("runs") if run["project"] == "desk"] == [3]
    ), team.ask("runs")
    others.go.write_text("")
    for run in runs:
        assert grid.ended(run).code == 0
