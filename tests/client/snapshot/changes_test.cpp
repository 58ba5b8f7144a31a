// What snapshots see of changes between and during them.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "tests/client/snapshot/disk_fixture.hpp"

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

// Puts a file's time of modification back, as some tools do.
void restore_time(const fs::path& path, const struct stat& before) {
    const std::array<timespec, 2> times = {before.st_atim, before.st_mtim};
    utimensat(AT_FDCWD, path.c_str(), times.data(), AT_SYMLINK_NOFOLLOW);
}

std::vector<fs::path> files_in(const fs::path& root) {
    std::vector<fs::path> files;
    for (auto at = fs::recursive_directory_iterator(root); at != fs::end(at); ++at) {
        if (at->path().filename() == ".git") at.disable_recursion_pending();
        if (fs::is_regular_file(at->symlink_status())) files.push_back(at->path());
    }
    std::ranges::sort(files);
    return files;
}

void change_something(const fs::path& root, std::mt19937& random) {
    const auto number = [&](std::size_t below) {
        return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
    };
    const std::vector<fs::path> files = files_in(root);
    const fs::path path = files[number(files.size())];
    struct stat before = {};
    REQUIRE(stat(path.c_str(), &before) == 0);
    const fs::path fresh = path.parent_path() / ("new" + std::to_string(number(1000)));
    std::error_code none;
    switch (number(10)) {
        case 0:  // same size, same time
            std::ofstream(path) << std::string(static_cast<std::size_t>(before.st_size),
                                               static_cast<char>('a' + number(26)));
            return restore_time(path, before);
        case 1: std::ofstream(path, std::ios::app) << "more"; return;
        case 2: fs::permissions(path, fs::perms::owner_exec, fs::perm_options::add); return;
        case 3: fs::permissions(path, fs::perms::owner_exec, fs::perm_options::remove); return;
        case 4: fs::rename(path, fresh, none); return;
        case 5:
            if (files.size() > 5) fs::remove(path);
            return;
        case 6:
            fs::remove(path);
            fs::create_directory(path);
            std::ofstream(path / "inside") << "inside";
            return;
        case 7:
            fs::remove(path);
            fs::create_symlink("target" + std::to_string(number(5)), path);
            std::ofstream(fresh) << "instead";
            return;
        case 8:
            fs::rename(path.parent_path(), root / ("moved" + std::to_string(number(1000))), none);
            return;
        default:
            std::ofstream(root / ".gitignore") << (number(2) == 0 ? "new1*\n" : "moved*\n!new*\n");
    }
}

}  // namespace

TEST_CASE("with the cache a snapshot is the same as without, whatever changed") {
    for (unsigned seed = 1; seed <= 8; ++seed) {
        CAPTURE(seed);
        DiskFixture disk;
        std::mt19937 random(seed);
        for (int i = 0; i < 40; ++i) {
            disk.write("f" + std::to_string(i % 5) + "/g" + std::to_string(i % 3) + "/" +
                       std::to_string(i));
        }
        if (seed % 2 == 0) disk.run("git init -q && git add -A");
        for (int step = 0; step < 25; ++step) {
            CAPTURE(step);
            const SnapshotSettings settings = disk.settings();
            disk.use_cache("cache");
            const Snapshot cached = disk.late_snapshot(settings);
            disk.use_cache("none" + std::to_string(step));
            const Snapshot fresh = disk.snapshot(settings);
            CHECK(cached.id == fresh.id);
            CHECK(cached.git_id == fresh.git_id);
            disk.await_next_tick();
            for (unsigned i = random() % 4; i > 0; --i) change_something(disk.root(), random);
        }
    }
}

TEST_CASE("what did not change is not read again, once it is settled") {
    const DiskFixture disk;
    for (int i = 0; i < 20; ++i) disk.write("f" + std::to_string(i % 5) + "/" + std::to_string(i));
    disk.link("link", "f1");
    const SnapshotSettings settings = disk.settings();
    CHECK(disk.snapshot(settings).counts.hashed == 20);
    CHECK(disk.late_snapshot(settings).counts.hashed == 20);
    const Snapshot settled = disk.late_snapshot(settings);
    CHECK(settled.counts.hashed == 0);
    CHECK(settled.counts.files == 20);
    disk.await_next_tick();
    disk.write("f3/3", "changed");
    const Snapshot changed = disk.late_snapshot(settings);
    CHECK(changed.counts.hashed == 1);
    CHECK(changed.id != settled.id);
}

