"""From a boxed test's process to its slot: pickles with their length before them.

Both are the same program up to the fork. What the slot could not read, or only by importing something, is sent as text.
"""

import io
import os
import pickle
import struct
import sys

_LENGTH = struct.Struct("!Q")
PIECE_BYTES = 64 * 1024


class Writer:
    """The test's end."""

    def __init__(self, descriptor):
        self._descriptor = descriptor
        self._pid = os.getpid()
        self._known = set(sys.modules)

    def say(self, kind, content=None):
        """The content must be of plain types."""
        if os.getpid() != self._pid:
            os._exit(1)  # a copy that the test has forked and let go on: it speaks for nobody
        data = pickle.dumps((kind, content), pickle.HIGHEST_PROTOCOL)
        data = _LENGTH.pack(len(data)) + data
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError as error:
            _leave(error)

    def packed(self, value):
        """The value as bytes that the slot can unpack; None if it cannot."""
        try:
            data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
            unpacked(data, self._known)
            return data
        except Exception:
            return None

    def packed_attributes(self, value):
        """{name: bytes or the attribute's text}"""
        attributes = {}
        for name, attribute in value.__dict__.items():
            data = self.packed(attribute)
            attributes[name] = data if data is not None else self._as_text(name, attribute)
        return attributes

    def _as_text(self, name, attribute):
        if name == "user_properties":
            return self.packed([self._property(entry) for entry in attribute])
        return _text(attribute)

    def _property(self, entry):
        return entry if self.packed(entry) is not None else tuple(_text(part) for part in entry)


class Reader:
    """The slot's end, which never waits."""

    def __init__(self, descriptor):
        self._descriptor = descriptor
        self._data = bytearray()
        os.set_blocking(descriptor, False)

    def read(self):
        """([(kind, content)] of what is complete, whether there may be more)"""
        is_open = True
        while True:
            try:
                data = os.read(self._descriptor, PIECE_BYTES)
            except BlockingIOError:
                break
            if not data:
                is_open = False
                break
            self._data += data
        return list(self._messages()), is_open

    def _messages(self):
        while len(self._data) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._data)
            end = _LENGTH.size + length
            if len(self._data) < end:
                return
            yield pickle.loads(bytes(self._data[_LENGTH.size : end]))
            del self._data[:end]


def unpacked(data, modules=None):
    """The value; imports nothing but what is loaded (`modules`; None: as of now)."""
    return _Loaded(io.BytesIO(data), sys.modules if modules is None else modules).load()


class _Loaded(pickle.Unpickler):
    def __init__(self, file, modules):
        super().__init__(file)
        self._modules = modules

    def find_class(self, module, name):
        if module not in self._modules:
            raise pickle.UnpicklingError("not loaded: " + module)
        return super().find_class(module, name)


def _text(value):
    try:
        return str(value)
    except Exception as error:
        return "<%s: its str() raised %s>" % (type(value).__name__, type(error).__name__)


def _leave(error):
    # Most often the test has closed descriptors that are not its own.
    try:
        os.write(2, b"the connection to the slot failed: %s\n" % str(error).encode())
    except OSError:
        pass
    os._exit(1)
