#include "client/folder_watches.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <unordered_set>

#include <fmt/format.h>

namespace xgrid::client {
namespace {

constexpr std::uint32_t interesting = IN_CREATE | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE |
                                      IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF |
                                      IN_MOVE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK;

// There other machines may change files, and this one's kernel does not know.
bool is_shared_with_others(const std::string& folder) {
    constexpr std::array<std::uint32_t, 7> types = {0x6969 /* NFS */,
                                                    0x517b /* SMB */,
                                                    0xff534d42 /* CIFS */,
                                                    0xfe534d42 /* SMB2 */,
                                                    0x01021997 /* 9P */,
                                                    0x65735546 /* FUSE */,
                                                    0x786f4256 /* VirtualBox */};
    struct statfs facts = {};
    return statfs(folder.c_str(), &facts) == 0 &&
           std::ranges::find(types, static_cast<std::uint32_t>(facts.f_type)) != types.end();
}

}  // namespace

FolderWatches::FolderWatches() { start(); }

void FolderWatches::start() {
    watches_.clear();
    folders_.clear();
    moved_ = false;
    descriptor_ = Descriptor(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (descriptor_) return;
    give_up(errno == EMFILE ? "all instances of inotify are in use (fs.inotify.max_user_instances)"
                            : strerror(errno));
}

void FolderWatches::give_up(const std::string& why) {
    trouble_ = why;
    descriptor_.close();
    watches_.clear();
    folders_.clear();
}

bool FolderWatches::hear() {
    bool heard = false;
    alignas(inotify_event) std::array<char, 65536> buffer{};
    while (descriptor_) {
        const ssize_t bytes = read(descriptor_.get(), buffer.data(), buffer.size());
        if (bytes <= 0) break;
        for (std::size_t at = 0; at < static_cast<std::size_t>(bytes);) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof event);
            at += sizeof event + event.len;
            if ((event.mask & IN_IGNORED) != 0) {
                const auto folder = folders_.find(event.wd);
                if (folder != folders_.end()) forget(std::string(folder->second));
                continue;
            }
            heard = true;
            if ((event.mask & IN_MOVE_SELF) != 0) moved_ = true;
        }
    }
    return heard;
}

void FolderWatches::forget(const std::string& folder) {
    const auto watch = watches_.find(folder);
    if (watch == watches_.end()) return;
    folders_.erase(watch->second);
    watches_.erase(watch);
}

bool FolderWatches::watch(const std::vector<std::string>& folders) {
    if (moved_) start();
    if (!descriptor_) return false;
    const std::unordered_set<std::string> wanted(folders.begin(), folders.end());
    std::vector<std::string> unwanted;
    for (const auto& [folder, watch] : watches_) {
        if (!wanted.contains(folder)) unwanted.push_back(folder);
    }
    for (const std::string& folder : unwanted) {
        inotify_rm_watch(descriptor_.get(), watches_.at(folder));
        forget(folder);
    }
    bool fresh = false;
    for (const std::string& folder : folders) {
        if (watches_.contains(folder)) continue;
        const int watch = inotify_add_watch(descriptor_.get(), folder.c_str(), interesting);
        if (watch < 0 && errno == ENOSPC) {
            give_up("the limit of watches is reached (fs.inotify.max_user_watches)");
            return false;
        }
        if (watch < 0) continue;
        if (trouble_.empty() && watches_.empty() && is_shared_with_others(folder)) {
            trouble_ = "other machines may change files here";
        }
        fresh = true;
        watches_[folder] = watch;
        folders_[watch] = folder;
    }
    return fresh;
}

}  // namespace xgrid::client
