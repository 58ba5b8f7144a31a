#include "worker/loop.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <set>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "shared/codec.hpp"
#include "shared/process.hpp"
#include "shared/signals.hpp"
#include "shared/socket.hpp"
#include "worker/listen.hpp"
#include "worker/slots.hpp"
#include "worker/trees.hpp"
#include "worker/worker.hpp"

namespace xgrid::worker {
namespace {

// Slots speak at each test: they are listened to at most so often, which costs less than each word
// alone.
constexpr Duration listen_pause = std::chrono::milliseconds(2);
constexpr Duration leave_limit = std::chrono::seconds(4);
constexpr auto descendants_grace = std::chrono::milliseconds(500);

Instant now() { return std::chrono::steady_clock::now(); }

std::string host_name() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

class Loop {
public:
    explicit Loop(const Options& options)
        : signals_({SIGTERM, SIGINT, SIGHUP}),
          core_({.session = random_token(),
                 .host = options.name.empty() ? host_name() : options.name,
                 .slots = options.slots,
                 .labels = options.labels}) {
        // A slow start: the interpreter's is the longest, and goes first.
        if (options.warm) slots_.warm(*options.warm);
        raise_descriptor_limit();
        broker_.emplace(context_.emplace(), options.broker);
        trees_.emplace(*context_, SyncSettings{.broker = options.broker,
                                               .cache = options.cache,
                                               .cache_bytes_max = options.cache_bytes_max,
                                               .pack = options.pack,
                                               .at_home = options.embedded});
    }

    void run() {
        Instant leave_by = never;
        while (true) {
            const Instant time = now();
            if (leave_by == never && asked_to_leave()) {
                leave_by = time + leave_limit;
                carry_out(core_.leave(time));
            }
            if (time >= leave_by || (leave_by != never && core_.empty())) return;
            listen(time);
            hear_broker();
            carry_out(core_.advance(now()));
            wait(leave_by);
        }
    }

private:
    bool asked_to_leave() { return signals_.next().has_value(); }

    void listen(Instant time) {
        hear_trees(time);
        if (time < listen_at_) return;
        for (const auto& [slot, report] : slots_.collect(time)) {
            carry_out(core_.report(time, slot, report));
            listen_at_ = time + listen_pause;
        }
    }

    void hear_trees(Instant time) {
        if (trees_->empty()) return;
        Trees::News news = trees_->collect();
        for (const WarmKey& key : news.soon) slots_.warm(key);
        for (const auto& [slot, report] : news.reports) carry_out(core_.report(time, slot, report));
        for (const Command& command : news.commands) slots_.perform(time, command);
        trees_->keep_only(core_.runs());
    }

    void hear_broker() {
        while (const std::optional<Received> received = broker_->receive()) {
            Result<Message> message = decode(received->views());
            if (message) carry_out(core_.receive(now(), *message));
        }
    }

    void carry_out(const Effects& effects) {
        for (const Command& command : effects.commands) {
            for (const Command& due : trees_->pass(command)) slots_.perform(now(), due);
        }
        for (const Message& message : effects.send) broker_->send(encode(message));
        for (const std::string& refusal : effects.refusals) {
            fmt::print(stderr, "xgrid worker: the broker refuses: {}\n", refusal);
        }
    }

    void wait(Instant leave_by) {
        std::vector<zmq::pollitem_t> items = {broker_->poll_item(),
                                              {nullptr, signals_.descriptor(), ZMQ_POLLIN, 0},
                                              {nullptr, trees_->descriptor(), ZMQ_POLLIN, 0}};
        Instant until = std::min({core_.next_deadline(), slots_.next_deadline(), leave_by});
        if (now() < listen_at_) {
            until = std::min(until, listen_at_);
        } else {
            for (const auto& [descriptor, write] : slots_.watched()) {
                const short events = write ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN;
                items.push_back({nullptr, descriptor, events, 0});
            }
        }
        wait_for(items, until == never ? std::chrono::hours(1) : until - now());
    }

    Signals signals_;
    Slots slots_;
    std::optional<Context> context_;
    std::optional<Dealer> broker_;
    std::optional<Trees> trees_;
    Worker core_;
    Instant listen_at_;
};

}  // namespace

int run(const Options& options) {
    if (options.listen) return listen(options);
    adopt_orphans();
    Loop(options).run();
    end_descendants(descendants_grace);
    return 0;
}

}  // namespace xgrid::worker
