"""Runs these tests in several pytest processes beside each other, which take one test after the other from the same list.

usage: side_by_side.py NUMBER [OPTIONS]   OPTIONS are pytest's, and what it is to run

The last line is "N passed, N failed"; the exit code is 0 when all of the processes end so.
"""

import importlib.machinery
import importlib.util
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def tally_of_all_tests():
    loader = importlib.machinery.SourceFileLoader(
        "tally", str(HERE.parents[1] / "scripts" / "tally")
    )
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("tally", loader))
    loader.exec_module(module)
    return module


def main():
    number, options = int(sys.argv[1]), sys.argv[2:]
    tally = tally_of_all_tests()
    with tempfile.TemporaryDirectory(prefix="xgrid-tests-") as shared:
        command = [sys.executable, "-B", "-m", "pytest", "--shared=" + shared, *options]
        parts = [
            (subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT), output)
            for output in (
                open(pathlib.Path(shared) / ("output-%d" % part), "w+") for part in range(number)
            )
        ]
        code = passed = failed = 0
        for process, output in parts:
            code = process.wait() or code
            output.seek(0)
            text = output.read()
            print(text, flush=True)
            counted = tally.count(text)
            if counted is None:
                print("a part told no count")
                code = code or 1
                continue
            passed, failed = passed + counted[0], failed + counted[1]
    print("%d passed, %d failed" % (passed, failed))
    raise SystemExit(code)


if __name__ == "__main__":
    main()
