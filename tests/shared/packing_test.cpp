#include "shared/packing.hpp"

#include <string>
#include <vector>
#include <zstd.h>

#include <doctest/doctest.h>
#include <fmt/format.h>

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

std::string frame_of(const std::string& plain, bool tells_size = true) {
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, tells_size ? 1 : 0);
    std::string frame(ZSTD_compressBound(plain.size()), '\0');
    frame.resize(ZSTD_compress2(context, frame.data(), frame.size(), plain.data(), plain.size()));
    ZSTD_freeCCtx(context);
    return frame;
}

// Why a frame of one piece of so many bytes is refused; empty: it is not.
std::string refusal(const std::string& frame, std::uint64_t bytes) {
    Content content{.run = "run", .packed = frame};
    for (; bytes > piece_bytes_max; bytes -= piece_bytes_max) {
        content.pieces.push_back({.size = piece_bytes_max});
    }
    content.pieces.push_back({.size = bytes});
    Result<std::vector<Piece>> pieces = pieces_of(content);
    return pieces ? "" : pieces.error();
}

}  // namespace

TEST_CASE("packed pieces come out as they went in, and all else stays") {
    const std::string large = code(20'000);
    REQUIRE(large.size() > piece_bytes_max);
    Content content = content_of({piece_of(code(40)), piece_of(""), piece_of(code(41), 9)});
    SUBCASE("several") {}
    SUBCASE("one alone") { content.pieces.resize(1); }
    SUBCASE("one within an object") {
        content.pieces.push_back({.id = object_id(ObjectKind::blob, large),
                                  .size = 2 * piece_bytes_max,
                                  .offset = 7,
                                  .bytes = large.substr(0, piece_bytes_max)});
    }
    content.lacking = {object_id(ObjectKind::blob, "lost")};
    content.stored = {object_id(ObjectKind::blob, "there")};
    content.last = true;
    content.why = "why";
    Content sent = packed(content);
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
        content.pieces = std::vector(5, piece_of(std::string(piece_bytes_max, 'a')));
    }
    SUBCASE("a piece that is shorter than it could be") {
        content.pieces = {piece_of(code(100))};
        ++content.pieces[0].size;
    }
    SUBCASE("a piece that cannot be") {
        content.pieces = {piece_of(code(100))};
        content.pieces[0].offset = content.pieces[0].size + 1;
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
    const Content content = content_of(std::vector(4, piece_of(std::string(piece_bytes_max, 'a'))));
    const Content sent = packed(content);
    REQUIRE(!sent.packed.empty());
    CHECK(*pieces_of(sent) == content.pieces);
    const std::string bomb = frame_of(std::string(unpacked_bytes_max + 1, 'a'));
    CHECK(bomb.size() < 1000);
    CHECK(refusal(bomb, unpacked_bytes_max + 1) == "a frame of more than there may be");
}

TEST_CASE("a frame that says to hold more than memory has is refused before memory is taken") {
    // A single segment, with eight bytes of size.
    std::string frame = std::string("\x28\xb5\x2f\xfd\xe0", 5) + std::string(7, '\xff') + '\x7f';
    frame += std::string("\x01\x00\x00", 3);  // an empty last block
    CHECK(refusal(frame, 1) == "a frame of more than there may be");
}

TEST_CASE("a frame that holds less, or more, than it says is damaged") {
    for (const unsigned char size : {0, 5, 127}) {
        // A single segment of a raw block of 10 bytes, with one byte of size.
        std::string frame("\x28\xb5\x2f\xfd\x20", 5);
        frame += static_cast<char>(size);
        frame += std::string("\x51\x00\x00", 3) + "0123456789";
        CHECK(refusal(frame, size) == "a damaged frame");
    }
}

TEST_CASE("what is no single frame of a known size is refused") {
    const std::string text = code(50);
    const std::string good = frame_of(text);
    REQUIRE(refusal(good, text.size()).empty());
    CHECK(refusal(good, text.size() + 1) == "a frame of another size than its pieces");
    CHECK(refusal(good, 0) == "a frame of another size than its pieces");
    CHECK(refusal("packed", 1) == "not a frame of zstd");
    CHECK(refusal(good + "x", text.size()) == "less than a frame, or more");
    CHECK(refusal(good + good, text.size()) == "less than a frame, or more");
    CHECK(refusal(good.substr(1), text.size()) == "not a frame of zstd");
    CHECK(refusal(std::string("\x50\x2a\x4d\x18\x01\x00\x00\x00z", 9), 0) == "not a frame of zstd");
    CHECK(refusal(frame_of(text, false), text.size()) == "a frame that does not tell its size");
    for (std::size_t bytes = 1; bytes < good.size(); ++bytes) {
        CAPTURE(bytes);
        REQUIRE_FALSE(refusal(good.substr(0, bytes), text.size()).empty());
    }
}

TEST_CASE("packed pieces have no bytes of their own, and are such as can be") {
    const Content sent = packed(content_of({piece_of(code(50)), piece_of(code(9))}));
    REQUIRE(!sent.packed.empty());
    Content wrong = sent;
    wrong.pieces[1].bytes = "a";
    CHECK_FALSE(pieces_of(wrong));
    wrong = sent;
    wrong.pieces[1].offset = ~std::uint64_t{0};
    CHECK_FALSE(pieces_of(wrong));
    wrong = sent;
    wrong.pieces[1].size = ~std::uint64_t{0};
    CHECK_FALSE(pieces_of(wrong));
    wrong = sent;
    wrong.pieces.clear();
    CHECK_FALSE(pieces_of(wrong));
}

TEST_CASE("a frame with any damage is refused, or holds as many bytes") {
    const Content good = packed(content_of({piece_of(code(30)), piece_of(code(3))}));
    REQUIRE(!good.packed.empty());
    const Content plain = content_of({piece_of(code(30)), piece_of(code(3))});
    simulation::Random random(3);
    for (int i = 0; i < 20'000; ++i) {
        Content content = good;
        for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
            content.packed[random.below(content.packed.size())] =
                static_cast<char>(random.below(256));
        }
        Result<std::vector<Piece>> pieces = pieces_of(content);
        if (!pieces) continue;
        REQUIRE(pieces->size() == 2);
        REQUIRE((*pieces)[0].bytes.size() == plain.pieces[0].bytes.size());
        REQUIRE((*pieces)[1].bytes.size() == plain.pieces[1].bytes.size());
    }
}
