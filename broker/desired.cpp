#include "broker/desired.hpp"

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>

namespace xgrid::broker {
namespace {

// Keys in the order in which they are written.
using Json = nlohmann::ordered_json;
using Labels = std::map<std::string, std::string>;

bool fits(const Labels& labels, const std::optional<LabelFilter>& filter) {
    if (!filter) return true;
    const auto label = labels.find(filter->first);
    // With commas around each of its values.
    return label != labels.end() &&
           ("," + label->second + ",").find("," + filter->second + ",") != std::string::npos;
}

struct There {
    std::uint64_t workers = 0;
    std::uint64_t slots = 0;
    std::uint64_t used = 0;
};

}  // namespace

std::optional<LabelFilter> label_filter_from(std::string_view text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) return std::nullopt;
    return LabelFilter(text.substr(0, equals), text.substr(equals + 1));
}

std::string desired_json(const Snapshot& snapshot, const std::optional<LabelFilter>& filter) {
    Json wanted = Json::array();
    std::uint64_t wanted_slots = 0;
    for (const WantedSlots& one : snapshot.wanted) {
        if (!fits(one.labels, filter)) continue;
        wanted.push_back({{"labels", one.labels}, {"slots", one.slots}});
        wanted_slots += one.slots;
    }
    std::map<Labels, There> by_labels;
    There all;
    std::uint64_t draining = 0;
    for (const WorkerSummary& worker : snapshot.workers) {
        if (!fits(worker.labels, filter)) continue;
        if (worker.drains) {
            ++draining;
            continue;
        }
        for (There* sum : {&all, &by_labels[worker.labels]}) {
            ++sum->workers;
            sum->slots += worker.slots;
            sum->used += worker.used;
        }
    }
    Json there = Json::array();
    for (const auto& [labels, sum] : by_labels) {
        there.push_back({{"labels", labels},
                         {"workers", sum.workers},
                         {"slots", sum.slots},
                         {"used", sum.used}});
    }
    const Json object = {{"slots",
                          {{"used", all.used},
                           {"wanted", wanted_slots},
                           {"desired", all.used + wanted_slots},
                           {"there", all.slots}}},
                         {"workers", {{"there", all.workers}, {"draining", draining}}},
                         {"wanted", wanted},
                         {"there", there}};
    return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace xgrid::broker
