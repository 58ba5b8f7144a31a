// The part after the ? in what HTTP asks for: name=value&... Pure.
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace xgrid::broker {

/// With %XX as the bytes that they mean, and + as a space.
inline std::string unescaped(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::string_view digits = text.substr(i + 1, 2);
        unsigned char byte = 0;
        const bool escapes =
            text[i] == '%' && digits.size() == 2 &&
            std::from_chars(digits.data(), digits.data() + 2, byte, 16).ptr == digits.data() + 2;
        if (escapes) i += 2;
        plain += escapes ? static_cast<char>(byte) : text[i] == '+' ? ' ' : text[i];
    }
    return plain;
}

/// The first of that name, up to the next &: in label=python=3.11 the value has a = of its own,
/// which cpp-httplib does not know. None: there is none.
inline std::optional<std::string> parameter_of(std::string_view target, std::string_view name) {
    std::size_t at = target.find('?');
    while (at != std::string_view::npos) {
        target.remove_prefix(at + 1);
        at = target.find('&');
        const std::string_view one = target.substr(0, at);
        const std::size_t equals = one.find('=');
        if (equals != std::string_view::npos && one.substr(0, equals) == name) {
            return unescaped(one.substr(equals + 1));
        }
    }
    return std::nullopt;
}

}  // namespace xgrid::broker
