#include "worker/frameworks/native/ctest_options.hpp"

#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <string_view>

namespace xgrid::worker::native {
namespace {

using Names = std::set<std::string, std::less<>>;

const Names select_with_value = {
    "-R",  "--tests-regex",   "-E",  "--exclude-regex",         "-L",  "--label-regex",
    "-LE", "--label-exclude", "-I",  "--tests-information",     "-FA", "--fixture-exclude-any",
    "-C",  "--build-config",  "-FS", "--fixture-exclude-setup", "-FC", "--fixture-exclude-cleanup"};
const Names select_alone = {"-U", "--union", "--rerun-failed"};
const Names of_display = {"-V",
                          "-VV",
                          "-Q",
                          "--verbose",
                          "--extra-verbose",
                          "--quiet",
                          "--progress",
                          "--output-on-failure",
                          "--no-label-summary",
                          "--no-subproject-summary",
                          "--no-compress-output"};
const std::map<std::string, std::string, std::less<>> in_other_words = {
    {"-j", "-n N"},
    {"--parallel", "-n N"},
    {"--output-junit", "--junitxml FILE"},
    {"--stop-on-failure", "-x"},
    {"-N", "--collect-only"},
    {"--show-only", "--collect-only"}};

Error unknown(const std::string& option) {
    const std::string name = option.substr(0, option.find('='));
    if (const auto other = in_other_words.find(name); other != in_other_words.end()) {
        return Error{"instead of ctest's " + name + ", xgrid has " + other->second};
    }
    if (option.starts_with("-j")) return Error{"instead of ctest's -j, xgrid has -n N"};
    return Error{"cannot take the option " + option +
                 " for ctest: known are -R, -E, -L, -LE, -I, -U, -C, -FA, -FS, -FC, "
                 "--rerun-failed, --test-dir and --timeout"};
}

}  // namespace

Result<CTestOptions> ctest_options_from(const std::vector<std::string>& arguments) {
    CTestOptions options;
    for (std::size_t at = 0; at < arguments.size(); ++at) {
        const std::string& argument = arguments[at];
        if (!argument.starts_with('-')) {
            if (!options.folder.empty()) {
                return Error{"ctest has one build folder, not both " + options.folder + " and " +
                             argument};
            }
            options.folder = argument;
            continue;
        }
        const std::size_t equals = argument.find('=');
        const bool joined = argument.starts_with("--") && equals != argument.npos;
        const std::string name = argument.substr(0, joined ? equals : argument.npos);
        if (!joined && select_alone.contains(name)) {
            options.selection.push_back(name);
            continue;
        }
        if (!joined && of_display.contains(name)) continue;
        const bool selects = select_with_value.contains(name);
        if (!selects && name != "--test-dir" && name != "--timeout" && name != "-k") {
            return unknown(argument);
        }
        if (!joined && at + 1 == arguments.size()) return Error{name + " needs a value"};
        const std::string value = joined ? argument.substr(equals + 1) : arguments[++at];
        if (selects) {
            options.selection.push_back(name);
            options.selection.push_back(value);
        } else if (name == "-k") {
            options.keywords = value;
        } else if (name == "--test-dir") {
            options.folder = value;
        } else {
            const auto [end, error] =
                std::from_chars(value.data(), value.data() + value.size(), options.timeout_seconds);
            if (error != std::errc{} || end != value.data() + value.size() ||
                !(options.timeout_seconds >= 0 && options.timeout_seconds <= 1e7)) {
                return Error{"--timeout needs a number of seconds, and " + value + " is none"};
            }
        }
    }
    return options;
}

}  // namespace xgrid::worker::native
