"""Who may use a broker: keys, roles, tokens, and what becomes of those who may not."""

import json
import os
import stat

import grid
import pytest

import brokers
from brokers import done, keys
from listeners import SUITE, check_suite

WAITS = """
import pathlib, time

def test_waits():
    pathlib.Path(%(at)r).touch()
    while not pathlib.Path(%(go)r).exists():
        time.sleep(0.01)
"""


@pytest.fixture
def serve(tmp_path):
    """Starts a broker; it and what else was started for it has ended in the end."""
    started = []

    def start(*args, **more):
        started.append(brokers.Broker(tmp_path / ("broker-%d" % len(started)), *args, **more))
        return started[-1]

    yield start
    for broker in started:
        broker.end()


def refused(run, code, *texts):
    assert run.code == code, run.out + run.err
    for text in texts:
        assert text in run.out + run.err
    assert not run.finished


# ---- Who is allowed


def test_an_allowed_user_runs_tests_on_an_allowed_worker(project, serve):
    project.write("test_a.py", SUITE)
    broker = serve()
    ann = broker.allow("ann", "submit")
    worker = broker.working()
    check_suite(project.submit(*broker.as_user(ann)))
    check_suite(project.submit(*broker.as_user(ann), "--dist", "each", "--tx", "popen"))
    assert "refuses" not in worker.err.read_text()
    for line in (" connected user=ann ", " submit user=ann ", " allowed user=ann "):
        assert line in broker.audit
    assert stat.S_IMODE(os.stat(broker.data / "audit.log").st_mode) == 0o600
    assert "xgs1_" not in broker.audit + broker.process.err.read_text()


def test_keys_from_the_environment_and_the_users_settings(project, serve):
    project.write("test_a.py", SUITE)
    broker = serve()
    broker.working()
    config = project.path.parent / "config"
    ann = done(keys("new", "--name", "ann", env={"XDG_CONFIG_HOME": str(config)}))
    done(keys("allow", ann, "--name", "ann", "--role", "submit", "--data", broker.data))
    check_suite(project.submit("--broker", broker.endpoint, XGRID_BROKER_KEY=broker.key))
    settings = 'broker = "%s"\nbroker-key = "%s"\n' % (broker.endpoint, broker.key)
    (config / "xgrid" / "config.toml").write_text(settings)
    check_suite(project.submit())
    (project.path.parent / "its-key").write_text(broker.key + "\n")
    check_suite(project.submit("--broker-key", project.path.parent / "its-key"))


def test_an_unknown_key_gets_nothing(project, serve):
    project.write("test_a.py", SUITE)
    broker = serve()
    broker.working()
    eve = broker.new_key("eve")
    run = project.submit(*broker.as_user(eve))
    refused(run, 3, "does not let in xgp1_", "xgrid keys allow xgp1_")
    assert grid.until(lambda: " denied key=" in broker.audit)
    assert "user=eve" not in broker.audit


def test_no_key_gets_nothing(project, serve):
    project.write("test_a.py", SUITE)
    broker = serve()
    broker.working()
    refused(project.submit("--broker", broker.endpoint), 3, "asks for keys", "--broker-key")
    worker = broker.worker()
    assert worker.says("asks for keys")


def test_another_broker_than_was_meant_gets_nothing(project, serve):
    project.write("test_a.py", SUITE)
    broker, other = serve(), serve()
    ann = broker.allow("ann", "submit")
    run = project.submit("--broker", broker.endpoint, "--broker-key", other.key, "--key", ann)
    refused(run, 3, "has another key")


def test_a_worker_waits_until_its_key_is_allowed(project, serve):
    project.write("test_a.py", SUITE)
    broker = serve()
    ann = broker.allow("ann", "submit")
    key = broker.new_key("hal")
    worker = broker.worker("--broker-key", broker.key, "--key", key)
    assert worker.says("does not let in xgp1_")
    done(keys("allow", key, "--name", "hal", "--role", "work", "--data", broker.data))
    check_suite(project.submit(*broker.as_user(ann)))
    assert worker.err.read_text().count("does not let in") == 1


# ---- Roles


