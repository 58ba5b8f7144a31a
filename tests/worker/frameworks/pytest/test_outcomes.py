"""Whatever a suite does, a slot's verdicts are those of plain pytest."""

import pytest

FILES = {
    "outcomes": """
        import pytest, unittest
        def test_passes(): pass
        def test_fails(): assert [1, 2] == [1, 3]
        @pytest.mark.skip(reason="not now")
        def test_skipped(): pass
        def test_skips_itself(): pytest.skip("later")
        @pytest.mark.xfail
        def test_xfails(): assert 0
        @pytest.mark.xfail
        def test_xpasses(): pass
        @pytest.mark.xfail(strict=True)
        def test_strict(): pass
        @pytest.mark.xfail(run=False)
        def test_not_run(): pass
        def test_imperative(): pytest.xfail("known")
        @pytest.mark.parametrize("text", ["a", "\\u00e4", "\\u4e2d \\ud83d\\ude00", "a::b[c]", ""])
        def test_ids(text): pass
        class TestClass:
            def test_in_class(self): pass
            class TestInner:
                def test_inner(self): assert 0
        class Test(unittest.TestCase):
            def test_unittest(self): self.assertTrue(True)
            @unittest.expectedFailure
            def test_expected(self): self.fail()
            @unittest.skip("why not")
            def test_skip(self): pass
            def test_bad(self): self.fail("bad")
    """,
    "errors": """
        import pytest
        @pytest.fixture
        def broken(): raise RuntimeError("setup")
        @pytest.fixture
        def leaves_badly():
            yield
            raise RuntimeError("teardown")
        @pytest.fixture(scope="module", autouse=True)
        def module():
            yield
            raise RuntimeError("module teardown")
        def test_broken(broken): pass
        def test_leaves(leaves_badly): pass
        def test_fails_and_leaves(leaves_badly): assert 0
        def test_no_such_fixture(nope): pass
        def test_exits(): raise SystemExit(3)
        def test_last(): pass
    """,
    "scopes": """
        import pytest
        @pytest.fixture(scope="session", params=["s1", "s2"])
        def s(request): return request.param
        @pytest.fixture(scope="module", params=["m1", "m2"])
        def m(request): return request.param
        @pytest.fixture(scope="class")
        def c(m): return m
        class TestA:
            def test_one(self, s, m): pass
            def test_two(self, c): pass
        def test_three(m, s): assert m == "m1"
    """,
    "module_skip": "import pytest\npytest.skip('whole', allow_module_level=True)\n",
    "importorskip": "import pytest\npytest.importorskip('no_such_module_at_all')\n",
    "no_import": "import no_such_module_at_all\ndef test_x(): pass\n",
    "no_syntax": "def test_x(:\n",
    "no_collect": "import pytest\nclass TestX:\n    @pytest.mark.parametrize('a', 3)\n    def test_x(self, a): pass\n",
}


@pytest.mark.parametrize("name", FILES)
def test_verdicts_equal_those_of_plain_pytest(warm, project, name):
    project.write("test_it.py", FILES[name])
    slot = warm.slot(project).run_all()
    assert slot.finish() == 0
    assert slot.counted() == project.plain()[0]


def test_files_do_not_disturb_each_other(warm, project):
    for name, text in FILES.items():
        project.write("test_%s.py" % name, text)
    slot = warm.slot(project, "--continue-on-collection-errors").run_all()
    assert slot.finish() == 0
    assert slot.counted() == project.plain("--continue-on-collection-errors")[0]


def test_doctests_and_tests_of_a_file_are_one_unit(warm, project):
    project.write(
        "test_d.py", 'def f():\n    """\n    >>> 1 + 1\n    3\n    """\ndef test_f(): pass\n'
    )
    project.write("text.txt", ">>> 1 + 1\n2\n")
    project.write("plain.py", 'def g():\n    """\n    >>> g()\n    """\n')
    args = ["--doctest-modules", "--doctest-glob=*.txt"]
    slot = warm.slot(project, *args)
    units, _end = slot.enumerate()
    assert sorted(units) == ["plain.py", "test_d.py", "text.txt"]
    for unit in units:
        slot.run(unit)
    slot.finish()
    assert slot.counted() == project.plain(*args)[0]


