// Makes of failures of tests in quarantine what reports show of them: phases that count under a
// category of their own, so that they fail nothing. Pure.
#pragma once

#include <string>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::client {

/// Of phases, and in counts.
inline constexpr const char* quarantined = "quarantined";

/// `all` are those of the run.
void quarantine(const std::vector<Quarantine>& all, Event& event);

/// One of its phases is quarantined.
bool is_quarantined(const TestResult& result);

/// "owner: ann, https://example.org/1, until 2026-12-31"
std::string text_of(const Quarantine& one);

}  // namespace xgrid::client
