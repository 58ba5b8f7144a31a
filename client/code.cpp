#include "client/code.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <filesystem>
#include <mutex>
#include <sys/eventfd.h>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "shared/ensure.hpp"

namespace xgrid::client {
namespace {

namespace fs = std::filesystem;

bool is_within(const fs::path& path, const fs::path& folder) {
    const fs::path below = path.lexically_relative(folder);
    return !below.empty() && *below.begin() != "..";
}

}  // namespace

bool takes_code_along(const Options& options) {
    return !options.local.chdir.empty() || !options.broker.empty();
}

SnapshotSettings snapshot_settings(const Options& options) {
    SnapshotSettings settings{
        .root = options.sync.root, .extra = options.sync.folders, .ignore = options.sync.ignores};
    // A copy does not hold itself.
    const fs::path copy = options.local.chdir;
    if (!copy.empty() && is_within(copy, options.sync.root)) {
        settings.ignore.push_back(copy.lexically_normal());
    }
    return settings;
}

TreeSpec tree_spec(const Options& options, const Snapshot& snapshot) {
    TreeSpec spec{.id = snapshot.id,
                  .project = options.sync.root,
                  .folder = options.local.chdir,
                  .keep = options.sync.keep};
    const fs::path directory = options.spec.directory;
    const fs::path below = directory.lexically_relative(options.sync.root);
    if (below != "." && is_within(directory, options.sync.root)) spec.directory = below;
    for (const Place& place : snapshot.places) spec.places[place.at] = place.directory;
    return spec;
}

struct SnapshotTask::Shared {
    Descriptor done{eventfd(0, EFD_CLOEXEC)};
    std::mutex mutex;
    std::optional<Result<std::shared_ptr<const Snapshot>>> result;
};

SnapshotTask::SnapshotTask(SnapshotSettings settings) : shared_(std::make_shared<Shared>()) {
    if (!shared_->done) throw Fatal(fmt::format("cannot read the code: {}", strerror(errno)));
    std::thread([shared = shared_, settings = std::move(settings)] {
        Result<std::shared_ptr<const Snapshot>> result = Error{};
        try {
            Result<Snapshot> taken = take_snapshot(settings, std::chrono::system_clock::now());
            if (taken) {
                result =
                    std::shared_ptr<const Snapshot>(std::make_shared<Snapshot>(std::move(*taken)));
            } else {
                result = Error{taken.error()};
            }
        } catch (const std::exception& error) {
            result = Error{error.what()};
        }
        {
            const std::lock_guard lock(shared->mutex);
            shared->result = std::move(result);
        }
        eventfd_write(shared->done.get(), 1);
    }).detach();
}

int SnapshotTask::descriptor() const { return shared_->done.get(); }

std::optional<Result<std::shared_ptr<const Snapshot>>> SnapshotTask::result() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->result;
}

}  // namespace xgrid::client
