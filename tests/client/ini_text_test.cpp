#include "client/ini_text.hpp"

#include <doctest/doctest.h>

using namespace xgrid::client;

TEST_CASE("an ini file is read as pytest reads it") {
    auto found = parse_ini(
        "# first\n[pytest]\n ; indented comment\naddopts = -n 4\n   -v # not a comment\n\n   -x\n"
        "rsyncdirs:\r\n  .\n\t../b c\nempty =\nboth = a:b=c\nodd:x = 1\n[tool:pytest] ; "
        "why\na=b\n");
    REQUIRE(found);
    CHECK((*found).at("pytest") == IniSection{{"addopts", "-n 4\n-v # not a comment\n-x"},
                                              {"rsyncdirs", ".\n../b c"},
                                              {"empty", ""},
                                              {"both", "a:b=c"},
                                              {"odd", "x = 1"}});
    CHECK((*found).at("tool:pytest") == IniSection{{"a", "b"}});
    CHECK(parse_ini("")->empty());
    CHECK(parse_ini("\xef\xbb\xbf[a]")->contains("a"));
}

TEST_CASE("what is wrong with an ini file is told with its line") {
    const auto fault = [](const char* text) {
        auto found = parse_ini(text);
        return found ? "" : found.error();
    };
    CHECK(fault("[a]\n\nword\n") == "line 3: neither a section nor 'name = value'");
    CHECK(fault("x = 1\n") == "line 1: a value before any section");
    CHECK(fault("  x\n") == "line 1: continues nothing");
    CHECK(fault("[a]\n  x\n") == "line 2: continues nothing");
    CHECK(fault("[a]\nx=1\nx=2\n") == "line 3: a name that was there before");
    CHECK(fault("[a]\n[b]\n[a]\n") == "line 3: a section that was there before");
}
