// What of the store is in use, and what goes when there is too much.
#include <algorithm>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "shared/store.hpp"
#include "shared/store_statements.hpp"
#include "shared/tree.hpp"

namespace xgrid {
namespace {

ObjectId id_of(std::string_view bytes) {
    ObjectId id;
    if (bytes.size() == id.bytes.size()) std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
    return id;
}

ObjectKind kind_of(const TreeEntry& entry) {
    return entry.kind == EntryKind::folder ? ObjectKind::tree : ObjectKind::blob;
}

constexpr std::size_t evicted_at_once_max = 4'000;
constexpr std::size_t recent_max = 4'096;  // of a few turns

}  // namespace

struct Store::Walk {
    std::vector<LackingObject> open;
    Ids seen;
    std::vector<LackingObject> lacking;
    std::vector<std::int64_t> used;  // places of what is to be marked
    std::optional<ObjectId> broken;  // where the walk ended
};

Result<std::vector<LackingObject>> Store::touch(Seconds now, const ObjectId& tree) {
    const std::int64_t hour = hour_of(now);
    const std::string_view removals = "select removals from totals";
    while (true) {
        if (auto error = ready()) return *error;
        Walk walk{.open = {{ObjectKind::tree, tree}}};
        statements_->begin.run();
        const std::int64_t seen = database_->integer(removals);
        std::optional<Error> error = this->walk(hour, walk);
        statements_->commit.run();
        if (auto trouble = database_->take_trouble()) return *trouble;
        if (walk.broken) return drop(*walk.broken, "is damaged, and has been removed");
        if (error) return *error;
        if (!walk.lacking.empty() || walk.used.empty()) return walk.lacking;

        // What was found may have been evicted meanwhile.
        statements_->begin_writing.run();
        const bool still_here = database_->integer(removals) == seen;
        if (still_here) {
            for (const std::int64_t place : walk.used) statements_->use.run(place, hour);
        }
        statements_->commit.run();
        if (auto trouble = database_->take_trouble()) return *trouble;
        if (still_here) return walk.lacking;
    }
}

std::optional<Error> Store::walk(std::int64_t hour, Walk& walk) {
    while (!walk.open.empty()) {
        const LackingObject next = walk.open.back();
        walk.open.pop_back();
        if (!walk.seen.emplace(view(next.id)).second) continue;
        Database::Rows rows = statements_->meet.rows(first_of(next.id), view(next.id), hour);
        if (!rows.next()) {
            walk.lacking.push_back(next);
            continue;
        }
        const ObjectKind kind = rows.integer(0) == 1 ? ObjectKind::tree : ObjectKind::blob;
        if (kind != next.kind) {
            return Error{fmt::format("{} is a {}, and a tree has it as another kind", next.id.hex(),
                                     kind == ObjectKind::tree ? "tree" : "blob")};
        }
        if (kind == ObjectKind::blob) {
            if (rows.integer(2) != 0 && !has_file(next.id, rows.integer(1))) {
                walk.lacking.push_back(next);
            } else if (rows.integer(3) < hour) {
                walk.used.push_back(rows.integer(6));
            }
            continue;
        }
        if (rows.integer(4) >= hour) continue;
        const std::string_view bytes = rows.bytes(5);
        if (object_id(ObjectKind::tree, bytes) != next.id) {
            walk.broken = next.id;
            return std::nullopt;
        }
        Result<std::vector<TreeEntry>> entries = decode_tree(bytes);
        if (!entries) {
            return Error{fmt::format("cannot use tree {}: {}", next.id.hex(), entries.error())};
        }
        walk.used.push_back(rows.integer(6));
        for (const TreeEntry& entry : *entries) walk.open.push_back({kind_of(entry), entry.id});
    }
    return std::nullopt;
}

std::optional<Error> Store::pin(const ObjectId& id) {
    if (auto error = ready()) return error;
    if (!living_) {
        Result<Living> entered = Living::enter(folder_ / "processes");
        if (!entered) return Error{entered.error()};
        living_.emplace(std::move(*entered));
    }
    database_->prepare("insert into pins values(?1, ?2)").run(living_->name(), view(id));
    if (auto error = database_->take_trouble()) return error;
    pins_.push_back(id);
    return std::nullopt;
}

std::optional<Error> Store::unpin(const ObjectId& id) {
    const auto pin = std::find(pins_.begin(), pins_.end(), id);
    if (pin == pins_.end()) return std::nullopt;
    pins_.erase(pin);
    evict_above_ = 0;
    if (auto error = ready()) return error;
    database_
        ->prepare(
            "delete from pins where rowid = (select rowid from pins where process = ?1 and "
            "id = ?2 limit 1)")
        .run(living_->name(), view(id));
    return database_->take_trouble();
}

// All that living processes have pinned, and what is below it. In a transaction.
Store::Ids Store::pinned() {
    Ids pinned;
    std::vector<LackingObject> open;
    const std::vector<std::string> living = Living::all(folder_ / "processes");
    std::vector<std::string> gone;
    {
        Database::Statement pins = database_->prepare("select process, id from pins");
        Database::Rows rows = pins.rows();
        while (rows.next()) {
            const std::string process(rows.bytes(0));
            if (std::find(living.begin(), living.end(), process) != living.end()) {
                open.push_back({ObjectKind::tree, id_of(rows.bytes(1))});
            } else {
                gone.push_back(process);
            }
        }
    }
    for (const std::string& process : gone) {
        database_->prepare("delete from pins where process = ?1").run(process);
    }
    while (!open.empty()) {
        const LackingObject next = open.back();
        open.pop_back();
        if (!pinned.emplace(view(next.id)).second || next.kind == ObjectKind::blob) continue;
        Database::Rows rows = statements_->find.rows(first_of(next.id), view(next.id));
        if (!rows.next() || rows.integer(0) != 1) continue;
        Result<std::vector<TreeEntry>> entries = decode_tree(rows.bytes(4));
        if (!entries) continue;
        for (const TreeEntry& entry : *entries) open.push_back({kind_of(entry), entry.id});
    }
    return pinned;
}

void Store::remember(const ObjectId& id, std::uint64_t size) {
    recent_.push_back({id, size});
    recent_bytes_ += size;
    while (recent_.size() > 1 && (recent_bytes_ > bytes_max_ / 2 || recent_.size() > recent_max)) {
        recent_bytes_ -= recent_.front().size;
        recent_.pop_front();
    }
}

// Costs what is evicted and what is pinned. In a transaction. A call evicts some thousand objects
// at most: whoever puts something answers heartbeats too, and the next put goes on.
void Store::evict() {
    const auto bytes = static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, database_->integer("select bytes from totals")));
    if (bytes <= std::max(bytes_max_, evict_above_) || database_->in_trouble()) return;
    const std::uint64_t enough = bytes - (bytes_max_ - bytes_max_ / 8);
    Ids kept = pinned();
    for (const Recent& recent : recent_) kept.emplace(view(recent.id));

    struct Victim {
        ObjectId id;
        std::int64_t place = 0;
        bool is_file = false;
    };
    std::vector<Victim> victims;
    std::uint64_t freed = 0;
    std::int64_t hour = -1;
    {
        Database::Statement oldest = database_->prepare(
            "select id, size, used, place, is_file from objects order by used, kind desc");
        Database::Rows rows = oldest.rows();
        while (freed < enough && victims.size() < evicted_at_once_max && rows.next()) {
            if (kept.contains(std::string(rows.bytes(0)))) continue;
            freed += static_cast<std::uint64_t>(rows.integer(1));
            hour = rows.integer(2);
            victims.push_back({id_of(rows.bytes(0)), rows.integer(3), rows.integer(4) != 0});
        }
    }
    // Where all is pinned, to look again each time would be dear and in vain.
    const bool short_of_victims = freed < enough && victims.size() < evicted_at_once_max;
    evict_above_ = short_of_victims ? bytes - freed + bytes_max_ / 16 : 0;
    if (victims.empty()) return;
    std::error_code ignored;
    for (const Victim& victim : victims) {
        if (!victim.is_file) {
            statements_->remove_content.run(victim.place);
        } else {
            // Should the transaction fail, the object is lacking: a file of the wrong size is none.
            std::filesystem::remove(file_path(victim.id), ignored);
        }
        statements_->remove_object.run(victim.place);
    }
    statements_->grow.run(-static_cast<std::int64_t>(freed));
    statements_->doubt.run(hour);
    database_->run("update totals set removals = removals + 1");
    remove_strays();
}

// Files of processes that died between two steps of keep().
void Store::remove_strays() {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "files", error)) {
        const std::optional<ObjectId> id = id_from(entry.path().filename().string());
        if (database_->in_trouble()) return;
        const bool known = id && statements_->look.rows(first_of(*id), view(*id)).next();
        if (!known && !database_->in_trouble()) std::filesystem::remove(entry.path(), error);
    }
}

}  // namespace xgrid
