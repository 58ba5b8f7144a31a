"""Workers that listen, dialled by socket= environments: keys, several clients, and who is lost."""

import os
import re
import signal
import socket
import subprocess
import sys

import grid
import pytest

from listeners import SUITE, check_suite

# Says in a file that it runs, and waits until another file is there.
WAITING = """
import os, pathlib, time

HERE = pathlib.Path(%r)

def test_waits():
    (HERE / ("at-" + pathlib.Path(__file__).stem)).touch()
    while not (HERE / "go").exists():
        time.sleep(0.01)
"""


def write_waiting(project, path):
    """Two files, so that two slots wait."""
    for name in "ab":
        project.write("test_%s.py" % name, WAITING % str(path))


def both_wait(path):
    return grid.until(lambda: all((path / ("at-test_" + name)).exists() for name in "ab"))


def fails(run, *texts):
    assert run.code == 3, run.out + run.err
    for text in texts:
        assert text in run.out + run.err
    assert not run.finished


def test_without_keys_on_this_machine(project, listen):
    project.write("test_a.py", SUITE)
    check_suite(project.submit("--tx", listen("--insecure").spec))


def test_with_a_token_one_client_after_another(project, listen):
    project.write("test_a.py", SUITE)
    listener = listen()
    for _ in range(3):
        check_suite(project.submit("--tx", "2*" + listener.spec, XGRID_TOKEN=listener.token))
    assert listener.token not in listener.err.read_text()


def test_token_from_the_command_line_and_from_a_file(project, listen):
    project.write("test_a.py", SUITE)
    listener = listen()
    check_suite(project.submit("--tx", listener.spec, "--token", listener.token))
    tokens = project.path.parent / "config" / "xgrid" / "tokens"
    tokens.parent.mkdir(parents=True)
    tokens.write_text("other:1 x\nlocalhost:%d %s\n" % (listener.port, listener.token))
    tokens.chmod(0o600)
    check_suite(project.submit("--tx", listener.spec))
    tokens.chmod(0o644)
    run = project.submit("--tx", listener.spec)
    assert run.code == 4 and "others can read" in run.err


def test_tests_do_not_see_the_token(project, listen):
    project.write(
        "test_a.py",
        "import os, sys\ndef test_a(): assert 'xgt1_' not in repr(os.environ) + repr(sys.argv)\n",
    )
    listener = listen()
    run = project.submit("--tx", listener.spec, XGRID_TOKEN=listener.token)
    assert run.code == 0, run.out
    assert listener.token not in run.out + repr(run.events)
    run = project.submit("--tx", listener.spec, "--token", listener.token)
    assert run.code == 0, run.out
    assert listener.token not in run.out + repr(run.events)


def test_key_of_a_file_outlives_the_worker(project, listen, tmp_path):
    project.write("test_a.py", SUITE)
    key = tmp_path / "key"
    first = listen("--token-file", key)
    assert key.stat().st_mode & 0o777 == 0o600
    assert first.token is None  # it is in the file, and not shown
    token = re.search(r"^xgt1_\S+$", key.read_text(), re.M).group()
    check_suite(project.submit("--tx", first.spec, XGRID_TOKEN=token))
    first.end()
    check_suite(project.submit("--tx", listen("--token-file", key).spec, XGRID_TOKEN=token))


def test_no_token_or_another_one_gets_nothing(project, listen):
    project.write("test_a.py", SUITE)
    listener, other = listen(), listen()
    fails(project.submit("--tx", listener.spec), listener.spec, "needs the token")
    wrong = project.submit("--tx", listener.spec, XGRID_TOKEN=other.token)
    fails(wrong, listener.spec, "wrong token")
    # The right worker, the wrong client.
    assert "session" not in listener.err.read_text()
    run = project.submit("--tx", listener.spec, XGRID_TOKEN=listener.token[:-3])
    assert run.code == 4 and "was all of it copied?" in run.err
    check_suite(project.submit("--tx", listener.spec, XGRID_TOKEN=listener.token))


def test_token_for_one_that_wants_none(project, listen):
    project.write("test_a.py", SUITE)
    listener, other = listen("--insecure"), listen()
    fails(
        project.submit("--tx", listener.spec, XGRID_TOKEN=other.token), "--insecure", listener.spec
    )


def test_insecure_only_on_this_machine(listen):
    listener = listen("--insecure", address="*:0")
    assert listener.process.wait(timeout=grid.DEADLINE_SECONDS) == 4
    assert "--insecure" in listener.err.read_text()


@pytest.mark.parametrize(
    "args, text",
    [
        (["--listen", "1:2:3"], "[HOST:]PORT"),
        (["--listen", "99999"], "[HOST:]PORT"),
        (["--insecure"], "goes with --listen"),
        (["--listen", "0", "--insecure", "--token-file", "x"], "only one of them"),
        (["--listen", "0", "--broker", "tcp://127.0.0.1:1"], "either is dialled or joins"),
    ],
)
def test_usage_errors_of_a_listener(args, text, tmp_path):
    done = subprocess.run(
        [grid.XGRID, "worker", *args], capture_output=True, timeout=60, cwd=str(tmp_path)
    )
    assert done.returncode == 4 and text in done.stderr.decode()


GARBAGE = [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL"
    + b"\0" * 50
    + b"\4\x19\5READY\x0bSocket-Type\0\0\0\6DEALER",
    b"\0" * 4096,
    os.urandom(4096),
    b"",
]


@pytest.mark.parametrize("keys", [True, False])
def test_strangers_get_nothing_and_harm_nobody(project, listen, keys):
    project.write("test_a.py", SUITE)
    listener = listen(*([] if keys else ["--insecure"]))
    strangers = []
    for bytes_sent in GARBAGE:
        stranger = socket.create_connection(("127.0.0.1", listener.port), timeout=10)
        stranger.sendall(bytes_sent)
        strangers.append(stranger)
    env = {"XGRID_TOKEN": listener.token} if keys else {}
    check_suite(project.submit("--tx", listener.spec, **env))  # while they are there
    for stranger in strangers:
        stranger.close()
    assert listener.err.read_text().count("session 1 has 1 slot") == 1
    assert "session 2" not in listener.err.read_text()
    assert listener.process.poll() is None


def test_what_listens_is_no_worker(project):
    project.write("test_a.py", SUITE)
    with socket.socket() as plain:
        plain.bind(("127.0.0.1", 0))
        spec = "socket=127.0.0.1:%d" % plain.getsockname()[1]
        fails(project.submit("--tx", spec), spec, "cannot connect")
        plain.listen()
        fails(project.submit("--tx", spec), spec, "no xgrid worker")


def test_two_clients_at_once(project, listen, tmp_path):
    project.write("test_a.py", WAITING % str(tmp_path))
    other = grid.Project(tmp_path / "other" / "project")
    other.write("test_b.py", SUITE)
    listener = listen()
    first = project.start("--tx", listener.spec, XGRID_TOKEN=listener.token)
    assert grid.until((tmp_path / "at-test_a").exists)
    run = other.submit("--tx", listener.spec, XGRID_TOKEN=listener.token)
    assert len(run.outcomes) == 21
    (tmp_path / "go").touch()
    assert grid.ended(first).code == 0


