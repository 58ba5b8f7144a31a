"""--dist: which tests run where, and in what company; told by what each slot ran."""

import time

import pytest

CLASSES = """
    import pytest


    @pytest.fixture(scope="module")
    def once(): print("module fixture")

    class Test%(one)s:
        @pytest.fixture(scope="class")
        def own(self): pass
        @pytest.mark.parametrize("i", range(5))
        def test_x(self, own, i): pass

    class Test%(two)s:
        @pytest.mark.parametrize("i", range(5))
        def test_x(self, once, i): assert i != 3

    def test_f(): pass
    def test_g(): pytest.skip("why")
"""

GROUPS = """
    import pytest, time

    @pytest.mark.xdist_group("db")
    def test_a(): time.sleep(0.02)

    @pytest.mark.xdist_group(name="db")
    @pytest.mark.parametrize("i", range(3))
    def test_b(i): time.sleep(0.02)

    @pytest.mark.xdist_group
    def test_c(): pass

    @pytest.mark.xdist_group("net")
    class TestNet:
        def test_d(self): pass
        def test_e(self): pass
        @pytest.mark.xdist_group("db")
        def test_both(self): pass

    @pytest.mark.parametrize("i", range(6))
    def test_free(i): time.sleep(0.02)
"""


def slots_of(run, key):
    """{what key says of a test: the slots that ran such tests}."""
    found = {}
    for event in run.finished:
        found.setdefault(key(event["id"]), set()).add(event["worker"])
    return found


def together(run, key):
    """Each of those sets of tests ran in one slot; how many slots there were in all."""
    slots = slots_of(run, key)
    for name, workers in slots.items():
        assert len(workers) == 1 or name is None, (name, workers)
    return len(set().union(*slots.values()))


def scope(name):
    return name.rpartition("::")[0]


def file(name):
    return name.partition("::")[0]


def group(name):
    for words, found in (
        (("test_both",), "db_net"),
        (("test_a", "test_b"), "db"),
        (("test_c",), "default"),
        (("TestNet",), "net"),
    ):
        if any("::" + word in name for word in words):
            return found
    return None


@pytest.fixture
def classes(project):
    for name, (one, two) in {"a": "AB", "b": "CD", "c": "EF", "d": "GH"}.items():
        project.write("test_%s.py" % name, CLASSES % {"one": one, "two": two})
    return project


@pytest.fixture
def groups(project):
    for name in "abc":
        project.write("test_%s.py" % name, GROUPS)
    return project


def same_as_plain(project, run):
    assert run.code == 1, run.out + run.err
    assert run.outcomes == project.plain()


@pytest.mark.parametrize("mode", ["load", "worksteal", "loadscope", "loadfile", "loadgroup"])
@pytest.mark.parametrize("collect", ["lazy", "full"])
def test_each_mode_has_plain_outcomes(classes, mode, collect):
    run = classes.submit("-n", 3, "--dist", mode, "--collect", collect)
    same_as_plain(classes, run)


@pytest.mark.parametrize("collect", ["lazy", "full"])
def test_loadscope_keeps_classes_and_the_rest_of_files(classes, collect):
    run = classes.submit("-n", 3, "--dist", "loadscope", "--collect", collect, "--no-confirm")
    assert together(run, scope) > 1


def test_loadfile_keeps_files(classes):
    run = classes.submit("-n", 3, "--dist", "loadfile", "--no-confirm")
    assert together(run, file) > 1


def test_loadfile_by_an_ini_file(classes):
    classes.write("pytest.ini", "[pytest]\naddopts = -n 3 --dist loadfile\n")
    together(classes.submit("--no-confirm"), file)


@pytest.mark.parametrize("collect", ["lazy", "full"])
def test_loadgroup_keeps_groups_over_files(groups, collect):
    run = groups.submit("-n", 3, "--dist", "loadgroup", "--collect", collect)
    assert run.code == 0, run.out + run.err
    assert together(run, group) > 1
    # Names are plain ones.
    assert run.outcomes == groups.plain()
    assert "@" not in "".join(run.outcomes)


