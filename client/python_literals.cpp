#include "client/python_literals.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "client/python_text.hpp"

namespace xgrid::client {
namespace {

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

// Statement by statement.
class Reader {
public:
    Reader(std::string_view source, const std::set<std::string, std::less<>>& names)
        : text_(source), names_(names) {}

    Literals read() {
        while (!text_.over()) {
            const std::size_t indent = take_indent();
            if (text_.take('\n')) continue;  // nothing there
            if (indent <= function_indent_) function_indent_ = none;
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
        const bool in_function = function_indent_ != none;
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
            PythonText ahead = text_;
            const std::string name(ahead.take_name());
            if (name.empty() || !take_equals(ahead)) break;
            text_ = ahead;
            if (names_.contains(name)) targets.push_back(name);
        }
        const PythonText begin = text_;
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

    static bool take_equals(PythonText& text) {
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
        if (text_.begins_string()) {
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
        if (!text_.begins_string()) return std::nullopt;
        std::string all;
        while (text_.begins_string()) {
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
            if (text_.begins_string()) {
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

    PythonText text_;
    const std::set<std::string, std::less<>>& names_;
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
    std::size_t function_indent_ = none;  // of the function or class that we are in
    Literals found_;
};

}  // namespace

Literals read_literals(std::string_view source, const std::set<std::string, std::less<>>& names) {
    const std::string text = with_unix_newlines(source);
    return Reader(text, names).read();
}

}  // namespace xgrid::client
