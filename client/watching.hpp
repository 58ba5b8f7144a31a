// Files that a loop on failing tests waits for: those that the project's tree would hold. Owns what
// was seen of them last. Only content counts: a file that was written as it was has not changed.
//
// The kernel says when something happened, a look at the files says what. Where the kernel does not
// say it, there is a look each second, or less often if looks are long.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client/code.hpp"
#include "client/file_change.hpp"
#include "client/folder_watches.hpp"
#include "client/settling.hpp"
#include "client/snapshot/settings.hpp"
#include "client/snapshot/snapshot.hpp"
#include "shared/instant.hpp"
#include "shared/socket.hpp"

namespace xgrid::client {

class Watching {
public:
    /// Begins with a first look, which finds no changes.
    Watching(Instant now, std::vector<SnapshotSettings> places);

    /// To be called when next_deadline() has passed, or one of watch() is ready. What has changed
    /// since the last time, if a look is done that found something.
    std::optional<FileChanges> advance(Instant now);
    /// Adds what to wait for.
    void watch(std::vector<zmq::pollitem_t>& items) const;
    Instant next_deadline() const;

    /// A look is to come, or under way, because of what happened before: as far as the kernel says.
    bool pending() const { return !looks_.empty() || settling_.due() != never; }
    /// Likewise, in any case.
    void look_soon(Instant now);

    /// How many files were seen last.
    std::size_t files() const;
    /// Not empty: files are looked at again and again, and why.
    const std::string& polls() const { return watches_.trouble(); }
    /// Not empty: the last look failed, and why. Another follows.
    const std::string& trouble() const { return trouble_; }

private:
    using Seen = std::vector<std::shared_ptr<const Snapshot>>;

    void look(Instant now);
    std::optional<FileChanges> compare(Instant now, Seen seen);

    std::vector<SnapshotSettings> places_;
    FolderWatches watches_;
    Settling settling_;
    std::vector<std::unique_ptr<SnapshotTask>> looks_;  // one for each place
    Instant looked_at_;
    Instant look_again_at_ = never;
    std::optional<Instant> waits_since_;  // there are changes, and more keep coming
    Seen seen_;
    std::string trouble_;
};

}  // namespace xgrid::client
