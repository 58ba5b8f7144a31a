"""Plugins that know pytest-xdist do with xgrid what they do there."""

import os
import re
import subprocess
import sys

import pytest

import plugins
from hosts import needs_sshd

PACKAGE = """
    def by_a():
        return 1
    def by_b():
        return 1
    def by_nobody():
        return 1
    def branches(value):
        if value:
            return 1
        return 2
"""
CONFTEST = "from pkg import early\n"
COVERED = "[2, 3, 4, 5, 6, 8, 9, 10] "
TESTS = {
    "test_a.py": "import pkg.code\ndef test_a(): assert pkg.code.by_a()\n",
    "test_b.py": "import pkg.code\ndef test_b(): assert pkg.code.by_b()\n",
    "test_c.py": "import pkg.code\ndef test_c(): assert pkg.code.branches(1)\n",
}


@pytest.fixture
def measured(project, tmp_path):
    """A project with pytest-cov, whose tests each cover a part of its package."""
    project.env.update(plugins.environment(tmp_path / "base", "cov"))
    project.env.pop("COVERAGE_FILE", None)
    project.write("pytest.ini", "[pytest]\n")
    project.write("conftest.py", CONFTEST)
    project.write("pkg/__init__.py", "")
    project.write("pkg/early.py", "AT_IMPORT = 1\n")
    project.write("pkg/code.py", PACKAGE)
    for name, text in TESTS.items():
        project.write(name, text)
    return project


def under_xdist(project, *args):
    """(exit code, what it printed) of pytest -n 2, or of plain pytest where there is no pytest-xdist."""
    command = [sys.executable, "-B", "-m", "pytest", "-p", "no:cacheprovider", *map(str, args)]
    done = subprocess.run(
        command, cwd=str(project.path), env=project.env, stdout=subprocess.PIPE, timeout=600
    )
    return done.returncode, done.stdout.decode()


def table(text):
    """The lines of coverage's report, from its heading to the total."""
    found = re.search(r"^Name +Stmts.*?^TOTAL[^\n]*$", text, re.S | re.M)
    return found and found.group(0)


def lines_of(project, file="pkg/code.py"):
    """The lines that .coverage has of a file."""
    code = "import coverage, sys; data = coverage.CoverageData(sys.argv[1]); data.read(); "
    code += "print(sorted(data.lines(sys.argv[2]) or []), sorted(data.measured_files()))"
    path = str(project.path / file)
    command = [sys.executable, "-c", code, str(project.path / ".coverage"), path]
    return subprocess.check_output(command, env=project.env).decode()


def left_over(project):
    return sorted(path.name for path in project.path.glob(".coverage?*"))


needs_cov = plugins.needs("cov")


@needs_cov
@pytest.mark.parametrize(
    "args",
    [
        ["--cov=pkg"],
        ["--cov=pkg", "--cov-branch", "--cov-report=term-missing"],
        ["--cov", "pkg", "--cov-report=term:skip-covered"],
        ["--cov=."],
    ],
    ids=" ".join,
)
def test_coverage_of_all_slots_is_what_pytest_xdist_reports(measured, args):
    _code, expected = under_xdist(measured, "-n2", *args)
    data = lines_of(measured)
    (measured.path / ".coverage").unlink()
    run = measured.submit("-n", 2, *args)
    assert run.code == 0, run.err
    assert table(run.out) and table(run.out) == table(expected)
    assert lines_of(measured) == data
    assert left_over(measured) == []
    assert re.search(r"^-+ coverage: platform linux, python \d.* -+$", run.out, re.M)
    assert run.out.index("TOTAL") < run.out.index(run.last_line)


@needs_cov
def test_coverage_of_a_run_that_is_not_distributed_is_what_pytest_reports(measured):
    _code, expected = under_xdist(measured, "-p", "no:xdist", "--cov=pkg")
    run = measured.submit("-n", 0, "--cov=pkg")
    assert run.code == 0 and table(run.out) == table(expected)
    assert left_over(measured) == []


@needs_cov
def test_reports_in_files_are_written_where_the_run_was_submitted(measured):
    run = measured.submit(
        "-n", 2, "--cov=pkg", "--cov-report=html", "--cov-report=xml:out/cov.xml", "--cov-report="
    )
    assert run.code == 0
    assert (measured.path / "htmlcov" / "index.html").exists()
    assert table(run.out) is None
    assert 'filename="code.py"' in (measured.path / "out" / "cov.xml").read_text()


@needs_cov
def test_too_little_coverage_fails_the_run(measured):
    for least, code in (("50", 0), ("99", 1)):
        args = ["--cov=pkg", "--cov-fail-under=" + least]
        expected, said = under_xdist(measured, "-n2", *args)
        run = measured.submit("-n", 2, *args)
        assert run.code == expected == code
        (line,) = re.findall(r"^.*Required test coverage.*$", said, re.M)
        assert line in run.out.splitlines()


