"""popen//python=X: other interpreters, with what is installed there, and those that will not do."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

import grid

ASKS = """
    import json, os, sys

    def test_place():
        with open(os.environ["PLACE"], "w") as file:
            json.dump({name: getattr(sys, name) for name in ("path", "prefix", "executable")}, file)
        assert not [name for name in sys.modules if name.startswith("xgrid") and "runner" not in name]
"""
# Called as an interpreter is: -c CODE ARGUMENTS.
AN_OLD_PYTHON = """
import sys
sys.version_info = (3, 7, 16, "final", 0)
code, sys.argv = sys.argv[2], ["-c"] + sys.argv[3:]
exec(code)
"""


def installed():
    """Interpreters beside the tester's own that can run pytest, by version."""
    found = {}
    for minor in range(8, 20):
        path = shutil.which("python3.%d" % minor)
        if path is None or os.path.samefile(path, sys.executable):
            continue
        if subprocess.run([path, "-c", "import pytest"], capture_output=True).returncode == 0:
            found["3.%d" % minor] = path
    return found


def venv(path, *arguments):
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", *arguments, str(path)], check=True
    )
    return path / "bin" / "python"


@pytest.fixture
def asking(project):
    project.write("test_place.py", ASKS)
    return project


def submit(project, spec, *arguments, **env):
    return project.submit("--tx", spec, *arguments, python=None, **env)


def place(project, spec):
    path = project.path / "place.json"
    run = submit(project, spec, PLACE=str(path))
    assert run.code == 0, run.out + run.err
    return json.loads(path.read_text())


