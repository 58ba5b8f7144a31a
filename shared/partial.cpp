#include "shared/partial.hpp"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "shared/process.hpp"

namespace xgrid {
namespace {

constexpr std::size_t piece_bytes = std::size_t{1024} * 1024;

}  // namespace

Result<Partial> Partial::begin(const std::filesystem::path& folder, const ObjectId& id,
                               std::uint64_t size) {
    const std::string name = id.hex();
    for (bool lasting = true;;) {
        Result<File> file = File::open(folder / (lasting ? name : name + "." + random_token()),
                                       O_RDWR | O_CREAT | O_NOFOLLOW);
        if (!file) return Error{file.error()};
        if (!file->lock()) {
            lasting = false;
            continue;
        }
        // Whoever had the lock a moment ago may have moved or removed the file.
        if (!file->in_place()) continue;
        Partial partial(std::move(*file), id, size, lasting);
        if (auto error = partial.go_on()) return *error;
        return partial;
    }
}

Partial::Partial(Partial&& other) noexcept
    : file_(std::exchange(other.file_, std::nullopt)),
      id_(other.id_),
      size_(other.size_),
      offset_(other.offset_),
      lasting_(other.lasting_),
      hash_(std::move(other.hash_)) {}
Partial::~Partial() {
    if (file_ && !lasting_) remove();
}

// Takes in what the file has from an earlier time.
std::optional<Error> Partial::go_on() {
    if (file_->size() > size_) return file_->resize(0);
    const std::uint64_t there = file_->size();
    std::string piece;
    while (offset_ < there) {
        piece.resize(std::min<std::uint64_t>(piece_bytes, there - offset_));
        if (auto error = file_->read_at(offset_, piece)) return error;
        if (piece.empty()) break;
        hash_.add(piece);
        offset_ += piece.size();
    }
    return std::nullopt;
}

std::optional<Error> Partial::add(std::string_view piece) {
    if (!file_) return Error{fmt::format("cannot add to {}: it is done with", id_.hex())};
    if (piece.size() > size_ - offset_) {
        return Error{
            fmt::format("cannot add to {}: it would have more than {} bytes", id_.hex(), size_)};
    }
    if (auto error = file_->write_at(offset_, piece)) {
        file_->resize(offset_);
        return error;
    }
    hash_.add(piece);
    offset_ += piece.size();
    return std::nullopt;
}

std::optional<Error> Partial::move_to(const std::filesystem::path& place) {
    if (!file_) return Error{fmt::format("cannot keep {}: it is done with", id_.hex())};
    if (offset_ != size_) {
        return Error{
            fmt::format("cannot keep {}: {} of its {} bytes are there", id_.hex(), offset_, size_)};
    }
    if (hash_.finish() != id_) {
        remove();
        return Error{fmt::format("cannot keep {}: its content has another id", id_.hex())};
    }
    std::error_code error;
    std::filesystem::rename(file_->path(), place, error);
    if (error) {
        remove();
        return Error{fmt::format("cannot keep {}: {}", id_.hex(), error.message())};
    }
    file_.reset();
    return std::nullopt;
}

void Partial::remove() {
    std::error_code ignored;
    std::filesystem::remove(file_->path(), ignored);
    file_.reset();
}

void Partial::clean(const std::filesystem::path& folder, std::int64_t now,
                    std::int64_t unused_max) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        Result<File> file = File::open(entry.path(), O_RDWR | O_NOFOLLOW);
        if (!file || !file->lock() || !file->in_place()) continue;
        const bool lasting = entry.path().filename().string().find('.') == std::string::npos;
        const bool old = file->facts().st_mtime + unused_max < now;
        if (old || !lasting) std::filesystem::remove(entry.path(), error);
    }
}

}  // namespace xgrid