def test_who_reads_or_works_cannot_submit(project, serve):
    project.write("test_a.py", SUITE)
    broker = serve()
    broker.working()
    for name, role in (("eve", "read"), ("hal", "work")):
        key = broker.allow(name, role)
        refused(
            project.submit(*broker.as_user(key)),
            3,
            "the key of %s has the role %s, and this needs submit or admin" % (name, role),
        )
    assert grid.until(lambda: " not-allowed user=eve " in broker.audit)


def test_who_submits_is_no_worker(serve):
    broker = serve()
    ann = broker.allow("ann", "submit")
    worker = broker.worker("--broker-key", broker.key, "--key", ann)
    assert worker.says("the key of ann has the role submit, and this needs work or admin")


# ---- Revoked


def test_a_user_revoked_during_a_run_is_told_and_the_run_ends(project, serve, tmp_path):
    at, go = tmp_path / "at", tmp_path / "go"
    project.write("test_a.py", WAITS % {"at": str(at), "go": str(go)})
    broker = serve()
    ann, bob = broker.allow("ann", "submit"), broker.allow("bob", "submit")
    broker.working(slots=1)
    run = project.start(*broker.as_user(ann))
    assert grid.until(at.exists)
    broker.revoke("ann")
    ended = grid.ended(run)
    assert ended.code == 3 and "your key was revoked" in ended.out + ended.err
    assert " revoked user=ann " in broker.audit
    # The slot is free again, though nobody lets the test go on; and she is not let in.
    (project.path / "test_a.py").write_text("def test_a(): pass\n")
    assert project.submit(*broker.as_user(bob)).code == 0
    refused(project.submit(*broker.as_user(ann)), 3, "does not let in")


def test_a_worker_revoked_during_a_run_loses_its_tests_to_another(project, serve, tmp_path):
    at, go = tmp_path / "at", tmp_path / "go"
    project.write("test_a.py", WAITS % {"at": str(at), "go": str(go)})
    broker = serve()
    ann = broker.allow("ann", "submit")
    worker = broker.working(slots=1)
    run = project.start(*broker.as_user(ann))
    assert grid.until(at.exists)
    at.unlink()
    name = [line["name"] for line in listed(broker) if line["roles"] == ["work"]]
    broker.working(slots=1)
    broker.revoke(name[0])
    assert worker.says("your key was revoked")
    assert grid.until(at.exists)
    go.touch()
    ended = grid.ended(run)
    assert ended.code == 0, ended.out + ended.err
    # Nobody takes its results any more: what it is told next ends it at once, without the wait for that.
    worker.process.terminate()
    assert worker.says("takes nothing new")


def listed(broker):
    out = done(keys("list", "--json", "--data", broker.data))
    return [json.loads(line) for line in out.splitlines()]


# ---- Tokens


def test_a_token_lets_in_one_worker(project, serve):
    project.write(
        "test_a.py",
        "import os, sys\ndef test_a(): assert 'xgt1_' not in repr(os.environ) + repr(sys.argv)\n",
    )
    broker = serve()
    ann = broker.allow("ann", "submit")
    token = broker.token("--expires", "1h")
    worker = broker.worker(env={"XGRID_TOKEN": token})
    run = project.submit(*broker.as_user(ann))
    assert run.code == 0, run.out + run.err
    second = broker.worker("--token", token)
    assert second.says("this token has been used by another worker")
    worker.end()
    third = broker.worker(env={"XGRID_TOKEN": token})
    assert third.says("this token has been used by another worker")
    assert [key["used"] for key in listed(broker) if "used" in key] == [True]


def test_the_worker_of_a_token_comes_back_to_a_broker_that_was_started_again(project, serve):
    project.write("test_a.py", SUITE)
    broker = serve()
    ann = broker.allow("ann", "submit")
    token = broker.token()
    broker.worker(env={"XGRID_TOKEN": token})
    check_suite(project.submit(*broker.as_user(ann)))
    broker.process.end()
    again = broker.start(
        "broker", "broker", "--bind", broker.endpoint, "--data", broker.data, "--keys"
    )
    assert again.says(broker.key)
    check_suite(project.submit(*broker.as_user(ann)))
    assert broker.worker("--token", token).says("used by another worker")


def test_a_token_expires(serve):
    broker = serve()
    token = broker.token("--expires", "1s")
    assert grid.until(lambda: "expired" in done(keys("list", "--data", broker.data)))
    assert broker.worker(env={"XGRID_TOKEN": token}).says("has expired")


