"""Test binaries in copies of the code: they travel with the libraries that no package brings, and where a system
cannot run them, that is said. Programs here are in C, and say which files their libraries are from."""

import re
import subprocess

import grid
import pytest

from hosts import needs_sshd
from natives import build_c

TEST = "build/tests/unit::Libraries.files"


class Built:
    """A git project whose build folder is ignored, with a library in it and one elsewhere."""

    def __init__(self, path):
        self.project = grid.Project(path / "project")
        self.build = self.project.path / "build"
        self.elsewhere = path / "elsewhere"
        self.copy = path / "copy"
        subprocess.run(["git", "init", "-q", str(self.project.path)], check=True)
        self.project.write(".gitignore", "build\n")
        self.project.write("src/unit.c", "int main() {}\n")

    def shared_object(self, made, name, *options):
        return build_c(made, "library.c", "-shared", "-fPIC", "-DNAME=" + name, *options)

    def program(self, *options, name="tests/unit"):
        return build_c(self.build / name, "asks_libraries.c", *options)

    def both(self):
        """RUNPATH of one is relative, of the other absolute."""
        self.shared_object(self.build / "lib/libnear.so.1", "near_file", "-Wl,-soname,libnear.so.1")
        (self.build / "lib/libnear.so").symlink_to("libnear.so.1")
        self.shared_object(self.elsewhere / "libfar.so", "far_file")
        near, far = self.build / "lib", self.elsewhere
        paths = "-Wl,--enable-new-dtags,-rpath,$ORIGIN/../lib,-rpath,%s" % far
        self.program("-DNEAR", "-DFAR", "-L%s" % near, "-L%s" % far, paths, "-lnear", "-lfar")

    def submit(self, *args, **more):
        return self.project.submit("--tx", "popen//chdir=%s" % self.copy, *args, **more)

    def files(self):
        found = (path for path in self.copy.rglob("*") if not path.is_dir())
        return {str(path.relative_to(self.copy)) for path in found}


@pytest.fixture
def built(tmp_path):
    return Built(tmp_path)


def seen(run, name):
    """The file that the program had that library from."""
    assert run.outcomes == {TEST: "failed"}, run.out + run.err
    return re.search(r"^%s (.*)$" % name, run.out, re.MULTILINE).group(1)


def test_an_ignored_binary_travels_with_its_libraries_and_nothing_else(built):
    built.both()
    built.program(name="tests/other")
    run = built.submit("build/tests/unit")
    assert seen(run, "FAR") == str(built.copy / ".xgrid-libraries/libfar.so")
    assert seen(run, "NEAR").startswith(str(built.copy / "build"))
    assert built.files() == {
        ".gitignore",
        "src/unit.c",
        "build/tests/unit",
        "build/lib/libnear.so.1",
        ".xgrid-libraries/libfar.so",
    }


def test_at_home_nothing_travels(built):
    built.both()
    run = built.project.submit("-n", 1, "build/tests/unit")
    assert seen(run, "FAR") == str(built.elsewhere / "libfar.so")
    assert seen(run, "NEAR").endswith("build/tests/../lib/libnear.so.1")


@needs_sshd
def test_through_ssh(built, make_host):
    built.both()
    host = make_host()
    run = built.project.submit("--tx", host.spec, "build/tests/unit")
    for name in ("NEAR", "FAR"):
        assert seen(run, name).startswith(str(host.cache)), run.out


def test_a_broker_s_worker(built, team):
    built.both()
    team.work()
    run = team.submit("build/tests/unit")
    assert seen(run, "FAR").endswith("/.xgrid-libraries/libfar.so")
    assert not seen(run, "FAR").startswith(str(built.elsewhere))


def test_a_broker_s_run_waits_for_a_worker_of_its_machine(built, team):
    program = built.program()
    content = bytearray(program.read_bytes())
    content[18:20] = (183).to_bytes(2, "little")  # e_machine: EM_AARCH64
    program.write_bytes(content)
    team.work()
    run = team.detach("build/tests/unit")
    assert grid.until(lambda: "arch=aarch64" in team.do("why", run).out), team.do("why", run).out


def test_what_a_carried_library_needs_is_carried_too(built):
    """Both lie in the project, where only an absolute path and the client's LD_LIBRARY_PATH lead."""
    deep, shallow = built.build / "deep", built.build / "shallow"
    built.shared_object(deep / "libdeep.so", "deep_file")
    built.shared_object(
        shallow / "libfar.so", "far_file", "-DNEXT=deep_file", "-L%s" % deep, "-ldeep"
    )
    built.program(
        "-DFAR", "-L%s" % shallow, "-Wl,-rpath,%s,-rpath-link,%s" % (shallow, deep), "-lfar"
    )
    run = built.submit("build/tests/unit", LD_LIBRARY_PATH=str(deep))
    assert seen(run, "FAR") == str(built.copy / ".xgrid-libraries/libdeep.so")
    assert {"build/deep/libdeep.so", "build/shallow/libfar.so"} <= built.files()


