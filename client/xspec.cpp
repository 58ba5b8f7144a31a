#include "client/xspec.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "client/words.hpp"

namespace xgrid::client {
namespace {

template <class Number>
std::optional<Number> number(std::string_view text, Number least, Number most) {
    Number value{};
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stopped != end || value < least || value > most) return {};
    return value;
}

bool has_control(std::string_view text) {
    return std::ranges::any_of(text, [](unsigned char letter) { return letter < ' '; });
}

struct Part {
    std::string_view name;
    std::optional<std::string_view> value;
};

Part part_of(std::string_view text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return {text, std::nullopt};
    return {text.substr(0, equals), text.substr(equals + 1)};
}

// One spec, part by part; the first thing that is wrong is told.
class Parser {
public:
    explicit Parser(std::string_view text) : given_(text) {}

    Result<XSpec> parse() {
        std::string_view rest = trimmed(given_);
        if (rest.empty()) return Error{"a spec is empty; the simplest is 'popen'"};
        take_count(rest);
        spec_.text = rest;
        while (fault_.empty()) {
            const std::size_t end = rest.find("//");
            take(rest.substr(0, end));
            if (end == std::string_view::npos) break;
            rest.remove_prefix(end + 2);
        }
        if (fault_.empty()) check_whole();
        if (!fault_.empty()) return Error{fmt::format("{} in '{}'", fault_, trimmed(given_))};
        return std::move(spec_);
    }

private:
    // What stands before the first '*' counts if it is a number; else the '*' is part of a value.
    void take_count(std::string_view& rest) {
        const std::size_t star = rest.find('*');
        if (star == std::string_view::npos) return;
        const std::string_view before = trimmed(rest.substr(0, star));
        const bool numeric = !before.empty() && std::ranges::all_of(before, [](char letter) {
            return (letter >= '0' && letter <= '9') || letter == '-' || letter == '+';
        });
        if (!numeric) return;
        if (const auto count = number(before, 1U, environments_most)) {
            spec_.count = *count;
        } else {
            fail("'{}*' is no number from 1 to {}", before, environments_most);
        }
        rest = trimmed(rest.substr(star + 1));
    }

    void take(std::string_view text) {
        const Part part = part_of(text);
        if (part.name.empty()) {
            fail("there is an empty part");
        } else if (has_control(text)) {
            fail("a control character");
        } else if (!seen_.insert(std::string(part.name)).second) {
            fail("'{}' is given twice", part.name);
        } else if (part.name.starts_with("env:")) {
            take_pair(part, spec_.variables);
        } else if (part.name.starts_with("label:")) {
            take_pair(part, spec_.labels);
        } else if (part.name == "popen" || part.name == "dont_write_bytecode") {
            take_word(part);
        } else if (takes_value(part.name)) {
            if (!part.value || trimmed(*part.value).empty()) {
                fail("'{}=' needs a value", part.name);
            } else {
                take_value(part.name, *part.value);
            }
        } else {
            take_unknown(part.name);
        }
    }

    void take_word(const Part& part) {
        if (part.value) return fail("'{}' takes no value", part.name);
        if (part.name == "popen") {
            take_reach(Reach::popen, part.name);
        } else {
            spec_.variables.emplace("PYTHONDONTWRITEBYTECODE", "1");
        }
    }

    void take_pair(const Part& part, std::map<std::string, std::string>& pairs) {
        const std::string_view name = part.name.substr(part.name.find(':') + 1);
        if (name.empty()) return fail("'{}' needs a name", part.name);
        if (!part.value) return fail("'{}' needs '=' and a value", part.name);
        pairs[std::string(name)] = *part.value;
    }

    static bool takes_value(std::string_view name) {
        static const std::set<std::string_view> names = {
            "chdir", "execmodel", "id",  "nice",       "python",
            "slots", "socket",    "ssh", "ssh_config", "via"};
        return names.contains(name);
    }

    void take_value(std::string_view name, std::string_view value) {
        if (name == "ssh") {
            take_reach(Reach::ssh, name);
            spec_.ssh = trimmed(value);
        } else if (name == "socket") {
            take_reach(Reach::socket, name);
            take_address(trimmed(value));
        } else if (name == "python") {
            take_python(value);
        } else if (name == "chdir") {
            spec_.chdir = value;
        } else if (name == "nice") {
            spec_.nice = number(value, -20, 19);
            if (!spec_.nice) fail("'nice={}' is no number from -20 to 19", value);
        } else if (name == "slots") {
            spec_.slots = number(value, 1U, environments_most);
            if (!spec_.slots)
                fail("'slots={}' is no number from 1 to {}", value, environments_most);
        } else if (name == "id") {
            take_id(value);
        } else if (name == "via") {
            spec_.via = value;
        } else if (name == "ssh_config") {
            spec_.ssh_config = value;
        } else if (value != "thread" && value != "main_thread_only") {
            fail("'execmodel={}': tests run in the main thread only", value);
        }
    }

    void take_reach(Reach reach, std::string_view name) {
        if (!reached_by_.empty()) {
            return fail("'{}' and '{}': only one of popen, ssh= and socket= can be", reached_by_,
                        name);
        }
        reached_by_ = name;
        spec_.reach = reach;
    }

