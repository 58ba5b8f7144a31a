// The store's database: begun, found to be broken or of another version, and begun again.
#include <string>
#include <sys/stat.h>
#include <system_error>

#include <fmt/format.h>

#include "shared/file.hpp"
#include "shared/store.hpp"
#include "shared/store_statements.hpp"

namespace xgrid {
namespace {

// 0: there is no such file.
std::uint64_t inode(const std::filesystem::path& path) {
    struct stat facts {};
    return ::stat(path.c_str(), &facts) == 0 ? facts.st_ino : 0;
}

}  // namespace

// Before each use: another process may have set the database aside, or this one seen that it is
// broken. What is open then is no longer what the others use.
std::optional<Error> Store::ready() {
    if (database_ && !database_->broken() && inode(database_path()) == database_inode_) {
        return std::nullopt;
    }
    return open_database();
}

std::optional<Error> Store::open_database() {
    Result<File> lock = File::open(folder_ / "lock", O_RDWR | O_CREAT);
    if (!lock) return Error{lock.error()};
    if (!lock->wait_for_lock()) {
        return Error{fmt::format("cannot lock {}", lock->path().string())};
    }
    const bool broken = database_ && database_->broken();
    statements_.reset();
    // Not closed before the inode has been compared: its number would be given out again.
    if (broken && inode(database_path()) == database_inode_) set_aside();
    database_.reset();

    for (bool again = false;; again = true) {
        Result<Database> opened = Database::open(database_path());
        if (!opened) return Error{opened.error()};
        database_ = std::move(*opened);
        std::optional<Error> error = begin_database();
        if (!error) {
            database_inode_ = inode(database_path());
            return std::nullopt;
        }
        const bool useless = database_->broken();
        database_.reset();
        if (again || !useless) return error;
        set_aside();
    }
}

std::optional<Error> Store::begin_database() {
    // Pages of 16 KB are half as dear as those of 4 KB for files of source. The log is copied into
    // the database when it has 4 MB.
    for (const char* setting :
         {"pragma page_size = 16384", "pragma journal_mode = wal", "pragma synchronous = off",
          "pragma wal_autocheckpoint = 256", "pragma journal_size_limit = 8388608",
          "pragma mmap_size = 0", "pragma cache_size = -8192"}) {
        database_->run(setting);
    }
    std::int64_t version = database_->integer("pragma user_version");
    const std::int64_t tables = database_->integer("select count(*) from sqlite_schema");
    if (auto error = database_->take_trouble()) return error;
    if (version > store_version) {
        return Error{
            fmt::format("cannot use the objects in {}: they are a newer xgrid's (version "
                        "{}, this one's is {}); name another folder, or remove it",
                        folder_.string(), version, store_version)};
    }
    if (tables > 0 && version < store_version) {
        database_->give_up();
        return Error{fmt::format("{} is of an older version", database_path().string())};
    }
    if (tables == 0) {
        database_->run("begin immediate");
        for (const std::string_view sql : store_tables) database_->run(sql);
        database_->run(fmt::format("pragma user_version = {}", store_version));
        adopt_files();
        database_->run("commit");
        if (auto error = database_->take_trouble()) return error;
    }
    statements_ = std::make_unique<Statements>(*database_);
    if (tables == 0) {
        for (const ObjectId& id : pins_) {
            database_->prepare("insert into pins values(?1, ?2)").run(living_->name(), view(id));
        }
    }
    return database_->take_trouble();
}

// Files that an earlier database knew. They are verified when they are used: see path_of.
void Store::adopt_files() {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "files", error)) {
        const std::optional<ObjectId> id = id_from(entry.path().filename().string());
        struct stat facts {};
        if (!id || ::lstat(entry.path().c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) continue;
        const std::int64_t size = facts.st_size;
        database_->prepare("insert into objects values(null, ?1, ?2, 0, ?3, 0, 0, 1, '')")
            .run(view(*id), first_of(*id), size);
        database_->prepare("update totals set bytes = bytes + ?1").run(size);
    }
}

// The one before is lost; it is there for who wants to know what happened.
void Store::set_aside() {
    std::error_code ignored;
    std::filesystem::rename(database_path(), folder_ / "objects.db.broken", ignored);
    for (const char* name : {"objects.db-wal", "objects.db-shm"}) {
        std::filesystem::remove(folder_ / name, ignored);
    }
}

}  // namespace xgrid