TEST_CASE("a change within the same tick of the clock is seen") {
    const DiskFixture disk;
    for (int i = 0; i < 20; ++i) {
        disk.write("a", std::string(1, static_cast<char>('a' + i)));
        const ObjectId id = disk.snapshot().id;
        disk.write("a", std::string(1, static_cast<char>('A' + i)));
        CHECK(disk.snapshot().id != id);
    }
}

TEST_CASE("a cache that is broken, foreign, or cannot be written is no error") {
    DiskFixture disk;
    for (int i = 0; i < 20; ++i) disk.write("f" + std::to_string(i % 5) + "/" + std::to_string(i));
    const SnapshotSettings settings = disk.settings();
    const ObjectId id = disk.late_snapshot(settings).id;
    const fs::path cache = fs::directory_iterator(disk.top() / "cache/snapshots")->path();
    std::ifstream file(cache, std::ios::binary);
    const std::string good{std::istreambuf_iterator<char>(file), {}};
    REQUIRE(disk.late_snapshot(settings).counts.hashed == 0);
    std::mt19937 random(1);
    for (int i = 0; i < 100; ++i) {
        std::string bad = good;
        const std::size_t at = random() % bad.size();
        if (i % 2 == 0) {
            bad.resize(at);
        } else {
            bad[at] = static_cast<char>(bad[at] ^ (1 << (random() % 8)));
        }
        std::ofstream(cache, std::ios::binary) << bad;
        const Snapshot snapshot = disk.late_snapshot(settings);
        CHECK(snapshot.id == id);
        CHECK(snapshot.counts.hashed == 20);
    }
    fs::remove(cache);
    fs::create_directory(cache);
    CHECK(disk.late_snapshot(settings).id == id);
    std::ofstream(disk.top() / "file") << "";
    disk.use_cache("file");
    CHECK(disk.late_snapshot(settings).id == id);
    disk.use_cache("root/cache");  // which is not to travel itself
    CHECK(disk.late_snapshot(settings).id == id);
    CHECK(disk.late_snapshot(settings).id == id);
    CHECK(disk.late_snapshot(settings).counts.hashed == 0);
}

TEST_CASE("files that come, go and change meanwhile spoil nothing") {
    const DiskFixture disk;
    for (int i = 0; i < 50; ++i)
        disk.write("stays" + std::to_string(i % 5) + "/" + std::to_string(i));
    const ObjectId stays = disk.snapshot().id;
    std::atomic<bool> ends = false;
    std::thread other([&] {
        for (unsigned i = 0; !ends; ++i) {
            const fs::path folder = disk.root() / ("moving" + std::to_string(i % 3));
            std::error_code none;
            fs::create_directory(folder, none);
            for (int j = 0; j < 5; ++j) std::ofstream(folder / std::to_string(j)) << i;
            fs::create_symlink("x", folder / "link", none);
            fs::remove_all(folder, none);
        }
    });
    int taken = 0;
    for (int i = 0; i < 200; ++i) {
        SnapshotSettings settings = disk.settings();
        Result<Snapshot> snapshot = take_snapshot(settings, std::chrono::system_clock::now());
        // A file may change five times in a row.
        const std::string why = snapshot ? "" : snapshot.error();
        if (!snapshot) CHECK(why.find("it changes while it is read") != std::string::npos);
        taken += snapshot ? 1 : 0;
    }
    ends = true;
    other.join();
    CHECK(taken > 100);
    for (int i = 0; i < 3; ++i) fs::remove_all(disk.root() / ("moving" + std::to_string(i)));
    CHECK(disk.snapshot().id == stays);
}

TEST_CASE("a file that never stops changing is an error that names it") {
    const DiskFixture disk;
    disk.write("busy", std::string(10'000'000, 'x'));
    std::atomic<bool> ends = false;
    std::thread other([&] {
        std::fstream file(disk.root() / "busy");
        while (!ends) file.seekp(0).put('x').flush();
    });
    // A try in which the other thread never runs would succeed.
    std::string error;
    for (int i = 0; i < 100 && error.empty(); ++i) error = disk.error(disk.settings());
    ends = true;
    other.join();
    CHECK(error ==
          "cannot take " + (disk.root() / "busy").string() + " along: it changes while it is read");
}

}  // namespace xgrid::client
