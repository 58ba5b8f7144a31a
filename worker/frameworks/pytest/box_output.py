"""What a boxed test has written when its process ends unforeseen: files that it shares with the slot.

With --capture=fd pytest's own files are shared. What it captures in memory is written to a file, too; so are
log records and what faulthandler has to say.
"""

import faulthandler
import io
import os
import sys
import tempfile

IN_MEMORY = ("sys", "tee-sys")


class Output:
    """Made in the slot, before the first fork."""

    def __init__(self, config):
        self._method = getattr(config.option, "capture", "no")
        self._capture = config.pluginmanager.get_plugin("capturemanager")
        self._logging = config.pluginmanager.get_plugin("logging-plugin")
        self._stacks = tempfile.TemporaryFile()
        self._log = tempfile.TemporaryFile()
        self._streams = {}
        if self._method in IN_MEMORY:
            self._streams = {name: tempfile.TemporaryFile() for name in ("out", "err")}

    # ---- In the test's process

    def share(self):
        """From now on the slot can read what is written."""
        faulthandler.enable(file=self._stacks)
        for name, file in self._streams.items():
            stream = getattr(self._capture._global_capturing, name).tmpfile
            # The object is the same: the project may have got hold of it.
            io.TextIOWrapper.__init__(
                stream, _Mirrored(file.fileno()), encoding="UTF-8", newline="", write_through=True
            )
        if self._method == "no":
            for stream in (sys.stdout, sys.stderr):
                getattr(stream, "reconfigure", _nothing)(write_through=True)
        handler = getattr(self._logging, "report_handler", None)
        if handler is not None:
            handler.emit = _mirroring(handler, self._log.fileno())

    def begin_phase(self):
        _empty(self._log.fileno())

    # ---- In the slot

    def take(self):
        """[(name, text)] of what was written and not read by the test's process; forgotten by this."""
        out, err = self._captured()
        found = [("stdout", out), ("stderr", err), ("log", _taken(self._log).rstrip("\n"))]
        return [(name, text) for name, text in found if text]

    def take_stacks(self):
        return _taken(self._stacks)

    def _captured(self):
        if self._streams:
            return _taken(self._streams["out"]), _taken(self._streams["err"])
        if (
            self._method == "fd"
            and self._capture is not None
            and self._capture.is_globally_capturing()
        ):
            return self._capture.read_global_capture()
        return "", ""


class _Mirrored(io.BytesIO):
    def __init__(self, descriptor):
        super().__init__()
        self._descriptor = descriptor

    def write(self, data):
        try:
            os.write(self._descriptor, data)
        except OSError:
            pass  # closed by the test: nobody will read it
        return super().write(data)

    def truncate(self, size=None):
        _empty(self._descriptor)
        return super().truncate(size)


def _mirroring(handler, descriptor):
    emit = handler.emit

    def both(record):
        try:
            os.write(descriptor, (handler.format(record) + "\n").encode("utf-8", "replace"))
        except Exception:
            pass  # the handler itself says what is wrong with the record
        emit(record)

    return both


def _empty(descriptor):
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.ftruncate(descriptor, 0)
    except OSError:
        pass


def _taken(file):
    file.seek(0)
    text = file.read().decode("utf-8", "replace")
    _empty(file.fileno())
    return text


def _nothing(**_options):
    """Streams that a project has put there may know no reconfigure()."""
