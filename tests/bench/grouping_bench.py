#!/usr/bin/env python3
"""What twice as many tests cost where tests stay together in groups: --dist loadgroup with 10,000 and 20,000 tests.

Tests are empty, 500 to a file, each in one of 500 or 1,000 groups; a group has 20 tests, in 20 files. pytest-xdist, if
the interpreter has it, and xgrid run both projects in turns. Linear is a ratio of 2, or less, as some costs are the same.
"""
import argparse
import collections
import importlib.util
import os
import pathlib
import statistics
import sys
import tempfile

from pytest_bench import measure, program

SIZES = (10_000, 20_000)
FILE_TESTS = 500
GROUP_TESTS = 20
TEST = '@pytest.mark.xdist_group("group-%d")\ndef test_%d():\n    pass\n\n\n'
OPTIONS = ["-n", "2", "--dist", "loadgroup", "-q", "--color=no", "-p", "no:cacheprovider"]


def write_project(folder, tests):
    folder.mkdir(parents=True)
    groups = tests // GROUP_TESTS
    for first in range(0, tests, FILE_TESTS):
        numbers = range(first, first + FILE_TESTS)
        text = "".join(TEST % (number % groups, number) for number in numbers)
        path = folder / ("test_%02d.py" % (first // FILE_TESTS))
        path.write_text("import pytest\n\n\n" + text)


def commands(options):
    found = {"xgrid": [options.xgrid, "submit", "--python", options.python, *OPTIONS]}
    if importlib.util.find_spec("xdist"):
        found["xdist"] = [options.python, "-m", "pytest", *OPTIONS]
    return {tool: found[tool] for tool in options.tool or found}


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--xgrid", type=program, default="xgrid", help="the program to measure")
    parser.add_argument("--python", default="/usr/bin/python3", help="has pytest; runs this, too")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="default 5")
    parser.add_argument(
        "--tool", action="append", choices=("xgrid", "xdist"), help="measure only it; default: both"
    )
    return parser.parse_args()


def main():
    options = parse_options()
    figures = collections.defaultdict(list)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folders = {tests: pathlib.Path(name) / str(tests) for tests in SIZES}
        for tests, folder in folders.items():
            write_project(folder / "suite", tests)
        for number in range(options.rounds + 1):  # the first leaves what is compiled and learnt
            for tool, argv in commands(options).items():
                for tests, folder in folders.items():
                    run = measure(argv, folder)
                    print(f"  {tool}, {tests:,}: {run['cpu']:.1f} s of CPU", file=sys.stderr)
                    if run["exit_code"] != 0:
                        raise SystemExit(f"{tool} with {tests} tests: exit {run['exit_code']}")
                    if number > 0:
                        figures[tool, "cpu", tests].append(run["cpu"])
                        figures[tool, "wall", tests].append(run["wall"])
    print("| tool | figure | 10,000 tests | 20,000 tests | ratio |\n|---|---|---|---|---|")
    for tool in commands(options):
        for figure in ("cpu", "wall"):
            once, twice = (statistics.median(figures[tool, figure, tests]) for tests in SIZES)
            print(f"| {tool} | {figure} (s) | {once:.2f} | {twice:.2f} | {twice / once:.2f} |")


if __name__ == "__main__":
    main()
