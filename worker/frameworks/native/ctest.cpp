#include "worker/frameworks/native/ctest.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>
#include <unistd.h>

#include "shared/whole_file.hpp"
#include "worker/frameworks/native/ctest_options.hpp"
#include "worker/frameworks/native/ctest_plan.hpp"
#include "worker/frameworks/native/ctest_self.hpp"
#include "worker/frameworks/native/ctest_variables.hpp"
#include "worker/frameworks/native/ctest_verdict.hpp"
#include "worker/frameworks/native/keywords.hpp"
#include "worker/frameworks/native/results.hpp"

namespace xgrid::worker::native {
namespace {

namespace fs = std::filesystem;

constexpr const char* tests_file = "CTestTestfile.cmake";

std::optional<std::string> inherited(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

bool is_there(const fs::path& path) {
    std::error_code error;
    return fs::exists(path, error);
}

/// The default limit of tests, if the build folder has one; else 0.
double timeout_of(const fs::path& folder) {
    const std::string settings = whole_file(folder / "DartConfiguration.tcl").value_or("");
    constexpr std::string_view name = "\nTimeOut: ";
    const std::size_t begin = settings.find(name);
    if (begin == settings.npos) return 0;
    double seconds = 0;
    std::from_chars(settings.data() + begin + name.size(), settings.data() + settings.size(),
                    seconds);
    return seconds > 0 && seconds < 1e7 ? seconds : 0;
}

Error cannot_list(const std::string& folder, const std::string& why) {
    return Error{"cannot list the tests of " + folder + ": " + why};
}

class CTestReader : public Reader {
public:
    CTestReader(const CTestEntry& entry, std::function<void(Listener&, TestResult)> done)
        : entry_(entry),
          searched_(!(entry.pass.empty() && entry.fail.empty() && entry.skip.empty())),
          done_(std::move(done)) {}

    void start(Listener& to) override { to.began(0); }
    void read(Source source, std::string_view text, Listener& to) override {
        to.printed(source == Source::err ? Stream::err : Stream::out, text);
        if (searched_ && source != Source::report) output_.add(text);
    }

    void end(int status, Listener& to) override {
        const CTestVerdict verdict = ctest_verdict(entry_, status, output_.take());
        done_(to, result_of(verdict.outcome, verdict.why));
    }

private:
    const CTestEntry& entry_;
    bool searched_;
    CTestOutput output_;
    std::function<void(Listener&, TestResult)> done_;
};

/// Of a test that is not run, whatever its program does.
class NotRun : public Reader {
public:
    NotRun(std::string why, std::function<void(Listener&, TestResult)> done)
        : why_(std::move(why)), done_(std::move(done)) {}
    void read(Source, std::string_view, Listener&) override {}
    void end(int, Listener& to) override {
        done_(to, result_of(Outcome::failed, "Not run: " + why_));
    }

private:
    std::string why_;
    std::function<void(Listener&, TestResult)> done_;
};

class CTest : public Framework {
public:
    explicit CTest(Asked asked) : asked_(std::move(asked)) {}

    std::string title() const override { return "ctest"; }

    Result<Units> enumerate(const RunProgram& run) override {
        if (auto error = list(run)) return std::move(*error);
        Units units;
        for (const std::string& unit : plan_->units) {
            const std::vector<std::size_t>& tests = plan_->unit_tests.at(unit);
            const bool wanted = std::ranges::any_of(tests, [this](std::size_t place) {
                return keywords_.match(plan_->tests[place].id);
            });
            if (!wanted) continue;
            units.names.push_back(unit);
            units.needs.push_back(needs_of(unit));
        }
        note(
            "TIMEOUT_AFTER_MATCH", "they may take both of their limits together",
            [](const CTestEntry& entry) { return !entry.timeout_restart.empty(); }, units);
        note(
            "RESOURCE_GROUPS", "they are run without resources",
            [](const CTestEntry& entry) { return entry.resource_groups; }, units);
        return units;
    }

    Result<Loaded> load(const std::string& unit, const RunProgram& run) override {
        if (auto error = list(run)) return std::move(*error);
        const auto found = plan_->unit_tests.find(unit);
        if (found == plan_->unit_tests.end()) {
            return Error{"ctest does not list " + unit + " in " + folder_.string()};
        }
        Loaded loaded;
        for (const std::size_t place : found->second) {
            loaded.tests.push_back(case_of(plan_->tests[place]));
        }
        return loaded;
    }

    std::string id(const std::string&, const Case& test) const override { return test.name; }

    Batch batch(const std::string& unit, std::span<const Case> tests) override {
        const std::size_t place = place_of(unit, tests.front().name);
        const CTestTest& test = plan_->tests[place];
        states_[place] = State::failed;
        const auto done = [this, place](Listener& to, TestResult result) {
            if (result.outcome != Outcome::failed) states_[place] = State::good;
            for (const std::string& label : plan_->tests[place].entry.labels) {
                if (!result.details) result.details.emplace();
                result.details->properties.emplace_back("label", label);
            }
            to.ended(0, std::move(result));
        };
        const auto not_run = [&](std::string why) {
            return Batch{.program = {.command = {"true"}},
                         .tests = 1,
                         .reader = std::make_unique<NotRun>(std::move(why), done),
                         .ends_with_0 = false};
        };

        bool set_up_here = true;
        std::string failed;
        for (const std::size_t setup : test.setups) {
            if (plan_->tests[setup].entry.disabled || states_[setup] == State::good) continue;
            if (states_[setup] == State::failed) failed += " " + plan_->tests[setup].id;
            set_up_here = false;
        }
        if (!failed.empty()) return not_run("Failed test dependencies:" + failed);
        if (!set_up_here || test.entry.command.empty()) {
            return {.program = by_ctest(test.entry, set_up_here),
                    .tests = 1,
                    .reader = make_ctest_self_reader(test.entry.name, done),
                    .ends_with_0 = false};
        }
        if (auto why = hindrance(test.entry)) return not_run(*why);
        auto variables = ctest_variables(test.entry, inherited);
        if (!variables) return not_run(variables.error());
        return {.program = {.command = test.entry.command,
                            .variables = std::move(*variables),
                            .directory = directory_of(test.entry),
                            .one_stream = true},
                .tests = 1,
                .reader = std::make_unique<CTestReader>(test.entry, done),
                .ends_with_0 = false};
    }

    bool keeps_together(const std::string& unit) override {
        const auto found = plan_->unit_tests.find(unit);
        return found != plan_->unit_tests.end() && found->second.size() > 1;
    }

private:
    // A unit of several tests takes what any of them needs.
    UnitNeeds needs_of(const std::string& unit) const {
        UnitNeeds needs;
        for (const std::size_t place : plan_->unit_tests.at(unit)) {
            const CTestEntry& entry = plan_->tests[place].entry;
            needs.processors = std::max(needs.processors, entry.processors);
            needs.locks.insert(needs.locks.end(), entry.locks.begin(), entry.locks.end());
            needs.serial = needs.serial || entry.serial;
        }
        return needs;
    }

    enum class State : std::uint8_t { unknown, failed, good };  // failed: until it says otherwise

    // Once in the life of a slot.
    std::optional<Error> list(const RunProgram& run) {
        if (plan_) return std::nullopt;
        auto options = ctest_options_from(asked_.arguments);
        if (!options) return Error{options.error()};
        options_ = *options;
        if (!options_.keywords.empty()) {
            auto keywords = Keywords::parse(options_.keywords);
            if (!keywords) return Error{keywords.error()};
            keywords_ = std::move(*keywords);
        }
        if (auto error = find_folder()) return error;
        std::vector<std::string> command = {"ctest", "--show-only=json-v1"};
        command.insert(command.end(), options_.selection.begin(), options_.selection.end());
        auto ran = run({.command = command, .directory = folder_.string()});
        if (!ran) {
            return cannot_list(folder_.string(),
                               ran.error() + " (ctest comes with CMake, 3.14 or newer)");
        }
        if (ran->timed_out) return cannot_list(folder_.string(), "ctest has taken too long");
        if (ran->status != 0) {
            return cannot_list(folder_.string(), "ctest has failed:\n" + ran->err + ran->out);
        }
        auto entries = ctest_listing_from(ran->out);
        if (!entries) return cannot_list(folder_.string(), "ctest's answer: " + entries.error());
        for (const CTestEntry& entry : *entries) {
            if (!entry.command.empty() && entry.command.front() == "NOT_AVAILABLE") {
                return cannot_list(folder_.string(), "test " + entry.name +
                                                         " is not there without a configuration "
                                                         "(or not in this one): say -C NAME");
            }
        }
        auto plan = ctest_plan_of(std::move(*entries));
        if (!plan) return cannot_list(folder_.string(), plan.error());
        plan_ = std::move(*plan);
        states_.assign(plan_->tests.size(), State::unknown);
        default_timeout_ =
            options_.timeout_seconds >= 0 ? options_.timeout_seconds : timeout_of(folder_);
        return std::nullopt;
    }

    std::optional<Error> find_folder() {
        const fs::path base = asked_.directory;
        if (!options_.folder.empty()) {
            folder_ = (base / options_.folder).lexically_normal();
        } else {
            folder_ = is_there(base / tests_file) ? base : base / "build";
        }
        if (is_there(folder_ / tests_file)) return moved();
        return Error{"cannot find tests of ctest: " + folder_.string() + " has no " + tests_file +
                     "; name the build folder, and say enable_testing() in CMakeLists.txt"};
    }

    // In a copy, ctest's files lead to where the folder was configured: it would find no program,
    // or one that is not the copy's.
    std::optional<Error> moved() const {
        const std::string cache = whole_file(folder_ / "CMakeCache.txt").value_or("");
        constexpr std::string_view name = "\nCMAKE_CACHEFILE_DIR:INTERNAL=";
        const std::size_t begin = cache.find(name);
        if (begin == cache.npos) return std::nullopt;  // made by something else than CMake
        const std::size_t from = begin + name.size();
        const std::string then = cache.substr(from, cache.find('\n', from) - from);
        std::error_code error;
        if (fs::equivalent(then, folder_, error)) return std::nullopt;
        return cannot_list(folder_.string(),
                           "it was configured as " + then +
                               ", and its tests lead there; run them in place "
                               "(see README), or run cmake where they are to run");
    }

    template <class Has>
    void note(const std::string& property, const std::string& what, Has has, Units& units) {
        std::size_t count = 0;
        for (const CTestTest& test : plan_->tests) count += has(test.entry) ? 1 : 0;
        if (count == 0) return;
        units.notes.push_back(property + " of " + std::to_string(count) +
                              (count == 1 ? " test" : " tests") + " is not followed: " + what);
    }

    Case case_of(const CTestTest& test) const {
        const CTestEntry& entry = test.entry;
        double seconds = entry.timeout_seconds < 0 ? default_timeout_ : entry.timeout_seconds;
        if (seconds > 0) seconds += entry.timeout_restart_seconds;
        return {.name = test.id,
                .path = entry.path,
                .line = entry.line,
                .skip = entry.disabled ? "Not Run (Disabled)" : "",
                .timeout_seconds = seconds};
    }

    std::size_t place_of(const std::string& unit, const std::string& id) const {
        for (const std::size_t place : plan_->unit_tests.at(unit)) {
            if (plan_->tests[place].id == id) return place;
        }
        ensure(false, "a test to run is one of those that were loaded");
        return 0;
    }

    std::string directory_of(const CTestEntry& entry) const {
        return (folder_ / entry.directory).lexically_normal().string();
    }

    /// Why ctest would not start it.
    std::optional<std::string> hindrance(const CTestEntry& entry) const {
        const std::string directory = directory_of(entry);
        std::error_code error;
        if (!fs::is_directory(directory, error)) {
            return "Failed to change working directory to " + directory;
        }
        for (const std::string& file : entry.required_files) {
            if (!is_there(fs::path(directory) / file)) {
                return "Unable to find required file: " + file;
            }
        }
        const std::string& program = entry.command.front();
        if (access(program.c_str(), F_OK) != 0) return "Unable to find executable: " + program;
        if (access(program.c_str(), X_OK) != 0) return "Process not started: " + program;
        return std::nullopt;
    }

    Program by_ctest(const CTestEntry& entry, bool set_up_here) const {
        Program program{
            .command = {"ctest", "--output-on-failure", "-R", ctest_name_pattern(entry.name)},
            .directory = folder_.string()};
        if (set_up_here) {
            program.command.insert(program.command.end(), {"-FA", ".*"});
        }
        for (std::size_t at = 0; at + 1 < options_.selection.size(); ++at) {
            if (options_.selection[at] != "-C" && options_.selection[at] != "--build-config") {
                continue;
            }
            program.command.insert(program.command.end(), {"-C", options_.selection[at + 1]});
        }
        return program;
    }

    Asked asked_;
    CTestOptions options_;
    Keywords keywords_;
    fs::path folder_;
    double default_timeout_ = 0;
    std::optional<CTestPlan> plan_;
    std::vector<State> states_;  // of each test, in this slot
};

}  // namespace

std::unique_ptr<Framework> make_ctest(Asked asked) {
    return std::make_unique<CTest>(std::move(asked));
}

}  // namespace xgrid::worker::native
