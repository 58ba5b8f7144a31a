"""What sync_bench.py compares: each brings a project's folder to a copy, and says what that took."""
import contextlib
import getpass
import json
import os
import pathlib
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import time

from pytest_bench import (
    LEFTOVER_SECONDS,
    become_subreaper,
    descendants,
    from_a_fork,
    pss_bytes,
    reap,
)

SAMPLE_SECONDS = 0.01
SSHD = "/usr/sbin/sshd"
PRIVILEGE_FOLDER = pathlib.Path("/run/sshd")  # without it, root's sshd does not start
START_SECONDS = 30.0


# ---- one command, with all of its processes


def cpu_seconds(pid):
    """Of a living process, all of its threads, those that ended as well; without its children."""
    return time.clock_gettime((~pid << 3) | 2)  # what clock_getcpuclockid(3) gives


def children_of(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    return []


def memory_of(roles):
    return {role: sum(map(pss_bytes, pids)) for role, pids in roles.items()}


def watch(argv, cwd, env, server, roles_of):
    """Runs the command to its end; every orphan of it comes to this process."""
    become_subreaper()
    beside = None
    if server:
        beside = subprocess.Popen(server["argv"], stderr=subprocess.DEVNULL)
        wait_for_port(server["port"])
    before = cpu_seconds(beside.pid) if beside else 0.0
    start = time.monotonic()
    with open(cwd / ".." / "output.log", "wb") as output:
        process = subprocess.Popen(
            argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    ended = os.pidfd_open(process.pid)
    peaks = {}
    while not select.select([ended], [], [], SAMPLE_SECONDS if roles_of else None)[0]:
        for role, size in memory_of(roles_of(process.pid)).items():
            peaks[role] = max(peaks.get(role, 0), size)
    wall = time.monotonic() - start
    process.wait()
    if beside:
        beside.terminate()
    reap(time.monotonic() + LEFTOVER_SECONDS)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = usage.ru_utime + usage.ru_stime - before
    return {"wall": wall, "cpu": cpu, "peaks": peaks, "exit_code": process.returncode}


def measure(argv, cwd, env, server=None, roles_of=None, wanted_exit=0):
    """The figures of one command."""
    figures = from_a_fork(lambda: watch(argv, cwd, env, server, roles_of)) or {"exit_code": None}
    if figures["exit_code"] != wanted_exit:
        said = (cwd / ".." / "output.log").read_text(errors="replace")[-2000:]
        raise SystemExit(f"{' '.join(map(str, argv))} ended with {figures['exit_code']}: {said}")
    return figures


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for_port(port):
    deadline = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS).close()
            return
        if time.monotonic() > deadline:
            raise SystemExit(f"nothing listens on port {port} after {START_SECONDS} s")
        time.sleep(0.01)


def plain_environment():
    """Without what others have set, and without files that tests leave in the folder they ran in."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("XGRID_", "PYTEST_", "PYTHON", "RSYNC_"))
    }
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1"}


# ---- the tools


class Rsync:
    """`rsync -a --delete` from one folder to another, without a daemon."""

    name = "rsync"

    def __init__(self, source, folder):
        self.source = source
        self.folder = folder
        self.copy = folder / "copy"

    def close(self):
        pass

    def reset(self):
        shutil.rmtree(self.copy, ignore_errors=True)

    def run(self, with_memory):
        figures = measure(
            ["rsync", "-a", "--delete", "--stats", "--no-h", *self.options(), "./", self.target()],
            self.source,
            plain_environment(),
            server=self.server(),
            roles_of=(lambda pid: {"rsync": descendants()}) if with_memory else None,
        )
        said = (self.source / ".." / "output.log").read_text()
        figures["bytes"] = sum(
            int(count) for count in re.findall(r"^Total bytes (?:sent|received): (\d+)", said, re.M)
        )
        return figures

    def options(self):
        return []

    def target(self):
        return f"{self.copy}/"

    def server(self):
        return None


class RsyncOverSsh(Rsync):
    """The same through an sshd of our own on the loopback. Its start is not counted."""

    name = "rsync, ssh"

    def __init__(self, source, folder):
        super().__init__(source, folder)
        self.port = free_port()
        for name in ("host", "user"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True
            )
        (folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\n"
            f"AuthorizedKeysFile {folder}/user.pub\nPidFile none\nStrictModes no\nUsePAM no\n"
            "PasswordAuthentication no\nPermitRootLogin prohibit-password\n"
        )
        self.made_folder = os.geteuid() == 0 and not PRIVILEGE_FOLDER.exists()
        if self.made_folder:
            PRIVILEGE_FOLDER.mkdir(mode=0o755)

    def close(self):
        if self.made_folder:
            PRIVILEGE_FOLDER.rmdir()

    def options(self):
        words = f"ssh -F none -p {self.port} -i {self.folder}/user -o IdentitiesOnly=yes"
        known = f"-o BatchMode=yes -o StrictHostKeyChecking=no -o LogLevel=ERROR"
        return ["-e", f"{words} {known} -o UserKnownHostsFile={self.folder}/known"]

    def target(self):
        return f"{getpass.getuser()}@127.0.0.1:{self.copy}/"

    def server(self):
        return {"argv": [SSHD, "-D", "-f", self.folder / "sshd_config"], "port": self.port}


class Xgrid:
    """What both ways of xgrid share: a pair of runs, and what the second takes beyond the first."""

    def __init__(self, source, folder, program, python):
        self.source = source
        self.folder = folder
        self.program = program
        self.python = python
        self.turn = 0

    def submit(self, cwd, cache, where, roles_of=None):
        events = self.folder / "events.jsonl"
        argv = [self.program, "submit", "--python", self.python, "--json", events, *where]
        argv += ["-p", "no:cacheprovider", "test_one.py"]
        figures = measure(
            argv, cwd, {**plain_environment(), **self.caches(cache)}, roles_of=roles_of
        )
        for line in events.read_text().splitlines():
            event = json.loads(line)
            if event["event"] == "synced":
                figures["bytes"] = event["bytes_sent"]
                figures["objects"] = event["objects_sent"]
                figures["prepared"] = event["seconds"]
        return figures

    def caches(self, name):
        return {
            "XGRID_CACHE_HOME": str(self.folder / name),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
        }

    def run(self, with_memory):
        if with_memory:
            return self.synced(True)
        self.turn += 1
        if self.turn % 2:
            without, synced = self.without(), self.synced(False)
        else:
            synced, without = self.synced(False), self.without()
        for figure in ("wall", "cpu"):
            synced[f"run {figure}"] = synced[figure]
            synced[figure] -= without[figure]
        return synced


class ByName(Xgrid):
    """`--tx popen//chdir=COPY`, beyond a run of the same test where the files are."""

    name = "xgrid, chdir"

    def __init__(self, *args):
        super().__init__(*args)
        self.copy = self.folder / "copy"

    def close(self):
        pass

    def reset(self):
        for name in ("copy", "cache", "cache-in-place"):
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def without(self):
        return self.submit(self.source, "cache-in-place", ["--tx", "popen"])

    def synced(self, with_memory):
        where = ["--tx", f"popen//chdir={self.copy}"]
        return self.submit(self.source, "cache", where, self.roles if with_memory else None)

    @staticmethod
    def roles(submit):
        # The worker is started first.
        local = sorted(children_of(submit))[:2]
        names = ("worker", "broker")[: len(local)]
        return {"client": [submit], **{name: [pid] for name, pid in zip(names, local)}}


class ByBroker(Xgrid):
    """Through a broker and a worker with caches of their own, on loopback, beyond a run of a project
    that is this test alone. Their CPU time counts; that of the worker's interpreters does not."""

    name = "xgrid, broker"

    def __init__(self, source, folder, program, python, small):
        super().__init__(source, folder, program, python)
        self.small = small
        self.servers = {}

    def reset(self):
        self.close()
        for name in ("cache", "cache-broker", "cache-worker"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        port = free_port()
        self.endpoint = f"tcp://127.0.0.1:{port}"
        self.start("broker", "--bind", self.endpoint)
        wait_for_port(port)
        self.start("worker", "--broker", self.endpoint, "--slots", "1")
        self.without()  # who starts is not measured

    def start(self, role, *args):
        with open(self.folder / f"{role}.log", "ab") as log:
            self.servers[role] = subprocess.Popen(
                [self.program, role, *args],
                env={**plain_environment(), **self.caches(f"cache-{role}")},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def close(self):
        for role in ("worker", "broker"):
            if role in self.servers:
                process = self.servers.pop(role)
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=START_SECONDS)

    @property
    def copy(self):
        (found,) = self.folder.glob(f"cache-worker/workspaces/*/{self.source.name}")
        return found

    def without(self):
        return self.counted(self.small, None)

    def synced(self, with_memory):
        return self.counted(self.source, self.roles if with_memory else None)

    def counted(self, cwd, roles_of):
        before = self.servers_cpu()
        figures = self.submit(cwd, "cache", ["-n", "1", "--broker", self.endpoint], roles_of)
        figures["cpu"] += self.servers_cpu() - before
        return figures

    def servers_cpu(self):
        return sum(cpu_seconds(process.pid) for process in self.servers.values())

    def roles(self, submit):
        pids = {role: [process.pid] for role, process in self.servers.items()}
        return {"client": [submit], **pids}
