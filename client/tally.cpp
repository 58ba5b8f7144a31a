#include "client/tally.hpp"

#include <algorithm>

#include "client/event_environment.hpp"
#include "shared/quarantines.hpp"

namespace xgrid::client {

Tally::Tally(const RunSpec& spec)
    : each_(spec.each),
      fails_on_flaky_(spec.fail_on_flaky),
      quarantines_(spec.quarantines),
      environments_(1) {
    if (!each_ || spec.environments.size() < 2) return;
    environments_.resize(spec.environments.size());
    matrix_.emplace(environments_.size());
}

void Tally::add(const Event& event) {
    if (matrix_) matrix_->add(event);
    const std::uint32_t environment = environment_of(event).value_or(0);
    if (const auto* ended = std::get_if<EnvironmentEnded>(&event)) {
        ends_[ended->environment] = *ended;
        if (!each_) return;  // its tests are run elsewhere
    }
    // A broker may say strange numbers.
    EnvironmentTally& where = environments_[environment < environments_.size() ? environment : 0];
    where.add(event);
    if (const auto* failing = std::get_if<TestFailing>(&event)) {
        earlier_.add(*failing, each_ ? environment : 0);
    } else if (const auto* finished = std::get_if<TestFinished>(&event)) {
        earlier_.add(*finished, each_ ? environment : 0);
        if (earlier_.is_flaky()) {
            where.add_flaky();
            flaky_ += quarantine_of(quarantines_, finished->test) == nullptr ? 1 : 0;
        }
    }
    if (std::holds_alternative<WorkerUp>(event)) {
        slots_begun_ = true;
    } else if (std::holds_alternative<WarningSeen>(event)) {
        ++warnings_;
    } else if (const auto* end = std::get_if<RunFinished>(&event)) {
        end_ = *end;
    }
}

std::map<std::string, std::uint64_t> Tally::counts() const {
    std::map<std::string, std::uint64_t> all;
    if (warnings_ > 0) all["warnings"] = warnings_;
    for (const EnvironmentTally& one : environments_) {
        for (const auto& [category, count] : one.counts()) all[category] += count;
    }
    return all;
}

std::uint64_t Tally::count(const std::string& category) const {
    std::uint64_t all = category == "warnings" ? warnings_ : 0;
    for (const EnvironmentTally& one : environments_) all += one.count(category);
    return all;
}

std::uint64_t Tally::sum(std::uint64_t (EnvironmentTally::*number)() const) const {
    std::uint64_t all = 0;
    for (const EnvironmentTally& one : environments_) all += (one.*number)();
    return all;
}

std::uint64_t Tally::tests_expected() const {
    std::uint64_t most = 0;
    for (const EnvironmentTally& one : environments_) most = std::max(most, one.tests_expected());
    std::uint64_t all = 0;
    for (const EnvironmentTally& one : environments_) {
        const bool unknown = one.units_loaded() == 0 && !one.over();
        all += unknown ? most : one.tests_expected();
    }
    return all;
}

bool Tally::tests_certain() const {
    return std::ranges::all_of(environments_, &EnvironmentTally::tests_certain);
}

const EnvironmentEnded* Tally::end_of(std::uint32_t environment) const {
    const auto found = ends_.find(environment);
    return found == ends_.end() ? nullptr : &found->second;
}

// Of all ends the one that weighs most: under `each` one environment may have ended in a way of its
// own.
std::optional<int> Tally::exit_code_of_ends() const {
    std::vector<std::pair<RunEnd, int>> ends = {{end_.end, end_.code}};
    if (each_) {
        for (const auto& [environment, one] : ends_) ends.emplace_back(one.end, one.code);
    }
    const auto with = [&](RunEnd end) {
        return std::ranges::find(ends, end, &std::pair<RunEnd, int>::first);
    };
    if (with(RunEnd::cancelled) != ends.end()) return 2;
    if (with(RunEnd::grid_failed) != ends.end()) return 3;
    for (const RunEnd end : {RunEnd::exit_asked, RunEnd::refused}) {
        if (with(end) != ends.end()) return with(end)->second;
    }
    if (with(RunEnd::stopped) != ends.end()) return 1;
    return std::nullopt;
}

int Tally::exit_code(bool collect_only) const {
    if (const std::optional<int> code = exit_code_of_ends()) return *code;
    if (count("failed") + count("error") > 0) return 1;
    if (fails_on_flaky_ && flaky_ > 0) return 1;
    if (closing_.code != 0) return closing_.code;
    const std::uint64_t tests = collect_only ? tests_collected() : tests_finished();
    return tests == 0 ? 5 : 0;
}

}  // namespace xgrid::client
