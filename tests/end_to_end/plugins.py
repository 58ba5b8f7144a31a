"""Plugins of pytest for the projects under test, out of a folder that scripts/setup unpacks Debian's packages to, so
that nobody else's tests see them."""

import os
import pathlib
import subprocess
import sys

import pytest

FOLDER = pathlib.Path(
    os.environ.get("XGRID_TEST_PLUGINS")
    or pathlib.Path(__file__).resolve().parents[2] / "build" / "test-plugins"
)
PACKAGES = FOLDER / "usr" / "lib" / "python3" / "dist-packages"
# What belongs to each, by how its names begin.
PARTS = {
    "cov": ("pytest_cov", "pytest-cov", "coverage"),
    "timeout": ("pytest_timeout",),
    "rerunfailures": ("pytest_rerunfailures",),
    "hypothesis": ("hypothesis", "_hypothesis", "sortedcontainers"),
    "random-order": ("random_order", "pytest_random_order"),
    "django": ("pytest_django", "django", "Django", "asgiref", "sqlparse", "pytz"),
    "setproctitle": ("setproctitle",),
}


def needs(*names):
    lacking = [
        name for name in names if not any(PACKAGES.glob(PARTS[name][0].replace("-", "_") + "*"))
    ]
    return pytest.mark.skipif(
        bool(lacking), reason="not unpacked (scripts/setup does it): " + ", ".join(lacking)
    )


def environment(folder, *names):
    """Variables with which the interpreter finds these, as if the user had installed them."""
    variables = {"PYTHONUSERBASE": str(folder)}
    where = [sys.executable, "-c", "import site; print(site.getusersitepackages())"]
    output = subprocess.check_output(where, env={**os.environ, **variables})
    packages = pathlib.Path(output.decode().strip())
    packages.mkdir(parents=True)
    for name in names:
        for part in PARTS[name]:
            for found in PACKAGES.glob(part + "*"):
                (packages / found.name).symlink_to(found)
    return variables
