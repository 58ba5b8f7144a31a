"""Environments on other hosts, through a real sshd on loopback."""

import os
import pathlib
import shutil
import signal
import sys
import time

import pytest

import grid
from hosts import Host, make_key, needs_sshd

pytestmark = needs_sshd

TESTS = """
    import os, pytest
    @pytest.mark.parametrize("i", range(20))
    def test_i(i): assert i % 7
    def test_here(): assert os.environ.get("SSH_CONNECTION")
    def test_skipped(): pytest.skip("why")
"""
SLOW = """
    import time, pytest
    @pytest.mark.parametrize("i", range(200))
    def test_i(i): time.sleep(0.1)
"""


@pytest.fixture
def make_host(tmp_path, marked):
    made = []

    def make(name="there", **how):
        host = Host(tmp_path / name, name, env=marked.env, **how)
        made.append(host)
        return host.start()

    yield make
    for host in made:
        host.stop()


@pytest.fixture
def host(make_host):
    return make_host()


def sockets():
    return set(pathlib.Path("/tmp").glob("xgrid-*-*"))


def test_tests_run_there_with_plain_outcomes(project, host, tmp_path):
    before = sockets()
    project.write("test_a.py", TESTS)
    run = project.submit("--tx", "2*" + host.spec)
    assert run.code == 1, run.out + run.err
    plain = project.plain()
    assert {**plain, "test_a.py::test_here": "passed"} == run.outcomes
    assert not sockets() - before


def test_the_second_run_brings_nothing(project, host):
    project.write("test_a.py", TESTS)
    first = project.submit("--tx", host.spec)
    programs = host.programs()
    assert len(programs) == 1
    assert first.of("synced")[0]["objects_sent"] > 0
    inode = programs[0].stat().st_ino
    second = project.submit("--tx", host.spec)
    assert [p.stat().st_ino for p in host.programs()] == [inode]
    assert second.of("synced")[0]["objects_sent"] == 0
    assert second.outcomes == first.outcomes


@pytest.mark.parametrize("shell", ["dash", "bash", "zsh", "fish", "tcsh", "csh", "mksh"])
def test_any_login_shell_will_do(project, make_host, shell):
    path = shutil.which(shell)
    if not path:
        pytest.skip("%s is not installed here" % shell)
    host = make_host(settings=['ForceCommand %s -c "$SSH_ORIGINAL_COMMAND"' % path])
    project.write("test_a.py", "def test_a(): pass\n")
    run = project.submit("--tx", host.spec)
    assert run.code == 0, run.out + run.err


def test_interpreter_variables_nice_and_folder_count_there(project, host, tmp_path):
    project.write(
        "test_a.py",
        """
        import os, sys
        def test_a():
            assert os.environ["MODE"] == "a b"
            assert os.nice(0) == 3
            assert sys.flags.dev_mode
            assert os.getcwd() == %r
            assert "LD_LIBRARY_PATH" not in os.environ
        """
        % str(tmp_path / "copy"),
    )
    spec = host.spec + "//chdir=%s//env:MODE=a b//nice=3//python=%s -X dev" % (
        tmp_path / "copy",
        sys.executable,
    )
    run = project.submit("--tx", spec, python=None)
    assert run.code == 0, run.out + run.err


def refused(project, spec):
    project.write("test_a.py", "def test_a(): pass\n")
    run = project.submit("--tx", spec)
    assert run.code == 3, run.out + run.err
    return run.out + run.err


def test_unknown_host_key(project, host):
    host.write_config(known=False)
    said = refused(project, host.spec)
    assert "there has a host key that is not known here" in said
    assert "connect once by hand" in said


def test_changed_host_key(project, host, tmp_path):
    other = make_key(tmp_path / "other")
    text = (tmp_path / "other.pub").read_text()
    (host.path / "known_hosts").write_text("[127.0.0.1]:%d %s" % (host.port, text))
    assert "there has another host key than it had" in refused(project, host.spec)


def test_wrong_key(project, host, tmp_path):
    host.write_config(key=make_key(tmp_path / "other"))
    assert "there does not let us in" in refused(project, host.spec)


def test_no_such_user(project, host):
    said = refused(project, "ssh=-l nobody_of_that_name there//ssh_config=%s" % host.config)
    assert "there does not let us in" in said


def test_connection_refused(project, host):
    host.stop()
    assert "there refuses the connection" in refused(project, host.spec)