def test_tests_of_a_group_never_run_beside_each_other(project, tmp_path):
    lock = """
        import os, pytest, time
        LOCK = %r
        @pytest.mark.parametrize("i", range(4))
        @pytest.mark.xdist_group("lock")
        def test_alone(i):
            os.close(os.open(LOCK, os.O_CREAT | os.O_EXCL))
            try:
                time.sleep(0.01)
                assert i != 2
            finally:
                os.unlink(LOCK)
        def test_free(): pass
    """
    for name in "abcd":
        project.write("test_%s.py" % name, lock % str(tmp_path / "lock"))
    run = project.submit("-n", 4, "--dist", "loadgroup")
    assert sorted(name for name, outcome in run.outcomes.items() if outcome != "passed") == [
        "test_%s.py::test_alone[2]" % name for name in "abcd"
    ], run.out


def test_marks_mean_nothing_in_other_modes(groups):
    run = groups.submit("-n", 3, "--dist", "load", "-W", "error")
    assert run.code == 0, run.out + run.err


def test_a_pattern_makes_groups(project):
    for name in "abc":
        project.write(
            "test_%s.py" % name,
            """
            import pytest
            @pytest.mark.parametrize("user", ["ann", "bob", "eve"])
            @pytest.mark.parametrize("i", range(4))
            def test_user(user, i): pass
            """,
        )
    key = lambda name: name.rstrip("]").rpartition("-")[2]  # noqa: E731
    run = project.submit("-n", 3, "--dist", "loadgroup", "--group-by", r"(ann|bob|eve)\]$")
    assert run.code == 0, run.out + run.err
    together(run, key)
    project.write("xgrid.toml", 'group-by = "(ann|bob|eve)]$"\ndist = "loadgroup"\n')
    together(project.submit("-n", 3), key)


def test_a_pattern_that_is_none_is_refused(project):
    project.write("test_a.py", "def test_a(): pass\n")
    run = project.submit("-n", 2, "--dist", "loadgroup", "--group-by", "(")
    assert run.code == 4, run.out + run.err
    assert "--group-by" in run.out + run.err


def test_a_hook_makes_groups(project):
    for name in "abc":
        project.write(
            "test_%s.py" % name,
            "import pytest\n@pytest.mark.parametrize('i', range(6))\ndef test_a(i): pass\n",
        )
    project.write(
        "conftest.py",
        """
        import pytest
        @pytest.hookimpl(optionalhook=True)
        def pytest_xgrid_group(item):
            return "odd" if item.callspec.params["i"] % 2 else ""
        """,
    )
    run = project.submit("-n", 3, "--dist", "loadgroup")
    assert run.code == 0, run.out + run.err
    together(run, lambda name: "odd" if int(name[-2]) % 2 else None)
    assert run.outcomes == project.plain()


def test_a_scheduler_of_the_project_s_own_is_not_called_and_groups_are_named_instead(project):
    project.write(
        "conftest.py",
        """
        import pytest
        @pytest.hookimpl(optionalhook=True)
        def pytest_xdist_make_scheduler(config, log): raise AssertionError
        """,
    )
    for name in "ab":
        project.write("test_%s.py" % name, "def test_1(): pass\n")
    words = "conftest.py is not called: say which tests stay together with the hook pytest_xgrid_"
    run = project.submit("-n", 2)
    assert run.code == 0, run.out + run.err
    (note,) = run.of("note")
    assert words in note["text"] and run.out.count(words) == 1
    assert words not in project.submit("-n", 0).out  # where pytest-xdist asks no scheduler either


@pytest.mark.parametrize("mode", ["load", "worksteal", "loadscope", "loadfile", "loadgroup"])
def test_a_crash_in_any_mode_is_one_failure(project, mode):
    project.write(
        "test_a.py",
        """
        import os, pytest
        pytestmark = pytest.mark.xdist_group("g")
        class TestA:
            def test_before(self): pass
            def test_crash(self): os._exit(3)
            def test_after(self): pass
        """,
    )
    run = project.submit("-n", 2, "--dist", mode)
    assert run.code == 1, run.out + run.err
    assert run.outcomes == {
        "test_a.py::TestA::test_before": "passed",
        "test_a.py::TestA::test_crash": "failed",
        "test_a.py::TestA::test_after": "passed",
    }
    assert "crashed while running 'test_a.py::TestA::test_crash'" in run.out


