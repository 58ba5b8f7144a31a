#include "client/table.hpp"

#include <doctest/doctest.h>

using namespace xgrid::client;

TEST_CASE("columns are as wide as what is in them, and numbers stand at the right") {
    Table table({"NAME", ">N", "LAST"});
    table.add({"a", "1", "x"});
    table.add({"longer", "200", ""});
    CHECK(table.text(0) ==
          "NAME      N  LAST\n"
          "a         1  x\n"
          "longer  200\n");
}

TEST_CASE("the widest columns are cut until a line fits") {
    Table table({"A", "B"});
    table.add({std::string(40, 'a'), "short"});
    CHECK(table.text(20) ==
          "A              B\n"
          "aaaaaaaaaaaa…  short\n");
    CHECK(table.text(1) ==
          "A       B\n"
          "aaaaa…  short\n");
    CHECK(table.text(0).find(std::string(40, 'a')) != std::string::npos);
}

TEST_CASE("columns that yield are cut before others, however wide those are, and go at last") {
    Table table({"RUN", "WHAT", "USER"}, {"USER", "WHAT"});
    table.add({"ab12", std::string(20, 'w'), "somebody"});
    CHECK(table.text(36).find("…") == std::string::npos);
    CHECK(table.text(35) ==
          "RUN   WHAT                  USER\n"
          "ab12  wwwwwwwwwwwwwwwwwwww  somebo…\n");
    CHECK(table.text(33) ==
          "RUN   WHAT                 USER\n"
          "ab12  wwwwwwwwwwwwwwwwww…  someb…\n");
    CHECK(table.text(19) ==
          "RUN   WHAT\n"
          "ab12  wwwww…\n");
    CHECK(table.text(5) ==
          "RUN\n"
          "ab12\n");
}

TEST_CASE("what steers a terminal is shown as it is") {
    Table table({"A"});
    table.add({"a\x1b[2J"});
    CHECK(table.text(0).find('\x1b') == std::string::npos);
}
