"""Environments on other hosts, through a real sshd on loopback."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import pytest

import grid
from hosts import Namespace, make_key, needs_sshd

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
def host(make_host):
    return make_host()


def sockets(marked):
    """What sshd has made there for the connections of those processes to their broker."""
    commands = b"\0".join(map(grid.command_of, marked.pids()))
    names = set(re.findall(rb"/tmp/xgrid-[0-9a-f]{32}-[0-9]+", commands))
    return [path for path in map(pathlib.Path, map(os.fsdecode, names)) if path.exists()]


def test_tests_run_there_with_plain_outcomes(project, host, tmp_path):
    project.write("test_a.py", TESTS)
    run = project.submit("--tx", "2*" + host.spec)
    assert run.code == 1, run.out + run.err
    plain = project.plain()
    assert {**plain, "test_a.py::test_here": "passed"} == run.outcomes


def test_the_second_run_brings_nothing(project, make_host):
    host = make_host(bare=True)
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
    settings = ['ForceCommand %s -c "$SSH_ORIGINAL_COMMAND"' % path]
    host = make_host(settings=settings, bare=True)
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


@pytest.mark.parametrize(
    "setting", ["AllowStreamLocalForwarding no", "AllowTcpForwarding no", "DisableForwarding yes"]
)
def test_forwarding_forbidden(project, make_host, setting):
    host = make_host(settings=[setting])
    said = refused(project, host.spec)
    assert "does not forward the connection to the broker" in said
    for name in ("AllowStreamLocalForwarding", "AllowTcpForwarding", "DisableForwarding"):
        assert name in said


def test_no_tools(project, make_host, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "head", "uname", "cat", "mkdir", "mv", "rm", "sha256sum"):
        (tools / name).symlink_to(shutil.which(name))
    host = make_host(settings=['ForceCommand PATH=%s; eval "$SSH_ORIGINAL_COMMAND"' % tools])
    assert "there has no tar" in refused(project, host.spec)


def test_no_place_for_the_program(project, make_host, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    host = make_host(variables={"XGRID_CACHE_HOME": blocked / "cache"})
    said = refused(project, host.spec)
    assert "xgrid's program cannot be kept on there" in said
    assert "ot a directory" in said


def with_a_disk(host_path, options):
    """A command that starts sshd where its cache is a disk of its own."""
    (host_path / "cache").mkdir(parents=True)
    script = 'mount -t tmpfs -o %s none "$0" && exec "$@"' % options
    command = ["unshare", "--mount", "sh", "-c", script, str(host_path / "cache")]
    if subprocess.run([*command, "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("no file system can be mounted here")
    return command


def test_a_full_disk(project, make_host, tmp_path):
    host = make_host(within=with_a_disk(tmp_path / "there", "size=8m"))
    said = refused(project, host.spec)
    assert "xgrid's program cannot be kept on there" in said
    assert "o space left on device" in said and " MB free, " in said


def test_a_disk_without_execution(project, make_host, tmp_path):
    host = make_host(within=with_a_disk(tmp_path / "there", "noexec"))
    said = refused(project, host.spec)
    assert "xgrid's program does not run on there: 126 " in said
    assert "noexec" in said


def test_another_system(project, make_host, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "uname").write_text('#!/bin/sh\n[ "$1" = -m ] && echo riscv64 || echo Plan9\n')
    (tools / "uname").chmod(0o755)
    host = make_host(settings=['ForceCommand PATH=%s:$PATH; eval "$SSH_ORIGINAL_COMMAND"' % tools])
    said = refused(project, host.spec)
    assert "there is Plan9 riscv64, and this xgrid runs on " in said


def test_a_program_that_came_damaged_is_not_kept(project, make_host, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "gzip").write_text('#!/bin/sh\n%s "$@" | tr a b\n' % shutil.which("gzip"))
    (tools / "gzip").chmod(0o755)
    settings = ['ForceCommand PATH=%s:$PATH; eval "$SSH_ORIGINAL_COMMAND"' % tools]
    host = make_host(settings=settings, bare=True)
    assert "is not what was sent" in refused(project, host.spec)
    assert not list((host.cache / "programs").iterdir())


def test_the_program_needs_nothing_that_is_installed_there(project, make_host):
    refusal = subprocess.run(["unshare", "--map-root-user", "true"]).returncode
    if refusal:
        pytest.skip("no root folder of its own can be had here")
    host = make_host(bare=True)
    project.write("test_a.py", "def test_a(): pass\n")
    assert project.submit("--tx", host.spec).code == 0
    (program,) = host.programs()
    (loader,) = program.glob("ld-*")
    command = ["unshare", "--map-root-user", "chroot", str(program), "/" + loader.name]
    command += ["--library-path", "/", "/xgrid", "version"]
    assert subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.startswith(b"xgrid ")


def test_a_host_without_gzip_gets_the_program_as_it_is(project, make_host, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in "sh head uname cat mkdir mv rm sha256sum tar df ls tail touch find".split():
        (tools / name).symlink_to(shutil.which(name))
    settings = ['ForceCommand PATH=%s; eval "$SSH_ORIGINAL_COMMAND"' % tools]
    host = make_host(settings=settings, bare=True)
    project.write("test_a.py", "def test_a(): pass\n")
    run = project.submit("--tx", host.spec)
    assert run.code == 0, run.out + run.err


def test_clients_may_bring_the_program_at_once_and_old_ones_go(tmp_path, make_host):
    host = make_host(bare=True)
    for name in "abcde":
        (host.cache / "programs" / name).mkdir(parents=True)
        os.utime(str(host.cache / "programs" / name), (1, ord(name)))
    projects = [grid.Project(tmp_path / ("project%d" % i)) for i in range(4)]
    for project in projects:
        project.write("test_a.py", "def test_a(): pass\n")
    processes = [project.start("--tx", host.spec) for project in projects]
    for process in processes:
        run = grid.ended(process)
        assert run.code == 0, run.out + run.err
    left = [program.name for program in host.programs()]
    assert len(left) == 3 and {"d", "e"} < set(left)
    (new,) = set(left) - {"d", "e"}
    assert not list((host.cache / "programs").glob(".*"))
    assert not list((host.cache / "programs" / new).glob(".*"))


def test_names_there_begin_at_home(project, make_host, tmp_path):
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "python").write_text('#!/bin/sh\nexec %s "$@"\n' % sys.executable)
    (home / "bin" / "python").chmod(0o755)
    host = make_host(variables={"HOME": home})
    project.write(
        "test_a.py",
        "import os\ndef test_a(): assert os.getcwd() == %r\n" % str(home / "work"),
    )
    for chdir, python in (("work", "bin/python"), ("~/work", "~/bin/python")):
        spec = "%s//chdir=%s//python=%s" % (host.spec, chdir, python)
        run = project.submit("--tx", spec, python=None)
        assert run.code == 0, run.out + run.err


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
    assert "has a host key that is not known here" in run.out


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
    ours = sockets(marked)
    assert ours
    process.kill()
    process.communicate()
    sshd = {host.process.pid}
    assert grid.until(lambda: not set(marked.pids()) - sshd, grid.LEFT_SECONDS)
    assert not any(path.exists() for path in ours)


def test_tests_that_would_rather_stay_are_gone_too(project, host, marked):
    project.write(
        "test_stays.py",
        """
        import os, signal, subprocess, sys, time
        def test_quick(): pass
        def test_stays():
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            while True:
                time.sleep(1)
        """,
    )
    events = project.path.parent / "events.jsonl"
    process = project.start("--tx", host.spec, "--json", events, **marked.env)
    assert grid.until(lambda: events.exists() and "test_finished" in events.read_text())
    process.kill()
    process.communicate()
    assert grid.until(lambda: not set(marked.pids()) - {host.process.pid}, grid.LEFT_SECONDS)


def test_an_interrupted_run_leaves_nothing(project, host, marked):
    process, events = started_there(project, host, **marked.env)
    ours = sockets(marked)
    assert ours
    process.send_signal(signal.SIGINT)
    run = grid.ended(process, events)
    assert run.code == 2
    assert grid.until(lambda: not set(marked.pids()) - {host.process.pid}, grid.LEFT_SECONDS)
    assert not any(path.exists() for path in ours)


def test_nothing_is_left_there_when_ssh_is_killed(project, host, marked):
    process, events = started_there(project, host, **marked.env)
    for pid in grid.children(process.pid):
        if b"ssh\0" in grid.command_of(pid):
            os.kill(pid, signal.SIGKILL)
    run = grid.ended(process, events)
    assert run.code == 3
    assert grid.until(lambda: not set(marked.pids()) - {host.process.pid}, grid.LEFT_SECONDS)


def test_others_go_on_when_a_host_is_lost(project, make_host):
    first, second = make_host("first"), make_host("second")
    process, events = started_there(project, first, "--tx", "2*" + second.spec)
    for pid in first.sessions():
        os.kill(pid, signal.SIGKILL)
    run = grid.ended(process, events)
    assert run.code == 0, run.out + run.err
    assert len(run.outcomes) == 200
    assert "lost" in run.out


@pytest.fixture
def networks():
    made = []
    try:
        for _ in range(2):
            made.append(Namespace())
        yield made
    except OSError as error:
        pytest.skip("no network namespace can be made here: %s" % error)
    finally:
        for network in made:
            network.remove()


def left_behind(marked, *hosts):
    """Whether processes of the grid are on a host, beside those of its sshd, which may wait for long."""
    sshd = {host.process.pid for host in hosts}
    pids = set(marked.pids()) - sshd
    return [pid for pid in pids if not grid.command_of(pid).startswith(b"sshd")]


def test_others_go_on_when_a_cable_is_pulled(project, make_host, marked, networks):
    first = make_host("first", within=networks[0])
    second = make_host("second", within=networks[1])
    process, events = started_there(project, first, "--tx", "2*" + second.spec)
    networks[0].pull_the_cable()
    run = grid.ended(process, events)
    assert run.code == 0, run.out + run.err
    assert len(run.outcomes) == 200
    # Nobody has told those behind the cable: they notice.
    assert grid.until(lambda: not left_behind(marked, first, second), 25)


def test_without_its_cable_the_only_host_is_lost(project, make_host, marked, networks):
    host = make_host(within=networks[0])
    process, events = started_there(project, host)
    networks[0].pull_the_cable()
    run = grid.ended(process, events)
    assert run.code == 3
    assert "the connection to there is lost" in run.out
    assert "Timeout, server" in run.out
    assert grid.until(lambda: not left_behind(marked, host), 25)


def test_through_one_host_to_another(project, make_host, marked):
    first = make_host("first", bare=True)
    second = make_host("second", bare=True)
    project.write("test_a.py", TESTS)
    run = project.submit(
        "--px", first.spec + "//id=door", "--tx", "2*" + second.spec + "//via=door"
    )
    assert run.code == 1, run.out + run.err
    assert len(run.outcomes) == 22
    assert not first.programs() and len(second.programs()) == 1


def test_nothing_is_left_on_the_way(project, make_host, marked):
    first, second = make_host("first"), make_host("second")
    project.write("test_slow.py", SLOW)
    events = project.path.parent / "events.jsonl"
    specs = ["--px", first.spec + "//id=door", "--tx", second.spec + "//via=door"]
    process = project.start(*specs, "--json", events, **marked.env)
    assert grid.until(lambda: events.exists() and "test_finished" in events.read_text())
    ours = sockets(marked)
    assert len(ours) >= 2
    process.kill()
    process.communicate()
    sshd = {first.process.pid, second.process.pid}
    assert grid.until(lambda: not set(marked.pids()) - sshd, grid.LEFT_SECONDS)
    assert not any(path.exists() for path in ours)


def test_each_runs_everything_there_and_here(project, host):
    project.write("test_a.py", TESTS)
    run = project.submit("--dist", "each", "--tx", host.spec, "--tx", "popen")
    assert run.code == 1, run.out + run.err
    assert len(run.finished) == 44


def test_each_goes_on_without_a_host_and_says_so(project, host):
    project.write("test_a.py", "def test_a(): pass\n")
    host.stop()
    run = project.submit("--dist", "each", "--tx", host.spec, "--tx", "popen")
    assert run.code == 3, run.out + run.err
    assert "there refuses the connection" in run.out
    assert [event["outcome"] for event in run.finished] == ["passed"]


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
