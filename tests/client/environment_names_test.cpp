#include "client/environment_names.hpp"

#include <doctest/doctest.h>

#include "tests/client/each.hpp"

using namespace xgrid;
using namespace xgrid::client;

TEST_CASE("a run that names no environment, or a plain one, is local") {
    CHECK(EnvironmentNames()[0] == "local");
    CHECK(EnvironmentNames(RunSpec())[0] == "local");
    CHECK(EnvironmentNames(each_of({"popen"}))[0] == "local");
    CHECK_FALSE(EnvironmentNames(each_of({"popen"})).several());
}

TEST_CASE("environments are called as they were asked for") {
    CHECK(EnvironmentNames(each_of({"popen//python=python3.9"}))[0] == "popen//python=python3.9");
    const EnvironmentNames names(each_of({"popen", "ssh=build"}));
    CHECK(names[0] == "popen");
    CHECK(names[1] == "ssh=build");
    CHECK(names.each());
}

TEST_CASE("a number that is none of theirs has a name, too") {
    CHECK(EnvironmentNames(each_of({"a", "b"}))[7] == "environment 7");
}
