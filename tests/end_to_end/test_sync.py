"""Tests that run in a copy of the code: on this machine with chdir=, and on the workers of a broker."""

import os
import pathlib
import shutil
import signal
import subprocess

import grid
import pytest

WHERE = """
import os, pathlib

def test_where():
    print("HERE", os.getcwd())
    assert False
"""


class Copies:
    """A project whose tests run in a folder by name."""

    def __init__(self, project, folder):
        self.project = project
        self.folder = folder

    def submit(self, *args, **more):
        return self.project.submit("--tx", "popen//chdir=%s" % self.folder, *args, **more)

    def synced(self, *args, **more):
        run = self.submit(*args, **more)
        assert run.code == 0, run.out + run.err
        (event,) = run.of("synced")
        return event


@pytest.fixture
def copies(tmp_path):
    return Copies(grid.Project(tmp_path / "project"), tmp_path / "copy")


def content(folder, without=("__pycache__", ".pytest_cache", ".git")):
    """{path: what is there}, read without following links."""
    found = {}
    for path, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in without]
        links = [name for name in folders if os.path.islink(os.path.join(path, name))]
        for name in files + links:
            full = os.path.join(path, name)
            what = (
                ("link", os.readlink(full))
                if os.path.islink(full)
                else (os.access(full, os.X_OK), pathlib.Path(full).read_bytes())
            )
            found[os.path.relpath(full, folder)] = what
    return found


def test_the_copy_runs_and_results_read_as_at_home(copies):
    copies.project.write("pkg/test_x.py", WHERE)
    run = copies.submit("--rsyncdir", "pkg", "pkg/test_x.py")
    assert run.outcomes == {"pkg/test_x.py::test_where": "failed"}
    assert "HERE %s\n" % copies.folder in run.out
    assert "rootdir: %s\n" % copies.project.path in run.out
    assert content(copies.folder) == content(copies.project.path)


def test_names_arguments_and_settings_mean_the_same_in_the_copy(copies):
    project = copies.project
    project.write("pytest.ini", "[pytest]\npython_files = check_*.py\nmarkers = slow\n")
    project.write("conftest.py", "import pytest\n@pytest.fixture\ndef one(): return 1\n")
    project.write("sub/check_a.py", "def test_a(one): assert one == 1\ndef test_b(): pass\n")
    project.write("sub/test_no.py", "def test_no(): assert 0\n")
    project.write("deep/er/check_c.py", "def test_c(): pass\n")
    everything = {"sub/check_a.py::test_a", "sub/check_a.py::test_b", "deep/er/check_c.py::test_c"}
    assert set(copies.submit().outcomes) == everything
    one = ["sub/check_a.py::test_b"]
    assert list(copies.submit("sub/check_a.py::test_b").outcomes) == one
    assert list(copies.submit(project.path / "sub/check_a.py::test_b").outcomes) == one
    assert list(copies.submit("--rootdir=%s" % project.path, "sub", "-k", "test_b").outcomes) == one
    # From a folder below, as pytest names tests then.
    below = grid.Project(project.path / "deep")
    below.env = project.env
    assert set(Copies(below, copies.folder).submit("..").outcomes) == everything
    assert set(Copies(below, copies.folder).submit("er").outcomes) == {"deep/er/check_c.py::test_c"}


def test_an_update_touches_only_what_differs(copies):
    project = copies.project
    for name in "abc":
        project.write("test_%s.py" % name, "def test_%s(): pass\n" % name)
    project.write("sub/data.txt", "data\n")
    first = copies.synced()
    assert first["files"] == 4
    before = {path: os.stat(path) for path in copies.folder.glob("*.py")}
    copies.folder.joinpath("sub/left.txt").write_text("by a test")
    copies.folder.joinpath("test_a.py").write_text("def test_a(): assert 0  # by a test\n")
    project.write("test_b.py", "def test_b():\n    assert 1\n")
    (project.path / "test_c.py").rename(project.path / "test_d.py")
    copies.synced()
    assert content(copies.folder) == content(project.path)
    after = {path: os.stat(path) for path in copies.folder.glob("*.py")}
    assert {path.name for path in after} == {"test_a.py", "test_b.py", "test_d.py"}
    unchanged = copies.synced()
    assert unchanged["objects_sent"] == 0 and unchanged["files"] == 4
    again = {path: os.stat(path) for path in copies.folder.glob("*.py")}
    assert {path: stat.st_mtime_ns for path, stat in again.items()} == {
        path: stat.st_mtime_ns for path, stat in after.items()
    }
    assert before  # they were there


