#!/usr/bin/env python3
"""Compares xgrid's code sync with rsync on the same made-up projects, on this machine.

Tools take turns in every case of every round, and each copy is compared with its source after each
case. Figures are medians. What they mean is in README.md beside this file.
"""
import argparse
import collections
import json
import os
import pathlib
import platform
import shutil
import sys
import tempfile
import time

from pytest_bench import cell, median, ratio, rotated
from sync_tools import SSHD, ByBroker, ByName, Rsync, RsyncOverSsh
from sync_trees import Project, difference, write_small, write_sparse

CASES = ("cold", "unchanged", "one changed", "renamed", "200 MB added")
REPEATED = ("unchanged", "one changed")  # short, and more to be had in a round
TOOLS = (Rsync.name, RsyncOverSsh.name, ByName.name, ByBroker.name)
SETTLED_SECONDS = 3.0
FIGURES = (
    ("wall", "wall (ms)", 1e-3),
    ("cpu", "cpu (ms)", 1e-3),
    ("prepared", "of it, the worker's (ms)", 1e-3),
    ("bytes", "sent (KB)", 1e3),
)


def make_tools(options, source, folder):
    made = []
    for name in options.tool:
        own = folder / name.replace(", ", "-")
        own.mkdir()
        if name == Rsync.name:
            made.append(Rsync(source, own))
        elif name == RsyncOverSsh.name:
            made.append(RsyncOverSsh(source, own))
        elif name == ByName.name:
            made.append(ByName(source, own, options.xgrid, options.python))
        else:
            small = own / "small"
            write_small(small)
            made.append(ByBroker(source, own, options.xgrid, options.python, small))
    return made


# ---- rounds


class Values:
    """Of each case and tool, all that was measured: figures, and the peaks of each role."""

    def __init__(self):
        self.figures = collections.defaultdict(lambda: collections.defaultdict(list))
        self.peaks = collections.defaultdict(lambda: collections.defaultdict(list))

    def add(self, case, tool, figures, with_memory):
        if with_memory:
            for role, size in figures["peaks"].items():
                self.peaks[case, tool][role].append(size)
            return
        for name, value in figures.items():
            if isinstance(value, (int, float)):
                self.figures[case, tool][name].append(value)


def run_case(case, tools, source, turn, with_memory, values):
    for tool in rotated(tools, turn):
        values.add(case, tool.name, tool.run(with_memory), with_memory)
        wrong = difference(source, tool.copy)
        if wrong is not None:
            raise SystemExit(f"{tool.name}, {case}: the copy differs at {wrong!r}")


def run_round(options, project, tools, number, with_memory, values):
    def run(case, turn):
        run_case(case, tools, project.folder, turn, with_memory, values)

    for tool in tools:
        tool.reset()
    run("cold", number)
    for turn in range(1 if with_memory else options.repeats):
        run("unchanged", number + turn)
    for turn in range(1 if with_memory else options.repeats):
        project.change()
        run("one changed", number + turn)
    project.rename()
    run("renamed", number)
    project.add()
    run("200 MB added", number)
    project.restore()


def run_size(options, folder, files):
    project = Project(folder / "project", files)
    tools = make_tools(options, project.folder, folder)
    # What was written a moment ago is read twice by xgrid, as nobody can tell whether it changed.
    time.sleep(SETTLED_SECONDS)
    values = Values()
    plan = [(n, False) for n in range(options.rounds)]
    plan += [(n, True) for n in range(options.memory_rounds)]
    try:
        for number, with_memory in plan:
            kind = "memory round" if with_memory else "round"
            load = os.getloadavg()[0]
            print(f"  {files} files, {kind} {number + 1}, load {load:.1f}", file=sys.stderr)
            run_round(options, project, tools, number, with_memory, values)
    finally:
        for tool in tools:
            tool.close()
    return values


def run_large(options, folder):
    """Peak memory with one sparse file of so many bytes, cold."""
    source = folder / "project"
    write_sparse(source, options.large << 30)
    values = Values()
    for tool in make_tools(options, source, folder):
        try:
            tool.reset()
            run_case("cold", [tool], source, 0, True, values)
        finally:
            tool.close()
            shutil.rmtree(tool.folder)
    return values


