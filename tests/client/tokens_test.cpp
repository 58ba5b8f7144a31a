#include "client/tokens.hpp"

#include <sys/stat.h>

#include <doctest/doctest.h>

#include "client/temp_folder.hpp"
#include "shared/curve.hpp"

using namespace xgrid;
using namespace xgrid::client;

TEST_CASE("a file of tokens has one for each address") {
    const std::string text =
        "# those of the lab\n"
        "\n"
        "h:1 first  # comment\n"
        "\tH2:1\tsecond\n"
        "h third\n"
        "h:1 later\n"
        "[::1]:5 six";
    CHECK(*token_in(text, {"h", 1}) == "first");
    CHECK(*token_in(text, {"h2", 1}) == "second");
    CHECK(*token_in(text, {"h", 8888}) == "third");
    CHECK(*token_in(text, {"::1", 5}) == "six");
    CHECK(token_in(text, {"h", 2})->empty());
    CHECK(token_in("", {"h", 2})->empty());
}

TEST_CASE("a line that is none is an error with its number, and without the line") {
    Result<std::string> word = token_in("h:1 a\n\nxgt1_secret\n", {"other", 1});
    REQUIRE(!word);
    CHECK(word.error() == "line 3 is no HOST:PORT TOKEN");
    CHECK(!token_in("h:x y", {"h", 1}));
}

TEST_CASE("the command line counts before the variable, and that before the file") {
    const TempFolder folder;
    const std::string one = text_of(token_for(make_worker_keys()));
    const std::string two = text_of(token_for(make_worker_keys()));
    const std::string three = text_of(token_for(make_worker_keys()));
    GivenTokens given{one, two, folder.write("tokens", "h:1 " + three + "\n")};
    REQUIRE(chmod(given.file.c_str(), 0600) == 0);
    CHECK(text_of(**find_token(given, {"h", 1})) == one);
    given.option.clear();
    CHECK(text_of(**find_token(given, {"h", 1})) == two);
    given.variable.clear();
    CHECK(text_of(**find_token(given, {"h", 1})) == three);
    CHECK(!*find_token(given, {"h", 2}));
    given.file = folder / "none";
    CHECK(!*find_token(given, {"h", 1}));
    given.variable = "nonsense";
    CHECK(!find_token(given, {"h", 1}));
}

TEST_CASE("a file of tokens that others can read, or that is none, is not used") {
    const TempFolder folder;
    const GivenTokens given{"", "", folder.write("tokens", "h:1 x\n")};
    REQUIRE(chmod(given.file.c_str(), 0640) == 0);
    CHECK(!find_token(given, {"other", 1}));
    CHECK(!find_token({"", "", folder.make("folder")}, {"h", 1}));
}