def test_a_library_that_is_built_again_travels_again(built):
    built.both()
    built.submit("build/tests/unit")
    carried = built.copy / ".xgrid-libraries/libfar.so"
    before = carried.read_bytes()
    built.shared_object(built.elsewhere / "libfar.so", "far_file", "-DMORE", "-g")
    built.submit("build/tests/unit")
    assert carried.read_bytes() == (built.elsewhere / "libfar.so").read_bytes() != before


def test_different_libraries_of_one_name_are_refused(built, tmp_path):
    for name in ("one", "two"):
        folder = tmp_path / name
        built.shared_object(folder / "libfar.so", "far_file", *(["-g"] if name == "one" else []))
        built.program("-DFAR", "-L%s" % folder, "-Wl,-rpath,%s" % folder, "-lfar", name=name)
    run = built.submit("build/one", "build/two")
    assert run.code == 4 and "submit them one after the other" in run.err, run.out + run.err


def test_from_a_folder_below_and_by_absolute_paths(built):
    built.both()
    below = grid.Project(built.project.path / "src")
    copy = ["--tx", "popen//chdir=%s" % built.copy]
    run = below.submit(
        *copy, "../build/tests/unit", XGRID_CACHE_HOME=built.project.env["XGRID_CACHE_HOME"]
    )
    assert list(run.outcomes.values()) == ["failed"], run.out + run.err
    assert "FAR %s" % (built.copy / ".xgrid-libraries/libfar.so") in run.out
    assert seen(built.submit(built.build / "tests/unit"), "NEAR").startswith(str(built.copy))


def test_a_link_to_a_binary_travels_with_what_it_leads_to(built):
    built.program(name="tests/unit-2.1")
    (built.build / "tests/unit").symlink_to("unit-2.1")
    (built.project.path / "latest").symlink_to("build")
    run = built.submit("latest/tests/unit")
    assert run.outcomes == {"latest/tests/unit::Libraries.files": "failed"}, run.out + run.err
    assert {"build/tests/unit-2.1", "build/tests/unit"} <= built.files()
    assert (built.copy / "latest").is_symlink()


def test_one_outside_of_the_project_is_refused_where_it_would_have_to_travel(built, tmp_path):
    outside = build_c(tmp_path / "outside/unit", "asks_libraries.c")
    run = built.submit(outside)
    assert run.code == 4 and "lies outside of the project" in run.err
    assert built.project.submit("-n", 1, outside).code == 1


def changed(program, before, after):
    content = program.read_bytes()
    assert before in content and len(before) == len(after)
    program.write_bytes(content.replace(before, after))


def why(run):
    """Of a unit that cannot be run: the one line that says it."""
    assert run.code == 1 and list(run.outcomes.values()) == ["error"], run.out + run.err
    (line,) = {line for line in run.out.splitlines() if line.startswith("cannot run unit here: ")}
    return line


def test_a_program_of_another_machine(built):
    program = built.program()
    content = bytearray(program.read_bytes())
    content[18:20] = (183).to_bytes(2, "little")  # e_machine: EM_AARCH64
    program.write_bytes(content)
    line = why(built.project.submit("-n", 1, "build/tests/unit", COLUMNS="300"))
    assert "built for aarch64, and this worker is " in line and "--label arch=aarch64" in line


def test_a_system_that_is_too_old(built):
    program = built.program()
    versions = re.findall(rb"GLIBC_2\.\d\d\0", program.read_bytes())
    newest = max(versions, key=lambda version: int(version[8:-1]))
    changed(program, newest, b"GLIBC_9." + newest[8:])
    line = why(built.project.submit("-n", 1, "build/tests/unit", COLUMNS="300"))
    assert re.search(r"needs GLIBC_9\.\d\d, and the system of this worker has 2\.\d\d;", line)


def test_a_library_that_is_not_there(built):
    built.both()
    (built.elsewhere / "libfar.so").unlink()
    for submit in (built.submit, built.project.submit):
        line = why(submit("build/tests/unit", COLUMNS="300"))
        assert "needs the library libfar.so, which this worker does not find" in line


def test_a_loader_that_is_not_there(built):
    changed(built.program(), b"/ld-linux", b"/no-linux")
    line = why(built.project.submit("-n", 1, "build/tests/unit", COLUMNS="300"))
    assert re.search(r"its loader, /\S*/no-linux\S*, is not on this worker", line)


def test_a_unit_that_cannot_run_leaves_the_others_alone(built):
    built.program(name="fit")
    changed(built.program(), b"/ld-linux", b"/no-linux")
    run = built.project.submit("-n", 1, "build/tests/unit", "build/fit")
    assert run.outcomes == {"build/tests/unit": "error", "build/fit::Libraries.files": "failed"}
