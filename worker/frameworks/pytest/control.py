"""One end of a control socket: JSON lines, and the descriptors that come with them.

Knows nothing of what a request means.
"""

import array
import json
import os
import socket

DESCRIPTORS = 5  # of each request: slot socket, stdout, stderr, permits for jobs and for tests
PIECE_BYTES = 64 * 1024


class Control:
    """Requests in, answers out. Descriptors belong to the request whose bytes they came with."""

    def __init__(self, fd):
        self._socket = socket.socket(fileno=fd)
        self._socket.setblocking(True)
        os.set_inheritable(fd, False)
        self._text = b""
        self._descriptors = []

    def fileno(self):
        return self._socket.fileno()

    def say(self, message, descriptors=()):
        line = json.dumps(message).encode("ascii") + b"\n"
        if descriptors:
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))
            line = line[self._socket.sendmsg([line], [rights]) :]
        self._socket.sendall(line)

    def receive(self):
        """The requests that are complete now, as (message, descriptors); None when the worker is gone."""
        # The kernel never joins two messages that both carry descriptors, and hands a message's
        # descriptors out with its first byte: taken in order they are the requests' own.
        try:
            data, ancillary, _flags, _from = self._socket.recvmsg(
                PIECE_BYTES, socket.CMSG_SPACE(64)
            )
        except ConnectionError:
            return None
        for level, kind, payload in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self._descriptors.extend(_integers(payload))
        if not data:
            return None
        *lines, self._text = (self._text + data).split(b"\n")
        return [self._request(line) for line in lines if line.strip()]

    def _request(self, line):
        message = json.loads(line.decode("utf-8"))
        count = DESCRIPTORS if "start" in message else 0
        descriptors = self._descriptors[:count]
        del self._descriptors[:count]
        return message, descriptors

    def forget(self):
        """Drops the socket without closing its number, which the child has closed and may use again."""
        self._socket.detach()


def _integers(payload):
    numbers = array.array("i")
    numbers.frombytes(payload[: len(payload) - len(payload) % numbers.itemsize])
    return numbers
