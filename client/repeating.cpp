#include "client/repeating.hpp"

#include <algorithm>

#include "client/quarantined.hpp"
#include "shared/quarantines.hpp"

namespace xgrid::client {
namespace {

std::string unit_of(const std::string& id) { return id.substr(0, id.find("::")); }

}  // namespace

void Repeating::add(const Event& event) {
    if (const auto* known = std::get_if<UnitsKnown>(&event)) {
        for (const std::string& unit : known->names) units_.emplace(unit, units_.size());
    } else if (const auto* loaded = std::get_if<UnitLoaded>(&event)) {
        const std::size_t unit = units_.emplace(loaded->unit, units_.size()).first->second;
        loaded_.insert(loaded->unit);
        for (std::size_t i = 0; i < loaded->tests.size(); ++i) {
            const std::string& id = loaded->tests[i].id;
            tests_.insert(id);
            // In part a unit is in an order of its own.
            if (plan_.empty()) places_[id] = {unit, i};
        }
    } else if (const auto* finished = std::get_if<TestFinished>(&event)) {
        const Outcome outcome = finished->result.outcome;
        std::set<std::uint32_t>& where = verdicts_[finished->test.id];
        if (outcome != Outcome::failed && outcome != Outcome::error) return;
        if (is_quarantined(finished->result)) return;
        where.insert(finished->environment);
        if (is_of_loading(finished->result)) uncollected_.insert(finished->test.id);
    } else if (const auto* late = std::get_if<TeardownFailed>(&event)) {
        if (late->phase.category == quarantined) return;
        verdicts_[late->test.id].insert(late->environment);
    } else if (const auto* end = std::get_if<RunFinished>(&event)) {
        finished_ = *end;
    }
}

// It was looked for where it was, and is not there.
bool Repeating::is_gone(const std::string& id) const {
    const std::string unit = unit_of(id);
    if (uncollected_.contains(unit)) return false;
    if (loaded_.contains(unit)) return !tests_.contains(id);
    return finished_.end == RunEnd::completed;
}

Repeating::Place Repeating::place_of(const std::string& id) const {
    const auto place = places_.find(id);
    if (place != places_.end()) return place->second;
    const auto unit = units_.find(unit_of(id));
    return {unit == units_.end() ? SIZE_MAX : unit->second, SIZE_MAX};
}

void Repeating::update() {
    const bool everything = plan_.empty();
    std::set<std::string> failing;
    for (const auto& [id, where] : verdicts_) {
        if (!where.empty()) failing.insert(id);
    }
    for (const std::string& id : failing_) {
        if (verdicts_.contains(id) || is_gone(id)) continue;
        failing.insert(id);
        // Else all of the file would be run for one of its tests.
        if (!everything) failing.erase(unit_of(id));
    }
    failing_.assign(failing.begin(), failing.end());
    std::ranges::stable_sort(failing_, {}, [&](const std::string& id) { return place_of(id); });
}

Repeating::Next Repeating::end() {
    const bool everything = plan_.empty();
    update();
    const bool unfit = finished_.end == RunEnd::refused && finished_.code == 4 &&
                       finished_.reason.find("not found") != std::string::npos;
    plan_ = failing_;
    verdicts_.clear();
    uncollected_.clear();
    loaded_.clear();
    tests_.clear();
    finished_ = {RunEnd::grid_failed, 3, ""};
    if (everything) return Next::wait;
    if (unfit) plan_.clear();  // the framework will not do without those that are gone
    return plan_.empty() ? Next::again : Next::wait;
}

}  // namespace xgrid::client
