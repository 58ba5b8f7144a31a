#include "broker/desired.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::broker;

namespace {

Snapshot team() {
    return {.workers = {{.labels = {{"os", "linux"}}, .slots = 4, .used = 3},
                        {.labels = {{"os", "linux"}}, .slots = 2, .used = 1},
                        {.labels = {{"gpu", "yes"}}, .slots = 1},
                        {.labels = {{"os", "linux"}}, .slots = 8, .used = 8, .drains = true}},
            .wanted = {{{}, 5}, {{{"gpu", "yes"}}, 2}}};
}

}  // namespace

TEST_CASE("what there is and what could be used is told by labels, without those that leave") {
    CHECK(desired_json(team(), std::nullopt) ==
          R"({"slots":{"used":4,"wanted":7,"desired":11,"there":7},)"
          R"("workers":{"there":3,"draining":1},)"
          R"("wanted":[{"labels":{},"slots":5},{"labels":{"gpu":"yes"},"slots":2}],)"
          R"("there":[{"labels":{"gpu":"yes"},"workers":1,"slots":1,"used":0},)"
          R"({"labels":{"os":"linux"},"workers":2,"slots":6,"used":4}]})"
          "\n");
}

TEST_CASE("nothing is told as nothing") {
    CHECK(desired_json({}, std::nullopt) ==
          R"({"slots":{"used":0,"wanted":0,"desired":0,"there":0},)"
          R"("workers":{"there":0,"draining":0},"wanted":[],"there":[]})"
          "\n");
}

TEST_CASE("with a label only what has it counts") {
    CHECK(desired_json(team(), LabelFilter("gpu", "yes")) ==
          R"({"slots":{"used":0,"wanted":2,"desired":2,"there":1},)"
          R"("workers":{"there":1,"draining":0},)"
          R"("wanted":[{"labels":{"gpu":"yes"},"slots":2}],)"
          R"("there":[{"labels":{"gpu":"yes"},"workers":1,"slots":1,"used":0}]})"
          "\n");
    CHECK(desired_json(team(), LabelFilter("gpu", "no")).find(R"("desired":0)") !=
          std::string::npos);
}

TEST_CASE("one of a label's values is enough") {
    const Snapshot many{.workers = {{.labels = {{"python", "3.10,3.11"}}, .slots = 2}}};
    const auto there = [&](const char* version) {
        const std::string text = desired_json(many, LabelFilter("python", version));
        return text.find(R"("there":2})") != std::string::npos;
    };
    CHECK(there("3.10"));
    CHECK(there("3.11"));
    CHECK_FALSE(there("3.1"));
}

TEST_CASE("a label that is no text cannot break the JSON") {
    const Snapshot odd{.wanted = {{{{"a\"\n", "\xff"}}, 1}}};
    CHECK(desired_json(odd, std::nullopt).find("\"a\\\"\\n\":\"\xef\xbf\xbd\"") !=
          std::string::npos);
}

TEST_CASE("a label is NAME=VALUE") {
    CHECK(label_filter_from("python=3.11") == LabelFilter("python", "3.11"));
    CHECK(label_filter_from("a=b=c") == LabelFilter("a", "b=c"));
    CHECK(label_filter_from("a=") == LabelFilter("a", ""));
    CHECK_FALSE(label_filter_from("=b"));
    CHECK_FALSE(label_filter_from("a"));
    CHECK_FALSE(label_filter_from(""));
}
