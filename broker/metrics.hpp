// A broker's figures in Prometheus's text format, version 0.0.4:
// https://prometheus.io/docs/instrumenting/exposition_formats. Pure.
#pragma once

#include <string>
#include <string_view>

#include "broker/snapshot.hpp"

namespace xgrid::broker {

constexpr const char* metrics_type = "text/plain; version=0.0.4; charset=utf-8";

std::string metrics_text(const Snapshot& snapshot);

/// As it stands in the quotes of a label's value. What is no printable ASCII becomes '?'.
std::string label_value(std::string_view text);

}  // namespace xgrid::broker
