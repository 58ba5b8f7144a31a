// What of a run is told in full at its end: failures, errors, warnings, skips, slow phases.
// Collects it from the events, and renders pytest's sections.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "client/display.hpp"
#include "client/markup.hpp"
#include "shared/messages.hpp"

namespace xgrid::client {

class Findings {
public:
    explicit Findings(const Display& display) : display_(display) {}

    void add(const Event& event);

    /// All sections, each ending in a line's end.
    std::string render(const Markup& markup) const;

private:
    struct Finding {
        std::string test;
        std::string worker;
        Phase phase;
        std::string headline;
        std::vector<std::pair<std::string, std::string>> sections;
    };
    struct Slow {
        double seconds = 0;
        std::string when;
        std::string test;
    };

    void add_phase(const TestFinished& event, const Phase& phase, const Details& details);
    void add_durations(const TestFinished& event);
    bool wants(char letter) const { return letters().find(letter) != std::string::npos; }
    std::string letters() const;

    std::string full(const char* title, const std::string& category, const Markup& markup) const;
    std::string in_full(const Finding& finding, const Markup& markup) const;
    std::string passes(const Markup& markup) const;
    std::string warnings(const Markup& markup) const;
    std::string slowest(const Markup& markup) const;
    std::string summary(const Markup& markup) const;
    std::string summary_of(const std::string& category, const char* word, Hue hue,
                           const Markup& markup) const;
    std::string skips(const Markup& markup) const;

    Display display_;
    std::map<std::string, std::string> workers_;            // its line, by name
    std::map<std::string, std::vector<Finding>> findings_;  // by category
    std::vector<std::string> passed_;                       // only if they will be listed
    std::vector<std::pair<std::string, std::vector<std::string>>> warnings_;  // text, where
    std::map<std::string, std::size_t> warning_places_;
    std::vector<Slow> slow_;
};

}  // namespace xgrid::client
