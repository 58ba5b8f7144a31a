"""The file of what was learnt: bounded, and no error whatever is wrong with it."""

import importlib
import sys
import types

import driver
import pytest

runner = types.ModuleType("runner")
runner.__path__ = [str(driver.RUNNER)]
sys.modules["runner"] = runner
learnt = importlib.import_module("runner.learnt")


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "folder" / "file.json")


def test_it_keeps_the_order_of_imports_and_takes_each_once(path):
    first = learnt.Learnt(path)
    assert first.add(["b", "a"], ["/x"]) and not first.add(["a"], []) and first.add(["a", "c"], [])
    first.save()
    again = learnt.Learnt(path)
    assert (again.modules, again.folders) == (["b", "a", "c"], ["/x"])


def test_it_is_bounded(path):
    many = learnt.Learnt(path)
    many.add(["m%d" % number for number in range(5000)], ["/%d" % number for number in range(5000)])
    assert len(many.modules) == len(many.folders) == learnt.MODULES_MAX


def test_what_is_struck_is_not_learnt_again_nor_what_lies_within(path):
    known = learnt.Learnt(path)
    known.add(["a", "a.b", "ab"], [])
    known.strike(["a"])
    known.add(["a", "a.c"], [])
    assert known.modules == ["ab"]


def test_it_survives_what_is_struck_when_all_is_forgotten(path):
    known = learnt.Learnt(path)
    known.strike(["a"])
    known.forget()
    known.save()
    assert learnt.Learnt(path).struck == ["a"]


def test_a_place_that_cannot_be_written_is_no_error():
    nowhere = learnt.Learnt("/proc/no/such/folder/file.json")
    nowhere.add(["a"], [])
    nowhere.save()
    assert learnt.Learnt("/proc/no/such/folder/file.json").modules == []


def test_each_directory_has_a_file_of_its_own():
    assert learnt.path_for("/a", "/p").startswith("/a/imports/")
    assert learnt.path_for("/a", "/p") != learnt.path_for("/a", "/q")
