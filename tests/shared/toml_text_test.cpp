#include "shared/toml_text.hpp"

#include <doctest/doctest.h>

using namespace xgrid;

TEST_CASE("a TOML file becomes plain values") {
    auto parsed = parse_toml(
        "text = 'x'\nwhole = 3\nreal = 1.5\nyes = true\nday = 2026-01-02\nlist = ['a', 1]\n"
        "[tool.xgrid]\na = 'b'\n[tool.other]\n");
    REQUIRE(parsed);
    const TomlTable& table = *parsed;
    CHECK(std::get<std::string>(table.at("text").value) == "x");
    CHECK(std::get<std::int64_t>(table.at("whole").value) == 3);
    CHECK(std::get<double>(table.at("real").value) == 1.5);
    CHECK(std::get<bool>(table.at("yes").value));
    CHECK(std::get<TomlList>(table.at("list").value).size() == 2);
    const TomlTable* ours = table_at(table, {"tool", "xgrid"});
    REQUIRE(ours != nullptr);
    CHECK(std::get<std::string>(ours->at("a").value) == "b");
    CHECK(table_at(table, {"tool", "nobody"}) == nullptr);
    CHECK(table_at(table, {"text", "xgrid"}) == nullptr);
    CHECK(table.at("text").line == 1);
    CHECK(table.at("list").line == 6);
    CHECK(std::get<TomlList>(table.at("list").value)[1].line == 6);
    CHECK(ours->at("a").line == 8);
    CHECK(table.at("day").line == 5);
    CHECK(kind_of(table.at("text")) == "text");
    CHECK(kind_of(table.at("whole")) == "a number");
    CHECK(kind_of(table.at("real")) == "a number");
    CHECK(kind_of(table.at("yes")) == "true or false");
    CHECK(kind_of(table.at("day")) == "a date");
    CHECK(kind_of(table.at("list")) == "a list");
    CHECK(kind_of(table.at("tool")) == "a table");
}

TEST_CASE("what is wrong with a TOML file is told with its line") {
    const auto fault = [](const char* text) {
        auto found = parse_toml(text);
        return found ? "" : found.error();
    };
    CHECK(fault("a = 1\nb = \n").starts_with("line 2: "));
    CHECK(fault("a = 1\na = 2\n").starts_with("line 2: "));
    CHECK(fault("\xff\xfe").starts_with("line 1: "));
    CHECK(!fault(("a = " + std::string(10'000, '[')).c_str()).empty());
    CHECK(parse_toml("")->empty());
}
