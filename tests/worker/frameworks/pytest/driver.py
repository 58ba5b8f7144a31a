"""Plays the worker: starts the real interpreter with the real bootstrap, hands it descriptors, gives orders.

Waits by reading with a deadline; never sleeps.
"""

import array
import collections
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile

RUNNER = next(
    parent / "worker" / "frameworks" / "pytest"
    for parent in pathlib.Path(__file__).resolve().parents
    if (parent / "worker" / "frameworks" / "pytest" / "bootstrap.py").is_file()
)
DEADLINE_SECONDS = 60


class Lines:
    """JSON lines over a socket."""

    def __init__(self, end):
        self.socket = end
        self.socket.settimeout(DEADLINE_SECONDS)
        self._file = end.makefile("rb")

    def read(self):
        """The next one; None at the end."""
        line = self._file.readline()
        return json.loads(line) if line else None

    def write(self, *messages):
        self.socket.sendall("".join(json.dumps(message) + "\n" for message in messages).encode())

    def close(self):
        self._file.close()
        self.socket.close()


class Interpreter:
    """A warm interpreter; `ready` is what it first said."""

    def __init__(self, cwd, env=None, changed=(), cache=None):
        """`changed`: (module, text in it, other text), to shorten a limit."""
        ours, theirs = socket.socketpair()
        sources = {path.stem: path.read_text(encoding="utf-8") for path in RUNNER.glob("*.py")}
        for module, old, new in changed:
            assert old in sources[module]
            sources[module] = sources[module].replace(old, new)
        cache = cache or pathlib.Path(cwd, "cache")
        self.process = subprocess.Popen(
            [sys.executable, "-c", sources["bootstrap"], str(theirs.fileno()), str(cache)],
            pass_fds=[theirs.fileno()],
            cwd=str(cwd),
            env={**os.environ, **(env or {})},
        )
        theirs.close()
        self.lines = Lines(ours)
        blob = json.dumps(sources).encode()
        ours.sendall(len(blob).to_bytes(4, "big") + blob)
        self.ready = self.lines.read()
        self._keys = 0

    def slot(self, cwd, *args, **more):
        """Asks for a slot and waits until it has begun."""
        self._keys += 1
        ours, theirs = socket.socketpair()
        args = [str(arg) for arg in args]
        out = self.request(theirs, **{"key": self._keys, "cwd": str(cwd), "args": args, **more})
        theirs.close()
        started = self.answer("started", self._keys)
        return Slot(self, ours, self._keys, started["pid"], out, self.permits)

    def request(self, end, **more):
        """Asks for a slot; the file that it will print to. What it may begin is in `permits`: for jobs, for tests."""
        start = {
            "run": "r",
            "slot": "gw0",
            "env": {},
            "workers": 2,
            "args": [],
            "testrunuid": "uid",
        }
        out = tempfile.TemporaryFile()
        line = json.dumps({"start": {**start, **more}}).encode() + b"\n"
        flags = os.EFD_SEMAPHORE | os.EFD_NONBLOCK | os.EFD_CLOEXEC
        self.permits = [os.eventfd(0, flags) for _kind in ("jobs", "tests")]
        rights = array.array("i", [end.fileno(), out.fileno(), out.fileno(), *self.permits])
        self.lines.socket.sendmsg([line], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        return out

    def answer(self, kind, key):
        """What it said of that slot; what it says of others, whose tests may have failed, is passed over."""
        while True:
            message = self.lines.read()
            assert message is not None, "the warm interpreter ended"
            if message.get(kind) == key:
                return message

    def close(self):
        self.lines.close()
        self.process.wait(DEADLINE_SECONDS)


class Slot:
    """One slot; `seen` is everything it said."""

    def __init__(self, interpreter, end, key, pid, out, permits):
        self.interpreter = interpreter
        self.key = key
        self.lines = Lines(end)
        self.pid = pid
        self.out = out
        self._jobs, self._tests = permits
        self.seen = []
        self.first = self.read()
        self._job = 0

    def read(self):
        message = self.lines.read()
        if message is not None:
            self.seen.append(message)
        return message

    def until(self, kind, job=None):
        """The next message of that kind; fails if the slot ends before."""
        while True:
            message = self.read()
            assert message is not None, "the slot ended before it said %r: %r" % (
                kind,
                self.seen[-5:],
            )
            if message[0] == kind and job in (None, message[1]):
                return message

    def order(self, kind, **more):
        self._job += 1
        self.lines.write({"job": self._job, "kind": kind, **more})
        os.eventfd_write(self._jobs, 1)
        return self._job

    def take_job_back(self, job):
        """The last one that was ordered and not begun."""
        os.eventfd_read(self._jobs)
        self.lines.write({"withdraw": job})

    def take_tests_back(self, count):
        """Of those that the job has not begun, the last ones; how many there were."""
        return _taken(self._tests, count)

    def unit(self, unit, mode="all", tests=()):
        return self.order("unit", unit=unit, mode=mode, tests=list(tests))

    def enumerate(self):
        """(units, the `end` facts)"""
        job = self.order("enumerate")
        end = self.until("end", job)
        return [name for message in self.of("units") for name in message[2]], end[2]

    def run(self, unit, mode="all", tests=()):
        """Runs a unit; its `end` facts."""
        return self.until("end", self.unit(unit, mode, tests))[2]

    def run_all(self):
        assert self.first[0] == "up", self.first
        units, end = self.enumerate()
        assert not end["error"], end
        for unit in units:
            self.run(unit)
        return self

    def finish(self):
        """Orders the end and waits for it; the raw wait status."""
        self.until("end", self.order("finish"))
        return self.exited()

    def exited(self):
        while self.read() is not None:
            pass
        message = self.interpreter.answer("exited", self.key)
        assert message["pid"] == self.pid, message
        self.lines.close()
        return message["status"]

    def output(self):
        self.out.seek(0)
        return self.out.read().decode()

    def of(self, kind):
        return [message for message in self.seen if message[0] == kind]

    def found(self, job=None):
        tests = collections.defaultdict(list)
        for message in self.of("found"):
            tests[message[1]].extend(message[2])
        return tests if job is None else tests[job]

    def done(self):
        """[(id, verdict, details)] in order; a repeated id is [id, occurrence]."""
        tests = self.found()
        return [
            (tests[message[1]][message[2]], message[3], message[5]) for message in self.of("done")
        ]

    def verdicts(self):
        return {
            test if isinstance(test, str) else tuple(test): verdict
            for test, verdict, _details in self.done()
        }

    def counted(self):
        """Counter of (id, category) as pytest's terminal counts them."""
        counts = collections.Counter()
        for test, verdict, details in self.done():
            name = test if isinstance(test, str) else test[0]
            phases = (details or {}).get("phases", [])
            for phase in phases:
                counts[name, phase["category"]] += 1
            if verdict in ("passed", "error") and all(
                phase["when"] == "teardown" for phase in phases
            ):
                counts[name, "passed"] += 1
        for _late, _job, name, _occurrence, phase in self.of("late"):
            counts[name, phase["category"]] += 1
        return counts


def _taken(permits, most):
    for taken in range(most):
        try:
            os.eventfd_read(permits)
        except BlockingIOError:
            return taken
    return most
