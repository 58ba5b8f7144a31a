#include "shared/digest.hpp"

#include <cstdint>
#include <cstring>
#include <openssl/evp.h>
#include <type_traits>

#include <fmt/format.h>

#include "shared/ensure.hpp"

namespace xgrid {
namespace {

// Looked up once: that takes longer than to hash a small object.
template <class IdType>
const EVP_MD* algorithm() {
    static const EVP_MD* const fetched =
        EVP_MD_fetch(nullptr, std::is_same_v<IdType, GitId> ? "SHA1" : "SHA256", nullptr);
    ensure(fetched != nullptr, "libcrypto has SHA-1 and SHA-256");
    return fetched;
}

template <class IdType>
IdType id_of(ObjectKind kind, std::string_view content) {
    ObjectHash<IdType> hash(kind, content.size());
    hash.add(content);
    return hash.finish();
}

}  // namespace

template <std::size_t size>
std::string Id<size>::hex() const {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : bytes) text.append({digits[byte >> 4], digits[byte & 15]});
    return text;
}
template struct Id<32>;
template struct Id<20>;

std::size_t IdHash::operator()(const ObjectId& id) const {
    // The system gives each process other addresses, and that is all the chance there is here.
    static const std::uint64_t salt = [] {
        const int local = 0;
        return reinterpret_cast<std::uintptr_t>(&local) * 0x9e3779b97f4a7c15;
    }();
    std::array<std::uint64_t, 2> parts{};
    std::memcpy(parts.data(), id.bytes.data(), sizeof parts);
    const std::uint64_t mixed = (parts[0] ^ salt) * ((salt >> 7) | 1) + parts[1] * (salt | 1);
    return mixed >> 16;  // the upper bits depend on all of them
}

template <class IdType>
struct ObjectHash<IdType>::Context {
    EVP_MD_CTX* context = EVP_MD_CTX_new();

    Context() = default;
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    ~Context() { EVP_MD_CTX_free(context); }
};

template <class IdType>
ObjectHash<IdType>::ObjectHash(ObjectKind kind, std::uint64_t size)
    : context_(std::make_unique<Context>()) {
    const bool begun = context_->context != nullptr &&
                       EVP_DigestInit_ex2(context_->context, algorithm<IdType>(), nullptr) == 1;
    ensure(begun, "there is memory for a hash");
    add(fmt::format("{} {}", kind == ObjectKind::tree ? "tree" : "blob", size));
    add(std::string_view("\0", 1));
}
template <class IdType>
ObjectHash<IdType>::ObjectHash(ObjectHash&&) noexcept = default;
template <class IdType>
ObjectHash<IdType>& ObjectHash<IdType>::operator=(ObjectHash&&) noexcept = default;
template <class IdType>
ObjectHash<IdType>::~ObjectHash() = default;

template <class IdType>
void ObjectHash<IdType>::add(std::string_view piece) {
    const int added = EVP_DigestUpdate(context_->context, piece.data(), piece.size());
    ensure(added == 1, "a hash that has begun takes more");
}

template <class IdType>
IdType ObjectHash<IdType>::finish() {
    IdType id;
    const int finished = EVP_DigestFinal_ex(context_->context, id.bytes.data(), nullptr);
    ensure(finished == 1, "a hash is finished once");
    return id;
}

template class ObjectHash<ObjectId>;
template class ObjectHash<GitId>;

ObjectId object_id(ObjectKind kind, std::string_view content) {
    return id_of<ObjectId>(kind, content);
}
GitId git_id(ObjectKind kind, std::string_view content) { return id_of<GitId>(kind, content); }

}  // namespace xgrid
