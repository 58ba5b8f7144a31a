// What the fuzzer of content does for hours, for a second and from a fixed seed.
#include "tests/fuzz/exchange.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "shared/codec.hpp"
#include "shared/packing.hpp"
#include "shared/tree.hpp"
#include "tests/simulation/random.hpp"

using namespace xgrid;
using namespace xgrid::fuzz;

namespace {

using simulation::Random;

constexpr std::size_t exchanges = 60;
constexpr std::size_t messages_per_exchange = 60;
constexpr std::size_t trees = 20'000;

ObjectId draw_id(Random& random) {
    ObjectId id;
    id.bytes[0] = static_cast<std::uint8_t>(random.below(9));
    return id;
}

std::uint64_t draw_number(Random& random) {
    switch (random.below(5)) {
        case 0: return 0;
        case 1: return random.below(4);
        case 2: return 2'500'000;
        case 3: return std::uint64_t{1} << random.below(64);
        default: return ~std::uint64_t{0} - random.below(3);
    }
}

ObjectKind draw_kind(Random& random) {
    return random.chance(0.5) ? ObjectKind::tree : ObjectKind::blob;
}

void damage(Random& random, std::string& bytes) {
    if (bytes.empty()) return;
    const std::size_t at = random.below(bytes.size());
    switch (random.below(4)) {
        case 0: bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8))); return;
        case 1: bytes[at] = "\0 /.4"[random.below(5)]; return;
        case 2: bytes.insert(at, 1, static_cast<char>(random.below(256))); return;
        default: bytes.erase(at, 1 + random.below(40)); return;
    }
}

// Of the one object of an exchange that is worth packing.
Piece end_of_large() {
    Piece piece{.size = 2'500'000, .offset = 2'499'000, .bytes = std::string(1'000, 'x')};
    piece.id.bytes[0] = 5;
    return piece;
}

Message draw(Random& random) {
    if (random.chance(0.05)) return Offer{"run", random.chance(0.5)};
    if (random.chance(0.5)) {
        Want want{.run = random.chance(0.9) ? "run" : "other", .turn = draw_number(random)};
        want.pack = random.chance(0.5);
        for (std::uint64_t n = random.chance(0.05) ? 300 : random.below(5); n > 0; --n) {
            want.objects.push_back({draw_id(random), draw_kind(random), draw_number(random)});
        }
        return want;
    }
    Content content{.run = "run", .turn = draw_number(random), .last = random.chance(0.5)};
    for (std::uint64_t n = random.below(4); n > 0; --n) {
        const std::size_t bytes = random.chance(0.05) ? piece_bytes_max + 1 : random.below(4);
        content.pieces.push_back({.id = draw_id(random),
                                  .kind = draw_kind(random),
                                  .size = draw_number(random),
                                  .offset = draw_number(random),
                                  .bytes = std::string(bytes, 'a')});
    }
    if (random.chance(0.1)) content.stored.push_back(draw_id(random));
    if (random.chance(0.1)) content.lacking.push_back(draw_id(random));
    if (random.chance(0.3)) content.pieces = {end_of_large()};
    if (random.chance(0.5)) content = packed(std::move(content));
    if (random.chance(0.2)) damage(random, content.packed);
    return content;
}

void play(Random& random) {
    Exchange exchange(random.chance(0.5));
    for (std::size_t i = 0; i < messages_per_exchange; ++i) {
        const auto mouth = static_cast<Mouth>(random.below(4));
        exchange.hear(draw(random), mouth);
        exchange.deliver(random.below(8));
        exchange.wait(random.chance(0.05) ? std::chrono::seconds(11 + random.below(130))
                                          : std::chrono::milliseconds(20));
    }
}

}  // namespace

TEST_CASE("an exchange that nobody disturbs brings the whole tree") {
    for (const bool pack : {false, true}) {
        Exchange exchange(pack);
        exchange.deliver(1'000);
        CHECK(exchange.fetched());
    }
}

TEST_CASE("hostile content breaks no rule of the hub or a fetch") {
    for (std::uint64_t seed = 1; seed <= exchanges; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        REQUIRE_NOTHROW(play(random));
    }
}

TEST_CASE("damaged trees are refused, or are other trees") {
    const std::string good = encode_tree({{"a.py", EntryKind::file, {}},
                                          {"b", EntryKind::executable, {}},
                                          {"c", EntryKind::folder, {}},
                                          {"link", EntryKind::link, {}}});
    Random random(1);
    for (std::size_t i = 0; i < trees; ++i) {
        std::string bytes = good;
        for (std::uint64_t n = 1 + random.below(3); n > 0; --n) damage(random, bytes);
        REQUIRE_NOTHROW(check_tree(bytes));
    }
}
