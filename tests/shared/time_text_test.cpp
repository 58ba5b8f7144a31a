#include "shared/time_text.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace std::chrono_literals;

TEST_CASE("a length of time is digits and a unit") {
    CHECK(time_from_text("0") == 0s);
    CHECK(time_from_text("90") == 90s);
    CHECK(time_from_text("90s") == 90s);
    CHECK(time_from_text("30m") == 30min);
    CHECK(time_from_text("36h") == 36h);
    CHECK(time_from_text("14d") == 336h);
    CHECK(time_from_text("10000d") == 240'000h);
    for (const char* wrong :
         {"", "d", "-1", "1.5h", "1 h", "1w", "1hh", "10001d", "1h2m", "99999999999999999999"}) {
        CHECK_MESSAGE(!time_from_text(wrong), wrong);
    }
}
