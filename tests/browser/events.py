"""Runs that never were, as the lines of --json."""

import json

OUTCOMES = ["passed"] * 94 + ["failed", "failed", "error", "skipped", "xfailed", "xpassed"]
SLOTS = 16


def line(event, **more):
    return json.dumps({"event": event, **more}) + "\n"


def started(environments=("local",), each=False):
    names = list(environments)
    return line(
        "run_started",
        run="0" * 32,
        tree=None,
        environments=names,
        each=each,
        command=["pytest", "made", "up"],
        started="2026-01-02T03:04:05",
    )


def test_events(number, test, slot, at, outcome, environment="local"):
    """The two lines of a test that takes 10 ms, and has a traceback if it failed."""
    where = {"worker": "gw%d" % slot, "environment": environment}
    yield line("test_started", id=test, **where, at=round(at, 6))
    failed = outcome in ("failed", "error")
    phases = {}
    if failed:
        text = "def test():\n    assert %d == 0, 'ü</script><!--'\n" % number
        phases["phases"] = [{"when": "call", "category": outcome, "text": text}]
        phases["sections"] = [["Captured stdout call", "</script><script>alert(1)</script>\n" * 20]]
    yield line(
        "test_finished",
        id=test,
        outcome=outcome,
        **where,
        duration=0.01,
        attempt=1,
        crashed=False,
        message="number %d" % number if failed else "",
        seconds=[0.001, 0.008, 0.001],
        **phases,
        at=round(at + 0.01, 6),
    )


def name_of(number):
    return "tests/part_%03d/test_%d.py::TestGroup::test_number[%d]" % (
        number // 1000,
        number // 50,
        number,
    )


def long_run(tests):
    """All of a run on 16 slots, with 50 tests in a file."""
    yield started()
    for slot in range(SLOTS):
        yield line(
            "worker_up",
            worker="gw%d" % slot,
            environment="local",
            host="host%d" % (slot // 4),
            platform="linux",
            python="3.11.2",
            executable="python3",
            fingerprint={},
            at=0.1,
        )
    for first in range(0, tests, 50):
        names = [{"id": name_of(number)} for number in range(first, min(first + 50, tests))]
        yield line(
            "unit_loaded",
            unit="test_%d.py" % (first // 50),
            environment="local",
            tests=names,
            at=0.2,
        )
    for number in range(tests):
        at = 0.2 + 0.01 * (number // SLOTS)
        yield from test_events(
            number, name_of(number), number % SLOTS, at, OUTCOMES[number * 37 % len(OUTCOMES)]
        )
    yield line("run_finished", counts={}, exit_code=1, reason="", wall=0.2 + 0.01 * tests / SLOTS)