def test_what_tests_did_to_folders_that_stay_is_put_right(copies):
    project = copies.project
    project.write("test_a.py", "def test_a(): pass\n")
    project.write("sub/data.txt", "data\n")
    project.write("sub/deep/more.txt", "more\n")
    copies.synced()
    for number in range(2):
        copies.folder.joinpath("sub/data.txt").write_text("by a test")
        shutil.rmtree(copies.folder / "sub/deep")
        project.write("test_a.py", "def test_a(): pass  # %d\n" % number)
        copies.synced()
        assert content(copies.folder) == content(project.path)
    shutil.rmtree(copies.folder)
    project.write("test_a.py", "def test_a(): pass  # last\n")
    copies.synced()
    assert content(copies.folder) == content(project.path)


def test_compiled_code_of_an_older_file_is_never_used(copies):
    project = copies.project
    for value in range(6):  # of one size, within a second or two
        project.write("mod.py", "value = %d\n" % value)
        project.write("test_a.py", "import mod\ndef test_a(): assert mod.value == %d\n" % value)
        copies.synced()


def test_git_says_what_travels_and_is_left_alone(copies, tmp_path):
    project = copies.project
    git = lambda *args: subprocess.check_output(  # noqa: E731
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", *args], cwd=str(project.path)
    )
    git("init", "-q")
    project.write(".gitignore", "*.log\nbuild/\n")
    project.write("test_a.py", "def test_a(): pass\n")
    project.write("tracked.log", "tracked although it matches\n")
    git("add", "-f", ".")
    git("commit", "-qm", "first")
    clean = copies.submit()
    tree = git("rev-parse", "HEAD^{tree}").decode().strip()
    assert clean.of("run_started")[0]["tree"] == tree == clean.of("synced")[0]["tree"]
    project.write("untracked.txt", "new\n")
    project.write("noise.log", "ignored\n")
    project.write("build/lib.so", "ignored, but asked for\n")
    project.write("build/test_out.py", "def test_out(): pass\n")
    before = content(project.path / ".git", ())
    assert copies.submit("test_a.py").code == 0
    assert content(project.path / ".git", ()) == before
    there = set(content(copies.folder, ("__pycache__",)))
    assert there == {".gitignore", "test_a.py", "tracked.log", "untracked.txt"}
    assert copies.submit("--rsyncdir", "build", "build/test_out.py").code == 0
    assert "build/lib.so" in content(copies.folder)


def test_folders_from_elsewhere_lie_beside_and_ignored_names_stay(copies, tmp_path):
    project = copies.project
    elsewhere = grid.Project(tmp_path / "elsewhere" / "plugins")
    elsewhere.write("plug.py", "value = 3\n")
    elsewhere.write("big.dat", "not this")
    project.write("test_a.py", "from plugins import plug\ndef test_a(): assert plug.value == 3\n")
    project.write("data/huge.dat", "not this either")
    args = ["--rsyncdir", elsewhere.path, "--rsyncignore", "*.dat"]
    assert copies.submit(*args).code == 0
    assert set(content(copies.folder)) == {"test_a.py", "plugins/plug.py"}
    # Two of one name.
    other = grid.Project(tmp_path / "other" / "plugins")
    run = copies.submit(*args, "--rsyncdir", other.path)
    assert run.code == 3 and "plugins" in run.out + run.err


def test_what_usually_stays_travels_when_it_is_asked_for(copies):
    project = copies.project
    project.write("test_a.py", "def test_a(): pass\n")
    project.write(".venv/lib.py", "a library\n")
    (project.path / "hollow" / "inner").mkdir(parents=True)
    assert copies.submit("test_a.py").code == 0
    assert set(os.listdir(copies.folder)) - {"__pycache__"} == {"test_a.py"}
    project.write("xgrid.toml", "take-all = true\n")
    assert copies.submit("--empty-folders", "test_a.py").code == 0
    assert (copies.folder / ".venv/lib.py").is_file()
    assert (copies.folder / "hollow/inner").is_dir()


def test_a_copy_within_the_project_does_not_hold_itself(copies):
    copies.project.write("test_a.py", "def test_a(): pass\n")
    copies.folder = copies.project.path / "out" / "copy"
    for _round in range(2):
        assert copies.submit("test_a.py").code == 0
        assert set(content(copies.folder)) == {"test_a.py"}


