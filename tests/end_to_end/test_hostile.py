"""Peers that mean no good, over real sockets: a broker goes on, in bounded memory, and the runs of others go through.

XGRID_HOSTILE_MESSAGES says how many messages they have for it (scripts/torture --hostile says more than are sent here).
"""

import json
import os
import pathlib
import random
import re
import socket
import struct
import subprocess
import time

import brokers
import grid
import pytest

STRANGER = os.environ.get("STRANGER")
MESSAGES = int(os.environ.get("XGRID_HOSTILE_MESSAGES", 20_000))
SEED = 7
# What an ordinary run may take beside them: the machine has few cores, and they take some.
TIMES, MORE_SECONDS = 8, 5
RSS_MB = 500
HEARTBEAT_SECONDS = 5  # shared/socket.cpp

pytestmark = pytest.mark.skipif(
    not STRANGER, reason="STRANGER names no program (see tests/meson.build)"
)

SUITE = """
import time
import pytest
@pytest.mark.parametrize("i", range(40))
def test_quick(i): pass
@pytest.mark.parametrize("i", range(4))
def test_slow(i): time.sleep(0.2)
"""


class Attacked:
    """A broker with a worker and an ordinary user, and those who are up to something."""

    def __init__(self, path, keys):
        self.broker = brokers.Broker(path / "grid", asks=keys)
        self.keys = keys
        self.strangers = []
        self.project = grid.Project(path / "project")
        self.project.write("test_a.py", SUITE)
        if keys:
            self.user = self.broker.as_user(self.broker.allow("ann", "submit"))
            self.worker = self.broker.working()
        else:
            self.user = ["--broker", self.broker.endpoint]
            self.worker = self.broker.worker()
        self.quiet = min(self.ordinary(), self.ordinary())  # the first one starts interpreters

    @property
    def pid(self):
        return self.broker.process.process.pid

    def megabytes(self):
        status = pathlib.Path("/proc/%d/status" % self.pid).read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024

    def cpu(self):
        fields = pathlib.Path("/proc/%d/stat" % self.pid).read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ordinary(self):
        """Seconds that an ordinary run takes."""
        begun = time.monotonic()
        run = self.project.submit("-n", 2, *self.user, "test_a.py")
        assert run.code == 0 and len(run.outcomes) == 44, run.out + run.err
        return time.monotonic() - begun

    def attack(self, what, count=MESSAGES, key=None, seed=SEED, **env):
        command = [STRANGER, self.broker.endpoint, what, count, seed]
        if key:
            command += [self.broker.key, key]
        one = subprocess.Popen(
            [*map(str, command)], env={**os.environ, **env}, stdout=-1, stderr=-2, text=True
        )
        self.strangers.append(one)
        return one

    def goes_on(self):
        """An ordinary run meanwhile, and what the broker takes."""
        took = self.ordinary()
        assert took < TIMES * self.quiet + MORE_SECONDS, (took, self.quiet)
        assert self.megabytes() < RSS_MB

    def end(self):
        for one in self.strangers:
            one.kill()
            one.communicate()
        self.broker.end()


@pytest.fixture
def attacked(tmp_path):
    one = Attacked(tmp_path, keys=False)
    yield one
    one.end()


@pytest.fixture
def guarded(tmp_path):
    one = Attacked(tmp_path, keys=True)
    yield one
    one.end()


def said(stranger):
    out, _ = stranger.communicate(timeout=600)
    assert stranger.returncode == 0, out
    return json.loads(out)


