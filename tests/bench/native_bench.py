#!/usr/bin/env python3
"""Compares ways to run the cases of a test binary: the binary run whole, a process for each case (xargs -P), ctest -j
with a test for each case, and xgrid.

Without BINARY a googletest binary is generated and compiled: CASES cases that compute for CASE_MS each, and a start
that takes START_MS. Tools take turns in every round. xgrid runs with an empty cache ("first") and with what that run
has learnt ("later"). Figures are medians; cpu is that of the whole tree of processes. README.md beside this file.
"""
import argparse
import collections
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

from pytest_bench import measure

SOURCE = """
#include <gtest/gtest.h>
#include <time.h>
static void compute(double ms) {
    timespec from, to;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    while ((to.tv_sec - from.tv_sec) * 1e3 + (to.tv_nsec - from.tv_nsec) / 1e6 < ms);
}
struct Cases : testing::TestWithParam<int> {};
TEST_P(Cases, computes) { compute(%(case_ms)s); }
INSTANTIATE_TEST_SUITE_P(All, Cases, testing::Range(0, %(cases)s));
int main(int count, char** words) {
    testing::InitGoogleTest(&count, words);
    compute(%(start_ms)s);
    return RUN_ALL_TESTS();
}
"""


def generated(options, folder):
    source = folder / "generated.cpp"
    source.write_text(SOURCE % vars(options))
    binary = folder / "generated"
    subprocess.run(["g++", "-O1", "-o", binary, source, "-lgtest", "-pthread"], check=True)
    return binary


def gtest_names(binary):
    text = subprocess.run(
        [binary, "--gtest_list_tests"], stdout=subprocess.PIPE, check=True
    ).stdout.decode()
    names, suite = [], ""
    for line in text.splitlines():
        name = line.partition("  # ")[0]
        if name.startswith("  "):
            names.append(suite + name.strip())
        elif name.endswith("."):
            suite = name
    return [name for name in names if "DISABLED_" not in name]


def doctest_names(binary):
    text = subprocess.run(
        [binary, "--list-test-cases", "-r=xml"], stdout=subprocess.PIPE, check=True
    ).stdout
    cases = xml.etree.ElementTree.fromstring(text).iter("TestCase")
    return [case.get("name") for case in cases if case.get("skipped") != "true"]


KINDS = {
    "gtest": (gtest_names, lambda name: "--gtest_filter=" + name),
    "doctest": (
        doctest_names,
        lambda name: "-tc=" + name.replace("\\", "\\\\\\\\").replace(",", "\\\\,"),
    ),
}


def write_ctest(folder, binary, words):
    """What gtest_discover_tests() would write."""
    folder.mkdir()
    with open(folder / "CTestTestfile.cmake", "w") as file:
        for name, word in words:
            file.write("add_test([=[%s]=] [=[%s]=] [=[%s]=])\n" % (name, binary, word))


def commands(options, folder, binary):
    names_of, word_for = KINDS[options.kind]
    words = [(name, word_for(name)) for name in names_of(binary)]
    print("%s: %d cases" % (binary, len(words)))
    listed = folder / "words"
    listed.write_bytes(b"".join(word.encode() + b"\0" for _name, word in words))
    write_ctest(folder / "ctest", binary, words)
    jobs = str(options.jobs)
    each = ["xargs", "-0", "-a", str(listed), "-n", "1", "-P", jobs, str(binary)]
    found = {"whole": [str(binary)], "each": ["sh", "-c", '"$@" > /dev/null 2>&1', "sh", *each]}
    if shutil.which("ctest"):
        found["ctest"] = ["ctest", "--test-dir", str(folder / "ctest"), "-j", jobs, "-Q"]
    for slots in sorted({"1", jobs}):
        xgrid = [
            options.xgrid,
            "submit",
            "-q",
            "-n",
            slots,
            "--framework",
            options.kind,
            str(binary),
        ]
        found["xgrid -n%s first" % slots] = xgrid
        found["xgrid -n%s later" % slots] = xgrid
    return found


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("binary", nargs="?", type=pathlib.Path)
    parser.add_argument(
        "--kind", choices=sorted(KINDS), default="gtest", help="of BINARY; default gtest"
    )
    parser.add_argument("--xgrid", default="xgrid", help="the program to measure")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--jobs", type=int, default=2, help="processes or slots at a time; default 2"
    )
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--case-ms", type=float, default=3)
    parser.add_argument("--start-ms", type=float, default=100)
    parser.add_argument("--without", action="append", default=[], metavar="TOOL")
    options = parser.parse_args()
    options.xgrid = os.path.abspath(shutil.which(options.xgrid) or parser.error("no such xgrid"))
    return options


def main():
    options = parse_options()
    with tempfile.TemporaryDirectory(prefix="native-bench-") as name:
        folder = pathlib.Path(name)
        binary = options.binary.resolve() if options.binary else generated(options, folder)
        runs = collections.defaultdict(list)
        todo = commands(options, folder, binary)
        (folder / "suite").mkdir()  # where all of them run
        for _round in range(options.rounds):
            for tool, command in todo.items():
                if tool in options.without:
                    continue
                if tool.endswith("first"):
                    shutil.rmtree(folder / "cache", ignore_errors=True)
                runs[tool].append(measure(command, folder))
        whole = statistics.median(run["cpu"] for run in runs["whole"])
        print("%-16s %8s %8s %10s" % ("", "wall", "cpu", "cpu/whole"))
        for tool, figures in runs.items():
            wall = statistics.median(run["wall"] for run in figures)
            cpu = statistics.median(run["cpu"] for run in figures)
            print("%-16s %8.2f %8.2f %10.2f" % (tool, wall, cpu, cpu / whole))


if __name__ == "__main__":
    sys.exit(main())
