"""Test programs for tests: built once with the system's compiler."""

import fcntl
import os
import pathlib
import shutil
import subprocess

import pytest

SOURCES = pathlib.Path(__file__).parent / "native"
COMPILER = shutil.which("g++") or shutil.which("c++")
C_COMPILER = shutil.which("gcc") or shutil.which("cc")


def build(folder, source, *libraries, name=None):
    """The program of that source in native/, as a path in the folder."""
    program = folder / (name or pathlib.Path(source).stem)
    subprocess.run(
        [COMPILER, "-std=c++17", "-O0", "-o", str(program), str(SOURCES / source)]
        + ["-l" + library for library in libraries]
        + ["-pthread"],
        check=True,
    )
    return program


def build_c(made, source, *options):
    """A program or library of that source in native/, at that path; its folder is made."""
    made.parent.mkdir(parents=True, exist_ok=True)
    command = [C_COMPILER, "-O0", "-o", str(made), str(SOURCES / source), *map(str, options)]
    subprocess.run(command, check=True)
    return made


def report_of(program, kind):
    """Where the program may write its own report: other processes have the program, too."""
    return program.parent / ("%s-%d.%s" % (program.name, os.getpid(), kind))


@pytest.fixture(scope="session")
def programs(tmp_path_factory, shared_by_all):
    """Builds a program at its first use; the same arguments give the same program."""
    folder = (shared_by_all or tmp_path_factory.getbasetemp()) / "test-programs"

    def get(source, *libraries):
        made = folder / "-".join((pathlib.Path(source).stem, *libraries))
        made.mkdir(parents=True, exist_ok=True)
        program = made / pathlib.Path(source).stem
        with (made / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return program if program.exists() else build(made, source, *libraries)

    return get
