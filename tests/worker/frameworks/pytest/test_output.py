"""What a session leaves: workeroutput as plain values, with what cannot travel left out and noted."""

import importlib
import json
import sys
import types

import driver
import pytest

runner = sys.modules.setdefault("runner", types.ModuleType("runner"))
runner.__path__ = [str(driver.RUNNER)]
plain_values = importlib.import_module("runner.plain_values")
output = importlib.import_module("runner.output")

VALUES = [
    None,
    True,
    -3,
    2.5,
    "text \udcff",
    b"\x00\xff",
    1 + 2j,
    [1, [2]],
    (1, (2,)),
    {1, 2},
    frozenset(["a"]),
    {"a": {"b": b"c"}},
    {1: "a", (2, 3): "b"},
    {"$": "bytes", "v": "none"},
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_plain_values_come_back_as_they_were(value):
    text = json.dumps(plain_values.encoded(value))
    back = plain_values.decoded(json.loads(text))
    assert back == value and type(back) is type(value)


class Text(str):
    pass


def endless():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize("value", [object(), Text("a"), [print], {"a": range(2)}, endless()])
def test_other_values_are_refused(value):
    with pytest.raises(TypeError):
        plain_values.encoded(value)


class Session:
    exitstatus = 1
    shouldfail = False
    shouldstop = False

    def __init__(self, workeroutput):
        self.config = types.SimpleNamespace(workeroutput=workeroutput)


def told(workeroutput, *measured):
    notes = []
    text = output.session_output(Session(workeroutput), measured, notes.append)
    return json.loads(text), notes


def test_what_cannot_travel_is_left_out_and_noted():
    said, notes = told({"good": (1,), "bad": object(), 3: "odd"})
    kept = plain_values.decoded(said["workeroutput"])
    assert kept == {"exitstatus": 1, "shouldfail": False, "shouldstop": False, "good": (1,)}
    assert notes == [
        "workeroutput['bad'] is left out: a value of type object is not plain",
        "workeroutput[3] is left out: its name is not plain text",
    ]


def test_what_is_too_large_to_travel_is_left_out_and_noted(monkeypatch):
    monkeypatch.setattr(output, "BYTES_MAX", 1000)
    said, notes = told({"cov_worker_node_id": "gw0", "a": 1}, b"x" * 2000)
    assert said["coverage"] == [] and "cov_worker_node_id" not in said["workeroutput"]
    assert said["workeroutput"]["a"] == 1
    assert len(notes) == 1 and notes[0].startswith("its coverage data are lost: they are too large")
    said, notes = told({"a": "x" * 2000})
    assert said["workeroutput"] == {} and "too large to travel" in notes[0]


def test_a_slot_tells_its_workeroutput_when_the_session_is_over(warm, project):
    project.write(
        "conftest.py",
        """
        def pytest_configure(config): config.workeroutput["early"] = b"bytes"
        def pytest_sessionfinish(session): session.config.workeroutput["late"] = {"a": (1, 2)}
        def pytest_unconfigure(config): config.workeroutput["lost"] = print
        """,
    )
    project.write("test_a.py", "def test_a(): assert 0\n")
    slot = warm.slot(project).run_all()
    assert slot.finish() == 0
    said = json.loads(slot.of("end")[-1][2]["output"])
    assert plain_values.decoded(said["workeroutput"]) == {
        "early": b"bytes",
        "late": {"a": (1, 2)},
        "exitstatus": 1,
        "shouldfail": False,
        "shouldstop": False,
    }
    assert said["python"] == list(sys.version_info) and said["coverage"] == []
    assert [message[2] for message in slot.of("note")] == [
        "workeroutput['lost'] is left out: a value of type builtin_function_or_method is not plain"
    ]


def test_only_the_end_of_a_session_has_an_output(warm, project):
    project.write("test_a.py", "def test_a(): pass\n")
    slot = warm.slot(project).run_all()
    assert slot.finish() == 0
    assert ["output" in message[2] for message in slot.of("end")] == [False, False, True]


def test_a_session_that_is_not_distributed_has_no_workeroutput(warm, project):
    project.write(
        "test_a.py",
        "def test_a(pytestconfig): assert not hasattr(pytestconfig, 'workeroutput')\n",
    )
    slot = warm.slot(project, workers=0).run_all()
    assert slot.finish() == 0 and set(slot.verdicts().values()) == {"passed"}
    assert json.loads(slot.of("end")[-1][2]["output"])["workeroutput"] == {}
