"""The directory below which a run's slots put their tmp_path directories: pytest-of-USER/pytest-N.

Owns its making, its lock and the removal of old ones; one per run and warm interpreter, so that
all local slots of a run share a parent, as they do under pytest-xdist.
"""

import os
import tempfile
from pathlib import Path

from . import process

KEPT = 3  # as many as pytest keeps
VARIABLES = ("TMPDIR", "TEMP", "TMP")


class BaseTemps:
    """run -> (directory, its lock file)."""

    def __init__(self):
        self._made = {}

    def directory(self, message, living_runs):
        """The base of this run's slots, made at the first call; "" where the choice is pytest's own: the user
        names another, or there is but one slot for a run that is not distributed.

        Raises an OSError whose text says in one line what could not be made, where and why.
        """
        if message["workers"] == 0 or any(
            str(arg).startswith("--basetemp") for arg in message["args"]
        ):
            return ""
        run = message["run"]
        if run not in self._made:
            self._release({other for other in self._made if other not in living_runs})
            self._made[run] = _make(message)
        return str(self._made[run][0])

    def release_all(self):
        self._release(set(self._made))

    def _release(self, runs):
        for run in runs:
            _directory, lock = self._made.pop(run)
            try:
                lock.unlink()
            except OSError:
                pass


def _make(message):
    env = dict(os.environ)
    env.update(message.get("env") or {})
    root = _root(env, message["cwd"])
    try:
        parent = _private(Path(root).resolve())
        directory, lock = _numbered(parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError("cannot make a temporary directory in %s: %s" % (root, reason)) from None
    _remove_old_ones(parent, directory)
    return directory, lock


def _root(env, cwd):
    if env.get("PYTEST_DEBUG_TEMPROOT"):
        return os.path.join(cwd, env["PYTEST_DEBUG_TEMPROOT"])
    # A directory that the user chose and that cannot be written to is an error, not a hint.
    for name in VARIABLES:
        if env.get(name) and os.path.isdir(os.path.join(cwd, env[name])):
            return os.path.join(cwd, env[name])
    tempfile.tempdir = None
    return tempfile.gettempdir()


def _private(root):
    parent = root / ("pytest-of-" + (_user() or "unknown"))
    try:
        parent.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        parent = root / "pytest-of-unknown"
        parent.mkdir(mode=0o700, exist_ok=True)
    # The name can be guessed, so that someone else may have been here first.
    facts = parent.stat()
    if facts.st_uid != os.getuid():
        raise OSError(None, "%s belongs to another user" % parent)
    if facts.st_mode & 0o077:
        os.chmod(str(parent), facts.st_mode & ~0o077)
    return parent


def _user():
    import getpass

    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return None


def _numbered(parent):
    from _pytest import pathlib

    for attempt in range(10):
        try:
            try:
                directory = pathlib.make_numbered_dir(parent, "pytest-", 0o700)
            except TypeError:  # before pytest 6.2.3 it took no mode
                directory = pathlib.make_numbered_dir(parent, "pytest-")
            return directory, pathlib.create_cleanup_lock(directory)
        except FileNotFoundError:
            if attempt == 9:
                raise  # else another session's clean-up was faster


def _remove_old_ones(parent, directory):
    # In a process of its own: large trees take long, and this one has slots to start.
    from _pytest import pathlib

    lock_dead_before = directory.stat().st_mtime - pathlib.LOCK_TIMEOUT
    warm_pid = os.getpid()
    if os.fork() != 0:
        return
    try:
        process.die_with_parent()
        if os.getppid() == warm_pid:
            process.close_descriptors(keep=set())
            os.nice(10)
            pathlib.cleanup_numbered_dir(parent, "pytest-", KEPT, lock_dead_before)
    finally:
        os._exit(0)
