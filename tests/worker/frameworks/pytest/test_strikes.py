"""A library whose import does more than define things is not preloaded; the others still are."""

import libraries
import pytest

STRUCK = {
    "prints": "print('hello')",
    "prints_below_python": "import os; os.write(1, b'hello')",
    "warns": "import warnings; warnings.warn('old')",
    # Where it always does, nothing is learnt from then on.
    "sets_a_variable": "import os, sys\nif 'conftest' not in sys.modules: os.environ['LIB_SET'] = '1'",
    "changes_sys_path": "import sys; sys.path.append('/nowhere')",
    "finds_modules_first": "import sys; sys.meta_path.insert(0, type('F', (), {'find_spec': lambda *a: None}))",
    "hooks_paths": "import sys; sys.path_hooks.append(lambda path: (_ for _ in ()).throw(ImportError()))",
    "handles_a_signal": "import signal; signal.signal(signal.SIGUSR1, lambda *a: None)",
    "seeds": "import random; random.seed(1)",
    "hooks_exceptions": "import sys; sys.excepthook = lambda *a: None",
    "logs": "import logging; logging.basicConfig()",
    "filters_all_warnings": "import warnings; warnings.simplefilter('error')",
    "resets_warnings": "import warnings; warnings.resetwarnings()",
    "sets_gc": "import gc; gc.set_threshold(1234)",
    "recurses": "import sys; sys.setrecursionlimit(sys.getrecursionlimit() + 1)",
    "moves": "import os; os.chdir('/')",
    "starts_a_thread": "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()",
    "starts_a_process": "import subprocess; P = subprocess.Popen(['sleep', '60'], start_new_session=True)",
    "opens_a_file": "import os; FILE = open(os.devnull)",
    "reads_the_worker_s_name": "import os; NAME = os.environ.get('PYTEST_XDIST_WORKER')",
    "needs_the_project": "import sys\nif 'conftest' not in sys.modules: raise ImportError('not alone')",
}
AT_ONCE = 7  # fewer than are struck in one go at most
GROUPS = [sorted(STRUCK)[start : start + AT_ONCE] for start in range(0, len(STRUCK), AT_ONCE)]


@pytest.fixture
def libs(project, tmp_path):
    return libraries.Libraries(project, tmp_path / "user")


@pytest.mark.parametrize("names", GROUPS, ids=" ".join)
def test_each_is_struck_and_a_quiet_one_is_preloaded(libs, names):
    bad = {"lib_" + name: STRUCK[name] for name in names}
    libs.write(lib_first="", **bad, lib_last="")
    libs.run()
    libs.run()
    assert sorted(libs.learnt()["struck"]) == sorted(bad)
    assert libs.there() == ["lib_first", "lib_last"]


def test_what_pulls_it_in_is_struck_too(libs):
    libs.write(lib_outer="import lib_noisy", lib_noisy="print('hello')", lib_quiet="")
    libs.run()
    libs.run()
    assert sorted(libs.learnt()["struck"]) == ["lib_noisy", "lib_outer"]
    assert libs.there() == ["lib_quiet"]


def test_a_finder_at_the_end_is_no_reason(libs):
    libs.write(
        lib_lazy="import sys; sys.meta_path.append(type('F', (), {'find_spec': lambda *a: None}))"
    )
    libs.run()
    libs.run()
    assert libs.there() == ["lib_lazy"]


def test_after_a_crash_all_is_forgotten(libs):
    alone = "import os, sys\nif 'conftest' not in sys.modules: "
    libs.write(lib_quiet="", lib_crashes=alone + "os.abort()")
    libs.run()
    libs.run()
    assert libs.there() == []


def test_an_import_that_hangs_is_given_up(libs):
    alone = "import signal, sys\nif 'conftest' not in sys.modules: signal.pause()"
    libs.write(lib_hangs=alone)
    libs.run()
    libs.run(changed=[("server", "PRELOAD_SECONDS = 20", "PRELOAD_SECONDS = 0.5")])
    assert libs.there() == []
