#include "shared/codec.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <type_traits>

#include <fmt/format.h>
#include <msgpack.hpp>

namespace xgrid {
namespace {

constexpr std::size_t id_bytes_max = 32;

using Packer = msgpack::packer<msgpack::sbuffer>;

// The largest enumerator of each enumeration that travels.
constexpr Start largest(Start) { return Start::spawn; }
constexpr Grouping largest(Grouping) { return Grouping::group; }
constexpr JobKind largest(JobKind) { return JobKind::finish; }
constexpr Select largest(Select) { return Select::except; }
constexpr Outcome largest(Outcome) { return Outcome::xpassed; }
constexpr Stream largest(Stream) { return Stream::err; }
constexpr End largest(End) { return End::lost; }
constexpr RunEnd largest(RunEnd) { return RunEnd::grid_failed; }
constexpr ObjectKind largest(ObjectKind) { return ObjectKind::tree; }
constexpr Line largest(Line) { return Line::content; }
constexpr Question largest(Question) { return Question::wanted; }
constexpr RunState largest(RunState) { return RunState::over; }
constexpr DialState largest(DialState) { return DialState::ended; }

template <class T>
concept Struct = requires(T& value) {
    value.fields();
};

// ---- Encoding

template <class T>
void pack(Packer& out, const T& value);

template <class T>
requires std::is_arithmetic_v<T>
void pack_one(Packer& out, const T& value) { out.pack(value); }
template <class T>
requires std::is_enum_v<T>
void pack_one(Packer& out, const T& value) {
    out.pack(static_cast<std::underlying_type_t<T>>(value));
}
void pack_one(Packer& out, const std::string& text) {
    // Tests print any bytes; a str need not be UTF-8 for us.
    out.pack_str(static_cast<std::uint32_t>(text.size()));
    out.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
}
template <std::size_t size>
void pack_one(Packer& out, const Id<size>& id) {
    out.pack_bin(size);
    out.pack_bin_body(reinterpret_cast<const char*>(id.bytes.data()), size);
}
template <class T>
void pack_one(Packer& out, const std::vector<T>& items) {
    out.pack_array(static_cast<std::uint32_t>(items.size()));
    for (const T& item : items) pack(out, item);
}
template <class T, std::size_t n>
void pack_one(Packer& out, const std::array<T, n>& items) {
    out.pack_array(n);
    for (const T& item : items) pack(out, item);
}
template <class K, class V>
void pack_one(Packer& out, const std::map<K, V>& items) {
    out.pack_map(static_cast<std::uint32_t>(items.size()));
    for (const auto& [key, value] : items) {
        pack(out, key);
        pack(out, value);
    }
}
template <class A, class B>
void pack_one(Packer& out, const std::pair<A, B>& both) {
    out.pack_array(2);
    pack(out, both.first);
    pack(out, both.second);
}
template <class T>
void pack_one(Packer& out, const std::optional<T>& value) {
    if (value) {
        pack(out, *value);
    } else {
        out.pack_nil();
    }
}
template <class... T>
void pack_one(Packer& out, const std::variant<T...>& value) {
    out.pack_array(2);
    out.pack(value.index());
    std::visit([&](const auto& one) { pack(out, one); }, value);
}
template <Struct T>
void pack_one(Packer& out, const T& value) {
    std::apply(
        [&](const auto&... field) {
            out.pack_array(sizeof...(field));
            (pack(out, field), ...);
        },
        value.fields());
}
template <class T>
void pack(Packer& out, const T& value) {
    pack_one(out, value);
}

// ---- Decoding: each take() is false where the object is not what the field wants

using Object = msgpack::object;

// What the items of a message may still take: one byte of it can stand for hundreds.
struct Room {
    std::size_t bytes = decoded_bytes_max;