# ---- tables


def row(*cells):
    print("| " + " | ".join(map(str, cells)) + " |")


def head(*cells):
    row(*cells)
    print("|" + "---|" * len(cells))


def print_figures(files, values):
    head("files", "case", "figure", *TOOLS, "chdir/rsync", "broker/ssh")
    for case in CASES:
        for figure, title, scale in FIGURES:
            found = [median(values.figures[case, tool].get(figure)) for tool in TOOLS]
            if figure == "bytes":
                found[2] = None  # nothing is sent
            ratios = [ratio(found[2], found[0]), ratio(found[3], found[1])]
            row(files, case, title, *(cell(value, scale) for value in found), *ratios)
    print()


def print_peaks(files, values, cases):
    head("files", "case", "tool", "peak PSS of each role (MB)")
    for case in cases:
        for tool in TOOLS:
            peaks = values.peaks[case, tool]
            if peaks:
                shown = (f"{role} {cell(median(sizes), 1e6)}" for role, sizes in peaks.items())
                row(files, case, tool, ", ".join(shown))
    print()


def as_json(files, values):
    keys = {**values.figures, **values.peaks}
    return [
        {
            "files": files,
            "case": case,
            "tool": tool,
            **values.figures[case, tool],
            "peaks": values.peaks[case, tool],
        }
        for case, tool in keys
    ]


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--xgrid", default="xgrid", help="the program to measure")
    parser.add_argument("--python", default="/usr/bin/python3", help="runs the test; has pytest")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="default 5")
    parser.add_argument(
        "--repeats", type=int, default=3, metavar="N", help="of short cases in a round; default 3"
    )
    parser.add_argument("--memory-rounds", type=int, default=1, metavar="N", help="default 1")
    parser.add_argument(
        "--files", type=int, action="append", metavar="N", help="default: 1000, 10000 and 100000"
    )
    parser.add_argument(
        "--large", type=int, metavar="GB", help="only the memory that a sparse file of N GB takes"
    )
    parser.add_argument("--tool", action="append", choices=TOOLS, help="default: all")
    parser.add_argument(
        "--folder", default="/dev/shm", help="where the trees are; default %(default)s"
    )
    parser.add_argument("--json", metavar="PATH", help="every single value, for other tools")
    options = parser.parse_args()
    options.files = options.files or [1000, 10_000, 100_000]
    options.tool = options.tool or list(TOOLS)
    if RsyncOverSsh.name in options.tool and not os.path.exists(SSHD):
        print(f"{SSHD} is missing (Debian: openssh-server): without {RsyncOverSsh.name}")
        options.tool.remove(RsyncOverSsh.name)
    for program in (options.xgrid, "rsync"):
        if not shutil.which(program):
            parser.error(f"cannot measure {program}: no such program")
    options.xgrid = os.path.abspath(shutil.which(options.xgrid))
    return options


def file_system(folder):
    """Its type, as of the longest mount point above the folder."""
    real, best = os.path.realpath(folder), ("", "?")
    with open("/proc/self/mounts") as mounts:
        for line in mounts:
            _device, point, kind, *_rest = line.split()
            if os.path.commonpath([real, point]) == point and len(point) >= len(best[0]):
                best = point, kind
    return best[1]


def main():
    options = parse_options()
    print(
        f"{os.cpu_count()} cores, {platform.platform()}, load {os.getloadavg()[0]:.1f}, "
        f"{options.folder} is {file_system(options.folder)}\n"
    )
    everything = []
    for files in [0] if options.large else options.files:
        with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as name:
            if options.large:
                values = run_large(options, pathlib.Path(name))
                print_peaks(f"{options.large} GB", values, ["cold"])
            else:
                values = run_size(options, pathlib.Path(name), files)
                print_figures(files, values)
                if options.memory_rounds:
                    print_peaks(files, values, CASES)
        everything += as_json(files, values)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(everything, indent=1) + "\n")
    print("copies: equal to their sources after every case")


if __name__ == "__main__":
    main()
