// Reads UTF-8 that may be broken: tests print any bytes.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace xgrid::client {

/// Calls `visit(code point, its bytes)` for each; a byte that belongs to none counts as U+FFFD.
/// Overlong forms and surrogates are broken too (RFC 3629).
template <class Visit>
void for_each_code_point(std::string_view text, Visit visit) {
    constexpr std::array<char32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
    std::size_t at = 0;
    while (at < text.size()) {
        const auto first = static_cast<unsigned char>(text[at]);
        const std::size_t length = first < 0x80              ? 1
                                   : (first & 0xE0U) == 0xC0 ? 2
                                   : (first & 0xF0U) == 0xE0 ? 3
                                   : (first & 0xF8U) == 0xF0 ? 4
                                                             : 0;
        bool good = length > 0 && at + length <= text.size();
        char32_t point = length == 1 ? first : first & (0x7FU >> length);
        for (std::size_t i = 1; good && i < length; ++i) {
            const auto next = static_cast<unsigned char>(text[at + i]);
            good = (next & 0xC0U) == 0x80;
            point = (point << 6U) | (next & 0x3FU);
        }
        good = good && point >= least[length] && point <= 0x10FFFF &&
               (point < 0xD800 || point > 0xDFFF);
        if (good) {
            visit(point, text.substr(at, length));
            at += length;
        } else {
            visit(char32_t{0xFFFD}, std::string_view("\xEF\xBF\xBD"));
            ++at;
        }
    }
}

}  // namespace xgrid::client
