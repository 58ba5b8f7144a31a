#include "client/json_history.hpp"

#include <nlohmann/json.hpp>

#include "client/history_text.hpp"
#include "shared/outcome_words.hpp"

namespace xgrid::client {
namespace {

// Keys in the order in which they are written.
using Json = nlohmann::ordered_json;

Json object_for(const PastVerdict& verdict) {
    return {{"outcome", outcome_word(verdict.outcome)},
            {"run", verdict.run},
            {"tree", verdict.tree},
            {"attempt", verdict.attempt},
            {"duration", verdict.seconds},
            {"at", verdict.at}};
}

Json object_for(const FlakeProof& proof) {
    return {{"tree", proof.tree},
            {"passed_run", proof.passed_run},
            {"failed_run", proof.failed_run},
            {"at", proof.at}};
}

template <class T>
Json list_of(const std::vector<T>& items) {
    Json list = Json::array();
    for (const T& item : items) list.push_back(object_for(item));
    return list;
}

Json object_for(const TestHistory& test) {
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
    object["last"] = list_of(test.last);
    object["proofs"] = list_of(test.proofs);
    return object;
}

}  // namespace

std::string json_of(const std::vector<TestHistory>& tests) {
    Json list = Json::array();
    for (const TestHistory& test : tests) list.push_back(object_for(test));
    return list.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace xgrid::client
