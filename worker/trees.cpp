#include "worker/trees.hpp"

#include <algorithm>
#include <sys/eventfd.h>

#include <fmt/format.h>

#include "shared/ensure.hpp"
#include "worker/frameworks/native/libraries.hpp"

namespace xgrid::worker {
namespace {

SlotKey slot_of(const Command& command) {
    return std::visit([](const auto& one) { return one.slot; }, command);
}

// Arguments that name something at home name the same thing in the workspace.
void move_arguments(RunSpec& spec, const std::string& folder) {
    const auto home = spec.tree->places.find("");
    if (home == spec.tree->places.end()) return;
    for (std::string& argument : spec.arguments) {
        const std::size_t from = argument.starts_with("-") ? argument.find('=') + 1 : 0;
        const std::string_view rest = std::string_view(argument).substr(from);
        if (!rest.starts_with(home->second)) continue;
        const std::string_view below = rest.substr(home->second.size());
        if (!below.empty() && below.front() != '/' && below.front() != ':') continue;
        argument = argument.substr(0, from) + folder + std::string(below);
    }
}

// They use one workspace, or mostly the same objects.
bool in_the_way(const TreeSpec& one, const TreeSpec& other) {
    return one.project == other.project || (!one.folder.empty() && one.folder == other.folder);
}

std::string joined(const std::string& folder, const std::string& below) {
    return below.empty() ? folder : folder + "/" + below;
}

// What decides where a slot starts, and in what.
void move_start(RunSpec& spec, const std::string& folder) {
    spec.directory = joined(folder, spec.tree->directory);
    if (spec.framework != "pytest") spec.environment[native::copy_variable] = folder;
}

}  // namespace

Trees::Trees(Context& context, SyncSettings settings)
    : context_(context),
      settings_(std::move(settings)),
      woken_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!woken_) throw Fatal("cannot watch the writing of trees");
}

std::vector<Command> Trees::pass(Command command) {
    const SlotKey slot = slot_of(command);
    const auto waiting = waiting_.find(slot);
    if (waiting != waiting_.end()) {
        if (std::holds_alternative<EndSlot>(command) ||
            std::holds_alternative<AbortSlot>(command)) {
            waiting->second.commands.clear();
            eventfd_write(woken_.get(), 1);
        } else if (!waiting->second.commands.empty()) {
            waiting->second.commands.push_back(std::move(command));
        }
        return {};
    }
    const auto* start = std::get_if<StartSlot>(&command);
    if (start == nullptr || !start->spec.tree) return {std::move(command)};
    const Key key{start->run, start->spec.tree->folder};
    trees_.try_emplace(key, Tree{.spec = *start->spec.tree});
    waiting_.emplace(slot, Waiting{key, {std::move(command)}});
    eventfd_write(woken_.get(), 1);
    return {};
}

void Trees::begin_what_can() {
    std::erase_if(ending_, [](const Ending& one) { return one.sync->over(); });
    for (auto& [key, tree] : trees_) {
        const auto waits_for = [&spec = tree.spec](const Ending& one) {
            return in_the_way(one.spec, spec);
        };
        if (tree.sync || std::ranges::any_of(ending_, waits_for)) continue;
        tree.sync = std::make_unique<TreeSync>(
            context_, settings_, key.first, tree.spec,
            [descriptor = woken_.get()] { eventfd_write(descriptor, 1); });
    }
}

// Those of the slots that wait for it, each once.
std::vector<WarmKey> Trees::interpreters_for(const Key& tree, const std::string& folder) const {
    std::set<WarmKey> keys;
    for (const auto& [slot, waiting] : waiting_) {
        if (waiting.tree != tree || waiting.commands.empty()) continue;
        RunSpec there = std::get<StartSlot>(waiting.commands.front()).spec;
        move_start(there, folder);
        keys.insert(warm_key(there));
    }
    return {keys.begin(), keys.end()};
}

Trees::News Trees::collect() {
    eventfd_t count = 0;
    eventfd_read(woken_.get(), &count);
    begin_what_can();
    News news;
    for (auto& [key, tree] : trees_) {
        if (!tree.sync) continue;
        const std::optional<std::string> folder = tree.sync->folder();
        if (!folder || std::exchange(tree.announced, true)) continue;
        for (WarmKey& soon : interpreters_for(key, *folder)) news.soon.push_back(std::move(soon));
    }
    for (auto entry = waiting_.begin(); entry != waiting_.end();) {
        auto& [slot, waiting] = *entry;
        Tree& tree = trees_.at(waiting.tree);
        std::optional<Result<TreeReady>> result;
        if (tree.sync) result = tree.sync->result();
        if (waiting.commands.empty()) {
            news.reports.emplace_back(slot, SlotExited{"never started"});
        } else if (!result) {
            news.reports.emplace_back(slot, SlotLives{});  // its time to start has yet to begin
            ++entry;
            continue;
        } else if (!*result) {
            news.reports.emplace_back(slot, SlotRefused{result->error(), 3});
            news.reports.emplace_back(slot, SlotExited{"refused"});
        } else {
            tell(tree, **result, waiting, slot, news);
        }
        entry = waiting_.erase(entry);
    }
    return news;
}

void Trees::tell(Tree& tree, const TreeReady& ready, Waiting& waiting, SlotKey slot, News& news) {
    StartSlot& start = std::get<StartSlot>(waiting.commands.front());
    move_start(start.spec, ready.folder);
    move_arguments(start.spec, ready.folder);
    for (Command& command : waiting.commands) {
        const auto* job = std::get_if<GiveJob>(&command);
        if (job != nullptr && !std::exchange(tree.told, true)) {
            news.reports.emplace_back(slot, SlotFact{job->attempt, ready});
        }
        news.commands.push_back(std::move(command));
    }
}

void Trees::keep_only(const std::set<std::string>& runs) {
    std::set<std::string> kept = runs;
    for (const auto& [slot, waiting] : waiting_) kept.insert(waiting.tree.first);
    for (auto entry = trees_.begin(); entry != trees_.end();) {
        if (kept.contains(entry->first.first)) {
            ++entry;
            continue;
        }
        if (Tree& tree = entry->second; tree.sync) {
            tree.sync->end();
            ending_.push_back({std::move(tree.spec), std::move(tree.sync)});
        }
        entry = trees_.erase(entry);
    }
}

}  // namespace xgrid::worker
