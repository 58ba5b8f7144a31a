#include "client/environments.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "client/ssh_command.hpp"

namespace xgrid::client {
namespace {

void locate(XSpec& spec, const Origin& origin) {
    // Behind a proxy all names are those of the machine that has them.
    if (spec.via.empty()) spec.ssh_config = located(spec.ssh_config, origin);
    if (spec.reach != Reach::popen || !spec.via.empty()) return;
    spec.chdir = located(spec.chdir, origin);
    const bool is_path = !spec.python.empty() && spec.python[0].find('/') != std::string::npos;
    if (is_path) spec.python[0] = located(spec.python[0], origin);
}

// Who is known by an id, and can be on the way to others.
using Known = std::map<std::string, const XSpec*>;

// The hosts that are reached through ssh on the way to that spec, the next to us first, and itself
// if it is one. A proxy without ssh= is the machine that it is reached from.
Result<std::vector<XSpec>> hops_to(const XSpec& spec, const Known& known) {
    std::vector<XSpec> hops;
    if (!spec.via.empty()) {
        Result<std::vector<XSpec>> before = hops_to(*known.at(spec.via), known);
        if (!before) return before;
        hops = *std::move(before);
    }
    if (spec.reach == Reach::ssh) {
        if (Result<std::vector<std::string>> words = ssh_arguments(spec); !words) {
            return Error{fmt::format("{} in '{}'", words.error(), spec.text)};
        }
        hops.push_back(spec);
    }
    return hops;
}

// The first on the way that this version cannot go through, or to; null: none.
const XSpec* out_of_reach(const XSpec& spec, const Known& known) {
    for (const XSpec* at = &spec;; at = known.at(at->via)) {
        const bool direct = at == &spec && spec.via.empty();
        if (at->reach == Reach::socket && !direct) return at;
        if (at->via.empty()) return nullptr;
    }
}

std::string fault_of(const XSpec& spec, bool shared) {
    if (!shared && (spec.reach == Reach::broker || !spec.labels.empty())) {
        return fmt::format("'{}' asks for a broker's workers: name the broker with --broker",
                           spec.text);
    }
    if (shared && (spec.reach == Reach::ssh || spec.reach == Reach::socket || !spec.via.empty())) {
        return fmt::format(
            "'{}' does not go with --broker: start a worker there that joins the broker",
            spec.text);
    }
    return "";
}

Environment environment_for(const XSpec& spec, const ServeAs& how, bool here) {
    Environment environment{.name = spec.id.empty() ? spec.text : spec.id,
                            .slots = spec.slots.value_or(1),
                            .slot_name = spec.id,
                            .interpreter = spec.python,
                            .variables = spec.variables,
                            .nice = spec.nice.value_or(0),
                            .labels = spec.labels};
    if (environment.interpreter.empty()) environment.interpreter = {how.interpreter};
    environment.folder = spec.chdir;
    environment.in_place = spec.reach == Reach::popen && here && spec.chdir.empty() && !how.shared;
    return environment;
}

bool same_machine(const XSpec& one, const XSpec& other) {
    return one.ssh == other.ssh && one.ssh_config == other.ssh_config && one.host == other.host &&
           one.port == other.port;
}

// The host of that spec, which has so many slots more now.
Host& host_for(const XSpec& spec, std::vector<XSpec> hops, std::uint32_t slots,
               std::vector<Host>& hosts) {
    Host wanted{.reach = spec.reach, .spec = spec};
    if (spec.reach == Reach::popen && !hops.empty()) wanted.reach = Reach::ssh;
    if (wanted.reach == Reach::ssh) {
        wanted.spec = hops.back();
        hops.pop_back();
    }
    wanted.via = std::move(hops);
    const auto same = [&](const Host& host) {
        return host.reach == wanted.reach && same_machine(host.spec, wanted.spec) &&
               std::ranges::equal(host.via, wanted.via, same_machine);
    };
    auto found = std::ranges::find_if(hosts, same);
    if (found == hosts.end()) {
        hosts.push_back(std::move(wanted));
        found = std::prev(hosts.end());
        found->label = std::to_string(hosts.size() - 1);
    }
    found->slots += slots;
    return *found;
}

// Else it is the one more of that name.
void add(Environment environment, bool each, std::vector<Environment>& all) {
    const auto alike = std::ranges::find_if(all, [&](const Environment& other) {
        Environment same = other;
        same.name = environment.name;
        same.slots = environment.slots;
        return same == environment && environment.slot_name.empty();
    });
    if (each || alike == all.end()) {
        all.push_back(std::move(environment));
    } else {
        alike->slots += environment.slots;
    }
}

// Those that would read alike are numbered.
void tell_apart(std::vector<Environment>& all) {
    std::map<std::string, std::uint32_t> count;
    for (const Environment& one : all) ++count[one.name];
    std::map<std::string, std::uint32_t> number;
    for (Environment& one : all) {
        if (count.at(one.name) == 1) continue;
        const std::uint32_t place = ++number[one.name];
        one.name += fmt::format(" #{}", place);
    }
}

}  // namespace

Result<Environments> read_environments(const std::vector<Setting>& settings) {
    Environments found;
    for (const Setting& setting : settings) {
        if (setting.name != "tx" && setting.name != "px") continue;
        Result<XSpec> spec = parse_xspec(setting.value);
        if (!spec) return Error{fmt::format("{}: {}", called(setting), spec.error())};
        locate(*spec, setting.origin);
        (setting.name == "tx" ? found.environments : found.proxies).push_back(*std::move(spec));
    }
    const std::string fault = fault_of_all(found.environments, found.proxies);
    if (!fault.empty()) return Error{fault};
    return found;
}

Result<Served> serve(const Environments& asked, const ServeAs& how) {
    Served served;
    Known known;
    for (const std::vector<XSpec>* specs : {&asked.proxies, &asked.environments}) {
        for (const XSpec& spec : *specs) known.emplace(spec.id, &spec);
    }
    std::uint64_t slots = 0;
    for (const XSpec& spec : asked.environments) {
        if (const std::string fault = fault_of(spec, how.shared); !fault.empty()) {
            return Error{fault};
        }
        if (const XSpec* there = out_of_reach(spec, known)) {
            return Error{fmt::format("socket= with via= is not available in this version: '{}'",
                                     there->text)};
        }
        Result<std::vector<XSpec>> hops = hops_to(spec, known);
        if (!hops) return Error{hops.error()};
        for (std::uint32_t i = 0; i < spec.count; ++i) {
            Environment environment = environment_for(spec, how, hops->empty());
            slots += environment.slots;
            if (slots > environments_most) {
                return Error{fmt::format("more than {} slots are asked for", environments_most)};
            }
            if (!how.shared) {
                environment.labels[host_label] =
                    host_for(spec, *hops, environment.slots, served.hosts).label;
            }
            add(std::move(environment), how.each, served.environments);
        }
    }
    tell_apart(served.environments);
    return served;
}

}  // namespace xgrid::client
