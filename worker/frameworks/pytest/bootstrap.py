# The text of `python3 -c`: takes the runner's files off a descriptor, makes them the package
# xgrid_runner, and starts the warm interpreter, or a slot. Knows nothing of pytest.
# Arguments: the descriptor, xgrid's cache folder or nothing, "slot" for one.
# On the descriptor: four bytes, the length, most significant first, then {"module": "source", ...};
# for a slot the same again, with what it is told.
# Every Python can read this file, and an old one says that it is.
import gc
import json
import marshal
import os
import sys

if sys.version_info < (3, 8):
    TOO_OLD = "Python %d.%d.%d is too old: 3.8 or newer is needed" % sys.version_info[:3]
    os.write(int(sys.argv[1]), (json.dumps({"failed": TOO_OLD}) + "\n").encode("utf-8"))
    sys.exit(1)

from importlib.abc import ExecutionLoader  # noqa: E402
from importlib.util import MAGIC_NUMBER, source_hash, spec_from_loader  # noqa: E402

PACKAGE = "xgrid_runner"


class Sources(ExecutionLoader):
    """Finds and loads the modules that came in; tracebacks show their lines. Once compiled, they are kept."""

    def __init__(self, data, cache_home):
        sources = json.loads(data.decode("utf-8"))
        self.sources = {PACKAGE + "." + name: source for name, source in sources.items()}
        self.sources[PACKAGE] = ""
        self.cache_home = cache_home
        self.compiled_path = ""  # of what is kept, beside other files that can be made again
        self.compiled = {"": MAGIC_NUMBER + source_hash(data)}
        self.wants_keeping = False
        if cache_home:
            name = "%s-%d.code" % (sys.implementation.cache_tag, sys.flags.optimize)
            self.compiled_path = os.path.join(cache_home, "runner", name)
            self._read()

    def _read(self):
        try:
            with open(self.compiled_path, "rb") as file:
                compiled = marshal.load(file)
            if compiled[""] == self.compiled[""]:
                self.compiled = compiled
        except (OSError, ValueError, TypeError, KeyError, EOFError):
            pass  # missing, cut off, or of another kind

    def find_spec(self, name, path=None, target=None):
        if name not in self.sources:
            return None
        return spec_from_loader(name, self, is_package=self.is_package(name))

    def is_package(self, name):
        return name == PACKAGE

    def get_source(self, name):
        return self.sources[name]

    def get_code(self, name):
        if name not in self.compiled:
            self.compiled[name] = super().get_code(name)
            self.wants_keeping = True
        return self.compiled[name]

    def get_filename(self, name):
        return "<xgrid>/%s.py" % name.rpartition(".")[2]


def exactly(fd, count):
    # Not a byte more: what follows are requests, and descriptors come with them.
    data = b""
    while len(data) < count:
        piece = os.read(fd, count - len(data))
        if not piece:
            sys.exit(1)
        data += piece
    return data


def framed(fd):
    return exactly(fd, int.from_bytes(exactly(fd, 4), "big"))


def main(fd, cache_home, role):
    if not role:
        gc.disable()  # until what it imports is frozen
    sys.meta_path.append(Sources(framed(fd), cache_home))
    sys.argv = ["-c"]
    sys.path[0] = os.getcwd()
    if role == "slot":
        from xgrid_runner import fresh

        fresh.main(json.loads(framed(fd).decode("utf-8")))
    else:
        from xgrid_runner import warm

        warm.main(fd)


main(int(sys.argv[1]), sys.argv[2], "".join(sys.argv[3:]))