def test_packages_with_equal_base_names_and_nested_conftests(warm, project):
    for package in ("a", "b"):
        project.write(package + "/__init__.py", "")
        project.write(
            package + "/conftest.py",
            "import pytest\n@pytest.fixture\ndef where(): return %r\n" % package,
        )
        project.write(
            package + "/test_same.py", "def test_where(where): assert where == %r\n" % package
        )
        project.write(package + "/sub/__init__.py", "")
        project.write(package + "/sub/test_same.py", "def test_where(where): assert where == 'b'\n")
    project.write("loose/test_same.py", "def test_where(where): pass\n")
    slot = warm.slot(project).run_all()
    slot.finish()
    assert slot.counted() == project.plain()[0]


def test_equal_base_names_without_packages_are_an_error_as_in_plain_pytest(warm, project):
    for folder in ("a", "b"):
        project.write(folder + "/test_same.py", "def test_x(): pass\n")
    slot = warm.slot(project).run_all()
    slot.finish()
    assert sorted(slot.verdicts().values()) == ["error", "passed"]


def test_the_later_namesake_is_an_error_also_where_the_first_was_never_loaded(warm, project):
    for folder in ("a", "b", "c"):
        project.write(folder + "/test_same.py", "def test_x(): pass\n")
    slot = warm.slot(project)
    slot.enumerate()
    slot.run("c/test_same.py")
    slot.run("a/test_same.py")
    slot.finish()
    assert slot.verdicts() == {"c/test_same.py": "error", "a/test_same.py::test_x": "passed"}


def test_a_broken_nested_conftest_is_an_error_of_its_directory(warm, project):
    project.write("good/test_g.py", "def test_g(): pass\n")
    project.write("sub/conftest.py", "import no_such_module_at_all\n")
    project.write("sub/test_s.py", "def test_s(): pass\n")
    slot = warm.slot(project).run_all()
    slot.finish()
    assert "error" in slot.verdicts().values()


@pytest.mark.parametrize(
    "args",
    [
        ["-k", "one or in_class"],
        ["-m", "slow"],
        ["--deselect", "test_a.py::test_one"],
        ["-k", "nothing"],
    ],
    ids=["k", "m", "deselect", "none"],
)
def test_deselection_is_per_unit_and_counted(warm, project, args):
    mark = "import pytest\n@pytest.mark.slow\ndef test_slow(): pass\ndef test_one(): pass\n"
    project.write("test_a.py", mark)
    project.write("test_b.py", mark + "class TestB:\n    def test_in_class(self): pass\n")
    slot = warm.slot(project, *args).run_all()
    slot.finish()
    counted, deselected, _text = project.plain(*args)
    assert slot.counted() == counted
    assert sum(message[3] for message in slot.of("found")) == deselected


def test_repeated_ids_are_told_apart_by_occurrence(warm, project):
    project.write(
        "conftest.py",
        """
        import pytest
        class Item(pytest.Item):
            def runtest(self): assert self.user
        class File(pytest.File):
            def collect(self):
                for user in (1, 0, 2):
                    item = Item.from_parent(self, name="same")
                    item.user = user
                    yield item
        def pytest_collect_file(file_path, parent):
            if file_path.suffix == ".same":
                return File.from_parent(parent, path=file_path)
        """,
    )
    project.write("x.same", "")
    slot = warm.slot(project)
    slot.run("x.same")
    name = "x.same::same"
    assert slot.verdicts() == {name: "passed", (name, 1): "failed", (name, 2): "passed"}
    job = slot.unit("x.same", "only", [[name, 1]])
    slot.until("end", job)
    assert slot.found(job) == [[name, 1]]
    slot.finish()


def test_full_collection_gives_the_same(warm, project):
    for name in ("outcomes", "errors", "scopes", "no_import", "module_skip"):
        project.write("test_%s.py" % name, FILES[name])
    slot = warm.slot(project, "--continue-on-collection-errors", collect="full").run_all()
    slot.finish()
    assert slot.counted() == project.plain("--continue-on-collection-errors")[0]
