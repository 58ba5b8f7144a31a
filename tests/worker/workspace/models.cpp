#include "tests/worker/workspace/models.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace xgrid::worker {
namespace {

namespace fs = std::filesystem;

void put_folders_above(const std::string& path, Model& model) {
    for (std::size_t slash = path.find('/'); slash != path.npos;
         slash = path.find('/', slash + 1)) {
        model.emplace(path.substr(0, slash), folder());
    }
}

ObjectId add_folder(MemorySource& source, const Model& model, const std::string& prefix) {
    std::vector<TreeEntry> entries;
    for (auto each = model.lower_bound(prefix); each != model.end(); ++each) {
        const auto& [path, item] = *each;
        if (!path.starts_with(prefix)) break;
        const std::string name = path.substr(prefix.size());
        if (name.find('/') != name.npos) continue;
        TreeEntry entry{.name = name, .kind = item.kind};
        entry.id = item.kind == EntryKind::folder ? add_folder(source, model, path + "/")
                                                  : source.add_blob(item.content);
        entries.push_back(entry);
    }
    std::ranges::sort(entries, [](const TreeEntry& a, const TreeEntry& b) {
        return comes_before(a.name, a.kind, b.name, b.kind);
    });
    return source.add_tree(encode_tree(entries));
}

Item item_at(const fs::path& path) {
    struct stat found = {};
    if (::lstat(path.c_str(), &found) != 0) return file("vanished");
    const mode_t mode = found.st_mode & 07777;
    if (S_ISLNK(found.st_mode)) return link_to(fs::read_symlink(path));
    if (S_ISDIR(found.st_mode)) {
        return mode == 0755 ? folder() : Item{EntryKind::folder, fmt::format("mode {:o}", mode)};
    }
    if (!S_ISREG(found.st_mode)) return file("neither file nor link nor folder");
    if (mode == 0644) return file(read_text(path));
    if (mode == 0755) return program(read_text(path));
    return file(fmt::format("mode {:o}", mode));
}

}  // namespace

ObjectId MemorySource::add_tree(const std::string& bytes) {
    const ObjectId id = object_id(ObjectKind::tree, bytes);
    trees[id] = bytes;
    return id;
}

ObjectId MemorySource::add_blob(const std::string& content) {
    const ObjectId id = object_id(ObjectKind::blob, content);
    blobs[id] = content;
    return id;
}

ObjectId MemorySource::add(const Model& model) {
    return add_folder(*this, with_folders(model), "");
}

Result<std::string> MemorySource::tree(const ObjectId& id) {
    const std::lock_guard lock(mutex_);
    ++trees_asked;
    const auto found = trees.find(id);
    if (found == trees.end()) return Error{"no such tree"};
    return found->second;
}

Result<std::uint64_t> MemorySource::blob(const ObjectId& id,
                                         const std::function<bool(std::string_view)>& take) {
    const std::string* content = nullptr;
    bool breaks = false;
    {
        const std::lock_guard lock(mutex_);
        ++blobs_asked;
        const auto found = blobs.find(id);
        if (found == blobs.end()) return Error{"no such blob"};
        content = &found->second;
        breaks = broken.contains(id);
    }
    constexpr std::size_t piece_bytes = 1 << 20;
    std::string_view rest(*content);
    if (breaks) rest = rest.substr(0, rest.size() / 2);
    while (!rest.empty()) {
        if (!take(rest.substr(0, piece_bytes))) return Error{"nobody takes it"};
        rest.remove_prefix(std::min(rest.size(), piece_bytes));
    }
    if (breaks) return Error{"the content is not what its id names"};
    return std::uint64_t{content->size()};
}

std::string MemorySource::file_of(const ObjectId& id) {
    const std::lock_guard lock(mutex_);
    const auto found = files.find(id);
    return found == files.end() ? "" : found->second;
}

Model read_model(const fs::path& folder) {
    Model model;
    for (const fs::directory_entry& each : fs::recursive_directory_iterator(folder)) {
        model[each.path().native().substr(folder.native().size() + 1)] = item_at(each.path());
    }
    return model;
}

Model with_folders(const Model& model) {
    Model all = model;
    for (const auto& [path, item] : model) put_folders_above(path, all);
    return all;
}

TemporaryFolder::TemporaryFolder() {
    std::string pattern = fs::temp_directory_path() / "xgrid-workspace-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code none;
    fs::remove_all(path_, none);
}

void write_text(const fs::path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

std::string read_text(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

std::int64_t second_of(const fs::path& path) {
    struct stat found = {};
    if (::lstat(path.c_str(), &found) != 0) throw std::runtime_error("no file " + path.native());
    return found.st_mtim.tv_sec;
}

}  // namespace xgrid::worker
