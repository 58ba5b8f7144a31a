"""The slot's end of its socket to the worker: JSON lines both ways.

Owns the bytes and the orders that wait; knows nothing of tests. If the worker is gone, nothing that
a test could still do is of use to anyone: the process ends at once.
"""

import json
import os
import select
import socket

PIECE_BYTES = 64 * 1024


class Channel:
    """What is said is collected and goes out with the next flush, in one write."""

    def __init__(self, fd, permits):
        """`permits`: for the jobs; each order comes with one, which the worker may take back."""
        self._pid = os.getpid()
        self._socket = socket.socket(fileno=fd)
        self._arrived = select.poll()
        self._arrived.register(fd, select.POLLIN)
        self._to_begin = select.poll()
        for descriptor in (fd, permits.fileno()):
            self._to_begin.register(descriptor, select.POLLIN)
        self._text = b""
        self._out = []
        self._waiting = []
        self._permits = permits

    def say(self, *message):
        self._out.append(encoded(message))

    def say_line(self, line):
        """For the hot path: a line of JSON that is known to be good."""
        self._out.append(line)

    def flush(self):
        if self._out:
            data = "".join(self._out).encode("ascii")
            self._out.clear()
            if os.getpid() != self._pid:
                os._exit(1)  # a copy that a test has forked and let go on: it speaks for nobody
            try:
                self._socket.sendall(data)
            except OSError as error:
                leave(error)

    def close(self):
        """In a copy of the process, which has nothing to say to the worker."""
        self._socket.close()

    def next_order(self):
        """Waits for it."""
        self.flush()
        while not self._permits.take():
            self._to_begin.poll()
            self._look()
        # A permit comes when its order has been sent, and so has all that was withdrawn before.
        self._look()
        return self._waiting.pop(0)

    def _look(self):
        while self._arrived.poll(0):
            self._read()

    def _read(self):
        try:
            data = self._socket.recv(PIECE_BYTES)
        except OSError as error:
            leave(error)
        if not data:
            os._exit(1)
        *lines, self._text = (self._text + data).split(b"\n")
        for line in lines:
            if line.strip():
                self._take(json.loads(line.decode("utf-8")))

    def _take(self, order):
        if "withdraw" in order:
            self._waiting = [one for one in self._waiting if one["job"] != order["withdraw"]]
        else:
            self._waiting.append(order)


def leave(error):
    # Most often a test has closed descriptors that are not its own.
    try:
        os.write(2, b"the connection to the worker failed: %s\n" % str(error).encode())
    except OSError:
        pass
    os._exit(1)


def encoded(message):
    """A line of ASCII; lone surrogates, which no reader of JSON has to take, become escapes."""
    return json.dumps(clean(message)) + "\n"


def clean(value):
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(str(key)): clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(item) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return clean_text(str(value))


def clean_text(text):
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
    return str(text)
