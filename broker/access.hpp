// The keys of a broker that asks for them: the guard with its files, its gate and its log. Says
// what is to be done; decides nothing itself.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "broker/audit.hpp"
#include "broker/guard.hpp"
#include "broker/key_store.hpp"
#include "shared/curve.hpp"
#include "shared/notices.hpp"
#include "shared/socket.hpp"

namespace xgrid::broker {

class Access {
public:
    /// How late it may be seen that the list of keys has changed.
    static constexpr Duration look_interval = std::chrono::milliseconds(100);

    /// To be made before the sockets that it is for. Throws Fatal: what is wrong with the files.
    Access(Context& context, const std::filesystem::path& folder, LimitRules limits,
           Guard::CountTests open_tests, const Notices& notices);
    Access(const Access&) = delete;
    Access& operator=(const Access&) = delete;
    ~Access() { log(); }

    const CurveKey& secret() const { return secret_; }
    const Guard& guard() const { return guard_; }
    /// As Guard::own().
    void own(const Guard::Now& now, const std::string& run, const std::string& user) {
        guard_.own(now, run, user);
    }

    /// As Guard::limit().
    void limit(LimitRules limits) { guard_.limit(std::move(limits)); }

    /// Answers those who want in.
    void answer(const Guard::Now& now) {
        now_ = now;
        gate_.answer();
    }
    zmq::pollitem_t poll_item() { return gate_.poll_item(); }

    bool greets(const Guard::Now& now, const Received& received);
    Guard::Verdict hear(const Guard::Now& now, const Received& received, Message& message,
                        const std::function<bool(const std::string& run)>& is_open);

    /// To be called when next_look() has passed, and before others are heard: who is cut off.
    Guard::Cut look(const Guard::Now& now);
    Instant next_look() const { return look_at_; }

private:
    static Guard::From from_of(const Received& received) {
        return {received.peer, received.key, received.address};
    }
    void log();

    const Notices& notices_;
    KeyStore store_;
    CurveKey secret_{};
    Audit audit_;
    Guard guard_;
    Guard::Now now_;  // the last that was told
    Gate gate_;
    Instant look_at_{};
    std::string trouble_;  // with the list; said once
};

}  // namespace xgrid::broker
