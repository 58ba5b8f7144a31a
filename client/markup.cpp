#include "client/markup.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace xgrid::client {
namespace {

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

// Of the code point in that column; the text's end: it has not so many.
std::size_t offset_of(std::string_view text, std::size_t column) {
    std::size_t at = 0;
    for (std::size_t taken = 0; at < text.size(); ++at) {
        if (!continues(text[at]) && taken++ == column) break;
    }
    return at;
}

const char* code(Hue hue) {
    switch (hue) {
        case Hue::green: return "32";
        case Hue::red: return "31";
        case Hue::yellow: return "33";
        case Hue::cyan: return "36";
        case Hue::none: break;
    }
    return "";
}

}  // namespace

std::string Markup::paint(std::string_view text, Hue hue, bool bold) const {
    if (!colour_ || (hue == Hue::none && !bold)) return std::string(text);
    std::string begin;  // byte for byte as pytest
    if (hue != Hue::none) begin = fmt::format("\x1b[{}m", code(hue));
    if (bold) begin += "\x1b[1m";
    return fmt::format("{}{}\x1b[0m", begin, text);
}

std::string Markup::line(char fill, std::string_view title, Hue hue, bool bold) const {
    if (title.empty()) return paint(std::string(columns_, fill), hue, bold);
    const std::size_t taken = width(title) + 2;
    const std::size_t sides = columns_ > taken ? (columns_ - taken) / 2 : 0;
    const std::string side(std::max<std::size_t>(sides, 1), fill);
    std::string text = fmt::format("{} {} {}", side, title, side);
    // As pytest: one more to the right if that fits.
    if (width(text) + 1 <= columns_) text += fill;
    return paint(text, hue, bold);
}

std::size_t width(std::string_view text) {
    return text.size() - static_cast<std::size_t>(std::ranges::count_if(text, continues));
}

std::string printable(std::string_view text) {
    std::string result;
    for (const char byte : text) {
        const auto value = static_cast<unsigned char>(byte);
        if (value < 0x20 || value == 0x7F) {
            result += fmt::format("\\x{:02x}", value);
        } else {
            result += byte;
        }
    }
    return result;
}

std::string without_colours(std::string_view text) {
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = std::min(text.find("\x1b[", at), text.size());
        result += text.substr(at, begin - at);
        const std::size_t end = text.find_first_not_of("0123456789;:", begin + 2);
        const bool sets_colours = end != std::string_view::npos && text[end] == 'm';
        at = sets_colours ? end + 1 : std::min(begin + 2, text.size());
        if (!sets_colours) result += text.substr(begin, at - begin);
    }
    return result;
}

std::string shortened(std::string_view text, std::size_t columns, std::string_view mark) {
    if (width(text) <= columns) return std::string(text);
    if (columns <= width(mark)) return std::string(mark.substr(0, offset_of(mark, columns)));
    const std::size_t kept = offset_of(text, columns - width(mark));
    return std::string(text.substr(0, kept)).append(mark);
}

std::string squeezed(std::string_view text, std::size_t columns) {
    if (width(text) <= columns) return std::string(text);
    if (columns <= 3) return shortened(text, columns);
    const std::size_t tail = (columns - 3) / 2;
    return shortened(text, columns - tail) +
           std::string(text.substr(offset_of(text, width(text) - tail)));
}

}  // namespace xgrid::client
