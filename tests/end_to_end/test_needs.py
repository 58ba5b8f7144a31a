"""What tests need beside a slot: locks, processors, and to be alone; said by ctest, or in xgrid.toml."""

import pytest

# Each leaves a trace; the first that needs nothing else stays until it has company, however long that takes.
TRACED = """\
echo "begin $1" >> trace
alone() {
    test $(( $(grep -c begin trace) - $(grep -c end trace) )) -lt 2
}
case $1 in *0)
    case $1 in plain*|other*)
        n=0
        while alone && test $n -lt 200; do n=$((n + 1)); sleep 0.1; done
    esac
esac
sleep 0.1
echo "end $1" >> trace
"""


def ctest_folder(project, properties):
    """A build folder of tests that leave a trace; properties by name."""
    script = project.write("traced.sh", TRACED)
    lines = []
    for name, words in properties.items():
        lines.append('add_test(%s "/bin/sh" "%s" "%s")' % (name, script, name))
        lines.append(
            "set_tests_properties(%s PROPERTIES %s WORKING_DIRECTORY %s)"
            % (name, words, project.path)
        )
    project.write("build/CTestTestfile.cmake", "\n".join(lines) + "\n")


def overlaps(project):
    """Pairs of tests that ran at the same time."""
    running, found = set(), set()
    for line in (project.path / "trace").read_text().splitlines():
        word, name = line.split()
        if word == "begin":
            found |= {frozenset((name, other)) for other in running}
            running.add(name)
        else:
            running.remove(name)
    assert not running
    return found


def run(project, slots, *args):
    ended = project.submit("-n", slots, *args)
    assert ended.code == 0, ended.out + ended.err
    return overlaps(project)


@pytest.fixture
def plain():
    return {"plain%d" % i: "LABELS x" for i in range(6)}


def test_tests_with_one_lock_never_run_at_the_same_time(project, plain):
    locked = {"locked%d" % i: "RESOURCE_LOCK db" for i in range(4)}
    ctest_folder(project, {**plain, **locked})
    found = run(project, 3, "build")
    assert not [pair for pair in found if pair <= set(locked)]
    assert found  # others do


def test_a_serial_test_runs_alone(project, plain):
    ctest_folder(project, {"serial1": "RUN_SERIAL TRUE", **plain, "serial2": "RUN_SERIAL TRUE"})
    found = run(project, 3, "build")
    assert not [pair for pair in found if pair & {"serial1", "serial2"}]
    assert found


def test_a_test_of_two_processors_leaves_one_slot_of_three(project, plain):
    wide = {"wide%d" % i: "PROCESSORS 2" for i in range(2)}
    ctest_folder(project, {**plain, **wide})
    found = run(project, 3, "build")
    assert frozenset(wide) not in found
    # More than there are is as many as there are.
    (project.path / "trace").unlink()
    ctest_folder(project, {"huge": "PROCESSORS 64", **plain})
    assert not [pair for pair in run(project, 2, "build") if "huge" in pair]


def test_xgrid_toml_says_so_for_other_frameworks(project):
    script = project.write("traced.sh", TRACED)
    names = ["db%d" % i for i in range(3)] + ["other%d" % i for i in range(6)]
    project.write("list.txt", "".join("sh %s %s\n" % (script, name) for name in names))
    project.write("xgrid.toml", '[[needs]]\nunits = "* db*"\nlocks = ["database"]\n')
    found = run(project, 3, "--framework", "command", "list.txt")
    assert not [pair for pair in found if all(name.startswith("db") for name in pair)]
    assert found
