#include "client/environments.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include <fmt/format.h>

namespace xgrid::client {
namespace {

void locate(XSpec& spec, const Origin& origin) {
    spec.ssh_config = located(spec.ssh_config, origin);
    if (spec.reach != Reach::popen || !spec.via.empty()) return;
    spec.chdir = located(spec.chdir, origin);
    const bool is_path = !spec.python.empty() && spec.python[0].find('/') != std::string::npos;
    if (is_path) spec.python[0] = located(spec.python[0], origin);
}

// The first thing that is not there yet; null: all is.
const char* missing(const XSpec& spec) {
    if (spec.reach == Reach::ssh) return "ssh=";
    if (!spec.via.empty()) return "via=";
    return nullptr;
}

std::string fault_of(const XSpec& spec, bool shared) {
    if (!shared && (spec.reach == Reach::broker || !spec.labels.empty())) {
        return fmt::format("'{}' asks for a broker's workers: name the broker with --broker",
                           spec.text);
    }
    if (shared && (spec.reach == Reach::ssh || spec.reach == Reach::socket)) {
        return fmt::format(
            "'{}' does not go with --broker: start a worker there that joins the broker",
            spec.text);
    }
    return "";
}

Environment environment_for(const XSpec& spec, const ServeAs& how) {
    Environment environment{.name = spec.text,
                            .slots = spec.slots.value_or(1),
                            .slot_name = spec.id,
                            .interpreter = spec.python,
                            .variables = spec.variables,
                            .nice = spec.nice.value_or(0),
                            .labels = spec.labels};
    if (environment.interpreter.empty()) environment.interpreter = {how.interpreter};
    environment.folder = spec.chdir;
    environment.in_place = spec.reach == Reach::popen && spec.chdir.empty() && !how.shared;
    return environment;
}

// The host of that spec, which has so many slots more now.
Host& host_for(const XSpec& spec, std::uint32_t slots, std::vector<Host>& hosts) {
    const auto same = [&](const Host& host) {
        return host.reach == spec.reach && host.spec.ssh == spec.ssh &&
               host.spec.ssh_config == spec.ssh_config && host.spec.host == spec.host &&
               host.spec.port == spec.port && host.spec.via == spec.via;
    };
    auto found = std::ranges::find_if(hosts, same);
    if (found == hosts.end()) {
        hosts.push_back({.reach = spec.reach, .spec = spec});
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

Error not_available(const std::string& what, const std::string& spec) {
    return Error{fmt::format("{} is not available in this version: '{}'", what, spec)};
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
    if (!asked.proxies.empty()) return not_available("--px", asked.proxies.front().text);
    Served served;
    std::uint64_t slots = 0;
    for (const XSpec& spec : asked.environments) {
        if (const std::string fault = fault_of(spec, how.shared); !fault.empty()) {
            return Error{fault};
        }
        if (const char* part = missing(spec)) return not_available(part, spec.text);
        for (std::uint32_t i = 0; i < spec.count; ++i) {
            Environment environment = environment_for(spec, how);
            slots += environment.slots;
            if (slots > environments_most) {
                return Error{fmt::format("more than {} slots are asked for", environments_most)};
            }
            if (!how.shared) {
                environment.labels[host_label] =
                    host_for(spec, environment.slots, served.hosts).label;
            }
            add(std::move(environment), how.each, served.environments);
        }
    }
    tell_apart(served.environments);
    return served;
}

}  // namespace xgrid::client
