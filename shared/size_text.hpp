// Amounts of bytes as users write them: 500M, 20G.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace xgrid {

/// Digits, and perhaps one of K, M, G and T (of 1024, in either case), with or without a B after
/// it. None: it is no such text, or more than 64 bits hold.
inline std::optional<std::uint64_t> bytes_from(std::string_view text) {
    std::uint64_t bytes = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
        const auto digit = static_cast<std::uint64_t>(text[digits] - '0');
        if (bytes > (UINT64_MAX - digit) / 10) return std::nullopt;
        bytes = bytes * 10 + digit;
    }
    std::string unit(text.substr(digits));
    for (char& letter : unit) {
        if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    }
    if (digits == 0) return std::nullopt;
    if (unit.ends_with('B')) unit.pop_back();
    if (unit.empty()) return bytes;
    const std::size_t place = std::string_view("KMGT").find(unit);
    if (unit.size() != 1 || place == std::string_view::npos) return std::nullopt;
    const auto shift = 10 * (place + 1);
    if (bytes > UINT64_MAX >> shift) return std::nullopt;
    return bytes << shift;
}

}  // namespace xgrid
