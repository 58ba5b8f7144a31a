#include "worker/workspace/workspace.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <mutex>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "worker/workspace/crew.hpp"
#include "worker/workspace/donors.hpp"
#include "worker/workspace/examine.hpp"
#include "worker/workspace/writing.hpp"

namespace xgrid::worker {
namespace {

// In the root while an update runs; one that was left tells of an update that did not end.
const std::string aside_name = ".xgrid-aside";

// So few entries do not pay for another thread.
constexpr std::size_t entries_for_a_thread = 200;
constexpr std::size_t entries_of_a_job = 64;

// A change of every boot; empty if the kernel does not say.
std::string boot_name() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string name;
    std::getline(file, name);
    return name;
}

class Update {
public:
    Update(const Workspace::Place& place, Manifest held, Descriptor root, ObjectSource& source,
           const UpdateOptions& options)
        : place_(place),
          root_(std::move(root)),
          source_(source),
          options_(options),
          held_(std::move(held)),
          keep_(options.keep),
          writer_(options.bytes_max) {}

    Result<UpdateCounts> run(const ObjectId& tree) {
        if (!know_root()) return failure("look at", "");
        Result<Listing> listing =
            list_tree(tree, held_.folders, source_, {options_.entries_max}, aside_name);
        if (!listing) return Error{listing.error()};
        wanted_ = std::move(*listing);
        if (std::optional<Error> error = claim()) return *error;

        const std::vector<std::uint32_t> held_of = counterparts(wanted_, held_.folders);
        const Examination how{.root = root_,
                              .held = held_,
                              .keep = keep_,
                              .boot = boot_name(),
                              .named = place_.named,
                              .threads = threads_for(held_.folders)};
        Result<Differences> found = examine(wanted_, held_of, how);
        if (!found) return Error{fmt::format("{} in {}", found.error(), place_.folder.native())};
        differences_ = std::move(*found);
        count();

        const bool same = !held_.folders.empty() && held_.folders[0].id == tree;
        if (same && to_write_ == 0 && differences_.strangers.empty() && !differences_.verified) {
            return counts_;
        }
        if (std::optional<Error> error = change(held_of, how)) return *error;
        if (std::optional<Error> error = remember(how.boot)) return *error;
        counts_.bytes = writer_.bytes();
        return counts_;
    }

private:
    Error failure(const char* what, const std::string& path) const {
        return Error{fmt::format("cannot {} {}: {}", what, (place_.folder / path).native(),
                                 std::strerror(errno))};
    }

    // The manifest of another folder that was at this path says nothing.
    bool know_root() {
        struct stat found = {};
        if (::fstat(root_.root(), &found) != 0) return false;
        if (held_.root_device != found.st_dev || held_.root_inode != found.st_ino) held_ = {};
        held_.root_device = found.st_dev;
        held_.root_inode = found.st_ino;
        return true;
    }

