// Trees for the tests of workspaces, as a map from path to what is there: made into objects, and
// read back from a disk by a plain walk.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "shared/digest.hpp"
#include "shared/object_source.hpp"
#include "shared/tree.hpp"
#include "worker/workspace/workspace.hpp"

namespace xgrid::worker {

struct Item {
    EntryKind kind = EntryKind::file;
    std::string content;  // of a file; of a link, its target

    friend bool operator==(const Item&, const Item&) = default;
};
/// Folders only need an item of their own where they are empty.
using Model = std::map<std::string, Item>;

inline Item file(std::string content) { return {EntryKind::file, std::move(content)}; }
inline Item program(std::string content) { return {EntryKind::executable, std::move(content)}; }
inline Item link_to(std::string target) { return {EntryKind::link, std::move(target)}; }
inline Item folder() { return {EntryKind::folder, ""}; }

/// Objects in memory, which notes what it is asked for.
class MemorySource : public ObjectSource {
public:
    ObjectId add_tree(const std::string& bytes);
    ObjectId add_blob(const std::string& content);
    ObjectId add(const Model& model);

    Result<std::string> tree(const ObjectId& id) override;
    Result<std::uint64_t> blob(const ObjectId& id,
                               const std::function<bool(std::string_view)>& take) override;
    std::string file_of(const ObjectId& id) override;

    std::map<ObjectId, std::string> trees;
    std::map<ObjectId, std::string> blobs;
    std::map<ObjectId, std::string> files;  // paths
    std::set<ObjectId> broken;              // an error comes after half of it
    std::size_t trees_asked = 0;
    std::size_t blobs_asked = 0;

private:
    std::mutex mutex_;
};

/// What is below a folder, with every folder as an item of its own. Modes that no tree has, and
/// what is neither file nor link nor folder, are told in `content`.
Model read_model(const std::filesystem::path& folder);

/// The model with an item for every folder.
Model with_folders(const Model& model);

/// A folder of its own in the system's for temporary things, removed at the end.
class TemporaryFolder {
public:
    TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();

    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

void write_text(const std::filesystem::path& path, std::string_view text);
std::string read_text(const std::filesystem::path& path);
std::int64_t second_of(const std::filesystem::path& path);

}  // namespace xgrid::worker
