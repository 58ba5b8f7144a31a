#include "shared/packing.hpp"

#include <algorithm>
#include <string>
#include <vector>
#include <zstd.h>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "shared/codec.hpp"
#include "tests/simulation/random.hpp"

using namespace xgrid;

namespace {

Piece piece_of(const std::string& bytes, std::uint64_t offset = 0) {
    return {.id = object_id(ObjectKind::blob, bytes),
            .size = offset + bytes.size(),
            .offset = offset,
            .bytes = bytes};
}

std::string code(std::size_t lines) {
    std::string text;
    for (std::size_t i = 0; i < lines; ++i) {
        text += fmt::format("def check_{}(value, count={}): return value * count\n", i, i * i);
    }
    return text;
}

std::string noise(std::size_t bytes, std::uint64_t seed = 1) {
    simulation::Random random(seed);
    std::string text(bytes, '\0');
    for (char& byte : text) byte = static_cast<char>(random.below(256));
    return text;
}

Content content_of(std::vector<Piece> pieces) {
    return {.run = "run", .turn = 7, .pieces = std::move(pieces)};
}

std::string body_of(const Content& content) { return encode(content)[2]; }

std::string frame_of(const std::string& plain, bool tells_size = true) {
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, tells_size ? 1 : 0);
    std::string frame(ZSTD_compressBound(plain.size()), '\0');
    frame.resize(ZSTD_compress2(context, frame.data(), frame.size(), plain.data(), plain.size()));
    ZSTD_freeCCtx(context);
    return frame;
}

// Why a frame is refused; empty: it is not.
std::string refusal(const std::string& frame) {
    const Result<std::vector<Piece>> pieces = pieces_of({.run = "run", .packed = frame});
    return pieces ? "" : pieces.error();
}

}  // namespace

TEST_CASE("packed pieces come out as they went in, and all else stays") {
    Content content = content_of({piece_of(code(40)), piece_of(code(41), 9), piece_of(code(5))});
    content.lacking = {object_id(ObjectKind::blob, "lost")};
    content.stored = {object_id(ObjectKind::blob, "there")};
    content.last = true;
    content.why = "why";
    Content sent = packed(content);
    CHECK(sent.pieces.empty());
    CHECK(sent.packed.size() < bytes_on_the_way(content) / 2);
    CHECK(bytes_on_the_way(sent) == sent.packed.size());
    CHECK(*pieces_of(sent) == content.pieces);
    sent.pieces = content.pieces;
    sent.packed.clear();
    CHECK(sent == content);
}

TEST_CASE("small files that are alike are packed together") {
    std::vector<Piece> pieces;
    std::size_t alone = 0;
    for (int i = 0; i < 50; ++i) {
        pieces.push_back(piece_of(fmt::format("{}# {}\n", code(20), i)));
        alone += bytes_on_the_way(packed(content_of({pieces.back()})));
    }
    CHECK(bytes_on_the_way(packed(content_of(pieces))) < alone / 2);
}

TEST_CASE("what packing does not make smaller stays as it is") {
    Content content = content_of({});
    SUBCASE("no pieces") {}
    SUBCASE("an empty file") { content.pieces = {piece_of("")}; }
    SUBCASE("a few bytes") { content.pieces = {piece_of("a"), piece_of("bc")}; }
    SUBCASE("noise") { content.pieces = {piece_of(noise(300'000)), piece_of(noise(50, 2))}; }
    SUBCASE("mostly noise") { content.pieces = {piece_of(noise(100'000) + code(90))}; }
    SUBCASE("more than is unpacked") {
        content.pieces = {piece_of(std::string(unpacked_bytes_max, 'a'))};
    }
    const Content sent = packed(content);
    CHECK(sent == content);
    CHECK(*pieces_of(sent) == content.pieces);
}

TEST_CASE("packed content is not packed again") {
    const Content once = packed(content_of({piece_of(code(100))}));
    REQUIRE(!once.packed.empty());
    CHECK(packed(once) == once);
}

TEST_CASE("a frame may hold as much as is unpacked, and no more") {
    Content content = content_of({piece_of(std::string(unpacked_bytes_max - 200, 'a'))});
    const Content sent = packed(content);
    REQUIRE(!sent.packed.empty());
    CHECK(*pieces_of(sent) == content.pieces);
    const std::string bomb = frame_of(std::string(unpacked_bytes_max + 1, 'a'));
    CHECK(bomb.size() < 1000);
    CHECK(refusal(bomb) == "a frame of more than there may be");
}

TEST_CASE("a frame that says to hold more than memory has is refused before memory is taken") {
    // A single segment, with eight bytes of size.
    std::string frame = std::string("\x28\xb5\x2f\xfd\xe0", 5) + std::string(7, '\xff') + '\x7f';
    frame += std::string("\x01\x00\x00", 3);  // an empty last block
    CHECK(refusal(frame) == "a frame of more than there may be");
}

TEST_CASE("a frame that holds less, or more, than it says is damaged") {
    for (const char size : {'\x00', '\x05', '\x7f'}) {
        // A single segment of a raw block of 10 bytes, with one byte of size.
        const std::string frame = std::string("\x28\xb5\x2f\xfd\x20", 5) + size +
                                  std::string("\x51\x00\x00", 3) + "0123456789";
        CHECK(refusal(frame) == "a damaged frame");
    }
}

TEST_CASE("what is no single frame of a known size is refused") {
    const std::string good = frame_of(body_of({.pieces = {piece_of(code(50))}}));
    REQUIRE(refusal(good).empty());
    CHECK(refusal("packed") == "not a frame of zstd");
    CHECK(refusal(good + "x") == "less than a frame, or more");
    CHECK(refusal(good + good) == "less than a frame, or more");
    CHECK(refusal(good.substr(1)) == "not a frame of zstd");
    CHECK(refusal(std::string("\x50\x2a\x4d\x18\x01\x00\x00\x00z", 9)) == "not a frame of zstd");
    CHECK(refusal(frame_of(body_of({.pieces = {piece_of(code(50))}}), false)) ==
          "a frame that does not tell its size");
    for (std::size_t bytes = 1; bytes < good.size(); ++bytes) {
        CAPTURE(bytes);
        REQUIRE_FALSE(refusal(good.substr(0, bytes)).empty());
    }
}

TEST_CASE("a frame holds pieces, and nothing else") {
    CHECK(refusal(frame_of("")) == "message damaged");
    CHECK(refusal(frame_of(code(9))) == "message damaged");
    CHECK(refusal(frame_of(body_of({.pieces = {piece_of("a")}}) + "x")) == "message damaged");
    const std::string more = "more than pieces in a frame";
    CHECK(refusal(frame_of(body_of({.run = "run"}))) == more);
    CHECK(refusal(frame_of(body_of({.last = true}))) == more);
    CHECK(refusal(frame_of(body_of({.packed = frame_of("")}))) == more);
    Content both = packed(content_of({piece_of(code(50))}));
    both.pieces = {piece_of("a")};
    CHECK_FALSE(pieces_of(both));
}

TEST_CASE("a frame with any damage is refused, or holds pieces") {
    const std::string good = packed(content_of({piece_of(code(30)), piece_of(code(3))})).packed;
    REQUIRE(!good.empty());
    simulation::Random random(3);
    std::size_t refused = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string frame = good;
        for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
            frame[random.below(frame.size())] = static_cast<char>(random.below(256));
        }
        if (!refusal(frame).empty()) ++refused;
    }
    CHECK(refused > 10'000);
}
