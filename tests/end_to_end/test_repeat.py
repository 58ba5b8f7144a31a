"""Runs that are repeated, and what failed alone."""

FLAKY = "test ! -e flag"


def runs(run):
    return [[event["id"] for event in part] for part in parts(run)]


def parts(run):
    """The tests of each round."""
    found = []
    for event in run.events:
        if event["event"] == "run_started":
            found.append([])
        elif event["event"] == "test_finished":
            found[-1].append(event)
    return found


def test_what_failed_last_time_runs_alone(project):
    project.write("list.txt", "true\n%s\nfalse\n" % FLAKY)
    args = ("-n", 2, "--framework", "command", "list.txt")
    (project.path / "flag").touch()
    assert project.submit(*args).code == 1
    (project.path / "flag").unlink()
    run = project.submit(*args, "--rerun-failed")
    assert run.outcomes == {FLAKY: "passed", "false": "failed"} and run.code == 1
    run = project.submit(*args, "--rerun-failed")
    assert run.outcomes == {"false": "failed"}
    project.write("list.txt", "true\ntrue 2\n")
    project.submit(*args)
    run = project.submit(*args, "--rerun-failed")
    assert run.outcomes == {} and run.code == 5  # it is not there any more


def test_where_nothing_failed_all_tests_run_and_that_is_said(project):
    project.write("list.txt", "true\n")
    run = project.submit("-n", 1, "--framework", "command", "list.txt", "--rerun-failed")
    assert run.outcomes == {"true": "passed"} and "nothing failed" in run.err


def test_tests_of_pytest_that_failed_run_alone_too(project):
    project.write("test_a.py", "def test_one(): pass\ndef test_two(): assert 0\n")
    assert project.submit("-n", 1).code == 1
    assert project.submit("-n", 1, "--rerun-failed").outcomes == {"test_a.py::test_two": "failed"}


def test_a_number_of_times(project):
    project.write("list.txt", "true\ntrue 2\n")
    run = project.submit("-n", 2, "--framework", "command", "list.txt", "--repeat", 3)
    assert [sorted(part) for part in runs(run)] == [["true", "true 2"]] * 3
    assert run.code == 0 and run.out.count("2 passed") == 3
    assert "round 1 of 3" in run.out and "round 3 of 3" in run.out


def test_until_one_fails(project):
    # Passes twice.
    project.write("list.txt", "echo x >> count; test $(wc -l < count) -lt 3\n")
    args = ("-n", 1, "--framework", "command", "list.txt", "--repeat")
    run = project.submit(*args, "until-fail")
    assert [part[0]["outcome"] for part in parts(run)] == ["passed", "passed", "failed"]
    assert run.code == 1
    (project.path / "count").unlink()
    run = project.submit(*args, 4)
    assert [part[0]["outcome"] for part in parts(run)] == ["passed", "passed", "failed", "failed"]
    assert run.code == 1


def test_what_makes_no_sense_is_4(project):
    project.write("list.txt", "true\n")
    for wrong in (["--repeat", "0"], ["--repeat", "often"], ["--repeat", "2", "-f"]):
        run = project.submit("-n", 1, "--framework", "command", "list.txt", *wrong)
        assert run.code == 4 and "--" in run.err
