#include "client/ssh_command.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "client/bootstrap_sources.hpp"
#include "client/words.hpp"
#include "shared/address.hpp"
#include "shared/ensure.hpp"

namespace xgrid::client {
namespace {

// What stands behind a script up to there means nothing to sh.
constexpr std::size_t script_bytes = 8192;

std::string login_command() {
    return fmt::format("exec sh -c 'eval \"$(head -c {})\"'", script_bytes);
}

std::string source(std::string_view name) {
    const auto found =
        std::ranges::find_if(bootstrap_sources, [&](const auto& one) { return one.first == name; });
    ensure(found != bootstrap_sources.end(), "the program carries its scripts");
    std::string text;
    std::string_view rest = found->second;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n') + 1);
        if (!line.starts_with('#')) text += line;
        rest.remove_prefix(line.size());
    }
    return text;
}

std::string padded(std::string script) {
    ensure(script.size() <= script_bytes, "a script has its settled length");
    script.resize(script_bytes, '\n');
    return script;
}

using Variables = std::vector<std::pair<std::string_view, std::string>>;

std::string told(const Variables& variables, const std::vector<std::string>& arguments) {
    std::string text;
    for (const auto& [name, value] : variables)
        text += fmt::format("{}={}\n", name, shell_word(value));
    text += "set --";
    for (const std::string& argument : arguments) text += " " + shell_word(argument);
    return text + "\n";
}

std::string connect_script(const Way& way, std::size_t hop) {
    const XSpec& to = way.hops.at(hop);
    std::vector<std::string> arguments;
    if (!to.ssh_config.empty()) arguments = {"-F", to.ssh_config};
    Result<std::vector<std::string>> words = ssh_arguments(to);
    ensure(static_cast<bool>(words), "what is no command line for ssh is refused before");
    arguments.insert(arguments.end(), words->begin(), words->end());
    return told({{"mark", way.mark},
                 {"here", hop == 0 ? way.socket : way.sockets.at(hop - 1)},
                 {"there", way.sockets.at(hop)},
                 {"leads", way.to_listener ? "-L" : "-R"},
                 {"next", login_command()},
                 {"hop", hop == 0 ? "" : "1"}},
                arguments) +
           source("connect");
}

}  // namespace

std::string shell_word(std::string_view text) {
    std::string result = "'";
    for (const char letter : text) {
        if (letter == '\'') {
            result += "'\\''";
        } else {
            result += letter;
        }
    }
    return result + "'";
}

std::string host_among(const std::vector<std::string>& ssh_arguments) {
    // ssh(1), 9.2: those that have a value, which may be the next word.
    constexpr std::string_view with_value = "BbcDEeFIiJLlmOopQRSWw";
    for (std::size_t i = 0; i < ssh_arguments.size(); ++i) {
        const std::string& word = ssh_arguments[i];
        if (word == "--") return i + 1 < ssh_arguments.size() ? ssh_arguments[i + 1] : "";
        if (!word.starts_with('-') || word == "-") return word;
        const std::size_t option = word.find_first_of(with_value, 1);
        if (option == word.size() - 1) ++i;
    }
    return "";
}

Result<std::vector<std::string>> ssh_arguments(const XSpec& spec) {
    Result<std::vector<std::string>> words = split_words(spec.ssh);
    if (!words) return Error{fmt::format("'ssh={}' has {}", spec.ssh, words.error())};
    if (host_among(*words).empty()) return Error{fmt::format("'ssh={}' names no host", spec.ssh)};
    return words;
}

std::string host_name_of(const XSpec& spec) {
    Result<std::vector<std::string>> words = split_words(spec.ssh);
    return words ? host_among(*words) : "";
}

std::string command_by_hand(const XSpec& spec) {
    const std::string config =
        spec.ssh_config.empty() ? "" : fmt::format("-F {} ", spec.ssh_config);
    return fmt::format("ssh {}{}", config, spec.ssh);
}

Way way_to(const Host& host, const std::string& mark, const std::string& socket) {
    Way way{.mark = mark,
            .to_listener = host.reach == Reach::socket,
            .socket = socket,
            .hops = host.via};
    if (!way.to_listener) way.hops.push_back(host.spec);
    // Whoever cannot guess the mark cannot be there first; sshd makes it for its user alone.
    for (std::size_t hop = 0; hop < way.hops.size(); ++hop) {
        way.sockets.push_back(fmt::format("/tmp/xgrid-{}-{}", mark, hop));
    }
    if (way.to_listener) way.sockets.back() = text_of(Address{host.spec.host, host.spec.port});
    return way;
}

std::vector<std::string> local_command(const Way& way) {
    return {"/bin/sh", "-c", connect_script(way, 0)};
}

std::string hop_script(const Way& way, std::size_t hop) {
    return padded(connect_script(way, hop + 1));
}

std::string pass_script(const Way& way) {
    return padded(told({{"mark", way.mark}}, {}) + source("pass"));
}

std::string remote_script(const Way& way, const RemoteWorker& worker) {
    std::vector<std::string> arguments = {"--slots", std::to_string(worker.slots),
                                          "--until-end-of-input", "--compress",
                                          worker.pack ? "always" : "never"};
    for (const auto& [name, value] : worker.labels) {
        arguments.insert(arguments.end(), {"--label", fmt::format("{}={}", name, value)});
    }
    return padded(told({{"mark", way.mark},
                        {"socket", way.sockets.back()},
                        {"system", worker.system},
                        {"program", worker.program.hex()},
                        {"size", std::to_string(worker.program_bytes)},
                        {"loader", worker.loader}},
                       arguments) +
                  source("remote"));
}

}  // namespace xgrid::client
