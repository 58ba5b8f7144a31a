"""The runner's compiled modules are kept, and no file that claims to be them does harm."""

import marshal

import driver
import pytest


@pytest.fixture
def start(tmp_path):
    """Starts an interpreter with a slot in it, to its end; the file of what was compiled."""
    (tmp_path / "test_a.py").write_text("def test_a(): pass\n")

    def started(**more):
        interpreter = driver.Interpreter(tmp_path, cache=tmp_path / "cache", **more)
        try:
            slot = interpreter.slot(tmp_path).run_all()
            assert slot.finish() == 0
            assert slot.verdicts() == {"test_a.py::test_a": "passed"}
        finally:
            interpreter.close()
        files = list((tmp_path / "cache" / "runner").glob("*"))
        return files[0] if len(files) == 1 else files

    return started


def test_they_are_kept_and_used(start, tmp_path):
    file = start()
    kept = marshal.loads(file.read_bytes())
    source = (driver.RUNNER / "cached_file.py").read_text() + "open('used', 'w').close()\n"
    kept["xgrid_runner.cached_file"] = compile(source, "cached_file.py", "exec")
    file.write_bytes(marshal.dumps(kept))
    start()
    assert (tmp_path / "used").exists()


def test_other_sources_are_compiled_anew(start):
    file = start()
    before = file.read_bytes()
    assert start() == file and file.read_bytes() == before
    assert start(changed=[("jobs", "UNITS_MAX = 50", "UNITS_MAX = 51")]) == file
    assert file.read_bytes() != before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        b"\xe3",
        marshal.dumps(7),
        marshal.dumps({"": b"?"}),
        marshal.dumps([1]),
        None,
    ],
)
def test_a_broken_file_is_replaced(start, content):
    file = start()
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if content is None else content)
    assert start() == file
    assert marshal.loads(file.read_bytes()).keys() == marshal.loads(whole).keys()


def test_a_place_that_cannot_be_written_is_no_error(start, tmp_path):
    (tmp_path / "cache").write_text("no folder")
    assert start() == []
