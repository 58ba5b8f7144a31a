// A folder of a test's own on the disk, with nothing of the user's around it: no configuration of
// git, no cache. Gone at the end.
#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "client/snapshot/snapshot.hpp"

namespace xgrid::client {

class DiskFixture {
public:
    DiskFixture() {
        std::string name = std::filesystem::temp_directory_path() / "xgrid-test-XXXXXX";
        REQUIRE(mkdtemp(name.data()) != nullptr);
        top_ = std::filesystem::canonical(name);
        for (const char* folder : {"root", "home", "cache"}) {
            std::filesystem::create_directory(top_ / folder);
        }
        set("HOME", top_ / "home");
        set("XDG_CONFIG_HOME", top_ / "home/.config");
        set("XGRID_CACHE_HOME", top_ / "cache");
        set("GIT_CONFIG_NOSYSTEM", "1");
        set("GIT_CONFIG_GLOBAL", "/dev/null");
        for (const char* name : {"AUTHOR", "COMMITTER"}) {
            set("GIT_" + std::string(name) + "_NAME", "somebody");
            set("GIT_" + std::string(name) + "_EMAIL", "somebody@example.org");
        }
    }
    DiskFixture(const DiskFixture&) = delete;
    DiskFixture& operator=(const DiskFixture&) = delete;
    ~DiskFixture() {
        for (const auto& [name, value] : before_) {
            if (value) {
                setenv(name.c_str(), value->c_str(), 1);
            } else {
                unsetenv(name.c_str());
            }
        }
        std::error_code none;
        std::filesystem::remove_all(top_, none);
    }

    std::filesystem::path top() const { return top_; }
    std::filesystem::path root() const { return top_ / "root"; }
    void use_cache(const std::string& name) { set("XGRID_CACHE_HOME", top_ / name); }

    /// Below the root, with the folders on the way.
    void write(const std::filesystem::path& path, std::string_view content = "content") const {
        const std::filesystem::path file = root() / path;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << content;
    }
    void link(const std::filesystem::path& path, const std::string& target) const {
        std::filesystem::create_directories((root() / path).parent_path());
        std::filesystem::create_symlink(target, root() / path);
    }

    /// What a command says, in the root. It must succeed.
    std::string run(const std::string& command) const {
        int status = 0;
        std::string text = try_to_run(command, status);
        CAPTURE(command);
        REQUIRE(status == 0);
        return text;
    }
    std::string try_to_run(const std::string& command, int& status) const {
        const std::string all = "cd '" + root().string() + "' && (" + command + ") 2>&1";
        std::string text;
        FILE* pipe = popen(all.c_str(), "r");
        REQUIRE(pipe != nullptr);
        std::array<char, 4096> piece{};
        while (const std::size_t count = fread(piece.data(), 1, piece.size(), pipe)) {
            text.append(piece.data(), count);
        }
        status = pclose(pipe);
        while (text.ends_with('\n')) text.pop_back();
        return text;
    }

    SnapshotSettings settings() const { return {.root = root()}; }

    Snapshot snapshot() const { return snapshot(settings()); }
    Snapshot snapshot(const SnapshotSettings& settings) const {
        return snapshot(settings, std::chrono::system_clock::now());
    }
    /// All that it finds counts as settled.
    Snapshot late_snapshot(const SnapshotSettings& settings) const {
        return snapshot(settings, std::chrono::system_clock::now() + std::chrono::hours(1));
    }
    static std::string error(const SnapshotSettings& settings) {
        Result<Snapshot> taken = take_snapshot(settings, std::chrono::system_clock::now());
        return taken ? "" : taken.error();
    }

    /// Until a change of now has another time than one before the call.
    void await_next_tick() const {
        const auto tick = [&] {
            std::ofstream(top_ / "tick") << "tick";
            struct stat facts = {};
            REQUIRE(stat((top_ / "tick").c_str(), &facts) == 0);
            return std::pair(facts.st_ctim.tv_sec, facts.st_ctim.tv_nsec);
        };
        const auto start = tick();
        while (tick() == start) continue;
    }

private:
    static Snapshot snapshot(const SnapshotSettings& settings, WallTime now) {
        Result<Snapshot> taken = take_snapshot(settings, now);
        const std::string why = taken ? "" : taken.error();
        CAPTURE(why);
        REQUIRE(why.empty());
        return std::move(*taken);
    }
    void set(const std::string& name, const std::string& value) {
        const char* before = std::getenv(name.c_str());
        before_.try_emplace(name,
                            before == nullptr ? std::nullopt : std::optional<std::string>(before));
        setenv(name.c_str(), value.c_str(), 1);
    }

    std::filesystem::path top_;
    std::map<std::string, std::optional<std::string>> before_;
};

/// "folder/ file link@ ..." in the order of the tree; with paths.
inline std::string listing(const Snapshot& snapshot, std::size_t index = 0) {
    std::string text;
    const Folder& folder = snapshot.folders[index];
    for (std::size_t i = 0; i < folder.entries.size(); ++i) {
        if (!text.empty()) text += ' ';
        text += path_below(folder.path, folder.entries[i].name);
        if (folder.entries[i].kind == EntryKind::link) text += '@';
        if (folder.entries[i].kind == EntryKind::executable) text += '*';
        if (folder.entries[i].kind != EntryKind::folder) continue;
        text += '/';
        const std::string below = listing(snapshot, folder.items[i].folder);
        if (!below.empty()) text += ' ' + below;
    }
    return text;
}

}  // namespace xgrid::client
