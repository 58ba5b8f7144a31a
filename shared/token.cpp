#include "shared/token.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "shared/digest.hpp"

namespace xgrid {
namespace {

constexpr std::string_view token_mark = "xgt1_";
constexpr std::string_view keys_mark = "xgk1_";
constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t key_bytes = std::tuple_size_v<CurveKey>;
constexpr std::size_t check_bytes = 4;

std::string base64(std::string_view bytes) {
    std::string text;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char byte : bytes) {
        bits = bits << 8 | static_cast<std::uint8_t>(byte);
        for (count += 8; count >= 6; count -= 6) text += letters[bits >> (count - 6) & 63];
    }
    if (count > 0) text += letters[bits << (6 - count) & 63];
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    std::string bytes;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char letter : text) {
        const std::size_t value = letters.find(letter);
        if (value == std::string_view::npos) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes += static_cast<char>(bits >> count & 255);
    }
    // What is left must be filling, and as little as can be.
    if (count >= 6 || (bits & ((1U << count) - 1)) != 0) return std::nullopt;
    return bytes;
}

std::string checked(std::string_view bytes) {
    const ObjectId digest = object_id(ObjectKind::blob, bytes);
    return {digest.bytes.begin(), digest.bytes.begin() + check_bytes};
}

std::string text_of(std::string_view mark, const CurveKey& first, const CurveKey& second) {
    std::string bytes(first.begin(), first.end());
    bytes.append(second.begin(), second.end());
    return std::string(mark) + base64(bytes + checked(bytes));
}

Result<std::pair<CurveKey, CurveKey>> keys_in(std::string_view text, std::string_view mark) {
    if (!text.starts_with(mark)) {
        return Error{"does not begin with " + std::string(mark)};
    }
    const std::optional<std::string> bytes = from_base64(text.substr(mark.size()));
    constexpr std::size_t keys_bytes = 2 * key_bytes;
    if (!bytes || bytes->size() != keys_bytes + check_bytes ||
        bytes->substr(keys_bytes) != checked(std::string_view(*bytes).substr(0, keys_bytes))) {
        return Error{"is damaged: was all of it copied?"};
    }
    std::pair<CurveKey, CurveKey> keys;
    std::copy_n(bytes->begin(), key_bytes, keys.first.begin());
    std::copy_n(bytes->begin() + key_bytes, key_bytes, keys.second.begin());
    return keys;
}

}  // namespace

std::string text_of(const Token& token) {
    return text_of(token_mark, token.worker_public, token.client_secret);
}

std::string text_of(const WorkerKeys& keys) {
    return text_of(keys_mark, keys.worker_secret, keys.client_secret);
}

Result<Token> token_from(std::string_view text) {
    if (text.starts_with(keys_mark)) {
        return Error{"is the worker's own key, and not the token for clients"};
    }
    auto keys = keys_in(text, token_mark);
    if (!keys) return Error{keys.error()};
    return Token{keys->first, keys->second};
}

Result<WorkerKeys> keys_from(std::string_view text) {
    auto keys = keys_in(text, keys_mark);
    if (!keys) return Error{keys.error()};
    return WorkerKeys{keys->first, keys->second};
}

}  // namespace xgrid
