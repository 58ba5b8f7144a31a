import collections
import json
import os
import pathlib
import subprocess
import sys
import textwrap

import driver
import pytest


@pytest.fixture(scope="session")
def warm(tmp_path_factory):
    interpreter = driver.Interpreter(tmp_path_factory.mktemp("warm"))
    yield interpreter
    interpreter.close()


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "project")


class Project:
    """A directory of files to test; os.fspath gives its path."""

    def __init__(self, path):
        self.path = path
        path.mkdir()
        self.write("pytest.ini", "[pytest]\n")

    def __fspath__(self):
        return str(self.path)

    def __str__(self):
        return str(self.path)

    def write(self, name, text):
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        return file

    def plain(self, *args):
        """(Counter of (id, category), deselected) of a plain pytest run."""
        result = self.path.parent / "plain.json"
        paths = [str(pathlib.Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
        env = {
            **os.environ,
            "PLAIN_OUTCOMES": str(result),
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = [sys.executable, "-m", "pytest", "-p", "plain_outcomes", "-p", "no:cacheprovider"]
        done = subprocess.run(
            command + list(args), cwd=str(self.path), env=env, stdout=subprocess.PIPE
        )
        outcome = json.loads(result.read_text())
        counted = collections.Counter(tuple(entry) for entry in outcome["counted"])
        return counted, outcome["deselected"], done.stdout.decode()
