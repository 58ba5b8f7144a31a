"""What a broker's web page is made of and asks for, its figures, and its log for programs."""

import json
import signal
import socket
import time
import urllib.parse

import grid

import brokers

HTTP = ["--http", "127.0.0.1:0"]
WAITS = """
import pathlib, time

def test_first():
    print("<script>alert(1)</script>")

def test_waits():
    while not pathlib.Path(%r).exists():
        time.sleep(0.01)

def test_fails():
    print("before it failed")
    assert 1 == 2
"""


class Stream:
    """Reads server-sent events, from a broker that may go away."""

    def __init__(self, broker, run, last=0):
        host, port = broker.http.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=grid.DEADLINE_SECONDS)
        request = "GET /api/stream?run=%s HTTP/1.1\r\nHost: %s\r\nLast-Event-ID: %d\r\n\r\n"
        self.socket.sendall((request % (urllib.parse.quote(run), broker.http, last)).encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        while self.file.readline().strip():
            pass
        self.last = last
        self.over = False
        self.events = []

    def read(self):
        """Some more; False: there is no more."""
        message = {}
        while True:
            size = int(self.file.readline() or b"0", 16)  # of a chunk, as which a message comes
            if size == 0:
                return False
            text = self.file.read(size).decode()
            self.file.readline()
            message = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
            if "data" in message and "id" in message:
                break
        part = json.loads(message["data"])
        assert part["next"] == int(message["id"])
        assert part["first"] == self.last, "each event once, in order"
        self.last = part["next"]
        self.over = part["last"]
        self.events += part["events"]
        return True

    def read_until(self, condition):
        while not condition():
            assert self.read()

    def of(self, kind):
        return [event for event in self.events if event["event"] == kind]

    def close(self):
        self.file.close()
        self.socket.close()


def run_id(broker):
    assert grid.until(lambda: json.loads(broker.get("/api/runs")[1]))
    return json.loads(broker.get("/api/runs")[1])[0]["run"]


def test_a_run_is_followed_as_it_goes_on_over_a_broker_that_is_killed(
    project, serve, runs, tmp_path
):
    go = tmp_path / "go"
    project.write("test_a.py", WAITS % str(go))
    http = "127.0.0.1:%d" % brokers.free_port()
    broker = serve("", "--http", http)
    broker.worker(slots=1)
    runs.append(project.start("--broker", broker.endpoint, "-n", 1))
    run = run_id(broker)
    stream = Stream(broker, run[:10])
    stream.read_until(lambda: any("waits" in one["id"] for one in stream.of("test_started")))
    assert [one["id"] for one in stream.of("test_finished")] == ["test_a.py::test_first"]
    sections = stream.of("test_finished")[0].get("sections", [])
    assert not stream.over
    # Killed, it comes back with the same events under the same numbers.
    broker.process.process.send_signal(signal.SIGKILL)
    assert not stream.read()
    stream.close()
    broker.process.process.wait()
    broker.process = broker.start(
        "again", "broker", "--bind", broker.endpoint, "--data", broker.data, "--http", http
    )
    assert grid.until(lambda: reachable(broker))
    rest = Stream(broker, run, last=stream.last)
    go.touch()
    rest.read_until(lambda: rest.over)
    assert not rest.read()
    finished = {one["id"]: one for one in stream.of("test_finished") + rest.of("test_finished")}
    assert {name: one["outcome"] for name, one in finished.items()} == {
        "test_a.py::test_first": "passed",
        "test_a.py::test_waits": "passed",
        "test_a.py::test_fails": "failed",
    }
    failed = finished["test_a.py::test_fails"]
    assert "assert 1 == 2" in failed["phases"][0]["text"]
    assert ["Captured stdout call", "before it failed\n"] in failed["sections"]
    times = [one["at"] for one in stream.events + rest.events]
    assert times == sorted(times)
    assert grid.ended(runs[0]).code == 1
    # When it is over, it is read from the journal: the same in all.
    whole = Stream(broker, run)
    while whole.read():
        pass
    assert whole.last == rest.last
    assert whole.of("test_finished") == stream.of("test_finished") + rest.of("test_finished")
    assert broker.get("/api/events?run=%s&from=99999" % run)[0] == 200
    why = json.loads(broker.get("/api/why?run=" + run)[1])
    assert why["state"] == "over" and why["verdicts"] == {"passed": 2, "failed": 1}
    assert broker.get("/api/why?run=nothing")[0] == 404
    assert sections in ([], [["Captured stdout call", "<script>alert(1)</script>\n"]])


def reachable(broker):
    try:
        return broker.get("/healthz")[0] == 200
    except OSError:
        return False


def test_readers_of_streams_that_do_not_read_hold_up_nobody(project, serve, runs, tmp_path):
    go = tmp_path / "go"
    project.write("test_a.py", WAITS % str(go))
    broker = serve("", *HTTP)
    broker.worker(slots=1)
    runs.append(project.start("--broker", broker.endpoint, "-n", 1))
    run = run_id(broker)
    host, port = broker.http.rsplit(":", 1)
    asleep = []
    for _ in range(60):
        asleep.append(socket.create_connection((host, int(port)), timeout=30))
        asleep[-1].sendall(b"GET /api/stream?run=%s HTTP/1.1\r\n\r\n" % run.encode())
    # Beyond a number of them they are turned away, and other pages go on.
    assert grid.until(lambda: Stream(broker, run).status == 503)
    assert broker.get("/api/overview")[0] == 200
    assert broker.get("/healthz") == (200, "ok\n")
    go.touch()
    assert grid.ended(runs[0]).code == 1
    begun = time.monotonic()
    broker.process.process.terminate()
    assert broker.process.process.wait(timeout=4) == 0, time.monotonic() - begun
    for one in asleep:
        one.close()


def test_figures_are_told_as_prometheus_reads_them(project, serve):
    project.write("test_a.py", "def test_a(): pass\ndef test_b(): assert 0")
    broker = serve("", *HTTP)
    broker.worker("--label", 'odd=a"b\\c', slots=2)
    assert project.submit("--broker", broker.endpoint, "-n", 1).code == 1

    def figures():
        status, text = broker.get("/metrics")
        assert status == 200, text
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    assert grid.until(lambda: figures().get('xgrid_runs_over_total{end="completed"}') == 1)
    found = figures()
    assert found['xgrid_tests_total{outcome="passed"}'] == 1
    assert found['xgrid_tests_total{outcome="failed"}'] == 1
    assert found["xgrid_runs_begun_total"] == 1
    assert found["xgrid_slots"] == 2
    assert found['xgrid_label_slots{label="odd",value="a\\"b\\\\c"}'] == 2
    assert found["xgrid_run_first_slot_seconds_count"] == 1
    assert found["xgrid_job_began_seconds_count"] >= 1
    assert found["xgrid_journal_commit_seconds_count"] >= 1
    assert (
        found['xgrid_loop_turn_seconds_bucket{le="+Inf"}'] == found["xgrid_loop_turn_seconds_count"]
    )
    assert found['xgrid_sync_bytes_total{way="to_workers"}'] > 0


def test_the_page_is_for_all_and_what_it_shows_for_those_with_the_token(serve):
    broker = serve("", "--http", "*:0", asks=True)
    token = (broker.data / "http-token").read_text().strip()
    for path in ("/", "/page.js", "/layout.css", "/style.css", "/results.js"):
        status, text = broker.get(path)
        assert status == 200 and len(text) > 500, path
    assert "<script>" not in broker.get("/")[1] and "style=" not in broker.get("/")[1]
    for path in ("/api/runs", "/api/overview", "/api/stream?run=a", "/metrics"):
        assert broker.get(path)[0] == 401, path
    assert grid.until(lambda: broker.get("/metrics", token=token)[0] == 200)
    overview = json.loads(broker.get("/api/overview", token=token)[1])
    assert overview["runs"] == [] and overview["workers"] == []
    answer = broker.send(b"GET / HTTP/1.1\r\n\r\n").decode()
    assert "Content-Security-Policy: default-src 'none'; script-src 'self';" in answer
    assert "unsafe" not in answer.split("\r\n\r\n")[0]


def test_only_the_administrator_s_token_cancels(project, serve, runs, tmp_path):
    project.write("test_a.py", WAITS % str(tmp_path / "never"))
    broker = serve("", "--http", "*:0", asks=True)
    ann = broker.allow("ann", "submit")
    broker.working(slots=1)
    runs.append(project.start(*broker.as_user(ann), "-n", 1))
    token, admin = (
        (broker.data / name).read_text().strip() for name in ("http-token", "http-admin-token")
    )
    assert grid.until(lambda: json.loads(broker.get("/api/runs", token=token)[1]))
    run = json.loads(broker.get("/api/runs", token=admin)[1])[0]["run"]
    path = "/api/cancel?run=" + run
    assert broker.get(path, method="POST")[0] == 401
    assert broker.get(path, token=token, method="POST")[0] == 401
    assert broker.get(path, token=admin)[0] == 404
    assert broker.get("/api/cancel?run=other", token=admin, method="POST")[0] == 404
    assert broker.get(path, token=admin, method="POST") == (200, "cancelled\n")
    assert grid.ended(runs[0]).code == 2
    assert "cancels %s" % run in broker.said and admin not in broker.said


def test_what_a_broker_and_a_worker_say_is_json_if_asked_for(serve, tmp_path):
    broker = serve("", "--log-json")
    worker = broker.worker("--log-json", "--until-end-of-input", slots=1)
    assert worker.process.wait(timeout=grid.DEADLINE_SECONDS) == 0
    said = [json.loads(line) for line in broker.said.splitlines()]
    assert said[0]["message"].startswith("listening on ") and said[0]["level"] == "info"
    assert all(set(one) == {"time", "level", "part", "message"} for one in said)
    lost = broker.start("lost", "worker", "--log-json", "--listen", "nowhere.invalid:1")
    assert lost.process.wait(timeout=grid.DEADLINE_SECONDS) == 4
    told = json.loads(lost.err.read_text())
    assert told["level"] == "error" and "nowhere.invalid" in told["message"]
