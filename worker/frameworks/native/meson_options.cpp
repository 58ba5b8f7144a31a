#include "worker/frameworks/native/meson_options.hpp"

#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <string_view>

namespace xgrid::worker::native {
namespace {

const std::set<std::string, std::less<>> without_effect = {
    "--no-rebuild", "--no-stdsplit", "--print-errorlogs", "-v", "--verbose", "-q", "--quiet"};
const std::map<std::string, std::string, std::less<>> in_other_words = {
    {"--num-processes", "-n N"},
    {"-j", "-n N"},
    {"--list", "--collect-only"},
    {"--repeat", "--looponfail"}};

Error unknown(const std::string& option) {
    const std::string name = option.substr(0, option.find('='));
    if (const auto other = in_other_words.find(name); other != in_other_words.end()) {
        return Error{"instead of meson's " + name + ", xgrid has " + other->second};
    }
    return Error{"cannot take the option " + option +
                 " for meson test: known are -C, --suite, --no-suite, -t, --timeout-multiplier and "
                 "--test-args"};
}

}  // namespace

Result<MesonOptions> meson_options_from(const std::vector<std::string>& arguments) {
    MesonOptions options;
    for (std::size_t at = 0; at < arguments.size(); ++at) {
        const std::string& argument = arguments[at];
        if (!argument.starts_with('-')) {
            options.words.push_back(argument);
            continue;
        }
        if (without_effect.contains(argument)) continue;
        const std::size_t equals = argument.find('=');
        const bool joined = argument.starts_with("--") && equals != argument.npos;
        const std::string name = argument.substr(0, joined ? equals : argument.npos);
        static const std::set<std::string, std::less<>> known = {
            "-C", "--suite", "--no-suite", "-t", "--timeout-multiplier", "--test-args", "-k"};
        if (!known.contains(name)) return unknown(argument);
        if (!joined && at + 1 == arguments.size()) return Error{name + " needs a value"};
        const std::string value = joined ? argument.substr(equals + 1) : arguments[++at];
        if (name == "-C") {
            options.folder = value;
        } else if (name == "--suite") {
            options.suites.push_back(value);
        } else if (name == "--no-suite") {
            options.suites_but.push_back(value);
        } else if (name == "--test-args") {
            // Words between blanks: what quotes would mean is not known here.
            for (std::size_t from = 0; (from = value.find_first_not_of(' ', from)) != value.npos;) {
                const std::size_t end = std::min(value.find(' ', from), value.size());
                options.test_arguments.push_back(value.substr(from, end - from));
                from = end;
            }
        } else if (name == "-k") {
            options.keywords = value;
        } else {
            const auto [end, error] =
                std::from_chars(value.data(), value.data() + value.size(), options.timeout_factor);
            if (error != std::errc{} || end != value.data() + value.size() ||
                !(std::abs(options.timeout_factor) <= 1e6)) {
                return Error{name + " needs a number, and " + value + " is none"};
            }
        }
    }
    return options;
}

}  // namespace xgrid::worker::native
