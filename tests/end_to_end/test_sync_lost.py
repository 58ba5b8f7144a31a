"""Connections and processes that are lost while code is on its way."""

import os
import pathlib
import random
import signal
import subprocess

import grid
import pytest

MEGABYTE = 1_000_000
FILES = 6
FILE_BYTES = 50 * MEGABYTE
TREE_BYTES = FILES * FILE_BYTES


class Grid:
    """A broker and a worker whose folders outlive them, and a project."""

    def __init__(self, path):
        self.path = path
        self.endpoint = "ipc://%s/broker" % path
        self.roles = {}
        self.mark = grid.Mark()
        self.project = grid.Project(path / "project")
        self.where = path / "where"
        self.project.write(
            "test_a.py",
            "import os, pathlib\ndef test_a(): pathlib.Path(%r).write_text(os.getcwd())\n"
            % str(self.where),
        )

    def start(self, role):
        arguments = {
            "broker": ["--bind", self.endpoint, "--data", self.path / "data"],
            "worker": ["--broker", self.endpoint, "--slots", 2, "--cache", self.path / "cache"],
        }[role]
        self.roles[role] = subprocess.Popen(
            [grid.XGRID, role, *map(str, arguments)],
            env={**os.environ, **self.mark.env, "XGRID_CACHE_HOME": str(self.path / "other")},
        )

    def kill(self, role):
        self.roles[role].kill()
        self.roles[role].wait()

    def submit_while(self, events=None):
        more = ["--json", events] if events else []
        return self.project.start("-n", 1, "--broker", self.endpoint, *more)

    def run(self):
        return self.project.submit("-n", 1, "--broker", self.endpoint)

    def held(self, folder):
        """Bytes of large objects, whole or not, that a broker's or worker's folder has."""
        total = 0
        for path in (self.path / folder / "objects").glob("*/*"):
            try:
                total += path.stat().st_size
            except OSError:
                pass  # at its place by now
        return total

    def check_copy(self):
        folder = pathlib.Path(self.where.read_text())
        assert self.path / "cache" in folder.parents
        assert content(folder) == content(self.project.path)


def content(folder):
    """{path: what is there}, by a plain walk."""
    found = {}
    for path, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in ("__pycache__", ".pytest_cache")]
        for name in files:
            full = pathlib.Path(path, name)
            found[str(full.relative_to(folder))] = (os.access(full, os.X_OK), full.read_bytes())
    return found


@pytest.fixture
def here(tmp_path):
    here = Grid(tmp_path)
    here.start("broker")
    here.start("worker")
    yield here
    # A worker that has no broker would wait for one.
    for role in ("worker", "broker"):
        here.roles[role].send_signal(signal.SIGTERM)
        assert here.roles[role].wait(timeout=60) == 0
    assert here.mark.gone()


@pytest.fixture
def large(here):
    for name in range(FILES):
        (here.project.path / ("data%d" % name)).write_bytes(os.urandom(FILE_BYTES))
    return here


def written_by(process):
    """Bytes, to whatever."""
    lines = pathlib.Path("/proc/%d/io" % process.pid).read_text().split("\n")
    return int(dict(line.split(": ") for line in lines if line)["wchar"])


def half_way(large):
    assert grid.until(lambda: large.held("cache") > TREE_BYTES / 2)


def killed_half_way(large, role, events):
    """Checks that only what was not there is sent again; how many bytes were, in each folder."""
    client = large.submit_while(events)
    half_way(large)
    large.kill(role)
    had = {folder: large.held(folder) for folder in ("data", "cache")}
    assert had["cache"] < TREE_BYTES
    large.start(role)
    run = grid.ended(client, events)
    assert run.code == 0, run.out + run.err
    (synced,) = run.of("synced")
    # Pieces that were under way come twice. A worker that lives on counts all that it was sent.
    sent_before = had["cache"] if role == "broker" else 0
    assert synced["bytes_sent"] < TREE_BYTES - had["cache"] + sent_before + 20 * MEGABYTE
    large.check_copy()
    return had


def test_a_broker_that_is_killed_goes_on_where_it_was(large, tmp_path):
    had = killed_half_way(large, "broker", tmp_path / "events.jsonl")
    assert written_by(large.roles["broker"]) < 2 * TREE_BYTES - had["data"] + 60 * MEGABYTE


def test_a_worker_that_is_killed_is_replaced_by_one_with_its_cache(large, tmp_path):
    killed_half_way(large, "worker", tmp_path / "events.jsonl")


def test_a_client_that_is_killed_leaves_nothing_that_stands_in_the_way(large):
    client = large.submit_while()
    half_way(large)
    client.kill()
    client.communicate()
    run = large.run()
    assert run.code == 0, run.out + run.err
    assert len(run.of("synced")) == 1
    large.check_copy()


@pytest.mark.long
def test_whoever_is_killed_at_whatever_moment_the_next_run_has_exactly_the_code(here):
    dice = random.Random(4)
    project = here.project
    for name in range(300):
        project.write("pkg%d/mod%d.py" % (name % 7, name), "value = %d\n" % name)
    for round_ in range(12):
        (project.path / "large").write_bytes(dice.randbytes(20 * MEGABYTE))
        for _change in range(30):
            name = dice.randrange(300)
            project.write("pkg%d/mod%d.py" % (name % 7, name), "value = %d\n" % dice.random())
        project.write("new%d.py" % round_, "value = 1\n")
        (project.path / ("new%d.py" % (round_ - 2))).unlink(missing_ok=True)
        client = here.submit_while()
        victim = dice.choice(["broker", "worker", "client"])
        # A moment of the run, not a wait for something.
        try:
            client.wait(dice.uniform(0.02, 0.7))
        except subprocess.TimeoutExpired:
            pass
        if victim == "client":
            client.kill()
            client.communicate()
        else:
            here.kill(victim)
            here.start(victim)
            run = grid.ended(client)
            assert run.code == 0, (round_, victim, run.out + run.err)
            here.check_copy()
        here.where.unlink(missing_ok=True)
        run = here.run()
        assert run.code == 0, (round_, victim, run.out + run.err)
        here.check_copy()
