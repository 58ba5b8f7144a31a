#include "broker/labels.hpp"

#include <doctest/doctest.h>

using namespace xgrid::broker;

TEST_CASE("who wants one value of a label is served by whoever has it among others") {
    const Labels labels{{"os", "linux"}, {"python", "3.9,3.11"}};
    CHECK(has_all(labels, {}));
    CHECK(has_all(labels, {{"python", "3.11"}}));
    CHECK(has_all(labels, {{"python", "3.9,3.11"}}));
    CHECK(has_all(labels, {{"python", "3.11,3.9"}, {"os", "linux"}}));
    CHECK(!has_all(labels, {{"python", "3.1"}}));
    CHECK(!has_all(labels, {{"python", "3.11,3.12"}}));
    CHECK(!has_all(labels, {{"gpu", "yes"}}));
    CHECK(!has_all(labels, {{"os", "linux"}, {"gpu", "yes"}}));
}

TEST_CASE("values are what commas part") {
    CHECK(values_of("a") == std::vector<std::string>{"a"});
    CHECK(values_of("a,b,") == std::vector<std::string>{"a", "b", ""});
}
