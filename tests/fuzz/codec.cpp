// Bytes -> frames -> decode; what can be decoded is encoded and decoded again, and said to live
// cores. Nothing may throw, hang or break a rule.
//
// An input is rows (see rows.hpp). How: bit 0, an insider says it; bits 1-3, time that passes after
// it.
//
//   fuzz_codec --seeds FOLDER    writes what to begin with, from tests/shared/samples.hpp
#include <array>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/conversation.hpp"
#include "tests/fuzz/rows.hpp"
#include "tests/shared/samples.hpp"

namespace {

using namespace xgrid;
using namespace xgrid::fuzz;

// Beyond leases, and short of them.
constexpr std::array<Duration, 8> pauses = {
    Duration(0),
    Duration(1),
    std::chrono::milliseconds(5),
    std::chrono::milliseconds(250),
    std::chrono::seconds(1),
    std::chrono::seconds(11),
    std::chrono::seconds(61),
    std::chrono::hours(200),
};

constexpr std::uint8_t insider = 1;
constexpr std::uint8_t then_5_ms = 2 << 1;

Message facts(std::vector<Fact> facts, std::uint64_t job = 0) {
    return Status{.slots = 2, .attempts = {{{job, 1}, 0, std::move(facts)}}};
}

void write(const std::string& folder, const std::string& name, const std::string& bytes) {
    std::ofstream(folder + "/" + name, std::ios::binary) << bytes;
}

void write_seeds(const std::string& folder) {
    for (const Message& message : samples::messages()) {
        const std::string kind = std::to_string(message.index());
        write(folder, "stranger-" + kind, row_of(message, 0));
        write(folder, "insider-" + kind, row_of(message, insider));
    }
    // A run as it should be, up to some end.
    const TestName a{"a"};
    const TestName b{"b"};
    std::string told = row_of(Submit{.spec = {.slots = 2}}, insider);
    for (const Message& message :
         {facts({}), facts({SlotBegan{}, UnitsNamed{{"x", "y"}}}), facts({Ended{}}),
          facts({TestsFound{{a, b}}, Started{0}, Finished{0}}), facts({GaveBack{1, {1}}})}) {
        told += row_of(message, insider | then_5_ms);
    }
    const auto ended = [](End end) { return facts({Ended{.end = end}}); };
    for (const End end : {End::done, End::returned, End::crashed, End::refused, End::gone}) {
        write(folder, "run-" + std::to_string(static_cast<int>(end)),
              told + row_of(ended(end), insider | then_5_ms) +
                  row_of(ended(End::done), insider | then_5_ms) + row_of(Follow{}, insider));
    }
    write(folder, "cancel", told + row_of(Cancel{}, insider));
    write(folder, "lost", told + row_of(Follow{}, insider | (5 << 1)));
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* count, char*** words) {
    if (*count == 3 && std::string_view((*words)[1]) == "--seeds") {
        write_seeds((*words)[2]);
        std::exit(0);
    }
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Conversation conversation;
    for (const Row& row : rows_of(data, size)) {
        if (Result<Message> message = row.message()) {
            check_round_trip(*message);
            conversation.hear(std::move(*message),
                              (row.how & insider) != 0 ? Voice::insider : Voice::stranger);
        }
        conversation.wait(pauses[(row.how >> 1U) & 7U]);
    }
    return 0;
}
