#include "worker/tree_content.hpp"

#include <array>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "shared/descriptor.hpp"

namespace xgrid::worker {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{256} * 1024;

// Of a regular file's or a link's bytes. False: it cannot be read, or they are not what the id
// says.
bool read_verified(const std::string& path, const ObjectId& id,
                   const std::function<bool(std::string_view)>& take, std::uint64_t& size) {
    struct stat facts {};
    if (lstat(path.c_str(), &facts) != 0) return false;
    if (S_ISLNK(facts.st_mode)) {
        std::array<char, 4096> target{};
        const ssize_t count = readlink(path.c_str(), target.data(), target.size());
        if (count < 0) return false;
        const std::string_view text(target.data(), static_cast<std::size_t>(count));
        size = text.size();
        return object_id(ObjectKind::blob, text) == id && take(text);
    }
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file || fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) return false;
    size = static_cast<std::uint64_t>(facts.st_size);
    ObjectHash<ObjectId> hash(ObjectKind::blob, size);
    std::vector<char> buffer(std::min<std::uint64_t>(buffer_bytes, size + 1));
    std::uint64_t total = 0;
    while (true) {
        const ssize_t count = read(file.get(), buffer.data(), buffer.size());
        if (count < 0) return false;
        if (count == 0) break;
        const std::string_view piece(buffer.data(), static_cast<std::size_t>(count));
        total += piece.size();
        if (total > size) return false;
        hash.add(piece);
        if (!take(piece)) return true;
    }
    return total == size && hash.finish() == id;
}

}  // namespace

std::string TreeContent::place_of(const std::string& path) const {
    const std::string top = path.substr(0, path.find('/'));
    const auto extra = places_.find(top);
    if (extra != places_.end()) return extra->second + path.substr(top.size());
    const auto root = places_.find("");
    return root == places_.end() ? std::string() : root->second + "/" + path;
}

bool TreeContent::is_at_place(const ObjectId& id, const std::string& path) {
    const std::string place = place_of(path);
    struct stat facts {};
    if (place.empty() || lstat(place.c_str(), &facts) != 0) return false;
    if (!S_ISREG(facts.st_mode) && !S_ISLNK(facts.st_mode)) return false;
    const std::lock_guard lock(mutex_);
    if (changed_.contains(id)) return false;
    files_.emplace(id, place);
    return true;
}

bool TreeContent::was_deceived() {
    const std::lock_guard lock(mutex_);
    return std::exchange(deceived_, false);
}

Result<std::string> TreeContent::tree(const ObjectId& id) {
    const std::lock_guard lock(mutex_);
    return store_.tree(id);
}

Result<std::uint64_t> TreeContent::blob(const ObjectId& id,
                                        const std::function<bool(std::string_view)>& take) {
    std::string place;
    {
        std::unique_lock lock(mutex_);
        const auto found = files_.find(id);
        if (found == files_.end()) return from_store(id, take, lock);
        place = found->second;
    }
    std::uint64_t size = 0;
    if (read_verified(place, id, take, size)) return size;
    const std::lock_guard lock(mutex_);
    files_.erase(id);
    changed_.insert(id);
    deceived_ = true;
    return Error{fmt::format("{} has changed since its tree was made", place)};
}

// Others may use the store while what came of a small one is written.
Result<std::uint64_t> TreeContent::from_store(const ObjectId& id,
                                              const std::function<bool(std::string_view)>& take,
                                              std::unique_lock<std::mutex>& lock) {
    std::string small;
    bool large = false;
    Result<std::uint64_t> size = store_.blob(id, [&](std::string_view piece) {
        large = large || piece.size() > Store::small_bytes_max;
        if (large) return take(piece);
        small = piece;
        return true;
    });
    lock.unlock();
    if (size && !small.empty()) take(small);
    return size;
}

std::string TreeContent::file_of(const ObjectId& id) {
    const std::lock_guard lock(mutex_);
    if (files_.contains(id)) return {};  // it may change while it is copied
    Result<std::optional<std::filesystem::path>> file = store_.path_of(id);
    return file && *file ? (*file)->string() : std::string();
}

}  // namespace xgrid::worker
