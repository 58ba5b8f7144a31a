#include "client/watching.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "tests/client/temp_folder.hpp"

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

Instant now() { return std::chrono::steady_clock::now(); }

class Watch {
public:
    explicit Watch(SnapshotSettings settings) : watching_(now(), {std::move(settings)}) {
        REQUIRE_FALSE(next(true));
        REQUIRE(watching_.trouble().empty());
    }
    explicit Watch(const TempFolder& folder)
        : Watch(SnapshotSettings{.root = folder.path(), .empty_folders = true}) {}

    /// None: there is nothing more to see, as far as the kernel says.
    std::optional<FileChanges> next(bool only_pending) {
        const Instant deadline = now() + std::chrono::seconds(30);
        if (only_pending) watching_.look_soon(now());
        while (now() < deadline) {
            if (only_pending && !watching_.pending()) return std::nullopt;
            std::vector<zmq::pollitem_t> items;
            watching_.watch(items);
            const Instant until = std::min(deadline, watching_.next_deadline());
            wait_for(items, until - now());
            if (auto changes = watching_.advance(now())) return changes;
        }
        FAIL("nothing has changed");
        return std::nullopt;
    }
    FileChanges changes() { return next(false).value_or(FileChanges()); }
    bool quiet() { return !next(true).has_value(); }
    Watching& operator*() { return watching_; }

private:
    Watching watching_;
};

TEST_CASE("a file that is written has changed, and is seen once") {
    const TempFolder folder;
    const std::string file = folder.write("sub/a.py", "1");
    Watch watch(folder);
    CHECK((*watch).files() == 1);
    folder.write("sub/a.py", "2");
    CHECK(watch.changes() == FileChanges{{FileChange::Kind::modified, file, ""}});
    CHECK(watch.quiet());
}

TEST_CASE("files come, go and change their names") {
    const TempFolder folder;
    folder.write("a.py", "a");
    folder.write("b.py", "b");
    Watch watch(folder);
    fs::rename(folder / "a.py", folder / "c.py");
    CHECK(watch.changes() ==
          FileChanges{{FileChange::Kind::renamed, folder / "c.py", folder / "a.py"}});
    fs::remove(folder / "b.py");
    CHECK(watch.changes() == FileChanges{{FileChange::Kind::removed, folder / "b.py", ""}});
    folder.write("d.py", "d");
    CHECK(watch.changes() == FileChanges{{FileChange::Kind::added, folder / "d.py", ""}});
}

TEST_CASE("a folder that is new is watched, with what is in it already") {
    const TempFolder folder;
    folder.write("a.py", "a");
    Watch watch(folder);
    folder.write("deep/er/b.py", "b");
    CHECK(watch.changes() == FileChanges{{FileChange::Kind::added, folder / "deep/er/b.py", ""}});
    folder.write("deep/er/b.py", "bb");
    CHECK(watch.changes() ==
          FileChanges{{FileChange::Kind::modified, folder / "deep/er/b.py", ""}});
    folder.make("empty");
    CHECK(watch.quiet());
    folder.write("empty/c.py", "c");
    CHECK(watch.changes() == FileChanges{{FileChange::Kind::added, folder / "empty/c.py", ""}});
}

TEST_CASE("a folder that takes the place of one that was moved is watched") {
    const TempFolder folder;
    folder.write("here/sub/a.py", "a");
    Watch watch(folder);
    fs::rename(folder / "here", folder / "there");
    folder.write("here/sub/b.py", "b");
    CHECK(watch.changes().size() == 2);
    folder.write("here/sub/b.py", "bb");
    CHECK(watch.changes() ==
          FileChanges{{FileChange::Kind::modified, folder / "here/sub/b.py", ""}});
    folder.write("there/sub/a.py", "aa");
    CHECK(watch.changes() ==
          FileChanges{{FileChange::Kind::modified, folder / "there/sub/a.py", ""}});
}

TEST_CASE("a thousand files at once are one change") {
    const TempFolder folder;
    folder.make("many");
    Watch watch(folder);
    for (int i = 0; i < 1000; ++i) folder.write("many/" + std::to_string(i), "x");
    CHECK(watch.changes().size() == 1000);
    CHECK(watch.quiet());
}

TEST_CASE("what stays as it was, and what the tree would not hold, is no change") {
    const TempFolder folder;
    folder.write("a.py", "a");
    folder.make(".git");
    folder.write(".git/HEAD", "ref: refs/heads/main\n");
    folder.make(".git/objects");
    folder.make(".git/refs");
    folder.write(".gitignore", "*.log\n");
    Watch watch(folder);
    fs::last_write_time(folder / "a.py", fs::file_time_type::clock::now());
    folder.write("a.py", "a");
    folder.write("__pycache__/a.cpython-311.pyc", "x");
    folder.write(".pytest_cache/v/cache/lastfailed", "{}");
    folder.write("run.log", "x");
    folder.write(".git/index", "x");
    CHECK(watch.quiet());
    folder.write("b.py", "b");
    CHECK(watch.changes() == FileChanges{{FileChange::Kind::added, folder / "b.py", ""}});
}

TEST_CASE("a look that fails says why, and is followed by another") {
    const TempFolder folder;
    folder.write("root/a.py", "a");
    Watch watch(SnapshotSettings{.root = folder / "root", .empty_folders = true});
    fs::rename(folder / "root", folder / "away");
    CHECK(watch.quiet());
    CHECK((*watch).trouble().find("root") != std::string::npos);
    fs::rename(folder / "away", folder / "root");
    folder.write("root/b.py", "b");
    CHECK(watch.changes() == FileChanges{{FileChange::Kind::added, folder / "root/b.py", ""}});
    CHECK((*watch).trouble().empty());
}

}  // namespace
}  // namespace xgrid::client
