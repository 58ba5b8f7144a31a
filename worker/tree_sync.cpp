#include "worker/tree_sync.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <set>
#include <utility>
#include <vector>

#include "shared/codec.hpp"
#include "shared/store_shelf.hpp"
#include "worker/tree_content.hpp"

namespace xgrid::worker {
namespace {

// How soon it notices that it is to end.
constexpr auto look_interval = std::chrono::milliseconds(100);
// Files of the client's that change are fetched instead; some that change all the time are too
// much.
constexpr int tries_max = 5;

Instant now() { return std::chrono::steady_clock::now(); }

Seconds today() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

void send_all(Dealer& broker, const std::vector<Want>& wants) {
    for (const Want& want : wants) broker.send(encode(want));
}

}  // namespace

TreeSync::TreeSync(Context& context, SyncSettings settings, std::string run, TreeSpec spec,
                   std::function<void()> wake)
    : context_(context),
      settings_(std::move(settings)),
      run_(std::move(run)),
      spec_(std::move(spec)),
      wake_(std::move(wake)),
      thread_([this] { this->run(); }) {}

TreeSync::~TreeSync() {
    end_ = true;
    thread_.join();
}

std::optional<std::string> TreeSync::folder() const {
    const std::lock_guard lock(mutex_);
    return folder_;
}

std::optional<Result<TreeReady>> TreeSync::result() const {
    const std::lock_guard lock(mutex_);
    return result_;
}

void TreeSync::run() {
    Result<TreeReady> result = Error{"not done"};
    try {
        result = prepare();
    } catch (const std::exception& error) {
        result = Error{error.what()};
    }
    // The next run may want it as soon as this one is known to have failed.
    if (!result) workspace_.reset();
    {
        const std::lock_guard lock(mutex_);
        result_ = std::move(result);
    }
    wake_();
    // Nobody waits for that any more. At home the content is not in the store, and a tree without
    // it is not marked.
    if (store_ && !settings_.at_home) store_->touch(today(), spec_.id);
    // Looks at every file of every workspace, so only after one has grown.
    if (wrote_) Workspaces(settings_.cache).evict(settings_.cache_bytes_max / 2);
    over_ = true;
    wake_();
}

Result<TreeReady> TreeSync::prepare() {
    const Instant began = now();
    if (settings_.cache.empty()) {
        return Error{"there is no folder for copies of code: set XGRID_CACHE_HOME or HOME"};
    }
    const Workspaces workspaces(settings_.cache);
    Result<Workspace> workspace = spec_.folder.empty()
                                      ? workspaces.of_project(spec_.project, spec_.id)
                                      : workspaces.at(spec_.folder);
    if (!workspace) return Error{workspace.error()};
    workspace_.emplace(std::move(*workspace));
    {
        const std::lock_guard lock(mutex_);
        folder_ = workspace_->folder().string();
    }
    wake_();

    const std::filesystem::path objects = settings_.cache / "objects";
    Result<std::unique_ptr<Store>> store =
        Store::open(objects, settings_.cache_bytes_max / 2, today());
    if (!store) return Error{store.error()};
    store_ = std::move(*store);
    if (const std::optional<Error> error = store_->pin(spec_.id)) return *error;
    TreeReady ready{.folder = workspace_->folder().string()};
    Result<UpdateCounts> counts = write(objects, ready);
    if (!counts) return Error{counts.error()};
    wrote_ = counts->written > 0;
    ready.files = counts->written + counts->unchanged;
    ready.seconds = std::chrono::duration<double>(now() - began).count();
    return ready;
}

Result<UpdateCounts> TreeSync::write(const std::filesystem::path& objects, TreeReady& ready) {
    StoreShelf shelf(*store_, objects);
    TreeContent content(*store_,
                        settings_.at_home ? spec_.places : std::map<std::string, std::string>());
    UpdateOptions options;
    options.keep.insert(options.keep.end(), spec_.keep.begin(), spec_.keep.end());
    // Folders that the workspace held: most often nothing of them is lacking. If tests changed
    // some of that, all is looked for.
    std::set<ObjectId> known;
    if (workspace_->held(spec_.id)) {
        Result<UpdateCounts> counts = workspace_->update(spec_.id, content, options);
        if (counts) return counts;
    } else {
        known = workspace_->trees_held();
    }
    Dealer broker(context_, settings_.broker, settings_.credentials);
    for (int tries = 1;; ++tries) {
        TreeFetch fetched(
            run_, spec_.id, shelf, {},
            [&](const ObjectId& id, const std::string& path) {
                return content.is_at_place(id, path);
            },
            known);
        fetched.pack(settings_.pack);
        const std::string trouble = fetch(fetched, broker);
        if (!trouble.empty()) return Error{trouble};
        ready.objects_sent += fetched.objects_received();
        ready.bytes_sent += fetched.bytes_received();
        Result<UpdateCounts> counts = workspace_->update(spec_.id, content, options);
        const bool deceived = content.was_deceived();
        if (counts || (known.empty() && !deceived) || tries == tries_max) return counts;
        known.clear();
    }
}

// Until all of it is there. Not empty: why it will not be.
std::string TreeSync::fetch(TreeFetch& fetch, Dealer& broker) const {
    send_all(broker, fetch.advance(now()));
    while (!end_) {
        if (!fetch.error().empty()) return fetch.error();
        if (fetch.complete()) return {};
        std::vector<zmq::pollitem_t> items = {broker.poll_item()};
        wait_for(items, std::min<Duration>(look_interval, fetch.next_deadline() - now()));
        while (const std::optional<Received> received = broker.receive()) {
            Result<Message> message = decode(received->views());
            if (!message) continue;
            if (std::holds_alternative<Welcome>(*message)) send_all(broker, fetch.connect(now()));
            if (const auto* content = std::get_if<Content>(&*message)) {
                send_all(broker, fetch.receive(now(), *content));
            }
        }
        send_all(broker, fetch.advance(now()));
    }
    return "the run has ended";
}

}  // namespace xgrid::worker
