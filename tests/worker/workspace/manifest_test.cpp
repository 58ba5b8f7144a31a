#include "worker/workspace/manifest.hpp"

#include <doctest/doctest.h>

#include "tests/worker/workspace/models.hpp"

namespace xgrid::worker {
namespace {

Manifest sample() {
    Manifest manifest{.root_device = 1,
                      .root_inode = 2,
                      .finished_ns = -3,
                      .removed_second = 4,
                      .boot = "b",
                      .claims = {"a", "z"}};
    manifest.folders = {{.path = "",
                         .id = object_id(ObjectKind::tree, "1"),
                         .entries = {{.name = "a\n",
                                      .kind = EntryKind::link,
                                      .id = object_id(ObjectKind::blob, "2"),
                                      .target = "z",
                                      .stat = {1, 2, 3, 4}},
                                     {.name = "z", .kind = EntryKind::folder, .folder = 1}}},
                        {.path = "z"}};
    return manifest;
}

}  // namespace

TEST_CASE("a manifest is read as it was written") {
    const TemporaryFolder temporary;
    const std::string path = temporary / "manifest";
    CHECK(read_manifest(path).folders.empty());
    REQUIRE(write_manifest(path, sample()));
    const Manifest read = read_manifest(path);
    CHECK(encode_manifest(read) == encode_manifest(sample()));
    CHECK(read.folders.at(0).entries.at(0).target == "z");
    CHECK(read.folders.at(0).entries.at(0).stat == FileStat{1, 2, 3, 4});
    CHECK(read.finished_ns == -3);
    CHECK(manifest_tree(path) == sample().folders[0].id);
}

TEST_CASE("a manifest that was cut off or changed anywhere is none") {
    const std::string whole = encode_manifest(sample());
    for (std::size_t i = 0; i < whole.size(); ++i) {
        CHECK(decode_manifest(std::string_view(whole).substr(0, i)).folders.empty());
        std::string changed = whole;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        CHECK(decode_manifest(changed).folders.empty());
    }
}

}  // namespace xgrid::worker
