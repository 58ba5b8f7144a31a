#include "client/manual_command.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <sys/mman.h>
#include <unistd.h>

#include <fmt/format.h>

#include "client/manual.hpp"
#include "client/subcommands.hpp"
#include "shared/ensure.hpp"

namespace xgrid::client {
namespace {

constexpr const char* anybodys_home = "/~";

// Folders of the user's are told as `~/...`.
std::vector<CommandText> for_anybody() {
    const char* set = std::getenv("HOME");
    const std::optional<std::string> home = set == nullptr ? std::nullopt : std::optional(set);
    setenv("HOME", anybodys_home, 1);
    for (const char* name : {"XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME",
                             "XGRID_CACHE_HOME", "XGRID_STATE_HOME"}) {
        unsetenv(name);
    }
    std::vector<CommandText> all = subcommands();
    for (CommandText& command : all) {
        for (OptionGroupText& group : command.groups) {
            for (OptionText& option : group.options) {
                if (option.usual.starts_with(anybodys_home)) option.usual.erase(0, 1);
            }
        }
    }
    unsetenv("HOME");
    if (home) setenv("HOME", home->c_str(), 1);
    return all;
}

// Returns if there is no man.
void give_to_man(const std::string& page) {
    const int file = memfd_create("manual page", 0);
    const bool there =
        file >= 0 && write(file, page.data(), page.size()) == static_cast<ssize_t>(page.size());
    if (!there || lseek(file, 0, SEEK_SET) != 0 || dup2(file, STDIN_FILENO) < 0) return;
    execlp("man", "man", "-l", "-", nullptr);
}

}  // namespace

int show_manual(const std::vector<std::string>& arguments, const std::string& version) {
    const std::vector<CommandText> all = for_anybody();
    const auto named = [&](const std::string& name) {
        return std::ranges::find(all, name, &CommandText::name);
    };
    const std::string name = arguments.empty() ? "" : arguments.front();
    if (arguments.size() > 1) throw Fatal("xgrid man takes one subcommand", 4);
    if (name == "--help" || name == "-h") {
        fmt::print("{}", named("man")->opening);
        return 0;
    }
    const auto about = named(name);
    if (!name.empty() && about == all.end()) refuse_subcommand(name);
    const bool own = !name.empty() && has_page(*about);
    const std::string page = own ? manual_page(*about, version) : manual_page(all, version);
    if (isatty(STDOUT_FILENO) == 1) give_to_man(page);
    fmt::print("{}", page);
    return 0;
}

}  // namespace xgrid::client
