// Messages in a row, as inputs of fuzzers have them, each: kind, how (what else the fuzzer has to
// decide), length of the body (two bytes, the least first), body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/codec.hpp"

namespace xgrid::fuzz {

constexpr std::size_t row_header_bytes = 4;

inline std::string row_of(unsigned char kind, std::uint8_t how, const std::string& body) {
    std::string text(1, static_cast<char>(kind));
    text += static_cast<char>(how);
    text += static_cast<char>(body.size() & 0xFFU);
    text += static_cast<char>(body.size() >> 8U);
    return text + body;
}

inline std::string row_of(const Message& message, std::uint8_t how) {
    const std::vector<std::string> frames = encode(message);
    return row_of(static_cast<unsigned char>(frames[1][0]), how, frames[2]);
}

struct Row {
    std::string_view kind;  // one byte
    std::uint8_t how = 0;
    std::string_view body;

    Result<Message> message() const {
        const std::string version(1, static_cast<char>(protocol_version));
        return decode({version, kind, body});
    }
};

/// The last one's body may be shorter than it says; what is too short for a header is none.
inline std::vector<Row> rows_of(const std::uint8_t* data, std::size_t size) {
    std::vector<Row> rows;
    std::string_view left(reinterpret_cast<const char*>(data), size);
    while (left.size() >= row_header_bytes) {
        const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(left[at]); };
        const std::size_t length = byte(2) + 256U * byte(3);
        rows.push_back({.kind = left.substr(0, 1),
                        .how = byte(1),
                        .body = left.substr(row_header_bytes, length)});
        left.remove_prefix(row_header_bytes + rows.back().body.size());
    }
    return rows;
}

}  // namespace xgrid::fuzz
