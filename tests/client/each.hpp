// Events of a run of each of several environments, made by hand.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::client {

inline RunSpec each_of(const std::vector<std::string>& names) {
    RunSpec spec{.each = true};
    for (const std::string& name : names) spec.environments.push_back({.name = name});
    return spec;
}

inline WorkerUp up_in(std::uint32_t environment, std::map<std::string, std::string> fingerprint) {
    WorkerUp event{.worker = "gw" + std::to_string(environment),
                   .host = "host" + std::to_string(environment),
                   .environment = environment};
    event.facts.platform = "linux";
    event.facts.version = "3.11.2";
    event.facts.framework = "pytest-7.2.1";
    event.facts.fingerprint = std::move(fingerprint);
    return event;
}

inline UnitLoaded loaded_in(std::uint32_t environment, const std::vector<std::string>& tests) {
    UnitLoaded event{.unit = "test_a.py", .environment = environment};
    for (const std::string& id : tests) event.tests.push_back({id});
    return event;
}

inline TestFinished went(std::uint32_t environment, const std::string& id, Outcome outcome) {
    TestFinished event{.unit = "test_a.py",
                       .test = {id},
                       .worker = "gw" + std::to_string(environment),
                       .environment = environment};
    event.result.outcome = outcome;
    if (outcome == Outcome::passed) return event;
    const bool failed = outcome == Outcome::failed;
    event.result.details = Details{.phases = {{.when = "call",
                                               .category = failed ? "failed" : "skipped",
                                               .letter = failed ? "F" : "s",
                                               .word = failed ? "FAILED" : "SKIPPED",
                                               .text = "E   why\n",
                                               .message = "why"}}};
    return event;
}

}  // namespace xgrid::client
