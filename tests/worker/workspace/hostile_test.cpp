// Trees from a stranger. Each is refused, or fails, with nothing touched outside the workspace.
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/worker/workspace/models.hpp"
#include "worker/workspace/workspaces.hpp"

namespace xgrid::worker {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

struct Fixture {
    TemporaryFolder temporary;
    MemorySource source;
    Workspaces workspaces{temporary / "cache"};
    UpdateOptions options;
    Result<Workspace> workspace = workspaces.of_project("p", ObjectId());
    Model good = {{"a", file("1")}, {"b/c", program("2")}};

    Fixture() {
        write_text(temporary / "secret", "mine");
        REQUIRE(workspace);
        REQUIRE(workspace->update(source.add(good), source));
    }

    std::string entry(const std::string& mode, const std::string& name, const ObjectId& id) {
        return mode + " " + name + "\0"s +
               std::string(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
    }

    /// The error; the workspace must hold what it held.
    std::string refusal(const std::string& bytes) { return refusal(source.add_tree(bytes)); }
    std::string refusal(const ObjectId& tree) {
        Result<UpdateCounts> counts = workspace->update(tree, source, options);
        CHECK(read_model(workspace->folder()) == with_folders(good));
        check_outside();
        return counts ? "" : counts.error();
    }

    void check_outside() {
        CHECK(read_text(temporary / "secret") == "mine");
        std::vector<std::string> names;
        for (const auto& each : fs::directory_iterator(temporary.path())) {
            names.push_back(each.path().filename());
        }
        CHECK(names.size() == 2);  // the cache, and the secret
    }
};

}  // namespace

TEST_CASE("a tree with a name that leads elsewhere, or is git's, is refused") {
    Fixture f;
    const ObjectId blob = f.source.add_blob("x");
    for (const std::string& name : {""s, "."s, ".."s, "/"s, "/etc"s, "a/b"s, "../x"s, ".git"s,
                                    ".GIT"s, "git~1"s, ".git "s, ".g\u200cit"s, "c\0d"s}) {
        CAPTURE(name);
        CHECK_FALSE(f.refusal(f.entry("100644", name, blob)).empty());
        const ObjectId below = f.source.add_tree(f.entry("100644", name, blob));
        CHECK_FALSE(f.refusal(f.entry("40000", "d", below)).empty());
    }
    CHECK(f.refusal(f.entry("40000", "..", f.source.add(f.good))).ends_with("forbidden name"));
    CHECK(f.refusal(f.entry("100644", ".xgrid-aside", blob)).ends_with("is xgrid's own name"));
}

TEST_CASE("a link that leads out is refused, wherever a known folder of links is put") {
    Fixture f;
    const auto link = [&](const std::string& target) {
        return f.entry("120000", "l", f.source.add_blob(target));
    };
    for (const std::string& target :
         {"/etc/passwd"s, ".."s, "../secret"s, "a/../../x"s, "b/.."s, ""s, "a\0b"s,
          std::string(5000, 'x'), std::string(9'000'000, 'x')}) {
        CAPTURE(target.size());
        CHECK_FALSE(f.refusal(link(target)).empty());
    }
    // Up by one is right in b, and wrong in the root: the same tree, known from the workspace.
    const ObjectId links = f.source.add_tree(link("../a"));
    f.good["b/l"] = link_to("../a");
    f.good.erase("b/c");
    REQUIRE(f.workspace->update(f.source.add(f.good), f.source));
    CHECK(f.refusal(links).ends_with("the link l leads out of it"));
}

TEST_CASE("a link and a folder of one name are refused, and so is a folder below a link") {
    Fixture f;
    const ObjectId target = f.source.add_blob("b");
    const ObjectId inside = f.source.add_tree(f.entry("100644", "x", f.source.add_blob("x")));
    CHECK(f.refusal(f.entry("120000", "l", target) + f.entry("40000", "l", inside))
              .ends_with("a name twice"));
    CHECK(f.refusal(f.entry("120000", "l", target) + f.entry("100644", "l.x", target) +
                    f.entry("40000", "l", inside))
              .ends_with("a name twice"));
}

TEST_CASE("paths too long, folders too deep and entries too many are refused") {
    Fixture f;
    ObjectId tree = f.source.add_tree("");
    for (int i = 0; i < 16; ++i)
        tree = f.source.add_tree(f.entry("40000", std::string(255, 'n'), tree));
    CHECK(f.refusal(tree).find("a path is too long") != std::string::npos);

    tree = f.source.add_tree("");
    for (int i = 0; i < 201; ++i) tree = f.source.add_tree(f.entry("40000", "d", tree));
    CHECK(f.refusal(tree).find("it is too deep") != std::string::npos);

    // Ten folders, each ten times the next: a hundred objects' bytes, a thousand million entries.
    tree = f.source.add_tree("");
    for (int i = 0; i < 9; ++i) {
        std::string bytes;
        for (char name = 'a'; name < 'k'; ++name)
            bytes += f.entry("40000", std::string(1, name), tree);
        tree = f.source.add_tree(bytes);
    }
    f.options.entries_max = 100'000;
    CHECK(f.refusal(tree).find("more than 100000 entries") != std::string::npos);
}

TEST_CASE("the deepest and longest tree that is allowed is written") {
    Fixture f;
    ObjectId tree = f.source.add_tree(f.entry("100644", "x", f.source.add_blob("x")));
    for (int i = 0; i < 199; ++i) {
        tree = f.source.add_tree(f.entry("40000", "nineteen letters .."s, tree));
    }
    REQUIRE(f.workspace->update(tree, f.source));
    CHECK(read_model(f.workspace->folder()).size() == 200);
    REQUIRE(f.workspace->update(f.source.add(f.good), f.source));
    CHECK(read_model(f.workspace->folder()) == with_folders(f.good));
}

TEST_CASE("bytes that are no tree, or are not there, are refused") {
    Fixture f;
    const ObjectId blob = f.source.add_blob("x");
    const std::string whole = f.entry("100644", "x", blob);
    for (std::size_t size = 1; size < whole.size(); ++size) {
        CHECK_FALSE(f.refusal(whole.substr(0, size)).empty());
    }
    CHECK_FALSE(f.refusal(f.entry("160000", "submodule", blob)).empty());
    CHECK_FALSE(f.refusal(f.entry("20666", "device", blob)).empty());
    CHECK(f.refusal(ObjectId()).ends_with("no such tree"));
    CHECK(f.refusal(f.entry("40000", "missing", ObjectId())).ends_with("no such tree in missing"));
    CHECK(f.refusal(f.entry("120000", "link", ObjectId())).ends_with("no such blob"));
}

TEST_CASE("content that is wrong, missing or too much fails, and is not left under its name") {
    Fixture f;
    const ObjectId broken = f.source.add_blob(std::string(5'000'000, 'x'));
    f.source.broken.insert(broken);
    f.options.bytes_max = 10'000'000;
    for (const std::string& bytes :
         {f.entry("100644", "new", broken), f.entry("100644", "new", ObjectId()),
          f.entry("100644", "new", f.source.add_blob(std::string(11'000'000, 'x')))}) {
        Result<UpdateCounts> counts =
            f.workspace->update(f.source.add_tree(bytes), f.source, f.options);
        REQUIRE_FALSE(counts);
        CHECK(counts.error().find("/new: ") != std::string::npos);
        CHECK_FALSE(fs::exists(f.workspace->folder() / "new"));
        f.check_outside();
    }
    REQUIRE(f.workspace->update(f.source.add(f.good), f.source));
    CHECK(read_model(f.workspace->folder()) == with_folders(f.good));
}

}  // namespace xgrid::worker
