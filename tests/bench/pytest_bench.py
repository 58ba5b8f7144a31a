#!/usr/bin/env python3
"""Compares plain pytest, pytest-xdist and xgrid on the same suites, on this machine.

Tools take turns in every round, so that a slow minute of the machine is shared by all. Figures
are medians. What they mean is in README.md beside this file.
"""
import argparse
import collections
import ctypes
import json
import os
import pathlib
import platform
import re
import resource
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
import xml.etree.ElementTree

from pytest_suites import SUITES, write_suite

RESULT = re.compile(rb"\b(PASSED|FAILED|SKIPPED)\b")
# Few users set them, and each changes what starting costs.
PYTHON_IS_ODD = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
PR_SET_CHILD_SUBREAPER = 36
SAMPLE_SECONDS = 0.02
LEFTOVER_SECONDS = 10.0  # how long processes may outlive the command before they are killed

FIGURES = (
    ("wall", "s", 1.0),
    ("cpu", "s", 1.0),
    ("first_result", "s", 1.0),
    ("peak_pss", "MB", 1e6),
)


# ---- what is run


def configurations(suite, slots, tools):
    # A crash takes plain pytest with it.
    tools = [tool for tool in tools if tool != "pytest" or suite != "crashes"]
    return [(tool, n) for tool in tools for n in ((None,) if tool == "pytest" else slots)]


def command(options, tool, slots, target):
    pytest = [options.python, "-m", "pytest"]
    return {
        "pytest": [*pytest, "-p", "no:xdist"],
        "xdist": [*pytest, "-n", str(slots)],
        "xgrid": [options.xgrid, "submit", "-n", str(slots), "--python", options.python],
    }[tool] + ["-v", "--color=no", target]


# ---- one run, with all of its processes


def parents():
    """The parent of each process there is."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", "rb") as stat:
                    # The name, in parentheses, may hold anything; the parent is the second after it.
                    found[int(entry)] = int(stat.read().rpartition(b")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                pass  # gone meanwhile
    return found


def descendants():
    children = collections.defaultdict(list)
    for pid, parent in parents().items():
        children[parent].append(pid)
    found, open_ = [], [os.getpid()]
    while open_:
        below = children[open_.pop()]
        found += below
        open_ += below
    return found


def pss_bytes(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as rollup:
            for line in rollup:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass  # gone meanwhile
    return 0


def reap(deadline):
    """Waits for every descendant; kills what is left at the deadline, and counts it."""
    killed = set()
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return len(killed)
        if pid:
            continue
        if time.monotonic() > deadline:
            for left in descendants():
                killed.add(left)
                os.kill(left, signal.SIGKILL)
        time.sleep(0.002)


def environment(folder):
    kept = {name: value for name, value in os.environ.items() if name not in PYTHON_IS_ODD}
    return {
        **kept,
        "XGRID_CACHE_HOME": str(folder / "cache"),
        "XGRID_STATE_HOME": str(folder / "state"),
    }


def become_subreaper():
    """From now on orphans of those below come to this process."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "cannot become a subreaper")
    # Ignored by inheritance, it would have the kernel drop children uncounted.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def watch(argv, folder, with_memory):
    """Runs the command to its end below this process, which every orphan of it falls to."""
    become_subreaper()
    out, into = os.pipe()
    with open(folder / "stderr.log", "wb") as errors:
        start = time.monotonic()
        process = subprocess.Popen(
            argv,
            cwd=folder / "suite",
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=into,
            stderr=errors,
        )
        os.close(into)
    ended = os.pidfd_open(process.pid)

    figures = {"first_result": None, "peak_pss": 0, "wall": None}
    tail, open_ = b"", [out, ended]
    deadline = None
    while open_ and (deadline is None or time.monotonic() < deadline):
        timeout = SAMPLE_SECONDS if with_memory else 0.5 if deadline else None
        ready, _, _ = select.select(open_, [], [], timeout)
        now = time.monotonic()
        if ended in ready:
            figures["wall"] = now - start
            process.wait()
            open_.remove(ended)
            deadline = now + LEFTOVER_SECONDS
        if out in ready:
            chunk = os.read(out, 1 << 16)
            if not chunk:
                open_.remove(out)
            elif figures["first_result"] is None:
                tail = tail[-20:] + chunk
                if RESULT.search(tail):
                    figures["first_result"] = now - start
        if with_memory:
            figures["peak_pss"] = max(figures["peak_pss"], sum(map(pss_bytes, descendants())))

    figures["left_over"] = reap(deadline or time.monotonic() + LEFTOVER_SECONDS)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures["cpu"] = usage.ru_utime + usage.ru_stime
    figures["exit_code"] = process.returncode
    return figures


