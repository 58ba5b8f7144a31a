#include "client/python_text.hpp"

#include <limits>

namespace xgrid::client {
namespace {

constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();

bool is_letter(char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == '_' ||
           static_cast<unsigned char>(letter) >= 0x80;
}

bool is_name(char letter) { return is_letter(letter) || (letter >= '0' && letter <= '9'); }

// False: no character has that number.
bool append_utf8(std::string& text, std::uint32_t code) {
    if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
    const auto byte = [&](std::uint32_t value) { text += static_cast<char>(value); };
    const auto rest = [&](int shift) { byte(0x80 | ((code >> shift) & 0x3f)); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xc0 | (code >> 6));
        rest(0);
    } else if (code < 0x10000) {
        byte(0xe0 | (code >> 12));
        rest(6);
        rest(0);
    } else {
        byte(0xf0 | (code >> 18));
        rest(12);
        rest(6);
        rest(0);
    }
    return true;
}

bool append(std::string& value, std::uint32_t code, bool bytes) {
    if (!bytes) return append_utf8(value, code);
    value += static_cast<char>(code);
    return code > 0 && code < 256;
}

}  // namespace

void PythonText::skip_blanks(bool in_brackets) {
    while (!over()) {
        if (here() == '\\' && here(1) == '\n') {
            step();
            step();
        } else if (here() == '#') {
            while (!over() && here() != '\n') step();
        } else if (here() == ' ' || here() == '\t' || here() == '\f' ||
                   (in_brackets && here() == '\n')) {
            step();
        } else {
            return;
        }
    }
}

std::string_view PythonText::take_name() {
    const std::size_t begin = place_;
    if (is_letter(here())) {
        while (!over() && is_name(here())) step();
    }
    return source_.substr(begin, place_ - begin);
}

std::size_t PythonText::string_prefix() const {
    for (std::size_t length = 0; length <= 2; ++length) {
        if (here(length) == '\'' || here(length) == '"') return length;
        constexpr std::string_view letters = "rRbBuUfFtT";
        if (letters.find(here(length)) == std::string_view::npos || here(length) == 0) break;
    }
    return nowhere;
}

std::optional<std::string> PythonText::take_string() {
    bool raw = false;
    bool bytes = false;
    bool known = true;
    for (std::size_t left = string_prefix(); left > 0; --left) {
        const char letter = static_cast<char>(here() | 0x20);
        raw = raw || letter == 'r';
        bytes = bytes || letter == 'b';
        known = known && letter != 'f' && letter != 't';
        step();
    }
    const char quote = here();
    const bool triple = here(1) == quote && here(2) == quote;
    for (int quotes = triple ? 3 : 1; quotes > 0; --quotes) step();
    std::string value;
    while (!over()) {
        if (here() == quote && (!triple || (here(1) == quote && here(2) == quote))) {
            for (int quotes = triple ? 3 : 1; quotes > 0; --quotes) step();
            return known ? std::optional(value) : std::nullopt;
        }
        if (here() == '\n' && !triple) return std::nullopt;  // no string of Python's
        if (here() == '\\' && raw) {
            value += here();
            step();
            value += here();
            step();
        } else if (here() == '\\') {
            step();
            known = take_escape(value, bytes) && known;
        } else {
            known = known && here() != '\0';
            value += here();
            step();
        }
    }
    return std::nullopt;
}

bool PythonText::take_escape(std::string& value, bool bytes) {
    const char letter = here();
    if (letter >= '0' && letter <= '7') {
        std::uint32_t code = 0;
        for (int digits = 0; digits < 3 && here() >= '0' && here() <= '7'; ++digits) {
            code = code * 8 + static_cast<std::uint32_t>(here() - '0');
            step();
        }
        return append(value, code, bytes);
    }
    step();
    if (letter == 'x') return take_hex(value, 2, bytes);
    if (!bytes && letter == 'u') return take_hex(value, 4, false);
    if (!bytes && letter == 'U') return take_hex(value, 8, false);
    if (!bytes && letter == 'N') return false;  // would take the names of all characters
    if (letter == '\n') return true;
    constexpr std::string_view from = "abfnrtv\\'\"";
    constexpr std::string_view to = "\a\b\f\n\r\t\v\\'\"";
    const std::size_t found = from.find(letter);
    if (found == std::string_view::npos) value += '\\';
    value += found == std::string_view::npos ? letter : to[found];
    return letter != '\0';
}

bool PythonText::take_hex(std::string& value, int digits, bool bytes) {
    std::uint32_t code = 0;
    for (; digits > 0; --digits) {
        const char letter = static_cast<char>(here() | 0x20);
        if (here() >= '0' && here() <= '9') {
            code = code * 16 + static_cast<std::uint32_t>(here() - '0');
        } else if (letter >= 'a' && letter <= 'f') {
            code = code * 16 + static_cast<std::uint32_t>(letter - 'a' + 10);
        } else {
            return false;
        }
        step();
    }
    return append(value, code, bytes);
}

bool PythonText::begins_string() const { return string_prefix() != nowhere; }

}  // namespace xgrid::client
