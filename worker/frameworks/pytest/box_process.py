"""The process of a boxed test, seen from outside: what it says, and that it ends.

Owns it from its fork until nothing of its group is left. Knows nothing of what is said.
"""

import os
import select
import signal
import time

from .box_pipe import Reader

GRACE_SECONDS = (
    1.0,
    5.0,
)  # least and most: after its limit a test tears down, or gives up whatever keeps it
ABORT_SECONDS = 1.0  # for writing its stacks
CLOSED_SECONDS = 3.0  # that it may live on without a way to tell of its end
LEFT_SECONDS = 0.2  # for processes that it leaves behind, between TERM and KILL
LOOK_SECONDS = 0.05  # a grandchild may hold the pipe open: its end is not all there is to wait for
STOPPED_SECONDS_MAX = 10.0


class Box:
    """A test's process, seen from outside."""

    def __init__(self, forked, limit):
        self.pid, self._descriptor = forked
        self.status = None  # once it has ended
        self.fault = ""  # for which it was killed
        self.is_done = False  # has said all
        self.began = time.monotonic()
        self.limit = limit
        self._reader = Reader(self._descriptor)
        self._deadline = None
        if limit:
            self._deadline = self.began + limit + _grace(limit)
        self._aborted = False
        self.interrupted = False
        self._closed_at = None
        self._stopped_at = None
        try:
            os.setpgid(self.pid, self.pid)  # whoever is first, it or we
        except OSError:
            pass

    def messages(self):
        """What it says, until it has ended."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        closed_looks = 0
        while self.status is None:
            try:
                if self._closed_at is None:
                    poll.poll(LOOK_SECONDS * 1000)
                else:
                    # Most often it is about to end.
                    time.sleep(min(LOOK_SECONDS, 0.0001 * 2**closed_looks))
                    closed_looks = min(closed_looks + 1, 20)
                self._look()
                # After that: it may have said something just before its end.
                said, is_open = self._reader.read()
                if not is_open and self._closed_at is None:
                    self._closed_at = time.monotonic()
                yield from said
            except KeyboardInterrupt:
                self._interrupt()

    def _look(self):
        status = self._changed(os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
        now = time.monotonic()
        if status is not None and os.WIFSTOPPED(status):
            self._stopped_at = now
        elif status is not None and os.WIFCONTINUED(status):
            self._stopped_at = None
        elif status is not None:
            self.status = status
            return
        is_due = self._deadline is not None and now >= self._deadline
        if self._closed_at is not None and (is_due or now >= self._closed_at + CLOSED_SECONDS):
            self._kill("closed its connection to the slot")
        elif is_due:
            self._abort(now)
        elif self._stopped_at is not None and now >= self._stopped_at + STOPPED_SECONDS_MAX:
            self._kill("was stopped (SIGSTOP) for %g s" % STOPPED_SECONDS_MAX)

    def _changed(self, how):
        try:
            pid, status = os.waitpid(self.pid, how)
        except ChildProcessError:
            return 0  # the project waits for every child of its process
        return status if pid else None

    def _abort(self, now):
        """First with the stacks of its threads, then without."""
        if self._aborted:
            self._kill(self.fault)
            return
        self._aborted = True
        self._deadline = now + ABORT_SECONDS
        self.fault = "timed out after %g s and did not stop" % self.limit
        _without_core(self.pid)
        os.kill(self.pid, signal.SIGABRT)
        os.kill(self.pid, signal.SIGCONT)

    def _kill(self, fault):
        self.fault = fault
        os.kill(self.pid, signal.SIGKILL)

    def _interrupt(self):
        """The slot is to end, and has torn down what its tests have set up: here it is the test that does."""
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True
        if self.status is None:
            os.kill(self.pid, signal.SIGINT)

    def end(self):
        """Nothing of its group is left."""
        os.close(self._descriptor)
        if self.status is None:
            # With all said it ends by itself.
            if not self.is_done:
                os.kill(self.pid, signal.SIGKILL)
            self.status = self._changed(0)
        give_up_at = time.monotonic() + LEFT_SECONDS
        number = signal.SIGTERM
        while True:
            try:
                os.killpg(self.pid, number)
            except OSError:
                return
            if number == signal.SIGKILL:
                return
            number = 0 if time.monotonic() < give_up_at else signal.SIGKILL
            time.sleep(0.002)


def within(limit):
    """Seconds within which a test with that limit is over, whatever it does; 0: nobody knows."""
    return limit and limit + _grace(limit) + ABORT_SECONDS


def _grace(limit):
    least, most = GRACE_SECONDS
    return max(least, min(limit, most))


def _without_core(pid):
    # No core file of what is no fault of the program; with 1 those that take it by a pipe do not get it either.
    try:
        import resource

        resource.prlimit(pid, resource.RLIMIT_CORE, (1, 1))
    except (ImportError, AttributeError, OSError, ValueError):
        pass
