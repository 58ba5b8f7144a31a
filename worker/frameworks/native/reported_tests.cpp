#include "worker/frameworks/native/reported_tests.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "worker/frameworks/native/texts.hpp"

namespace xgrid::worker::native {
namespace {

constexpr std::size_t text_bytes_max = 1024 * 1024;
constexpr double seconds_max = 1e7;

std::string text_of(const Failure& failure) {
    return fmt::format("{}:{}: {}\n", failure.path, failure.line, failure.text);
}

std::string text_of(const std::vector<Failure>& failures) {
    std::string text;
    for (const Failure& failure : failures) text += (text.empty() ? "" : "\n") + text_of(failure);
    return text;
}

}  // namespace

ReportedTests::ReportedTests(std::span<const Case> tests)
    : tests_(tests.begin(), tests.end()), ended_(tests.size(), false) {
    for (std::size_t i = 0; i < tests_.size(); ++i) {
        places_[{trimmed(tests_[i].name), tests_[i].path, tests_[i].line}].push_back(i);
    }
}

std::optional<std::size_t> ReportedTests::first_left(const Key& key) const {
    const auto found = places_.find(key);
    if (found == places_.end()) return {};
    const auto left =
        std::ranges::find_if(found->second, [&](std::size_t i) { return !ended_[i]; });
    return left == found->second.end() ? std::nullopt : std::optional(*left);
}

std::optional<std::size_t> ReportedTests::find(const Element& test_case) const {
    const std::string name = trimmed(test_case.attribute("name"));
    const auto here =
        first_left({name, test_case.attribute("filename"), line_from(test_case.attribute("line"))});
    return here ? here : first_left({name, "", 0});  // listed by a version that tells no places
}

void ReportedTests::begin(const Element& test_case, Listener& to) {
    failures_.clear();
    warnings_.clear();
    bytes_ = 0;
    dropped_ = 0;
    running_ = find(test_case);
    if (running_) to.began(*running_);
}

void ReportedTests::add(Failure failure) {
    if (!running_) return;
    if (bytes_ > text_bytes_max) {
        ++dropped_;
        return;
    }
    bytes_ += failure.text.size() + failure.message.size();
    failures_.push_back(std::move(failure));
}

void ReportedTests::warn(Failure warning) {
    if (!running_ || bytes_ > text_bytes_max) return;
    bytes_ += warning.text.size();
    warnings_.push_back(std::move(warning));
}

void ReportedTests::end(const Verdict& verdict, Listener& to) {
    if (!running_) return;
    if (!warnings_.empty() && verdict.outcome != Outcome::failed) {
        to.printed(Stream::out, text_of(warnings_));
    }
    ended_[*running_] = true;
    to.ended(*running_, result(verdict));
    running_.reset();
}

TestResult ReportedTests::result(const Verdict& verdict) const {
    TestResult result{
        .outcome = verdict.outcome, .seconds = {0, verdict.seconds, 0}, .crashed = verdict.crashed};
    if (verdict.outcome == Outcome::passed) return result;
    const Case& test = tests_[*running_];
    Phase phase = phase_for(verdict.outcome, "call");
    phase.path = test.path;
    phase.line = test.line;
    std::vector<Failure> told = failures_;
    if (verdict.outcome == Outcome::failed) {
        if (!verdict.reason.empty()) {
            told.push_back({test.path, test.line, verdict.reason, verdict.reason});
        }
        if (!told.empty()) {
            phase.message = one_line(told.front().message);
            phase.path = told.front().path;
            phase.line = told.front().line;
        }
        std::ranges::copy(warnings_, std::back_inserter(told));
    } else {
        phase.reason = one_line(verdict.reason);
        if (!verdict.path.empty()) {
            phase.path = verdict.path;
            phase.line = verdict.line;
        }
    }
    phase.text = text_of(told);
    if (dropped_ > 0) phase.text += fmt::format("\n[... {} more failures ...]\n", dropped_);
    result.details = Details{.phases = {std::move(phase)}};
    return result;
}

std::uint32_t line_from(const std::string& text) {
    std::uint32_t line = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), line);
    return error == std::errc{} && end == text.data() + text.size() ? line : 0;
}

double seconds_from(const std::string& text) {
    double seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    return error == std::errc{} && seconds >= 0 && seconds <= seconds_max ? seconds : 0;
}

}  // namespace xgrid::worker::native
