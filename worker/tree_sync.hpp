// Makes a workspace hold a run's tree, on a thread and a connection of its own: fetches what is
// lacking, writes it, and holds the workspace until it is told to let go. Owns the thread and the
// workspace.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "shared/messages.hpp"
#include "shared/result.hpp"
#include "shared/socket.hpp"
#include "shared/store.hpp"
#include "worker/tree_fetch.hpp"
#include "worker/workspace/workspaces.hpp"

namespace xgrid::worker {

/// What all of a worker's runs have in common.
struct SyncSettings {
    std::string broker;                                       // endpoint
    std::optional<Token> credentials{};                       // for it
    std::filesystem::path cache;                              // with the store and the workspaces
    std::uint64_t cache_bytes_max = std::uint64_t{20} << 30;  // of both, a half each
    bool pack = false;                                        // what the broker sends
    bool at_home = false;  // the client is on this machine, and its files may be read
};

class TreeSync {
public:
    /// `wake` is called from the thread whenever there is something new to ask.
    TreeSync(Context& context, SyncSettings settings, std::string run, TreeSpec spec,
             std::function<void()> wake);
    TreeSync(const TreeSync&) = delete;
    TreeSync& operator=(const TreeSync&) = delete;
    /// Waits for its end, which comes soon after end(), or when the files are written.
    ~TreeSync();

    void end() { end_ = true; }

    /// The workspace's folder, once there is one: it holds the tree only when it is done.
    std::optional<std::string> folder() const;
    /// None: it is not done yet. Error: it cannot be done.
    std::optional<Result<TreeReady>> result() const;
    /// There is nothing it still does: from then on it goes at once.
    bool over() const { return over_; }

private:
    void run();
    Result<TreeReady> prepare();
    Result<UpdateCounts> write(const std::filesystem::path& objects, TreeReady& ready);
    std::string fetch(TreeFetch& fetch, Dealer& broker) const;

    Context& context_;
    SyncSettings settings_;
    std::string run_;
    TreeSpec spec_;
    std::function<void()> wake_;
    std::optional<Workspace> workspace_;  // the thread's, as is the store
    std::unique_ptr<Store> store_;
    bool wrote_ = false;
    std::atomic<bool> end_ = false;
    std::atomic<bool> over_ = false;
    mutable std::mutex mutex_;
    std::optional<std::string> folder_;
    std::optional<Result<TreeReady>> result_;
    std::thread thread_;
};

}  // namespace xgrid::worker
