"""Hosts to reach with ssh: a real sshd on loopback for each, with its own keys, port, configuration and cache."""

import itertools
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import time

import pytest

import grid

SSHD = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
SSH = shutil.which("ssh")

needs_sshd = pytest.mark.skipif(
    not (SSHD and SSH), reason="sshd is not installed here (scripts/setup does it)"
)


def make_key(path, comment="xgrid"):
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)], check=True
    )
    return path


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Namespace:
    """A network of its own, with a cable to this one's that can be pulled."""

    def __init__(self):
        number = os.getpid() % 4000 * 16 + next(Namespace._numbers) % 16  # a /30 of 198.18.0.0/14
        octets = lambda last: ".".join(
            map(str, ((198 << 24 | 18 << 16) + number * 4 + last).to_bytes(4, "big"))
        )
        self.address = octets(2)
        self.name = "xgrid-%x" % number
        self.here, there = "xgh%x" % number, "xgt%x" % number
        self.command = ["ip", "netns", "exec", self.name]
        self._ip("netns", "add", self.name)
        self._ip(
            "link", "add", self.here, "type", "veth", "peer", "name", there, "netns", self.name
        )
        self._ip("address", "add", octets(1) + "/30", "dev", self.here)
        self._ip("link", "set", self.here, "up")
        inside = ("-n", self.name)
        self._ip(*inside, "address", "add", self.address + "/30", "dev", there)
        self._ip(*inside, "link", "set", there, "up")
        self._ip(*inside, "link", "set", "lo", "up")

    _numbers = itertools.count()

    @staticmethod
    def _ip(*words):
        done = subprocess.run(["ip", *words], stderr=subprocess.PIPE)
        if done.returncode:
            raise OSError("ip %s: %s" % (" ".join(words), done.stderr.decode().strip()))

    def pull_the_cable(self):
        self._ip("link", "set", self.here, "down")

    def remove(self):
        subprocess.run(["ip", "link", "del", self.here], stderr=subprocess.DEVNULL)
        subprocess.run(["ip", "netns", "del", self.name], stderr=subprocess.DEVNULL)


class Host:
    """An sshd, and the client's configuration that knows it under a name."""

    def __init__(self, path, name, env=None, settings=(), variables=None, within=None, bare=False):
        """`within`: a network namespace to be in, or a command that sshd is started by. `bare`: xgrid's program was
        never brought there; else it is brought to one host of all, unless `variables` have another cache.
        """
        self.path = path
        self.name = name
        path.mkdir(parents=True, exist_ok=True)
        self.cache = grid.share(path / "cache", grid.COMPILED, *([] if bare else ["programs"]))
        self.config = path / "ssh_config"
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self.host_key = make_key(path / "host_key")
        self.user_key = make_key(path / "user_key")
        self.process = None
        self.address = within.address if isinstance(within, Namespace) else "127.0.0.1"
        self._start = within.command if isinstance(within, Namespace) else list(within or [])
        self._env = env or {}
        variables = {"XGRID_CACHE_HOME": self.cache, **(variables or {})}
        given = " ".join('"%s=%s"' % pair for pair in {**variables, **self._env}.items())
        shutil.copy(str(path / "user_key.pub"), str(path / "authorized_keys"))
        self._lines = [
            "HostKey %s" % self.host_key,
            "AuthorizedKeysFile %s" % (path / "authorized_keys"),
            "PidFile none",
            "StrictModes no",
            "UsePAM no",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PermitRootLogin prohibit-password",
            "SetEnv %s" % given,
            "LogLevel ERROR",
            *settings,
        ]

    def start(self):
        if os.getuid() == 0:
            pathlib.Path("/run/sshd").mkdir(exist_ok=True)  # sshd insists on it, for root
        for _ in range(20):  # another may take the port meanwhile
            self.port = free_port()
            lines = ["ListenAddress %s" % self.address, "Port %d" % self.port, *self._lines]
            (self.path / "sshd_config").write_text("\n".join(lines) + "\n")
            command = [*self._start, SSHD, "-D", "-e", "-f", str(self.path / "sshd_config")]
            log = (self.path / "log").open("wb")
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
            if grid.until(lambda: self._answers() or self.process.poll() is not None, 20):
                if self.process.poll() is None:
                    break
        else:
            raise AssertionError("no sshd: " + (self.path / "log").read_text())
        self.write_config()
        return self

    def _answers(self):
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((self.address, self.port)) == 0

    def write_config(self, key=None, known=True, more=()):
        known_hosts = self.path / "known_hosts"
        key_text = (self.path / "host_key.pub").read_text()
        known_hosts.write_text("[%s]:%d %s" % (self.address, self.port, key_text) if known else "")
        lines = [
            "Host %s" % self.name,
            "HostName %s" % self.address,
            "Port %d" % self.port,
            "User %s" % self.user,
            "IdentityFile %s" % (key or self.user_key),
            "IdentitiesOnly yes",
            "IdentityAgent none",
            "UserKnownHostsFile %s" % known_hosts,
            "GlobalKnownHostsFile /dev/null",
            *more,
        ]
        self.config.write_text("\n    ".join(lines) + "\n")

    @property
    def spec(self):
        return "ssh=%s//ssh_config=%s" % (self.name, self.config)

    def sessions(self):
        """sshd's processes for those who are logged in."""
        return grid.children(self.process.pid) if self.process else []

    def programs(self):
        """What is in its cache of programs."""
        return sorted((self.cache / "programs").glob("*"))

    def stop(self):
        if self.process is None:
            return
        for pid in self.sessions():
            try:
                os.kill(pid, 15)
            except ProcessLookupError:
                pass
        self.process.terminate()
        self.process.wait(20)
