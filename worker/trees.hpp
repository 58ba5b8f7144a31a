// Which runs' trees are here, and what slots are to do once theirs is. Owns the workspaces'
// holders. Knows nothing of the processes of slots: commands for them go in, and come out when they
// can be obeyed.
//
// A run that comes again (its broker has died) may do so while its holder of before ends, which has
// the workspace and the objects that are half there. The next one waits for it: it goes on with
// those, and would else begin anew in another workspace.
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
    using Key = std::pair<std::string, std::string>;  // the run, and the folder that it is to be in

    struct Waiting {
        Key tree;
        std::vector<Command> commands;  // the first is to start the slot
    };
    struct Tree {
        TreeSpec spec;
        std::unique_ptr<TreeSync> sync;  // none: it has yet to begin
        bool announced = false;          // which interpreters will be needed
        bool told = false;               // that it is ready
    };
    struct Ending {
        TreeSpec spec;
        std::unique_ptr<TreeSync> sync;
    };
    void begin_what_can();
    std::vector<WarmKey> interpreters_for(const Key& tree, const std::string& folder) const;
    static void tell(Tree& tree, const TreeReady& ready, Waiting& waiting, SlotKey slot,
                     News& news);

    Context& context_;
    SyncSettings settings_;
    Descriptor woken_;
    std::map<Key, Tree> trees_;
    std::vector<Ending> ending_;
    std::map<SlotKey, Waiting> waiting_;
};

}  // namespace xgrid::worker
