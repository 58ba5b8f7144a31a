"""What pytest-xdist documents of environments, in 2009 and today: typed as it is written there, with `xgrid submit` in
place of py.test and real hosts put in, by somebody who has set nothing up. What of it is about modes of distribution,
-f and --boxed is elsewhere."""

import sys

import pytest


from hosts import needs_sshd

PYTHON = sys.executable

PACKAGE = {
    "mypkg/__init__.py": "",
    "mypkg/tool.py": "def double(x): return 2 * x\n",
    "mypkg/test_tool.py": """
        import os
        from mypkg.tool import double

        def test_double(): assert double(2) == 4
        def test_env(): print(os.getcwd())
    """,
}


@pytest.fixture
def package(project):
    for name, text in PACKAGE.items():
        project.write(name, text)
    return project


def passes(run, workers=None, environments=None, tests=2):
    assert run.code == 0, run.out + run.err
    started = run.of("worker_up")
    if workers:
        assert {event["worker"] for event in started} <= set(workers)
    verdicts = len(run.finished)
    assert verdicts == tests * (environments or 1), run.out
    assert len({event["environment"] for event in run.finished}) == (environments or 1)


# ---- Several processors


@pytest.mark.parametrize(
    "words",
    ["-n 3", "-n3", "-n auto", "-n logical", "--numprocesses=2", "-n auto --maxprocesses=1"],
)
def test_send_tests_to_several_cpus(package, words):
    passes(package.submit(*words.split()))


def test_the_number_of_slots_may_stand_in_the_environment(package):
    passes(package.submit("-n", "auto", PYTEST_XDIST_AUTO_NUM_WORKERS="1"), workers=["gw0"])


# ---- Interpreters


def test_in_a_python_subprocess(package):
    passes(package.submit("-d", "--tx", "popen//python=" + PYTHON))


def test_in_three_subprocesses(package):
    passes(package.submit("-d", "--tx", "3*popen//python=" + PYTHON))


def test_each_of_several_interpreters(package):
    one = "popen//python=%s" % PYTHON
    run = package.submit("--dist=each", "--tx", one, "--tx", one + " -X dev")
    passes(run, environments=2)


def test_each_platform_at_once(package):
    run = package.submit("--dist=each", "--tx=popen", "--tx=popen//env:DEBUG=1")
    passes(run, environments=2)


def test_a_subprocess_elsewhere(package, tmp_path):
    there = tmp_path / "there"
    run = package.submit("-d", "--tx", "popen//chdir=%s" % there, "--rsyncdir", "mypkg", "mypkg")
    passes(run)
    assert any(there.rglob("test_tool.py"))


def test_named_and_nice(package):
    run = package.submit("-d", "--tx", "popen//id=mine//nice=5//env:X=1")
    passes(run, workers=["mine"])


# ---- Other hosts


@needs_sshd
def test_remote_ssh_accounts(package, make_host):
    host = make_host("myhost")
    spec = "ssh=-F %s myhost" % host.config
    passes(package.submit("-d", "--tx", spec, "--rsyncdir", "mypkg", "mypkg"))


@needs_sshd
def test_remote_ssh_account_with_all_that_can_be_said(package, make_host, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    host = make_host("myhost", variables={"HOME": home})
    spec = "ssh=myhost//ssh_config=%s//python=%s//chdir=mydir//nice=1" % (host.config, PYTHON)
    passes(package.submit("-d", "--tx", spec, "--rsyncdir", "mypkg", "--rsyncignore", "*.tmp"))
    assert (home / "mydir").is_dir()


@needs_sshd
def test_ssh_and_local_interpreters_at_once(package, make_host):
    host = make_host("myhost")
    specs = ["popen//python=" + PYTHON, host.spec]
    passes(package.submit("--dist=each", "--tx=" + specs[0], "--tx=" + specs[1]), environments=2)


def test_remote_socket_servers(package, listen):
    listener = listen("--insecure")
    spec = "socket=127.0.0.1:%d" % listener.port
    passes(package.submit("-d", "--tx", spec, "--rsyncdir", "mypkg", "mypkg"))


@needs_sshd
def test_a_proxy_and_five_behind_it(package, make_host):
    host = make_host("myhost")
    proxy = "id=my_proxy//" + host.spec
    passes(package.submit("-d", "--px", proxy, "--tx", "5*popen//via=my_proxy"))


def test_a_socket_proxy_and_five_behind_it(package, listen):
    proxy = "id=my_proxy//socket=127.0.0.1:%d" % listen("--insecure", slots=5).port
    passes(package.submit("-d", "--px", proxy, "--tx", "5*popen//via=my_proxy"))


# ---- Settings that stand in files


@pytest.mark.parametrize("prefix", ["option_", "pytest_option_"])
def test_options_in_a_conftest(package, prefix):
    spec = "popen//python=%s//id=theirs" % PYTHON
    package.write("conftest.py", "%stx = [%r]\n%sdist = True\n" % (prefix, spec, prefix))
    passes(package.submit(), workers=["theirs"])


@needs_sshd
def test_folders_to_travel_in_a_conftest(package, make_host):
    host = make_host("myhost")
    package.write("helperpkg/__init__.py", "value = 1\n")
    package.write("helperpkg/_cache/big", "x")
    package.write(
        "mypkg/test_helper.py", "import helperpkg\ndef test_a(): assert helperpkg.value\n"
    )
    package.write("conftest.py", "rsyncdirs = ['mypkg', 'helperpkg']\nrsyncignore = ['_cache']\n")
    run = package.submit("-d", "--tx", host.spec)
    passes(run, tests=3)
    assert not any(host.cache.rglob("big"))


@pytest.mark.parametrize("name", ["pytest.ini", "tox.ini"])
def test_options_in_an_ini_file(package, name):
    package.write(name, "[pytest]\naddopts = -n3\nrsyncdirs = . mypkg\nrsyncignore = .hg\n")
    passes(package.submit())


def test_options_in_the_environment(package):
    passes(package.submit(PYTEST_ADDOPTS="-d --tx 2*popen"))
