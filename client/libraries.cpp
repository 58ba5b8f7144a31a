#include "client/libraries.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

#include "client/loader_cache.hpp"
#include "client/within.hpp"
#include "shared/cache_home.hpp"
#include "shared/digest.hpp"
#include "shared/elf.hpp"
#include "shared/ensure.hpp"
#include "shared/libraries_folder.hpp"
#include "shared/mapped_file.hpp"
#include "shared/process.hpp"

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours kept_for(24 * 30);

std::vector<std::string> folders_of(std::string_view text) {
    std::vector<std::string> folders;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(":;"), text.size());
        if (end > 0) folders.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return folders;
}

/// A program or library that is loaded.
struct Loaded {
    std::string path;
    ElfFacts facts;
    std::string origin;
    bool in_place = false;  // in copies it is at the same path
    const Loaded* loader = nullptr;
};

class Closure {
public:
    Closure(std::string root, const LoaderPlaces& places)
        : root_(std::move(root)), places_(places) {}

    std::vector<Library> of(const std::string& program) {
        std::error_code none;
        const MappedFile file(program);
        std::optional<ElfFacts> facts = read_elf(file.text());
        if (!facts) return {};
        const fs::path real = fs::weakly_canonical(program, none);
        if (!facts->interpreter.empty()) {
            systems_ = fs::weakly_canonical(facts->interpreter, none).parent_path();
        }
        loaded_.push_back({real, *std::move(facts), real.parent_path(), true, nullptr});
        for (std::size_t i = 0; i < loaded_.size(); ++i) load_needs(loaded_[i]);
        return found_;
    }

private:
    void load_needs(const Loaded& who) {
        for (const std::string& name : who.facts.needed) {
            if (!known_.insert(name).second) continue;
            std::optional<Found> found = find(name, who);
            if (!found || is_systems(found->path)) continue;
            known_.insert(found->facts.soname);
            const bool stays = found->by_origin && who.in_place && is_within(found->path, root_);
            found_.push_back({name, found->path, stays});
            const std::string origin = fs::path(found->path).parent_path();
            loaded_.push_back({found->path, std::move(found->facts), origin, stays, &who});
        }
    }

    struct Found {
        std::string path;
        ElfFacts facts;
        bool by_origin = false;
    };

    std::optional<Found> find(const std::string& name, const Loaded& who) const {
        if (name.find('/') != std::string::npos) return std::nullopt;  // from where it is started
        std::optional<Found> found;
        if (who.facts.runpath.empty()) {
            for (const Loaded* one = &who; one != nullptr && !found; one = one->loader) {
                if (one->facts.runpath.empty()) found = find_in(one->facts.rpath, name, *one, who);
            }
        }
        for (const std::string& folder : places_.loader_path) {
            if (!found) found = fitting(fs::path(folder) / name, who);
        }
        if (!found) found = find_in(who.facts.runpath, name, who, who);
        const auto cached = places_.cache.find(name);
        if (cached == places_.cache.end()) return found;
        for (const std::string& path : cached->second) {
            if (!found) found = fitting(path, who);
        }
        return found;
    }

    // In folders that one of both has written in it. Other words than $ORIGIN are for paths of
    // systems.
    std::optional<Found> find_in(const std::string& folders, const std::string& name,
                                 const Loaded& writer, const Loaded& who) const {
        for (std::string folder : folders_of(folders)) {
            bool by_origin = false;
            for (const std::string_view word : {"${ORIGIN}", "$ORIGIN"}) {
                for (std::size_t at = 0; (at = folder.find(word, at)) != std::string::npos;) {
                    folder.replace(at, word.size(), writer.origin);
                    at += writer.origin.size();
                    by_origin = true;
                }
            }
            if (!folder.starts_with('/')) continue;
            std::optional<Found> found = fitting(fs::path(folder) / name, who);
            if (!found) continue;
            found->by_origin = by_origin && writer.in_place;
            return found;
        }
        return std::nullopt;
    }

    // The loader passes over those of another machine.
    static std::optional<Found> fitting(const fs::path& path, const Loaded& who) {
        std::error_code none;
        if (!fs::is_regular_file(path, none)) return std::nullopt;
        const MappedFile file(path);
        std::optional<ElfFacts> facts = read_elf(file.text());
        if (!facts || facts->machine != who.facts.machine || facts->bits != who.facts.bits) {
            return std::nullopt;
        }
        return Found{fs::absolute(path, none).lexically_normal(), *std::move(facts)};
    }