    bool takes(std::size_t items, std::size_t item_bytes) {
        if (items > bytes / item_bytes) return false;
        bytes -= items * item_bytes;
        return true;
    }
};

template <class T>
bool take(const Object& from, T& to, Room& room);

template <class T>
requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) bool take_one(const Object& from, T& to,
                                                                          Room&) {
    using Limits = std::numeric_limits<T>;
    if (from.type == msgpack::type::POSITIVE_INTEGER) {
        if (from.via.u64 > static_cast<std::uint64_t>(Limits::max())) return false;
        to = static_cast<T>(from.via.u64);
        return true;
    }
    if (from.type != msgpack::type::NEGATIVE_INTEGER || !std::is_signed_v<T>) return false;
    if (from.via.i64 < static_cast<std::int64_t>(Limits::min())) return false;
    to = static_cast<T>(from.via.i64);
    return true;
}
bool take_one(const Object& from, bool& to, Room&) {
    to = from.type == msgpack::type::BOOLEAN && from.via.boolean;
    return from.type == msgpack::type::BOOLEAN;
}
bool take_one(const Object& from, double& to, Room&) {
    // The packer writes whole numbers as integers, which is shorter.
    switch (from.type) {
        case msgpack::type::FLOAT32:
        case msgpack::type::FLOAT64: to = from.via.f64; return true;
        case msgpack::type::POSITIVE_INTEGER: to = static_cast<double>(from.via.u64); return true;
        case msgpack::type::NEGATIVE_INTEGER: to = static_cast<double>(from.via.i64); return true;
        default: return false;
    }
}
template <class T>
requires std::is_enum_v<T>
bool take_one(const Object& from, T& to, Room& room) {
    std::underlying_type_t<T> number = 0;
    if (!take(from, number, room) || number > static_cast<decltype(number)>(largest(T{})))
        return false;
    to = static_cast<T>(number);
    return true;
}
bool take_one(const Object& from, std::string& to, Room&) {
    if (from.type != msgpack::type::STR) return false;
    to.assign(from.via.str.ptr, from.via.str.size);
    return true;
}
template <std::size_t size>
bool take_one(const Object& from, Id<size>& to, Room&) {
    if (from.type != msgpack::type::BIN || from.via.bin.size != size) return false;
    std::copy_n(from.via.bin.ptr, size, reinterpret_cast<char*>(to.bytes.data()));
    return true;
}
template <class T>
bool take_one(const Object& from, std::vector<T>& to, Room& room) {
    if (from.type != msgpack::type::ARRAY) return false;
    if (!room.takes(from.via.array.size, sizeof(T))) return false;
    to.resize(from.via.array.size);
    for (std::size_t i = 0; i < to.size(); ++i) {
        if (!take(from.via.array.ptr[i], to[i], room)) return false;
    }
    return true;
}
template <class T, std::size_t n>
bool take_one(const Object& from, std::array<T, n>& to, Room& room) {
    if (from.type != msgpack::type::ARRAY || from.via.array.size != n) return false;
    for (std::size_t i = 0; i < n; ++i) {
        if (!take(from.via.array.ptr[i], to[i], room)) return false;
    }
    return true;
}
template <class K, class V>
bool take_one(const Object& from, std::map<K, V>& to, Room& room) {
    if (from.type != msgpack::type::MAP) return false;
    if (!room.takes(from.via.map.size, sizeof(K) + sizeof(V))) return false;
    for (std::size_t i = 0; i < from.via.map.size; ++i) {
        K key{};
        V value{};
        const auto& entry = from.via.map.ptr[i];
        if (!take(entry.key, key, room) || !take(entry.val, value, room)) return false;
        to.insert_or_assign(std::move(key), std::move(value));
    }
    return true;
}
template <class A, class B>
bool take_one(const Object& from, std::pair<A, B>& to, Room& room) {
    return from.type == msgpack::type::ARRAY && from.via.array.size == 2 &&
           take(from.via.array.ptr[0], to.first, room) &&
           take(from.via.array.ptr[1], to.second, room);
}
template <class T>
bool take_one(const Object& from, std::optional<T>& to, Room& room) {
    if (from.type == msgpack::type::NIL) {
        to.reset();
        return true;
    }
    return take(from, to.emplace(), room);
}
template <class Variant, std::size_t place = 0>
bool take_alternative(std::uint64_t wanted, const Object& from, Variant& to, Room& room) {
    if constexpr (place < std::variant_size_v<Variant>) {
        if (wanted == place) return take(from, to.template emplace<place>(), room);
        return take_alternative<Variant, place + 1>(wanted, from, to, room);
    } else {
        return false;
    }
}
template <class... T>
bool take_one(const Object& from, std::variant<T...>& to, Room& room) {
    std::uint64_t place = 0;
    return from.type == msgpack::type::ARRAY && from.via.array.size == 2 &&
           take(from.via.array.ptr[0], place, room) &&
           take_alternative(place, from.via.array.ptr[1], to, room);
}
template <Struct T>
bool take_one(const Object& from, T& to, Room& room) {
    if (from.type != msgpack::type::ARRAY) return false;
    return std::apply(
        [&](auto&... field) {
            std::size_t place = 0;
            const auto next = [&](auto& one) {
                const std::size_t here = place++;
                return here >= from.via.array.size || take(from.via.array.ptr[here], one, room);
            };
            return (next(field) && ...);
        },
        to.fields());
}
template <class T>
bool take(const Object& from, T& to, Room& room) {
    return take_one(from, to, room);
}

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
    Packer out(body);
    std::visit([&](const auto& one) { pack(out, one); }, message);
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
    const std::string_view body = frames[2];
    if (body.size() > body_bytes_max) return Error{"message too long"};
    try {
        const msgpack::unpack_limit limit(items_max, items_max, body_bytes_max, id_bytes_max, 0,
                                          depth_max);
        std::size_t end = 0;
        const msgpack::object_handle unpacked =
            msgpack::unpack(body.data(), body.size(), end, nullptr, nullptr, limit);
        Variant message;
        Room room;
        if (end == body.size() && *kind >= first_kind &&
            take_alternative(std::uint64_t{*kind} - first_kind, unpacked.get(), message, room)) {
            return message;
        }
    } catch (const std::exception&) {
        // Incomplete, beyond a limit, or no MessagePack at all.
    }
    return Error{"message damaged"};
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
