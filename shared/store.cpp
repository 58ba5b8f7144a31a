#include "shared/store.hpp"

#include <algorithm>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "shared/file.hpp"
#include "shared/process.hpp"
#include "shared/store_statements.hpp"
#include "shared/tree.hpp"

namespace xgrid {
namespace {

constexpr std::int64_t partial_seconds_max = std::int64_t{24} * 3600;
constexpr std::size_t piece_bytes = std::size_t{1024} * 1024;

std::string this_boot() {
    std::string text(64, '\0');
    Result<File> file = File::open("/proc/sys/kernel/random/boot_id", O_RDONLY);
    if (!file || file->read_at(0, text) || text.empty()) return random_token();
    return text;
}

std::string_view word(ObjectKind kind) { return kind == ObjectKind::tree ? "tree" : "blob"; }

}  // namespace

Store::Store(std::filesystem::path folder, std::uint64_t bytes_max)
    : folder_(std::move(folder)), bytes_max_(bytes_max), boot_(this_boot()) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& where,
                                           std::uint64_t bytes_max, Seconds now) {
    std::error_code none;
    std::filesystem::path folder = std::filesystem::absolute(where, none);
    if (none) folder = where;
    for (const char* name : {"files", "incoming", "processes"}) {
        std::error_code error;
        std::filesystem::create_directories(folder / name, error);
        if (error) {
            return Error{
                fmt::format("cannot keep objects in {}: {}", folder.string(), error.message())};
        }
    }
    std::unique_ptr<Store> store(new Store(folder, bytes_max));
    if (auto error = store->open_database()) return *error;
    Partial::clean(folder / "incoming", now.time_since_epoch().count(), partial_seconds_max);
    return store;
}

bool Store::has_file(const ObjectId& id, std::int64_t size) const {
    struct stat facts {};
    return ::lstat(file_path(id).c_str(), &facts) == 0 && S_ISREG(facts.st_mode) &&
           facts.st_size == size;
}

Result<std::vector<ObjectId>> Store::lacks(std::span<const ObjectId> ids) {
    if (auto error = ready()) return *error;
    std::vector<ObjectId> lacking;
    statements_->begin.run();
    for (const ObjectId& id : ids) {
        Database::Rows rows = statements_->look.rows(first_of(id), view(id));
        const bool here = rows.next() && (rows.integer(2) == 0 || has_file(id, rows.integer(1)));
        if (!here) lacking.push_back(id);
    }
    statements_->commit.run();
    if (auto error = database_->take_trouble()) return *error;
    return lacking;
}

std::optional<Error> Store::put(Seconds now, std::span<const NewObject> objects) {
    const auto large = [](const NewObject& object) {
        return object.kind == ObjectKind::blob && object.content.size() > small_bytes_max;
    };
    for (const NewObject& object : objects) {
        if (object.kind == ObjectKind::tree && object.content.size() > tree_bytes_max) {
            return Error{fmt::format("cannot keep tree {}: it has more than {} bytes",
                                     object.id.hex(), tree_bytes_max)};
        }
        if (!large(object) && object_id(object.kind, object.content) != object.id) {
            return Error{fmt::format("cannot keep {} {}: its content has another id",
                                     word(object.kind), object.id.hex())};
        }
    }
    for (const NewObject& object : objects) {
        if (!large(object)) continue;
        if (auto error = put_large(now, object)) return error;
    }
    if (auto error = ready()) return error;
    statements_->begin_writing.run();
    std::int64_t grown = 0;  // bytes
    for (const NewObject& object : objects) {
        if (large(object)) continue;
        const std::size_t size = object.content.size();
        if (insert(hour_of(now), object.kind, object.id, size, object.content)) {
            grown += static_cast<std::int64_t>(size);
        }
    }
    statements_->grow.run(grown);
    evict();
    statements_->commit.run();
    return database_->take_trouble();
}

