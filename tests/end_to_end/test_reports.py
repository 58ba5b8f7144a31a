"""Reports in files: what of a real run stands in them, and that they are valid when it was killed."""

import json
import re

import yaml

import grid

SUITE = """
import pytest

def test_passes():
    pass

def test_fails():
    print("a\\x1b[31mb\\x07  # TODO\\n---\\n  ...")
    assert 1 == 2, "</script>"

@pytest.mark.skip(reason="# no net")
def test_skipped():
    pass

@pytest.mark.xfail(reason="bug")
def test_xfails():
    assert 0
"""


def points(text):
    """{name: (good, directive, its YAML block as Python or None)}"""
    lines = iter(text.splitlines())
    assert next(lines) == "TAP version 14"
    found, last = {}, None
    for line in lines:
        point = re.fullmatch(r"(ok|not ok) \d+ - ((?:\\.|[^#\\])*?)( # .*)?", line)
        if point:
            last = point[2]
            found[last] = (point[1] == "ok", (point[3] or "").strip(" #"), None)
        elif line == "  ---":
            block = []
            for inside in lines:
                if inside == "  ...":
                    break
                block.append(inside[2:])
            found[last] = (*found[last][:2], yaml.safe_load("\n".join(block) + "\n"))
        else:
            assert re.fullmatch(r"1\.\.%d" % len(found), line)
    return found


def test_a_run_as_tap_as_a_trace_and_as_annotations(project):
    project.write("test_suite.py", SUITE)
    run = project.submit(
        *["-n", 1, "--tap", "r.tap", "--perfetto", "r.trace"],
        GITHUB_ACTIONS="true",
        GITHUB_WORKSPACE=str(project.path),
    )
    assert run.code == 1

    tap = points((project.path / "r.tap").read_text())
    assert tap["test_suite.py::test_passes"] == (True, "", None)
    assert tap["test_suite.py::test_skipped"] == (True, "SKIP \\# no net", None)
    assert tap["test_suite.py::test_xfails"] == (False, "TODO bug", None)
    good, directive, why = tap["test_suite.py::test_fails"]
    assert (good, directive) == (False, "")
    assert why["message"].startswith("AssertionError: </script>") and why["at"]["line"] == 9
    assert why["output"]["Captured stdout call"] == "ab\\x07  # TODO\n---\n  ...\n"

    slices = json.loads((project.path / "r.trace").read_text())
    tests = [one for one in slices if one.get("cat") == "test"]
    assert {one["name"] for one in tests} == set(tap)
    for before, after in zip(tests, tests[1:]):
        assert before["ts"] + before["dur"] <= after["ts"] + 0.01  # they are rounded

    lines = run.out.splitlines()
    title = "title=test_suite.py%3A%3Atest_fails"
    assert any(line.startswith("::error file=test_suite.py,line=9,%s::" % title) for line in lines)
    assert "1 failed, 1 passed, 1 skipped, 1 xfailed" in lines[-1]


def test_reports_of_a_run_that_was_killed_are_valid(project, marked):
    project.write(
        "test_suite.py",
        """
        import pathlib, time

        def test_first(): pass

        def test_waits():
            pathlib.Path("waits").touch()
            time.sleep(600)
        """,
    )
    reports = ["--tap", "r.tap", "--perfetto", "r.trace", "--html", "r.html", "--json", "r.json"]
    process = project.start("-n", 1, *reports, **marked.env)

    def read(name):
        return (project.path / name).read_text()

    assert grid.until(lambda: (project.path / "waits").exists() and "test_waits" in read("r.json"))
    process.kill()
    process.communicate()
    assert marked.gone()

    assert points(read("r.tap")) == {"test_suite.py::test_first": (True, "", None)}
    slices = json.loads(read("r.trace") + "]")
    assert [one["name"] for one in slices if one.get("cat") == "test"] == [
        "test_suite.py::test_first"
    ]
    data = read("r.html").split('id="events">\n')[1]
    assert "<" not in data
    events = [json.loads(line) for line in data.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds.count("test_finished") == 1 and kinds[-1] == "test_started"


def test_two_reports_cannot_have_stdout(project):
    process = project.start("--json", "-", "--tap", "-")
    out, err = process.communicate()
    assert process.returncode == 4 and not out
    assert b"--json - and --tap -" in err
