// What is told to those who start and stop machines: slots that are there, and that could be used
// beside them, by their labels. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "broker/snapshot.hpp"

namespace xgrid::broker {

/// One label, as NAME=VALUE.
using LabelFilter = std::pair<std::string, std::string>;
/// None: it is not so written.
std::optional<LabelFilter> label_filter_from(std::string_view text);

/// A JSON object, in one line:
///
///   slots     used; wanted: more that could be used now; desired: both; there
///   workers   there; draining: others, that take nothing new and leave
///   wanted    for each set of labels that runs ask for: labels, slots
///   there     for each set of labels that workers have: labels, workers, slots, used
///
/// With a filter all of that only of sets with this label.
std::string desired_json(const Snapshot& snapshot, const std::optional<LabelFilter>& filter);

}  // namespace xgrid::broker