def test_a_token_is_for_workers(serve):
    broker = serve()
    ended = keys("token", "--role", "admin", "--data", broker.data)
    assert ended.returncode == 4 and "--role work" in ended.stderr
    damaged = broker.token()[:-1]
    worker = broker.worker(env={"XGRID_TOKEN": damaged})
    assert worker.process.wait(timeout=grid.DEADLINE_SECONDS) == 4
    assert "damaged" in worker.err.read_text() and damaged not in worker.err.read_text()


# ---- Files


def test_a_key_that_others_can_read_is_not_used(project, serve):
    project.write("test_a.py", SUITE)
    broker = serve()
    ann = broker.allow("ann", "submit")
    assert stat.S_IMODE(ann.stat().st_mode) == 0o600
    ann.chmod(0o640)
    refused(project.submit(*broker.as_user(ann)), 4, "others can read")
    refused(project.submit(*broker.as_user(ann.parent / "none")), 4, "xgrid keys new")


@pytest.mark.parametrize("name", ["key", "keys"])
def test_a_broker_does_not_start_with_files_that_others_can_change(serve, name):
    broker = serve()
    broker.allow("ann", "submit")
    broker.process.end()
    (broker.data / name).chmod(0o666)
    again = broker.start("broker", "broker", "--bind", broker.endpoint, "--data", broker.data)
    assert again.process.wait(timeout=grid.DEADLINE_SECONDS) == 4
    assert "others can read or change it" in again.err.read_text()


def test_a_broker_goes_on_with_the_list_as_it_was_when_it_is_damaged(project, serve):
    project.write("test_a.py", SUITE)
    broker = serve()
    ann = broker.allow("ann", "submit")
    broker.working()
    check_suite(project.submit(*broker.as_user(ann)))
    with open(broker.data / "keys", "a") as file:
        file.write("everybody\n")
    assert broker.process.says("goes on with the keys as they were")
    check_suite(project.submit(*broker.as_user(ann)))


def test_a_key_is_not_made_twice(tmp_path):
    first = done(keys("new", tmp_path / "key"))
    again = keys("new", tmp_path / "key")
    assert again.returncode == 4 and first in again.stderr and not again.stdout


# ---- Without keys


def test_a_broker_that_others_can_reach_asks_for_keys(project, serve):
    project.write("test_a.py", SUITE)
    broker = serve(bind="tcp://0.0.0.0")
    broker.allow("ann", "submit")
    broker.working()
    refused(project.submit("--broker", broker.endpoint), 3, "asks for keys")


def test_a_broker_without_keys_says_so(project, serve):
    project.write("test_a.py", SUITE)
    broker = serve("--insecure", bind="tcp://0.0.0.0", asks=False)
    assert broker.process.says("warning: --insecure")
    broker.worker()
    check_suite(project.submit("--broker", broker.endpoint))
    # On this machine keys are asked for where there are some.
    local = serve(asks=False)
    assert "asks for keys" not in local.process.err.read_text()
    assert not (local.data / "key").exists()


def test_a_client_asks_for_the_key_of_a_broker_elsewhere(project):
    project.write("test_a.py", SUITE)
    run = project.submit("--broker", "tcp://192.0.2.1:7555")
    refused(run, 4, "is on another machine", "--broker-key")


@pytest.mark.parametrize(
    "words, text",
    [
        ([], "needs one of"),
        (["make"], "no such action"),
        (["allow", "--name", "ann", "--role", "read"], "needs a public KEY"),
        (["allow", "xgp1_x", "--name", "ann", "--role", "read"], "damaged"),
        (["allow", "xgs1_x", "--name", "ann", "--role", "read"], "secret key"),
        (["allow", "/nowhere", "--name", "ann", "--role", "read"], "No such file"),
        (["allow", "xgp1_x", "--name", "a b", "--role", "read"], "--name takes"),
        (["allow", "xgp1_x", "--name", "ann", "--role", "root"], "'root' is no role"),
        (["revoke", "nobody"], "no key of nobody"),
        (["list", "x"], "one too many"),
        (["list", "--role", "read"], "--role does not go with"),
        (["token", "--expires", "soon"], "--expires takes"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(tmp_path, words, text):
    ended = keys(*words, "--data", tmp_path / "data")
    assert ended.returncode == 4, ended.stdout
    assert text in ended.stderr
