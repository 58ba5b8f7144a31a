// Which runs' trees are here, and what slots are to do once theirs is. Owns the workspaces'
// holders. Knows nothing of the processes of slots: commands for them go in, and come out when they
// can be obeyed.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "shared/descriptor.hpp"
#include "shared/socket.hpp"
#include "worker/frameworks/warm_key.hpp"
#include "worker/tree_sync.hpp"
#include "worker/worker.hpp"

namespace xgrid::worker {

class Trees {
public:
    Trees(Context& context, SyncSettings settings);

    /// What of it is to be done now: all of it, unless the slot waits for a tree.
    std::vector<Command> pass(Command command);

    /// No run has a tree.
    bool empty() const { return trees_.empty() && ending_.empty(); }

    struct News {
        std::vector<Command> commands;                        // that can be obeyed now
        std::vector<std::pair<SlotKey, SlotReport>> reports;  // of slots that wait
        std::vector<WarmKey> soon;                            // interpreters that will be needed
    };
    News collect();
    /// Readable when collect() has something.
    int descriptor() const { return woken_.get(); }

    /// Lets go of workspaces but those of these runs.
    void keep_only(const std::set<std::string>& runs);

private:
    struct Waiting {
        std::string run;
        std::vector<Command> commands;  // the first is to start the slot
    };
    struct Tree {
        std::unique_ptr<TreeSync> sync;
        RunSpec spec;
        bool announced = false;  // that its interpreter will be needed
        bool told = false;       // that it is ready
    };
    static void tell(Tree& tree, const TreeReady& ready, Waiting& waiting, SlotKey slot,
                     News& news);

    Context& context_;
    SyncSettings settings_;
    Descriptor woken_;
    std::map<std::string, Tree> trees_;
    std::vector<std::unique_ptr<TreeSync>> ending_;
    std::map<SlotKey, Waiting> waiting_;
};

}  // namespace xgrid::worker
