#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "client/remote_talk.hpp"

namespace xgrid::client {
namespace {

constexpr std::uint64_t megabyte = 1'000'000;

// Each of them stops it, whatever the others say (seen with OpenSSH 9.2).
constexpr std::string_view forwarding_needs =
    "its sshd_config has to allow it: AllowStreamLocalForwarding yes, AllowTcpForwarding yes, and "
    "no DisableForwarding";

struct Trouble {
    std::string_view said;  // by ssh, somewhere in a line
    std::string_view means;
    std::string_view advice;
};

// What OpenSSH's client says, those first that explain others.
constexpr std::array troubles = {
    Trouble{"REMOTE HOST IDENTIFICATION HAS CHANGED", "has another host key than it had",
            "if it was set up anew: ssh-keygen -R {0}; if not, somebody may be in between"},
    Trouble{"Host key verification failed", "has a host key that is not known here",
            "connect once by hand and compare it: {1}"},
    Trouble{"UNPROTECTED PRIVATE KEY FILE", "cannot be logged in to: others can read the key",
            "chmod 600 what it names"},
    Trouble{"Permission denied (",
            "does not let us in: no such user, or a key that it does not know",
            "nobody is asked for a password: try {1} -o BatchMode=yes true, and ssh-add if the key "
            "has a passphrase"},
    Trouble{"Too many authentication failures", "does not let us in: too many keys were offered",
            "name the right one: ssh=-i FILE -o IdentitiesOnly=yes {0}"},
    Trouble{"Could not resolve hostname", "is not known as a host", ""},
    Trouble{"Name or service not known", "is not known as a host", ""},
    Trouble{"Connection refused", "refuses the connection", "is sshd running there, on that port?"},
    Trouble{"No route to host", "cannot be reached", ""},
    Trouble{"Network is unreachable", "cannot be reached", ""},
    Trouble{"Connection timed out", "does not answer", ""},
    Trouble{"Operation timed out", "does not answer", ""},
    Trouble{"timed out during banner exchange", "does not answer as sshd does", ""},
    Trouble{"Bad configuration option",
            "is to be reached with a configuration that ssh does not understand", ""},
    Trouble{"Can't open user config file",
            "is to be reached with a configuration that cannot be read", ""},
    Trouble{"illegal option", "is to be reached with arguments that ssh does not understand", ""},
    Trouble{"unknown option", "is to be reached with arguments that ssh does not understand", ""},
    Trouble{"usage: ssh", "is to be reached with arguments that ssh does not understand", ""},
    Trouble{"Bad port", "is to be reached with arguments that ssh does not understand", ""},
    Trouble{"no matching", "has no algorithm in common with us", ""},
    Trouble{"forwarding failed", "does not forward the connection to the broker", forwarding_needs},
    Trouble{"forwarding is disabled", "does not forward the connection to the broker",
            forwarding_needs},
    Trouble{"not currently available", "has no shell for that user", ""},
    Trouble{"account is currently not available", "has no shell for that user", ""},
    Trouble{"kex_exchange_identification", "closes the connection at once", ""},
    Trouble{"Connection closed by", "closed the connection", ""},
    Trouble{"Connection reset by", "broke the connection off", ""},
};

constexpr std::string_view tools_there =
    "sh, cat, head, mkdir, mv, rm, sha256sum and tar are needed there, and the tests' own runtime";

std::string with_advice(const std::string& text, const std::string& advice) {
    return advice.empty() ? text : fmt::format("{}\n({})", text, advice);
}

std::string last_lines(const RemoteEnd& end, std::size_t most) {
    std::string text;
    const std::size_t from = end.lines.size() - std::min(most, end.lines.size());
    for (std::size_t i = from; i < end.lines.size(); ++i) text += "\n" + end.lines[i];
    return text;
}

// What ssh says of the host of that number.
std::optional<std::string> as_ssh_says(const RemoteEnd& end, std::size_t number) {
    const std::string& host = end.hosts.at(number);
    for (const Trouble& trouble : troubles) {
        const auto line = std::ranges::find_if(end.lines, [&](const std::string& one) {
            return one.find(trouble.said) != std::string::npos;
        });
        if (line == end.lines.end()) continue;
        const std::string advice =
            fmt::format(fmt::runtime(trouble.advice), host, end.commands.at(number));
        return with_advice(fmt::format("{} {}: {}", host, trouble.means, *line), advice);
    }
    return std::nullopt;
}

// What the last host that has spoken says of itself.
std::string as_it_says(const RemoteEnd& end) {
    const std::size_t number = std::max<std::size_t>(end.reached, 1) - 1;
    const std::string& host = end.hosts.at(number);
    std::string_view rest = end.failed;
    const std::string_view what = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(what.size() + 1, rest.size()));
    if (what == "tool" && end.reached == 0) return fmt::format("there is no {} here", rest);
    if (what == "tool") {
        return with_advice(fmt::format("{} has no {}", host, rest), std::string(tools_there));
    }
    if (what == "system") {
        return with_advice(
            fmt::format("{} is {}, and this xgrid runs on {}", host, rest, end.system),
            "of another system an `xgrid worker --listen` can be used, with socket=");
    }
    if (what == "forwarding") {
        return as_ssh_says(end, number)
            .value_or(
                with_advice(fmt::format("{} does not forward the connection to the broker", host),
                            std::string(forwarding_needs)));
    }
    if (what == "home") return fmt::format("there is no home folder on {}", host);
    if (what == "damaged") {
        return fmt::format("what arrived in {} on {} is not what was sent", rest, host);
    }
    if (what == "write") {
        const std::string_view word = rest.substr(0, rest.find(' '));
        rest.remove_prefix(std::min(word.size() + 1, rest.size()));
        std::uint64_t kilobytes = 0;
        const auto [stopped, failed] =
            std::from_chars(word.data(), word.data() + word.size(), kilobytes);
        std::string text = fmt::format("xgrid's program cannot be kept on {}: {}", host, rest);
        if (failed == std::errc() && stopped == word.data() + word.size()) {
            text += fmt::format(" ({} MB free, {} MB needed for a moment)",
                                kilobytes * 1024 / megabyte, 2 * end.program_bytes / megabyte + 1);
        }
        return with_advice(text, "another place: XDG_CACHE_HOME in the environment there");
    }
    if (what == "start") {
        const std::string text = fmt::format("xgrid's program does not run on {}: {}", host, rest);
        const bool refused = rest.starts_with("126 ");
        return with_advice(text, refused ? "where programs may run (not mounted noexec): "
                                           "XDG_CACHE_HOME in the environment there"
                                         : "");
    }
    return fmt::format("the connection to {} ended before the worker began", host);
}

std::string what_happened(const RemoteEnd& end) {
    const std::string& last = end.hosts.back();
    if (end.stage == RemoteStage::working) {
        if (end.worker_status >= 0) {
            return fmt::format("the worker on {} exited with status {}{}", last, end.worker_status,
                               last_lines(end, 5));
        }
        return fmt::format("the connection to {} is lost{}", last, last_lines(end, 2));
    }
    if (!end.failed.empty()) {
        return as_it_says(end);
    }
    if (end.reached == end.hosts.size()) {
        return fmt::format("the connection to {} is lost{}", last, last_lines(end, 2));
    }
    const std::string& next = end.hosts[end.reached];
    if (const auto known = as_ssh_says(end, end.reached)) return *known;
    if (end.how.empty()) return fmt::format("{} does not answer{}", next, last_lines(end, 3));
    if (end.how == "exited with status 127") {
        return with_advice(fmt::format("{} has no sh, or no head{}", next, last_lines(end, 3)),
                           std::string(tools_there));
    }
    return fmt::format("{} does not run what it is asked to: ssh {}{}", next, end.how,
                       last_lines(end, 3));
}

}  // namespace

