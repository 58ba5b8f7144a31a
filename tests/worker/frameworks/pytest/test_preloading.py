"""What a project imported of the libraries is there in later slots, unless that could be told from a plain run."""

import os

import libraries
import pytest


@pytest.fixture
def libs(project, tmp_path):
    return libraries.Libraries(project, tmp_path / "user")


def test_a_library_is_there_from_the_second_run_on(libs):
    libs.write(lib_quiet="VALUE = 1")
    libs.run()
    assert libs.there() == [] and libs.learnt()["modules"][-1:] == ["lib_quiet"]
    libs.run()
    assert libs.there() == ["lib_quiet"]


def test_the_project_s_own_modules_are_never_learnt(libs):
    libs.project.write("lib_mine.py", "")
    libs.write(lib_quiet="")
    libs.project.write("test_b.py", "import lib_mine\ndef test_b(): pass")
    libs.run()
    libs.run()
    assert libs.there() == ["lib_quiet"]


def test_what_only_a_running_test_imports_is_not_learnt(libs):
    libs.write(lib_late="")
    libs.project.write("test_a.py", "def test_a(): import lib_late")
    libs.run()
    libs.run()
    assert libs.there() == []


def test_a_plugin_is_not_learnt(libs):
    libs.write(lib_plugin="def pytest_configure(): pass", lib_quiet="")
    libs.run("-p", "lib_plugin")
    libs.run("-p", "lib_plugin")
    assert "lib_quiet" in libs.there() and "lib_plugin" not in libs.learnt()["modules"]


def test_nothing_is_learnt_after_a_conftest_has_changed_the_environment(libs):
    libs.write(lib_reads="import os; SEEN = os.environ.get('LIB_MODE')")
    libs.project.write("conftest.py", libraries.CONFTEST + "os.environ['LIB_MODE'] = 'x'")
    libs.run()
    libs.run()
    assert libs.there() == []


def test_nothing_is_learnt_after_a_unit_has_changed_the_environment(libs):
    libs.write(lib_before="", lib_after="")
    libs.project.write(
        "test_a.py", "import lib_before, os\nos.environ['X'] = 'x'\ndef test_a(): pass"
    )
    libs.project.write("test_b.py", "import lib_after\ndef test_b(): pass")
    libs.run()
    libs.run()
    assert libs.there() == []


def test_a_conftest_that_now_changes_the_environment_has_its_slot_start_afresh(libs):
    libs.write(lib_reads="import os; SEEN = os.environ.get('LIB_MODE')")
    libs.run()
    libs.project.write("conftest.py", libraries.CONFTEST + "os.environ['LIB_MODE'] = 'x'")
    libs.project.write("test_a.py", "import lib_reads\ndef test_a(): assert lib_reads.SEEN == 'x'")
    libs.run()
    assert libs.there() == []
    libs.run()
    assert libs.learnt()["modules"] == []


def test_a_module_of_the_project_comes_before_a_library_of_its_name(libs):
    libs.write(lib_name="OURS = False")
    libs.run()
    libs.project.write("sub/lib_name.py", "OURS = True")
    libs.project.write("sub/test_b.py", "import lib_name\ndef test_b(): assert lib_name.OURS")
    libs.run("sub")
    assert libs.learnt()["struck"] == ["lib_name"]
    libs.run("sub")
    assert libs.there() == []


def test_a_folder_of_tests_with_a_library_s_name_is_no_module(libs):
    libs.write(lib_name="OURS = False")
    libs.run()
    for name in ("sub/__init__.py", "sub/lib_name/__init__.py", "lib_name/data.txt"):
        libs.project.write(name, "")
    libs.project.write("sub/test_b.py", "import lib_name\ndef test_b(): assert not lib_name.OURS")
    libs.run("sub")
    assert libs.there() == ["lib_name"] and libs.learnt()["struck"] == []


def test_a_slot_with_another_environment_is_not_preloaded(libs):
    libs.write(lib_reads="import os; SEEN = os.environ.get('LIB_MODE')")
    libs.run()
    libs.project.write("test_a.py", "import lib_reads\ndef test_a(): assert lib_reads.SEEN == 'y'")
    libs.run(env={"LIB_MODE": "y"})


def test_measured_packages_are_not_preloaded(libs):
    libs.write(lib_measured="", lib_quiet="")
    libs.run()
    libs.project.write(
        "conftest.py",
        libraries.CONFTEST
        + "def pytest_addoption(parser):\n"
        + "    parser.addoption('--cov', dest='cov_source', action='append')\n",
    )
    libs.run("--cov=lib_measured")
    assert libs.there() == []
    libs.run("--cov=lib_measured")
    assert libs.there() == ["lib_quiet"]


def test_silenced_warnings_are_silenced_while_files_are_imported_and_no_longer(libs):
    libs.write(
        lib_silences="""
        import warnings
        class LibWarning(Warning): pass
        warnings.filterwarnings("ignore", category=LibWarning)
        """
    )
    libs.project.write(
        "test_a.py",
        """
        import lib_silences, warnings
        warnings.warn("at import", lib_silences.LibWarning)
        def test_a(): warnings.warn("in a test", lib_silences.LibWarning)
        """,
    )
    for there in ([], ["lib_silences"]):
        slot = libs.run()
        assert libs.there() == there
        assert [warning[2]["message"] for warning in slot.of("warning")] == ["in a test"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"modules": 3}', b"\xff\xfe", None])
def test_a_file_that_cannot_be_used_is_as_none(libs, content):
    libs.write(lib_quiet="")
    libs.run()
    path = libs.file()
    path.unlink()
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    libs.run()
    assert libs.there() == []


def test_the_file_is_private(libs):
    libs.write(lib_quiet="")
    libs.run()
    assert libs.file().stat().st_mode & 0o077 == 0
    assert os.stat(str(libs.file().parent)).st_mode & 0o077 == 0
    assert [path.name for path in libs.file().parent.iterdir()] == [libs.file().name]
