# The text of `python3 -c`: takes the runner's files off a descriptor, makes them the package
# xgrid_runner, and starts the warm interpreter, or a slot. Knows nothing of pytest.
# On the descriptor: four bytes, the length, most significant first, then {"module": "source", ...};
# for a slot the same again, with what it is told.
import json
import os
import sys
from importlib.abc import ExecutionLoader
from importlib.util import spec_from_loader

PACKAGE = "xgrid_runner"


class Sources(ExecutionLoader):
    """Finds and loads the modules that came in; tracebacks show their lines."""

    def __init__(self, sources):
        self.sources = {PACKAGE + "." + name: source for name, source in sources.items()}
        self.sources[PACKAGE] = ""

    def find_spec(self, name, path=None, target=None):
        if name not in self.sources:
            return None
        return spec_from_loader(name, self, is_package=self.is_package(name))

    def is_package(self, name):
        return name == PACKAGE

    def get_source(self, name):
        return self.sources[name]

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
    size = int.from_bytes(exactly(fd, 4), "big")
    return json.loads(exactly(fd, size).decode("utf-8"))


def main(fd, role):
    sys.meta_path.append(Sources(framed(fd)))
    sys.argv = ["-c"]
    sys.path[0] = os.getcwd()
    if role == "slot":
        from xgrid_runner import fresh

        fresh.main(framed(fd))
    else:
        from xgrid_runner import warm

        warm.main(fd)


main(int(sys.argv[1]), "".join(sys.argv[2:]))
