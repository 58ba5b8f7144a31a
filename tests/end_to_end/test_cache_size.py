"""What workers and brokers keep of the code: where, and how much of it."""

import os
import pathlib
import signal
import subprocess

import grid
import pytest

MEGABYTE = 1_000_000


class Processes:
    """A broker and workers, each with a folder of its own; projects whose clients have another."""

    def __init__(self, path):
        self.path = path
        self.endpoint = "ipc://%s/broker" % path
        self.running = []

    def start(self, role, *args):
        env = {**os.environ, "XGRID_CACHE_HOME": str(self.path / "untouched")}
        process = subprocess.Popen([grid.XGRID, role, *map(str, args)], env=env)
        self.running.append(process)
        return process

    def project(self, name, size=0):
        project = grid.Project(self.path / "projects" / name)
        project.write("test_a.py", "def test_a(): pass\n")
        (project.path / "data").write_bytes(os.urandom(size))
        return project

    def submit(self, project, *args, **more):
        return project.submit("-n", 1, "--broker", self.endpoint, *args, **more)

    def workspaces(self):
        """Names of the projects that have one."""
        found = (self.path / "cache" / "workspaces").glob("*/*/test_a.py")
        return sorted(file.parent.name for file in found)


@pytest.fixture
def processes(tmp_path):
    processes = Processes(tmp_path)
    yield processes
    for process in processes.running:
        process.send_signal(signal.SIGTERM)
    for process in processes.running:
        assert process.wait(timeout=30) == 0


def taken(folder):
    """Bytes of files on the disk."""
    files = (path for path in pathlib.Path(folder).rglob("*") if path.is_file())
    return sum(file.stat().st_blocks * 512 for file in files)


def test_folders_are_those_that_were_named(processes, tmp_path):
    processes.start("broker", "--bind", processes.endpoint, "--data", tmp_path / "data")
    processes.start("worker", "--broker", processes.endpoint, "--cache", tmp_path / "cache")
    assert processes.submit(processes.project("one", MEGABYTE)).code == 0
    assert taken(tmp_path / "data" / "objects") > MEGABYTE
    assert taken(tmp_path / "cache" / "objects") > MEGABYTE
    assert processes.workspaces() == ["one"]
    assert not (tmp_path / "untouched" / "objects").exists()
    assert not (tmp_path / "untouched" / "workspaces").exists()


def test_a_small_cache_evicts_what_was_not_used_longest_but_never_what_runs(processes, tmp_path):
    cache = ["--cache", tmp_path / "cache", "--cache-size", "24M"]
    data = ["--data", tmp_path / "data", "--cache-size", "10M"]
    processes.start("broker", "--bind", processes.endpoint, *data)
    processes.start("worker", "--broker", processes.endpoint, "--slots", 2, *cache)
    first = processes.project("first", 7 * MEGABYTE)
    second = processes.project("second", 7 * MEGABYTE)
    go = tmp_path / "go"
    first.write(
        "test_a.py",
        """
        import pathlib, time
        def test_a():
            go = pathlib.Path(%r)
            go.with_name("begun").touch()
            while not go.exists():
                time.sleep(0.01)
            assert len(pathlib.Path("data").read_bytes()) == %d
        """
        % (str(go), 7 * MEGABYTE),
    )
    running = first.start("-n", 1, "--broker", processes.endpoint)
    assert grid.until((tmp_path / "begun").exists)
    run = processes.submit(second)
    assert run.code == 0, run.out + run.err
    # The first is older, but runs; the second had ended perhaps, perhaps not.
    assert "first" in processes.workspaces()
    go.touch()
    run = grid.ended(running)
    assert run.code == 0, run.out + run.err
    third = processes.project("third", 7 * MEGABYTE)
    run = processes.submit(third)
    assert run.code == 0, run.out + run.err
    assert grid.until(lambda: processes.workspaces() == ["third"], 20), processes.workspaces()
    assert processes.submit(third).code == 0
    # A store may overflow by what one run holds; here that is its last project.
    for folder, limit in (("cache/objects", 12), ("data/objects", 10)):
        assert taken(tmp_path / folder) < (limit + 4) * 1024 * 1024, folder
    # What went comes again.
    (again,) = processes.submit(second).of("synced")
    assert again["files"] == 2


@pytest.mark.parametrize("role", ["worker", "broker"])
@pytest.mark.parametrize("size", ["", "0", "much", "1.5G", "-1G", "99999999999999999999"])
def test_sizes_that_are_none_are_refused(role, size):
    run = subprocess.run(
        [grid.XGRID, role, "--cache-size=" + size], stderr=subprocess.PIPE, timeout=60
    )
    assert run.returncode == 4
    assert b"cache-size" in run.stderr


@pytest.mark.parametrize("role, default", [("worker", b"20G"), ("broker", b"10G")])
def test_the_help_names_the_defaults(role, default):
    out = subprocess.check_output([grid.XGRID, role, "--help"])
    assert b"--cache-size" in out and default in out
