#include "client/python_literals.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace xgrid::client {
namespace {

constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();

bool is_letter(char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == '_' ||
           static_cast<unsigned char>(letter) >= 0x80;
}

bool is_name(char letter) { return is_letter(letter) || (letter >= '0' && letter <= '9'); }

std::string with_unix_newlines(std::string_view source) {
    if (source.starts_with("\xef\xbb\xbf")) source.remove_prefix(3);
    std::string text;
    text.reserve(source.size());
    for (std::size_t place = 0; place < source.size(); ++place) {
        const bool ends = source[place] == '\r';
        if (ends && place + 1 < source.size() && source[place + 1] == '\n') ++place;
        text += ends ? '\n' : source[place];
    }
    return text;
}

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

// The source from a place on, by tokens. Within brackets a newline is blank.
class Text {
public:
    explicit Text(std::string_view source) : source_(source) {}

    bool over() const { return place_ >= source_.size(); }
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

    // Blanks, comments, and newlines that do not end a statement.
    void skip_blanks(bool in_brackets) {
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

    std::string_view take_name() {
        const std::size_t begin = place_;
        if (is_letter(here())) {
            while (!over() && is_name(here())) step();
        }
        return source_.substr(begin, place_ - begin);
    }

    // How many letters of prefix a string that begins here has; none begins here: nowhere.
    std::size_t string_prefix() const {
        for (std::size_t length = 0; length <= 2; ++length) {
            if (here(length) == '\'' || here(length) == '"') return length;
            constexpr std::string_view letters = "rRbBuUfFtT";
            if (letters.find(here(length)) == std::string_view::npos || here(length) == 0) break;
        }
        return nowhere;
    }

    // To the end of a string that begins here. Its value, if it is one that can be told.
    std::optional<std::string> take_string() {
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

private:
    bool take_escape(std::string& value, bool bytes) {
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

    bool take_hex(std::string& value, int digits, bool bytes) {
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

    static bool append(std::string& value, std::uint32_t code, bool bytes) {
        if (!bytes) return append_utf8(value, code);
        value += static_cast<char>(code);
        return code > 0 && code < 256;
    }

    std::string_view source_;
    std::size_t place_ = 0;
    std::uint32_t line_ = 1;
};

// Statement by statement.
class Reader {
public:
    Reader(std::string_view source, const std::set<std::string, std::less<>>& names)
        : text_(source), names_(names) {}

    Literals read() {
        while (!text_.over()) {
            const std::size_t indent = take_indent();
            if (text_.take('\n')) continue;  // nothing there
            if (indent <= function_indent_) function_indent_ = nowhere;
            bool in_block = indent > 0;
            do {
                text_.skip_blanks(false);
                in_block = read_statement(indent, in_block) || in_block;
            } while (text_.take(';'));
            text_.take('\n');
        }
        return std::move(found_);
    }

private:
    std::size_t take_indent() {
        std::size_t indent = 0;
        while (text_.here() == ' ' || text_.here() == '\t' || text_.here() == '\f') {
            indent = text_.here() == '\t'  ? (indent / 8 + 1) * 8
                     : text_.here() == ' ' ? indent + 1
                                           : 0;
            text_.step();
        }
        text_.skip_blanks(false);
        return indent;
    }

    // Whether what follows on the line belongs to a block that this begins.
    bool read_statement(std::size_t indent, bool in_block) {
        static const std::set<std::string, std::less<>> blocks = {
            "elif", "else", "except", "finally", "for", "if", "try", "while", "with"};
        const std::uint32_t line = text_.line();
        const std::string name(text_.take_name());
        const bool in_function = function_indent_ != nowhere;
        if (name == "def" || name == "class" || name == "async") {
            function_indent_ = std::min(function_indent_, indent);
        } else if (!in_function && names_.contains(name)) {
            read_assignment(name, line, in_block);
        }
        skip([](int) { return false; });
        return blocks.contains(name);
    }

    void read_assignment(const std::string& first, std::uint32_t line, bool in_block) {
        text_.skip_blanks(false);
        if (text_.take(':')) skip([this](int deep) { return deep == 0 && text_.here() == '='; });
        if (!take_equals(text_)) return note_other_use(first, line);
        if (in_block) return note(line, first, "is assigned within a block");
        std::vector<std::string> targets = {first};
        while (true) {  // x = y = value
            Text ahead = text_;
            const std::string name(ahead.take_name());
            if (name.empty() || !take_equals(ahead)) break;
            text_ = ahead;
            if (names_.contains(name)) targets.push_back(name);
        }
        const Text begin = text_;
        const std::optional<Literal> value = take_value();
        if (!value) text_ = begin;
        for (const std::string& name : targets) {
            if (value) {
                found_.assignments.push_back({name, line, *value});
            } else {
                note(line, name, "is not written as plain strings");
            }
        }
    }

    static bool take_equals(Text& text) {
        text.skip_blanks(false);
        if (text.here() != '=' || text.here(1) == '=') return false;
        text.step();
        text.skip_blanks(false);
        return true;
    }

    void note_other_use(const std::string& name, std::uint32_t line) {
        const char here = text_.here();
        const bool augmented = here != '\0' && text_.here(1) == '=' && here != '=';
        if (here == '.' || here == '[' || here == ',' || augmented) {
            note(line, name, "is changed by code, which is not run");
        }
    }

    std::optional<Literal> take_value() {
        const std::optional<Literal> value = take_expression(0);
        text_.skip_blanks(false);
        if (value && text_.here() == ',') return take_bare_tuple(*value);
        return at_end() ? value : std::nullopt;
    }

    bool at_end() const { return text_.over() || text_.here() == '\n' || text_.here() == ';'; }

    // x = "a", "b"
    std::optional<Literal> take_bare_tuple(const Literal& first) {
        const auto* text = std::get_if<std::string>(&first);
        if (text == nullptr) return std::nullopt;
        std::vector<std::string> texts = {*text};
        while (text_.take(',')) {
            text_.skip_blanks(false);
            if (at_end()) break;
            const std::optional<std::string> next = take_strings(false);
            if (!next) return std::nullopt;
            texts.push_back(*next);
        }
        if (!at_end()) return std::nullopt;
        return Literal(std::move(texts));
    }

    std::optional<Literal> take_expression(int deep) {
        const bool within = deep > 0;
        text_.skip_blanks(within);
        if (text_.here() == '[' || text_.here() == '(') return take_brackets(deep);
        if (text_.string_prefix() != nowhere) {
            const std::optional<std::string> text = take_strings(within);
            return text ? std::optional<Literal>(*text) : std::nullopt;
        }
        const std::string_view word = text_.take_name();
        if (word == "True" || word == "False") return Literal(word == "True");
        if (word == "None") return Literal();
        return std::nullopt;
    }

    // A list or tuple of strings, or what stands in parentheses for readability alone.
    std::optional<Literal> take_brackets(int deep) {
        constexpr int deep_most = 20;
        if (deep > deep_most) return std::nullopt;
        const bool is_list = text_.here() == '[';
        const char end = is_list ? ']' : ')';
        text_.step();
        text_.skip_blanks(true);
        std::vector<std::string> texts;
        while (!text_.take(end)) {
            const std::optional<Literal> item = take_expression(deep + 1);
            if (!item) return std::nullopt;
            text_.skip_blanks(true);
            const bool comma = text_.take(',');
            if (!is_list && texts.empty() && !comma) {
                return text_.take(end) ? item : std::nullopt;
            }
            const auto* text = std::get_if<std::string>(&*item);
            if (text == nullptr || (!comma && text_.here() != end)) return std::nullopt;
            texts.push_back(*text);
            text_.skip_blanks(true);
        }
        return Literal(std::move(texts));
    }

    // One string, or several side by side.
    std::optional<std::string> take_strings(bool within) {
        if (text_.string_prefix() == nowhere) return std::nullopt;
        std::string all;
        while (text_.string_prefix() != nowhere) {
            const std::optional<std::string> text = text_.take_string();
            if (!text) return std::nullopt;
            all += *text;
            text_.skip_blanks(within);
        }
        return all;
    }

    // To the end of the statement, or to where `enough` says so.
    template <class Enough>
    void skip(Enough enough) {
        int deep = 0;
        while (true) {
            text_.skip_blanks(deep > 0);
            if (text_.over() || enough(deep)) return;
            if (deep == 0 && (text_.here() == '\n' || text_.here() == ';')) return;
            if (text_.string_prefix() != nowhere) {
                text_.take_string();
            } else if (!text_.take_name().empty()) {
                continue;
            } else {
                const char letter = text_.here();
                if (letter == '(' || letter == '[' || letter == '{') ++deep;
                if (letter == ')' || letter == ']' || letter == '}') deep = std::max(0, deep - 1);
                text_.step();
            }
        }
    }

    void note(std::uint32_t line, const std::string& name, const char* why) {
        found_.notes.push_back(fmt::format("{}: {} {}", line, name, why));
    }

    Text text_;
    const std::set<std::string, std::less<>>& names_;
    std::size_t function_indent_ = nowhere;  // of the function or class that we are in
    Literals found_;
};

}  // namespace

Literals read_literals(std::string_view source, const std::set<std::string, std::less<>>& names) {
    const std::string text = with_unix_newlines(source);
    return Reader(text, names).read();
}

}  // namespace xgrid::client
