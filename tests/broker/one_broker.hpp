// A broker without its loop: what workers and clients say comes from the test.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "broker/broker.hpp"

namespace xgrid::broker {

/// What was sent to that peer, of that kind.
template <class T>
std::vector<T> sent(const Effects& effects, const PeerId& peer) {
    std::vector<T> found;
    for (const Send& send : effects.send) {
        if (const auto* one = std::get_if<T>(&send.message); one != nullptr && send.peer == peer) {
            found.push_back(*one);
        }
    }
    return found;
}

inline Orders orders_in(const Effects& effects, const std::string& session = "worker") {
    const auto orders = sent<Orders>(effects, session + "'s peer");
    REQUIRE(orders.size() == 1);
    return orders[0];
}

/// Of the second run that a broker has.
constexpr std::uint64_t job_of_second = std::uint64_t{1} << 32 | 1;

struct OneBroker {
    Settings settings;
    Broker broker{"token", settings};
    Instant now = Instant() + std::chrono::hours(1);
    std::map<std::string, std::uint64_t> said;  // statuses, by session

    /// The next status of a worker.
    Status status(std::vector<AttemptStatus> attempts = {}, const std::string& session = "worker",
                  std::uint32_t slots = 1) {
        return {.session = session,
                .number = ++said[session],
                .broker = "token",
                .slots = slots,
                .host = session + "'s host",
                .attempts = std::move(attempts)};
    }

    Effects say(const Status& status) {
        return broker.receive(now, status.session + "'s peer", status);
    }

    /// A worker comes that has so many slots.
    Effects come(const std::string& session, std::uint32_t slots) {
        return say(status({}, session, slots));
    }

    Effects submit(const std::string& run, RunSpec spec = {}, const PeerId& client = "client") {
        return broker.receive(now, client, Submit{run, std::move(spec)});
    }

    Effects follow(std::uint64_t have, const PeerId& client = "client") {
        return broker.receive(now, client, Follow{"run", have});
    }

    Effects wait(Duration time) { return broker.advance(now += time); }

    std::size_t slots_of(const std::string& run) const {
        return broker.find_run(run)->live_slots();
    }
};

}  // namespace xgrid::broker