def test_odd_files_arrive_as_they_are(copies):
    project = copies.project
    project.write("test_a.py", "def test_a(): pass\n")
    odd = os.fsencode(project.path) + b"/odd \xff\n name"
    with open(odd, "wb") as file:
        file.write(os.urandom(3_000_000))
    project.write("run.sh", "#!/bin/sh\n").chmod(0o755)
    project.write("empty", "")
    (project.path / "crlf.txt").write_bytes(b"a\r\nb\n\x00")
    project.write("sub/ä.txt", "unicode name")
    os.symlink("sub", project.path / "link")
    os.symlink("nowhere", project.path / "dangling")
    os.symlink("/etc/hostname", project.path / "outside")
    os.mkfifo(project.path / "fifo")
    run = copies.submit("test_a.py")
    assert run.code == 0
    assert "outside" in run.err and "fifo" in run.err
    (project.path / "fifo").unlink()
    home = content(project.path)
    del home["outside"]
    assert content(copies.folder) == home


@pytest.mark.parametrize("where", ["/", ".", "..", "{project}"])
def test_a_copy_is_never_written_over_the_code(copies, where):
    copies.project.write("test_a.py", "def test_a(): pass\n")
    copies.folder = where.format(project=copies.project.path)
    run = copies.submit()
    assert run.code == 4 and "a copy cannot lie" in run.err
    assert os.listdir(copies.project.path) == ["test_a.py"]


def test_a_users_own_folder_is_not_emptied(copies):
    copies.project.write("test_a.py", "def test_a(): pass\n")
    copies.folder.mkdir()
    (copies.folder / "precious.txt").write_text("mine")
    copies.submit()
    assert (copies.folder / "precious.txt").read_text() == "mine"


def test_what_cannot_be_copied_is_the_grids_failure(copies):
    copies.project.write("test_a.py", "def test_a(): pass\n")
    copies.folder.write_text("no folder")
    run = copies.submit()
    assert run.code == 3
    assert str(copies.folder) in run.out + run.err


def test_without_a_cache_folder_there_are_no_copies(copies):
    copies.project.write("test_a.py", "def test_a(): pass\n")
    for name in ("HOME", "XDG_CACHE_HOME", "XGRID_CACHE_HOME"):
        copies.project.env.pop(name, None)
    run = copies.submit()
    assert run.code == 3 and "XGRID_CACHE_HOME" in run.out
    assert os.listdir(copies.project.path) == ["test_a.py"]


def test_last_failed_is_known_in_the_copy(copies):
    copies.project.write("test_a.py", "def test_good(): pass\ndef test_bad(): assert 0\n")
    assert copies.submit().code == 1
    assert (copies.project.path / ".pytest_cache").is_dir()
    assert list(copies.submit("--lf").outcomes) == ["test_a.py::test_bad"]


# ---- A broker, and workers with caches of their own


@pytest.fixture
def shared(tmp_path, request):
    """A broker and a worker with a cache of its own, with the options that a test asks for; a project
    whose client has a third."""
    options = getattr(request, "param", [])
    endpoint = "ipc://%s/broker" % tmp_path
    processes = []

    def start(role, *args):
        env = {**os.environ, "XGRID_CACHE_HOME": str(tmp_path / (role + "-cache"))}
        processes.append(subprocess.Popen([grid.XGRID, role, *args], env=env))

    start("broker", "--bind", endpoint)
    start("worker", "--broker", endpoint, "--slots", "2", *options)
    project = grid.Project(tmp_path / "project")

    def submit(*args, **more):
        return project.submit("-n", 2, "--broker", endpoint, *args, **more)

    submit.project = project
    submit.cache = tmp_path / "worker-cache"
    yield submit
    for process in processes:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


@pytest.mark.parametrize("client", ["always", "never", "auto"])
@pytest.mark.parametrize(
    "shared, packed",
    [(["--compress", "always"], True), (["--compress", "never"], False), ([], False)],
    indirect=["shared"],
)
def test_code_travels_packed_where_that_is_wanted(shared, packed, client):
    project = shared.project
    for name in range(40):
        lines = ["def check_%d(value): return value * %d" % (n, n * name) for n in range(60)]
        project.write("pkg/m%d.py" % name, "\n".join(lines))
    project.write("words.txt", " ".join(map(str, range(400000))))
    (project.path / "noise.bin").write_bytes(os.urandom(300_000))
    project.write("test_a.py", "from pkg import m7\ndef test_a(): assert m7.check_2(3) == 42\n")
    run = shared("--compress", client)
    assert run.code == 0, run.out + run.err
    (synced,) = run.of("synced")
    tree = sum(path.stat().st_size for path in project.path.rglob("*") if path.is_file())
    assert tree > 2_800_000
    if packed:
        assert 300_000 < synced["bytes_sent"] < tree * 0.6
    else:
        assert synced["bytes_sent"] > tree
    (workspace,) = shared.cache.glob("workspaces/*/project")
    assert content(workspace) == content(project.path)


