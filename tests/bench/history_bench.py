#!/usr/bin/env python3
"""What knowing earlier runs is worth: suites of sleeping tests whose durations have a heavy tail, run twice.

A suite's durations are drawn from a Pareto distribution (--shape; the smaller the heavier) and shared among files at
random. No order of tests is faster than max(longest, sum / slots): the figures are a run's wall time divided by that.
"first" knows nothing, "second" and "third" what the runs before have shown; pytest-xdist, if the interpreter has it,
runs as it is. Sleeping takes no processor: other programs disturb little.
"""
import argparse
import collections
import importlib.util
import os
import pathlib
import random
import statistics
import tempfile

from pytest_bench import measure, program

RUNS = ("first", "second", "third")


def write_suite(folder, options, seed):
    """Durations of its tests, in seconds."""
    chance = random.Random(seed)
    drawn = [min(chance.paretovariate(options.shape), 200) for _ in range(options.tests)]
    durations = [options.seconds * one / sum(drawn) for one in drawn]
    files = collections.defaultdict(list)
    for number, duration in enumerate(durations):
        files[chance.randrange(options.files)].append((number, duration))
    folder.mkdir(parents=True)
    for name, tests in files.items():
        texts = ["def test_%d():\n    time.sleep(%.4f)\n" % each for each in tests]
        (folder / ("test_%02d.py" % name)).write_text("import time\n\n" + "\n".join(texts))
    return durations


def run(argv, folder):
    os.environ["XDG_STATE_HOME"] = str(folder / "state")
    figures = measure(argv, folder)
    if figures["exit_code"] != 0:
        raise SystemExit("%s: exit code %d" % (" ".join(map(str, argv)), figures["exit_code"]))
    return figures["wall"]


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--xgrid", type=program, default="xgrid", help="the program to measure")
    parser.add_argument("--python", default="/usr/bin/python3", help="has pytest; runs this, too")
    parser.add_argument("--suites", type=int, default=5, metavar="N", help="default 5")
    parser.add_argument("--slots", type=int, default=4, metavar="N", help="default 4")
    parser.add_argument("--tests", type=int, default=200, metavar="N", help="default 200")
    parser.add_argument("--files", type=int, default=20, metavar="N", help="default 20")
    parser.add_argument("--seconds", type=float, default=80, help="all tests in sum; default 80")
    parser.add_argument("--shape", type=float, default=1.2, help="default 1.2")
    return parser.parse_args()


def main():
    options = parse_options()
    slots = ["-n", str(options.slots), "-q", "-p", "no:cacheprovider"]
    xgrid = [options.xgrid, "submit", "--python", options.python, *slots]
    xdist = [options.python, "-m", "pytest", *slots]
    figures = collections.defaultdict(list)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print("| suite | longest | sum / slots | first | second | third | pytest-xdist |")
    print("|---|---|---|---|---|---|---|")
    for seed in range(options.suites):
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            folder = pathlib.Path(name)
            durations = write_suite(folder / "suite", options, seed)
            least = max(max(durations), sum(durations) / options.slots)
            for which in RUNS:
                figures[which].append(run(xgrid, folder) / least)
            if importlib.util.find_spec("xdist"):
                figures["xdist"].append(run(xdist, folder) / least)
        cells = [f"{max(durations):.1f} s", f"{sum(durations) / options.slots:.1f} s"]
        cells += [
            f"{figures[which][-1]:.3f}" if figures[which] else "" for which in (*RUNS, "xdist")
        ]
        print("| %d | %s |" % (seed, " | ".join(cells)), flush=True)
    for which, ratios in figures.items():
        print(f"{which}: median {statistics.median(ratios):.3f}, largest {max(ratios):.3f}")


if __name__ == "__main__":
    main()
