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

struct Machine {
    Reach reach = Reach::popen;
    XSpec spec;              // that leads there
    std::vector<XSpec> via;  // as of a host
};

// Where that spec leads. One with popen leads to the machine that it is reached from, be it an
// environment or a proxy.
Result<Machine> machine_of(const XSpec& spec, const Known& known) {
    Machine before{.spec = spec};
    if (!spec.via.empty()) {
        Result<Machine> found = machine_of(*known.at(spec.via), known);
        if (!found) return found;
        before = *std::move(found);
    }
    if (spec.reach != Reach::ssh && spec.reach != Reach::socket) return before;
    if (before.reach == Reach::socket) {
        return Error{
            fmt::format("nothing is reached through a worker that listens: '{}'", spec.text)};
    }
    if (spec.reach == Reach::ssh) {
        if (Result<std::vector<std::string>> words = ssh_arguments(spec); !words) {
            return Error{fmt::format("{} in '{}'", words.error(), spec.text)};
        }
    }
    Machine machine{spec.reach, spec, std::move(before.via)};
    if (before.reach == Reach::ssh) machine.via.push_back(std::move(before.spec));
    return machine;
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
    environment.in_place = here && spec.chdir.empty() && !how.shared;
    return environment;
}

bool same_machine(const XSpec& one, const XSpec& other) {
    return one.ssh == other.ssh && one.ssh_config == other.ssh_config && one.host == other.host &&
           one.port == other.port;
}

// That machine as a host, which has so many slots more now.
Host& host_for(Machine machine, std::uint32_t slots, std::vector<Host>& hosts) {
    const auto same = [&](const Host& host) {
        return host.reach == machine.reach && same_machine(host.spec, machine.spec) &&
               std::ranges::equal(host.via, machine.via, same_machine);
    };
    auto found = std::ranges::find_if(hosts, same);
    if (found == hosts.end()) {
        hosts.push_back({.reach = machine.reach,
                         .spec = std::move(machine.spec),
                         .via = std::move(machine.via),
                         .label = std::to_string(hosts.size())});
        found = std::prev(hosts.end());
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
        Result<Machine> machine = machine_of(spec, known);
        if (!machine) return Error{machine.error()};
        for (std::uint32_t i = 0; i < spec.count; ++i) {
            Environment environment = environment_for(spec, how, machine->reach == Reach::popen);
            slots += environment.slots;
            if (slots > environments_most) {
                return Error{fmt::format("more than {} slots are asked for", environments_most)};
            }
            if (!how.shared) {
                environment.labels[host_label] =
                    host_for(*machine, environment.slots, served.hosts).label;
            }
            add(std::move(environment), how.each, served.environments);
        }
    }
    tell_apart(served.environments);
    return served;
}

}  // namespace xgrid::client
