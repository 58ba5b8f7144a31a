// xgrid: picks the subcommand.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "broker/keys_command.hpp"
#include "broker/keys_options.hpp"
#include "broker/loop.hpp"
#include "broker/options.hpp"
#include "client/command_options.hpp"
#include "client/commands.hpp"
#include "client/completion_command.hpp"
#include "client/loop.hpp"
#include "client/manual_command.hpp"
#include "client/options.hpp"
#include "client/plugin_command.hpp"
#include "client/subcommands.hpp"
#include "shared/ensure.hpp"
#include "worker/frameworks/native/server.hpp"
#include "worker/loop.hpp"
#include "worker/options.hpp"

namespace {

constexpr const char* help =
    "usage: xgrid <subcommand> [OPTIONS]\n\n"
    "  xgrid submit    run tests and show the results here\n"
    "  xgrid broker    the queue that clients and workers share\n"
    "  xgrid worker    offer this machine's slots to a broker\n"
    "  xgrid status    what a broker has to do; xgrid runs, xgrid workers: in tables\n"
    "  xgrid watch     the same, as it changes\n"
    "  xgrid attach    show a run that is elsewhere: RUN is its id, or how that begins\n"
    "  xgrid cancel    end it\n"
    "  xgrid why       say what it waits for\n"
    "  xgrid rerun     submit it again, or with --failed what failed in it\n"
    "  xgrid flakes    which tests are flaky, with proof; xgrid history TEST: what is known of "
    "one\n"
    "  xgrid keys      who may use a broker\n"
    "  xgrid plugin    let pytest itself run its tests with xgrid\n"
    "  xgrid completion  let bash, zsh or fish complete command lines\n"
    "  xgrid man       the manual, also of a subcommand\n"
    "  xgrid version   print the version\n\n"
    "xgrid <subcommand> --help tells more.\n";

template <class Parse, class Run>
int start(Parse parse, Run run, const std::vector<std::string>& arguments) {
    const auto options = parse(arguments);
    return options ? run(*options) : 0;
}

int start(const std::vector<std::string>& words) {
    using namespace xgrid;
    const std::string subcommand = words.empty() ? "" : words.front();
    const std::vector<std::string> arguments(words.begin() + (words.empty() ? 0 : 1), words.end());
    if (subcommand == "help" && !arguments.empty() && !arguments.front().starts_with("-")) {
        return start({arguments.front(), "--help"});
    }
    if (subcommand == "--help" || subcommand == "-h" || subcommand == "help") {
        fmt::print("{}", help);
        return 0;
    }
    if (subcommand == "--version" || subcommand == "version") {
        fmt::print("xgrid {}\n", XGRID_VERSION);
        return 0;
    }
    if (subcommand.empty()) {
        fmt::print(stderr, "{}", help);
        return 4;
    }
    if (subcommand == "submit") return start(client::parse_options, client::run, arguments);
    if (subcommand == "broker") {
        const auto parse = [](const std::vector<std::string>& given) {
            auto options = broker::parse_options(given);
            if (options) options->version = XGRID_VERSION;
            return options;
        };
        return start(parse, broker::run, arguments);
    }
    if (subcommand == "keys") return start(broker::parse_keys_options, broker::run_keys, arguments);
    if (subcommand == "worker") {
        const auto parse = [](const std::vector<std::string>& given) {
            auto options = worker::parse_options(given);
            if (options) options->version = XGRID_VERSION;
            return options;
        };
        return start(parse, worker::run, arguments);
    }
    if (subcommand == "plugin") {
        const auto parse = [](const std::vector<std::string>& given) {
            auto command = client::parse_plugin_command(given);
            if (command) command->version = XGRID_VERSION;
            return command;
        };
        return start(parse, client::run_plugin_command, arguments);
    }
    if (subcommand == "completion") return client::print_completion_script(arguments);
    if (subcommand == "man") return client::show_manual(arguments, XGRID_VERSION);
    // Internal: scripts of shells start it.
    if (subcommand == "complete") return client::complete_words(arguments);
    // Internal: a worker starts it, with its socket.
    if (subcommand == "slots" && arguments.size() == 1) {
        return worker::native::serve_slots(std::atoi(arguments.front().c_str()));
    }
    if (const auto kind = client::command_kind(subcommand)) {
        const auto parse = [&](const auto& given) { return client::parse_command(*kind, given); };
        return start(parse, client::run_command, arguments);
    }
    client::refuse_subcommand(subcommand);
}

// Others can read a program's command line as long as it runs.
void hide_token(int count, char** words) {
    constexpr std::string_view option = "--token";
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        char* from = nullptr;
        if (word == option && i + 1 < count) from = words[i + 1];
        if (word.starts_with("--token=")) from = words[i] + option.size() + 1;
        while (from != nullptr && *from != '\0') *from++ = '*';
    }
}

}  // namespace

int main(int count, char** words) {
    try {
        const std::vector<std::string> arguments(words + 1, words + count);
        hide_token(count, words);
        return start(arguments);
    } catch (const xgrid::Fatal& error) {
        fmt::print(stderr, "xgrid: {}\n", error.what());
        return error.exit_code;
    } catch (const std::exception& error) {
        fmt::print(stderr, "xgrid: internal error: {}\n", error.what());
        return 3;
    }
}
