#include "shared/tree.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include <fmt/format.h>

#include "shared/ensure.hpp"

namespace xgrid {
namespace {

std::string_view mode_of(EntryKind kind) {
    switch (kind) {
        case EntryKind::file: return "100644";
        case EntryKind::executable: return "100755";
        case EntryKind::link: return "120000";
        case EntryKind::folder: return "40000";
    }
    return "";
}

std::optional<EntryKind> kind_of(std::string_view mode) {
    for (const EntryKind kind :
         {EntryKind::file, EntryKind::executable, EntryKind::link, EntryKind::folder}) {
        if (mode == mode_of(kind)) return kind;
    }
    return std::nullopt;
}

// As if a folder's name ended in '/'.
unsigned char letter_at(std::string_view name, EntryKind kind, std::size_t at) {
    if (at < name.size()) return static_cast<unsigned char>(name[at]);
    return kind == EntryKind::folder && at == name.size() ? '/' : 0;
}

// HFS+ leaves these out when it compares names (git's utf8.c, next_hfs_char): zero-width and
// direction marks, and the byte order mark.
constexpr std::array<std::string_view, 17> ignored_by_hfs = {
    "\u200c", "\u200d", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e",
    "\u206a", "\u206b", "\u206c", "\u206d", "\u206e", "\u206f", "\ufeff", "\u2060"};

// What is left of it for a file system that is generous with names.
std::string bare(std::string_view name) {
    std::string left;
    while (!name.empty()) {
        const auto* const found = std::ranges::find_if(
            ignored_by_hfs, [&](std::string_view mark) { return name.starts_with(mark); });
        if (found != ignored_by_hfs.end()) {
            name.remove_prefix(found->size());
            continue;
        }
        const char letter = name.front();
        left += letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
        name.remove_prefix(1);
    }
    // NTFS: streams after a colon, and trailing dots and spaces.
    left = left.substr(0, left.find(':'));
    left.erase(left.find_last_not_of(". ") + 1);
    return left;
}

template <class IdType>
void append(std::string& bytes, const TreeEntry& entry, const IdType& id) {
    bytes.append(mode_of(entry.kind)).append(1, ' ').append(entry.name).append(1, '\0');
    bytes.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
}

}  // namespace

bool comes_before(std::string_view name, EntryKind kind, std::string_view other,
                  EntryKind other_kind) {
    const std::size_t common = std::min(name.size(), other.size());
    const int compared = std::memcmp(name.data(), other.data(), common);
    if (compared != 0) return compared < 0;
    return letter_at(name, kind, common) < letter_at(other, other_kind, common);
}

std::string encode_tree(const std::vector<TreeEntry>& entries) {
    std::string bytes;
    for (const TreeEntry& entry : entries) append(bytes, entry, entry.id);
    return bytes;
}

std::string encode_tree(const std::vector<TreeEntry>& entries, const std::vector<GitId>& git_ids) {
    ensure(entries.size() == git_ids.size(), "each entry of a tree has an id");
    std::string bytes;
    for (std::size_t i = 0; i < entries.size(); ++i) append(bytes, entries[i], git_ids[i]);
    return bytes;
}

Result<std::vector<TreeEntry>> decode_tree(std::string_view bytes) {
    if (bytes.size() > tree_bytes_max) return Error{"a tree is too large"};
    std::vector<TreeEntry> entries;
    while (!bytes.empty()) {
        const std::size_t space = bytes.find(' ');
        const std::size_t zero = bytes.find('\0');
        if (space == bytes.npos || zero == bytes.npos || zero < space ||
            bytes.size() - zero - 1 < sizeof(ObjectId::bytes)) {
            return Error{"a tree is cut off"};
        }
        const std::optional<EntryKind> kind = kind_of(bytes.substr(0, space));
        if (!kind) return Error{"a tree has an entry of unknown mode"};
        TreeEntry entry{.name = std::string(bytes.substr(space + 1, zero - space - 1)),
                        .kind = *kind};
        if (!fit_for_tree(entry.name)) return Error{"a tree has a forbidden name"};
        bytes.remove_prefix(zero + 1);
        std::memcpy(entry.id.bytes.data(), bytes.data(), entry.id.bytes.size());
        bytes.remove_prefix(entry.id.bytes.size());
        if (!entries.empty()) {
            const TreeEntry& last = entries.back();
            if (!comes_before(last.name, last.kind, entry.name, entry.kind)) {
                return Error{"a tree is out of order"};
            }
        }
        entries.push_back(std::move(entry));
    }
    // A file and a folder of one name are apart in that order.
    std::vector<std::string_view> names;
    for (const TreeEntry& entry : entries) names.push_back(entry.name);
    std::ranges::sort(names);
    if (std::ranges::adjacent_find(names) != names.end()) return Error{"a tree has a name twice"};
    return entries;
}

bool fit_for_tree(std::string_view name) {
    if (name.empty() || name == "." || name == ".." || name.size() > name_bytes_max) return false;
    if (name.find('/') != name.npos || name.find('\0') != name.npos) return false;
    const std::string left = bare(name);
    return left != ".git" && left != "git~1";
}

bool stays_within(std::string_view target, std::size_t folders) {
    if (target.empty() || target.front() == '/' || target.size() > link_bytes_max) return false;
    if (target.find('\0') != target.npos) return false;
    bool leading = true;
    std::size_t up = 0;
    while (!target.empty()) {
        const std::string_view name = target.substr(0, target.find('/'));
        target.remove_prefix(std::min(target.size(), name.size() + 1));
        if (name == "..") {
            if (!leading || ++up > folders) return false;
        } else if (!name.empty() && name != ".") {
            leading = false;
        }
    }
    return true;
}

}  // namespace xgrid
