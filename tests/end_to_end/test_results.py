"""What is shown and written of results is what plain pytest shows and writes, whoever ran them."""

import re
import subprocess
import sys

import pytest

import grid
import shown
import suite_of_everything

PLAIN = ["-p", "no:xdist", "-p", "no:cacheprovider"]


@pytest.fixture
def everything(project):
    project.env.update(COLUMNS="100", PYTHONDONTWRITEBYTECODE="1")
    return suite_of_everything.write(project)


def plain(project, *args):
    command = [sys.executable, "-m", "pytest", "--continue-on-collection-errors", *PLAIN, *args]
    ended = subprocess.run(
        command, cwd=str(project.path), env=project.env, stdout=subprocess.PIPE, timeout=600
    )
    return ended.returncode, ended.stdout.decode()


def ours(project, *args, slots=2):
    run = project.submit("-n", slots, *PLAIN, *args)
    return run.code, run.out


def told(text):
    """Its sections but for the first, which tells of the machine and the progress."""
    found = shown.sections(text)
    found.pop("test session starts", None)
    return found


@pytest.mark.parametrize(
    "options",
    [
        ["--tb=auto"],
        ["--tb=long", "-ra"],
        ["--tb=short", "-rA"],
        ["--tb=line", "-rfE"],
        ["--tb=native", "-rxX"],
        ["--tb=no", "-rs"],
        ["--tb=short", "--showlocals", "-rN"],
        ["--tb=short", "-v"],
        ["--tb=short", "-vv"],
        ["--tb=short", "-q"],
        ["--tb=short", "-qq"],
        ["--tb=short", "--show-capture=no", "-rP"],
        ["--tb=short", "--show-capture=stdout"],
        ["--tb=short", "--show-capture=stderr"],
        ["--tb=short", "--show-capture=log"],
        ["--tb=short", "--disable-warnings"],
        ["--tb=no", "--durations=3", "--durations-min=30"],
        ["--no-summary"],
        ["-k", "fails or odd", "--tb=line"],
        ["-rp", "--tb=no", "tests/sub", "tests/test_empty.py"],
        ["--collect-only"],
        ["--collect-only", "-q"],
        ["--collect-only", "-qq"],
    ],
    ids=" ".join,
)
def test_the_sections_are_those_of_plain_pytest(everything, options):
    code, text = plain(everything, *options)
    our_code, our_text = ours(everything, *options)
    assert told(our_text) == told(text)
    assert our_code == code


def test_addopts_mean_what_they_mean_on_the_command_line(everything):
    everything.write(
        "pytest.ini", "[pytest]\naddopts = -q -ra --tb=line --durations=1 --durations-min=30\n"
    )
    _code, text = plain(everything)
    _code, our_text = ours(everything)
    assert told(our_text) == told(text)
    assert "test session starts" not in our_text


def test_ids_and_paths_are_relative_to_where_the_user_is(everything):
    everything.write("pytest.ini", "[pytest]\n")
    (everything.path / "deeper").mkdir()
    here = grid.Project(everything.path / "deeper")
    here.env = everything.env
    options = ["-ra", "--tb=short", "../tests"]
    _code, text = plain(here, *options)
    _code, our_text = ours(here, *options)
    assert "FAILED ../tests/test_outcomes.py::test_fails" in our_text
    assert told(our_text) == told(text)


@pytest.mark.parametrize(
    "ini",
    [
        "junit_family = xunit2",
        "junit_family = xunit1",
        "junit_logging = all",
        "junit_logging = system-out\njunit_log_passing_tests = false",
        "junit_suite_name = mine",
    ],
)
def test_the_junit_report_is_that_of_plain_pytest(everything, ini):
    everything.write("pytest.ini", "[pytest]\n%s\n" % ini)
    plain(everything, "--junitxml=plain.xml", "--tb=short")
    ours(everything, "--junitxml=ours.xml", "--tb=short")
    assert shown.junit(everything.path / "ours.xml") == shown.junit(everything.path / "plain.xml")


def coloured_part(text):
    """From the first traceback on, sorted; what tells of the slot is left out."""
    lines = shown.comparable(text).splitlines()
    first = next(i for i, line in enumerate(lines) if re.search("=+ (ERRORS|FAILURES) =+", line))
    last = next(i for i, line in enumerate(lines) if "short test summary info" in line)
    blocks = [[]]
    for line in lines[first:last]:
        # A title, or a failure with --tb=line.
        if re.match(r"(\x1b\[\d+m)*[=_]{3,}.*[=_]{3,}(\x1b\[0m)?$|/.*:\d+: ", line):
            blocks.append([])
        if not shown.OF_SLOTS.match(line):
            blocks[-1].append(line)
    return sorted("\n".join(block) for block in blocks)


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--tb=long", "--showlocals"],
        ["--tb=short"],
        ["--tb=line"],
        ["--tb=native"],
        ["--code-highlight=no"],
    ],
    ids=" ".join,
)
def test_tracebacks_have_the_colours_of_plain_pytest(everything, options):
    options = ["--color=yes", "--disable-warnings", *options]
    expected = coloured_part(plain(everything, *options)[1])
    assert len(expected) > 5
    if "--tb=line" not in options and "--tb=native" not in options:
        assert "\x1b[31mE " in "".join(expected)
    assert coloured_part(ours(everything, *options, slots=0)[1]) == expected


@pytest.mark.parametrize("addopts", ["yes", "no"])
def test_addopts_may_ask_for_colours_and_the_command_line_has_the_last_word(everything, addopts):
    everything.write("pytest.ini", "[pytest]\naddopts = --color=%s --disable-warnings\n" % addopts)
    if addopts == "yes":
        everything.env["PY_COLORS"] = "0"  # with 1, pytest colours some whatever it is told
    for options in ([], ["--color=no"], ["--color=yes"]):
        expected = coloured_part(plain(everything, *options)[1])
        text = ours(everything, *options)[1]
        assert coloured_part(text) == expected
        assert ("\x1b" in text) == (options[-1:] or ["--color=" + addopts])[0].endswith("yes")


