"""Jobs one after the other in one session: what lives on between them, and what can be taken back."""

import os

COUNTED = """
    import pytest
    LIVES = []
    def lives(name):
        def fixture():
            LIVES.append("+" + name)
            yield LIVES
            LIVES.append("-" + name)
        return fixture
    session = pytest.fixture(scope="session", name="session")(lives("session"))
    package = pytest.fixture(scope="package", name="package")(lives("package"))
    module = pytest.fixture(scope="module", name="module")(lives("module"))
"""
USING = """
    def test_1(session, package, module, record_property): record_property("lives", " ".join(session))
    def test_2(session, package, module, record_property): record_property("lives", " ".join(session))
"""


def last_lives(slot):
    return slot.done()[-1][2]["properties"][0][1]


def test_session_and_package_fixtures_are_set_up_once_over_several_jobs(warm, project):
    project.write("pkg/__init__.py", "")
    project.write("pkg/conftest.py", COUNTED)
    project.write("pkg/test_a.py", USING)
    project.write("pkg/test_b.py", USING)
    slot = warm.slot(project)
    a, b = "pkg/test_a.py", "pkg/test_b.py"
    slot.run(a, "only", [a + "::test_1"])
    slot.run(b)
    slot.run(a, "except", [a + "::test_1"])
    assert last_lives(slot) == "+session +package +module -module +module -module +module"
    slot.finish()
    assert set(slot.verdicts().values()) == {"passed"} and len(slot.verdicts()) == 4


def test_a_package_that_is_left_is_torn_down_before_the_next_runs(warm, project):
    for name in ("p", "q"):
        project.write(name + "/__init__.py", "")
        project.write(
            name + "/test_x.py",
            "def test_x(package, record_property): record_property('l', ' '.join(package))",
        )
    project.write("conftest.py", COUNTED)
    slot = warm.slot(project).run_all()
    slot.finish()
    plain, _deselected, _text = project.plain()
    assert slot.counted() == plain


def test_a_late_teardown_error_is_the_last_tests(warm, project):
    for name in ("p", "q"):
        project.write(name + "/__init__.py", "")
        project.write(
            name + "/conftest.py",
            """
            import pytest
            @pytest.fixture(scope="package")
            def package():
                yield
                raise RuntimeError("package of %s")
            @pytest.fixture(scope="session")
            def session():
                yield
                raise RuntimeError("session")
            """
            % name,
        )
        project.write(name + "/test_x.py", "def test_x(package): pass\ndef test_y(session): pass\n")
    slot = warm.slot(project).run_all()
    slot.finish()
    late = [(message[2], message[4]["when"], message[4]["crash"]) for message in slot.of("late")]
    assert late[0] == ("p/test_x.py::test_y", "teardown", "RuntimeError: package of p")
    assert slot.counted() == project.plain()[0]


def blocking(project, count=6):
    """Tests of which the first waits until the driver lets it go on."""
    os.mkfifo(str(project.path / "gate"))
    names = "".join("def test_%d(): pass\n" % number for number in range(1, count))
    project.write("test_g.py", "def test_0(): open('gate').read()\n" + names)


def open_gate(project):
    with open(str(project.path / "gate"), "w"):
        pass


def test_the_tail_can_be_taken_back_while_a_test_runs(warm, project):
    blocking(project)
    slot = warm.slot(project)
    job = slot.unit("test_g.py")
    slot.until("start")
    assert slot.take_tests_back(2) == 2
    open_gate(project)
    end = slot.until("end", job)[2]
    names = ["test_g.py::test_%d" % number for number in range(6)]
    assert list(slot.verdicts()) == names[:4] and not end["stopped"] and slot.of("gave") == []
    assert slot.take_tests_back(1) == 0
    rest = [names[4], [names[5], 0], "test_g.py::test_9"]
    assert slot.run("test_g.py", "only", rest)["missing"] == ["test_g.py::test_9"]
    slot.finish()
    assert list(slot.verdicts()) == names


def test_all_but_the_test_that_runs_can_be_taken_back(warm, project):
    blocking(project)
    slot = warm.slot(project)
    job = slot.unit("test_g.py")
    slot.until("start")
    assert slot.take_tests_back(99) == 5
    open_gate(project)
    slot.until("end", job)
    assert list(slot.verdicts()) == ["test_g.py::test_0"]
    slot.finish()


def test_what_a_slot_that_stops_gives_back_is_what_was_not_taken(warm, project):
    os.mkfifo(str(project.path / "gate"))
    names = "".join("def test_%d(): pass\n" % number for number in range(1, 6))
    project.write("test_g.py", "def test_0(): assert open('gate').read()\n" + names)
    slot = warm.slot(project, "-x")
    job = slot.unit("test_g.py")
    slot.until("start")
    assert slot.take_tests_back(2) == 2
    open_gate(project)
    assert slot.until("end", job)[2]["stopped"]
    assert [message[1:] for message in slot.of("gave")] == [[job, 0, [1, 2, 3]]]
    slot.finish()


def test_a_job_that_was_taken_back_is_not_begun(warm, project):
    blocking(project)
    slot = warm.slot(project)
    first = slot.unit("test_g.py")
    slot.until("start")
    slot.take_job_back(slot.unit("test_g.py"))
    third = slot.unit("test_g.py", "only", ["test_g.py::test_1"])
    open_gate(project)
    slot.until("end", third)
    assert [message[1] for message in slot.of("end")] == [first, third]
    slot.finish()


def test_a_test_can_run_again_in_a_later_job(warm, project):
    project.write(
        "test_again.py",
        """
        import pytest
        TIMES = []
        @pytest.fixture
        def fresh(): return object()
        def test_x(fresh, record_property):
            print("run", len(TIMES))
            record_property("time", len(TIMES))
            TIMES.append(fresh)
            assert len(TIMES) > 1
        """,
    )
    slot = warm.slot(project)
    slot.run("test_again.py")
    slot.run("test_again.py", "only", ["test_again.py::test_x"])
    slot.finish()
    (_x, first, _details), (_x, second, details) = slot.done()
    assert (first, second) == ("failed", "passed")
    assert details["properties"] == [["time", "1"]]


def test_an_unknown_unit_ends_with_all_its_tests_missing(warm, project):
    slot = warm.slot(project)
    end = slot.run("test_nowhere.py", "only", ["test_nowhere.py::test_x"])
    assert end["missing"] == ["test_nowhere.py::test_x"] and "test_nowhere.py" in end["error"]
    slot.finish()


def test_many_tests_are_found_in_pieces(warm, project):
    project.write(
        "test_many.py",
        "import pytest\n@pytest.mark.parametrize('n', range(2500))\ndef test_n(n): pass\n",
    )
    slot = warm.slot(project).run_all()
    slot.finish()
    assert [len(message[2]) for message in slot.of("found")] == [1000, 1000, 500]
    assert len(slot.verdicts()) == 2500


def test_a_fixture_that_extends_its_namesake_does_so_once_in_every_job(warm, project):
    project.write(
        "test_x.py",
        """
        import pytest
        @pytest.fixture
        def x(): return ["module"]
        class TestX:
            @pytest.fixture
            def x(self, x): return x + ["class"]
            def test_x(self, x): assert x == ["module", "class"]
        """,
    )
    for number in range(8):
        project.write("test_%d.py" % number, "def test_n(): pass\n")
    slot = warm.slot(project).run_all()
    slot.run("test_x.py", "only", ["test_x.py::TestX::test_x"])
    slot.finish()
    assert [verdict for _test, verdict, _details in slot.done()] == ["passed"] * 10
