// Messages as bytes, and back. Owns the format's limits; knows nothing of sockets.
//
// A message is three frames: version (one byte), kind (one byte: the place in Message), body
// (MessagePack). A struct is an array of its fields in order; a variant is [place, value]; an
// optional is nil or the value; an enumerator is its number. Decoding is total: any bytes give a
// message or an error, and no more memory is taken than the limits below allow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/dialling.hpp"
#include "shared/messages.hpp"
#include "shared/result.hpp"
#include "shared/topics.hpp"

namespace xgrid {

/// A body that is longer is refused by the receiver, and by the transport before it is read.
constexpr std::size_t body_bytes_max = std::size_t{16} * 1024 * 1024;
/// Senders fill messages to about this much, so that even one large entry on top fits into the
/// limit.
constexpr std::size_t batch_bytes = std::size_t{1024} * 1024;
constexpr std::size_t items_max = 200'000;  // of one array or map
constexpr std::size_t depth_max = 24;
/// The items of all arrays and maps of one message take no more memory than this. A full batch of
/// the smallest facts takes a tenth of it.
constexpr std::size_t decoded_bytes_max = std::size_t{256} * 1024 * 1024;

std::vector<std::string> encode(const Message& message);

/// Error: what is wrong with the bytes. Frames after the third are left alone.
Result<Message> decode(const std::vector<std::string_view>& frames);

/// Two frames before those of its message: the topic, and the number as eight bytes, the highest
/// first.
std::vector<std::string> encode(const Publication& publication);
Result<Publication> decode_publication(const std::vector<std::string_view>& frames);
/// Likewise; their kinds begin with this.
constexpr std::uint8_t dial_kinds = 64;
std::vector<std::string> encode_dial(const DialMessage& message);
Result<DialMessage> decode_dial(const std::vector<std::string_view>& frames);

/// Which kind of message the frames say that they are; none: they are no message.
std::optional<std::uint8_t> message_kind(const std::vector<std::string_view>& frames);

}  // namespace xgrid
