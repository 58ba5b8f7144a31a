#include "worker/workspace/workspaces.hpp"

#include <chrono>
#include <optional>
#include <sys/stat.h>
#include <vector>

#include <doctest/doctest.h>

#include "tests/worker/workspace/models.hpp"

namespace xgrid::worker {
namespace {

namespace fs = std::filesystem;

struct Fixture {
    TemporaryFolder temporary;
    MemorySource source;
    Workspaces workspaces{temporary / "cache"};
    ObjectId one = source.add({{"a", file("1")}});
    ObjectId two = source.add({{"a", file("2")}});

    std::optional<Workspace> give(const std::string& project, const ObjectId& tree) {
        Result<Workspace> given = workspaces.of_project(project, tree);
        REQUIRE(given);
        return std::move(*given);
    }
};

/// As if it had been used last so many hours ago: the clock's ticks are long.
void last_used(const fs::path& folder, int hours_ago) {
    const fs::path lock = folder.parent_path().native() + ".lock";
    fs::last_write_time(lock, fs::file_time_type::clock::now() - std::chrono::hours(hours_ago));
}

}  // namespace

TEST_CASE("each holder has a workspace of its own, and a free one is given again") {
    Fixture f;
    std::optional<Workspace> first = f.give("/home/a/project", f.one);
    std::optional<Workspace> second = f.give("/home/a/project", f.one);
    CHECK(first->folder() != second->folder());
    CHECK(first->folder().filename() == "project");
    const fs::path folder = first->folder();
    first.reset();
    CHECK(f.give("/home/a/project", f.one)->folder() == folder);
    CHECK(f.give("/home/b/project", f.one)->folder() != folder);
    struct stat found = {};
    REQUIRE(::stat((f.temporary / "cache/workspaces").c_str(), &found) == 0);
    CHECK((found.st_mode & 0777) == 0700);
}

TEST_CASE("the workspace that holds the tree is given first, then the one used last") {
    Fixture f;
    std::optional<Workspace> first = f.give("p", f.one);
    std::optional<Workspace> second = f.give("p", f.two);
    REQUIRE(first->update(f.one, f.source));
    REQUIRE(second->update(f.two, f.source));
    const fs::path has_one = first->folder();
    const fs::path has_two = second->folder();
    second.reset();
    first.reset();
    CHECK(f.give("p", f.one)->folder() == has_one);
    CHECK(f.give("p", f.two)->folder() == has_two);
    last_used(has_one, 1);
    last_used(has_two, 2);
    CHECK(f.give("p", ObjectId{{1}})->folder() == has_one);
    last_used(has_one, 3);
    CHECK(f.give("p", ObjectId{{1}})->folder() == has_two);
}

TEST_CASE("a workspace whose folder tests removed, or put a link in its place, is made again") {
    Fixture f;
    fs::create_directories(f.temporary / "outside");
    for (int i = 0; i < 3; ++i) {
        std::optional<Workspace> workspace = f.give("p", f.one);
        REQUIRE(workspace->update(f.one, f.source));
        CHECK(read_model(workspace->folder()) == Model{{"a", file("1")}});
        const fs::path folder = workspace->folder();
        workspace.reset();
        fs::remove_all(i == 0 ? folder : folder.parent_path());
        if (i == 0) fs::create_directory_symlink(f.temporary / "outside", folder);
    }
    CHECK(fs::is_empty(f.temporary / "outside"));
}

TEST_CASE("a folder by name is made, and used by one run at a time") {
    Fixture f;
    const fs::path folder = f.temporary / "new/dest";
    {
        Result<Workspace> workspace = f.workspaces.at(folder);
        REQUIRE(workspace);
        REQUIRE(workspace->update(f.one, f.source));
        CHECK(read_model(folder) == Model{{"a", file("1")}});
        fs::create_directory_symlink(folder, f.temporary / "link");
        Result<Workspace> other = f.workspaces.at(f.temporary / "link");
        REQUIRE_FALSE(other);
        CHECK(other.error().ends_with("another run uses it"));
    }
    Result<Workspace> again = f.workspaces.at(f.temporary / "link");
    REQUIRE(again);
    CHECK(again->folder() == fs::canonical(folder));
    write_text(f.temporary / "file", "");
    CHECK_FALSE(f.workspaces.at(f.temporary / "file"));
}

TEST_CASE("in a folder by name, a user's things stay, and are never taken over") {
    Fixture f;
    const fs::path folder = f.temporary / "dest";
    fs::create_directories(folder / "notes");
    write_text(folder / "notes/mine", "mine");
    Result<Workspace> workspace = f.workspaces.at(folder);
    REQUIRE(workspace);
    const Model model = {{"pkg/a.py", file("1")}, {"top", file("2")}};
    Result<UpdateCounts> counts = workspace->update(f.source.add(model), f.source);
    REQUIRE(counts);
    CHECK(counts->kept == 1);
    // Below what the tree brought all is as in any workspace.
    write_text(folder / "pkg/stranger", "");
    write_text(folder / "later", "mine");
    REQUIRE(workspace->update(f.source.add(model), f.source));
    Model expected = model;
    expected["notes/mine"] = file("mine");
    expected["later"] = file("mine");
    CHECK(read_model(folder) == with_folders(expected));
    // What was brought goes when the tree has it no more.
    REQUIRE(workspace->update(f.source.add({{"top", file("3")}}), f.source));
    CHECK_FALSE(fs::exists(folder / "pkg"));

    Result<UpdateCounts> refused =
        workspace->update(f.source.add({{"notes", file("tree's")}, {"top", file("4")}}), f.source);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().ends_with("it is there already, and not from xgrid"));
    CHECK(read_text(folder / "notes/mine") == "mine");
    CHECK(read_text(folder / "top") == "3");
}

