#include "client/subcommands.hpp"

#include <algorithm>
#include <iterator>
#include <sstream>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "broker/keys_options.hpp"
#include "broker/options.hpp"
#include "client/command_options.hpp"
#include "client/option_list.hpp"
#include "client/plugin_command.hpp"
#include "shared/ensure.hpp"
#include "shared/nearest.hpp"
#include "worker/options.hpp"

namespace xgrid::client {
namespace {

constexpr const char* completion_opening =
    "usage: xgrid completion bash|zsh|fish\n\n"
    "Prints a script that lets this shell complete subcommands, options, their values, and runs\n"
    "that the broker has.\n\n"
    "  bash   eval \"$(xgrid completion bash)\" in ~/.bashrc\n"
    "  zsh    eval \"$(xgrid completion zsh)\" in ~/.zshrc, after compinit\n"
    "  fish   xgrid completion fish | source in ~/.config/fish/config.fish\n\n";

constexpr const char* man_opening =
    "usage: xgrid man [SUBCOMMAND]\n\n"
    "Shows the manual page of xgrid, or of a subcommand; prints it for roff where there is no\n"
    "terminal or no man.\n\n";

constexpr const char* help_opening =
    "usage: xgrid help [SUBCOMMAND]\n\n"
    "Lists the subcommands, or shows the help of one.\n\n";

OptionGroupText only_help() {
    return {"Options", {{.name = "help", .letter = 'h', .text = "show this"}}};
}

}  // namespace

std::vector<CommandText> subcommands() {
    std::vector<CommandText> all = {submit_text(), broker::command_text(), worker::command_text()};
    std::ranges::move(command_texts(), std::back_inserter(all));
    all.push_back(broker::keys_text());
    all.push_back(plugin_text());
    all.push_back({.name = "completion",
                   .opening = completion_opening,
                   .groups = {only_help()},
                   .words = {"bash", "zsh", "fish"}});
    CommandText man = {.name = "man", .opening = man_opening, .groups = {only_help()}};
    CommandText help = {.name = "help", .opening = help_opening};
    man.words = names_of(all);
    help.words = man.words;
    all.push_back(std::move(man));
    all.push_back(std::move(help));
    all.push_back(
        {.name = "version", .opening = "usage: xgrid version\n\nPrints the version.\n\n"});
    return all;
}

std::vector<std::string> names_of(const std::vector<CommandText>& commands) {
    std::vector<std::string> names;
    std::ranges::transform(commands, std::back_inserter(names), &CommandText::name);
    return names;
}

std::string perhaps_meant(const std::string& refusal) {
    constexpr std::string_view mark = "unrecognized arguments: ";
    const std::size_t at = refusal.find(mark);
    if (at == std::string::npos) return {};
    const std::size_t from = at + mark.size();
    std::istringstream words(refusal.substr(from, refusal.find('\n', from) - from));
    const std::vector<std::string> known = long_options(submit_text());
    std::string lines;
    for (std::string word; words >> word;) {
        const std::string name = word.substr(0, word.find('='));
        const std::string found = name.starts_with("--") ? nearest(name, known) : "";
        if (!found.empty()) lines += fmt::format("\n{}: did you mean {}?", name, found);
    }
    return lines;
}

void refuse_subcommand(const std::string& name) {
    throw Fatal(fmt::format("no such subcommand: {}{}\n(xgrid --help lists them)", name,
                            did_you_mean(name, names_of(subcommands()))),
                4);
}

}  // namespace xgrid::client
