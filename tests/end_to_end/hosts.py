"""Hosts to reach with ssh: a real sshd on loopback for each, with its own keys, port, configuration and cache."""

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


class Host:
    """An sshd, and the client's configuration that knows it under a name."""

    def __init__(self, path, name, env=None, settings=(), variables=None):
        self.path = path
        self.name = name
        path.mkdir(parents=True, exist_ok=True)
        self.cache = path / "cache"
        self.config = path / "ssh_config"
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self.host_key = make_key(path / "host_key")
        self.user_key = make_key(path / "user_key")
        self.process = None
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
            lines = ["ListenAddress 127.0.0.1", "Port %d" % self.port, *self._lines]
            (self.path / "sshd_config").write_text("\n".join(lines) + "\n")
            command = [SSHD, "-D", "-e", "-f", str(self.path / "sshd_config")]
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
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def write_config(self, key=None, known=True, more=()):
        known_hosts = self.path / "known_hosts"
        key_text = (self.path / "host_key.pub").read_text()
        known_hosts.write_text("[127.0.0.1]:%d %s" % (self.port, key_text) if known else "")
        lines = [
            "Host %s" % self.name,
            "HostName 127.0.0.1",
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