@pytest.mark.parametrize(
    "mode", ["load", "worksteal", "loadscope", "loadfile", "loadgroup", "each"]
)
def test_the_last_and_only_test_may_crash(project, mode):
    project.write("test_a.py", "import os\ndef test_crash(): os._exit(3)\n")
    run = project.submit("-n", 2, "--dist", mode)
    assert run.code == 1, run.out + run.err
    assert [event["outcome"] for event in run.finished] == ["failed"] * (2 if mode == "each" else 1)


@pytest.mark.parametrize("mode", ["loadscope", "loadfile", "loadgroup", "worksteal"])
def test_restarts_have_their_limit_in_any_mode(project, mode):
    project.write(
        "test_a.py",
        "import os, pytest\n@pytest.mark.parametrize('i', range(9))\ndef test_crash(i): os._exit(3)\n",
    )
    run = project.submit("-n", 2, "--dist", mode, "--max-worker-restart", 2)
    assert run.code == 1, run.out + run.err
    assert "maximum crashed workers reached: 2" in run.out
    assert len(run.finished) in (3, 4)  # with the one in the other slot, if it was under way


def test_fixtures_are_set_up_once_for_each_piece(project):
    for name in "abcd":
        project.write(
            "test_%s.py" % name,
            """
            import os, pytest
            @pytest.fixture(scope="module", autouse=True)
            def module():
                with open(os.environ["SETUPS"], "a") as file: file.write("module\\n")
            class TestA:
                @pytest.fixture(scope="class", autouse=True)
                def own(self):
                    with open(os.environ["SETUPS"], "a") as file: file.write("class\\n")
                @pytest.mark.parametrize("i", range(50))
                def test_a(self, i): pass
            class TestB(TestA): pass
            """,
        )
    setups = project.path.parent / "setups"
    run = project.submit("-n", 3, "--dist", "loadscope", SETUPS=str(setups))
    assert run.code == 0, run.out + run.err
    lines = setups.read_text().split()
    assert lines.count("class") == 8
    assert lines.count("module") <= 8
    setups.unlink()
    run = project.submit("-n", 3, "--dist", "loadfile", SETUPS=str(setups))
    assert setups.read_text().split().count("module") == 4


def test_ramp_spreads_the_starts(project):
    project.write(
        "test_a.py",
        """
        import os, pytest, time
        @pytest.mark.parametrize("i", range(30))
        def test_a(i):
            with open(os.environ["STARTS"], "a") as file: file.write("%f\\n" % time.time())
            time.sleep(0.1)
        """,
    )
    starts = project.path.parent / "starts"
    began = time.time()
    run = project.submit("-n", 3, "--ramp", "3s", STARTS=str(starts))
    assert run.code == 0, run.out + run.err
    before = sorted(float(line) - began for line in starts.read_text().split())
    # One slot alone runs for a second: no more than ten tests, and two slots no more than thirty in two.
    assert len([start for start in before if start < 1]) <= 10
    assert len({event["worker"] for event in run.finished}) >= 2


@pytest.mark.parametrize(
    "words", ["--ramp -1", "--ramp x", "--ramp inf", "--maxschedchunk x", "--dist some"]
)
def test_what_makes_no_sense_is_refused(project, words):
    project.write("test_a.py", "def test_a(): pass\n")
    run = project.submit("-n", 2, *words.split())
    assert run.code == 4, run.out + run.err
    assert words.split()[0] in run.err


def test_options_that_change_nothing_are_taken(classes):
    plain = classes.plain()
    for word in ["--no-loadscope-reorder", "--loadscope-reorder", "--maxschedchunk=2"]:
        run = classes.submit("-n", 2, "--dist", "loadscope", word)
        assert run.code == 1 and run.outcomes == plain, run.out + run.err
