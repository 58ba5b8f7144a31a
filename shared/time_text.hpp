// Lengths of time as users write them: 30m, 14d. Pure.
#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

namespace xgrid {

/// Digits, and perhaps one of s, m, h and d; without it they are seconds. None: it is no such
/// text, or longer than 10,000 days.
inline std::optional<std::chrono::seconds> time_from_text(std::string_view text) {
    static const std::map<char, std::int64_t> units = {
        {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86'400}};
    constexpr std::int64_t seconds_max = 10'000 * std::int64_t{86'400};
    std::int64_t count = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, count);
    const auto unit = rest == end ? units.find('s') : units.find(*rest);
    if (error != std::errc() || count < 0 || end - rest > 1 || unit == units.end()) {
        return std::nullopt;
    }
    if (count > seconds_max / unit->second) return std::nullopt;
    return std::chrono::seconds(count * unit->second);
}

}  // namespace xgrid
