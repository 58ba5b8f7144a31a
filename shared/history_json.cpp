#include "shared/history_json.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "shared/outcome_words.hpp"

namespace xgrid {
namespace {

// Keys in the order in which they are written.
using Json = nlohmann::ordered_json;

Json object_for(const TestHistory& test) {
    Json last = Json::array();
    for (const PastVerdict& one : test.last) {
        last.push_back({{"outcome", outcome_word(one.outcome)},
                        {"run", one.run},
                        {"tree", one.tree},
                        {"attempt", one.attempt},
                        {"duration", one.seconds},
                        {"at", one.at}});
    }
    Json proofs = Json::array();
    for (const FlakeProof& one : test.proofs) {
        proofs.push_back({{"tree", one.tree},
                          {"passed_run", one.passed_run},
                          {"failed_run", one.failed_run},
                          {"at", one.at}});
    }
    Json changes = Json::array();
    for (const CoFailure& one : test.changes) {
        changes.push_back({{"path", one.path}, {"failures", one.failures}, {"runs", one.runs}});
    }
    Json object = {{"id", test.test.id},
                   {"occurrence", test.test.occurrence},
                   {"unit", test.unit},
                   {"project", test.project},
                   {"environment", test.environment},
                   {"flaky", !test.proofs.empty()},
                   {"suspected", test.suspected},
                   {"duration", test.seconds},
                   {"verdicts", test.verdicts},
                   {"failures", test.failures},
                   {"first_seen", test.first_seen},
                   {"last_seen", test.last_seen}};
    if (const std::uint64_t since = flaky_since(test)) object["since"] = since;
    object["last"] = std::move(last);
    object["proofs"] = std::move(proofs);
    object["changes"] = std::move(changes);
    return object;
}

}  // namespace

std::uint64_t flaky_since(const TestHistory& test) {
    if (!test.proofs.empty()) return test.proofs.back().at;
    const PastVerdict* before = nullptr;
    for (auto one = test.last.rbegin(); one != test.last.rend(); ++one) {
        if (!is_failure(one->outcome) && one->outcome != Outcome::passed) continue;
        if (before != nullptr && is_failure(before->outcome) != is_failure(one->outcome)) {
            return one->at;
        }
        before = &*one;
    }
    return 0;
}

std::string history_json(const std::vector<TestHistory>& tests) {
    Json list = Json::array();
    for (const TestHistory& test : tests) list.push_back(object_for(test));
    // Tests are called by any bytes, and JSON is UTF-8.
    return list.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace xgrid
