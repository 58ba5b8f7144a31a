"""Made-up projects for sync_bench.py: what is in them, what happens to them, whether a copy is one."""
import os
import random
import shutil

FILE_BYTES = 5000  # about what a Python file has
FILES_OF_A_FOLDER = 10
ADDED_BYTES = 200_000_000
SINGLE_TEST = "def test_one(): pass\n"


def python_text(number):
    """Different everywhere, and as compressible as code is."""
    words = random.Random(number)
    lines = [f'"""Module {number}."""']
    size = len(lines[0]) + 1
    while size < FILE_BYTES:
        name = words.choice(("parse", "load", "check", "render", "merge")) + str(len(lines))
        lines.append(f"def {name}(value, count={words.randrange(10**6)}): return value * count")
        size += len(lines[-1]) + 1
    return "\n".join(lines) + "\n"


def write_small(folder):
    """A project of a single test: what a run costs when there is nothing to sync."""
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_one.py").write_text(SINGLE_TEST)


class Project:
    """A tree of so many files, half of them below `core`, and the changes that are measured."""

    def __init__(self, folder, files):
        self.folder = folder
        self.files = files
        self._aside = folder.parent / "added.bin"
        self._changes = 0
        write_small(folder)
        for number in range(files - 2):
            below = folder / ("core", "lib")[number % 2] / f"p{number // 2 // FILES_OF_A_FOLDER}"
            below.mkdir(parents=True, exist_ok=True)
            (below / f"m{number}.py").write_text(python_text(number))

    def change(self):
        """One file in the middle; the name of the folder may be either."""
        parent = self.folder / ("core" if (self.folder / "core").exists() else "kernel")
        path = parent / "p0" / "m0.py"
        self._changes += 1
        with open(path, "a") as file:
            file.write(f"# change {self._changes}\n")

    def rename(self):
        (self.folder / "core").rename(self.folder / "kernel")

    def add(self):
        if not self._aside.exists():
            with open(self._aside, "wb") as file:
                for _megabyte in range(ADDED_BYTES // 1_000_000):
                    file.write(os.urandom(1_000_000))
        shutil.copyfile(self._aside, self.folder / "added.bin")

    def restore(self):
        """Renamed and added, no longer."""
        if (self.folder / "kernel").exists():
            (self.folder / "kernel").rename(self.folder / "core")
        (self.folder / "added.bin").unlink(missing_ok=True)


def write_sparse(folder, size):
    write_small(folder)
    with open(folder / "large.bin", "wb") as file:
        file.truncate(size)


# ---- is a copy equal?


def listed(folder):
    """{path below: (is it a folder, mode)}, without following links."""
    found, open_ = {}, [""]
    while open_:
        below = open_.pop()
        for entry in os.scandir(os.path.join(folder, below)):
            path = os.path.join(below, entry.name)
            is_folder = entry.is_dir(follow_symlinks=False)
            found[path] = is_folder, entry.stat(follow_symlinks=False).st_mode & 0o777
            if is_folder:
                open_.append(path)
    return found


def same_content(one, other):
    with open(one, "rb", buffering=0) as ours, open(other, "rb", buffering=0) as theirs:
        while True:
            piece = ours.read(1 << 20)
            if piece != theirs.read(1 << 20):
                return False
            if not piece:
                return True


def difference(source, copy):
    """The first path that is not in both alike, or None."""
    ours, theirs = listed(source), listed(copy)
    if ours != theirs:
        return min(path for path in {**ours, **theirs} if ours.get(path) != theirs.get(path))
    for path, (is_folder, _mode) in ours.items():
        if not is_folder:
            if not same_content(os.path.join(source, path), os.path.join(copy, path)):
                return path
    return None