    void take_address(std::string_view value) {
        std::string_view host = value;
        std::optional<std::string_view> port;
        if (value.starts_with('[')) {
            const std::size_t end = value.find(']');
            if (end == std::string_view::npos) return fail("'socket={}' lacks a ']'", value);
            host = value.substr(1, end - 1);
            const std::string_view rest = value.substr(end + 1);
            if (!rest.empty() && rest[0] != ':') {
                return fail("'socket={}' is no HOST:PORT", value);
            }
            if (!rest.empty()) port = rest.substr(1);
        } else if (const std::size_t colon = value.find(':'); colon != std::string_view::npos) {
            if (value.find(':', colon + 1) != std::string_view::npos) {
                return fail("'socket={}' is no HOST:PORT (an IPv6 address stands in brackets)",
                            value);
            }
            host = value.substr(0, colon);
            port = value.substr(colon + 1);
        }
        if (host.empty()) return fail("'socket={}' names no host", value);
        spec_.host = host;
        if (!port) return;
        if (const auto found = number<std::uint16_t>(*port, 1, 65535)) {
            spec_.port = *found;
        } else {
            fail("'socket={}' has no port from 1 to 65535", value);
        }
    }

    void take_python(std::string_view value) {
        Result<std::vector<std::string>> words = split_words(value);
        if (!words) return fail("'python={}' has {}", value, words.error());
        if (words->front().empty()) return fail("'python={}' names no program", value);
        spec_.python = *std::move(words);
    }

    // It names a worker, and folders.
    void take_id(std::string_view value) {
        const bool fits = std::ranges::none_of(value, [](char letter) {
            return letter == '/' || letter == ' ' || letter == '[' || letter == ']';
        });
        if (!fits || value == "." || value == "..") {
            return fail("'id={}' has letters that a worker's name cannot have", value);
        }
        spec_.id = value;
    }

    void take_unknown(std::string_view name) {
        if (name == "vagrant_ssh") {
            return fail(
                "'vagrant_ssh' is not known to xgrid (ssh= with ssh_config=, from 'vagrant "
                "ssh-config', does the same)");
        }
        if (name == "installvia") {
            return fail("'installvia' is not known to xgrid (via= with --px does the same)");
        }
        fail("unknown part '{}' (a value cannot hold '//')", name);
    }

    void check_whole() {
        if (reached_by_.empty()) {
            if (spec_.labels.empty() && !spec_.slots) {
                return fail("one of popen, ssh=, socket= or label: is missing");
            }
            spec_.reach = Reach::broker;
            if (!spec_.via.empty()) return fail("'via=' goes with popen, ssh= or socket=");
        }
        if (!spec_.ssh_config.empty() && spec_.reach != Reach::ssh) {
            return fail("'ssh_config=' goes with ssh=");
        }
        if (!spec_.id.empty() && spec_.count > 1) {
            return fail("'id={}' would name {} environments", spec_.id, spec_.count);
        }
    }

    template <class... Values>
    void fail(fmt::format_string<Values...> format, Values&&... values) {
        if (fault_.empty()) fault_ = fmt::format(format, std::forward<Values>(values)...);
    }

    std::string_view given_;
    XSpec spec_;
    std::set<std::string> seen_;
    std::string reached_by_;
    std::string fault_;
};

}  // namespace

Result<XSpec> parse_xspec(std::string_view text) { return Parser(text).parse(); }

std::string fault_of_all(const std::vector<XSpec>& environments,
                         const std::vector<XSpec>& proxies) {
    std::map<std::string, const XSpec*> by_id;
    for (const XSpec& proxy : proxies) {
        if (proxy.id.empty()) return fmt::format("a proxy needs id=, which '{}' lacks", proxy.text);
        if (proxy.count > 1) return fmt::format("a proxy is one: no NUM* before '{}'", proxy.text);
        if (proxy.reach == Reach::broker) {
            return fmt::format("a proxy needs popen, ssh= or socket=, which '{}' lacks",
                               proxy.text);
        }
    }
    for (const std::vector<XSpec>* specs : {&proxies, &environments}) {
        for (const XSpec& spec : *specs) {
            if (spec.id.empty()) continue;
            const auto [other, fresh] = by_id.emplace(spec.id, &spec);
            if (!fresh) {
                return fmt::format("'id={}' is given twice: '{}' and '{}'", spec.id,
                                   other->second->text, spec.text);
            }
        }
    }
    for (const std::vector<XSpec>* specs : {&proxies, &environments}) {
        for (const XSpec& spec : *specs) {
            const XSpec* at = &spec;
            for (std::size_t steps = 0; !at->via.empty(); ++steps) {
                const auto next = by_id.find(at->via);
                if (next == by_id.end()) {
                    return fmt::format("'via={}' in '{}': nothing has that id", at->via, at->text);
                }
                at = next->second;
                if (at == &spec || steps > by_id.size()) {
                    return fmt::format("'via={}' in '{}' leads back to itself", spec.via,
                                       spec.text);
                }
            }
        }
    }
    return {};
}

}  // namespace xgrid::client
