// googletest's binaries. Their list and results are read from what they print, which they flush at
// each step, so that what a test prints stands where it was printed; where a test is defined is in
// the list that they write as JSON, and what it records in their report, at their end. Formats as
// of googletest 1.8 to 1.17, tried with 1.12.1 (Debian 12):
// https://google.github.io/googletest/advanced.html, and src/gtest.cc for the texts.
#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "worker/frameworks/native/binary_kind.hpp"
#include "worker/frameworks/native/texts.hpp"

namespace xgrid::worker::native {
namespace {

using nlohmann::json;

constexpr std::string_view begins = "[ RUN      ] ";
constexpr std::string_view failure_end = ": Failure";
constexpr std::string_view skip_end = ": Skipped";
constexpr std::string_view set_up = "[----------] Global test environment set-up.";
constexpr std::string_view unknown_place = "unknown file: Failure";  // of an exception, say
// Longer lines do not tell of tests.
constexpr std::size_t line_most = std::size_t{64} * 1024;
// One that is larger tells nothing.
constexpr std::size_t report_most = std::size_t{64} << 20;

struct End {
    std::string_view mark;
    Outcome outcome;
};
constexpr std::array ends = {
    End{"[       OK ] ", Outcome::passed},
    End{"[  FAILED  ] ", Outcome::failed},
    End{"[  SKIPPED ] ", Outcome::skipped},
};

// ---- The list

bool is_disabled(std::string_view name) {
    return name.starts_with("DISABLED_") || name.find("/DISABLED_") != std::string_view::npos;
}

// "  # GetParam() = 3", "  # TypeParam = int"
std::string_view without_remark(std::string_view line) { return line.substr(0, line.find("  # ")); }

// Calls take(name, test) for each test of a report, with its whole name.
template <class Take>
void for_each_test(const std::string& report, const Take& take) {
    const json value = json::parse(report, nullptr, false);
    if (!value.is_object()) return;
    try {
        for (const json& suite : value.at("testsuites")) {
            for (const json& test : suite.at("testsuite")) {
                take(suite.at("name").get<std::string>() + "." + test.at("name").get<std::string>(),
                     test);
            }
        }
    } catch (const std::exception&) {
        // Another version's: what was understood is good.
    }
}

// Where each test is defined, by its whole name; nothing from versions that do not tell.
std::map<std::string, std::pair<std::string, std::uint32_t>> places_from(
    const std::string& report) {
    std::map<std::string, std::pair<std::string, std::uint32_t>> places;
    for_each_test(report, [&](const std::string& name, const json& test) {
        if (test.contains("file")) places[name] = {test.at("file"), test.at("line")};
    });
    return places;
}

// What it has recorded stands among what googletest says of it, which nothing that is recorded may
// have the name of.
Properties properties_of(const json& test) {
    constexpr std::array own = {"name",   "value_param", "type_param", "file",     "status",
                                "result", "timestamp",   "time",       "classname"};
    Properties properties;
    for (const auto& [name, value] : test.items()) {
        if (!value.is_string() || std::ranges::find(own, name) != own.end()) continue;
        properties.emplace_back(name, value);
    }
    return properties;
}

// ---- Results

// What googletest prints between tests of its own accord.
bool is_own(std::string_view line) {
    constexpr std::array beginnings = {"[----------] ",       "[==========] ",
                                       "[  PASSED  ] ",       "[  FAILED  ] ",
                                       "[  SKIPPED ] ",       "Note: Google Test filter",
                                       "Running main() from "};
    return line.empty() || std::ranges::any_of(beginnings, [&](std::string_view beginning) {
               return line.starts_with(beginning);
           });
}

class GtestReader final : public Reader {
public:
    explicit GtestReader(std::span<const Case> tests) {
        for (std::size_t i = 0; i < tests.size(); ++i) {
            places_.emplace(tests[i].name, i);
            paths_.push_back(tests[i].path);
        }
    }

    void read(Source source, std::string_view text, Listener& to) override {
        if (source == Source::report) {
            report_ += text.substr(0, report_most - report_.size());
            return;
        }
        if (source == Source::err) return to.printed(Stream::err, text);
        line_ += text;
        std::size_t from = 0;
        for (std::size_t end = 0; (end = line_.find('\n', from)) != std::string::npos;
             from = end + 1) {
            take(std::string_view(line_).substr(from, end + 1 - from), to);
        }
        line_.erase(0, from);
        if (line_.size() > line_most) {
            to.printed(Stream::out, line_);
            line_.clear();
        }
    }

