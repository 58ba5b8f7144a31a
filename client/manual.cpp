#include "client/manual.hpp"

#include <cctype>
#include <cstddef>

#include <fmt/format.h>

#include "client/completion.hpp"
#include "client/manual_facts.hpp"

namespace xgrid::client {
namespace {

// As it stands there, also at the beginning of a line.
std::string escaped(std::string_view text) {
    std::string result;
    for (const char letter : text) {
        if (letter == '\\') {
            result += "\\e";
        } else if (letter == '-') {
            result += "\\-";  // one that can be copied
        } else {
            result += letter;
        }
    }
    if (result.starts_with('.') || result.starts_with('\'')) result.insert(0, "\\&");
    return result;
}

std::string bold(std::string_view text) { return "\\fB" + escaped(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + escaped(text) + "\\fR"; }

std::vector<std::string> split(std::string_view text, std::string_view at) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const std::size_t end = text.find(at);
        parts.emplace_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + at.size());
    }
    return parts;
}

// Filled, unless it is a table or lines of an example.
std::string paragraph(const std::string& text) {
    const bool as_it_is = text.starts_with(' ') || text.find("\n ") != std::string::npos ||
                          text.find("   ") != std::string::npos ||
                          text.find("]\n") != std::string::npos;
    std::string lines;
    for (const std::string& line : split(text, "\n")) lines += escaped(line) + "\n";
    return as_it_is ? ".PP\n.nf\n" + lines + ".fi\n" : ".PP\n" + lines;
}

std::string paragraphs(std::string_view text) {
    std::string all;
    for (std::string one : split(text, "\n\n")) {
        while (one.starts_with('\n')) one.erase(0, 1);
        while (one.ends_with('\n')) one.pop_back();
        if (!one.empty()) all += paragraph(one);
    }
    return all;
}

std::string head(const std::string& title, std::string_view version, const std::string& summary) {
    std::string capitals = title;
    for (char& letter : capitals) {
        letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    }
    return fmt::format(".TH {} 1 \"\" \"xgrid {}\" \"xgrid\"\n.SH NAME\n{} \\- {}\n",
                       escaped(capitals), version, escaped(title), escaped(summary));
}

// The lines of `usage: ...`.
std::string synopsis(std::string_view opening) {
    constexpr std::string_view mark = "usage: ";
    std::string text = ".SH SYNOPSIS\n.nf\n";
    for (const std::string& line : split(opening.substr(0, opening.find("\n\n")), "\n")) {
        text += escaped(std::string_view(line).substr(mark.size())) + "\n";
    }
    return text + ".fi\n";
}

std::string option(const OptionText& option) {
    std::string text = ".TP\n";
    if (option.letter != 0) text += bold(std::string{'-', option.letter}) + ", ";
    text += bold("--" + option.name);
    if (option.value_may_lack) text += "[=" + italic(option.value) + "]";
    if (!option.value_may_lack && !option.value.empty()) text += " " + italic(option.value);
    text += "\n" + escaped(option.text) + ".\n";
    const bool is_list = option.value.find(',') != std::string::npos;
    if (!option.choices.empty() && !is_list) {
        std::string choices;
        for (const std::string& choice : option.choices) {
            choices += (choices.empty() ? "" : ", ") + bold(choice);
        }
        text += "One of " + choices + ".\n";
    }
    if (!option.usual.empty()) {
        text += (option.value_may_lack ? "Without a value: " : "Default: ") + bold(option.usual) +
                ".\n";
    }
    return text;
}

std::string options(const std::vector<OptionGroupText>& groups) {
    std::string text = ".SH OPTIONS\n";
    for (const OptionGroupText& group : groups) {
        if (groups.size() > 1) text += ".SS " + escaped(group.title) + "\n";
        for (const OptionText& one : group.options) text += option(one);
    }
    return text;
}

std::string facts(const char* title, const std::vector<Fact>& all) {
    std::string text = fmt::format(".SH {}\n", title);
    for (const auto& [what, said] : all) text += ".TP\n" + bold(what) + "\n" + escaped(said) + "\n";
    return text;
}

std::string examples(const std::vector<Fact>& all) {
    std::string text = ".SH EXAMPLES\n";
    for (const auto& [line, said] : all) {
        text += ".PP\n" + escaped(said) + "\n.PP\n.RS 4\n.nf\n" + escaped(line) + "\n.fi\n.RE\n";
    }
    return text;
}

std::string end(const ManualFacts& told, const std::vector<std::string>& related) {
    std::string text = facts("EXIT STATUS", told.exit_status) + facts("FILES", told.files) +
                       facts("ENVIRONMENT", told.environment) + examples(told.examples) +
                       ".SH SEE ALSO\n";
    for (std::size_t i = 0; i < related.size(); ++i) {
        text += bold(related[i]) + (i + 1 < related.size() ? "(1),\n" : "(1)\n");
    }
    return text;
}

}  // namespace

bool has_page(const CommandText& command) { return !command.groups.empty(); }

std::string manual_page(const CommandText& command, std::string_view version) {
    const ManualFacts told = manual_facts(command.name);
    std::vector<std::string> related = {"xgrid"};
    for (const std::string& name : told.related) related.push_back("xgrid-" + name);
    const std::size_t usage = command.opening.find("\n\n");
    std::string text = head("xgrid-" + command.name, version, summary_of(command));
    text += synopsis(command.opening);
    text += ".SH DESCRIPTION\n" + paragraphs(command.opening.substr(usage));
    text += options(command.groups);
    if (!command.closing.empty()) text += ".SH NOTES\n" + paragraphs(command.closing);
    return text + end(told, related);
}

std::string manual_page(const std::vector<CommandText>& all, std::string_view version) {
    std::string text = head("xgrid", version, "a distributed test grid");
    text += synopsis("usage: xgrid SUBCOMMAND [OPTIONS]\n\n");
    text += ".SH DESCRIPTION\n" +
            paragraphs(
                "Hands the tests of a working tree, committed or not, to whatever slots are "
                "free, on this machine or on others, and shows the results as if they had "
                "run here.\n\n"
                "A run is what one xgrid submit asks for. A broker keeps the queue of runs; "
                "workers offer slots, each of which runs one job at a time. Without a "
                "broker xgrid submit has its own.");
    text += ".SH SUBCOMMANDS\n";
    std::vector<std::string> related;
    for (const CommandText& command : all) {
        text += ".TP\n" + bold(command.name) + "\n" + escaped(summary_of(command)) + ".\n";
        if (has_page(command)) related.push_back("xgrid-" + command.name);
    }
    text += options({{"Options",
                      {{.name = "help", .letter = 'h', .text = "list the subcommands"},
                       {.name = "version", .text = "print the version"}}}});
    return text + end(manual_facts(""), related);
}

}  // namespace xgrid::client
