// What of a run is told in full at its end: failures, errors, warnings, skips, slow phases.
// Collects it from the events, and renders pytest's sections.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "client/display.hpp"
#include "client/earlier_results.hpp"
#include "client/environment_names.hpp"
#include "client/markup.hpp"
#include "client/places.hpp"
#include "client/warning_list.hpp"
#include "shared/messages.hpp"

namespace xgrid::client {

class Findings {
public:
    Findings(const Display& display, EnvironmentNames environments)
        : display_(display), environments_(std::move(environments)) {}

    /// Before the first test's event, if at all.
    void adopt(const Display& display, const Places& places);
    /// `earlier`: what the test gave before, if the event is its verdict.
    void add(const Event& event, const EarlierResults& earlier = {});

    /// All sections, each ending in a line's end.
    /// `closing`: what plugins say at the end.
    std::string render(const Markup& markup, const std::string& closing = {}) const;

private:
    struct Finding {
        std::string test;
        std::string worker;
        Phase phase;
        std::string headline;
        std::string place;                // which of the environments, if it matters
        std::vector<std::string> before;  // a line for each time that it had failed, too
        std::vector<std::pair<std::string, std::string>> sections;
    };
    struct Slow {
        double seconds = 0;
        std::string when;
        std::string test;
    };

    void add_test(const TestFinished& event, const EarlierResults& earlier);
    void add_phase(const TestFinished& event, const Phase& phase, const EarlierResults& earlier);
    void add_flaky(const TestFinished& event, const EarlierResults& earlier);
    void keep(Finding finding, std::uint32_t environment);
    void add_durations(const TestFinished& event);
    bool wants(char letter) const {
        return display_.report_chars.find(letter) != std::string::npos;
    }

    std::string full(const char* title, const std::string& category, const Markup& markup) const;
    std::string in_full(const Finding& finding, const Markup& markup) const;
    std::string captured(const Finding& finding, const Markup& markup) const;
    std::string passes(const Markup& markup) const;
    std::string slowest(const Markup& markup) const;
    std::string summary(const Markup& markup) const;
    std::string summary_of(const std::string& category, const char* word, Hue hue,
                           const Markup& markup) const;
    std::string why(const std::string& category, const Phase& phase, std::size_t taken,
                    const Markup& markup) const;
    std::string skips(const Markup& markup) const;

    Display display_;
    EnvironmentNames environments_;
    Places places_;
    bool dashes_xpass_ = false;  // since pytest 8 the reason of an XPASS follows a dash
    std::map<std::string, std::string> workers_;            // its line, by name
    std::map<std::string, std::vector<Finding>> findings_;  // by category
    WarningList warnings_;
    std::vector<Slow> slow_;
};

}  // namespace xgrid::client