@needs_cov
def test_failed_tests_have_their_coverage_unless_it_is_not_wanted(measured):
    measured.write("test_d.py", "def test_d(): assert 0\n")
    run = measured.submit("-n", 2, "--cov=pkg")
    assert run.code == 1 and table(run.out)
    run = measured.submit("-n", 2, "--cov=pkg", "--no-cov-on-fail")
    assert run.code == 1 and table(run.out) is None


@needs_cov
def test_earlier_data_stay_only_when_appending(measured):
    measured.submit("-n", 2, "--cov=pkg", "test_a.py")
    first = table(measured.submit("-n", 2, "--cov=pkg", "test_b.py").out)
    both = table(measured.submit("-n", 2, "--cov=pkg", "--cov-append", "test_a.py").out)
    assert first != both
    assert lines_of(measured).startswith("[2, 3, 4, 5, 6, 8] "), lines_of(measured)


@needs_cov
def test_a_configuration_is_obeyed(measured):
    measured.write(
        "cov.ini", "[run]\nparallel = true\nomit = */early.py\n[report]\nfail_under = 100\n"
    )
    measured.write(".coverage.old.1.2", "no data at all")
    os.utime(str(measured.path / ".coverage.old.1.2"), (1, 1))
    run = measured.submit("-n", 2, "--cov=pkg", "--cov-config=cov.ini")
    assert run.code == 1 and "FAIL Required test coverage of 100" in run.out
    assert "early" not in table(run.out) and left_over(measured) == []


@needs_cov
def test_no_cov_measures_nothing_and_says_so(measured):
    run = measured.submit("-n", 2, "--no-cov", "--cov=pkg")
    assert run.code == 0 and "WARNING: Coverage disabled via --no-cov switch!" in run.out
    assert not (measured.path / ".coverage").exists()


@needs_cov
def test_a_slot_that_crashed_is_named_among_those_without_coverage(measured):
    measured.write("test_crash.py", "import os\ndef test_crash(): os._exit(3)\n")
    run = measured.submit("-n", 2, "--cov=pkg")
    assert run.code == 1
    (crashed,) = [event["worker"] for event in run.of("worker_down") if event["reason"]]
    failed = run.out.split("coverage: failed workers", 1)[1].split("Name ", 1)[0]
    assert re.findall(r"^gw\d+$", failed, re.M) == [crashed]


@needs_cov
def test_coverage_of_a_copy_is_that_of_the_code_at_home(measured, tmp_path):
    measured.submit("-n", 2, "--cov=pkg")
    expected = lines_of(measured)
    (measured.path / ".coverage").unlink()
    run = measured.submit("--tx", "2*popen//chdir=%s" % (tmp_path / "copy"), "--cov=pkg")
    assert run.code == 0 and table(run.out)
    assert lines_of(measured) == expected and str(tmp_path / "copy") not in expected
    assert not list((tmp_path / "copy").rglob(".coverage*"))


@needs_cov
@needs_sshd
def test_coverage_comes_from_hosts_that_ssh_reaches(measured, make_host):
    host = make_host(variables={"PYTHONUSERBASE": measured.env["PYTHONUSERBASE"]})
    python = "//python=" + sys.executable
    run = measured.submit("--tx", "2*" + host.spec + python, "--cov=pkg")
    assert run.code == 0, run.out + run.err
    assert lines_of(measured).startswith(COVERED), run.out


@needs_cov
def test_coverage_comes_from_workers_that_listen(measured, listen, monkeypatch):
    monkeypatch.setenv("PYTHONUSERBASE", measured.env["PYTHONUSERBASE"])
    worker = listen()
    run = measured.submit("--tx", "2*" + worker.spec, "--cov=pkg", XGRID_TOKEN=worker.token)
    assert run.code == 0, run.out + run.err
    assert lines_of(measured).startswith(COVERED), run.out


@needs_cov
def test_what_tests_start_is_measured(measured, tmp_path):
    measured.write(
        "test_sub.py",
        """
        import subprocess, sys
        def test_sub():
            subprocess.check_call([sys.executable, "-c", "import pkg.code as c; c.by_nobody()"])
        """,
    )
    # The report is late, and takes no data of this run for older ones all the same.
    late = "import sys, time\nif 'remove_earlier' in str(getattr(sys, 'orig_argv', '')): time.sleep(2)\n"
    (packages,) = (tmp_path / "base").glob("lib/python*/site-packages")
    (packages / "usercustomize.py").write_text(late)
    run = measured.submit("-n", 2, "--cov=pkg")
    assert run.code == 0
    assert re.search(r"^pkg/code.py +10 +1 +90%$", run.out, re.M), run.out