def from_a_fork(work):
    """What `work` returns in a fork of this process that has no other children; None: it failed."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(out)
            os.write(into, json.dumps(work()).encode())
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    os.close(into)
    with os.fdopen(out) as answer:
        text = answer.read()
    os.waitpid(pid, 0)
    return json.loads(text) if text else None


def measure(argv, folder, with_memory=False):
    """The figures of one run."""
    figures = from_a_fork(lambda: watch(argv, folder, with_memory))
    if not figures:
        raise SystemExit(f"could not measure {' '.join(argv)}")
    return figures


# ---- are the results the same?


def outcomes(report):
    """How often each test came out how, from a JUnit file."""
    counts = collections.Counter()
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        kinds = sorted(child.tag for child in case if child.tag in ("failure", "error", "skipped"))
        counts[case.get("classname"), case.get("name"), "+".join(kinds) or "passed"] += 1
    return counts


def compare_outcomes(options, folder, target, chosen):
    """Runs every tool once for its report; True when all reports say the same."""
    reference = None
    same = True
    for tool, slots in chosen:
        report = folder / f"{label(tool, slots)}.xml"
        run = measure(command(options, tool, slots, target) + [f"--junitxml={report}"], folder)
        if not report.exists():
            errors = (folder / "stderr.log").read_text(errors="replace")
            print(
                f"  {label(tool, slots)} wrote no report (exit {run['exit_code']}): {errors[-2000:]}"
            )
            same = False
            continue
        found = outcomes(report)
        print(f"  {label(tool, slots):12} {sum(found.values())} outcomes, exit {run['exit_code']}")
        if reference is None:
            reference = found
            continue
        for sign, difference in (("not", reference - found), ("only", found - reference)):
            for outcome in sorted(difference)[:10]:
                print(f"    {sign} here: {' '.join(outcome)}")
            same = same and not difference
    return same


# ---- rounds and table


def label(tool, slots):
    return tool if slots is None else f"{tool} -n {slots}"


def rotated(items, by):
    by %= len(items)
    return items[by:] + items[:by]


def run_rounds(options, suite, folder, target, chosen):
    """All runs of a suite: {(tool, slots): {figure: [values]}}."""
    values = {key: collections.defaultdict(list) for key in chosen}
    plan = [(n, False) for n in range(options.rounds)]
    plan += [(n, True) for n in range(options.memory_rounds)]
    for number, with_memory in plan:
        kind = "memory round" if with_memory else "round"
        print(f"  {kind} {number + 1}", file=sys.stderr)
        for key in rotated(chosen, number):
            if suite == "imports-first":
                shutil.rmtree(folder / "cache", ignore_errors=True)
            run = measure(command(options, *key, target), folder, with_memory)
            for name in ("peak_pss",) if with_memory else ("wall", "cpu", "first_result"):
                if run[name] is not None:
                    values[key][name].append(run[name])
            if run["left_over"]:
                print(f"  {label(*key)} left {run['left_over']} processes behind", file=sys.stderr)
    return values


def median(values):
    return statistics.median(values) if values else None


def cell(value, scale=1.0):
    return f"{value / scale:.2f}" if value is not None else "-"


def ratio(value, other):
    return f"{value / other:.2f}" if value is not None and other else "-"


def print_table(suite, slots, values):
    heads = ("suite", "-n", "figure", "pytest", "xdist", "xgrid", "xgrid/xdist", "xgrid/pytest")
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for n in slots:
        for figure, unit, scale in FIGURES:
            plain, xdist, xgrid = (
                median(values.get(key, {}).get(figure))
                for key in (("pytest", None), ("xdist", n), ("xgrid", n))
            )
            shown = [cell(value, scale) for value in (plain, xdist, xgrid)]
            ratios = [ratio(xgrid, xdist), ratio(xgrid, plain)]
            name = f"{figure.replace('_', ' ')} ({unit})"
            print("| " + " | ".join([suite, str(n), name, *shown, *ratios]) + " |")
    print()


def program(name):
    """Its whole path: it runs in other folders. For argparse, too."""
    found = shutil.which(name)
    if not found:
        raise argparse.ArgumentTypeError(f"cannot measure {name}: no such program")
    return os.path.abspath(found)


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--xgrid", default="xgrid", help="the program to measure")
    parser.add_argument("--python", default="/usr/bin/python3", help="has pytest and xdist")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="default 5")
    parser.add_argument("--memory-rounds", type=int, default=3, metavar="N", help="default 3")
    parser.add_argument("--suite", action="append", choices=list(SUITES), help="default: all")
    parser.add_argument(
        "--tool",
        action="append",
        choices=("pytest", "xdist", "xgrid"),
        help="measure only these; default: all",
    )
    parser.add_argument("-n", type=int, action="append", metavar="N", help="only these slots")
    parser.add_argument("--json", metavar="PATH", help="every single value, for other tools")
    options = parser.parse_args()
    options.tool = options.tool or ["pytest", "xdist", "xgrid"]
    if "xgrid" in options.tool:
        try:
            options.xgrid = program(options.xgrid)
        except argparse.ArgumentTypeError as error:
            parser.error(str(error))
    return options


def main():
    options = parse_options()
    print(f"{os.cpu_count()} cores, {platform.platform()}, load {os.getloadavg()[0]:.1f}\n")
    same, everything = True, []
    for suite in options.suite or SUITES:
        slots = [n for n in SUITES[suite] if not options.n or n in options.n]
        chosen = configurations(suite, slots, options.tool)
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            folder = pathlib.Path(name)
            (folder / "suite").mkdir()
            target = write_suite(suite, folder / "suite", options.python)
            if suite != "crashes":  # pytest-xdist reports a crash under a name of its own
                print(f"{suite}: are the outcomes the same?")
                same = compare_outcomes(options, folder, target, chosen) and same
            values = run_rounds(options, suite, folder, target, chosen)
        print()
        print_table(suite, slots, values)
        everything += [
            {"suite": suite, "tool": tool, "slots": n, **found}
            for (tool, n), found in values.items()
        ]
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(everything, indent=1) + "\n")
    print("outcomes: the same everywhere" if same else "outcomes: NOT the same, see above")
    sys.exit(not same)


if __name__ == "__main__":
    main()
