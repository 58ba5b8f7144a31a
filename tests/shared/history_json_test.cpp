#include "shared/history_json.hpp"

#include <doctest/doctest.h>

using namespace xgrid;

TEST_CASE("what is known of a test is told with its last verdicts and proofs") {
    CHECK(history_json({}) == "[]\n");
    const TestHistory test{.project = "p",
                           .unit = "a.py",
                           .test = {"a.py::t\xff"},
                           .environment = "local",
                           .seconds = 0.5,
                           .verdicts = 4,
                           .failures = 1,
                           .first_seen = 10,
                           .last_seen = 20,
                           .last = {{"r2", Outcome::failed, 0.25, 20, "4b", 2}},
                           .proofs = {{"4b", "r1", "r2", 20}},
                           .changes = {{"b\xfe.c", 2, 3}}};
    CHECK(
        history_json({test}) ==
        "[{\"id\":\"a.py::t\xEF\xBF\xBD\","
        R"("occurrence":0,"unit":"a.py","project":"p","environment":"local","flaky":true,)"
        R"("suspected":false,"duration":0.5,"verdicts":4,"failures":1,"first_seen":10,)"
        R"("last_seen":20,"since":20,"last":[{"outcome":"failed","run":"r2","tree":"4b","attempt":2,)"
        R"("duration":0.25,"at":20}],"proofs":[{"tree":"4b","passed_run":"r1",)"
        R"("failed_run":"r2","at":20}],"changes":[{"path":"b)"
        "\xEF\xBF\xBD"
        R"(.c","failures":2,"runs":3}]}])"
        "\n");
}
