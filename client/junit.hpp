// The run as a JUnit file, with the cases, names and outcomes of plain pytest's, and what the
// project's junit_* settings ask for.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "client/report.hpp"

namespace xgrid::client {

struct JunitSettings {
    std::string prefix;  // before class names
    std::string host;
    std::string started;  // local time, ISO 8601
};

class Junit : public Report {
public:
    explicit Junit(JunitSettings settings) : settings_(std::move(settings)) {}

    std::string begin(Instant now) override;
    std::string add(Instant now, const Event& event, const Tally& tally) override;
    /// All of it: its first element tells how many cases there are.
    std::string end(Instant now, const Tally& tally, int exit_code) override;

private:
    struct Case {
        std::string test;
        std::string file;
        std::uint32_t line = 0;
        double seconds = 0;
        std::vector<std::pair<std::string, std::string>> properties;
        std::string elements;
        bool failed = false;  // in its call
    };

    void add_case(const TestFinished& event);
    void add_phase(const Phase& phase, std::size_t place);
    void add_output(const Details& details, std::size_t place);
    std::string output(const Details& details, bool of_teardown) const;
    std::string text_of(const Case& of) const;
    std::string setting(const char* name, const char* otherwise) const;

    JunitSettings settings_;
    std::map<std::string, std::string> project_;  // its settings
    Instant began_at_;
    std::vector<Case> cases_;
    std::map<std::string, std::size_t> places_;  // of each test's last case
    std::uint64_t passed_ = 0;
    std::uint64_t failures_ = 0;
    std::uint64_t errors_ = 0;
    std::uint64_t skipped_ = 0;
    std::uint64_t twice_ = 0;  // tests with two cases
};

/// Class name and name of a test, from its id, as pytest has them: test_a.TestX, test_y[1].
std::pair<std::string, std::string> junit_names(const std::string& test, const std::string& prefix);

/// The text for an XML file: what XML cannot hold as #x00, markup as entities. Bytes that are no
/// UTF-8 become U+FFFD.
std::string xml_text(const std::string& text);
std::string xml_attribute(const std::string& text);

}  // namespace xgrid::client
