#include "worker/workspace/examine.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <optional>
#include <unistd.h>

#include <fmt/format.h>

#include "worker/workspace/crew.hpp"

namespace xgrid::worker {
namespace {

constexpr std::string_view compiled_folder = "__pycache__";

std::string_view last_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool kind_fits(const struct stat& found, EntryKind kind) {
    if (kind == EntryKind::link) return S_ISLNK(found.st_mode);
    const mode_t mode = kind == EntryKind::executable ? 0755 : 0644;
    return S_ISREG(found.st_mode) && (found.st_mode & 07777) == mode && found.st_nlink == 1;
}

bool has_content(int folder, const ListedEntry& entry, std::uint64_t size) {
    const Descriptor file(
        ::openat(folder, entry.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file) return false;
    ObjectHash<ObjectId> hash(ObjectKind::blob, size);
    std::string piece(256 * 1024, '\0');
    for (;;) {
        const ssize_t count = ::read(file.get(), piece.data(), piece.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        if (count == 0) return hash.finish() == entry.id;
        hash.add({piece.data(), static_cast<std::size_t>(count)});
    }
}

class Examiner {
public:
    Examiner(Listing& wanted, const std::vector<std::uint32_t>& held_of, const Examination& how)
        : wanted_(wanted), held_of_(held_of), how_(how), kept_inside_(wanted.size()) {
        differences_.folders.resize(wanted.size());
        found_.resize(wanted.size());
        above_.resize(wanted.size(), nowhere);
        for (std::uint32_t i = 0; i < wanted.size(); ++i) {
            for (const ListedEntry& entry : wanted[i].entries) {
                if (entry.kind == EntryKind::folder) above_[entry.folder] = i;
            }
        }
    }

    Result<Differences> run() {
        Crew<std::uint32_t> crew({0});
        crew.run(how_.threads, [&](std::uint32_t i) { return examine_folder(i, crew); });
        if (!error_.empty()) return Error{error_};
        for (std::uint32_t i = 0; i < wanted_.size(); ++i) {
            if (!differences_.folders[i].there) consider_missing(i);
            Found& found = found_[i];
            std::ranges::move(found.strangers, std::back_inserter(differences_.strangers));
            differences_.kept += found.kept;
            differences_.removed_second =
                std::max(differences_.removed_second, found.removed_second);
        }
        note_gone_with_folders();
        differences_.verified = verified_;
        return std::move(differences_);
    }

private:
    // In one folder, by the thread that examines it.
    struct Found {
        std::vector<Stranger> strangers;
        std::size_t kept = 0;
        std::int64_t removed_second = 0;
    };

    bool fail(const std::string& what, const std::string& path) {
        const std::string why = std::strerror(errno);
        const std::lock_guard lock(mutex_);
        if (error_.empty()) error_ = fmt::format("cannot {} {} ({})", what, path, why);
        return false;
    }

    Descriptor open(std::uint32_t i) {
        const std::string& path = wanted_[i].path;
        Descriptor folder = how_.root.folder(path);
        if (folder || errno != EACCES || path.empty()) return folder;
        const Descriptor parent = how_.root.folder(wanted_[above_[i]].path);
        return parent ? open_folder(parent.get(), std::string(last_name(path)).c_str())
                      : Descriptor();
    }

    bool examine_folder(std::uint32_t i, Crew<std::uint32_t>& crew) {
        const ListedFolder& wanted = wanted_[i];
        const Descriptor folder = open(i);
        if (!folder) return fail("open the folder", path_of(wanted.path));
        const std::optional<std::vector<Name>> names = names_in(folder.get());
        if (!names) return fail("read the folder", path_of(wanted.path));
        if (!has_mode(folder.get(), i)) return fail("unlock the folder", path_of(wanted.path));

        begin(i);
        differences_.folders[i].there = true;
        std::vector<Name> strangers;
        for (const Name& name : *names) {
            const ListedEntry* entry = find_entry(wanted, name.text);
            if (entry == nullptr) {
                strangers.push_back(name);
                continue;
            }
            compare(i, static_cast<std::size_t>(entry - wanted.entries.data()), folder.get(),
                    name.type);
        }
        for (const Name& name : strangers) meet(i, folder.get(), name);
        for (std::size_t k = 0; k < wanted.entries.size(); ++k) {
            const ListedEntry& entry = wanted.entries[k];
            if (entry.kind == EntryKind::folder && differences_.folders[i].unchanged[k]) {
                kept_inside_[entry.folder] =
                    kept_inside_[i] || how_.keep.keeps(wanted_[entry.folder].path, true, true);
                crew.add(entry.folder);
            }
        }
        return true;
    }

    bool has_mode(int folder, std::uint32_t i) const {
        if (i == 0 && how_.named) return true;
        struct stat found = {};
        if (::fstat(folder, &found) != 0) return false;
        return (found.st_mode & 0777) == folder_mode || ::fchmod(folder, folder_mode) == 0;
    }

    void begin(std::uint32_t i) {
        FolderState& state = differences_.folders[i];
        const std::size_t size = wanted_[i].entries.size();
        state.unchanged.resize(size);
        state.in_the_way.resize(size);
        state.later_than.resize(size, any_second);
        if (held_of_[i] == nowhere) return;
        for (std::size_t k = 0; k < size; ++k) {
            const ListedEntry* held = held_entry(i, k);
            if (held == nullptr || held->kind == EntryKind::folder) continue;
            state.later_than[k] = history_second(held->stat);
        }
    }

    const ListedEntry* held_entry(std::uint32_t i, std::size_t k) const {
        if (held_of_[i] == nowhere) return nullptr;
        const ListedFolder& held = how_.held.folders[held_of_[i]];
        const std::string& name = wanted_[i].entries[k].name;
        // Most of the time the two are the same.
        if (k < held.entries.size() && held.entries[k].name == name) return &held.entries[k];
        return find_entry(held, name);
    }

    void compare(std::uint32_t i, std::size_t k, int folder, unsigned char type) {
        ListedEntry& entry = wanted_[i].entries[k];
        FolderState& state = differences_.folders[i];
        if (entry.kind == EntryKind::folder && type == DT_DIR) {
            state.unchanged[k] = true;
            return;
        }
        struct stat found = {};
        if (::fstatat(folder, entry.name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) return;
        if (entry.kind == EntryKind::folder && S_ISDIR(found.st_mode)) {
            state.unchanged[k] = true;
            return;
        }
        state.in_the_way[k] = true;
        if (!S_ISDIR(found.st_mode)) {
            state.later_than[k] = std::max(state.later_than[k], history_second(stat_of(found)));
        }
        const ListedEntry* held = held_entry(i, k);
        if (held == nullptr || held->id != entry.id || held->kind != entry.kind) return;
        bool verified = false;
        if (check_held(folder, *held, found, how_, verified) == Held::as_written) {
            state.unchanged[k] = true;
            state.in_the_way[k] = false;
            entry.stat = held->stat;
        }
        if (verified) verified_ = true;
    }

    // Something that the tree does not have there.
    void meet(std::uint32_t i, int folder, const Name& name) {
        const bool is_folder = name.type == DT_DIR || is_folder_at(folder, name);
        if (i == 0 && how_.named && !std::ranges::binary_search(how_.held.claims, name.text)) {
            ++found_[i].kept;
            return;
        }
        const bool in_compiled = last_name(wanted_[i].path) == compiled_folder;
        if (in_compiled && !is_folder && is_compiled(name.text)) {
            const std::uint32_t above = above_[i];
            if (above == nowhere ||
                !is_current(name.text, wanted_[above], differences_.folders[above].unchanged)) {
                go(i, folder, wanted_[i].path, name.text);
                return;
            }
        }
        const std::string path = path_in(wanted_[i].path, name.text);
        if (kept_inside_[i] || how_.keep.keeps(path, is_folder, true)) {
            ++found_[i].kept;
            if (is_folder && name.text == compiled_folder) keep_current(i, folder, path);
            return;
        }
        if (is_folder && how_.keep.may_keep_below(path)) {
            keep_some(i, folder, name.text, path);
            return;
        }
        go(i, folder, wanted_[i].path, name.text);
    }

    static bool is_folder_at(int folder, const Name& name) {
        struct stat found = {};
        return name.type == DT_UNKNOWN &&
               ::fstatat(folder, name.text.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 &&
               S_ISDIR(found.st_mode);
    }

    void go(std::uint32_t i, int folder, const std::string& path, const std::string& name) {
        struct stat found = {};
        if (::fstatat(folder, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0) {
            found_[i].removed_second =
                std::max(found_[i].removed_second, history_second(stat_of(found)));
        }
        found_[i].strangers.push_back({path, name});
    }

    // Compiled Python beside its source stays while that is as it was.
    void keep_current(std::uint32_t i, int above, const std::string& path) {
        const Descriptor folder = open_folder(above, std::string(compiled_folder).c_str());
        const std::optional<std::vector<Name>> names =
            folder ? names_in(folder.get()) : std::vector<Name>();
        if (!names) return;
        bool some_went = false;
        for (const Name& name : *names) {
            if (!is_compiled(name.text) ||
                is_current(name.text, wanted_[i], differences_.folders[i].unchanged)) {
                continue;
            }
            go(i, folder.get(), path, name.text);
            some_went = true;
        }
        if (some_went)
            found_[i].strangers.push_back({wanted_[i].path, std::string(compiled_folder), true});
    }

    // A folder that is not of the tree, in which something may have to stay.
    void keep_some(std::uint32_t i, int above, const std::string& name, const std::string& path) {
        const Descriptor folder = open_folder(above, name.c_str());
        const std::optional<std::vector<Name>> names =
            folder ? names_in(folder.get()) : std::vector<Name>();
        if (!names) return;
        for (const Name& below : *names) {
            const bool is_folder = below.type == DT_DIR || is_folder_at(folder.get(), below);
            const std::string below_path = path_in(path, below.text);
            if (how_.keep.keeps(below_path, is_folder, false)) {
                ++found_[i].kept;
            } else if (is_folder && how_.keep.may_keep_below(below_path)) {
                keep_some(i, folder.get(), below.text, below_path);
            } else {
                go(i, folder.get(), path, below.text);
            }
        }
        found_[i].strangers.push_back(
            {path.substr(0, path.size() - name.size() - (path.size() > name.size() ? 1 : 0)), name,
             true});
    }

    void consider_missing(std::uint32_t i) { begin(i); }

    // What the manifest has and the tree has not: it went, or is about to.
    void note_gone_with_folders() {
        std::vector<bool> has_counterpart(how_.held.folders.size());
        for (std::uint32_t i = 0; i < wanted_.size(); ++i) {
            if (held_of_[i] == nowhere) continue;
            has_counterpart[held_of_[i]] = true;
            note_gone(how_.held.folders[held_of_[i]], &wanted_[i]);
        }
        for (std::size_t i = 0; i < has_counterpart.size(); ++i) {
            if (!has_counterpart[i]) note_gone(how_.held.folders[i], nullptr);
        }
    }

    void note_gone(const ListedFolder& held, const ListedFolder* wanted) {
        if (wanted != nullptr && wanted->id == held.id) return;
        for (const ListedEntry& entry : held.entries) {
            if (entry.kind == EntryKind::folder) continue;
            if (wanted != nullptr && find_entry(*wanted, entry.name) != nullptr) continue;
            differences_.removed_second =
                std::max(differences_.removed_second, history_second(entry.stat));
        }
    }

    static std::string path_of(const std::string& path) { return path.empty() ? "." : path; }

    Listing& wanted_;
    const std::vector<std::uint32_t>& held_of_;
    const Examination& how_;
    Differences differences_;
    std::vector<Found> found_;
    std::vector<std::uint32_t> above_;
    std::vector<char> kept_inside_;  // not of bool: threads write beside each other
    std::atomic<bool> verified_ = false;
    std::mutex mutex_;
    std::string error_;
};

}  // namespace

Result<Differences> examine(Listing& wanted, const std::vector<std::uint32_t>& held_of,
                            const Examination& how) {
    return Examiner(wanted, held_of, how).run();
}

Held check_held(int folder, const ListedEntry& entry, const struct stat& found,
                const Examination& how, bool& verified) {
    if (!kind_fits(found, entry.kind) || stat_of(found) != entry.stat) return Held::differs;
    const bool proven = entry.stat.changed_ns < how.held.finished_ns && how.boot == how.held.boot;
    if (proven) return Held::as_written;
    verified = true;
    if (entry.kind != EntryKind::link) {
        return has_content(folder, entry, entry.stat.size) ? Held::as_written : Held::differs;
    }
    std::string target(entry.target.size() + 1, '\0');
    const ssize_t size = ::readlinkat(folder, entry.name.c_str(), target.data(), target.size());
    target.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return target == entry.target ? Held::as_written : Held::differs;
}

}  // namespace xgrid::worker
