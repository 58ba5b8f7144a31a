#include "client/snapshot/difference.hpp"

#include "tests/client/snapshot/disk_fixture.hpp"

using namespace xgrid::client;

using Paths = std::vector<std::string>;

TEST_CASE("two snapshots differ in what is new, gone or changed, and in nothing else") {
    const DiskFixture disk;
    for (const char* name : {"same", "sub/same", "sub/changes", "sub/deep/goes", "old/name"}) {
        disk.write(name);
    }
    disk.write("runs");
    disk.link("link", "same");
    const Snapshot before = disk.snapshot();
    CHECK(differences(before, disk.snapshot()) == Paths());

    disk.write("sub/changes", "other");
    std::filesystem::remove(disk.root() / "sub/deep/goes");
    std::filesystem::rename(disk.root() / "old", disk.root() / "new");
    std::filesystem::permissions(disk.root() / "runs", std::filesystem::perms::owner_exec,
                                 std::filesystem::perm_options::add);
    std::filesystem::remove(disk.root() / "link");
    disk.link("link", "runs");
    const Snapshot after = disk.snapshot();
    const Paths expected = {"link", "new/name", "old/name", "runs", "sub/changes", "sub/deep/goes"};
    CHECK(differences(before, after) == expected);
    CHECK(differences(after, before) == expected);
}

TEST_CASE("a file in the place of a folder is a difference, and so is all that was in the folder") {
    const DiskFixture disk;
    disk.write("a/one");
    disk.write("b");
    const Snapshot before = disk.snapshot();
    std::filesystem::remove_all(disk.root() / "a");
    disk.write("a");
    CHECK(differences(before, disk.snapshot()) == Paths{"a", "a/one"});
}
