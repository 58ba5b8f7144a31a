#include "worker/frameworks/native/meson_test.hpp"

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "shared/whole_file.hpp"
#include "worker/frameworks/native/keywords.hpp"
#include "worker/frameworks/native/meson_listing.hpp"
#include "worker/frameworks/native/meson_options.hpp"
#include "worker/frameworks/native/meson_verdict.hpp"
#include "worker/frameworks/native/moved_paths.hpp"
#include "worker/frameworks/native/pickled_truths.hpp"
#include "worker/frameworks/native/results.hpp"
#include "worker/frameworks/native/texts.hpp"

namespace xgrid::worker::native {
namespace {

namespace fs = std::filesystem;

constexpr const char* tests_file = "meson-info/intro-tests.json";
constexpr const char* place_file = "meson-info/meson-info.json";
// What Meson runs tests by, and the only place that says which should fail.
constexpr const char* setup_file = "meson-private/meson_test_setup.dat";

struct MesonTest {
    MesonEntry entry;
    bool should_fail = false;
};

class MesonReader final : public Reader {
public:
    explicit MesonReader(const MesonTest& test) : test_(test), output_(test.entry.protocol) {}

    void start(Listener& to) override { to.began(0); }
    void read(Source source, std::string_view text, Listener& to) override {
        if (source == Source::report) return;
        to.printed(source == Source::err ? Stream::err : Stream::out, text);
        if (source == Source::out) output_.add(text);
    }
    void end(int status, Listener& to) override {
        const MesonVerdict verdict = output_.verdict(status, test_.should_fail);
        TestResult result = result_of(verdict.outcome, verdict.why);
        if (const std::string points = points_text(); !points.empty()) {
            if (!result.details) result.details.emplace();
            result.details->sections.emplace_back("TAP", points);
        }
        for (const std::string& suite : test_.entry.suites) {
            if (!result.details) result.details.emplace();
            result.details->properties.emplace_back("suite", suite);
        }
        to.ended(0, std::move(result));
    }

private:
    std::string points_text() const {
        std::string text;
        for (const TapPoint& point : output_.tap().points()) {
            text += fmt::format("{:{}}{} {} {}{}{}\n", "", point.depth * 4,
                                phase_for(point.outcome, "").category, point.number, point.name,
                                point.why.empty() ? "" : ": ", point.why);
        }
        return text;
    }

    const MesonTest& test_;
    MesonOutput output_;
};

class MesonTests final : public Framework {
public:
    explicit MesonTests(Asked asked) : asked_(std::move(asked)) {}

    std::string title() const override { return "meson"; }

    Result<Units> enumerate(const RunProgram&) override {
        if (auto error = list()) return std::move(*error);
        Units units;
        for (const std::string& id : order_) {
            const MesonEntry& entry = tests_.at(id).entry;
            if (in_meson_suites(entry, options_.suites_but)) continue;
            if (!options_.suites.empty() && !in_meson_suites(entry, options_.suites)) continue;
            if (!options_.words.empty() && !has_meson_name(entry, options_.words)) continue;
            if (!keywords_.match(id)) continue;
            units.names.push_back(id);
            units.needs.push_back({.serial = !entry.parallel});
        }
        if (!knows_should_fail_) {
            units.notes.push_back(
                "which tests should fail is not known: " + std::string(setup_file) +
                " of this version of Meson cannot be read");
        }
        return units;
    }

    Result<Loaded> load(const std::string& unit, const RunProgram&) override {
        if (auto error = list()) return std::move(*error);
        const auto found = tests_.find(unit);
        if (found == tests_.end()) {
            return Error{fmt::format("Meson lists no test {} in {}", unit, folder_.string())};
        }
        const double factor = options_.timeout_factor;
        return Loaded{
            .tests = {Case{.name = unit,
                           .timeout_seconds =
                               factor <= 0 ? 0 : found->second.entry.timeout_seconds * factor}}};
    }