def test_reports_are_without_the_colours_of_the_terminal(everything):
    plain(everything, "--junitxml=plain.xml", "--color=yes")
    code, text = ours(everything, "--junitxml=ours.xml", "--color=yes")
    assert "\x1b[1m\x1b[31mE " in text
    assert shown.junit(everything.path / "ours.xml") == shown.junit(everything.path / "plain.xml")
    run = everything.submit("-n", 2, *PLAIN, "--color=yes")
    assert run.finished and not any("\x1b" in event["message"] for event in run.finished)
    assert "\x1b" not in ours(everything, "--color=no")[1]


LISTED = {
    "conftest.py": """
        import pytest
        def pytest_collect_file(file_path, parent):
            if file_path.suffix == ".case":
                return CaseFile.from_parent(parent, path=file_path)
        class CaseFile(pytest.File):
            def collect(self):
                for line in self.path.read_text().split():
                    yield Case.from_parent(self, name=line)
        class Case(pytest.Item):
            def runtest(self): pass
    """,
    "one.case": "first second",
    "doc.txt": ">>> 1\n1\n",
    "module_with_doctest.py": 'def f():\n    """\n    >>> 1\n    1\n    """\n',
    "pkg/__init__.py": "",
    "pkg/test_a.py": '''
        """Of the module.

          Indented."""
        import pytest
        def test_first(): pass
        class TestB:
            """Of the class."""
            def test_b(self): "Of the test."
            class TestC:
                @pytest.mark.parametrize("x", ["one", "zw\u00f6lf", 3])
                def test_c(self, x): pass
            def test_after(self): pass
        def test_last(): pass
    ''',
    "pkg/inner/__init__.py": "",
    "pkg/inner/test_b.py": "def test_b(): pass",
    "pkg/inner/test_c.py": "def test_c(): pass",
    "pkg/test_z.py": "def test_z(): pass",
    "x/other/__init__.py": "",
    "x/other/test_x.py": "def test_x(): pass",
    "x/test_u.py": """
        import unittest
        class Old(unittest.TestCase):
            def setUp(self): pass
            def test_u(self): pass
            def test_b(self): pass
    """,
    "x/test_skips.py": "import pytest; pytest.skip('not here', allow_module_level=True)",
    "y/test_empty.py": "",
    "y/test_slow_to_load.py": "import time; time.sleep(0.3)\ndef test_y(): pass",
}
BROKEN = {
    "broken/test_bad.py": "import nothing_of_that_name",
    "broken/test_half.py": """
        class TestGood:
            def test_good(self): pass
        import pytest
        class TestBad:
            @pytest.mark.parametrize("a, b", [1])
            def test_bad(self, a): pass
    """,
}


def listed(text):
    """(the list below the header as it stands, the sections after it)"""
    lines = text.rstrip("\n").split("\n")
    heads = ("collected ", "plugins: ", "collecting ", "rootdir: ")
    begin = max((i + 1 for i, line in enumerate(lines[:9]) if line.startswith(heads)), default=0)
    after = [
        i for i, line in enumerate(lines) if i > begin and re.match("=+ |.* in [0-9.]+s", line)
    ]
    return lines[begin : after[0] if after else None], told(text)


@pytest.mark.parametrize("broken", [False, True], ids=["good", "broken"])
@pytest.mark.parametrize(
    "options",
    [[], ["-v"], ["-vv"], ["-q"], ["-qq"], ["-k", "b or c or x"], ["-q", "-k", "not b"]],
    ids=" ".join,
)
def test_a_list_is_that_of_plain_pytest(project, options, broken):
    project.env.update(COLUMNS="100", PYTHONDONTWRITEBYTECODE="1")
    for name, text in {**LISTED, **(BROKEN if broken else {})}.items():
        project.write(name, text)
    options = ["--collect-only", "--doctest-modules", "--doctest-glob=doc.txt", *options]
    expected = listed(plain(project, *options)[1])
    for more in ([], ["--collect=full"]):
        assert listed(ours(project, *options, *more, slots=3)[1]) == expected, more


def test_a_list_follows_the_order_of_the_arguments(project):
    project.env.update(COLUMNS="100", PYTHONDONTWRITEBYTECODE="1")
    for name, text in LISTED.items():
        project.write(name, text)
    for options in (
        ["y", "pkg/inner", "pkg/test_a.py::TestB", "x"],
        ["pkg/inner/test_b.py", "nope"],
    ):
        code, text = plain(project, "--collect-only", *options)
        our_code, our_text = ours(project, "--collect-only", *options, slots=3)
        assert our_code == code
        if code == 0:
            assert listed(our_text) == listed(text)


def test_a_list_of_nothing_is_told(project):
    code, text = plain(project, "--collect-only")
    our_code, our_text = ours(project, "--collect-only")
    assert (our_code, listed(our_text)) == (code, listed(text))


@pytest.mark.parametrize("option", ["-q", "-qq"])
def test_a_list_has_the_lines_of_plain_pytest_in_order(everything, option):
    options = [
        "--collect-only",
        option,
        "tests/sub",
        "tests/test_outcomes.py",
        "tests/test_empty.py",
    ]
    lines = [line for line in plain(everything, *options)[1].splitlines() if ".py" in line]
    listed = [line for line in ours(everything, *options, slots=4)[1].splitlines() if ".py" in line]
    assert len(lines) >= 2 and listed == lines
