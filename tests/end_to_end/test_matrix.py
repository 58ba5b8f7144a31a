"""Whatever the number of slots, how they start and how they collect: the outcomes of plain pytest."""

import pytest

import suites

# Plain pytest, but it goes on behind files that it cannot collect.
PLAIN = ["--continue-on-collection-errors"]


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    import grid

    project = grid.Project(tmp_path_factory.mktemp("matrix") / "project")
    project.write("pytest.ini", suites.PYTEST_INI)
    for folder, files in suites.SUITES.items():
        for name, text in files.items():
            project.write("%s/%s" % (folder, name), text)
    return project


@pytest.fixture(scope="module")
def plain(everything):
    return everything.plain(*PLAIN)


@pytest.mark.parametrize("collect", ["lazy", "full"])
@pytest.mark.parametrize("start", ["fork", "spawn"])
@pytest.mark.parametrize("slots", [1, 2, 8])
def test_all_suites_at_once_have_plain_outcomes(everything, plain, slots, start, collect):
    run = everything.submit("-n", slots, "--start", start, "--collect", collect)
    assert run.code == 1
    assert run.outcomes == plain


@pytest.mark.parametrize("folder", suites.SUITES)
def test_each_suite_alone_has_plain_outcomes(everything, folder):
    plain = everything.plain(*PLAIN, folder)
    run = everything.submit("-n", 2, folder)
    assert run.outcomes == plain
    assert run.code == (1 if set(plain.values()) & {"failed", "error"} else 0)