std::optional<Error> Store::put_large(Seconds now, const NewObject& object) {
    while (true) {
        Result<Partial> partial = receive(object.id, object.content.size());
        if (!partial) return Error{partial.error()};
        const std::uint64_t offset = partial->offset();
        if (auto error = partial->add(object.content.substr(offset))) return error;
        std::optional<Error> error = keep(now, *partial);
        // What was there before may have been wrong, and is gone then.
        if (!error || offset == 0) return error;
    }
}

// Whether it is new, and the total is to grow by its size. In a transaction.
bool Store::insert(std::int64_t hour, ObjectKind kind, const ObjectId& id, std::uint64_t size,
                   std::optional<std::string_view> content) {
    if (statements_->look.rows(first_of(id), view(id)).next()) return false;
    const auto number = static_cast<std::int64_t>(kind);
    const auto bytes = static_cast<std::int64_t>(size);
    const std::int64_t is_file = content ? 0 : 1;
    statements_->add_object.run(view(id), first_of(id), number, bytes, hour, is_file, boot_);
    if (content) statements_->add_content.run(database_->last_row(), *content);
    remember(id, size);
    return true;
}

Result<Partial> Store::receive(const ObjectId& id, std::uint64_t size) {
    if (size > bytes_max_) {
        return Error{fmt::format("cannot keep blob {}: it has {} bytes, and the store may have {}",
                                 id.hex(), size, bytes_max_)};
    }
    return Partial::begin(folder_ / "incoming", id, size);
}

std::optional<Error> Store::keep(Seconds now, Partial& received) {
    const ObjectId id = received.id();
    if (auto error = ready()) return error;
    const std::uint64_t size = received.offset();
    // The file comes to its place while no other process evicts: it would remove a file that the
    // index does not have.
    statements_->begin_writing.run();
    std::optional<Error> moved;
    if (!database_->in_trouble()) moved = received.move_to(file_path(id));
    if (!moved) {
        if (insert(hour_of(now), ObjectKind::blob, id, size, std::nullopt)) {
            statements_->grow.run(static_cast<std::int64_t>(size));
        }
        evict();
    }
    statements_->commit.run();
    if (auto error = database_->take_trouble()) return error;
    return moved;
}

Result<Store::Found> Store::find(const ObjectId& id) {
    if (auto error = ready()) return *error;
    Found found;
    bool here = false;
    bool whole = true;
    {
        Database::Rows rows = statements_->find.rows(first_of(id), view(id));
        if (rows.next()) {
            here = true;
            found.kind = rows.integer(0) == 1 ? ObjectKind::tree : ObjectKind::blob;
            found.size = static_cast<std::uint64_t>(rows.integer(1));
            found.is_file = rows.integer(2) != 0;
            found.arrived_now = rows.bytes(3) == boot_;
            found.content = rows.bytes(4);
            whole = found.is_file || !rows.null(4);
        }
    }
    if (auto error = database_->take_trouble()) return *error;
    if (!here) return Error{fmt::format("{} is not in {}", id.hex(), folder_.string())};
    if (found.is_file) {
        whole = has_file(id, static_cast<std::int64_t>(found.size));
    } else if (whole) {
        whole = object_id(found.kind, found.content) == id;
    }
    if (!whole) return drop(id, "is damaged, and has been removed");
    return found;
}

// So that it comes again. Nothing that contains it is complete then.
Error Store::drop(const ObjectId& id, std::string_view why) {
    statements_->begin_writing.run();
    std::int64_t size = -1;
    std::int64_t place = 0;
    bool is_file = false;
    {
        Database::Rows rows = statements_->look.rows(first_of(id), view(id));
        if (rows.next()) {
            place = rows.integer(0);
            size = rows.integer(1);
            is_file = rows.integer(2) != 0;
        }
    }
    if (size >= 0) {
        statements_->remove_content.run(place);
        statements_->remove_object.run(place);
        statements_->grow.run(-size);
        database_->run("update objects set complete = 0 where complete <> 0");
        database_->run("update totals set removals = removals + 1");
        std::error_code ignored;
        if (is_file) std::filesystem::remove(file_path(id), ignored);
    }
    statements_->commit.run();
    if (auto error = database_->take_trouble()) return *error;
    return Error{fmt::format("{} in {} {}", id.hex(), folder_.string(), why)};
}

