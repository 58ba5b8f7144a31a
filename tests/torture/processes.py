"""The broker and the workers: started, killed, stopped, started again; on disks of their own where that is possible."""

import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
BROKER_MB, WORKER_MB = 400, 64


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def children(pid):
    try:
        text = pathlib.Path("/proc/%d/task/%d/children" % (pid, pid)).read_text()
    except OSError:
        return []
    return [int(child) for child in text.split()]


def send(pid, number):
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def may_mount():
    """On root's part of the machine there may still be no right to."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"]).returncode == 0


def has_time_namespaces():
    command = ["unshare", "--time", "--monotonic", "100", "--fork", "true"]
    return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0


class Disk:
    """A small file system, or a folder where nobody may mount one."""

    def __init__(self, path, megabytes, small):
        self.path = path
        self.small = small
        path.mkdir(parents=True)
        if small:
            options = "size=%dm,mode=700" % megabytes
            command = ["mount", "-t", "tmpfs", "-o", options, "xgrid-torture", path]
            subprocess.run(command, check=True)

    def fill(self):
        """At once, whatever its size: those who are to be started or freed meanwhile do not wait."""
        file = os.open(self.path / "filling", os.O_WRONLY | os.O_CREAT, 0o600)
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    os.posix_fallocate(file, os.fstat(file).st_size, size)
            except OSError:
                pass  # no room for that any more
        os.close(file)

    def free(self):
        (self.path / "filling").unlink(missing_ok=True)

    def end(self):
        if self.small:
            subprocess.run(["umount", "-l", self.path], check=True)
            self.small = False


class Program:
    """A process that is started again and again; what it says goes to one file."""

    def __init__(self, command, env, log):
        self.command = command
        self.env = env
        self.log = log
        self.lock = threading.Lock()
        self.process = None
        self.before = []  # what begins the command line: another clock
        self.lives = []  # [begun, ended] in the harness's wall clock
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            log.write(b"---- begins at %.2f\n" % time.time())
            log.flush()
            self.process = subprocess.Popen(
                [*self.before, *map(str, self.command)],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.lives.append([time.time(), None])

    @property
    def pid(self):
        """Of the program itself."""
        own = self.process.pid
        return (children(own) or [own])[0] if self.before else own

    def kill(self):
        send(self.pid, signal.SIGKILL)
        code = self.process.wait(30)
        self.lives[-1][1] = time.time()
        return code

    def end(self):
        """Politely. Its exit code; none: it would not."""
        if self.process.poll() is None:
            send(self.pid, signal.SIGCONT)
            send(self.pid, signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            return None


class Broker(Program):
    def __init__(self, xgrid, path, env, small):
        self.disk = Disk(path / "disk", BROKER_MB, small)
        self.port = free_port()
        self.endpoint = "tcp://127.0.0.1:%d" % self.port
        self.clock = path / "clock"
        self.step(0)
        if FAKETIME.exists():
            # Only what is not monotonic, and anew each time that it is asked for.
            env = {
                **env,
                "LD_PRELOAD": str(FAKETIME),
                "FAKETIME_TIMESTAMP_FILE": str(self.clock),
                "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            }
        command = [xgrid, "broker", "--bind", self.endpoint, "--data", self.disk.path / "data"]
        super().__init__(command, env, path / "broker.log")

    def step(self, seconds):
        self.clock.write_text("%+d\n" % seconds)

    def start_with_clock(self, seconds):
        """With a monotonic clock that is so many seconds ahead, as on a machine that was started at another time."""
        name = ["unshare", "--time", "--monotonic", str(seconds), "--boottime", str(seconds)]
        self.before = [*name, "--fork", "--kill-child"]
        self.start()


class Worker(Program):
    def __init__(self, xgrid, path, name, endpoint, env, small):
        self.name = name
        self.disk = Disk(path / ("disk-" + name), WORKER_MB, small)
        command = [
            xgrid,
            "worker",
            "--broker",
            endpoint,
            "--slots",
            2,
            "--name",
            name,
            "--min-free",
            "4M",
        ]
        command += ["--cache", self.disk.path / "cache", "--cache-size", "40M"]
        env = {**env, "XGRID_CACHE_HOME": str(path / ("home-" + name))}
        super().__init__(command, env, path / (name + ".log"))

    def slots(self):
        """Slot processes: children of the warm interpreter."""
        return [slot for warm in children(self.pid) for slot in children(warm)]


def command_of(pid):
    try:
        return pathlib.Path("/proc/%d/cmdline" % pid).read_bytes()[:200]
    except OSError:
        return b""
