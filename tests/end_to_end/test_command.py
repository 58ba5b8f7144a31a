"""Any command as a test."""

import subprocess

import grid

LIST = """\
true

# a remark
  exit 3
exit 77
echo to stdout; echo to stderr >&2; false
kill -9 $$
true
test "$PYTEST_XDIST_WORKER" = gw0
"""


def test_commands_pass_fail_and_skip_by_their_exit_status(project):
    project.write("list.txt", LIST)
    run = project.submit("-n", 1, "--framework", "command", "list.txt")
    assert run.outcomes == {
        "true": "passed",
        "exit 3": "failed",
        "exit 77": "skipped",
        "echo to stdout; echo to stderr >&2; false": "failed",
        "kill -9 $$": "failed",
        "true (#2)": "passed",
        'test "$PYTEST_XDIST_WORKER" = gw0': "passed",
    }
    assert run.code == 1 and "3 failed, 3 passed, 1 skipped" in run.last_line
    assert "exited with status 3" in run.out and "killed by signal 9 (Killed)" in run.out
    assert "to stdout" in run.out and "to stderr" in run.out


def test_a_list_may_come_on_stdin(project):
    done = subprocess.run(
        [grid.XGRID, "submit", "-n", "2", "--framework", "command", "-k", "true"],
        input=b"true\nfalse\ntrue two\n",
        cwd=str(project.path),
        env=project.env,
        stdout=subprocess.PIPE,
    )
    assert done.returncode == 0 and b"2 passed" in done.stdout


def test_commands_that_are_not_there_are_usage_errors(project):
    run = project.submit("-n", 1, "--framework", "command", "nowhere.txt")
    assert run.code == 4 and "nowhere.txt" in run.err
    project.write("empty.txt", "# nothing\n")
    assert project.submit("-n", 1, "--framework", "command", "empty.txt").code == 5
    assert project.submit("-n", 1, "--framework", "command", "--strange", "empty.txt").code == 4
    run = project.submit("-n", 1, "--framework", "unheard-of", "empty.txt")
    assert run.code == 4 and "--framework" in run.err


def test_a_command_that_hangs_is_ended_with_all_that_it_started(project, marked):
    project.env.update(marked.env)
    project.write("list.txt", "sleep 1000 & sleep 1000\ntrue\n")
    run = project.submit("-n", 1, "--framework", "command", "--timeout", 3, "list.txt")
    assert run.outcomes == {"sleep 1000 & sleep 1000": "failed", "true": "passed"}
    assert "timed out after 3 s" in run.out


TAP = {
    "printf '1..2\\nok 1 - a\\nok 2 - b\\n'": "passed",
    "printf 'TAP version 14\\n1..2\\nok 1\\nnot ok 2 - breaks\\n  ---\\n  at: here\\n  ...\\n'": "failed",
    "printf '1..1\\nnot ok 1 - known # TODO later\\n'": "passed",
    "printf '1..0 # SKIP no network\\n'": "skipped",
    "printf '1..3\\nok 1\\n'": "failed",
    "printf '1..1\\nok 1\\n'; exit 4": "failed",
    "printf 'ok is what this prints\\nnot ok, too\\n'": "passed",
    "printf '1..2 is a range\\n'": "passed",
}


def test_where_tap_is_spoken_its_points_count(project):
    project.write("list.txt", "".join(line + "\n" for line in TAP))
    run = project.submit("-n", 2, "--framework", "command", "list.txt")
    assert run.outcomes == TAP
    assert "not ok 2 - breaks" in run.out and "at: here" in run.out
    assert "exited with status 4" in run.out
