#include "client/quarantine_settings.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::client;

namespace {

const Origin origin{"/p/xgrid.toml", "/p"};

const std::string whole =
    "[[quarantine]]\ntests = 'a'\nowner = 'ann'\nissue = 'i/1'\nuntil = '2026-12-31'\n";

Result<std::vector<Quarantine>> read(const std::string& text) {
    auto table = parse_toml(text);
    REQUIRE(table);
    return quarantines_of(*table, origin);
}

std::string fault(const std::string& text) {
    auto found = read(text);
    return found ? "" : found.error();
}

std::string without(const std::string& line) {
    std::string text = whole;
    const std::size_t from = text.find(line);
    return text.erase(from, text.find('\n', from) + 1 - from);
}

}  // namespace

TEST_CASE("a file says which tests are in quarantine, until when, and who sees to it") {
    auto found = read(whole +
                      "[[quarantine]]\ntests = ['b*', 'c']\nowner = 'bob'\nissue = 'i/2'\n"
                      "until = '2027-01-31'\n");
    REQUIRE(found);
    CHECK((*found == std::vector<Quarantine>{{"a", "ann", "i/1", "2026-12-31"},
                                             {"b*", "bob", "i/2", "2027-01-31"},
                                             {"c", "bob", "i/2", "2027-01-31"}}));
}

TEST_CASE("an entry without tests, owner, issue or day is told with its file and line") {
    const std::string why = ": it is missing: an entry has tests, owner, issue and until";
    for (const char* name : {"tests", "owner", "issue", "until"}) {
        CHECK(fault(without(name)) ==
              std::string(name) + " of quarantine in /p/xgrid.toml, line 1" + why);
    }
    CHECK(fault("quarantine = 'a'\n") ==
          "quarantine in /p/xgrid.toml, line 1: wanted [[quarantine]] tables, found text");
    CHECK(fault(whole + "why = 'x'\n") ==
          "why of quarantine in /p/xgrid.toml, line 6: there is no such name, only tests, owner, "
          "issue and until");
    CHECK(fault(without("until") + "until = 'soon'\n") ==
          "until of quarantine in /p/xgrid.toml, line 5: wanted a day as in \"2026-12-31\", found "
          "'soon'");
    CHECK(fault(without("until") + "until = 2026-12-31\n") ==
          "until of quarantine in /p/xgrid.toml, line 5: wanted a day as in \"2026-12-31\", found "
          "a date");
}

TEST_CASE("a day is one that there is") {
    CHECK(is_day("2024-02-29"));
    CHECK(is_day(today()));
    for (const char* text : {"2026-02-29", "2026-13-01", "2026-1-01", "26-01-01", "2026-01-011",
                             "2026/01/01", "+026-01-01", "0000-01-01", ""}) {
        CHECK_FALSE(is_day(text));
    }
}

TEST_CASE("a quarantine protects to the end of its last day, and says when it does no more") {
    std::vector<Quarantine> all = *read(whole);
    CHECK(drop_expired(all, "2026-12-31").empty());
    CHECK(all.size() == 1);
    CHECK(drop_expired(all, "2027-01-01") ==
          std::vector<std::string>{"the quarantine of a ended with 2026-12-31, and failures there "
                                   "count again (owner: ann, i/1)"});
    CHECK(all.empty());
}
