"""A suite with something of everything that pytest's reports tell of."""

FILES = {
    "tests/test_outcomes.py": """
        import pytest
        import unittest

        def test_passes(record_property):
            record_property("key", "value")
            record_property("number", 3)
            print("out of a pass")
        def test_fails():
            local = [1, 2]
            print("out")
            assert local == [1, 3], "a message"
        def test_fails_in_two_lines():
            raise ValueError("first\\nsecond")
        def test_chained():
            try:
                raise KeyError("inner")
            except KeyError as error:
                raise RuntimeError("outer") from error
        def helper(depth):
            if depth == 0:
                raise LookupError("deep")
            helper(depth - 1)
        def test_deep(): helper(3)
        def test_recursion(): test_recursion()
        def test_pytest_fail(): pytest.fail("said so")
        def test_pytest_fail_without_trace(): pytest.fail("only this", pytrace=False)
        def test_raises_nothing():
            with pytest.raises(ValueError): pass
        def test_long_message(): assert "x" * 300 == "y" * 300
        @pytest.mark.skip(reason="not now")
        def test_skipped(): pass
        @pytest.mark.skip(reason="not now")
        def test_skipped_too(): pass
        def test_skips_itself(): pytest.skip("while running")
        @pytest.mark.xfail
        def test_xfails(): assert 0
        @pytest.mark.xfail(reason="a reason")
        def test_xfails_for_a_reason(): assert 0
        def test_xfails_itself(): pytest.xfail("called")
        @pytest.mark.xfail(run=False, reason="never run")
        def test_not_run(): assert 0
        @pytest.mark.xfail(reason="a reason")
        def test_xpasses(): pass
        @pytest.mark.xfail(strict=True, reason="strictly")
        def test_strict(): pass
        @pytest.mark.parametrize("text", ["a b", "x::y", "[", "/", "b.c", ""])
        def test_odd_ids(text): assert text == "a b"
        class TestClass:
            def test_method(self): pass
            def test_method_fails(self): assert 0
            class TestInner:
                def test_inner(self): assert {"a": 1} == {"a": 2}
        class Case(unittest.TestCase):
            def test_unit(self): self.assertEqual(1, 2)
            @unittest.expectedFailure
            def test_expected(self): self.assertEqual(1, 2)
            @unittest.skip("by unittest")
            def test_skip(self): pass
        """,
    "tests/test_fixtures.py": """
        import logging
        import sys
        import pytest

        @pytest.fixture
        def broken():
            print("out of setup")
            raise RuntimeError("setup")
        @pytest.fixture
        def late():
            print("before")
            yield
            print("after")
            sys.stderr.write("error output\\n")
            raise RuntimeError("teardown")
        @pytest.fixture
        def chatty():
            print("chatty setup")
            yield
            print("chatty teardown")
        def test_error_in_setup(broken): pass
        def test_error_in_teardown(late): pass
        def test_fails_and_error_in_teardown(late):
            print("call")
            assert 0
        def test_logs(chatty):
            logging.getLogger("some").warning("logged %d", 3)
            print("on stdout")
            sys.stderr.write("on stderr, no newline")
            assert 0
        def test_chatty_pass(chatty):
            print("in pass")
        def test_no_such_fixture(nothing_of_that_name): pass
        """,
    "tests/test_warnings.py": """
        import warnings
        import pytest
        class Own(UserWarning): pass
        warnings.warn("of the module")
        warnings.warn(Own("of the module, too"))
        def test_warns(): warnings.warn(DeprecationWarning("of a test"))
        def test_warns_own(): warnings.warn(Own("of a test"))
        @pytest.mark.parametrize("i", range(12))
        def test_warns_often(i): warnings.warn("the same")
        @pytest.mark.no_such_mark
        def test_marked(): pass
        """,
    "tests/sub/test_more.py": """
        def test_more(): pass
        def test_more_fails(): assert 0
        """,
    "tests/test_cannot_be_imported.py": "import nothing_of_that_name",
    "tests/test_syntax.py": "def test_x(:\n",
    "tests/test_skips_itself.py": """
        import pytest
        pytest.skip("whole file", allow_module_level=True)
        """,
    "tests/test_needs.py": """
        import pytest
        pytest.importorskip("nothing_of_that_name")
        """,
    "tests/test_empty.py": "",
}


def write(project):
    for name, text in FILES.items():
        project.write(name, text)
    return project