Result<std::string> Store::tree(const ObjectId& id) {
    Result<Found> found = find(id);
    if (!found) return Error{found.error()};
    if (found->kind != ObjectKind::tree) return Error{fmt::format("{} is no tree", id.hex())};
    return std::move(found->content);
}

Result<std::uint64_t> Store::blob(const ObjectId& id,
                                  const std::function<bool(std::string_view)>& take) {
    Result<Found> found = find(id);
    if (!found) return Error{found.error()};
    if (found->kind != ObjectKind::blob) return Error{fmt::format("{} is no blob", id.hex())};
    if (found->is_file) return read_file(id, found->size, take);
    take(found->content);
    return found->size;
}

Result<std::uint64_t> Store::read_file(const ObjectId& id, std::uint64_t size,
                                       const std::function<bool(std::string_view)>& take) {
    Result<File> file = File::open(file_path(id), O_RDONLY);
    if (!file) return Error{file.error()};
    ObjectHash<ObjectId> hash(ObjectKind::blob, size);
    std::string piece;
    for (std::uint64_t offset = 0; offset < size; offset += piece.size()) {
        piece.resize(std::min<std::uint64_t>(piece_bytes, size - offset));
        if (auto error = file->read_at(offset, piece)) return *error;
        if (piece.empty()) break;
        hash.add(piece);
        if (!take(piece)) return size;
    }
    if (hash.finish() != id) return drop(id, "is damaged, and has been removed");
    return size;
}

Result<std::uint64_t> Store::size(const ObjectId& id) {
    Result<Found> found = find(id);
    if (!found) return Error{found.error()};
    return found->size;
}

Result<std::string> Store::read_range(const ObjectId& id, std::uint64_t offset, std::size_t size) {
    Result<Found> found = find(id);
    if (!found) return Error{found.error()};
    if (offset > found->size) {
        return Error{fmt::format("{} has {} bytes, and none at {}", id.hex(), found->size, offset)};
    }
    const auto there =
        static_cast<std::size_t>(std::min<std::uint64_t>(size, found->size - offset));
    if (!found->is_file) return found->content.substr(offset, there);
    Result<File> file = File::open(file_path(id), O_RDONLY);
    if (!file) return Error{file.error()};
    std::string piece(there, '\0');
    if (auto error = file->read_at(offset, piece)) return *error;
    if (piece.size() != there) return drop(id, "is damaged, and has been removed");
    return piece;
}

Result<std::optional<std::filesystem::path>> Store::path_of(const ObjectId& id) {
    // What is in the database need not be looked up to know that.
    struct stat facts {};
    if (::lstat(file_path(id).c_str(), &facts) != 0) return std::optional<std::filesystem::path>();
    if (auto error = ready()) return *error;
    {
        Database::Rows rows = statements_->look.rows(first_of(id), view(id));
        if (rows.next() && rows.integer(2) == 0) return std::optional<std::filesystem::path>();
    }
    Result<Found> found = find(id);
    if (!found) return Error{found.error()};
    if (!found->is_file) return std::optional<std::filesystem::path>();
    if (!found->arrived_now) {
        // Its last pages may not have reached the disk before the machine went down.
        if (auto error = verify(id)) return *error;
        database_->prepare("update objects set boot = ?3 where first = ?1 and id = ?2")
            .run(first_of(id), view(id), boot_);
        if (auto error = database_->take_trouble()) return *error;
    }
    return std::optional(file_path(id));
}

std::optional<Error> Store::verify(const ObjectId& id) {
    Result<Found> found = find(id);
    if (!found) return Error{found.error()};
    if (!found->is_file) return std::nullopt;
    Result<std::uint64_t> read = read_file(id, found->size, [](std::string_view) { return true; });
    if (!read) return Error{read.error()};
    return std::nullopt;
}

Result<std::uint64_t> Store::bytes() {
    if (auto error = ready()) return *error;
    const std::int64_t bytes = database_->integer("select bytes from totals");
    if (auto error = database_->take_trouble()) return *error;
    return static_cast<std::uint64_t>(bytes);
}

}  // namespace xgrid
