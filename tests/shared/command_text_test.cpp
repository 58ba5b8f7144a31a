#include "shared/command_text.hpp"

#include <doctest/doctest.h>

#include "shared/nearest.hpp"

using namespace xgrid;

TEST_CASE("what a parser's help says of an option becomes its parts") {
    const OptionText both = option_text("-n [ --numprocesses ]", "N|auto (=4)", "slots");
    CHECK(both.name == "numprocesses");
    CHECK(both.letter == 'n');
    CHECK(both.value == "N|auto");
    CHECK(both.usual == "4");
    CHECK(both.text == "slots");

    const OptionText bare = option_text("--detach", "", "");
    CHECK(bare.name == "detach");
    CHECK(bare.letter == 0);
    CHECK(bare.value.empty());
    CHECK(bare.usual.empty());

    const OptionText lacking = option_text("--listen", "[=[HOST:]PORT(=8888)]", "");
    CHECK(lacking.value == "[HOST:]PORT");
    CHECK(lacking.value_may_lack);
    CHECK(lacking.usual == "8888");

    CHECK(option_text("--http", "[HOST:]PORT (=nowhere)", "").value == "[HOST:]PORT");
}

TEST_CASE("a distance is the least number of letters to change, add, leave out or swap") {
    CHECK(edit_distance("", "abc") == 3);
    CHECK(edit_distance("submit", "submit") == 0);
    CHECK(edit_distance("sumbit", "submit") == 1);
    CHECK(edit_distance("submt", "submit") == 1);
    CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("a word that is near enough to one that there is was perhaps meant to be that") {
    const std::vector<std::string> known = {"submit", "status",  "runs",  "why",
                                            "broker", "workers", "worker"};
    CHECK(nearest("sumbit", known) == "submit");
    CHECK(nearest("run", known) == "runs");
    CHECK(nearest("wokers", known) == "workers");
    CHECK(nearest("wroker", known) == "worker");  // and not broker, which begins otherwise
    CHECK(nearest("stat", known) == "status");    // its beginning
    CHECK(nearest("explode", known).empty());
    CHECK(nearest("x", known).empty());
    CHECK(did_you_mean("sumbit", known) == "; did you mean submit?");
    CHECK(did_you_mean("explode", known).empty());
}