def test_compress_takes_three_words_from_the_command_line_or_a_file(copies):
    copies.project.write("test_a.py", "def test_a(): pass\n")
    run = copies.submit("--compress", "sometimes")
    assert run.code == 4
    assert "--compress takes one of auto, always, never, not 'sometimes'" in run.err
    copies.project.write("xgrid.toml", 'compress = "often"\n')
    run = copies.submit()
    assert run.code == 4
    assert "compress in %s/xgrid.toml takes" % copies.project.path in run.err
    copies.project.write("xgrid.toml", 'compress = "always"\n')
    assert copies.submit().code == 0
    worker = subprocess.run(
        [grid.XGRID, "worker", "--compress", "more"], stderr=subprocess.PIPE, check=False
    )
    assert worker.returncode == 4
    assert b"--compress takes one of auto, always, never, not 'more'" in worker.stderr


def test_content_goes_to_workers_once(shared):
    project = shared.project
    for name in range(30):
        project.write("pkg%d/test_m%d.py" % (name % 3, name), "def test(): pass\n# %d" % name)
    (project.path / "large.bin").write_bytes(os.urandom(5_000_000))
    first = shared()
    assert first.code == 0 and len(first.outcomes) == 30
    (synced,) = first.of("synced")
    assert synced["files"] == 31
    assert synced["objects_sent"] == 31 + 4  # and the trees
    assert synced["bytes_sent"] > 5_000_000
    (again,) = shared().of("synced")
    assert (again["objects_sent"], again["bytes_sent"]) == (0, 0)
    project.write("pkg0/test_m0.py", "def test(): pass\n# changed")
    (changed,) = shared().of("synced")
    assert changed["objects_sent"] == 1 + 2
    (project.path / "pkg1").rename(project.path / "moved")
    (renamed,) = shared().of("synced")
    assert renamed["objects_sent"] == 1  # the root's tree
    assert set(content(shared.cache / "workspaces")) != set()


def test_the_workers_copy_is_the_code(shared):
    project = shared.project
    project.write("test_where.py", WHERE)
    run = shared()
    (line,) = [line for line in run.out.splitlines() if line.startswith("HERE ")]
    folder = pathlib.Path(line[len("HERE ") :])
    assert folder != project.path and str(shared.cache) in str(folder)
    assert content(folder) == content(project.path)
    shutil.rmtree(folder)  # whatever happens to it
    assert shared().code == 1
    assert content(folder) == content(project.path)


def test_a_workers_copy_is_put_right_when_the_code_changes_elsewhere(shared):
    project = shared.project
    project.write("test_where.py", WHERE)
    project.write("sub/data.txt", "data\n")
    run = shared()
    (line,) = [line for line in run.out.splitlines() if line.startswith("HERE ")]
    folder = pathlib.Path(line[len("HERE ") :])
    folder.joinpath("sub/data.txt").write_text("by a test")
    project.write("new.py", "value = 1\n")
    assert shared().code == 1
    assert content(folder) == content(project.path)
    # Nor is it at a loss where its store has lost what the folder holds.
    for database in shared.cache.glob("objects/objects.db"):
        with open(database, "r+b") as file:
            file.write(b"not a database any more")
    folder.joinpath("sub/data.txt").write_text("by another test")
    project.write("new.py", "value = 2\n")
    assert shared().code == 1
    assert content(folder) == content(project.path)


def test_damaged_objects_come_again(shared):
    shared.project.write("test_a.py", "def test_a(): pass\n")
    assert shared().code == 0
    for database in shared.cache.glob("objects/objects.db"):
        with open(database, "r+b") as file:
            file.write(b"not a database any more")
    shared.project.write("test_b.py", "def test_b(): pass\n")
    run = shared()
    assert run.code == 0 and len(run.outcomes) == 2, run.out + run.err


def test_a_folder_of_very_many_files_arrives(shared):
    shared.project.write("test_a.py", "def test_a(): pass\n")
    for name in range(30_000):
        shared.project.write("many/file%d" % name, "")
    run = shared()
    assert run.code == 0, run.out + run.err
    assert run.of("synced")[0]["files"] == 30_001