    Batch batch(const std::string& unit, std::span<const Case>) override {
        const MesonTest& test = tests_.at(unit);
        Program program{.command = command_of(test.entry),
                        .directory = moved_.here(test.entry.directory)};
        if (program.directory.empty()) program.directory = folder_.string();
        // As Meson does, so that what is not initialised shows; the same each time here.
        if (std::getenv("MALLOC_PERTURB_") == nullptr) {
            program.variables["MALLOC_PERTURB_"] =
                std::to_string(1 + std::hash<std::string>()(unit) % 255);
        }
        for (const auto& [name, value] : test.entry.environment) {
            program.variables[name] = moved_.here(value);
        }
        if (const auto path = program.variables.find("PATH"); path != program.variables.end()) {
            const char* own = std::getenv("PATH");
            if (own != nullptr) *path->second += std::string(":") + own;
        }
        return {.program = std::move(program),
                .tests = 1,
                .reader = std::make_unique<MesonReader>(test),
                .ends_with_0 = false};
    }

private:
    // Once in the life of a slot.
    std::optional<Error> list() {
        if (listed_) return std::nullopt;
        auto options = meson_options_from(asked_.arguments);
        if (!options) return Error{options.error()};
        options_ = std::move(*options);
        if (!options_.keywords.empty()) {
            auto keywords = Keywords::parse(options_.keywords);
            if (!keywords) return Error{keywords.error()};
            keywords_ = std::move(*keywords);
        }
        if (auto error = find_folder()) return error;
        const auto failed = [this](const std::string& file, const std::string& why) {
            return Error{fmt::format("cannot read {}: {}", (folder_ / file).string(), why)};
        };
        auto entries = meson_listing_from(whole_file(folder_ / tests_file).value_or(""));
        if (!entries) return failed(tests_file, entries.error());
        auto directories = meson_directories_from(whole_file(folder_ / place_file).value_or(""));
        if (!directories) return failed(place_file, directories.error());
        moved_ = MovedPaths(directories->build, directories->source, folder_.string());

        const auto truths =
            pickled_truths(whole_file(folder_ / setup_file).value_or(""), "should_fail");
        knows_should_fail_ = entries->empty() || (truths && truths->size() == entries->size());
        order_ = meson_ids(*entries);
        for (std::size_t at = 0; at < entries->size(); ++at) {
            tests_[order_[at]] = {.entry = std::move((*entries)[at]),
                                  .should_fail = knows_should_fail_ && (*truths)[at]};
        }
        listed_ = true;
        return std::nullopt;
    }

    std::optional<Error> find_folder() {
        const fs::path base = asked_.directory;
        std::error_code error;
        const auto is_build = [&](const fs::path& path) {
            return fs::exists(path / tests_file, error);
        };
        if (options_.folder.empty() && !options_.words.empty() &&
            is_build(base / options_.words.front())) {
            options_.folder = options_.words.front();
            options_.words.erase(options_.words.begin());
        }
        if (!options_.folder.empty()) {
            folder_ = (base / options_.folder).lexically_normal();
            if (!folder_.has_filename()) folder_ = folder_.parent_path();
        } else {
            folder_ = base;
            for (const char* usual : {"build", "builddir"}) {
                if (!is_build(folder_) && is_build(base / usual)) folder_ = base / usual;
            }
        }
        if (is_build(folder_)) return std::nullopt;
        return Error{fmt::format("cannot find tests of Meson: {} has no {}; name the build folder",
                                 folder_.string(), tests_file)};
    }

    std::vector<std::string> command_of(const MesonEntry& entry) const {
        std::vector<std::string> command;
        if (entry.command.front().ends_with(".jar")) command = {"java", "-jar"};
        for (const std::string& word : entry.command) command.push_back(moved_.here(word));
        command.insert(command.end(), options_.test_arguments.begin(),
                       options_.test_arguments.end());
        return command;
    }

    Asked asked_;
    MesonOptions options_;
    Keywords keywords_;
    fs::path folder_;
    MovedPaths moved_;
    bool listed_ = false;
    bool knows_should_fail_ = true;
    std::vector<std::string> order_;
    std::map<std::string, MesonTest> tests_;  // by id
};

}  // namespace

std::unique_ptr<Framework> make_meson_test(Asked asked) {
    return std::make_unique<MesonTests>(std::move(asked));
}

}  // namespace xgrid::worker::native
