#include "shared/database.hpp"

#include <sqlite3.h>

#include <fmt/format.h>

namespace xgrid {
namespace {

constexpr int wait_milliseconds = 20'000;  // for another process's transaction

}  // namespace

Database::State::~State() { sqlite3_close_v2(handle); }

// Whether the code says that all is well.
bool Database::State::note(int code) {
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return true;
    const int kind = code & 0xff;
    const bool cut_off = code == SQLITE_IOERR_SHORT_READ;
    broken = broken || kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB || cut_off;
    if (!trouble) {
        trouble = Error{fmt::format("cannot use {}: {}", path.string(),
                                    handle != nullptr && sqlite3_errcode(handle) == code
                                        ? sqlite3_errmsg(handle)
                                        : sqlite3_errstr(code))};
    }
    return false;
}

Result<Database> Database::open(const std::filesystem::path& path) {
    auto state = std::make_shared<State>();
    state->path = path;
    constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    const int opened = sqlite3_open_v2(path.c_str(), &state->handle, flags, nullptr);
    if (!state->note(opened)) return *state->trouble;
    sqlite3_extended_result_codes(state->handle, 1);
    sqlite3_busy_timeout(state->handle, wait_milliseconds);
    return Database(std::move(state));
}

void Database::run(std::string_view sql) { prepare(sql).run(); }

void Database::run_all(const char* sql) {
    if (!state_->trouble)
        state_->note(sqlite3_exec(state_->handle, sql, nullptr, nullptr, nullptr));
}

void Database::wait_for_others(std::chrono::milliseconds limit) {
    sqlite3_busy_timeout(state_->handle, static_cast<int>(limit.count()));
}

std::int64_t Database::integer(std::string_view sql) {
    Statement statement = prepare(sql);
    Rows rows = statement.rows();
    return rows.next() ? rows.integer(0) : 0;
}

std::int64_t Database::last_row() const { return sqlite3_last_insert_rowid(state_->handle); }

std::optional<Error> Database::take_trouble() {
    if (!state_->trouble) return std::nullopt;
    if (sqlite3_get_autocommit(state_->handle) == 0) {
        sqlite3_exec(state_->handle, "rollback", nullptr, nullptr, nullptr);
    }
    return std::exchange(state_->trouble, std::nullopt);
}

Database::Statement::Statement(std::shared_ptr<State> state, std::string_view sql)
    : state_(std::move(state)) {
    if (state_->trouble) return;
    sqlite3_stmt* prepared = nullptr;
    state_->note(sqlite3_prepare_v3(state_->handle, sql.data(), static_cast<int>(sql.size()),
                                    SQLITE_PREPARE_PERSISTENT, &prepared, nullptr));
    statement_.reset(prepared);
}

void Database::Statement::Finalized::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}
void Database::Statement::bind(int place, std::int64_t value) {
    if (statement_) state_->note(sqlite3_bind_int64(statement_.get(), place, value));
}
void Database::Statement::bind(int place, std::string_view bytes) {
    if (!statement_) return;
    // A null pointer would be NULL, which no bytes are not.
    state_->note(sqlite3_bind_blob64(statement_.get(), place,
                                     bytes.data() == nullptr ? "" : bytes.data(), bytes.size(),
                                     SQLITE_STATIC));
}
void Database::Statement::bind(int place, std::nullptr_t) {
    if (statement_) state_->note(sqlite3_bind_null(statement_.get(), place));
}

Database::Rows::~Rows() {
    if (statement_ != nullptr) sqlite3_reset(statement_);
}
bool Database::Rows::next() {
    if (statement_ == nullptr || state_.trouble) return false;
    const int code = sqlite3_step(statement_);
    return state_.note(code) && code == SQLITE_ROW;
}
std::int64_t Database::Rows::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}
bool Database::Rows::null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}
std::string_view Database::Rows::bytes(int column) const {
    const void* data = sqlite3_column_blob(statement_, column);
    if (data == nullptr) return {};
    return {static_cast<const char*>(data),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

}  // namespace xgrid
