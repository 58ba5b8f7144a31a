#include "worker/workspace/keep.hpp"

#include <doctest/doctest.h>

#include "tests/worker/workspace/models.hpp"
#include "worker/workspace/workspaces.hpp"

namespace xgrid::worker {
namespace {

namespace fs = std::filesystem;

}  // namespace

TEST_CASE("a pattern is of names, of paths, or of folders alone") {
    const Keep keep({"__pycache__/", "*.log", "build/cache*/", "/"});
    CHECK(keep.keeps("a/__pycache__", true, true));
    CHECK_FALSE(keep.keeps("a/__pycache__", false, true));
    CHECK_FALSE(keep.keeps("a/__pycache__", true, false));
    CHECK(keep.keeps("x.log", false, true));
    CHECK(keep.keeps("a/b/x.log", true, true));
    CHECK(keep.keeps("build/cache-1", true, false));
    CHECK_FALSE(keep.keeps("a/build/cache", true, true));
    CHECK_FALSE(keep.keeps("build/cache/deeper", true, true));
    CHECK(keep.may_keep_below("build"));
    CHECK_FALSE(keep.may_keep_below("build/cache"));
    CHECK_FALSE(keep.may_keep_below("a"));
}

TEST_CASE("compiled Python is current if all that may be its source are there and unchanged") {
    const ListedFolder above{.path = "",
                             .entries = {{.name = "a.b.py"}, {.name = "a.py"}, {.name = "m.py"}}};
    CHECK(is_current("m.cpython-311.pyc", above, {true, true, true}));
    CHECK(is_current("m.cpython-311-pytest-7.2.1.pyc", above, {false, false, true}));
    CHECK(is_current("m.cpython-311.opt-1.pyc.1234", above, {false, false, true}));
    CHECK_FALSE(is_current("m.cpython-311.pyc", above, {true, true, false}));
    CHECK_FALSE(is_current("n.cpython-311.pyc", above, {true, true, true}));
    CHECK_FALSE(is_current("a.b.cpython-311.pyc", above, {false, true, true}));
    CHECK_FALSE(is_current("a.b.cpython-311.pyc", above, {true, false, true}));
    CHECK(is_current("a.b.cpython-311.pyc", above, {true, true, true}));
}

TEST_CASE("caches are kept beside their sources, and go with them") {
    TemporaryFolder temporary;
    MemorySource source;
    Workspaces workspaces(temporary / "cache");
    Result<Workspace> workspace = workspaces.of_project("p", ObjectId());
    REQUIRE(workspace);
    Model model = {{"m.py", file("1")},
                   {"pkg/n.py", file("2")},
                   {"pkg/o.py", file("3")},
                   {"p/__pycache__/own.txt", file("4")}};
    REQUIRE(workspace->update(source.add(model), source));
    const fs::path folder = workspace->folder();
    fs::create_directories(folder / "__pycache__");
    fs::create_directories(folder / "pkg/__pycache__");
    fs::create_directories(folder / "stranger/__pycache__");
    for (const char* path :
         {"__pycache__/m.cpython-311.pyc", "__pycache__/gone.cpython-311.pyc", "__pycache__/other",
          "pkg/__pycache__/n.cpython-311.pyc", "pkg/__pycache__/o.cpython-311.pyc",
          "p/__pycache__/x.cpython-311.pyc", "p/__pycache__/more",
          "stranger/__pycache__/s.cpython-311.pyc", "stray.pyc"}) {
        write_text(folder / path, "c");
    }
    model["pkg/o.py"] = file("5");
    REQUIRE(workspace->update(source.add(model), source));
    Model expected = model;
    expected["__pycache__/m.cpython-311.pyc"] = file("c");
    expected["__pycache__/other"] = file("c");
    expected["pkg/__pycache__/n.cpython-311.pyc"] = file("c");
    expected["p/__pycache__/more"] = file("c");
    CHECK(read_model(folder) == with_folders(expected));

    // The package goes, with what it compiled, and the empty folder too.
    model = {{"m.py", file("1")}};
    REQUIRE(workspace->update(source.add(model), source));
    expected = model;
    expected["__pycache__/m.cpython-311.pyc"] = file("c");
    expected["__pycache__/other"] = file("c");
    CHECK(read_model(folder) == with_folders(expected));
}

TEST_CASE("what `keep` names stays, also in a folder that the tree does not have") {
    TemporaryFolder temporary;
    MemorySource source;
    Workspaces workspaces(temporary / "cache");
    Result<Workspace> workspace = workspaces.of_project("p", ObjectId());
    REQUIRE(workspace);
    const Model model = {{"m.py", file("1")}};
    const UpdateOptions options{.keep = {"build/deep/cache", "*.log"}};
    REQUIRE(workspace->update(source.add(model), source, options));
    const fs::path folder = workspace->folder();
    fs::create_directories(folder / "build/deep/cache");
    fs::create_directories(folder / "build/other");
    fs::create_directories(folder / "__pycache__");
    for (const char* path :
         {"build/x", "build/deep/cache/kept", "build/deep/x", "a.log", "build/a.log"}) {
        write_text(folder / path, "");
    }
    Result<UpdateCounts> counts = workspace->update(source.add(model), source, options);
    REQUIRE(counts);
    CHECK(counts->kept == 2);
    Model expected = model;
    expected["build/deep/cache/kept"] = file("");
    expected["a.log"] = file("");
    CHECK(read_model(folder) == with_folders(expected));

    // Without anything to keep in it, the folder goes.
    fs::remove_all(folder / "build/deep/cache");
    REQUIRE(workspace->update(source.add(model), source, options));
    expected.erase("build/deep/cache/kept");
    CHECK(read_model(folder) == with_folders(expected));
}

}  // namespace xgrid::worker