    void end(int status, Listener& to) override {
        flush(to);
        if (status == 0 && !began_) skip_all(to);
        for_each_test(report_, [&](const std::string& name, const json& test) {
            const auto place = places_.find(name);
            if (place == places_.end()) return;
            Properties properties = properties_of(test);
            if (!properties.empty()) to.recorded(place->second, std::move(properties));
        });
    }

private:
    void flush(Listener& to) {
        if (!line_.empty()) to.printed(Stream::out, line_);
        line_.clear();
    }

    // One whole line, with its end. Before a mark stands what a test has printed without one.
    void take(std::string_view line, Listener& to) {
        const std::string_view bare = line.substr(0, line.size() - 1);
        if (take_set_up(bare)) return;
        const std::size_t at = bare.find('[');
        if (at != std::string_view::npos) {
            const std::string_view marked = bare.substr(at);
            if (marked.starts_with(begins)) {
                const auto found = places_.find(std::string(marked.substr(begins.size())));
                if (found != places_.end()) {
                    if (at > 0) to.printed(Stream::out, bare.substr(0, at));
                    current_ = found->first;
                    failures_.clear();
                    within_ = false;
                    began_ = true;
                    to.began(found->second);
                    return;
                }
            }
            for (const End& end : ends) {
                if (take_end(marked, end, bare.substr(0, at), to)) return;
            }
        }
        take_text(line, bare, to);
    }

    // An environment that skips has googletest run no test, and be content.
    bool take_set_up(std::string_view bare) {
        if (bare.starts_with("[----------] ")) in_set_up_ = bare == set_up;
        if (!in_set_up_ || bare == set_up) return false;
        if (bare.ends_with(skip_end)) {
            const Place place = place_in(bare.substr(0, bare.size() - skip_end.size()));
            failures_ = {{.path = place.path, .line = place.line}};
            return true;
        }
        if (failures_.empty()) return false;
        failures_.back().text += fmt::format("{}\n", bare);
        return true;
    }

    void skip_all(Listener& to) const {
        if (failures_.empty()) return;
        for (std::size_t test = 0; test < places_.size(); ++test) {
            to.ended(test, {.outcome = Outcome::skipped, .details = details_of(Outcome::skipped)});
        }
    }

    // "[  FAILED  ] A.B/1, where GetParam() = 3 (12 ms)"
    bool take_end(std::string_view text, const End& end, std::string_view before, Listener& to) {
        if (current_.empty() || !text.starts_with(end.mark)) return false;
        std::string_view rest = text.substr(end.mark.size());
        if (!rest.starts_with(current_)) return false;
        rest.remove_prefix(current_.size());
        if (!rest.ends_with(" ms)") || (rest[0] != ' ' && rest[0] != ',')) return false;
        if (!before.empty()) to.printed(Stream::out, before);
        TestResult result{.outcome = end.outcome};
        result.seconds[1] = seconds_in(rest);
        if (end.outcome != Outcome::passed) result.details = details_of(end.outcome);
        const std::size_t place = places_.at(current_);
        current_.clear();
        to.ended(place, std::move(result));
        return true;
    }

    static double seconds_in(std::string_view text) {
        const std::size_t from = text.rfind('(');
        unsigned long long milliseconds = 0;
        if (from == std::string_view::npos) return 0;
        std::from_chars(text.data() + from + 1, text.data() + text.size(), milliseconds);
        return static_cast<double>(milliseconds) / 1000;
    }

    // "path:12: Failure", and what follows until an empty line.
    void take_text(std::string_view line, std::string_view bare, Listener& to) {
        const bool failure = bare.ends_with(failure_end);
        if (!current_.empty() && (failure || bare.ends_with(skip_end))) {
            const std::size_t end = bare.size() - (failure ? failure_end : skip_end).size();
            Place place = place_in(bare.substr(0, end));
            const std::string& own = paths_.at(places_.at(current_));
            if (!own.empty() && place.path.size() > own.size() && place.path.ends_with(own)) {
                // What the test had printed without an end of line stands before it.
                to.printed(Stream::out, place.path.substr(0, place.path.size() - own.size()));
                place.path = own;
            }
            if (!place.path.empty() || bare == unknown_place) {
                failures_.push_back({.path = place.path, .line = place.line});
                within_ = true;
                return;
            }
        }
        if (!within_ || current_.empty() || bare.empty()) {
            within_ = false;
            if (current_.empty() ? !is_own(bare) : !bare.empty()) to.printed(Stream::out, line);
            return;
        }
        failures_.back().text += line;
    }

    struct Failure {
        std::string path;
        std::uint32_t line = 0;
        std::string text;
    };

