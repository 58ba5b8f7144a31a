#include "client/environments.hpp"

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
    if (spec.reach == Reach::socket) return "socket=";
    if (spec.reach == Reach::broker || !spec.labels.empty()) return "label:";
    if (!spec.via.empty()) return "via=";
    if (!spec.id.empty()) return "id=";
    if (spec.python.size() > 1) return "python= with arguments";
    return nullptr;
}

LocalSlots local(const XSpec& spec, const std::string& interpreter) {
    return {.slots = spec.count * spec.slots.value_or(1),
            .interpreter = spec.python.empty() ? interpreter : spec.python[0],
            .variables = spec.variables,
            .nice = spec.nice.value_or(0),
            .chdir = spec.chdir};
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

Result<LocalSlots> serve(const Environments& asked, const std::string& interpreter) {
    if (!asked.proxies.empty()) return not_available("--px", asked.proxies.front().text);
    LocalSlots all;
    for (const XSpec& spec : asked.environments) {
        if (const char* part = missing(spec)) return not_available(part, spec.text);
        LocalSlots one = local(spec, interpreter);
        if (&spec == &asked.environments.front()) {
            all = one;
            continue;
        }
        const std::uint32_t slots = all.slots + one.slots;
        one.slots = all.slots;
        if (one != all) {
            return not_available(
                fmt::format("an environment unlike '{}'", asked.environments.front().text),
                spec.text);
        }
        all.slots = slots;
    }
    if (all.slots > environments_most) {
        return Error{fmt::format("{} slots are more than {}", all.slots, environments_most)};
    }
    return all;
}

}  // namespace xgrid::client
