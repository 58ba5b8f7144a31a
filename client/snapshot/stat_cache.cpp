#include "client/snapshot/stat_cache.hpp"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <sys/stat.h>
#include <system_error>
#include <type_traits>
#include <unistd.h>

#include "shared/cache_home.hpp"
#include "shared/descriptor.hpp"

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t mark = 0x706e736469726778;  // "xgridsnp"
constexpr std::uint64_t version = 1;
constexpr auto margin = std::chrono::seconds(2);
constexpr auto kept_for = std::chrono::days(30);

struct FolderHead {
    ObjectId id;
    GitId git_id;
    std::uint32_t path_bytes = 0;
    std::uint64_t bytes = 0;  // of the path and the entries
    std::uint64_t entries = 0;
};
struct EntryHead {
    FileStamp stamp;
    ObjectId id;
    GitId git_id;
    std::uint16_t name_bytes = 0;
    EntryKind kind = EntryKind::file;
    std::uint8_t settled = 0;
};
struct FileHead {
    std::uint64_t mark_read = mark;
    std::uint64_t version_read = version;
};

template <class T>
void put(std::string& to, const T& value) {
    static_assert(std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T>);
    to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
std::optional<T> take(std::string_view& from) {
    if (from.size() < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, from.data(), sizeof value);
    from.remove_prefix(sizeof value);
    return value;
}

std::string read_all(const std::string& path) {
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat facts = {};
    if (!file || fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) return {};
    std::string bytes(static_cast<std::size_t>(facts.st_size), '\0');
    std::size_t got = 0;
    while (got < bytes.size()) {
        const ssize_t count = read(file.get(), bytes.data() + got, bytes.size() - got);
        if (count <= 0) break;
        got += static_cast<std::size_t>(count);
    }
    bytes.resize(got);
    return bytes;
}

bool write_all(int file, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = write(file, bytes.data(), bytes.size());
        if (count <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

// In one step, so that nobody reads half of it.
void replace(const std::string& path, std::string_view bytes) {
    std::string draft = path + ".XXXXXX";
    const Descriptor file(mkostemp(draft.data(), O_CLOEXEC));
    if (!file) return;
    if (!write_all(file.get(), bytes) || rename(draft.c_str(), path.c_str()) != 0) {
        unlink(draft.c_str());
    }
}

// Of projects that nobody works on, and drafts of who was killed.
void remove_old(const fs::path& folder, WallTime now) {
    std::error_code none;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, none)) {
        struct stat facts = {};
        const bool there = lstat(entry.path().c_str(), &facts) == 0;
        if (there && now - std::chrono::system_clock::from_time_t(facts.st_mtime) > kept_for) {
            fs::remove(entry.path(), none);
        }
    }
}

std::string file_for(const std::vector<std::string>& directories) {
    const fs::path home = cache_home();
    if (home.empty()) return {};
    std::string key;
    for (const std::string& directory : directories) key.append(directory).append(1, '\0');
    return home / "snapshots" / object_id(ObjectKind::blob, key).hex();
}

}  // namespace

bool is_settled(const FileStamp& stamp, WallTime began) {
    const auto then = std::chrono::nanoseconds((began - margin).time_since_epoch());
    return std::max(stamp.modified_ns, stamp.changed_ns) < then.count();
}

StatCache::StatCache(const std::vector<std::string>& directories) : file_(file_for(directories)) {
    if (file_.empty()) return;
    bytes_ = read_all(file_);
    if (!index()) folders_.clear();
}

bool StatCache::index() {
    constexpr std::size_t hash_bytes = sizeof(ObjectId::bytes);
    if (bytes_.size() < sizeof(FileHead) + hash_bytes) return false;
    std::string_view rest = std::string_view(bytes_).substr(0, bytes_.size() - hash_bytes);
    const ObjectId hash = object_id(ObjectKind::blob, rest);
    if (std::memcmp(hash.bytes.data(), bytes_.data() + rest.size(), hash_bytes) != 0) return false;
    const std::optional<FileHead> file = take<FileHead>(rest);
    if (!file || file->mark_read != mark || file->version_read != version) return false;
    while (!rest.empty()) {
        const auto at = static_cast<std::size_t>(rest.data() - bytes_.data());
        const std::optional<FolderHead> head = take<FolderHead>(rest);
        if (!head || head->bytes > rest.size() || head->path_bytes > head->bytes) return false;
        folders_.emplace(rest.substr(0, head->path_bytes), at);
        rest.remove_prefix(head->bytes);
    }
    return true;
}

std::optional<CachedFolder> StatCache::folder(const std::string& path) const {
    const auto found = folders_.find(path);
    if (found == folders_.end()) return std::nullopt;
    CachedFolder folder;
    std::string_view rest = std::string_view(bytes_).substr(found->second);
    const std::optional<FolderHead> head = take<FolderHead>(rest);
    if (!head) return std::nullopt;
    folder.id = head->id;
    folder.git_id = head->git_id;
    rest = rest.substr(head->path_bytes, head->bytes - head->path_bytes);
    folder.entries.reserve(std::min(head->entries, head->bytes / sizeof(EntryHead)));
    while (std::optional<EntryHead> entry = take<EntryHead>(rest)) {
        if (entry->name_bytes > rest.size()) break;
        folder.entries.push_back({.name = rest.substr(0, entry->name_bytes),
                                  .kind = entry->kind,
                                  .stamp = entry->stamp,
                                  .id = entry->id,
                                  .git_id = entry->git_id,
                                  .settled = entry->settled != 0});
        rest.remove_prefix(entry->name_bytes);
    }
    return folder;
}

void StatCache::write(const std::vector<Folder>& folders, WallTime began) const {
    if (file_.empty()) return;
    std::string bytes;
    bytes.reserve(bytes_.size() + bytes_.size() / 16 + 4096);
    put(bytes, FileHead{});
    std::string entries;
    for (const Folder& folder : folders) {
        if (folder.gone) continue;
        entries.clear();
        for (std::size_t i = 0; i < folder.entries.size(); ++i) {
            const TreeEntry& entry = folder.entries[i];
            const FileStamp& stamp = folder.items[i].stamp;
            put(entries,
                EntryHead{.stamp = stamp,
                          .id = entry.id,
                          .git_id = folder.git_ids[i],
                          .name_bytes = static_cast<std::uint16_t>(entry.name.size()),
                          .kind = entry.kind,
                          .settled = is_settled(stamp, began) ? std::uint8_t{1} : std::uint8_t{0}});
            entries.append(entry.name);
        }
        put(bytes, FolderHead{.id = folder.id,
                              .git_id = folder.git_id,
                              .path_bytes = static_cast<std::uint32_t>(folder.path.size()),
                              .bytes = folder.path.size() + entries.size(),
                              .entries = folder.entries.size()});
        bytes.append(folder.path).append(entries);
    }
    const ObjectId hash = object_id(ObjectKind::blob, bytes);
    bytes.append(reinterpret_cast<const char*>(hash.bytes.data()), hash.bytes.size());

    const fs::path home = fs::path(file_).parent_path();
    std::error_code none;
    fs::create_directories(home, none);
    if (bytes_.empty()) remove_old(home, began);
    replace(file_, bytes);
}

}  // namespace xgrid::client