    Details details_of(Outcome outcome) const {
        Phase phase = phase_for(outcome, "call");
        for (const Failure& failure : failures_) {
            if (!phase.text.empty()) phase.text += "\n";
            phase.text +=
                fmt::format("{}:{}: {}\n{}", failure.path, failure.line,
                            outcome == Outcome::skipped ? "Skipped" : "Failure", failure.text);
        }
        if (!failures_.empty()) {
            phase.path = failures_.front().path;
            phase.line = failures_.front().line;
            phase.message = one_line(failures_.front().text);
        }
        if (outcome == Outcome::skipped) phase.reason = phase.message;
        return {.phases = {std::move(phase)}};
    }

    std::unordered_map<std::string, std::size_t> places_;
    std::vector<std::string> paths_;  // where each is defined
    std::string report_;
    std::string line_;               // that is not complete
    std::string current_;            // the test that runs
    std::vector<Failure> failures_;  // its own, or of the environment before the first test
    bool within_ = false;            // the text of the last one
    bool in_set_up_ = false;         // of the environment
    bool began_ = false;             // a test has
};

// ---- The kind

class Gtest final : public BinaryKind {
public:
    std::string_view name() const override { return "gtest"; }
    std::vector<std::string_view> marks() const override {
        return {"gtest_list_tests", "libgtest"};
    }

    bool recognises(const std::string& help) const override {
        return help.find("--gtest_list_tests") != std::string::npos;
    }

    Program listing(const std::string& path,
                    const std::vector<std::string>& arguments) const override {
        Program program = with(path, arguments);
        program.command.push_back("--gtest_list_tests");
        program.command.push_back(own_report());
        return program;
    }

    Result<std::vector<Case>> cases(const Ran& listing,
                                    const std::vector<std::string>& arguments) const override {
        const bool runs_disabled = std::ranges::any_of(arguments, [](const std::string& word) {
            return word == "--gtest_also_run_disabled_tests" ||
                   word == "--gtest_also_run_disabled_tests=1";
        });
        const auto places = places_from(listing.report);
        std::vector<Case> tests;
        std::string suite;
        for (const std::string_view line : lines_of(listing.out)) {
            const std::string name(without_remark(line));
            if (name.starts_with("  ")) {
                if (suite.empty()) continue;
                Case test{.name = suite + name.substr(2), .suite = suite};
                test.suite.pop_back();
                const auto place = places.find(test.name);
                if (place != places.end()) std::tie(test.path, test.line) = place->second;
                if (is_disabled_test(test) && !runs_disabled) test.skip = "disabled";
                tests.push_back(std::move(test));
            } else if (name.ends_with(".") && name.find(' ') == std::string::npos) {
                suite = name;
            }
        }
        return tests;
    }

    Batch batch(const std::string& path, const std::vector<std::string>& arguments,
                std::span<const Case> tests) const override {
        Program program = with(path, arguments);
        const bool user_has_report = std::ranges::any_of(
            arguments, [](const std::string& word) { return word.starts_with("--gtest_output"); });
        if (!user_has_report) program.command.push_back(own_report());
        std::string filter = "--gtest_filter=";
        bool any_disabled = false;
        for (const Case& test : tests) {
            if (&test != &tests.front()) filter += ':';
            filter += test.name;
            any_disabled = any_disabled || is_disabled_test(test);
        }
        if (any_disabled) program.command.push_back("--gtest_also_run_disabled_tests");
        if (filter.size() > filter_most) {
            program.file = filter + "\n";
            program.command.push_back(fmt::format("--gtest_flagfile={}", file_path));
        } else {
            program.command.push_back(std::move(filter));
        }
        return {.program = std::move(program),
                .tests = tests.size(),
                .reader = std::make_unique<GtestReader>(tests),
                .told_in = Source::out};
    }

private:
    static constexpr std::size_t filter_most = 50'000;

    // Also those that their suite disables.
    static bool is_disabled_test(const Case& test) {
        const std::size_t dot = test.name.find('.');
        return is_disabled(test.suite) || is_disabled(test.name.substr(dot + 1));
    }

    static std::string own_report() { return fmt::format("--gtest_output=json:{}", report_path); }

    // Nobody else is to choose its tests, or how it tells of them.
    static Program with(const std::string& path, const std::vector<std::string>& arguments) {
        Program program{.command = {path},
                        .variables = {{"GTEST_TOTAL_SHARDS", std::nullopt},
                                      {"GTEST_SHARD_INDEX", std::nullopt},
                                      {"GTEST_SHARD_STATUS_FILE", std::nullopt},
                                      {"GTEST_BRIEF", std::nullopt},
                                      {"GTEST_OUTPUT", std::nullopt}}};
        program.command.insert(program.command.end(), arguments.begin(), arguments.end());
        program.command.push_back("--gtest_color=no");
        program.command.push_back("--gtest_print_time=1");
        return program;
    }
};

}  // namespace

std::unique_ptr<BinaryKind> make_gtest() { return std::make_unique<Gtest>(); }

}  // namespace xgrid::worker::native
