#include "worker/frameworks/native/commands.hpp"

#include <map>
#include <string>
#include <sys/wait.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "shared/process.hpp"
#include "worker/frameworks/native/keywords.hpp"
#include "worker/frameworks/native/texts.hpp"

namespace xgrid::worker::native {
namespace {

constexpr int skip_status = 77;

class CommandReader final : public Reader {
public:
    void start(Listener& to) override { to.began(0); }
    void read(Source source, std::string_view text, Listener& to) override {
        if (source == Source::report) return;
        to.printed(source == Source::out ? Stream::out : Stream::err, text);
    }
    void end(int status, Listener& to) override {
        const bool skipped = WIFEXITED(status) && WEXITSTATUS(status) == skip_status;
        const Outcome outcome = status == 0 ? Outcome::passed
                                : skipped   ? Outcome::skipped
                                            : Outcome::failed;
        TestResult result{.outcome = outcome};
        if (outcome != Outcome::passed) {
            Phase phase = phase_for(outcome, "call");
            phase.text = phase.message = skipped ? "exited with status 77" : describe_exit(status);
            if (skipped) phase.reason = phase.message;
            result.details = Details{.phases = {std::move(phase)}};
        }
        to.ended(0, std::move(result));
    }
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
