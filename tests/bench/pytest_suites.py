"""The suites that are measured: generated ones, and one of a real library."""

import shutil
import subprocess

# name -> slots. "imports-first" is "imports" with nothing learnt from earlier runs.
SUITES = {
    "one": (8,),
    "empty": (2, 8),
    "files": (2, 8),
    "imports-first": (8,),
    "imports": (8,),
    "crashes": (4,),
    "output": (4,),
    "networkx": (2, 4, 8),
}


def empty_tests(count):
    return "".join(f"def test_{number:03}():\n    pass\n\n\n" for number in range(count))


IMPORTING = "import numpy\nimport pandas\n\n\n" + empty_tests(2)
CRASHING = """\
import os
import pytest


@pytest.mark.parametrize("number", range(20))
def test_crashes(number):
    if number == 10:
        os._exit(1)
"""
PRINTING = """\
import pytest


@pytest.mark.parametrize("number", range(50))
def test_prints(number):
    for _line in range(1000):
        print("x" * 99)
"""
# name -> how many files, and what is in each
GENERATED = {
    "one": (1, empty_tests(1)),
    "empty": (100, empty_tests(100)),
    "files": (500, empty_tests(4)),
    "imports-first": (40, IMPORTING),
    "imports": (40, IMPORTING),
    "crashes": (10, CRASHING),
    "output": (10, PRINTING),
}


def write_suite(name, folder, python):
    """Makes the suite in the folder, and returns what a tool is given as its target."""
    if name in GENERATED:
        files, text = GENERATED[name]
        for number in range(files):
            (folder / f"test_{number:03}.py").write_text(text)
    else:
        where = "import os, networkx; print(os.path.dirname(networkx.__file__))"
        source = subprocess.run(
            [python, "-c", where], check=True, stdout=subprocess.PIPE, text=True
        )
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source.stdout.strip(), folder / "networkx", ignore=ignore)
        return "networkx"
    return "."