@needs_cov
def test_an_interpreter_without_pytest_cov_for_the_report_is_trouble_and_says_so(
    measured, listen, monkeypatch
):
    monkeypatch.setenv("PYTHONUSERBASE", measured.env["PYTHONUSERBASE"])
    worker = listen()
    del measured.env["PYTHONUSERBASE"]
    run = measured.submit("--tx", "2*" + worker.spec, "--cov=pkg", XGRID_TOKEN=worker.token)
    assert run.code == 3 and "xgrid: no coverage report: " in run.out
    assert "No module named 'pytest_cov'" in run.out


@plugins.needs("rerunfailures")
def test_rerunfailures_reruns(project, tmp_path):
    project.env.update(plugins.environment(tmp_path / "base", "rerunfailures"))
    project.write(
        "test_a.py",
        """
        import pytest
        RUNS = []
        def test_flaky():
            RUNS.append(1)
            assert len(RUNS) == 3
        @pytest.mark.flaky(reruns=1)
        def test_broken(): assert 0
        """,
    )
    _code, plain = under_xdist(project, "-n2", "--reruns", 2)
    run = project.submit("-n", 2, "--reruns", 2, "--no-confirm")
    assert run.code == 1
    assert run.outcomes == {
        "test_a.py::test_flaky": "passed",
        "test_a.py::test_broken": "failed",
    }
    counts = r"1 failed, 1 passed, 3 rerun in"
    assert re.search(counts, plain) and re.search(counts, run.last_line)


@plugins.needs("timeout")
def test_pytest_timeout_keeps_its_mark_its_options_and_its_words(project, tmp_path):
    project.env.update(plugins.environment(tmp_path / "base", "timeout"))
    project.write("pytest.ini", "[pytest]\ntimeout = 60\n")
    project.write(
        "test_a.py",
        """
        import time, pytest
        @pytest.mark.timeout(0.2)
        def test_slow(): time.sleep(60)
        def test_quick(): pass
        """,
    )
    run = project.submit("-n", 2, "--no-confirm")
    assert run.outcomes == {"test_a.py::test_slow": "failed", "test_a.py::test_quick": "passed"}
    assert "Timeout >0.2s" in run.out


@plugins.needs("hypothesis")
def test_hypothesis_keeps_its_database_where_the_run_was_submitted(project, tmp_path):
    project.env.update(plugins.environment(tmp_path / "base", "hypothesis"))
    project.write(
        "test_a.py",
        """
        from hypothesis import given, strategies
        @given(strategies.integers())
        def test_large(number): assert number < 1000
        """,
    )
    run = project.submit("-n", 2, "--no-confirm")
    assert run.code == 1 and "Falsifying example: test_large(" in run.out
    assert "number=1000" in run.out
    assert (project.path / ".hypothesis" / "examples").is_dir()


@plugins.needs("random-order")
def test_all_slots_draw_the_same_random_order(project, tmp_path):
    project.env.update(plugins.environment(tmp_path / "base", "random-order"))
    for name in "abc":
        tests = "".join("def test_%d(): pass\n" % number for number in range(5))
        project.write("test_%s.py" % name, tests)
    run = project.submit("-n", 2, "--random-order-bucket=global")
    assert run.code == 0 and len(run.finished) == 15
    assert "pytest-random-order needs it" in run.out


@plugins.needs("django")
def test_each_slot_has_a_database_of_its_own_with_pytest_django(project, tmp_path):
    project.env.update(plugins.environment(tmp_path / "base", "django"))
    project.write("pytest.ini", "[pytest]\nDJANGO_SETTINGS_MODULE = settings\n")
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "db")}
    database["TEST"] = {"NAME": str(tmp_path / "test_db")}
    project.write("settings.py", "DATABASES = {'default': %r}\nSECRET_KEY = 'x'\n" % database)
    for name in "ab":
        project.write(
            "test_%s.py" % name,
            """
            import pytest
            from django.db import connection
            @pytest.mark.django_db
            def test_name(worker_id):
                assert connection.settings_dict["NAME"].endswith("test_db_" + worker_id)
                connection.cursor().execute("select 1")
            """,
        )
    run = project.submit("-n", 2)
    assert run.code == 0, run.out
    assert set(run.outcomes.values()) == {"passed"}


@plugins.needs("setproctitle")
def test_the_title_of_a_slots_process_names_its_test(project, tmp_path):
    project.env.update(plugins.environment(tmp_path / "base", "setproctitle"))
    project.write(
        "test_a.py",
        """
        def test_a():
            with open("/proc/self/cmdline") as file:
                title = file.read().rstrip("\\0")
            assert title == "[pytest-xdist running] test_a.py::test_a"
        """,
    )
    assert project.submit("-n", 1).code == 0
    assert project.submit("-n", 0).code == 1  # not distributed: it keeps its own