class Plain:
    """TCP connections that speak no ZMTP, or stop in the middle of it."""

    # A greeting, up to where it says how it goes on.
    GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01NULL".ljust(24, b"\0")

    def __init__(self, port, count=100):
        draw = random.Random(SEED)
        self.sockets = []
        for i in range(count):
            one = socket.create_connection(("127.0.0.1", port))
            begin = self.GREETING[: draw.randrange(len(self.GREETING) + 1)]
            noise = draw.randbytes(draw.randrange(5000)) if i % 2 else b""
            try:
                one.sendall(begin + noise)
            except OSError:
                pass  # it has seen enough
            if i % 5 == 0:  # a reset, as if it had died
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.close()
            else:
                self.sockets.append(one)

    def close(self):
        for one in self.sockets:
            one.close()


def test_nonsense_delays_nobody_at_an_open_broker(attacked):
    plain = Plain(attacked.broker.port)
    strangers = [attacked.attack("nonsense", seed=seed) for seed in range(2)]
    attacked.goes_on()
    for one in strangers:
        assert said(one)["sent"] == MESSAGES
    attacked.goes_on()
    plain.close()


def test_floods_that_end_in_the_middle_end_no_broker(attacked):
    attacked.project.write(
        "test_b.py", "import time\ndef test(): time.sleep(%d)" % (HEARTBEAT_SECONDS + 2)
    )
    for what in ("statuses", "asks", "nonsense"):
        for seed in range(3):
            attacked.attack(what, seed=seed)
    for one in attacked.strangers:
        said(one)
    # libzmq says something to each connection so often, also to those that are gone.
    run = attacked.project.submit("-n", 2, *attacked.user, "test_b.py")
    assert run.code == 0, run.out + run.err
    assert attacked.megabytes() < RSS_MB


def test_followers_that_never_read_cost_a_bounded_part_of_memory(attacked):
    attacked.project.write(
        "test_c.py",
        """
        import pathlib, time
        import pytest
        @pytest.mark.parametrize("i", range(40))
        def test_says(i):
            print("x" * 1_000_000)
            assert 0
        """,
    )
    run = attacked.project.submit("-n", 2, *attacked.user, "--no-confirm", "test_c.py")
    assert run.code == 1
    known = run.of("run_started")[0]["run"]
    for seed in range(3):
        attacked.attack("follows", seed=seed, RUN=known)
        attacked.attack("asks", seed=seed)
    attacked.goes_on()
    for one in attacked.strangers:
        said(one)
    attacked.goes_on()


def test_who_shows_no_key_gets_nothing_and_costs_nothing(guarded):
    other = guarded.broker.new_key("mallory")
    plain = Plain(guarded.broker.port)
    before = guarded.cpu()
    strangers = [guarded.attack("nonsense"), guarded.attack("statuses", key=other)]
    guarded.goes_on()
    for one in strangers:
        done = said(one)
        assert done["sent"] == done["heard"] == 0 and done["stuck"]
    # What the ordinary run takes, and turning them away again and again.
    assert guarded.cpu() - before < 5
    assert guarded.broker.audit.count("\n") < 200
    plain.close()


def test_nonsense_of_those_who_may_speak_delays_nobody(guarded):
    roles = ("submit", "work", "read")
    strangers = [
        guarded.attack("nonsense", key=guarded.broker.allow("mallory-" + role, role), seed=seed)
        for seed, role in enumerate(roles)
    ]
    guarded.goes_on()
    for one in strangers:
        assert said(one)["sent"] == MESSAGES
    guarded.goes_on()


def test_runs_beyond_what_a_user_may_have_are_refused_at_little_cost(guarded):
    key = guarded.broker.allow("mallory", "submit")
    before = guarded.cpu()
    stranger = guarded.attack("submits", key=key)
    guarded.goes_on()
    assert said(stranger)["sent"] == MESSAGES
    guarded.goes_on()
    spent = guarded.cpu() - before
    command = [grid.XGRID, "runs", "--json", *guarded.user]
    runs = json.loads(subprocess.run(command, stdout=-1, env=guarded.project.env).stdout)
    theirs = [run for run in runs if run["user"] == "mallory"]
    assert 0 < len(theirs) <= 100
    assert spent < 10 + MESSAGES * 500e-6, spent
