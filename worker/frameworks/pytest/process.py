"""What the kernel and the interpreter must know of a slot before any of the project's code runs.

Knows nothing of pytest.
"""

import faulthandler
import os
import random
import signal
import sys
import tempfile
import time

_PR_SET_PDEATHSIG = 1
_prctl = None
_crash_file = None  # a descriptor


def die_with_parent():
    """The kernel kills this process when its parent dies. ctypes is loaded once, in the warm process."""
    global _prctl
    try:
        if _prctl is None:
            import ctypes

            _prctl = ctypes.CDLL(None).prctl
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass  # not Linux: the worker ends the process group


def become_slot(start):
    """Turns a new process into the slot's; its own descriptors are returned: socket, permits for jobs, permits for tests."""
    slot, out, err, *permits = start.descriptors
    _restore_signals()
    if os.getsid(0) != os.getpid():
        os.setsid()
    die_with_parent()
    if os.getppid() != start.parent:
        os._exit(1)  # it died before the kernel was asked
    own = [slot] + permits
    _take_streams({start.reports, *own}, out, err)
    for descriptor in own:
        os.set_inheritable(descriptor, False)
    show_crashes()
    _take_identity(start.message)
    return own


def show_crashes():
    """A crash writes the Python stacks of all threads to stderr as it is now, whatever it will be then."""
    global _crash_file
    if _crash_file is None:
        _crash_file = os.dup(2)
    faulthandler.enable(file=_crash_file)


def _restore_signals():
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _take_streams(kept, out, err):
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (out, 1), (err, 2)):
        os.dup2(source, target)
    close_descriptors(keep=kept)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            # What a test printed with -s must be out before it crashes.
            stream.reconfigure(line_buffering=True)


def close_descriptors(keep):
    """Closes every descriptor but the standard ones and those to keep."""
    try:
        numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        numbers = range(3, 4096)
    for number in numbers:
        if number > 2 and number not in keep:
            try:
                os.close(number)
            except OSError:
                pass


def _take_identity(message):
    os.chdir(message["cwd"])
    os.environ.update(message.get("env") or {})
    if message["workers"] > 0:  # else the run is not distributed, and nothing tells of us
        os.environ["PYTEST_XDIST_WORKER"] = message["slot"]
        os.environ["PYTEST_XDIST_WORKER_COUNT"] = str(message["workers"])
        os.environ["PYTEST_XDIST_TESTRUNUID"] = message["testrunuid"]
    sys.path[0] = os.getcwd()
    tempfile.tempdir = None  # TMPDIR may be another one now
    time.tzset()
    random.seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def leave(code):
    """Ends the process as the interpreter would, but without taking every module apart first."""
    import atexit
    import threading

    try:
        threading._shutdown()
        atexit._run_exitfuncs()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    flush()
    os._exit(code)


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass
