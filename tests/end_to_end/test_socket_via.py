"""Workers that listen, reached through hosts of ssh: a real sshd on loopback, and a real worker."""

import os
import signal
import socket

import grid
import pytest

from hosts import needs_sshd
from listeners import SUITE, check_suite

pytestmark = needs_sshd

# Says in a file that it runs, and waits until another file is there.
WAITING = """
import pathlib, time

HERE = pathlib.Path(%r)

def test_waits():
    (HERE / "at").touch()
    while not (HERE / "go").exists():
        time.sleep(0.01)
"""


@pytest.fixture
def door(make_host):
    return make_host("door", bare=True)


def through(host, listener_spec):
    return ["--px", host.spec + "//id=door", "--tx", listener_spec + "//via=door"]


def refused(project, *args, **env):
    """What a run says that has no environment."""
    project.write("test_a.py", SUITE)
    run = project.submit(*args, **env)
    assert run.code == 3, run.out + run.err
    assert not run.finished
    return run.out + run.err


def nobody():
    """A port of this machine where nobody listens, for as long as the socket is there."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    return taken, "socket=127.0.0.1:%d" % taken.getsockname()[1]


def test_with_a_token(project, door, listen):
    project.write("test_a.py", SUITE)
    listener = listen()
    for spec in (listener.spec, "2*" + listener.spec):
        check_suite(project.submit(*through(door, spec), XGRID_TOKEN=listener.token))
    assert not door.programs()  # the host on the way is only that


def test_without_keys_on_the_machine_of_the_proxy(project, door, listen):
    project.write("test_a.py", SUITE)
    check_suite(project.submit(*through(door, listen("--insecure").spec)))


def test_through_two_hosts(project, make_host, listen):
    project.write("test_a.py", SUITE)
    first, second = make_host("first"), make_host("second")
    listener = listen()
    proxies = ["--px", first.spec + "//id=a", "--px", second.spec + "//id=b//via=a"]
    run = project.submit(*proxies, "--tx", listener.spec + "//via=b", XGRID_TOKEN=listener.token)
    check_suite(run)


def test_a_proxy_that_listens_behind_another(project, door, listen):
    project.write("test_a.py", SUITE)
    listener = listen()
    proxies = ["--px", door.spec + "//id=a", "--px", listener.spec + "//id=b//via=a"]
    check_suite(project.submit(*proxies, "--tx", "popen//via=b", XGRID_TOKEN=listener.token))


def test_no_token_or_another_one_gets_nothing(project, door, listen):
    listener, other = listen(), listen()
    assert "needs the token" in refused(project, *through(door, listener.spec))
    wrong = refused(project, *through(door, listener.spec), XGRID_TOKEN=other.token)
    assert listener.spec + "//via=door was given the wrong token" in wrong
    assert "session" not in listener.err.read_text()


def test_nobody_listens_there(project, door):
    taken, spec = nobody()
    with taken:
        said = refused(project, *through(door, spec))
    text = (
        "cannot use '%s//via=door': door cannot connect there: connect failed: Connection refused"
    )
    assert text % spec in said


def test_the_host_there_is_not_known(project, door):
    said = refused(project, *through(door, "socket=no-such-host.invalid:1"))
    assert "//via=door': door cannot connect there: connect failed: " in said


def test_what_listens_there_is_no_worker(project, door):
    said = refused(project, *through(door, "socket=127.0.0.1:%d" % door.port))
    assert "what listens there is no xgrid worker" in said


@pytest.mark.parametrize("setting", ["AllowTcpForwarding no", "DisableForwarding yes"])
def test_forwarding_forbidden(project, make_host, listen, setting):
    door = make_host("door", settings=[setting])
    listener = listen("--insecure")
    said = refused(project, *through(door, listener.spec))
    text = "cannot use '%s//via=door': door does not forward the connection: "
    assert text % listener.spec in said
    assert "AllowTcpForwarding yes" in said


def test_ssh_does_not_get_there(project, door):
    door.write_config(known=False)
    said = refused(project, *through(door, "socket=h:1"))
    assert "cannot use 'socket=h:1//via=door': door has a host key that is not known here" in said


def test_others_go_on_without_it(project, door, tmp_path):
    go = tmp_path / "go"
    project.write(
        "test_a.py",
        """
        import pathlib, time
        def test_a():
            while not pathlib.Path(%r).exists(): time.sleep(0.01)
        """
        % str(go),
    )
    taken, spec = nobody()
    with taken:
        process = project.start(*through(door, spec), "--tx", "popen", "--timeout", 60)
        told = any(b"door cannot connect there" in line for line in process.stdout)
        go.touch()
    run = grid.ended(process)
    assert told and run.code == 0, run.out + run.err


def test_runs_and_what_is_sent_are_the_listeners(project, door, listen):
    project.write(
        "test_a.py",
        "import os\ndef test_a(): assert os.environ['MODE'] == 'x' and 'SSH_CONNECTION' not in os.environ\n",
    )
    run = project.submit(*through(door, listen("--insecure").spec + "//env:MODE=x"))
    assert run.code == 0, run.out + run.err


def waits_there(project, path, *args, **env):
    project.write("test_a.py", WAITING % str(path))
    client = project.start(*args, **env)
    assert grid.until((path / "at").exists)
    return client


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_client_that_goes_leaves_nothing(project, door, listen, marked, tmp_path, how):
    listener = listen()
    client = waits_there(
        project, tmp_path, *through(door, listener.spec), XGRID_TOKEN=listener.token, **marked.env
    )
    assert len(marked.pids()) > 3
    client.send_signal(how)
    grid.ended(client)
    sshd = {door.process.pid}
    assert grid.until(lambda: not set(marked.pids()) - sshd, grid.LEFT_SECONDS)
    assert listener.alone(), listener.mark.pids()


def test_a_way_that_is_lost_is_told(project, door, listen, tmp_path):
    listener = listen()
    client = waits_there(
        project, tmp_path, *through(door, listener.spec), XGRID_TOKEN=listener.token
    )
    for pid in door.sessions():
        os.kill(pid, signal.SIGKILL)
    run = grid.ended(client)
    assert run.code == 3, run.out + run.err
    text = "lost '%s//via=door': the connection to door is lost" % listener.spec
    assert text in run.out + run.err
    assert listener.alone(), listener.mark.pids()


def test_a_listener_that_goes_is_not_called_a_wrong_token(project, door, listen, tmp_path):
    listener = listen()
    client = waits_there(
        project, tmp_path, *through(door, listener.spec), XGRID_TOKEN=listener.token
    )
    listener.process.kill()
    run = grid.ended(client)
    assert run.code == 3, run.out + run.err
    assert "door cannot connect there" in run.out + run.err
    assert "token" not in run.out + run.err
