// Bytes -> offers, wants and content -> a live exchange; and bytes -> a tree. Nothing may throw,
// hang, keep what it should not, or grow.
//
// An input is rows (see rows.hpp). How: bits 0-1, who says it; bits 2-4, time that passes after it;
// bits 5-7, messages that arrive then. Of the kind 255 the body is a tree's bytes.
//
//   fuzz_content --seeds FOLDER    writes what to begin with
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "shared/codec.hpp"
#include "shared/packing.hpp"
#include "shared/tree.hpp"
#include "tests/fuzz/exchange.hpp"
#include "tests/fuzz/rows.hpp"
#include "tests/shared/samples.hpp"

namespace {

using namespace xgrid;
using namespace xgrid::fuzz;

constexpr unsigned char tree_kind = 255;
constexpr std::array<Duration, 8> pauses = {
    Duration(0),
    Duration(1),
    std::chrono::milliseconds(5),
    std::chrono::seconds(1),
    std::chrono::seconds(11),
    std::chrono::seconds(61),
    std::chrono::seconds(121),
    std::chrono::hours(200),
};

void write_seeds(const std::string& folder) {
    int number = 0;
    const auto write = [&](const std::string& bytes) {
        std::ofstream(folder + "/seed-" + std::to_string(number++), std::ios::binary) << bytes;
    };
    for (const Message& message : samples::messages()) {
        if (message.index() < Message(Offer{}).index()) continue;
        for (const std::uint8_t how : {0, 1, 2, 3, 0xE1, 0x93}) write(row_of(message, how));
    }
    // Of the exchange's own objects, which a first byte below 9 names; packed, in two sizes.
    for (const std::size_t offset : {std::size_t{0}, std::size_t{2'499'000}}) {
        ObjectId id;
        id.bytes[0] = 5;
        const std::size_t bytes = std::min<std::size_t>(2'500'000 - offset, piece_bytes_max);
        const Piece piece{
            .id = id, .size = 2'500'000, .offset = offset, .bytes = std::string(bytes, 'x')};
        const Content content = packed({.run = "run", .turn = 1, .pieces = {piece}});
        for (const std::uint8_t how : {1, 3, 0xE1}) write(row_of(content, how));
    }
    write(row_of(tree_kind, 0,
                 encode_tree({{"a", EntryKind::file, {}}, {"b", EntryKind::folder, {}}})));
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
    Exchange exchange;
    for (const Row& row : rows_of(data, size)) {
        if (static_cast<unsigned char>(row.kind[0]) == tree_kind) {
            check_tree(row.body);
            continue;
        }
        if (Result<Message> message = row.message()) {
            exchange.hear(std::move(*message), static_cast<Mouth>(row.how & 3U));
        }
        exchange.deliver(row.how >> 5U);
        exchange.wait(pauses[(row.how >> 2U) & 7U]);
    }
    return 0;
}
