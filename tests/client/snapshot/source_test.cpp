#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <sys/resource.h>

#include <doctest/doctest.h>

#include "client/snapshot/snapshot_shelf.hpp"
#include "client/snapshot/snapshot_source.hpp"
#include "tests/client/snapshot/disk_fixture.hpp"

namespace xgrid::client {
namespace {

std::string content(SnapshotSource& source, const ObjectId& id) {
    std::string text;
    Result<std::uint64_t> bytes = source.blob(id, [&](std::string_view piece) {
        text += piece;
        return true;
    });
    if (!bytes) return "error: " + bytes.error();
    CHECK(*bytes == text.size());
    return text;
}

ObjectId blob_id(std::string_view text) { return object_id(ObjectKind::blob, text); }

std::unique_ptr<SnapshotSource> source_of(Snapshot snapshot) {
    return std::make_unique<SnapshotSource>(std::make_shared<const Snapshot>(std::move(snapshot)));
}

// Of a file with holes, which is read twice: once for the snapshot, once from its source.
std::string git_id_of_zeros(std::uint64_t size) {
    const DiskFixture disk;
    disk.write("large", "");
    std::filesystem::resize_file(disk.root() / "large", size);
    const auto peak_kilobytes = [] {
        rusage usage = {};
        getrusage(RUSAGE_SELF, &usage);
        return usage.ru_maxrss;
    };
    const long before = peak_kilobytes();
    const Snapshot snapshot = disk.snapshot();
    CHECK(snapshot.counts.bytes == size);
    std::uint64_t bytes = 0;
    const auto source = source_of(snapshot);
    Result<std::uint64_t> blob =
        source->blob(snapshot.folders.front().entries.front().id, [&](std::string_view piece) {
            bytes += piece.size();
            return true;
        });
    REQUIRE(blob);
    CHECK(bytes == size);
    CHECK(peak_kilobytes() - before < 20'000);
    return snapshot.folders.front().git_ids.front().hex();
}

}  // namespace

TEST_CASE("a source gives every tree and blob of its snapshot") {
    const DiskFixture disk;
    const std::string large(1'000'000, 'x');
    disk.write("a", "content of a");
    disk.write("sub/empty", "");
    disk.write("sub/large", large);
    disk.link("sub/link", "../a");
    std::filesystem::create_directories(disk.top() / "other/in");
    std::ofstream(disk.top() / "other/in/file") << "beside";
    SnapshotSettings settings = disk.settings();
    settings.extra = {disk.top() / "other"};
    const Snapshot snapshot = disk.snapshot(settings);
    const auto source = source_of(snapshot);
    CHECK(content(*source, blob_id("content of a")) == "content of a");
    CHECK(content(*source, blob_id("")) == "");
    CHECK(content(*source, blob_id(large)) == large);
    CHECK(content(*source, blob_id("../a")) == "../a");
    CHECK(content(*source, blob_id("beside")) == "beside");
    CHECK(source->blob_bytes(blob_id(large)) == large.size());
    CHECK_FALSE(source->blob_bytes(blob_id("none")));
    CHECK(content(*source, blob_id("none")).find("error: no blob") == 0);

    Result<std::string> tree = source->tree(snapshot.id);
    REQUIRE(tree);
    CHECK(object_id(ObjectKind::tree, *tree) == snapshot.id);
    Result<std::vector<TreeEntry>> entries = decode_tree(*tree);
    REQUIRE(entries);
    REQUIRE(entries->size() == 3);
    for (const TreeEntry& entry : *entries) {
        if (entry.kind != EntryKind::folder) continue;
        Result<std::string> below = source->tree(entry.id);
        REQUIRE(below);
        CHECK(object_id(ObjectKind::tree, *below) == entry.id);
    }
    CHECK_FALSE(source->tree(blob_id("none")));
}

TEST_CASE("a source says so when a file is no longer what it was") {
    const DiskFixture disk;
    disk.write("a", "one");
    disk.write("sub/b", "two");
    disk.link("link", "a");
    const auto source = source_of(disk.snapshot());
    CHECK(content(*source, blob_id("one")) == "one");
    disk.write("a", "One");
    CHECK(content(*source, blob_id("one")).find("a: it changed since") != std::string::npos);
    disk.write("a", "longer");
    CHECK(content(*source, blob_id("one")).find("a: it changed since") != std::string::npos);
    disk.write("a", "one");
    CHECK(content(*source, blob_id("one")) == "one");
    std::filesystem::rename(disk.root() / "sub", disk.root() / "elsewhere");
    disk.link("sub", "elsewhere");
    CHECK(content(*source, blob_id("two")).find("b: it changed since") != std::string::npos);
    std::filesystem::remove(disk.root() / "link");
    CHECK(content(*source, blob_id("a")).find("link: it changed since") != std::string::npos);
}

TEST_CASE("a shelf names the first file that it could not give") {
    const DiskFixture disk;
    disk.write("sub/a", "one");
    disk.write("sub/b", "two");
    SnapshotShelf shelf(std::make_shared<const Snapshot>(disk.snapshot()));
    const auto give = [&](std::string_view text) {
        return bool(shelf.read({blob_id(text), ObjectKind::blob}, 1000));
    };
    CHECK_FALSE(give("never was there"));
    CHECK(shelf.lost().empty());
    CHECK(give("one"));
    disk.write("sub/a", "One");
    std::filesystem::remove(disk.root() / "sub/b");
    CHECK_FALSE(give("two"));
    CHECK_FALSE(give("one"));
    CHECK(shelf.lost() == "sub/b");
}

TEST_CASE("where one file changed, another of the same content will do") {
    const DiskFixture disk;
    disk.write("a", "same");
    disk.write("b", "same");
    disk.write("c", "same");
    const auto source = source_of(disk.snapshot());
    disk.write("a", "other");
    std::filesystem::remove(disk.root() / "b");
    CHECK(content(*source, blob_id("same")) == "same");
}

TEST_CASE("a reader can stop") {
    const DiskFixture disk;
    disk.write("a", std::string(1'000'000, 'x'));
    const auto source = source_of(disk.snapshot());
    int pieces = 0;
    Result<std::uint64_t> bytes =
        source->blob(blob_id(std::string(1'000'000, 'x')), [&](std::string_view) {
            ++pieces;
            return false;
        });
    CHECK(pieces == 1);
    CHECK_FALSE(bytes);
}

TEST_CASE("a large file takes no more memory than a small one") {
    const std::uint64_t size = 200'000'000;
    CHECK(git_id_of_zeros(size) == "ee99576c6a1236a15d004541a2f5e90f91ef9b48");
}

// Takes seconds: `unit --no-skip -tc="*4 GB*"`.
TEST_CASE("a file of more than 4 GB travels too" * doctest::skip()) {
    const std::uint64_t size = (std::uint64_t{4} << 30U) + 3;
    CHECK(git_id_of_zeros(size) == "a4b7cdd5816bc99e15c858026100213e13fd9cce");
}

}  // namespace xgrid::client
