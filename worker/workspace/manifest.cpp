#include "worker/workspace/manifest.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "worker/descriptor.hpp"

namespace xgrid::worker {
namespace {

constexpr std::string_view heading = "xgrid workspace 1\n";

class Writer {
public:
    void number(std::uint64_t value) {
        bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
    }
    void number(std::int64_t value) { number(static_cast<std::uint64_t>(value)); }
    void text(std::string_view value) {
        number(std::uint64_t{value.size()});
        bytes += value;
    }
    void id(const ObjectId& value) {
        bytes.append(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
    }

    std::string bytes{heading};
};

// What is cut off reads as zeros.
class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    std::uint64_t number() {
        std::uint64_t value = 0;
        raw(&value, sizeof(value));
        return value;
    }
    std::int64_t signed_number() { return static_cast<std::int64_t>(number()); }
    std::string text() {
        const std::uint64_t size = number();
        if (size > rest_.size()) {
            whole_ = false;
            return {};
        }
        std::string value(rest_.substr(0, size));
        rest_.remove_prefix(size);
        return value;
    }
    ObjectId id() {
        ObjectId value;
        raw(value.bytes.data(), value.bytes.size());
        return value;
    }
    /// Of things that take at least a byte each.
    std::uint64_t count() {
        const std::uint64_t value = number();
        if (value > rest_.size()) whole_ = false;
        return whole_ ? value : 0;
    }

    bool whole() const { return whole_; }

private:
    void raw(void* to, std::size_t size) {
        if (size > rest_.size()) {
            whole_ = false;
            return;
        }
        std::memcpy(to, rest_.data(), size);
        rest_.remove_prefix(size);
    }

    std::string_view rest_;
    bool whole_ = true;
};

void write_entry(Writer& to, const ListedEntry& entry) {
    to.text(entry.name);
    to.number(static_cast<std::uint64_t>(entry.kind));
    to.id(entry.id);
    to.text(entry.target);
    to.number(std::uint64_t{entry.folder});
    to.number(entry.stat.size);
    to.number(entry.stat.modified_ns);
    to.number(entry.stat.changed_ns);
    to.number(entry.stat.inode);
}

ListedEntry read_entry(Reader& from) {
    ListedEntry entry;
    entry.name = from.text();
    entry.kind = static_cast<EntryKind>(from.number());
    entry.id = from.id();
    entry.target = from.text();
    entry.folder = static_cast<std::uint32_t>(from.number());
    entry.stat.size = from.number();
    entry.stat.modified_ns = from.signed_number();
    entry.stat.changed_ns = from.signed_number();
    entry.stat.inode = from.number();
    return entry;
}

std::string_view as_text(const ObjectId& id) {
    return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

std::string read_file(const std::string& path, std::size_t bytes_max) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat found = {};
    if (!file || ::fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode)) return {};
    std::string bytes(std::min(bytes_max, static_cast<std::size_t>(found.st_size)), '\0');
    std::size_t have = 0;
    while (have < bytes.size()) {
        const ssize_t count = ::read(file.get(), bytes.data() + have, bytes.size() - have);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return {};
        have += static_cast<std::size_t>(count);
    }
    return bytes;
}

bool write_file(const std::string& path, std::string_view bytes) {
    const Descriptor file(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return false;
    while (!bytes.empty()) {
        const ssize_t count = ::write(file.get(), bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

}  // namespace

std::string encode_manifest(const Manifest& manifest) {
    Writer to;
    to.id(manifest.folders.empty() ? ObjectId() : manifest.folders[0].id);
    to.number(manifest.root_device);
    to.number(manifest.root_inode);
    to.number(manifest.finished_ns);
    to.number(manifest.removed_second);
    to.text(manifest.boot);
    to.number(std::uint64_t{manifest.claims.size()});
    for (const std::string& name : manifest.claims) to.text(name);
    to.number(std::uint64_t{manifest.folders.size()});
    for (const ListedFolder& folder : manifest.folders) {
        to.text(folder.path);
        to.id(folder.id);
        to.number(std::uint64_t{folder.entries.size()});
        for (const ListedEntry& entry : folder.entries) write_entry(to, entry);
    }
    const ObjectId check = object_id(ObjectKind::blob, to.bytes);
    to.id(check);
    return std::move(to.bytes);
}

Manifest decode_manifest(std::string_view bytes) {
    constexpr std::size_t check_bytes = sizeof(ObjectId::bytes);
    if (!bytes.starts_with(heading) || bytes.size() < heading.size() + check_bytes) return {};
    const std::string_view check = bytes.substr(bytes.size() - check_bytes);
    bytes.remove_suffix(check_bytes);
    const ObjectId id = object_id(ObjectKind::blob, bytes);
    if (as_text(id) != check) return {};

    Reader from(bytes.substr(heading.size()));
    from.id();
    Manifest manifest;
    manifest.root_device = from.number();
    manifest.root_inode = from.number();
    manifest.finished_ns = from.signed_number();
    manifest.removed_second = from.signed_number();
    manifest.boot = from.text();
    manifest.claims.resize(from.count());
    for (std::string& name : manifest.claims) name = from.text();
    manifest.folders.resize(from.count());
    for (ListedFolder& folder : manifest.folders) {
        folder.path = from.text();
        folder.id = from.id();
        folder.entries.resize(from.count());
        for (ListedEntry& entry : folder.entries) entry = read_entry(from);
    }
    return from.whole() ? manifest : Manifest();
}

Manifest read_manifest(const std::string& path) {
    return decode_manifest(read_file(path, SIZE_MAX));
}

bool write_manifest(const std::string& path, const Manifest& manifest) {
    const std::string fresh = path + ".new";
    return write_file(fresh, encode_manifest(manifest)) &&
           ::rename(fresh.c_str(), path.c_str()) == 0;
}

ObjectId manifest_tree(const std::string& path) {
    ObjectId id;
    const std::string bytes = read_file(path, heading.size() + id.bytes.size());
    if (bytes.size() == heading.size() + id.bytes.size() && bytes.starts_with(heading)) {
        std::memcpy(id.bytes.data(), bytes.data() + heading.size(), id.bytes.size());
    }
    return id;
}

}  // namespace xgrid::worker
