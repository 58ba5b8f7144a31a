// What our messages cost on top of ZeroMQ: a worker says a status with one result and hears orders,
// beside a bare ROUTER that answers a DEALER with as many bytes in one frame. Both go over the same
// kind of socket in the same minute, turn about. Credit is how many statuses are under way: 1 is a
// slot that waits for each answer, 16 a worker with many slots.
//
// The time is of 2,000 statuses and their orders. "ratio" is our time over that of bare ZeroMQ.
#include <chrono>
#include <string>
#include <thread>
#include <unistd.h>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "shared/codec.hpp"
#include "shared/ensure.hpp"
#include "shared/socket.hpp"

namespace {

using namespace xgrid;

constexpr int messages_per_turn = 2'000;

const Message said = Status{
    .session = "0123456789abcdef",
    .number = 1'000,
    .broker = "fedcba9876543210",
    .slots = 4,
    .host = "build-17",
    .runs = {"0123456789abcdef01234567"},
    .attempts = {{{70'000, 1}, 0, {Finished{0, {.seconds = {0.000123, 0.004567, 0.000089}}}}}}};
const Message answered =
    Orders{.broker = "fedcba9876543210",
           .session = "0123456789abcdef",
           .number = 2'000,
           .runs = {{.run = "0123456789abcdef01234567", .slots = {"gw0"}}},
           .attempts = {{.id = {70'001, 1},
                         .run = "0123456789abcdef01234567",
                         .slot = "gw0",
                         .body = JobBody{.unit = "tests/package/test_module_17.py"}}}};

std::size_t bytes(const Message& message) {
    std::size_t total = 0;
    for (const std::string& frame : encode(message)) total += frame.size();
    return total;
}

std::string endpoint(const char* name) { return fmt::format("ipc://@xgrid-{}-{}", name, getpid()); }

void wait_to_read(zmq::pollitem_t item) {
    std::vector<zmq::pollitem_t> items = {item};
    wait_for(items, std::chrono::hours(1));
}

Message decoded(const Received& received) {
    Result<Message> message = decode(received.views());
    ensure(static_cast<bool>(message), "what was sent can be decoded");
    return *message;
}

// As in the loops of broker and worker.
class Ours {
public:
    Ours() : dealer_(context_, endpoint("ours")) {
        while (!dealer_.send(encode(said))) std::this_thread::yield();
        hear();
    }
    Ours(const Ours&) = delete;
    Ours& operator=(const Ours&) = delete;
    ~Ours() {
        dealer_.send(encode(Cancel{}));
        relay_.join();
    }

    void say() { ensure(dealer_.send(encode(said)), "the connection stays"); }
    void hear() {
        while (true) {
            if (std::optional<Received> received = dealer_.receive()) {
                benchmark::DoNotOptimize(decoded(*received));
                return;
            }
            wait_to_read(dealer_.poll_item());
        }
    }

private:
    void relay() {
        while (true) {
            const std::optional<Received> received = router_.receive();
            if (!received) {
                wait_to_read(router_.poll_item());
            } else if (!received->frames.empty()) {
                if (std::holds_alternative<Cancel>(decoded(*received))) return;
                router_.send(received->peer, encode(answered));
            }
        }
    }

    Context context_;
    Router router_{context_, endpoint("ours")};
    std::thread relay_{[this] { relay(); }};
    Dealer dealer_;
};

class Bare {
public:
    Bare() {
        dealer_.set(zmq::sockopt::linger, 0);
        dealer_.connect(endpoint("bare"));
        say();
        hear();
    }
    Bare(const Bare&) = delete;
    Bare& operator=(const Bare&) = delete;
    ~Bare() {
        dealer_.send(zmq::message_t(), zmq::send_flags::none);
        relay_.join();
    }

    void say() { dealer_.send(zmq::message_t(bytes_said_), zmq::send_flags::none); }
    void hear() {
        zmq::message_t message;
        ensure(dealer_.recv(message).has_value(), "an answer comes");
    }

private:
    void relay() {
        while (true) {
            zmq::message_t peer;
            zmq::message_t message;
            if (!router_.recv(peer) || !router_.recv(message) || message.size() == 0) return;
            router_.send(peer, zmq::send_flags::sndmore);
            router_.send(zmq::message_t(bytes_answered_), zmq::send_flags::none);
        }
    }
    static zmq::socket_t bound(Context& context) {
        zmq::socket_t router(context, zmq::socket_type::router);
        router.set(zmq::sockopt::linger, 0);
        router.bind(endpoint("bare"));
        return router;
    }

    std::size_t bytes_said_ = bytes(said);
    std::size_t bytes_answered_ = bytes(answered);
    Context context_;
    zmq::socket_t router_ = bound(context_);
    std::thread relay_{[this] { relay(); }};
    zmq::socket_t dealer_{context_, zmq::socket_type::dealer};
};

template <class Connection>
double seconds_of_a_turn(Connection& connection, std::int64_t credit) {
    const auto start = std::chrono::steady_clock::now();
    for (std::int64_t i = 0; i < credit; ++i) connection.say();
    for (std::int64_t i = credit; i < messages_per_turn; ++i) {
        connection.hear();
        connection.say();
    }
    for (std::int64_t i = 0; i < credit; ++i) connection.hear();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void relays(benchmark::State& state) {
    Ours ours;
    Bare bare;
    double with_ours = 0;
    double with_bare = 0;
    for (auto _ : state) {
        const double one = seconds_of_a_turn(ours, state.range(0));
        state.SetIterationTime(one);
        with_ours += one;
        with_bare += seconds_of_a_turn(bare, state.range(0));
    }
    const double messages = static_cast<double>(state.iterations()) * messages_per_turn;
    state.counters["ours/s"] = messages / with_ours;
    state.counters["bare/s"] = messages / with_bare;
    state.counters["ratio"] = with_ours / with_bare;
}

BENCHMARK(relays)
    ->Name("relay/2000 statuses and orders")
    ->ArgName("credit")
    ->Arg(1)
    ->Arg(4)
    ->Arg(16)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond)
    ->MinTime(2);

}  // namespace
