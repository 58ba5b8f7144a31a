#include "shared/token.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "shared/digest.hpp"
#include "shared/key_words.hpp"

namespace xgrid {
namespace {

constexpr std::string_view token_mark = "xgt1_";
constexpr std::string_view keys_mark = "xgk1_";
constexpr std::string_view public_mark = "xgp1_";
constexpr std::string_view secret_mark = "xgs1_";
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

template <std::size_t count>
using Keys = std::array<CurveKey, count>;

template <std::size_t count>
std::string word_of(std::string_view mark, const Keys<count>& keys) {
    std::string bytes;
    for (const CurveKey& key : keys) bytes.append(key.begin(), key.end());
    return std::string(mark) + base64(bytes + checked(bytes));
}

template <std::size_t count>
Result<Keys<count>> keys_in(std::string_view text, std::string_view mark) {
    if (!text.starts_with(mark)) {
        return Error{"does not begin with " + std::string(mark)};
    }
    const std::optional<std::string> bytes = from_base64(text.substr(mark.size()));
    constexpr std::size_t keys_bytes = count * key_bytes;
    if (!bytes || bytes->size() != keys_bytes + check_bytes ||
        bytes->substr(keys_bytes) != checked(std::string_view(*bytes).substr(0, keys_bytes))) {
        return Error{"is damaged: was all of it copied?"};
    }
    Keys<count> keys;
    auto from = bytes->begin();
    for (CurveKey& key : keys) {
        std::copy_n(from, key_bytes, key.begin());
        from += key_bytes;
    }
    return keys;
}

Result<CurveKey> key_in(std::string_view text, std::string_view mark) {
    Result<Keys<1>> keys = keys_in<1>(text, mark);
    if (!keys) return Error{keys.error()};
    return keys->front();
}

}  // namespace

std::string text_of(const Token& token) {
    return word_of<2>(token_mark, {token.worker_public, token.client_secret});
}

std::string text_of(const WorkerKeys& keys) {
    return word_of<2>(keys_mark, {keys.worker_secret, keys.client_secret});
}

std::string text_of_public(const CurveKey& key) { return word_of<1>(public_mark, {key}); }

std::string text_of_secret(const CurveKey& key) { return word_of<1>(secret_mark, {key}); }

Result<Token> token_from(std::string_view text) {
    if (text.starts_with(keys_mark)) {
        return Error{"is the worker's own key, and not the token for clients"};
    }
    Result<Keys<2>> keys = keys_in<2>(text, token_mark);
    if (!keys) return Error{keys.error()};
    return Token{keys->front(), keys->back()};
}

Result<WorkerKeys> keys_from(std::string_view text) {
    Result<Keys<2>> keys = keys_in<2>(text, keys_mark);
    if (!keys) return Error{keys.error()};
    return WorkerKeys{keys->front(), keys->back()};
}

Result<CurveKey> public_key_from(std::string_view text) {
    if (text.starts_with(secret_mark)) return Error{"is a secret key, and not the public one"};
    return key_in(text, public_mark);
}

Result<CurveKey> secret_key_from(std::string_view text) { return key_in(text, secret_mark); }

std::string fingerprint(const CurveKey& key) {
    return text_of_public(key).substr(public_mark.size(), 12);
}

std::string_view word_in(std::string_view text, std::string_view mark) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        if (line.starts_with(mark)) return line;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return {};
}

}  // namespace xgrid
