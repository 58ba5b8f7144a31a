"""A broker as a service: its broker.toml, its limits, SIGHUP, and what it answers to HTTP."""

import json
import os
import pty
import signal
import socket
import stat
import subprocess
import time

import grid
import pytest

import brokers

WAITS = """
import pathlib, time
import pytest

@pytest.mark.parametrize("i", range(10))
def test_waits(i):
    while not pathlib.Path(%r).exists():
        time.sleep(0.01)
"""


def attempt(*args):
    """xgrid broker, which is to end by itself."""
    return subprocess.run(
        [grid.XGRID, "broker", *map(str, args)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=30,
        text=True,
    )


# ---- broker.toml


@pytest.mark.parametrize(
    "text, said",
    [
        ("bnd = 1", "line 1: there is no key bnd (there are bind, http,"),
        ("\nbind = 1", "line 2: bind: wanted an endpoint such as"),
        ("[limits]\nopen-runs = 0", "line 2: limits.open-runs: wanted a whole number from 1 on"),
        ("[limits]\nopen-runs = '5'", 'wanted a whole number from 1 on, found "5"'),
        ("[users.ann]\nweight = -1", "line 2: users.ann.weight: wanted a number from 0.001 on"),
        ("[keep]\nage = 'soon'", "line 2: keep.age: wanted a time such as"),
        ("[lease]\nworker = 1", "line 2: lease.worker: wanted a time"),
        ("a = = 1", "line 1: "),
        ("keys = true\ninsecure = true", "line 2: insecure and keys: only one of them can be"),
    ],
)
def test_what_is_wrong_in_broker_toml_is_named(tmp_path, text, said):
    (tmp_path / "broker.toml").write_text(text)
    done = attempt("--data", tmp_path)
    assert done.returncode == 4
    assert done.stderr.startswith("xgrid: %s/broker.toml: line " % tmp_path)
    assert said in done.stderr and done.stderr.count("\n") == 1
    (tmp_path / "broker.toml").rename(tmp_path / "other.toml")
    done = attempt("--data", tmp_path / "data", "--config", tmp_path / "other.toml")
    assert done.returncode == 4 and said in done.stderr


def test_a_file_that_is_named_has_to_be_there(tmp_path):
    done = attempt("--data", tmp_path, "--config", tmp_path / "none.toml")
    assert done.returncode == 4
    assert done.stderr == "xgrid: cannot read %s/none.toml: there is no such file\n" % tmp_path


def test_help_shows_each_limit_with_its_default():
    done = attempt("--help")
    assert done.returncode == 0
    for line in ("open-runs = 100 ", "queued-tests = 1000000 ", 'age = "30d" ', 'worker = "10s" '):
        assert line in done.stdout
    assert "SIGHUP" in done.stdout and "--http" in done.stdout


def test_options_stand_in_the_file_and_the_command_line_wins(serve, tmp_path):
    port = brokers.free_port()
    file = tmp_path / "some.toml"
    file.write_text(
        'bind = "tcp://127.0.0.1:%d"\nkeys = true\nhttp = "127.0.0.1:0"\ndata = "there"\n' % port
    )
    mine = brokers.Process(tmp_path / "mine", "broker", "--config", file)
    assert mine.says("answers to HTTP on 127.0.0.1:")
    assert mine.says("listening on tcp://127.0.0.1:%d\n" % port)
    assert mine.says("asks for keys")
    assert mine.end() == 0
    assert (tmp_path / "there" / "journal.db").exists()
    # --bind is what brokers.Broker gives.
    broker = serve('bind = "tcp://127.0.0.1:%d"' % port)
    assert broker.endpoint != "tcp://127.0.0.1:%d" % port
    assert "listening on %s\n" % broker.endpoint in broker.said
    assert broker.ask("runs") == []


# ---- Limits, and SIGHUP


def test_a_user_has_as_many_open_runs_as_the_file_says(project, serve, runs, tmp_path):
    project.write("test_a.py", "def test_a(): pass")
    broker = serve("[users.ann]\nopen-runs = 1\n", asks=True)
    ann, bob = broker.allow("ann", "submit"), broker.allow("bob", "submit,read")
    runs.append(project.start(*broker.as_user(ann), "-n", 1))
    runs.append(project.start(*broker.as_user(bob), "-n", 1))
    runs.append(project.start(*broker.as_user(bob), "-n", 1))
    submitted = lambda: broker.audit.count(" submit user=")
    assert grid.until(lambda: submitted() == 3)
    second = project.submit(*broker.as_user(ann), "-n", 1)
    assert second.code == 3
    assert "ann has 1 runs that are not over, and may have no more" in second.out + second.err
    # Others count from SIGHUP on.
    broker.read_again("[users.ann]\nopen-runs = 2\n")
    runs.append(project.start(*broker.as_user(ann), "-n", 1))
    assert grid.until(lambda: submitted() == 4)


def test_with_too_many_open_tests_there_is_no_other_run(project, serve, runs, tmp_path):
    go = tmp_path / "go"
    project.write("test_a.py", WAITS % str(go))
    broker = serve("[limits]\nqueued-tests = 5\n", asks=True)
    ann = broker.allow("ann", "submit")
    broker.working(slots=1)
    first = project.start(*broker.as_user(ann), "-n", 1)
    runs.append(first)

    def open_tests():
        done = subprocess.run(
            [grid.XGRID, "runs", "--json", *broker.as_user(ann)], stdout=subprocess.PIPE
        )
        return done.returncode == 0 and sum(run["open"] for run in json.loads(done.stdout))

    assert grid.until(lambda: open_tests() == 10)
    second = project.submit(*broker.as_user(ann), "-n", 1)
    assert second.code == 3
    said = "ann has 10 tests that are not over, and with more than 5 may submit no other run"
    assert said in second.out + second.err
    go.touch()
    assert grid.ended(first).code == 0
    assert project.submit(*broker.as_user(ann), "-n", 1).code == 0


def test_a_users_slots_are_what_the_file_says(project, serve, runs, tmp_path):
    go = tmp_path / "go"
    for name in "abcd":
        project.write("test_%s.py" % name, WAITS % str(go))
    broker = serve("[users.ann]\nslots = 1\n", "--http", "127.0.0.1:0", asks=True)
    ann = broker.allow("ann", "submit")
    broker.working(slots=3)
    token = (broker.data / "http-token").read_text().strip()
    used = lambda: broker.desired(token=token)["slots"]["used"]
    runs.append(project.start(*broker.as_user(ann), "-n", 3))
    assert grid.until(lambda: used() == 1)
    broker.read_again("[users.ann]\nslots = 2\n")
    assert grid.until(lambda: used() == 2)
    go.touch()
    assert grid.ended(runs[0]).code == 0


def test_a_broken_file_is_told_and_the_old_rules_stay(project, serve, runs):
    project.write("test_a.py", "def test_a(): pass")
    broker = serve("[limits]\nopen-runs = 1\n", asks=True)
    ann = broker.allow("ann", "submit")
    said = broker.read_again("[limits]\nopen-runs = 'many'\n", says="goes on with the rules as")
    assert "%s: line 2: limits.open-runs: wanted" % broker.config in said
    runs.append(project.start(*broker.as_user(ann), "-n", 1))
    assert grid.until(lambda: " submit user=ann " in broker.audit)
    assert project.submit(*broker.as_user(ann), "-n", 1).code == 3
    said = broker.read_again("[limits]\nopen-runs = 9\n")
    assert "next start" not in said
    assert "next start" in broker.read_again("[lease]\nworker = 60\n")


def test_a_broker_whose_terminal_goes_ends(tmp_path):
    master, end = pty.openpty()
    process = subprocess.Popen(
        [grid.XGRID, "broker", "--data", tmp_path, "--bind", "ipc://%s/grid" % tmp_path],
        stdin=end,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    os.close(end)
    try:
        assert b"listening on" in process.stderr.readline()
        process.send_signal(signal.SIGHUP)  # by itself it is no reason
        assert b"goes on with the rules in" in process.stderr.readline()
        os.close(master)
        process.send_signal(signal.SIGHUP)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.communicate()


# ---- What it keeps, and how long it waits


def test_results_go_by_what_the_file_says(project, serve):
    project.write("test_a.py", "def test_a(): pass")
    broker = serve()
    broker.worker(slots=1)
    assert project.submit("--broker", broker.endpoint, "-n", 1).code == 0
    assert [run["state"] for run in broker.ask("runs")] == ["over"]
    # Older than a second it may be a moment later.
    assert grid.until(lambda: broker.read_again("[keep]\nage = 1\n") and not broker.ask("runs"))


def test_a_worker_is_lost_when_the_file_says_so(project, serve, runs, tmp_path):
    go, events = tmp_path / "go", tmp_path / "events"
    project.write("test_a.py", WAITS % str(go))
    broker = serve("[lease]\nworker = 3\n")
    worker = broker.worker(slots=1)
    run = project.start("--broker", broker.endpoint, "-n", 1, "--json", events)
    runs.append(run)
    assert grid.until(lambda: events.exists() and "test_started" in events.read_text())
    worker.process.send_signal(signal.SIGSTOP)
    try:
        assert grid.until(lambda: " for 3 s" in events.read_text()), events.read_text()
    finally:
        worker.process.send_signal(signal.SIGCONT)
    go.touch()
    assert grid.ended(run).code == 0


# ---- HTTP


def test_health_and_wishes(project, serve, runs, tmp_path):
    go = tmp_path / "go"
    project.write("test_a.py", WAITS % str(go))
    broker = serve("", "--http", "127.0.0.1:0")
    assert grid.until(lambda: broker.get("/healthz") == (200, "ok\n"))
    assert broker.desired() == {
        "slots": {"used": 0, "wanted": 0, "desired": 0, "there": 0},
        "workers": {"there": 0, "draining": 0},
        "wanted": [],
        "there": [],
    }
    runs.append(project.start("--broker", broker.endpoint, "-n", 1))
    wish = {"labels": {}, "slots": 1}
    assert grid.until(lambda: broker.desired()["wanted"] == [wish]), broker.desired()
    assert broker.desired()["slots"]["desired"] == 1
    broker.worker("--label", "gpu=yes", slots=1)
    assert grid.until(lambda: broker.desired()["slots"]["used"] == 1), broker.desired()
    there = broker.desired()["there"]
    assert [one["slots"] for one in there] == [1] and there[0]["labels"]["gpu"] == "yes"
    assert broker.desired("/desired?label=gpu%3Dyes")["slots"]["there"] == 1
    assert broker.desired("/desired?label=gpu=no")["slots"]["there"] == 0
    go.touch()
    assert grid.ended(runs[0]).code == 0


def test_other_requests_are_refused(serve):
    broker = serve("", "--http", "127.0.0.1:0")
    for path in ("/desired/", "/../key", "/..%2fkey", "/data/key", "/%00", "//desired"):
        assert broker.get(path)[0] == 404, path
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert broker.get("/desired", method=method)[0] == 405, method
    assert broker.get("/desired", method="HEAD") == (200, "")
    assert broker.get("/desired?label=nonsense") == (400, "label takes NAME=VALUE\n")
    # A browser that another page has sent here, under a name of its own.
    assert broker.get("/desired", Host="evil.example.org")[0] == 401
    assert broker.get("/desired", Host="localhost:80")[0] == 200


@pytest.mark.parametrize(
    "data",
    [
        b"GET /%s HTTP/1.1\r\n\r\n" % (b"a" * 100_000),
        b"GET /desired HTTP/1.1\r\nX: %s\r\n\r\n" % (b"a" * 1_000_000),
        b"GET /desired HTTP/1.1\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
        b"POST /desired HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n" + b"a" * 1_000_000,
        b"GET /desired HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET /desired HTTP/1.1\r\nRange: bytes=%s0-\r\n\r\n" % (b"0-," * 2_500),
        b"GET /desired?label=%s HTTP/1.1\r\n\r\n" % (b"%" * 5_000),
        b"a" * 1_000_000,
        b"\x00\xff\x16\x03\x01" * 1000,
        b"GET\r\n\r\n",
        b"\r\n\r\n",
    ],
    ids=range(11),
)
@pytest.mark.long
def test_nonsense_is_answered_shortly_or_not_at_all(serve, data):
    broker = serve("", "--http", "127.0.0.1:0")
    assert grid.until(lambda: broker.get("/healthz")[0] == 200)
    for _ in range(5):
        answer = broker.send(data)
        assert not answer or len(answer) < 2000
    assert broker.get("/healthz")[0] == 200


def test_slow_clients_hold_up_nobody(project, serve):
    project.write("test_a.py", "def test_a(): pass")
    broker = serve("", "--http", "127.0.0.1:0")
    broker.worker(slots=1)
    host, port = broker.http.rsplit(":", 1)
    slow = []
    for _ in range(100):
        slow.append(socket.create_connection((host, int(port)), timeout=60))
        slow[-1].sendall(b"GET /desired HTTP/1.1\r\nX: ")
    begun = time.monotonic()
    assert project.submit("--broker", broker.endpoint, "-n", 1).code == 0
    assert broker.ask("runs")[0]["state"] == "over"
    took = time.monotonic() - begun
    # Those that say nothing more are turned away in time, so that others have their turn.
    assert slow[0].recv(1000)[:12] in (b"", b"HTTP/1.1 400")
    for one in slow:
        one.close()
    assert grid.until(lambda: broker.get("/healthz")[0] == 200)
    assert took < 60
    # It ends at once, whoever is still there.
    left = socket.create_connection((host, int(port)), timeout=60)
    left.sendall(b"GET ")
    broker.process.process.terminate()
    assert broker.process.process.wait(timeout=4) == 0
    left.close()


def test_who_reads_must_show_the_token_where_strangers_could(serve):
    broker = serve("", "--http", "*:0", asks=True)
    file = broker.data / "http-token"
    assert "asks for the bearer token in %s\n" % file in broker.said
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    token = file.read_text().strip()
    assert len(token) == 32 and token not in broker.said
    assert grid.until(lambda: broker.get("/healthz") == (200, "ok\n"))
    for wrong in (None, token[:-1], token + "a", "x" * 32):
        assert broker.get("/desired", token=wrong)[0] == 401
        assert broker.get("/nothing", token=wrong)[0] == 401
    assert broker.desired(token=token)["wanted"] == []
    assert broker.get("/nothing", token=token)[0] == 404


def test_without_keys_the_token_is_for_other_machines_alone(serve):
    assert serve("", "--http", "*:0").get("/desired")[0] == 401
    assert serve("", "--http", "127.0.0.1:0").get("/desired")[0] == 200
    assert serve("", "--http", "*:0", "--insecure").get("/desired")[0] == 200


def test_a_token_that_others_can_read_is_refused(tmp_path):
    (tmp_path / "http-token").write_text("secret")
    (tmp_path / "http-token").chmod(0o644)
    bind = "ipc://%s/grid" % tmp_path
    done = attempt("--data", tmp_path, "--bind", bind, "--http", "*:0")
    assert done.returncode == 4 and "http-token" in done.stderr and "secret" not in done.stderr


def test_a_port_in_use_is_named(serve, tmp_path):
    broker = serve("", "--http", "127.0.0.1:0")
    bind = "ipc://%s/grid" % tmp_path
    done = attempt("--data", tmp_path / "other", "--bind", bind, "--http", broker.http)
    assert done.returncode == 3
    said = "xgrid: cannot listen on %s for HTTP: Address already in use\n"
    assert done.stderr == said % broker.http
    done = attempt("--data", tmp_path / "other", "--bind", bind, "--http", "nowhere.invalid:1")
    assert done.returncode == 3 and "cannot listen on nowhere.invalid:1" in done.stderr
    done = attempt("--data", tmp_path / "other", "--bind", bind, "--http", "127.0.0.1:99999")
    assert done.returncode == 4 and done.stderr.startswith("xgrid: --http: ")
