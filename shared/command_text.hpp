// What a subcommand says of itself, as data: for its manual page and a shell's completion. It is
// made of the very table that the subcommand's parser uses, so that neither can tell another story.
// Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xgrid {

struct OptionText {
    std::string name;             // without dashes
    char letter = 0;              // of its short form; 0: it has none
    std::string value;            // what stands for its value; empty: it takes none
    bool value_may_lack = false;  // which then is `usual`
    std::string usual;            // its default; empty: none that could be told
    std::string text;
    std::vector<std::string> choices;  // of which its value is one; empty: any
};

struct OptionGroupText {
    std::string title;
    std::vector<OptionText> options;
};

/// What the words are that are no options.
enum class Operand : std::uint8_t { none, file, folder, run, open_run };

struct CommandText {
    std::string name;
    std::string
        opening;  // what its help has before the options: usage, an empty line, and the rest
    std::vector<OptionGroupText> groups;
    std::string closing;             // ... and after them
    std::vector<std::string> words;  // of which the first operand is one; empty: any
    Operand operand = Operand::none;
};

/// As a parser's own help names it: `-n [ --numprocesses ]` and `N|auto (=4)`, or `[=PORT(=80)]`.
inline OptionText option_text(std::string_view name, std::string_view parameter, std::string text) {
    OptionText option{.text = std::move(text)};
    if (name.size() > 1 && name[0] == '-' && name[1] != '-') option.letter = name[1];
    const std::size_t dashes = name.find("--");
    if (dashes != std::string_view::npos) {
        const std::size_t end = std::min(name.find(' ', dashes), name.size());
        option.name = name.substr(dashes + 2, end - dashes - 2);
    }
    option.value_may_lack = parameter.starts_with("[=");
    if (option.value_may_lack) parameter = parameter.substr(2, parameter.rfind(']') - 2);
    const std::size_t usual = parameter.rfind("(=");
    option.value = parameter.substr(0, usual);
    if (usual != std::string_view::npos) {
        option.usual = parameter.substr(usual + 2, parameter.rfind(')') - usual - 2);
    }
    while (option.value.ends_with(' ')) option.value.pop_back();
    return option;
}

/// Of a parser's table (boost's options_description, which this file need not know).
template <class Table>
OptionGroupText group_text(std::string title, const Table& table) {
    OptionGroupText group{.title = std::move(title)};
    for (const auto& option : table.options()) {
        group.options.push_back(
            option_text(option->format_name(), option->format_parameter(), option->description()));
    }
    return group;
}

/// Each with its dashes.
inline std::vector<std::string> long_options(const CommandText& command) {
    std::vector<std::string> all;
    for (const OptionGroupText& group : command.groups) {
        for (const OptionText& one : group.options) all.push_back("--" + one.name);
    }
    return all;
}

/// An option has one of these values. One that is not there is nobody's mistake.
inline void set_choices(CommandText& command, std::string_view option,
                        const std::vector<std::string>& choices) {
    for (OptionGroupText& group : command.groups) {
        for (OptionText& one : group.options) {
            if (one.name == option) one.choices = choices;
        }
    }
}

}  // namespace xgrid
