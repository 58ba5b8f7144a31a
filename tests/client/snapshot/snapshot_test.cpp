#include "client/snapshot/snapshot.hpp"

#include <cstddef>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "tests/client/snapshot/disk_fixture.hpp"

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("what git leaves of a clean repository is what rev-parse says") {
    const DiskFixture disk;
    disk.write("a.py");
    disk.write("sub/b.py", "b\r\n");
    disk.write("sub/c.log", "c");
    disk.write(".gitignore", "*.tmp\n");
    disk.write("sub/d.tmp", "d");
    disk.run("git init -q && git add -A && git commit -q -m one");
    const Snapshot snapshot = disk.snapshot();
    CHECK(snapshot.git_id.hex() == disk.run("git rev-parse 'HEAD^{tree}'"));
    CHECK(snapshot.counts ==
          SnapshotCounts{.files = 4, .folders = 2, .bytes = 7 + 3 + 1 + 6, .hashed = 4});
    CHECK(snapshot.warnings.empty());
}

TEST_CASE("an empty folder is an empty tree") {
    const DiskFixture disk;
    CHECK(disk.snapshot().git_id.hex() == "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    disk.run("git init -q");
    CHECK(disk.snapshot().git_id.hex() == "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
}

TEST_CASE("a root that cannot be read is an error that names it") {
    const DiskFixture disk;
    disk.write("file");
    CHECK(contains(disk.error({.root = disk.top() / "none"}), "none along: No such file"));
    CHECK(contains(disk.error({.root = disk.root() / "file"}), "file along: not a folder"));
}

TEST_CASE("what tools leave behind stays behind, unless it is tracked, named, or wanted") {
    const DiskFixture disk;
    disk.write("a.py");
    disk.write("a.pyc");
    disk.write("a.py~");
    disk.write("__pycache__/a.pyc");
    disk.write(".venv/bin/python");
    disk.write("tracked.pyc");
    CHECK(listing(disk.snapshot()) == "a.py");
    disk.run("git init -q && git add tracked.pyc");
    CHECK(listing(disk.snapshot()) == "a.py tracked.pyc");
    SnapshotSettings settings = disk.settings();
    settings.extra = {disk.root() / ".venv"};
    CHECK(listing(disk.snapshot(settings)) ==
          ".venv/ .venv/bin/ .venv/bin/python a.py tracked.pyc");
    settings = disk.settings();
    settings.left_out = {"*~"};
    CHECK(listing(disk.snapshot(settings)) ==
          ".venv/ .venv/bin/ .venv/bin/python __pycache__/ __pycache__/a.pyc a.py a.pyc "
          "tracked.pyc");
}

TEST_CASE("ignore globs are for base names, and with a slash for relative and absolute paths") {
    const DiskFixture disk;
    for (const char* file : {"a.txt", "data/a.txt", "data/b.bin", "lib/data/b.bin", "lib/c.py"}) {
        disk.write(file);
    }
    fs::create_directories(disk.top() / "other/data");
    std::ofstream(disk.top() / "other/data/e") << "e";
    std::ofstream(disk.top() / "other/f") << "f";
    disk.run("git init -q && git add -A");
    const auto left = [&](std::vector<std::string> ignore) {
        SnapshotSettings settings = disk.settings();
        settings.extra = {disk.top() / "other"};
        settings.ignore = std::move(ignore);
        return listing(disk.snapshot(settings));
    };
    CHECK(left({"*.txt", "other"}) ==
          "data/ data/b.bin lib/ lib/c.py lib/data/ lib/data/b.bin other/ other/data/ "
          "other/data/e other/f");
    CHECK(left({"data"}) == "a.txt lib/ lib/c.py other/ other/f");
    CHECK(left({"data/"}) == "a.txt lib/ lib/c.py other/ other/f");
    CHECK(left({"data/*", "l?b"}) == "a.txt other/ other/f");
    CHECK(left({disk.root() / "lib", disk.top() / "*/data"}) == "a.txt other/ other/f");
    CHECK(left({"[!o]*"}).empty());
}

TEST_CASE("a named folder travels whole, wherever it is") {
    const DiskFixture disk;
    disk.write("a.py");
    disk.write("build/lib/x.so");
    disk.write("build/lib/.gitignore", "*");
    disk.write("build/obj/y.o");
    disk.write(".gitignore", "build\n");
    fs::create_directories(disk.top() / "other/pkg/.git");
    std::ofstream(disk.top() / "other/pkg/z.py") << "z";
    disk.run("git init -q");
    SnapshotSettings settings = disk.settings();
    CHECK(listing(disk.snapshot(settings)) == ".gitignore a.py");
    settings.extra = {disk.root() / "build/lib", disk.top() / "other/pkg"};
    CHECK(listing(disk.snapshot(settings)) ==
          ".gitignore a.py build/ build/lib/ build/lib/.gitignore build/lib/x.so pkg/ pkg/z.py");
    settings.extra = {disk.root()};
    CHECK(listing(disk.snapshot(settings)) ==
          ".gitignore a.py build/ build/lib/ build/lib/.gitignore build/lib/x.so build/obj/ "
          "build/obj/y.o");
    settings.extra = {disk.root() / "build/lib/x.so", disk.top() / "other/pkg/z.py"};
    CHECK(listing(disk.snapshot(settings)) ==
          ".gitignore a.py build/ build/lib/ build/lib/x.so z.py");
}

TEST_CASE("links on the way to what is named travel, ignored or not") {
    const DiskFixture disk;
    disk.write("build-2/bin/unit-2");
    disk.write("build-2/bin/other");
    disk.write(".gitignore", "build*\n");
    fs::create_symlink("unit-2", disk.root() / "build-2/bin/unit");
    fs::create_directory_symlink("build-2", disk.root() / "build");
    disk.run("git init -q");
    SnapshotSettings settings = disk.settings();
    settings.extra = {disk.root() / "build/bin/unit"};
    CHECK(listing(disk.snapshot(settings)) ==
          ".gitignore build@ build-2/ build-2/bin/ build-2/bin/unit@ build-2/bin/unit-2");
}

TEST_CASE("what is named in xgrid's own cache travels, and nothing else of that") {
    const DiskFixture disk;
    disk.write("a.py");
    disk.write("cache/one/x/b.so");
    disk.write("cache/two/x/c.so");
    setenv("XGRID_CACHE_HOME", (disk.root() / "cache").c_str(), 1);  // put back by the fixture
    SnapshotSettings settings = disk.settings();
    settings.extra = {disk.root() / "cache/one/x"};
    CHECK(listing(disk.snapshot(settings)) == "a.py x/ x/b.so");
}

TEST_CASE("two of one name are an error that names both, one named twice is not") {
    const DiskFixture disk;
    disk.write("pkg/a.py");
    fs::create_directories(disk.top() / "one/pkg");
    fs::create_directories(disk.top() / "one/data");
    fs::create_directories(disk.top() / "two/data");
    std::ofstream(disk.top() / "one/data/a") << "a";
    SnapshotSettings settings = disk.settings();
    settings.extra = {disk.top() / "one/data", disk.top() / "one/data/"};
    CHECK(listing(disk.snapshot(settings)) == "data/ data/a pkg/ pkg/a.py");
    settings.extra = {disk.top() / "one/data", disk.top() / "two/data"};
    CHECK(contains(disk.error(settings), disk.top() / "one/data"));
    CHECK(contains(disk.error(settings), disk.top() / "two/data"));
    settings.extra = {disk.top() / "one/pkg"};
    CHECK(contains(disk.error(settings), disk.top() / "one/pkg"));
    CHECK(contains(disk.error(settings), disk.root() / "pkg"));
    settings.extra = {disk.top() / "none"};
    CHECK(contains(disk.error(settings), "none along: No such file"));
    settings.extra = {"/"};
    CHECK(contains(disk.error(settings), "cannot be in a tree"));
}

TEST_CASE("a .git never travels, not even when it is named") {
    const DiskFixture disk;
    disk.write("sub/.git/config");
    disk.write("sub/a");
    disk.write("GIT/.git");
    CHECK(listing(disk.snapshot()) == "sub/ sub/a");
    SnapshotSettings settings = disk.settings();
    settings.left_out.clear();
    settings.extra = {disk.root()};
    CHECK(listing(disk.snapshot(settings)) == "sub/ sub/a");
    settings.extra = {disk.root() / "sub/.git"};
    CHECK(contains(disk.error(settings), "never travels"));
}

TEST_CASE("names that git keeps for itself are left out, and that is said") {
    const DiskFixture disk;
    disk.write(".GIT/config");
    disk.write("git~1");
    const Snapshot snapshot = disk.snapshot();
    CHECK(listing(snapshot).empty());
    REQUIRE(snapshot.warnings.size() == 2);
}

TEST_CASE("empty folders travel where that is wanted") {
    const DiskFixture disk;
    fs::create_directories(disk.root() / "a/b");
    disk.write("c/__pycache__/x.pyc");
    disk.write(".gitignore", "d\n");
    fs::create_directory(disk.root() / "d");
    disk.run("git init -q");
    CHECK(listing(disk.snapshot()) == ".gitignore");
    SnapshotSettings settings = disk.settings();
    settings.empty_folders = true;
    CHECK(listing(disk.snapshot(settings)) == ".gitignore a/ a/b/ c/");
    CHECK(listing(disk.late_snapshot(settings)) == ".gitignore a/ a/b/ c/");
    CHECK(listing(disk.snapshot(settings)) == ".gitignore a/ a/b/ c/");
    CHECK(listing(disk.snapshot()) == ".gitignore");
}

TEST_CASE("links travel as links while they stay inside") {
    const DiskFixture disk;
    disk.write("a");
    disk.link("here", "a");
    disk.link("broken", "none");
    disk.link("sub/up", "../a");
    disk.link("sub/out", "../../a");
    disk.link("absolute", disk.root() / "a");
    disk.link("folder", "sub");
    const Snapshot snapshot = disk.snapshot();
    CHECK(listing(snapshot) == "a broken@ folder@ here@ sub/ sub/up@");
    REQUIRE(snapshot.warnings.size() == 2);
    CHECK(contains(snapshot.warnings[0], "absolute: it leads outside"));
    CHECK(contains(snapshot.warnings[1], "sub/out: it leads outside, to ../../a"));
    SnapshotSettings settings = disk.settings();
    settings.outside_links = OutsideLinks::refuse;
    CHECK(contains(disk.error(settings), "absolute along: it leads outside"));
    settings.ignore = {"absolute", "out"};
    CHECK(disk.error(settings).empty());
}

TEST_CASE("pipes and sockets are left out and named") {
    const DiskFixture disk;
    disk.write("a");
    REQUIRE(mkfifo((disk.root() / "pipe").c_str(), 0600) == 0);
    const int server = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{.sun_family = AF_UNIX};
    const std::string path = disk.root() / "socket";
    REQUIRE(path.size() < sizeof address.sun_path);
    path.copy(address.sun_path, path.size());
    REQUIRE(bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    close(server);
    const Snapshot snapshot = disk.snapshot();
    CHECK(listing(snapshot) == "a");
    REQUIRE(snapshot.warnings.size() == 2);
    CHECK(contains(snapshot.warnings[0], "pipe: neither file"));
}

TEST_CASE("repositories inside travel as files, by their own rules") {
    const DiskFixture disk;
    disk.run(
        "git init -q && mkdir ../library && cd ../library && git init -q && echo l >l.py && "
        "echo '*.o' >.gitignore && git add -A && git commit -q -m one");
    disk.run("git -c protocol.file.allow=always submodule --quiet add ../library lib");
    disk.write("lib/new.py");
    disk.write("lib/x.o");
    disk.write("clone/a.log");
    disk.write("clone/b.o");
    disk.write("clone/sub/c");
    disk.run("cd clone && git init -q && echo sub >.git/info/exclude");
    disk.write(".gitignore", "*.log\n*.py\n/lib\n");
    CHECK(listing(disk.snapshot()) ==
          ".gitignore .gitmodules clone/ clone/a.log clone/b.o lib/ lib/.gitignore lib/l.py "
          "lib/new.py");
    // The same in a folder that is no repository.
    disk.run("rm -rf .git .gitmodules lib");
    CHECK(listing(disk.snapshot()) == ".gitignore clone/ clone/a.log clone/b.o");
}

TEST_CASE("a worktree is a working copy like any other") {
    const DiskFixture disk;
    disk.run(
        "mkdir ../main && cd ../main && git init -q && echo '*.o' >.git/info/exclude && "
        "echo a >a && git add -A && git commit -q -m one && "
        "git worktree add --quiet --force ../root HEAD");
    disk.write("x.o");
    disk.write("b");
    REQUIRE(fs::is_regular_file(disk.root() / ".git"));
    CHECK(listing(disk.snapshot()) == "a b");
}

TEST_CASE("a root in an ignored folder of a repository that does not know it travels whole") {
    const DiskFixture disk;
    disk.write("a.o");
    disk.run("cd .. && git init -q && printf '*\\n' >.git/info/exclude");
    CHECK(listing(disk.snapshot()) == "a.o");
    disk.write("b.o");
    disk.run("git add -f b.o");
    CHECK(listing(disk.snapshot()) == "b.o");
}

TEST_CASE("a repository that libgit2 cannot read still has its ignore files, with a warning") {
    const DiskFixture disk;
    disk.run("git init -q --object-format=sha256 && echo '*.x' >.git/info/exclude");
    disk.write("a.o");
    disk.write("a.x");
    disk.write("a");
    disk.write("sub/b.o");
    disk.write(".gitignore", "*.o\n");
    disk.run("git add -A");
    const Snapshot snapshot = disk.snapshot();
    CHECK(listing(snapshot) == ".gitignore a");
    CHECK(snapshot.id.hex() == disk.run("git write-tree"));
    REQUIRE(snapshot.warnings.size() == 1);
    CHECK(contains(snapshot.warnings[0], "cannot read the repository in " + disk.root().string()));
}

TEST_CASE("extensions that change nothing of what is read are no obstacle") {
    const DiskFixture disk;
    disk.write("a.o");
    disk.write("b");
    disk.write(".gitignore", "*.o\n");
    disk.run(
        "git init -q && git add -f a.o && git config core.repositoryformatversion 1 && "
        "git config extensions.worktreeConfig true");
    const Snapshot snapshot = disk.snapshot();
    CHECK(listing(snapshot) == ".gitignore a.o b");
    CHECK(snapshot.warnings.empty());
}

TEST_CASE("a broken index means that nothing counts as tracked, with a warning") {
    const DiskFixture disk;
    disk.write("a.o");
    disk.write("b");
    disk.write(".gitignore", "*.o\n");
    disk.run("git init -q && git add -f a.o");
    CHECK(listing(disk.snapshot()) == ".gitignore a.o b");
    disk.write(".git/index", "broken");
    const Snapshot snapshot = disk.snapshot();
    CHECK(listing(snapshot) == ".gitignore b");
    REQUIRE(snapshot.warnings.size() == 1);
    CHECK(contains(snapshot.warnings[0], "cannot read the index"));
}

TEST_CASE("somebody else's repository is read too") {
    if (geteuid() != 0) return;
    const DiskFixture disk;
    disk.write("a.o");
    disk.write("b");
    disk.write(".gitignore", "*.o\n");
    disk.run("git init -q && git add -f a.o && chown -R 12345 .");
    int status = 0;
    disk.try_to_run("git status", status);
    CHECK(status != 0);
    const Snapshot snapshot = disk.snapshot();
    CHECK(listing(snapshot) == ".gitignore a.o b");
    CHECK(snapshot.warnings.empty());
}

TEST_CASE("a file that may not be read is an error that names it") {
    const DiskFixture disk;
    disk.write("sub/secret");
    disk.run("chmod 000 sub/secret; chmod 755 .. . sub; chmod 777 ../cache");
    const pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && setresuid(12345, 12345, 12345) != 0) _exit(2);
        _exit(contains(DiskFixture::error(disk.settings()), "root/sub/secret: Permission denied")
                  ? 0
                  : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("what a tree cannot hold is a clear error") {
    const DiskFixture disk;
    std::string deep;
    for (std::size_t i = 0; i < folders_deep_max; ++i) deep += "d/";
    disk.write(deep + "file");
    CHECK(disk.error(disk.settings()).empty());
    disk.write(deep + "d/file");
    CHECK(contains(disk.error(disk.settings()), "it is more than 200 folders deep"));
    SnapshotSettings settings = disk.settings();
    settings.ignore = {"d"};
    CHECK(disk.error(settings).empty());
    fs::remove_all(disk.root() / "d");

    const std::string long_name(250, 'n');
    disk.run("f() { mkdir $1 && cd $1; }; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do f " +
             long_name + "; done; touch " + long_name + "; mkdir " + std::string(248, 'm') +
             " && cd " + std::string(248, 'm') + " && touch a");
    CHECK(contains(disk.error(disk.settings()), "its path is longer than 4000 bytes"));
    disk.run("rm -rf n*");
}

TEST_CASE("two snapshots at once are fine") {
    const DiskFixture disk;
    for (int i = 0; i < 200; ++i)
        disk.write("sub" + std::to_string(i % 7) + "/" + std::to_string(i));
    disk.run("git init -q && git add -A");
    const ObjectId id = disk.snapshot().id;
    std::vector<std::thread> threads;
    std::vector<ObjectId> ids(8);
    for (ObjectId& of_thread : ids) {
        threads.emplace_back([&] {
            for (int i = 0; i < 10; ++i) {
                Result<Snapshot> taken =
                    take_snapshot(disk.settings(), std::chrono::system_clock::now());
                of_thread = taken ? taken->id : ObjectId{};
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (const ObjectId& of_thread : ids) CHECK(of_thread == id);
}

}  // namespace xgrid::client
