// The execution environments of a run, from all that names some, and which of them this version can
// serve. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/settings.hpp"
#include "client/xspec.hpp"
#include "shared/messages.hpp"
#include "shared/result.hpp"
#include "shared/token.hpp"

namespace xgrid::client {

struct Environments {
    std::vector<XSpec> environments;
    std::vector<XSpec> proxies;
};

/// Of the settings tx and px, in order; other settings are not looked at. In what is for this
/// machine, paths are relative to where the spec stands. Error: the first spec that is wrong, and
/// where it stands; or what is wrong with all of them together.
Result<Environments> read_environments(const std::vector<Setting>& settings);

/// A machine that slots are had from, by a worker that the client brings about.
struct Host {
    Reach reach = Reach::popen;
    XSpec spec;                  // how it is reached: of the first environment there, or its proxy
    std::vector<XSpec> via;      // hosts of ssh on the way, the one next to us first
    std::uint32_t slots = 0;     // of all environments there
    std::string label;           // what its worker is to have as host_label
    std::optional<Token> token;  // for a worker that listens with keys
    std::optional<bool> pack;    // what travels there; none: if it leaves this machine

    friend bool operator==(const Host&, const Host&) = default;
};

/// Whether ssh leads to it, or on the way there.
inline bool through_ssh(const Host& host) { return host.reach == Reach::ssh || !host.via.empty(); }

/// Which host a worker is on: environments ask for it.
constexpr const char* host_label = "xgrid.host";

struct Served {
    std::vector<Environment> environments;
    std::vector<Host> hosts;

    friend bool operator==(const Served&, const Served&) = default;
};

struct ServeAs {
    std::string interpreter = "python3";  // of environments that name none
    bool each = false;                    // NUM* is so many environments, not slots of one
    bool shared = false;                  // by a broker's workers, which come by themselves
};

/// Environments that are alike are one. What this version cannot serve is an Error that names the
/// spec: this is the only place that says so.
Result<Served> serve(const Environments& asked, const ServeAs& how);

}  // namespace xgrid::client