def plain_place(project, *command):
    path = project.path / "plain.json"
    plain = subprocess.run(
        [*map(str, command), "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=str(project.path),
        env={**project.env, "PLACE": str(path)},
        capture_output=True,
    )
    assert plain.returncode == 0, plain.stdout
    return json.loads(path.read_text())


def refused(project, spec):
    """The lines between the header and the last line, of a run that cannot begin."""
    run = submit(project, spec)
    assert run.code == 3, run.out + run.err
    return run.out.strip().splitlines()[2:-1]


def test_a_virtual_environment_has_its_own_packages_and_nothing_of_ours(asking):
    python = venv(asking.path.parent / "venv", "--system-site-packages")
    site = next(python.parent.parent.glob("lib/python*/site-packages"))
    (site / "only_there.py").write_text("value = 7\n")
    asking.write("test_there.py", "def test_there():\n    import only_there\n")
    there = place(asking, "popen//python=%s" % python)
    assert there == plain_place(asking, python)
    assert there["prefix"] == str(python.parent.parent)
    assert asking.submit("test_there.py").outcomes == {"test_there.py::test_there": "failed"}


def test_a_path_is_relative_to_where_the_spec_stands_and_a_name_is_looked_for(asking):
    python = venv(asking.path / "env", "--system-site-packages")
    assert place(asking, "popen//python=env/bin/python")["executable"] == str(python)
    asking.env["PATH"] = "%s:%s" % (python.parent, asking.env["PATH"])
    assert place(asking, "popen//python=python")["executable"] == str(python)


def test_an_interpreter_takes_arguments(asking):
    asking.write(
        "test_flags.py",
        """
        import sys

        def test_flags():
            assert sys.flags.dev_mode and sys.flags.optimize == 1
        """,
    )
    assert submit(asking, "popen//python=%s -X dev -O" % sys.executable, "test_flags.py").code == 0


def test_environments_of_one_run_have_interpreters_of_their_own(project):
    python = venv(project.path.parent / "venv", "--system-site-packages")
    for number in range(12):
        project.write(
            "test_%d.py" % number,
            """
            import os, sys, time

            def test_it(record_property):
                open(os.environ["SEEN"], "a").write(sys.prefix + " " + os.environ["WHICH"] + "\\n")
                time.sleep(0.05)
            """,
        )
    seen = project.path / "seen"
    run = project.submit(
        *("--tx", "popen//env:WHICH=own//python=%s" % sys.executable),
        *("--tx", "popen//env:WHICH=venv//python=%s" % python),
        python=None,
        SEEN=str(seen),
    )
    assert run.code == 0, run.out + run.err
    lines = seen.read_text().splitlines()
    assert len(lines) == 12
    expected = {sys.prefix + " own", str(python.parent.parent) + " venv"}
    assert set(lines) <= expected
    assert set(lines) == expected, "one of them ran nothing"


@pytest.mark.parametrize("version", sorted(installed()) or [None])
def test_every_installed_python_gives_the_outcomes_of_its_plain_pytest(project, version):
    if version is None:
        pytest.skip("no other python3.N here has pytest")
    project.write(
        "test_it.py",
        """
        import sys, warnings, pytest

        def test_passes(): assert sys.version_info >= (3, 8)
        def test_fails(): assert sys.version_info < (3, 8), "as meant"
        def test_warns(): warnings.warn("careful")
        @pytest.mark.xfail
        def test_xfails(): assert 0
        @pytest.mark.parametrize("n", range(50))
        def test_many(n, tmp_path): assert n % 7
        """,
    )
    python = installed()[version]
    run = submit(project, "2*popen//python=%s" % python)
    assert run.outcomes == project.plain(python=python)


def test_one_that_is_missing_is_one_line_that_names_it(project):
    project.write("test_a.py", "def test_a(): pass\n")
    assert refused(project, "popen//python=no-such-python") == [
        "cannot run pytest with no-such-python: No such file or directory",
        "(name an interpreter that has pytest with --python)",
    ]


def test_one_that_may_not_be_run_or_is_no_python_is_named(project):
    project.write("test_a.py", "def test_a(): pass\n")
    file = project.write("not-executable", "")
    assert refused(project, "popen//python=%s" % file) == [
        "cannot run pytest with %s: Permission denied" % file
    ]
    assert refused(project, "popen//python=%s" % shutil.which("true")) == [
        "cannot run pytest with %s: exited with status 0 (it is no Python interpreter, it seems)"
        % shutil.which("true")
    ]
    listing = refused(project, "popen//python=%s" % shutil.which("ls"))
    assert "it is no Python interpreter" in listing[0]
    assert not [line for line in listing if "xgrid_runner" in line]


def test_one_without_pytest_says_what_to_do(project):
    project.write("test_a.py", "def test_a(): pass\n")
    python = venv(project.path.parent / "bare")
    lines = refused(project, "popen//python=%s" % python)
    assert lines[0] == "cannot run pytest with %s: No module named pytest" % python
    assert "%s -m pip install pytest" % python in lines[1]


def test_one_that_is_too_old_says_so(project):
    project.write("test_a.py", "def test_a(): pass\n")
    project.write("old.py", AN_OLD_PYTHON)
    old = project.write("old", '#!/bin/sh\nexec %s old.py "$@"\n' % sys.executable)
    old.chmod(0o755)
    assert refused(project, "popen//python=%s" % old) == [
        "cannot run pytest with %s: Python 3.7.16 is too old: 3.8 or newer is needed" % old
    ]


def test_one_that_breaks_while_it_starts_shows_what_it_said(project):
    project.write("test_a.py", "def test_a(): pass\n")
    run = submit(project, "popen//python=%s//env:PYTHONHOME=/nonexistent" % sys.executable)
    assert run.code == 3
    assert re.search(r"cannot run pytest with .*: exited with status 1\n", run.out)
    assert "Python path configuration" in run.out or "Fatal Python error" in run.out


def test_being_nicer_than_allowed_is_refused(project):
    if os.geteuid() == 0:
        pytest.skip("root may be as nice as it likes")
    project.write("test_a.py", "def test_a(): pass\n")
    assert "cannot be nice=-5" in refused(project, "popen//nice=-5")[0]
