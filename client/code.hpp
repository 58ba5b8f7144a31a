// The code that a run takes along: a snapshot of it on a thread of its own, and how a run names it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/options.hpp"
#include "client/snapshot/snapshot.hpp"
#include "shared/descriptor.hpp"
#include "shared/messages.hpp"
#include "shared/result.hpp"

namespace xgrid::client {

/// Some tests run in a copy of the code, not where it lies.
bool takes_code_along(const Options& options);

/// Where they run in an environment of this machine.
std::string directory_of_tests(const Options& options, const Environment& environment);

/// Throws Fatal with exit code 4 if a copy would be written over the code.
void check_copies(const Options& options);

/// Folders of workspaces, and what they are copies of; the deeper ones first.
std::vector<std::pair<std::string, std::string>> copied_folders(
    const Options& options, const std::vector<std::string>& workspaces);

SnapshotSettings snapshot_settings(const Options& options);

/// What a loop on failing tests watches: each place with its rules. Throws Fatal with exit code 4
/// for one that is not there.
std::vector<SnapshotSettings> watch_settings(const Options& options);

TreeSpec tree_spec(const Options& options, const Snapshot& snapshot);

/// A snapshot being taken. May be abandoned: its thread then ends in its own time.
class SnapshotTask {
public:
    explicit SnapshotTask(SnapshotSettings settings);

    /// Readable when there is a result.
    int descriptor() const;
    std::optional<Result<std::shared_ptr<const Snapshot>>> result() const;

private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
};

}  // namespace xgrid::client
