"""For a session elsewhere that shows the run, each phase comes with pytest's own report; and what that session says is heard."""

import json

from _pytest.reports import CollectReport, TestReport

SUITE = r"""
    import pytest

    class Odd:
        def __str__(self): raise ValueError

    def test_passes(): pass

    def test_fails(record_property):
        record_property("odd", Odd())
        record_property("text", "\ud800")
        print("said")
        assert 1 == 2, "why"

    @pytest.mark.skip("later")
    def test_skips(): pass
"""


def phases_of(warm, project, *args, **more):
    slot = warm.slot(project, *args, whole_reports=True, **more).run_all()
    slot.finish()
    return {test: details["phases"] for test, _verdict, details in slot.done()}


def test_every_phase_has_its_report(warm, project):
    project.write("test_w.py", SUITE)
    found = phases_of(warm, project)
    passed = [json.loads(phase["report"]) for phase in found["test_w.py::test_passes"]]
    assert [(data["when"], data["outcome"]) for data in passed] == [
        ("setup", "passed"),
        ("call", "passed"),
        ("teardown", "passed"),
    ]
    failed = TestReport._from_json(json.loads(found["test_w.py::test_fails"][1]["report"]))
    assert "why" in failed.longreprtext and "1 == 2" in failed.longreprtext
    assert failed.sections == [["Captured stdout call", "said\n"]]
    assert failed.user_properties == [
        ["odd", "<Odd: its str() raised ValueError>"],
        ["text", "\\ud800"],
    ]
    skipped = json.loads(found["test_w.py::test_skips"][0]["report"])
    assert skipped["outcome"] == "skipped" and skipped["longrepr"][2] == "Skipped: later"


def test_so_has_a_file_that_cannot_be_collected(warm, project):
    project.write("test_w.py", "raise RuntimeError('broken')")
    (phase,) = phases_of(warm, project)["test_w.py"]
    data = json.loads(phase["report"])
    assert data["$report_type"] == "CollectReport"
    assert "broken" in CollectReport._from_json(data).longreprtext


def test_unless_they_are_wanted_there_are_none(warm, project):
    project.write("test_w.py", SUITE)
    slot = warm.slot(project).run_all()
    slot.finish()
    details = {test: details for test, _verdict, details in slot.done()}
    assert details["test_w.py::test_passes"] is None
    assert "report" not in details["test_w.py::test_fails"]["phases"][0]


def test_what_that_session_says_is_in_workerinput_and_who_the_slot_is_stays(warm, project):
    project.write(
        "test_i.py",
        """
        def test_i(request, worker_id):
            given = request.config.workerinput
            assert given["colour"] == "blue" and given["workerid"] == worker_id == "gw0"
        """,
    )
    slot = warm.slot(project, input={"colour": "blue", "workerid": "other"}).run_all()
    slot.finish()
    assert slot.verdicts() == {"test_i.py::test_i": "passed"}


def test_hooks_for_that_session_are_no_errors_here(warm, project):
    project.write(
        "conftest.py",
        """
        def pytest_configure_node(node): pass
        def pytest_testnodedown(node, error): pass
        """,
    )
    project.write("test_w.py", "def test_w(): pass")
    slot = warm.slot(project, "-p", "no:xdist", "-p", "xgrid_pytest", "--xgrid").run_all()
    assert slot.finish() == 0
    assert slot.verdicts() == {"test_w.py::test_w": "passed"}
