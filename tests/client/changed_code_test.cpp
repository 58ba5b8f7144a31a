#include "client/changed_code.hpp"

#include <doctest/doctest.h>

using namespace xgrid::client;

TEST_CASE("code that is taken again is told of in one line, whatever its files are called") {
    CHECK(retaken_line({"src/a.py"}) == "code changed while it was sent (src/a.py): taken again");
    CHECK(retaken_line({"a", "b", "c"}) ==
          "code changed while it was sent (a and 2 more): taken again");
    CHECK(retaken_line({}) == "code changed while it was sent: taken again");
    CHECK(retaken_line({"a\nb"}).find('\n') == std::string::npos);
}

TEST_CASE("who gives up on code that keeps changing says what changed and what to do") {
    const std::string text = kept_changing(3, "cannot send /p/log: it changed since the snapshot");
    CHECK(text.find("3 times") != std::string::npos);
    CHECK(text.find("/p/log") != std::string::npos);
    CHECK(text.find("--rsyncignore") != std::string::npos);
}
