#include "client/snapshot/ignore_rules.hpp"

#include <optional>
#include <string>

#include <doctest/doctest.h>

using xgrid::client::IgnoreRules;
using namespace std::string_literals;

namespace {

enum class Kind { file, folder };

// Whether the rules ignore it: yes, no, or nothing said.
std::string verdict(const std::string& rules, const std::string& path, Kind kind = Kind::file) {
    const std::optional<bool> ignore = IgnoreRules(rules).ignore(path, kind == Kind::folder);
    if (!ignore) return "nothing";
    return *ignore ? "yes" : "no";
}

}  // namespace

TEST_CASE("a rule without a slash is for a name in any folder, one with a slash for a path") {
    CHECK(verdict("a", "a") == "yes");
    CHECK(verdict("a", "x/y/a") == "yes");
    CHECK(verdict("/a", "a") == "yes");
    CHECK(verdict("/a", "x/a") == "nothing");
    CHECK(verdict("x/a", "x/a") == "yes");
    CHECK(verdict("x/a", "y/x/a") == "nothing");
    CHECK(verdict("*.o", "x/b.o") == "yes");
    CHECK(verdict("*.o", "x/b.oo") == "nothing");
    CHECK(verdict("doc/*.txt", "doc/a.txt") == "yes");
    CHECK(verdict("doc/*.txt", "doc/a/b.txt") == "nothing");
}

TEST_CASE("a slash at the end is for folders") {
    CHECK(verdict("a/", "a") == "nothing");
    CHECK(verdict("a/", "x/a", Kind::folder) == "yes");
}

TEST_CASE("the last rule that matches decides") {
    CHECK(verdict("*.log\n!keep.log\n", "keep.log") == "no");
    CHECK(verdict("!keep.log\n*.log\n", "keep.log") == "yes");
    CHECK(verdict("!keep.log", "keep.log") == "no");
}

TEST_CASE("lines are read as git reads them") {
    CHECK(verdict("# a\n\n   \na", "# a") == "nothing");
    CHECK(verdict("\\#a", "#a") == "yes");
    CHECK(verdict("\\!a", "!a") == "yes");
    CHECK(verdict("a  ", "a") == "yes");
    CHECK(verdict("a\\ ", "a ") == "yes");
    CHECK(verdict("a\t", "a") == "nothing");
    CHECK(verdict("a\r\nb\r\n", "a") == "yes");
    CHECK(verdict("\xEF\xBB\xBF"s + "a", "a") == "yes");
    CHECK(verdict("a\0b"s, "a") == "yes");
    CHECK(verdict("/", "a", Kind::folder) == "nothing");
    CHECK(verdict("!", "a") == "nothing");
}