    // Names in the root of a folder that is not ours alone are ours once that is written down.
    std::optional<Error> claim() {
        if (!place_.named) return std::nullopt;
        std::vector<std::string> claims = held_.claims;
        if (!std::ranges::binary_search(claims, aside_name)) claims.push_back(aside_name);
        for (const ListedEntry& entry : wanted_[0].entries) {
            if (std::ranges::binary_search(held_.claims, entry.name)) continue;
            struct stat found = {};
            if (::fstatat(root_.root(), entry.name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0) {
                return Error{
                    fmt::format("cannot put {} into {}: it is there already, and not from xgrid",
                                entry.name, place_.folder.native())};
            }
            claims.push_back(entry.name);
        }
        if (claims.size() == held_.claims.size()) return std::nullopt;
        std::ranges::sort(claims);
        held_.claims = std::move(claims);
        if (!write_manifest(place_.manifest, held_)) return failure("write", place_.manifest);
        return std::nullopt;
    }

    std::size_t threads_for(const Listing& listing) const {
        std::size_t entries = 0;
        for (const ListedFolder& folder : listing) entries += folder.entries.size();
        return std::clamp<std::size_t>(entries / entries_for_a_thread, 1,
                                       std::max<std::size_t>(options_.threads, 1));
    }

    void count() {
        for (std::size_t i = 0; i < wanted_.size(); ++i) {
            for (std::size_t k = 0; k < wanted_[i].entries.size(); ++k) {
                const bool is_folder = wanted_[i].entries[k].kind == EntryKind::folder;
                if (!differences_.folders[i].unchanged[k])
                    ++to_write_;
                else if (!is_folder)
                    ++counts_.unchanged;
            }
        }
        counts_.kept = differences_.kept;
    }

    std::optional<Error> change(const std::vector<std::uint32_t>& held_of, const Examination& how) {
        if (::mkdirat(root_.root(), aside_name.c_str(), 0700) != 0 && errno != EEXIST) {
            return failure("make", aside_name);
        }
        aside_ = open_folder(root_.root(), aside_name.c_str());
        if (!aside_ || !empty_folder(aside_.get())) return failure("use", aside_name);
        if (to_write_ > 0) {
            Result<Donors> donors =
                Donors::gather(wanted_, differences_, held_of, how, aside_.get());
            if (!donors) {
                return Error{fmt::format("{} in {}", donors.error(), place_.folder.native())};
            }
            donors_ = std::move(*donors);
        }
        if (std::optional<Error> error = clear()) return error;
        if (std::optional<Error> error = write()) return error;
        if (!empty_folder(aside_.get()) ||
            ::unlinkat(root_.root(), aside_name.c_str(), AT_REMOVEDIR) != 0) {
            return failure("remove", aside_name);
        }
        return std::nullopt;
    }

    // Strangers and what is in the way go, and there is a folder wherever one should be.
    std::optional<Error> clear() {
        for (const Stranger& stranger : differences_.strangers) {
            if (stranger.folder.empty() && stranger.name == aside_name) continue;
            const std::string path = path_in(stranger.folder, stranger.name);
            const Descriptor folder = root_.folder(stranger.folder);
            if (!folder) return failure("remove", path);
            if (stranger.only_if_empty) {
                ::unlinkat(folder.get(), stranger.name.c_str(), AT_REMOVEDIR);
                continue;
            }
            if (!remove_from(folder.get(), stranger.name, aside_.get())) {
                return failure("remove", path);
            }
            ++counts_.removed;
        }
        for (std::size_t i = 0; i < wanted_.size(); ++i) {
            if (std::optional<Error> error = clear(wanted_[i], differences_.folders[i])) {
                return error;
            }
        }
        return std::nullopt;
    }

    std::optional<Error> clear(const ListedFolder& wanted, const FolderState& state) const {
        std::optional<Descriptor> folder;
        for (std::size_t k = 0; k < wanted.entries.size(); ++k) {
            const ListedEntry& entry = wanted.entries[k];
            const bool is_folder = entry.kind == EntryKind::folder;
            if (state.unchanged[k] || (!state.in_the_way[k] && !is_folder)) continue;
            if (!folder) folder = root_.folder(wanted.path);
            if (!*folder) return failure("open", wanted.path);
            const std::string path = path_in(wanted.path, entry.name);
            if (state.in_the_way[k] && !remove_from(folder->get(), entry.name, aside_.get())) {
                return failure("replace", path);
            }
            if (is_folder && !make_folder(folder->get(), entry.name)) {
                return failure("make the folder", path);
            }
        }
        return std::nullopt;
    }

    static bool make_folder(int parent, const std::string& name) {
        if (::mkdirat(parent, name.c_str(), folder_mode) != 0) return false;
        const Descriptor folder = open_folder(parent, name.c_str());
        struct stat made = {};
        if (!folder || ::fstat(folder.get(), &made) != 0) return false;
        return (made.st_mode & 0777) == folder_mode || ::fchmod(folder.get(), folder_mode) == 0;
    }

    struct Job {
        std::size_t folder = 0;
        std::size_t begin = 0;
        std::size_t end = 0;
    };

    std::optional<Error> write() {
        std::vector<Job> jobs;
        for (std::size_t i = 0; i < wanted_.size(); ++i) {
            const std::vector<bool>& unchanged = differences_.folders[i].unchanged;
            if (std::ranges::find(unchanged, false) == unchanged.end()) continue;
            for (std::size_t k = 0; k < unchanged.size(); k += entries_of_a_job) {
                jobs.push_back({i, k, std::min(k + entries_of_a_job, unchanged.size())});
            }
        }
        std::ranges::reverse(jobs);  // the newest is done first
        const std::size_t threads =
            to_write_ < entries_for_a_thread ? 1 : std::max<std::size_t>(options_.threads, 1);
        Crew<Job> crew(std::move(jobs));
        crew.run(threads, [this](const Job& job) { return do_job(job); });
        counts_.written = written_;
        counts_.moved = moved_;
        return error_;
    }

    bool do_job(const Job& job) {
        ListedFolder& wanted = wanted_[job.folder];
        const FolderState& state = differences_.folders[job.folder];
        std::optional<Descriptor> folder;
        for (std::size_t k = job.begin; k < job.end; ++k) {
            ListedEntry& entry = wanted.entries[k];
            if (state.unchanged[k] || entry.kind == EntryKind::folder) continue;
            if (!folder) folder = root_.folder(wanted.path);
            if (!*folder) return fail(failure("open", wanted.path));
            // What was removed from here in an earlier update may have had this path.
            const std::int64_t later_than = std::max(state.later_than[k], removed_before());
            Result<FileStat> written = write_entry({folder->get(), entry, later_than});
            if (!written) {
                return fail(Error{fmt::format(
                    "cannot write {}: {}",
                    (place_.folder / path_in(wanted.path, entry.name)).native(), written.error())});
            }
            entry.stat = *written;
            ++written_;
        }
        return true;
    }

    std::int64_t removed_before() const {
        return held_.removed_second == 0 ? any_second : held_.removed_second;
    }

    Result<FileStat> write_entry(const Place& place) {
        if (place.entry.kind == EntryKind::link) return FileWriter::link(place);
        const Donors::Donor* donor = donors_.of(place.entry.id);
        if (donor == nullptr) return writer_.from_source(place, source_);
        ++moved_;
        if (!donor->aside.empty() && donor->takers == 1) {
            return writer_.by_moving(place, aside_.get(), donor->aside);
        }
        const Descriptor file =
            root_.file(donor->aside.empty() ? donor->path : path_in(aside_name, donor->aside));
        if (!file) return Error{fmt::format("cannot open its like: {}", std::strerror(errno))};
        return writer_.from_file(place, file);
    }

    bool fail(Error error) {
        const std::lock_guard lock(mutex_);
        if (!error_) error_ = std::move(error);
        return false;
    }

    std::optional<Error> remember(const std::string& boot) {
        struct stat found = {};
        if (::fstat(root_.root(), &found) != 0) return failure("look at", "");
        Manifest manifest;
        manifest.root_device = held_.root_device;
        manifest.root_inode = held_.root_inode;
        manifest.finished_ns = stat_of(found).changed_ns;
        manifest.removed_second = std::max(held_.removed_second, differences_.removed_second);
        manifest.boot = boot;
        if (place_.named) {
            for (const ListedEntry& entry : wanted_[0].entries) {
                manifest.claims.push_back(entry.name);
            }
            manifest.claims.push_back(aside_name);
            std::ranges::sort(manifest.claims);
        }
        manifest.folders = std::move(wanted_);
        if (!write_manifest(place_.manifest, manifest)) return failure("write", place_.manifest);
        return std::nullopt;
    }

    const Workspace::Place& place_;
    const Beneath root_;
    ObjectSource& source_;
    const UpdateOptions& options_;
    Manifest held_;
    const Keep keep_;
    FileWriter writer_;
    Listing wanted_;
    Differences differences_;
    Donors donors_;
    Descriptor aside_;
    UpdateCounts counts_;
    std::size_t to_write_ = 0;
    std::atomic<std::size_t> written_ = 0;
    std::atomic<std::size_t> moved_ = 0;
    std::mutex mutex_;
    std::optional<Error> error_;
};

}  // namespace

Workspace::Workspace(Place place, Descriptor lock)
    : place_(std::move(place)), lock_(std::move(lock)) {
    ::futimens(lock_.get(), nullptr);
}

Workspace::~Workspace() {
    if (lock_) ::futimens(lock_.get(), nullptr);
}

bool Workspace::held(const ObjectId& tree) const { return manifest_tree(place_.manifest) == tree; }

std::set<ObjectId> Workspace::trees_held() {
    manifest_ = read_manifest(place_.manifest);
    std::set<ObjectId> trees;
    for (const ListedFolder& folder : manifest_->folders) trees.insert(folder.id);
    return trees;
}

Result<UpdateCounts> Workspace::update(const ObjectId& tree, ObjectSource& source,
                                       const UpdateOptions& options) {
    Descriptor root(::open(place_.folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!root) {
        return Error{fmt::format("cannot open the workspace {}: {}", place_.folder.native(),
                                 std::strerror(errno))};
    }
    Manifest held = manifest_ ? std::move(*manifest_) : read_manifest(place_.manifest);
    manifest_.reset();
    return Update(place_, std::move(held), std::move(root), source, options).run(tree);
}

}  // namespace xgrid::worker
