#include "shared/codec.hpp"

#include <array>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/shared/samples.hpp"

using namespace xgrid;

namespace {

std::vector<std::string_view> views(const std::vector<std::string>& frames) {
    return {frames.begin(), frames.end()};
}

std::string hex(const std::string& bytes) {
    std::string text;
    for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    return text;
}

// A body of our own making, in frames of that kind.
Result<Message> decode_body(std::size_t kind, const std::string& body, int version = 1) {
    return decode(views({std::string(1, static_cast<char>(version)),
                         std::string(1, static_cast<char>(kind)), body}));
}

const std::array golden = {
#include "tests/shared/golden.inc"
};

}  // namespace

TEST_CASE("every message arrives as it was sent") {
    for (const Message& message : samples::messages()) {
        Result<Message> decoded = decode(views(encode(message)));
        REQUIRE(decoded);
        CHECK((*decoded == message));
    }
}

TEST_CASE("the bytes of protocol version 1 do not change") {
    const std::vector<Message> messages = samples::messages();
    REQUIRE(messages.size() == std::variant_size_v<Message>);
    REQUIRE(messages.size() == golden.size());
    for (std::size_t kind = 0; kind < messages.size(); ++kind) {
        const std::vector<std::string> frames = encode(messages[kind]);
        CHECK(hex(frames[0]) == "01");
        CHECK(hex(frames[1]) == fmt::format("{:02x}", kind));
        CHECK(hex(frames[2]) == golden[kind]);
    }
}

TEST_CASE("fields that are missing at the end have their defaults") {
    // [ "run" ], where a follow has three fields
    Result<Message> decoded = decode_body(Message(Follow{}).index(), "\x91\xa3run");
    REQUIRE(decoded);
    CHECK((*decoded == Message(Follow{.run = "run", .have = 0})));
}

TEST_CASE("fields that a later version adds are left alone") {
    // [ "run", 7, 0, {}, "new" ]
    Result<Message> decoded =
        decode_body(Message(Follow{}).index(), std::string("\x95\xa3run\x07\x00\x80\xa3new", 12));
    REQUIRE(decoded);
    CHECK((*decoded == Message(Follow{.run = "run", .have = 7})));
}

TEST_CASE("another version is refused, and the text names both") {
    Result<Message> decoded = decode_body(0, "\x90", 2);
    REQUIRE(!decoded);
    CHECK(decoded.error().find("version 2") != std::string::npos);
    CHECK(decoded.error().find("only 1") != std::string::npos);
}

TEST_CASE("an unknown kind, place or enumerator is an error") {
    CHECK(!decode_body(std::variant_size_v<Message>, "\x90"));
    CHECK(!decode_body(255, "\x90"));
    // progress: [ "", 0, [[99, []]] ]
    CHECK(
        !decode_body(Message(Progress{}).index(), std::string("\x93\xa0\x00\x91\x92\x63\x90", 7)));
    // progress: [ "", 0, [[10, [6]]] ]: a run end that does not exist
    CHECK(!decode_body(Message(Progress{}).index(),
                       std::string("\x93\xa0\x00\x91\x92\x0a\x91\x06", 8)));
    CHECK(decode_body(Message(Progress{}).index(),
                      std::string("\x93\xa0\x00\x91\x92\x0a\x91\x05", 8)));
}

TEST_CASE("numbers that do not fit are an error") {
    // follow: [ "", -1 ]
    CHECK(!decode_body(Message(Follow{}).index(), "\x92\xa0\xff"));
    // status: [ "", 0, "", 2^32 ]
    CHECK(!decode_body(Message(Status{}).index(),
                       std::string("\x94\xa0\x00\xa0\xcf\x00\x00\x00\x01\x00\x00\x00\x00", 13)));
}

TEST_CASE("too few frames are no message") {
    CHECK(!decode({}));
    CHECK(!decode(views({"\x01", "\x00"})));
    CHECK(!decode(views({"\x01\x01", "\x00", "\x90"})));
}

TEST_CASE("a message that is cut off is an error, at every length") {
    for (const Message& message : samples::messages()) {
        std::vector<std::string> frames = encode(message);
        while (!frames[2].empty()) {
            frames[2].pop_back();
            CHECK(!decode(views(frames)));
        }
    }
}

TEST_CASE("something behind the body is an error") {
    std::vector<std::string> frames = encode(Message(Follow{"run", 1}));
    frames[2] += '\x01';
    CHECK(!decode(views(frames)));
}

TEST_CASE("a damaged byte gives an error or another message, and never throws") {
    std::size_t errors = 0;
    for (const Message& message : samples::messages()) {
        const std::vector<std::string> frames = encode(message);
        for (std::size_t at = 0; at < frames[2].size(); ++at) {
            for (const int change : {0x01, 0x10, 0x80, 0xFF}) {
                std::vector<std::string> damaged = frames;
                damaged[2][at] = static_cast<char>(damaged[2][at] ^ change);
                errors += decode(views(damaged)) ? 0 : 1;
            }
        }
    }
    CHECK(errors > 100);
}

TEST_CASE("a few bytes that promise a huge array, map or text are refused at once") {
    for (const char* bomb : {"\xdd\xff\xff\xff\xff", "\xdf\xff\xff\xff\xff", "\xdb\xff\xff\xff\xff",
                             "\xdd\x00\x10\x00\x00"}) {
        CHECK(!decode_body(Message(Follow{}).index(), std::string(bomb, 5)));
    }
    CHECK(!decode_body(Message(Follow{}).index(), std::string(1000, '\x91') + "\x90"));  // nested
}

TEST_CASE("a message of tiny items is refused before it takes gigabytes") {
    // status: [ "", 0, "", 0, "", {}, [], [[[0, 0], 0, [[4, [0, [0, [0, 0, 0], false,
    // [[phases]]]]]]] ] with 200,000 empty phases in each of 10 facts: 2 MB, and 500 MB once
    // decoded
    const std::string phases =
        std::string("\xdd\x00\x03\x0d\x40", 5) + std::string(200'000, '\x90');
    const std::string fact =
        std::string("\x92\x04\x92\x00\x94\x00\x93\x00\x00\x00\xc2\x91", 12) + phases;
    const auto status = [&](std::size_t facts) {
        std::string body("\x98\xa0\x00\xa0\x00\xa0\x80\x90\x91\x93\x92\x00\x00\x00", 14);
        body += static_cast<char>(0x90 + facts);
        for (std::size_t i = 0; i < facts; ++i) body += fact;
        return decode_body(Message(Status{}).index(), body);
    };
    CHECK(status(1));
    CHECK(!status(10));
}

TEST_CASE("texts may hold any bytes") {
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
    Result<Message> decoded = decode(views(encode(Message(Refusal{bytes}))));
    REQUIRE(decoded);
    CHECK((*decoded == Message(Refusal{bytes})));
}
