#include "broker/query.hpp"

#include <doctest/doctest.h>

using namespace xgrid::broker;

TEST_CASE("a parameter is what stands between its name and the next one") {
    CHECK(parameter_of("/desired?label=python=3.11", "label") == "python=3.11");
    CHECK(parameter_of("/desired?a=1&label=b=2&label=c", "label") == "b=2");
    CHECK(parameter_of("/desired?label=python%3D3.11+%25%2b", "label") == "python=3.11 %+");
    CHECK(parameter_of("/desired?label=", "label") == "");
    for (const char* none : {"/desired", "/desired?", "/desired?label", "/label=1", "/?xlabel=1",
                             "/?labels=1", "/?&&", ""}) {
        CHECK_MESSAGE(!parameter_of(none, "label"), none);
    }
}

TEST_CASE("what is no escape stays as it is") {
    CHECK(unescaped("100%") == "100%");
    CHECK(unescaped("%g0%1") == "%g0%1");
    CHECK(unescaped("%-1%+1") == "%-1% 1");
    CHECK(unescaped("%00") == std::string(1, '\0'));
}
