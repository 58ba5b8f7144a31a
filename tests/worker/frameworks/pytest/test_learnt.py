"""The file of what was learnt: bounded, and no error whatever is wrong with it."""

import importlib.util

import driver
import pytest

spec = importlib.util.spec_from_file_location("learnt", str(driver.RUNNER / "learnt.py"))
learnt = importlib.util.module_from_spec(spec)
spec.loader.exec_module(learnt)


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


def test_the_cache_folder_is_where_users_keep_caches(monkeypatch):
    monkeypatch.setenv("XGRID_CACHE_HOME", "/a")
    assert learnt.path_for("/p").startswith("/a/imports/")
    monkeypatch.delenv("XGRID_CACHE_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    assert learnt.path_for("/p").startswith("/b/xgrid/imports/")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/c")
    assert learnt.path_for("/p").startswith("/c/.cache/xgrid/imports/")
    assert learnt.path_for("/p") != learnt.path_for("/q")