def test_unknown_host(project):
    said = refused(project, "ssh=no-such-host.invalid")
    assert "no-such-host.invalid is not known as a host" in said


def test_forwarding_forbidden(project, make_host):
    host = make_host(settings=["AllowStreamLocalForwarding no"])
    said = refused(project, host.spec)
    assert "does not forward the connection to the broker" in said
    assert "AllowStreamLocalForwarding yes" in said


def test_no_tools(project, make_host, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "head", "uname", "cat", "mkdir", "mv", "rm", "sha256sum"):
        (tools / name).symlink_to(shutil.which(name))
    host = make_host(settings=["ForceCommand PATH=%s; eval \"$SSH_ORIGINAL_COMMAND\"" % tools])
    assert "there has no tar" in refused(project, host.spec)


def test_no_place_for_the_program(project, make_host, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    host = make_host(variables={"XGRID_CACHE_HOME": blocked / "cache"})
    said = refused(project, host.spec)
    assert "xgrid's program cannot be kept on there" in said
    assert "ot a directory" in said


def test_usage_errors(project):
    for spec, text in (
        ("ssh=-p 22", "names no host"),
        ("ssh='a", "a quote that is not closed"),
        ("popen//via=a", "nothing has that id"),
    ):
        run = project.submit("--tx", spec)
        assert run.code == 4 and text in run.err


def test_others_go_on(project, host):
    project.write("test_a.py", TESTS)
    host.write_config(known=False)
    run = project.submit("--tx", host.spec, "--tx", "popen")
    assert run.code == 1, run.out + run.err
    assert len(run.outcomes) == 22
    assert "has a host key that is not known here" in run.err


def started_there(project, host, *more, **env):
    """A run whose tests are running there."""
    project.write("test_slow.py", SLOW)
    events = project.path.parent / "events.jsonl"
    process = project.start("--tx", "2*" + host.spec, *more, "--json", events, **env)
    assert grid.until(lambda: events.exists() and "test_finished" in events.read_text())
    return process, events


def test_a_host_that_is_lost_ends_the_run(project, host, marked):
    process, events = started_there(project, host)
    for pid in host.sessions():
        os.kill(pid, signal.SIGKILL)
    run = grid.ended(process, events)
    assert run.code == 3
    assert "the connection to there is lost" in run.out + run.err
    assert grid.until(lambda: not set(marked.pids()) - {host.process.pid}, grid.LEFT_SECONDS)


def test_nothing_is_left_there_when_the_client_is_killed(project, host, marked):
    process, _ = started_there(project, host, **marked.env)
    process.kill()
    process.communicate()
    sshd = {host.process.pid}
    assert grid.until(lambda: not set(marked.pids()) - sshd, grid.LEFT_SECONDS)


def test_nothing_is_left_there_when_ssh_is_killed(project, host, marked):
    process, events = started_there(project, host, **marked.env)
    for pid in grid.children(process.pid):
        if b"ssh\0" in grid.command_of(pid):
            os.kill(pid, signal.SIGKILL)
    run = grid.ended(process, events)
    assert run.code == 3
    assert grid.until(lambda: not set(marked.pids()) - {host.process.pid}, grid.LEFT_SECONDS)


def test_through_one_host_to_another(project, make_host, marked):
    first = make_host("first")
    second = make_host("second")
    project.write("test_a.py", TESTS)
    run = project.submit(
        "--px", first.spec + "//id=door", "--tx", "2*" + second.spec + "//via=door"
    )
    assert run.code == 1, run.out + run.err
    assert len(run.outcomes) == 22
    assert not first.programs() and len(second.programs()) == 1


def test_on_the_proxy_itself(project, host):
    project.write("test_a.py", TESTS)
    run = project.submit("--px", host.spec + "//id=door", "--tx", "popen//via=door")
    assert run.code == 1, run.out + run.err
    assert run.outcomes["test_a.py::test_here"] == "passed"


def test_a_fault_behind_a_proxy_names_both(project, make_host):
    first = make_host("first")
    second = make_host("second")
    second.write_config(known=False)
    project.write("test_a.py", TESTS)
    run = project.submit("--px", first.spec + "//id=door", "--tx", second.spec + "//via=door")
    assert run.code == 3
    assert "through first: second has a host key that is not known" in run.out + run.err
