"""Test programs for tests: built once in a session with the system's compiler."""

import pathlib
import shutil
import subprocess

import pytest

SOURCES = pathlib.Path(__file__).parent / "native"
COMPILER = shutil.which("g++") or shutil.which("c++")


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


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """Builds a program at its first use; the same arguments give the same program."""
    folder = tmp_path_factory.mktemp("programs")
    built = {}

    def get(source, *libraries):
        key = (source, libraries)
        if key not in built:
            built[key] = build(folder, source, *libraries)
        return built[key]

    return get
