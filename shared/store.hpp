// The objects of one machine: blobs and trees by what they contain, shared by runs, users' slots
// and processes. Knows nothing of the network, and of trees only what is below them.
//
// Every object is verified before it is visible, and again when it is read; what turns out to be
// damaged is dropped, so that it is lacking and comes again. So nothing here is precious: the
// database is written with synchronous=OFF (a killed process loses nothing by that, a machine
// without power perhaps some objects), and one that is broken is set aside for a new one.
//
//   objects.db      the index, the content of trees, and of blobs up to small_bytes_max
//   files/ID        larger blobs
//   incoming/ID     parts of those (partial.hpp)
//   processes/NAME  one for each process that has pinned something (living.hpp)
//   lock            held while the database is opened or set aside
//
// Measured, 10,000 objects of 5 KB on a busy machine of two cores: put in batches of 256 they take
// 120 ms of CPU, a fifth of it SHA-256, where 10,000 files took 300 at best and mostly 2,000.
// Rejected: a file of contents with an index beside it. It saved an eighth, and would need a
// collector of its own for the holes that eviction leaves.
//
// Order of eviction. A tree is *complete* once touch() has found all below it, and touch() then
// need not look below it. Uses count by the hour, and touch() marks all below a tree, so nothing
// below a complete tree was used earlier than the tree. An eviction that has come to some hour
// makes every tree that was last used in that hour or earlier incomplete; what is complete stays
// so.
// Within an hour there is no order but this: what this process put a moment ago stays, for whoever
// it was put for has perhaps not read it yet, and is not always one who pins.
//
// Time is an argument: seconds since 1970, by a clock that all processes share. To be used by one
// thread (another opens its own), and not across a fork.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "shared/database.hpp"
#include "shared/digest.hpp"
#include "shared/living.hpp"
#include "shared/object_source.hpp"
#include "shared/partial.hpp"
#include "shared/result.hpp"

namespace xgrid {

struct NewObject {
    ObjectKind kind = ObjectKind::blob;
    ObjectId id;
    std::string_view content;
};

struct LackingObject {
    ObjectKind kind = ObjectKind::blob;
    ObjectId id;

    friend bool operator==(const LackingObject&, const LackingObject&) = default;
};

using Seconds = std::chrono::sys_seconds;

class Store final : public ObjectSource {
public:
    ~Store() override;

    static constexpr std::size_t small_bytes_max =
        std::size_t{256} * 1024;  // of a blob in the database

    /// Makes the folder, and begins a new database in place of a broken or an older one. Objects
    /// are evicted when those here have more than `bytes_max` bytes, until an eighth of it is free,
    /// some thousand with each put; the database itself takes somewhat more, and does not shrink.
    /// Error: the folder cannot be used, or belongs to a newer xgrid.
    static Result<std::unique_ptr<Store>> open(const std::filesystem::path& folder,
                                               std::uint64_t bytes_max, Seconds now);

    /// Those of the objects that are not here, in the same order.
    Result<std::vector<ObjectId>> lacks(std::span<const ObjectId> ids);

    /// Keeps all of them, those up to small_bytes_max in one transaction; some hundred at a time
    /// are best. Error: one is not what its id names, or they cannot be written; of the small ones
    /// none is kept then.
    std::optional<Error> put(Seconds now, std::span<const NewObject> objects);

    /// To receive a large blob in pieces, from offset() on. Error: it can never be kept, or the
    /// disk refuses.
    Result<Partial> receive(const ObjectId& id, std::uint64_t size);
    /// When the last piece is there; the blob is visible then.
    std::optional<Error> keep(Seconds now, Partial& received);

    /// A tree's or small blob's content is verified before anything of it is given, a file's while
    /// it is: an error at the end means that what came was wrong.
    Result<std::string> tree(const ObjectId& id) override;
    Result<std::uint64_t> blob(const ObjectId& id,
                               const std::function<bool(std::string_view)>& take) override;

    /// Of a blob, in bytes.
    Result<std::uint64_t> size(const ObjectId& id);
    /// A part of a blob, cut where the blob ends. That of a file is not verified: who has all of it
    /// does that, and if it was wrong, says so to verify().
    Result<std::string> read_range(const ObjectId& id, std::uint64_t offset, std::size_t size);
    /// Where the blob is a file, for who copies it; none where it is in the database, or not here.
    /// The file may be evicted unless pinned, and must not be written to. What arrived before the
    /// machine was last started is verified here, once.
    Result<std::optional<std::filesystem::path>> path_of(const ObjectId& id);
    /// Reads all of it. Error: it was not here, or damaged and is dropped.
    std::optional<Error> verify(const ObjectId& id);

    /// What is not here of a tree and all that is known to be below it, each once. If that is
    /// nothing, all of it counts as used now. Costs what is below trees that were not used within
    /// this hour; of others a single look. Error: one of its trees is no tree that may be written
    /// to a disk, or the store cannot be read.
    Result<std::vector<LackingObject>> touch(Seconds now, const ObjectId& tree);

    /// Until unpin() or the end of this process, no process evicts the object nor what is below
    /// it. To be called before asking what of it is lacking. Pinned twice is unpinned twice.
    std::optional<Error> pin(const ObjectId& id);
    std::optional<Error> unpin(const ObjectId& id);

    /// Of all objects here.
    Result<std::uint64_t> bytes();

private:
    struct Statements;
    struct Found {
        ObjectKind kind = ObjectKind::blob;
        std::uint64_t size = 0;
        bool is_file = false;
        bool arrived_now = false;  // since the machine was last started
        std::string content;       // unless it is a file
    };
    using Ids = std::unordered_set<std::string>;
    struct Walk;

    Store(std::filesystem::path folder, std::uint64_t bytes_max);

    std::optional<Error> ready();
    std::optional<Error> open_database();
    std::optional<Error> begin_database();
    void adopt_files();
    void set_aside();

    Result<Found> find(const ObjectId& id);
    Error drop(const ObjectId& id, std::string_view why);
    Result<std::uint64_t> read_file(const ObjectId& id, std::uint64_t size,
                                    const std::function<bool(std::string_view)>& take);
    bool has_file(const ObjectId& id, std::int64_t size) const;
    std::optional<Error> put_large(Seconds now, const NewObject& object);
    bool insert(std::int64_t hour, ObjectKind kind, const ObjectId& id, std::uint64_t size,
                std::optional<std::string_view> content);
    std::optional<Error> walk(std::int64_t hour, Walk& walk);

    void remember(const ObjectId& id, std::uint64_t size);
    void evict();
    void remove_strays();
    Ids pinned();

    std::filesystem::path database_path() const { return folder_ / "objects.db"; }
    std::filesystem::path file_path(const ObjectId& id) const {
        return folder_ / "files" / id.hex();
    }

    std::filesystem::path folder_;
    std::uint64_t bytes_max_ = 0;
    std::string boot_;  // names the time since the machine was last started
    std::optional<Database> database_;
    std::uint64_t database_inode_ = 0;
    std::unique_ptr<Statements> statements_;
    struct Recent {
        ObjectId id;
        std::uint64_t size = 0;
    };
    std::deque<Recent> recent_;  // what was put last, up to half of bytes_max_: it goes last
    std::uint64_t recent_bytes_ = 0;
    std::uint64_t evict_above_ = 0;  // bytes; since an eviction that found too little
    std::optional<Living> living_;   // since the first pin
    std::vector<ObjectId> pins_;     // for a new database
};

}  // namespace xgrid
