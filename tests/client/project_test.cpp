#include "client/project.hpp"

#include <doctest/doctest.h>

#include "tests/client/temp_folder.hpp"

using namespace xgrid::client;

namespace {

Project found(const std::string& directory) {
    return find_project(directory, find_pytest_ini({.directory = directory}));
}

}  // namespace

TEST_CASE("the root is marked by xgrid, else git's, else pytest's, else where one is") {
    const TempFolder folder;
    const std::string here = folder.make("top/a/b/c");
    CHECK(found(here).root == here);
    folder.write("top/a/b/pytest.ini", "");
    CHECK(found(here).root == folder / "top/a/b");
    folder.write("top/a/.git/HEAD", "ref: refs/heads/main\n");
    CHECK(found(here).root == folder / "top/a");
    folder.write("top/a/b/pyproject.toml", "[tool.other]\n");
    CHECK(found(here).root == folder / "top/a");
    CHECK(found(here).settings.empty());
    folder.write("top/xgrid.toml", "");
    CHECK(found(here).root == folder / "top");
    CHECK(found(here).settings == folder / "top/xgrid.toml");
    folder.write("top/a/b/pyproject.toml", "[tool.xgrid]\n");
    CHECK(found(here).root == folder / "top/a/b");
    CHECK(found(here).settings == folder / "top/a/b/pyproject.toml");
    folder.write("top/a/b/xgrid.toml", "");
    CHECK(found(here).settings == folder / "top/a/b/xgrid.toml");
}

TEST_CASE("a submodule and a linked work tree have a root of their own") {
    const TempFolder folder;
    folder.write(".git/HEAD", "ref: refs/heads/main\n");
    folder.write("sub/.git", "gitdir: ../.git/modules/sub\n");
    const std::string here = folder.make("sub/a");
    CHECK(found(here).root == folder / "sub");
    folder.make("sub/a/.git");  // no repository: it has no HEAD
    CHECK(found(here).root == folder / "sub");
}

TEST_CASE("a pyproject.toml that is broken marks nothing") {
    const TempFolder folder;
    folder.write("pyproject.toml", "[tool.xgrid\n");
    CHECK(found(folder.path()).settings.empty());
}
