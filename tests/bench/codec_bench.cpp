// What a message costs in bytes and time before any socket sees it. A status with one result is
// what a slot says of a test that takes a while; with a hundred, what it says of fast ones, which
// share a message; orders are what a worker of four slots hears about twice a second.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "shared/codec.hpp"

namespace {

using namespace xgrid;

Message status(std::size_t results) {
    Status status{.session = "0123456789abcdef",
                  .number = 1'000,
                  .broker = "fedcba9876543210",
                  .slots = 4,
                  .host = "build-17",
                  .runs = {"0123456789abcdef01234567"}};
    AttemptStatus& about = status.attempts.emplace_back(AttemptStatus{.id = {70'000, 1}});
    for (std::size_t i = 0; i < results; ++i) {
        about.facts.emplace_back(
            Finished{static_cast<std::uint32_t>(i), {.seconds = {0.000123, 0.004567, 0.000089}}});
    }
    return status;
}

// Two jobs for each slot, one of them new.
Message orders(std::size_t slots) {
    const std::string run = "0123456789abcdef01234567";
    Orders orders{.broker = "fedcba9876543210", .session = "0123456789abcdef", .number = 2'000};
    RunOrders& about = orders.runs.emplace_back(RunOrders{.run = run});
    for (std::size_t slot = 0; slot < slots; ++slot) {
        const std::string name = fmt::format("gw{}", slot);
        about.slots.push_back(name);
        orders.attempts.push_back({.id = {100 + slot, 1}, .run = run, .slot = name, .recorded = 9});
        orders.attempts.push_back({.id = {200 + slot, 1}, .run = run, .slot = name});
        orders.attempts.back().body =
            JobBody{.unit = fmt::format("tests/package/test_module_{}.py", slot)};
    }
    return orders;
}

Message message(const benchmark::State& state) {
    return state.range(0) > 0 ? status(static_cast<std::size_t>(state.range(0))) : orders(4);
}

std::int64_t bytes(const std::vector<std::string>& frames) {
    std::size_t total = 0;
    for (const std::string& frame : frames) total += frame.size();
    return static_cast<std::int64_t>(total);
}

// Items are results, or orders for one slot.
void count(benchmark::State& state, const std::vector<std::string>& frames) {
    const std::int64_t items = state.range(0) > 0 ? state.range(0) : 4;
    state.SetItemsProcessed(state.iterations() * items);
    state.SetBytesProcessed(state.iterations() * bytes(frames));
    state.counters["bytes"] = static_cast<double>(bytes(frames));
}

void encodes(benchmark::State& state) {
    const Message said = message(state);
    for (auto _ : state) benchmark::DoNotOptimize(encode(said));
    count(state, encode(said));
}

void decodes(benchmark::State& state) {
    const std::vector<std::string> frames = encode(message(state));
    const std::vector<std::string_view> views(frames.begin(), frames.end());
    for (auto _ : state) benchmark::DoNotOptimize(decode(views));
    count(state, frames);
}

void kinds(benchmark::internal::Benchmark* about) {
    about->ArgName("results")->Arg(1)->Arg(100)->Arg(0);  // 0: orders
}

BENCHMARK(encodes)->Name("codec/encode")->Apply(kinds);
BENCHMARK(decodes)->Name("codec/decode")->Apply(kinds);

}  // namespace

BENCHMARK_MAIN();
