"""Plugins that need the whole suite get it: every slot collects everything, and the user is told once."""

import pytest

REVERSE = """
def pytest_addoption(parser):
    parser.addoption("--reverse", action="store_true", dest="reverse")

def pytest_collection_modifyitems(config, items):
    if config.getoption("reverse"):
        items.reverse()
"""


@pytest.fixture
def reversing(project):
    project.write("pytest_reverse.py", REVERSE)
    for name in "ab":
        project.write("test_%s.py" % name, "def test_1(): pass\ndef test_2(): pass")
    return project


def test_an_active_one_switches_to_full_collection(warm, reversing):
    slot = warm.slot(reversing, "-p", "pytest_reverse", "--reverse").run_all()
    assert [test for test, _verdict, _details in slot.done()] == [
        "test_b.py::test_2",
        "test_b.py::test_1",
        "test_a.py::test_2",
        "test_a.py::test_1",
    ]
    (note,) = slot.of("note")
    assert "pytest-reverse" in note[2] and "--collect full" in note[2]
    assert slot.finish() == 0


def test_one_whose_options_are_not_given_does_not(warm, reversing):
    reversing.write("test_c.py", "import sys\ndef test_c(): assert 'test_a' not in sys.modules")
    slot = warm.slot(reversing, "-p", "pytest_reverse")
    units, _end = slot.enumerate()
    slot.run("test_c.py")
    assert units == ["test_a.py", "test_b.py", "test_c.py"] and not slot.of("note")
    assert slot.verdicts() == {"test_c.py::test_c": "passed"}
    slot.finish()


def test_a_slot_that_does_not_name_the_units_does_not_tell(warm, reversing):
    slot = warm.slot(reversing, "-p", "pytest_reverse", "--reverse")
    slot.run("test_a.py")
    assert not slot.of("note")
    slot.finish()


def test_all_slots_of_a_run_draw_the_same_order(warm, project):
    project.write("test_a.py", "def test_a(): pass")
    project.write(
        "conftest.py",
        """
        def pytest_addoption(parser):
            parser.addoption("--random-order-seed", dest="random_order_seed", default="default:1")
        def pytest_report_header(config):
            return [config.workerinput[name] for name in ("randomly_seed", "random_order_seed")]
        """,
    )
    said = []
    for more, uid in (([], "x"), ([], "x"), ([], "y"), (["--random-order-seed=7"], "y")):
        slot = warm.slot(project, *more, testrunuid=uid)
        said.append(slot.first[1]["header"][:2])
        slot.finish()
    first, second, other, given = said
    assert first == second and first[0] != other[0] and first[1] == "default:" + first[0]
    assert given[1] == "7"
