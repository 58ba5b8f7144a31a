#include "client/needs_settings.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::client;

namespace {

const Origin origin{"/p/xgrid.toml", "/p"};

NeedsSettings read(const std::string& text) {
    auto table = parse_toml(text);
    REQUIRE(table);
    Result<NeedsSettings> settings = needs_of(*table, origin);
    REQUIRE_MESSAGE(settings, (settings ? "" : settings.error()));
    return *settings;
}

std::string fault(const std::string& text) {
    auto table = parse_toml(text);
    REQUIRE(table);
    Result<NeedsSettings> settings = needs_of(*table, origin);
    return settings ? "" : settings.error();
}

}  // namespace

TEST_CASE("a file says what units need, by patterns of their names") {
    const NeedsSettings settings = read(
        "[[needs]]\nunits = 'tests/db/*'\nlocks = ['database', 'license']\nprocessors = 2\n"
        "[[needs]]\nunits = ['a.py', 'b.py']\nlocks = 'net'\nserial = true\n");
    const std::vector<NeedsRule> wanted = {{"tests/db/*", {2, {"database", "license"}}},
                                           {"a.py", {1, {"net"}, true}},
                                           {"b.py", {1, {"net"}, true}}};
    CHECK((settings.needs == wanted));
    CHECK(settings.locks.empty());
}

TEST_CASE("a lock may have more holders than one, and be the grid's") {
    const NeedsSettings settings =
        read("[locks]\na = 2\nb = { scope = 'grid' }\nc = { holders = 3, scope = 'run' }\n");
    CHECK((settings.locks ==
           std::map<std::string, Lock>{{"a", {2}}, {"b", {1, true}}, {"c", {3, false}}}));
}

TEST_CASE("what is wrong with needs is told with its file and line") {
    CHECK(fault("needs = 3\n") ==
          "needs in /p/xgrid.toml, line 1: wanted [[needs]] tables, found a number");
    CHECK(fault("\n[[needs]]\nunits = 'a'\nprocessors = 0\n") ==
          "processors of needs in /p/xgrid.toml, line 4: wanted a whole number from 1 on, found a "
          "number");
    CHECK(fault("[[needs]]\nserial = true\n") ==
          "needs in /p/xgrid.toml, line 1: wanted units that they are for, found a table");
    CHECK(fault("[[needs]]\nunits = 'a'\nlock = 'b'\n") ==
          "lock of needs in /p/xgrid.toml, line 3: there is no such name, only units, locks, "
          "processors and serial");
    CHECK(fault("[locks]\na = { scope = 'world' }\n") ==
          "scope of a in /p/xgrid.toml, line 2: wanted \"run\" or \"grid\", found text");
    CHECK(fault("[locks]\na = 'two'\n") ==
          "a of locks in /p/xgrid.toml, line 2: wanted a whole number from 1 on, found text");
}

TEST_CASE("a later file's rules come beside those of an earlier one, and its locks instead") {
    NeedsSettings settings = read("[[needs]]\nunits = 'a'\nserial = true\n[locks]\nx = 2\ny = 3\n");
    unite(settings, read("[[needs]]\nunits = 'b'\nserial = true\n[locks]\nx = 5\n"));
    CHECK(settings.needs.size() == 2);
    CHECK(settings.locks.at("x").holders == 5);
    CHECK(settings.locks.at("y").holders == 3);
}
