// How values become MessagePack and back: numbers, text, containers, variants, and structs with
// XGRID_FIELDS as arrays of their fields, of which later versions may have more. msgpack-c ends
// here.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <msgpack.hpp>

#include "shared/codec.hpp"
#include "shared/messages.hpp"

namespace xgrid {

namespace values {

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
constexpr Question largest(Question) { return Question::flakes; }
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
inline void pack_one(Packer& out, const std::string& text) {
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
inline bool take_one(const Object& from, bool& to, Room&) {
    to = from.type == msgpack::type::BOOLEAN && from.via.boolean;
    return from.type == msgpack::type::BOOLEAN;
}
inline bool take_one(const Object& from, double& to, Room&) {
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
inline bool take_one(const Object& from, std::string& to, Room&) {
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
            [[maybe_unused]] const auto next = [&](auto& one) {
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

/// Unpacks a whole message of at most so many bytes. False: it is no MessagePack, beyond a limit,
/// or not what `take` wants.
template <class Take>
bool unpack(std::string_view bytes, const Take& take) {
    if (bytes.size() > body_bytes_max) return false;
    try {
        const msgpack::unpack_limit limit(items_max, items_max, body_bytes_max, id_bytes_max, 0,
                                          depth_max);
        std::size_t end = 0;
        const msgpack::object_handle unpacked =
            msgpack::unpack(bytes.data(), bytes.size(), end, nullptr, nullptr, limit);
        Room room;
        return end == bytes.size() && take(unpacked.get(), room);
    } catch (const std::exception&) {
        return false;
    }
}

}  // namespace values

/// For what is kept, not sent.
template <class T>
std::string to_bytes(const T& value) {
    msgpack::sbuffer bytes;
    values::Packer out(bytes);
    values::pack(out, value);
    return {bytes.data(), bytes.size()};
}
/// False: the bytes are not what such a value was packed into.
template <class T>
bool from_bytes(std::string_view bytes, T& to) {
    return values::unpack(bytes, [&](const values::Object& from, values::Room& room) {
        return values::take(from, to, room);
    });
}

}  // namespace xgrid
