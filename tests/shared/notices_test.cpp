#include "shared/notices.hpp"

#include <doctest/doctest.h>

using namespace xgrid;

TEST_CASE("a notice for programs is one object in one line") {
    const std::chrono::milliseconds time(1'700'000'000'007);
    CHECK(notice_json("broker", Level::warning, "a \"b\"\nc", time) ==
          R"({"time":"2023-11-14T22:13:20.007Z","level":"warning","part":"broker",)"
          R"("message":"a \"b\"\nc"})"
          "\n");
    CHECK(notice_json("worker", Level::error, "\xff", time).find("\xEF\xBF\xBD") !=
          std::string::npos);
}

TEST_CASE("what only a person can help with is told in the form that was asked for") {
    const auto fail = []() -> int { throw Fatal("no such thing", 4); };
    CHECK_THROWS_AS(run_told(Notices("broker"), fail), Fatal);
    CHECK(run_told(Notices("broker", true), fail) == 4);
    CHECK(run_told(Notices("broker"), [] { return 7; }) == 7);
}
