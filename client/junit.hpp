// The run as a JUnit file, with the cases, names and outcomes of plain pytest's, and what the
// project's junit_* settings ask for. Where each environment has verdicts of its own, it has a
// suite of its own.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/environment_names.hpp"
#include "client/report.hpp"

namespace xgrid::client {

struct JunitSettings {
    std::string prefix;  // before class names
    std::string host;
    std::string started;  // local time, ISO 8601
    EnvironmentNames environments;
};

class Junit : public Report {
public:
    explicit Junit(JunitSettings settings);

    std::string begin(Instant now) override;
    std::string add(Instant now, const Event& event, const Tally& tally) override;
    /// All of it: each suite's first element tells how many cases there are.
    std::string end(Instant now, const Tally& tally, int exit_code) override;

private:
    struct Case {
        std::string test;
        std::string file;
        std::uint32_t line = 0;
        double seconds = 0;
        Properties properties;
        std::string elements;
        bool failed = false;         // in its call
        bool passed = false;         // is counted as such
        bool in_quarantine = false;  // ... as skipped, since its failure does not count
    };

    struct Suite {
        std::string host;                                // of its first slot
        std::map<std::string, std::string> fingerprint;  // likewise
        std::vector<Case> cases;
        std::map<std::string, std::size_t> places;  // of each test's last case
        std::optional<Instant> ended_at;
        std::uint64_t passed = 0;
        std::uint64_t failures = 0;
        std::uint64_t errors = 0;
        std::uint64_t skipped = 0;
        std::uint64_t twice = 0;  // tests with two cases
    };

    Suite& suite_of(std::uint32_t environment);
    void add_case(const TestFinished& event, const EarlierResults& earlier);
    void add_phase(Suite& suite, const Phase& phase, std::size_t place);
    void add_output(Suite& suite, const Details& details, std::size_t place);
    void add_properties(const PropertiesAdded& event);
    void add_end(Instant now, const EnvironmentEnded& event);
    void add_earlier(const EarlierResults& earlier, Case& to) const;
    void add_quarantined(Suite& suite, const Phase& phase, Case& to);
    std::string output(const Details& details, bool of_teardown) const;
    std::string text_of(const Case& of) const;
    std::string text_of(const Suite& suite, std::uint32_t environment, Instant now) const;
    std::string setting(const char* name, const char* otherwise) const;

    JunitSettings settings_;
    std::map<std::string, std::string> project_;  // its settings
    Instant began_at_;
    std::vector<Suite> suites_;  // one, or one for each environment
};

/// Class name and name of a test, from its id, as pytest has them: test_a.TestX, test_y[1].
std::pair<std::string, std::string> junit_names(const std::string& test, const std::string& prefix);

/// The text for an XML file: what XML cannot hold as #x00, markup as entities. Bytes that are no
/// UTF-8 become U+FFFD.
std::string xml_text(const std::string& text);
std::string xml_attribute(const std::string& text);

}  // namespace xgrid::client
