#include "worker/frameworks/native/commands.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "shared/process.hpp"
#include "worker/frameworks/native/keywords.hpp"
#include "worker/frameworks/native/results.hpp"
#include "worker/frameworks/native/tap.hpp"

namespace xgrid::worker::native {
namespace {

constexpr int skip_status = 77;

// What a command prints is TAP if it begins with its version or with a plan: lines that begin with
// "ok" may mean anything.
bool begins_as_tap(std::string_view output) {
    const std::size_t from = std::min(output.find_first_not_of("\r\n"), output.size());
    output.remove_prefix(from);
    if (output.starts_with("TAP version 1")) return true;
    if (!output.starts_with("1..")) return false;
    output.remove_prefix(3);
    const std::size_t digits = output.find_first_not_of("0123456789");
    if (digits == 0 || digits == output.npos) return false;
    const std::size_t next = output.find_first_not_of(' ', digits);
    return next != output.npos && (output[next] == '\n' || output[next] == '#');
}

std::string points_that_failed(const Tap& tap) {
    std::string text;
    for (const TapPoint& point : tap.points()) {
        if (point.outcome != Outcome::failed) continue;
        text += std::string(4 * point.depth, ' ') +
                fmt::format("not ok {} - {}\n", point.number, point.name);
        if (!point.diagnosis.empty()) text += point.diagnosis + "\n";
    }
    for (const std::string& error : tap.errors()) text += error + "\n";
    return text;
}

class CommandReader final : public Reader {
public:
    void start(Listener& to) override { to.began(0); }
    void read(Source source, std::string_view text, Listener& to) override {
        if (source == Source::report) return;
        to.printed(source == Source::out ? Stream::out : Stream::err, text);
        if (source == Source::out) look_for_tap(text);
    }
    void end(int status, Listener& to) override {
        if (begins_as_tap(head_)) {
            to.ended(0, by_tap(status));
        } else {
            to.ended(0, by_status(status));
        }
    }

private:
    // Enough to tell by.
    static constexpr std::size_t head_most = 64;

    void look_for_tap(std::string_view text) {
        if (head_.size() < head_most) head_ += text.substr(0, head_most - head_.size());
        tap_.add(text);
    }

    static TestResult by_status(int status) {
        if (status == 0) return result_of(Outcome::passed);
        const bool skipped = WIFEXITED(status) && WEXITSTATUS(status) == skip_status;
        return skipped ? result_of(Outcome::skipped, "exited with status 77")
                       : result_of(Outcome::failed, describe_exit(status));
    }

    TestResult by_tap(int status) {
        tap_.end();
        const Outcome outcome = tap_.outcome();
        const bool failed = outcome == Outcome::failed || outcome == Outcome::error;
        if (failed) return result_of(Outcome::failed, tap_.why(), points_that_failed(tap_));
        if (status != 0) return by_status(status);
        return result_of(outcome, tap_.why());
    }

    std::string head_;  // of what it has printed
    Tap tap_;
};

class Commands final : public Framework {
public:
    Commands(std::vector<std::string> lines, Keywords keywords) : keywords_(std::move(keywords)) {
        std::map<std::string, int> seen;
        for (std::string& line : lines) {
            const int count = ++seen[line];
            std::string name = count == 1 ? line : fmt::format("{} (#{})", line, count);
            names_.push_back(name);
            lines_.emplace(std::move(name), std::move(line));
        }
    }

    std::string title() const override { return "commands"; }

    Result<Units> enumerate(const RunProgram&) override {
        Units units;
        for (const std::string& name : names_) {
            if (keywords_.match(name)) units.names.push_back(name);
        }
        return units;
    }
    Result<Loaded> load(const std::string& unit, const RunProgram&) override {
        if (!lines_.contains(unit)) return Error{fmt::format("no such command: {}", unit)};
        return Loaded{.tests = {Case{.name = unit}}};
    }
    Batch batch(const std::string& unit, std::span<const Case>) override {
        return {.program = {.command = {"/bin/sh", "-c", lines_.at(unit)}},
                .tests = 1,
                .reader = std::make_unique<CommandReader>(),
                .ends_with_0 = false};
    }

private:
    Keywords keywords_;
    std::vector<std::string> names_;
    std::map<std::string, std::string> lines_;
};

}  // namespace

Result<std::unique_ptr<Framework>> make_commands(Asked asked) {
    Keywords keywords;
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < asked.arguments.size(); ++i) {
        if (asked.arguments[i] != "-k" || i + 1 == asked.arguments.size()) {
            lines.push_back(std::move(asked.arguments[i]));
            continue;
        }
        Result<Keywords> parsed = Keywords::parse(asked.arguments[++i]);
        if (!parsed) return Error{parsed.error()};
        keywords = *std::move(parsed);
    }
    return std::unique_ptr<Framework>(
        std::make_unique<Commands>(std::move(lines), std::move(keywords)));
}

}  // namespace xgrid::worker::native
