"""Brokers that ask for keys, workers that join them, and `xgrid keys`."""

import os
import re
import socket
import subprocess

import grid


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def keys(*args, env=None):
    """xgrid keys, as it has ended."""
    return subprocess.run(
        [grid.XGRID, "keys", *map(str, args)],
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=grid.DEADLINE_SECONDS,
        text=True,
    )


def done(ended):
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout.strip()


class Process:
    """What it prints goes to files; nothing that it starts is left."""

    def __init__(self, path, *command, env=None):
        self.path = path
        path.mkdir(parents=True)
        self.mark = grid.Mark()
        self.err = path / "err"
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("XGRID_")
        }
        inherited["XGRID_CACHE_HOME"] = str(grid.share(path / "home", grid.COMPILED))
        with open(path / "out", "w") as out, open(self.err, "w") as err:
            self.process = subprocess.Popen(
                [grid.XGRID, *map(str, command)],
                env={**inherited, **(env or {}), **self.mark.env},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    def says(self, text, seconds=grid.DEADLINE_SECONDS):
        return grid.until(lambda: text in self.err.read_text(), seconds)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(timeout=grid.DEADLINE_SECONDS)
        assert self.mark.gone(), "left running: %s" % self.mark.pids()
        return code


class Broker:
    def __init__(self, path, *args, bind="tcp://127.0.0.1", asks=True):
        self.path = path
        self.data = path / "data"
        self.people = path / "people"
        self.people.mkdir(parents=True)
        self.port = free_port()
        self.endpoint = "tcp://127.0.0.1:%d" % self.port
        self.started = []
        more = ["--keys"] if asks else []
        self.process = self.start(
            "broker",
            *("broker", "--bind", "%s:%d" % (bind, self.port), "--data", self.data),
            *more,
            *args,
        )
        assert self.process.says("listening on"), self.process.err.read_text()
        self.key = None
        if asks:
            assert self.process.says("--broker-key ")
            said = self.process.err.read_text()
            self.key = re.search(r"--broker-key (\S+)", said).group(1)

    def start(self, name, *command, env=None):
        path = self.path / ("%s-%d" % (name, len(self.started)))
        self.started.append(Process(path, *command, env=env))
        return self.started[-1]

    def new_key(self, name):
        """The file of a new key, which is not allowed yet."""
        path = self.people / name
        done(keys("new", "--name", name, path))
        return path

    def allow(self, name, role):
        path = self.new_key(name)
        done(keys("allow", path, "--name", name, "--role", role, "--data", self.data))
        return path

    def revoke(self, name):
        done(keys("revoke", name, "--data", self.data))

    def token(self, *more):
        return done(keys("token", "--role", "work", "--data", self.data, *more))

    def as_user(self, key):
        """Options of submit."""
        return ["--broker", self.endpoint, "--broker-key", self.key, "--key", key]

    def worker(self, *args, slots=2, env=None):
        cache = self.path / ("cache-%d" % len(self.started))
        return self.start(
            "worker",
            *("worker", "--broker", self.endpoint, "--slots", slots, "--cache", cache),
            *args,
            env=env,
        )

    def working(self, slots=2):
        """A worker that is allowed."""
        key = self.allow("worker-%d" % len(self.started), "work")
        return self.worker("--broker-key", self.key, "--key", key, slots=slots)

    @property
    def audit(self):
        log = self.data / "audit.log"
        return log.read_text() if log.exists() else ""

    def end(self):
        for one in reversed(self.started):
            one.end()
