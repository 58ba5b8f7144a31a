"""Small suites, each full of one kind of oddity: folder -> {file: text}. Together they are one project."""

PYTEST_INI = """\
[pytest]
addopts = --doctest-modules --doctest-glob=*.txt
python_files = test_*.py check_*.py
markers = slow
"""

SUITES = {
    "classes": {
        "test_classes.py": """
            class TestOuter:
                def setup_method(self): self.state = [1]
                def test_first(self): assert self.state == [1]
                def test_second(self): assert self.state.pop() == 1
                class TestInner:
                    def test_inner(self): pass
                    def test_fails(self): assert 0
            class TestHasInit:
                def __init__(self): pass
                def test_never(self): assert 0
        """,
    },
    "params": {
        "test_params.py": """
            import pytest
            @pytest.mark.parametrize("a", [0, 1, 2])
            @pytest.mark.parametrize("b", ["x", "y"])
            def test_both(a, b): assert (a, b) != (1, "y")
            @pytest.fixture(params=["one", "two"], scope="module")
            def kind(request): return request.param
            def test_kind(kind): assert kind == "one"
            def test_again(kind): pass
            @pytest.mark.parametrize("value", [])
            def test_nothing(value): assert 0
            def pytest_generate_tests(metafunc):
                if "generated" in metafunc.fixturenames: metafunc.parametrize("generated", range(3))
            def test_generated(generated): assert generated < 2
        """,
    },
    "many": {
        "test_many.py": """
            import pytest
            @pytest.mark.parametrize("i", range(300))
            def test_i(i): assert i % 50
        """,
    },
    "scopes": {
        "conftest.py": """
            import pytest
            made = []
            def maker(scope):
                @pytest.fixture(scope=scope)
                def fixture():
                    made.append(scope)
                    yield scope
                    made.remove(scope)
                return fixture
            for scope in ("session", "package", "module", "class", "function"):
                globals()["of_" + scope] = maker(scope)
            @pytest.fixture
            def living(): return list(made)
        """,
        "test_scopes.py": """
            def test_all(of_session, of_package, of_module, of_class, of_function, living):
                assert sorted(living) == ["class", "function", "module", "package", "session"]
            def test_function_is_gone(of_session, living): assert "function" not in living
        """,
        "test_other.py": """
            def test_module_is_new(of_module, living): assert living.count("module") == 1
            class TestX:
                def test_a(self, of_class): pass
                def test_b(self, of_class): pass
        """,
    },
    "marks": {
        "test_marks.py": """
            import pytest
            @pytest.mark.skip(reason="why")
            def test_skip(): pass
            @pytest.mark.skipif("1 > 0", reason="text")
            def test_skipif(): pass
            @pytest.mark.xfail
            def test_xfail(): assert 0
            @pytest.mark.xfail
            def test_xpass(): pass
            @pytest.mark.xfail(strict=True)
            def test_strict(): pass
            @pytest.mark.xfail(raises=ValueError)
            def test_raises_another(): raise KeyError
            @pytest.mark.xfail(run=False)
            def test_not_run(): raise SystemExit
            def test_imperative(): pytest.xfail("here")
            def test_skips_late(): pytest.skip("late")
        """,
    },
    "module_skips": {
        "test_import.py": "import pytest\npytest.importorskip('no_such_module_at_all')\n",
        "test_level.py": "import pytest\npytest.skip('all of it', allow_module_level=True)\n",
        "test_mark.py": "import pytest\npytestmark = pytest.mark.skip\ndef test_a(): assert 0\n",
    },
    "unit": {
        "test_unit.py": """
            import unittest
            class Case(unittest.TestCase):
                @classmethod
                def setUpClass(cls): cls.there = True
                def setUp(self): self.value = 1
                def test_ok(self): self.assertTrue(self.there)
                def test_fails(self): self.assertEqual(self.value, 2)
                @unittest.skip("why")
                def test_skipped(self): pass
                @unittest.expectedFailure
                def test_expected(self): self.fail()
                @unittest.expectedFailure
                def test_unexpected(self): pass
                def test_sub(self):
                    for i in range(3):
                        with self.subTest(i=i): self.assertLess(i, 5)
            class Broken(unittest.TestCase):
                @classmethod
                def setUpClass(cls): raise RuntimeError
                def test_never(self): pass
            def test_beside(): pass
        """,
    },
    "docs": {
        "test_docs.py": '''
            def double(x):
                """
                >>> double(2)
                4
                >>> double("a")
                'b'
                """
                return 2 * x
            def test_double(): assert double(1) == 2
        ''',
        "page.txt": ">>> 1 + 1\n2\n",
        "broken.txt": ">>> 1 + 1\n3\n",
    },
    "nested": {
        "conftest.py": "import pytest\n@pytest.fixture\ndef who(): return ['outer']\n",
        "inner/conftest.py": "import pytest\n@pytest.fixture\ndef who(who): return who + ['inner']\n",
        "inner/test_deep.py": "def test_who(who): assert who == ['outer', 'inner']\n",
        "test_shallow.py": "def test_who(who): assert who == ['outer']\n",
    },
    "packages": {
        "one/__init__.py": "",
        "one/test_same.py": "from . import __name__ as name\ndef test_name(): assert name\n",
        "two/__init__.py": "",
        "two/test_same.py": "def test_name(): assert 0\n",
    },
    "namesakes": {
        "a/test_twin.py": "def test_a(): pass\n",
        "b/test_twin.py": "def test_b(): pass\n",
        "c/test_twin.py": "def test_c(): pass\n",
    },
    "collect_errors": {
        "test_syntax.py": "def test_x(:\n",
        "test_import.py": "import no_such_module_at_all\n",
        "test_raises.py": "raise RuntimeError('at import')\n",
        "test_fixture_missing.py": "def test_x(no_such_fixture): pass\ndef test_y(): pass\n",
        "test_good.py": "def test_good(): pass\n",
    },
    "phases": {
        "test_phases.py": """
            import pytest
            @pytest.fixture
            def bad_setup(): raise RuntimeError
            @pytest.fixture
            def bad_teardown():
                yield
                raise RuntimeError
            def test_setup(bad_setup): pass
            def test_teardown(bad_teardown): pass
            def test_all(bad_teardown): assert 0
            @pytest.fixture(scope="module")
            def once(): raise RuntimeError
            def test_once(once): pass
            def test_twice(once): pass
        """,
    },
    "names": {
        "test_näme.py": """
            import pytest
            @pytest.mark.parametrize("text", ["ü", "a b", "[x]", "a::b", "\\0", "", "-", "日本"])
            def test_text(text): assert text != "-"
            def test_größe(): pass
        """,
        "test_repeated.py": """
            import pytest
            @pytest.mark.parametrize("x", [1, 2], ids=["same", "same"])
            def test_x(x): pass
        """,
    },
    "empty": {
        "test_empty.py": "",
        "test_only_helpers.py": "def helper(): pass\nclass Thing: pass\n",
        "check_named.py": "def test_named_by_python_files(): pass\n",
    },
    "custom": {
        "conftest.py": """
            import pytest
            class File(pytest.File):
                def collect(self):
                    for line in (getattr(self, "path", None) or self.fspath).open():
                        yield Item.from_parent(self, name=line.strip())
            class Item(pytest.Item):
                def runtest(self): assert self.name != "bad"
            if hasattr(pytest, "Dir") or int(pytest.__version__.split(".")[0]) >= 7:
                def pytest_collect_file(file_path, parent):
                    if file_path.suffix == ".list": return File.from_parent(parent, path=file_path)
            else:
                def pytest_collect_file(path, parent):
                    if path.ext == ".list": return File.from_parent(parent, fspath=path)
            collect_ignore = ["test_ignored.py"]
            collect_ignore_glob = ["*_not.py"]
        """,
        "things.list": "good\nbad\nfine\n",
        "test_ignored.py": "raise RuntimeError\n",
        "test_not.py": "raise RuntimeError\n",
        "test_kept.py": "def test_kept(): pass\n",
    },
}
