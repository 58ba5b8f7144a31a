// One large blob on its way in: a file named after it, which takes pieces in order, and can be gone
// on with after a lost connection or the death of the process. Knows nothing of the store it is
// for.
//
// What a file holds from an earlier time is hashed again, so nothing is believed but the id: bad
// bytes, whoever sent them, show at the end, and then all of them go.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "shared/digest.hpp"
#include "shared/file.hpp"
#include "shared/result.hpp"

namespace xgrid {

class Partial {
public:
    /// In a folder that is there. While one process receives a blob, another that receives the same
    /// begins a file of its own, which is not gone on with later: who stalls keeps nobody waiting.
    static Result<Partial> begin(const std::filesystem::path& folder, const ObjectId& id,
                                 std::uint64_t size);
    Partial(Partial&& other) noexcept;
    Partial& operator=(Partial&&) = delete;
    ~Partial();

    const ObjectId& id() const { return id_; }
    /// Of all of it, in bytes.
    std::uint64_t size() const { return size_; }
    /// Where the next piece goes.
    std::uint64_t offset() const { return offset_; }

    /// Error: more than the size, or the disk takes no more; what was there before still is.
    std::optional<Error> add(std::string_view piece);

    /// Moves the file to its place. To be called once, when all is there. Error: it is not, or is
    /// not what the id names, and is gone.
    std::optional<Error> move_to(const std::filesystem::path& place);

    /// Removes what has not been gone on with for `unused_max` seconds.
    static void clean(const std::filesystem::path& folder, std::int64_t now,
                      std::int64_t unused_max);

private:
    Partial(File file, const ObjectId& id, std::uint64_t size, bool lasting)
        : file_(std::move(file)),
          id_(id),
          size_(size),
          lasting_(lasting),
          hash_(ObjectKind::blob, size) {}
    std::optional<Error> go_on();
    void remove();

    std::optional<File> file_;  // none: moved or removed
    ObjectId id_;
    std::uint64_t size_ = 0;
    std::uint64_t offset_ = 0;
    bool lasting_ = false;
    ObjectHash<ObjectId> hash_;
};

}  // namespace xgrid
