// Python's source from a place on, by tokens: blanks and comments, names, strings. Pure; knows
// nothing of statements. Newlines are '\n'.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace xgrid::client {

/// A place in a source that must stay as long; a copy is a place to come back to.
class PythonText {
public:
    explicit PythonText(std::string_view source) : source_(source) {}

    bool over() const { return place_ >= source_.size(); }

    /// A zero byte past the end.
    char here(std::size_t ahead = 0) const {
        return place_ + ahead < source_.size() ? source_[place_ + ahead] : '\0';
    }
    std::uint32_t line() const { return line_; }

    void step() {
        if (over()) return;
        if (here() == '\n') ++line_;
        ++place_;
    }

    bool take(char letter) {
        if (here() != letter || over()) return false;
        step();
        return true;
    }

    /// Blanks, comments, and newlines that do not end a statement; within brackets none does.
    void skip_blanks(bool in_brackets);

    /// Empty: none begins here.
    std::string_view take_name();

    bool begins_string() const;

    /// To the end of the string that begins here. Its value as UTF-8 (of bytes: as it is), if it
    /// can be told: it has no f before it, no character by name, no zero, and an end.
    std::optional<std::string> take_string();

private:
    std::size_t string_prefix() const;  // how many letters
    bool take_escape(std::string& value, bool bytes);
    bool take_hex(std::string& value, int digits, bool bytes);

    std::string_view source_;
    std::size_t place_ = 0;
    std::uint32_t line_ = 1;
};

}  // namespace xgrid::client