    // Packages' libraries, and what belongs to the loader, wherever that is.
    bool is_systems(const std::string& path) const {
        std::error_code none;
        const fs::path real = fs::weakly_canonical(path, none);
        constexpr std::array folders = {"/lib",     "/lib32",     "/lib64",     "/libx32",
                                        "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32"};
        return real.parent_path() == systems_ ||
               std::ranges::any_of(folders,
                                   [&](const char* folder) { return is_within(real, folder); });
    }

    std::string root_;
    const LoaderPlaces& places_;
    fs::path systems_;
    std::deque<Loaded> loaded_;
    std::set<std::string> known_;
    std::vector<Library> found_;
};

bool same_content(const std::string& one, const std::string& other) {
    std::error_code none;
    if (fs::equivalent(one, other, none)) return true;
    return MappedFile(one).text() == MappedFile(other).text();
}

// Of runs that nobody repeats, and drafts of who was killed.
void remove_old(const fs::path& folder) {
    std::error_code none;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, none)) {
        const fs::file_time_type used = entry.last_write_time(none);
        if (!none && fs::file_time_type::clock::now() - used > kept_for) {
            fs::remove_all(entry.path(), none);
        }
    }
}

// As it is there now; one that did not change is not touched, so that it is not read again.
void refresh(const fs::path& from, const fs::path& to) {
    std::error_code none;
    const fs::file_time_type written = fs::last_write_time(from);
    const bool same = fs::is_regular_file(to, none) && fs::file_size(to) == fs::file_size(from) &&
                      fs::last_write_time(to) == written;
    if (same) return;
    const fs::path draft = to.parent_path().parent_path() / ("draft-" + random_token());
    fs::copy_file(from, draft);
    fs::last_write_time(draft, written);
    fs::rename(draft, to);
}

}  // namespace

LoaderPlaces own_loader_places() {
    LoaderPlaces places;
    if (const char* path = std::getenv("LD_LIBRARY_PATH")) places.loader_path = folders_of(path);
    places.cache = read_loader_cache(MappedFile("/etc/ld.so.cache").text());
    return places;
}

std::vector<Library> libraries_of(const std::string& program, const std::string& root,
                                  const LoaderPlaces& places) {
    return Closure(root, places).of(program);
}

std::vector<std::string> programs_in(const std::string& path) {
    std::error_code error;
    if (!fs::is_directory(path, error)) return {path};
    std::vector<std::string> programs;
    for (fs::recursive_directory_iterator each(path, error), end; !error && each != end;
         each.increment(error)) {
        std::error_code none;
        if (!each->is_regular_file(none) || access(each->path().c_str(), X_OK) != 0) continue;
        if (MappedFile(each->path())
                .text()
                .starts_with("\x7f"
                             "ELF")) {
            programs.push_back(each->path());
        }
    }
    std::ranges::sort(programs);
    return programs;
}

std::string machine_of(const std::vector<std::string>& programs) {
    std::string machine;
    for (const std::string& program : programs) {
        const MappedFile file(program);
        const std::optional<ElfFacts> facts = read_elf(file.text());
        if (!facts || facts->bits != 64) return {};
        if (!machine.empty() && facts->machine != machine) return {};
        machine = facts->machine;
    }
    return machine;
}

std::string put_together(const std::vector<Library>& libraries) {
    std::map<std::string, std::string> paths;
    std::string key;
    for (const Library& library : libraries) {
        const auto [known, fresh] = paths.emplace(library.name, library.path);
        if (fresh || same_content(known->second, library.path)) continue;
        throw Fatal(fmt::format("{} and {} have the same name, and programs of this run need "
                                "both: submit them one after the other",
                                known->second, library.path),
                    4);
    }
    for (const auto& [name, path] : paths) key.append(name).append(1, '\0').append(path + '\0');
    const fs::path home = cache_home();
    if (home.empty()) throw Fatal("no cache folder for libraries: set XGRID_CACHE_HOME", 3);
    const fs::path all = home / "libraries";
    const fs::path folder = all / object_id(ObjectKind::blob, key).hex() / libraries_folder;
    try {
        fs::create_directories(folder);
        for (const auto& [name, path] : paths) refresh(path, folder / name);
        fs::last_write_time(folder.parent_path(), fs::file_time_type::clock::now());
    } catch (const fs::filesystem_error& error) {
        throw Fatal(fmt::format("cannot take libraries along: {}", error.what()), 3);
    }
    remove_old(all);
    return folder;
}

}  // namespace xgrid::client
