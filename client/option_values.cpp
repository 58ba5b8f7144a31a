#include "client/option_values.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "shared/ensure.hpp"
#include "shared/nearest.hpp"

namespace xgrid::client {
namespace {

constexpr double seconds_most = 1e7;

}  // namespace

std::uint32_t number(const std::string& option, const std::string& text, std::uint32_t most) {
    const bool digits = !text.empty() && std::ranges::all_of(text, [](char letter) {
        return letter >= '0' && letter <= '9';
    });
    if (!digits || text.size() > 9 || std::stoul(text) > most) {
        throw Fatal(fmt::format("{} takes a number from 0 to {}, not '{}'", option, most, text), 4);
    }
    return static_cast<std::uint32_t>(std::stoul(text));
}

std::int32_t whole_number(const std::string& option, const std::string& text, std::int32_t most) {
    const bool negative = text.starts_with('-');
    try {
        const auto found = static_cast<std::int32_t>(
            number(option, text.substr(negative ? 1 : 0), static_cast<std::uint32_t>(most)));
        return negative ? -found : found;
    } catch (const Fatal&) {
        throw Fatal(
            fmt::format("{} takes a number from -{} to {}, not '{}'", option, most, most, text), 4);
    }
}

double seconds(const std::string& option, const std::string& text) {
    try {
        std::size_t end = 0;
        const double found = std::stod(text, &end);
        if (end == text.size() && found >= 0 && found <= seconds_most) return found;
    } catch (const std::exception&) {
        // Said below.
    }
    throw Fatal(
        fmt::format("{} takes seconds from 0 to {:.0f}, not '{}'", option, seconds_most, text), 4);
}

double duration(const std::string& option, const std::string& text) {
    static const std::map<char, double> units = {{'s', 1}, {'m', 60}, {'h', 3600}};
    const auto unit = text.empty() ? units.end() : units.find(text.back());
    if (unit == units.end()) return seconds(option, text);
    return seconds(option, text.substr(0, text.size() - 1)) * unit->second;
}

std::string one_of(const std::string& option, const std::string& value,
                   const std::vector<std::string>& allowed) {
    std::string choices;
    for (const std::string& choice : allowed) {
        if (value == choice) return value;
        if (!choices.empty()) choices += ", ";
        choices += choice;
    }
    throw Fatal(fmt::format("{} takes one of {}, not '{}'{}", option, choices, value,
                            did_you_mean(value, allowed)),
                4);
}

const std::vector<std::string>& choices_of(const std::string& option) {
    static const std::map<std::string, std::vector<std::string>> choices = {
        {"capture", {"fd", "sys", "no", "tee-sys"}},
        {"dist", {"each", "load", "loadscope", "loadfile", "loadgroup", "worksteal", "no"}},
        {"framework",
         {"auto", "pytest", "gtest", "doctest", "catch2", "ctest", "meson", "command"}},
        {"show-capture", {"no", "stdout", "stderr", "log", "all"}},
        {"tb", {"auto", "long", "short", "line", "native", "no"}},
    };
    return choices.at(option);
}

}  // namespace xgrid::client
