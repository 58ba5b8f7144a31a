"""The real program on real projects. XGRID names the binary; the interpreter that runs these tests runs theirs."""

import pytest

import grid

collect_ignore = ["fixtures"]  # they are for xgrid to run


@pytest.fixture
def project(tmp_path):
    return grid.Project(tmp_path / "project")


@pytest.fixture
def marked():
    """A marking that every process of the test inherits; none may be left in the end."""
    mark = grid.Mark()
    yield mark
    mark.end()
