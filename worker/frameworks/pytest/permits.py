"""What this slot may begin: a permit is taken before each job and each test, and what the worker has taken back by
then is not begun. So work leaves a slot that is busy with something that takes long.

An eventfd(2) that both hold, with EFD_SEMAPHORE: a read takes one.
"""

import os
import sys

from .channel import leave

NUMBER_BYTES = 8


class Permits:
    def __init__(self, fd):
        self._fd = fd
        self._pid = os.getpid()

    def fileno(self):
        return self._fd

    def add(self, count):
        if count:
            os.write(self._fd, count.to_bytes(NUMBER_BYTES, sys.byteorder))

    def take(self):
        """Whether there was one."""
        if os.getpid() != self._pid:
            os._exit(1)  # a copy that a test has forked and let go on: it begins nothing
        try:
            if len(os.read(self._fd, NUMBER_BYTES)) == NUMBER_BYTES:
                return True
        except BlockingIOError:
            return False
        except OSError as error:
            leave(error)
        leave("a descriptor is not ours any more")

    def take_all(self):
        """How many there were."""
        count = 0
        while self.take():
            count += 1
        return count