std::string explain_refusal(const RemoteEnd& end) {
    constexpr std::string_view refused = "open failed: ";
    const auto line = std::find_if(end.lines.rbegin(), end.lines.rend(), [&](const auto& one) {
        return one.find(refused) != std::string::npos;
    });
    if (line == end.lines.rend()) return "";
    const std::string& last = end.hosts.back();
    const std::string why = line->substr(line->find(refused) + refused.size());
    if (why.starts_with("administratively prohibited")) {
        return with_advice(
            fmt::format("cannot use '{}': {} does not forward the connection: {}", end.spec, last,
                        *line),
            "its sshd_config has to allow it: AllowTcpForwarding yes, PermitOpen any, and no "
            "DisableForwarding");
    }
    return fmt::format("cannot use '{}': {} cannot connect there: {}", end.spec, last, why);
}

std::string explain(const RemoteEnd& end) {
    std::string through;
    const std::size_t at = std::min(end.reached, end.hosts.size() - 1);
    if (end.stage == RemoteStage::connecting && end.failed.empty() && at > 0) {
        through = " through " + end.hosts[at - 1];
    }
    const char* verb = end.stage == RemoteStage::working ? "lost" : "cannot use";
    return fmt::format("{} '{}'{}: {}", verb, end.spec, through, what_happened(end));
}

}  // namespace xgrid::client
