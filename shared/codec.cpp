#include "shared/codec.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "shared/values.hpp"

namespace xgrid {
namespace {

// Where to begin: what grows to a megabyte by doubling is copied, and touches twice the memory.
template <class T>
std::size_t bytes_about(const T& /*message*/) {
    return MSGPACK_SBUFFER_INIT_SIZE;
}
std::size_t bytes_about(const Content& content) {
    constexpr std::size_t bytes_beside = 64;  // of a piece: its id, kind and numbers
    std::size_t bytes = MSGPACK_SBUFFER_INIT_SIZE;
    for (const Piece& piece : content.pieces) bytes += piece.bytes.size() + bytes_beside;
    return bytes;
}

template <class Variant>
std::vector<std::string> encode_as(std::uint8_t first_kind, const Variant& message) {
    msgpack::sbuffer body(std::visit([](const auto& one) { return bytes_about(one); }, message));
    values::Packer out(body);
    std::visit([&](const auto& one) { values::pack(out, one); }, message);
    return {std::string(1, static_cast<char>(protocol_version)),
            std::string(1, static_cast<char>(first_kind + message.index())),
            std::string(body.data(), body.size())};
}

template <class Variant>
Result<Variant> decode_as(std::uint8_t first_kind, const std::vector<std::string_view>& frames) {
    const std::optional<std::uint8_t> kind = message_kind(frames);
    if (!kind) return Error{"not a message of xgrid"};
    const auto version = static_cast<std::uint8_t>(frames[0][0]);
    if (version != protocol_version) {
        return Error{
            fmt::format("protocol version {} is not spoken here, only {}: use the same "
                        "version of xgrid on both sides",
                        version, protocol_version)};
    }
    if (frames[2].size() > body_bytes_max) return Error{"message too long"};
    Variant message;
    const bool taken =
        values::unpack(frames[2], [&](const values::Object& from, values::Room& room) {
            return *kind >= first_kind &&
                   values::take_alternative(std::uint64_t{*kind} - first_kind, from, message, room);
        });
    if (!taken) return Error{"message damaged"};
    return message;
}

}  // namespace

std::optional<std::uint8_t> message_kind(const std::vector<std::string_view>& frames) {
    if (frames.size() < 3 || frames[0].size() != 1 || frames[1].size() != 1) return std::nullopt;
    return static_cast<std::uint8_t>(frames[1][0]);
}

std::vector<std::string> encode(const Message& message) { return encode_as(0, message); }
std::vector<std::string> encode_dial(const DialMessage& message) {
    return encode_as(dial_kinds, message);
}

Result<Message> decode(const std::vector<std::string_view>& frames) {
    return decode_as<Message>(0, frames);
}
Result<DialMessage> decode_dial(const std::vector<std::string_view>& frames) {
    return decode_as<DialMessage>(dial_kinds, frames);
}

std::vector<std::string> encode(const Publication& publication) {
    std::vector<std::string> frames = {publication.topic, ""};
    for (int shift = 56; shift >= 0; shift -= 8) {
        frames[1] += static_cast<char>(publication.number >> shift & 0xFF);
    }
    std::ranges::move(encode(publication.message), std::back_inserter(frames));
    return frames;
}

Result<Publication> decode_publication(const std::vector<std::string_view>& frames) {
    if (frames.size() < 2 || frames[0].size() > topic_bytes_max || frames[1].size() != 8) {
        return Error{"not a publication of xgrid"};
    }
    Publication publication{.topic = std::string(frames[0])};
    for (const char byte : frames[1]) {
        publication.number = publication.number << 8 | static_cast<unsigned char>(byte);
    }
    Result<Message> message = decode({frames.begin() + 2, frames.end()});
    if (!message) return Error{message.error()};
    publication.message = *std::move(message);
    return publication;
}

}  // namespace xgrid
