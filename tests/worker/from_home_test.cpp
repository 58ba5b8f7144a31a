#include "worker/from_home.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::worker;

TEST_CASE("names from elsewhere are relative to the home folder") {
    CHECK(from_home("", "/h").empty());
    CHECK(from_home("/a", "/h") == "/a");
    CHECK(from_home("a/b", "/h") == "/h/a/b");
    CHECK(from_home("~", "/h") == "/h");
    CHECK(from_home("~/a", "/h") == "/h/a");
    CHECK(from_home("~a", "/h") == "/h/~a");  // who that is only a shell knows
}

TEST_CASE("an interpreter is a command for PATH unless it has a slash") {
    RunSpec spec{.interpreter = "python3", .tree = TreeSpec{.folder = "work"}};
    find_from_home(spec, "/h");
    CHECK(spec.interpreter == "python3");
    CHECK(spec.tree->folder == "/h/work");
    spec.interpreter = "~/venv/bin/python";
    find_from_home(spec, "/h");
    CHECK(spec.interpreter == "/h/venv/bin/python");
}
