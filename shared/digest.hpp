// Names of content: the ids that git gives to objects, in both of its formats. libcrypto ends here.
//
// xgrid names objects by SHA-256, as a git repository of that format does: what two users share
// under one name is the same. The older format's ids (SHA-1) are for users alone, who can compare
// them with `git rev-parse`.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace xgrid {

template <std::size_t size>
struct Id {
    std::array<std::uint8_t, size> bytes{};

    /// Lower-case hexadecimal.
    std::string hex() const;
    friend auto operator<=>(const Id&, const Id&) = default;
};
using ObjectId = Id<32>;
using GitId = Id<20>;

/// For tables of ids, which strangers may have made up: which of them meet in a table differs from
/// process to process.
struct IdHash {
    std::size_t operator()(const ObjectId& id) const;
};

enum class ObjectKind : std::uint8_t { blob, tree };

/// Of one object, whose bytes come in pieces.
template <class IdType>
class ObjectHash {
public:
    /// `size` is that of all pieces together, in bytes.
    ObjectHash(ObjectKind kind, std::uint64_t size);
    ObjectHash(ObjectHash&&) noexcept;
    ObjectHash& operator=(ObjectHash&&) noexcept;
    ~ObjectHash();

    void add(std::string_view piece);
    /// To be called once, after the last piece.
    IdType finish();

private:
    struct Context;
    std::unique_ptr<Context> context_;
};

ObjectId object_id(ObjectKind kind, std::string_view content);
GitId git_id(ObjectKind kind, std::string_view content);

}  // namespace xgrid