TEST_CASE("a folder by name that was made anew by somebody else is theirs") {
    Fixture f;
    const fs::path folder = f.temporary / "dest";
    Result<Workspace> workspace = f.workspaces.at(folder);
    REQUIRE(workspace);
    REQUIRE(workspace->update(f.one, f.source));
    fs::rename(folder, f.temporary / "moved away");
    fs::create_directories(folder);
    write_text(folder / "a", "mine");
    CHECK_FALSE(workspace->update(f.two, f.source));
    CHECK(read_text(folder / "a") == "mine");
}

TEST_CASE("a first update of a folder by name that failed half-way is repaired") {
    Fixture f;
    const fs::path folder = f.temporary / "dest";
    Result<Workspace> workspace = f.workspaces.at(folder);
    REQUIRE(workspace);
    const Model model = {{"a/b", file("1")}, {"z", file("broken")}};
    const ObjectId tree = f.source.add(model);
    f.source.broken.insert(f.source.add_blob("broken"));
    REQUIRE_FALSE(workspace->update(tree, f.source));
    CHECK(fs::exists(folder / "a"));
    f.source.broken.clear();
    REQUIRE(workspace->update(tree, f.source));
    CHECK(read_model(folder) == with_folders(model));
}

TEST_CASE("eviction removes what was not used for the longest time, and never what is held") {
    Fixture f;
    const ObjectId big = f.source.add({{"big", file(std::string(1'000'000, 'x'))}});
    std::vector<fs::path> folders;
    std::optional<Workspace> held;
    for (const char* project : {"held", "old", "new"}) {
        std::optional<Workspace> workspace = f.give(project, big);
        REQUIRE(workspace->update(big, f.source));
        folders.push_back(workspace->folder());
        if (folders.size() == 1) held = std::move(workspace);
    }
    Result<Workspace> named = f.workspaces.at(f.temporary / "named");
    REQUIRE(named);
    REQUIRE(named->update(big, f.source));

    last_used(folders[0], 3);
    last_used(folders[1], 2);
    const std::uint64_t all = f.workspaces.evict(UINT64_MAX);
    CHECK(all > 3'000'000);
    CHECK(fs::exists(folders[1]));
    CHECK(f.workspaces.evict(all - 1) < all - 900'000);
    CHECK_FALSE(fs::exists(folders[1].parent_path()));
    CHECK(fs::exists(folders[2]));
    CHECK(f.workspaces.evict(0) > 900'000);
    CHECK_FALSE(fs::exists(folders[2]));
    CHECK(fs::exists(folders[0] / "big"));
    CHECK(fs::exists(f.temporary / "named/big"));
    held.reset();
    CHECK(f.workspaces.evict(0) == 0);
    REQUIRE(f.give("held", big)->update(big, f.source));
}

}  // namespace xgrid::worker