def test_who_finds_all_slots_taken_waits(project, listen, tmp_path):
    write_waiting(project, tmp_path)
    other = grid.Project(tmp_path / "other" / "project")
    other.write("test_a.py", SUITE)
    listener = listen()
    first = project.start("--tx", "2*" + listener.spec, XGRID_TOKEN=listener.token)
    assert both_wait(tmp_path)
    events = tmp_path / "events"
    second = other.start(
        "--tx", listener.spec, "--json", events, "--no-header", XGRID_TOKEN=listener.token
    )
    assert grid.until(lambda: events.exists() and "taken by others" in events.read_text())
    (tmp_path / "go").touch()
    assert grid.ended(first).code == 0
    check_suite(grid.ended(second, events))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_client_that_goes_leaves_nothing(project, listen, tmp_path, how):
    write_waiting(project, tmp_path)
    listener = listen()
    client = project.start("--tx", "2*" + listener.spec, XGRID_TOKEN=listener.token)
    assert both_wait(tmp_path)
    client.send_signal(how)
    grid.ended(client)
    assert listener.alone(seconds=9), listener.mark.pids()  # not only when it was silent for long
    (project.path / "test_b.py").unlink()
    project.write("test_a.py", SUITE)
    check_suite(project.submit("--tx", "2*" + listener.spec, XGRID_TOKEN=listener.token))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_listener_that_goes_ends_the_run_that_has_no_other(project, listen, tmp_path, how):
    write_waiting(project, tmp_path)
    listener = listen()
    client = project.start("--tx", "2*" + listener.spec, XGRID_TOKEN=listener.token)
    assert both_wait(tmp_path)
    listener.process.send_signal(how)
    run = grid.ended(client)
    assert run.code == 3, run.out + run.err
    assert listener.spec in run.out + run.err
    assert listener.mark.gone()


def test_a_worker_that_dies_frees_its_slots(project, listen, tmp_path):
    write_waiting(project, tmp_path)
    listener = listen()
    client = project.start("--tx", "2*" + listener.spec, XGRID_TOKEN=listener.token)
    assert both_wait(tmp_path)
    worker = [
        pid
        for pid in grid.children(listener.process.pid)
        if b"--broker" in grid.command_of(pid).split(b"\0")
    ]
    os.kill(worker[0], signal.SIGKILL)
    run = grid.ended(client)
    assert run.code == 3 and "killed by signal 9" in run.out + run.err
    assert listener.alone(), listener.mark.pids()
    (project.path / "test_b.py").unlink()
    project.write("test_a.py", SUITE)
    check_suite(project.submit("--tx", "2*" + listener.spec, XGRID_TOKEN=listener.token))


def test_others_go_on_without_the_one_that_is_lost(project, listen, tmp_path):
    project.write("test_a.py", SUITE)
    listener = listen("--insecure")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        gone = "socket=127.0.0.1:%d" % nobody.getsockname()[1]
        run = project.submit("--tx", listener.spec, "--tx", gone)
    check_suite(run)
    run = project.submit("--tx", listener.spec, "--tx", gone.replace("127.0.0.1", "localhost"))
    check_suite(run)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_tests_of_a_listener_that_goes_are_run_elsewhere(project, listen, tmp_path, how):
    write_waiting(project, tmp_path)
    first, second = listen("--insecure"), listen("--insecure")
    events = tmp_path / "events"
    client = project.start("--tx", first.spec, "--tx", second.spec, "--json", events)
    assert both_wait(tmp_path)
    first.process.send_signal(how)
    assert first.mark.gone()
    (tmp_path / "go").touch()
    run = grid.ended(client, events)
    assert run.code == 0, run.out + run.err
    assert set(run.outcomes.values()) == {"passed"} and len(run.outcomes) == 2


def test_interpreter_and_variables_there(project, listen):
    project.write(
        "test_a.py",
        "import os, sys\ndef test_a(): assert os.environ['MODE'] == 'x' and sys.flags.dev_mode\n",
    )
    listener = listen("--insecure")
    spec = listener.spec + "//env:MODE=x//python=%s -X dev" % sys.executable
    run = project.submit("--tx", spec)
    assert run.code == 0, run.out + run.err


def test_slots_of_a_proxy_that_listens(project, listen):
    project.write("test_a.py", SUITE)
    listener = listen()
    env = {"XGRID_TOKEN": listener.token}
    run = project.submit("--px", listener.spec + "//id=p", "--tx", "2*popen//via=p", **env)
    check_suite(run)
    assert "session 1 has 2 slots" in listener.err.read_text()
    run = project.submit("--px", listener.spec + "//id=p", "--tx", "ssh=h//via=p", **env)
    assert run.code == 4 and "nothing is reached through a worker that listens" in run.err
