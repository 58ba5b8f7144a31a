// Bytes -> offers, wants and content -> a live exchange; and bytes -> a tree. Nothing may throw,
// hang, keep what it should not, or grow.
//
// An input is messages in a row, each: kind, how (bits 0-1: who says it; bits 2-4: time that passes
// after it; bits 5-7: messages that arrive then), length of the body (two bytes, the least first),
// body. Of the kind 255 the body is a tree's bytes.
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
#include "tests/shared/samples.hpp"

namespace {

using namespace xgrid;
using namespace xgrid::fuzz;

constexpr std::size_t header_bytes = 4;
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

std::string input_of(unsigned char kind, unsigned how, const std::string& body) {
    std::string text(1, static_cast<char>(kind));
    text += static_cast<char>(how);
    text += static_cast<char>(body.size() & 0xFFU);
    text += static_cast<char>(body.size() >> 8U);
    return text + body;
}

void write_seeds(const std::string& folder) {
    int number = 0;
    const auto write = [&](const std::string& bytes) {
        std::ofstream(folder + "/seed-" + std::to_string(number++), std::ios::binary) << bytes;
    };
    for (const Message& message : samples::messages()) {
        const std::vector<std::string> frames = encode(message);
        if (message.index() < Message(Offer{}).index()) continue;
        for (unsigned how : {0U, 1U, 2U, 3U, 0xE1U, 0x93U}) {
            write(input_of(static_cast<unsigned char>(frames[1][0]), how, frames[2]));
        }
    }
    // Of the exchange's own objects, which a first byte below 9 names; packed, in two sizes.
    for (const std::size_t offset : {std::size_t{0}, std::size_t{2'499'000}}) {
        ObjectId id;
        id.bytes[0] = 5;
        const std::size_t bytes = std::min<std::size_t>(2'500'000 - offset, piece_bytes_max);
        const Piece piece{
            .id = id, .size = 2'500'000, .offset = offset, .bytes = std::string(bytes, 'x')};
        const Content content = packed({.run = "run", .turn = 1, .pieces = {piece}});
        const auto kind = static_cast<unsigned char>(Message(content).index());
        for (unsigned how : {1U, 3U, 0xE1U}) write(input_of(kind, how, encode(content)[2]));
    }
    write(input_of(tree_kind, 0,
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
    std::string_view left(reinterpret_cast<const char*>(data), size);
    const std::string version(1, static_cast<char>(protocol_version));
    Exchange exchange;
    while (left.size() >= header_bytes) {
        const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(left[at]); };
        const std::size_t length = byte(2) + 256U * byte(3);
        const unsigned how = byte(1);
        const std::string_view kind = left.substr(0, 1);
        const std::string_view body = left.substr(header_bytes, length);
        left.remove_prefix(header_bytes + body.size());
        if (static_cast<unsigned char>(kind[0]) == tree_kind) {
            check_tree(body);
            continue;
        }
        if (Result<Message> message = decode({version, kind, body})) {
            exchange.hear(std::move(*message), static_cast<Mouth>(how & 3U));
        }
        exchange.deliver(how >> 5U);
        exchange.wait(pauses[(how >> 2U) & 7U]);
    }
    return 0;
}
