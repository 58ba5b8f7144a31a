// A database in one file, which several processes may use at once. SQLite ends here.
//
// The first thing that goes wrong stays until take_trouble(): statements do nothing from then on,
// and a transaction is rolled back, so that a group of statements is checked once, at its end.
// To be used by one thread, and not across a fork.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "shared/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace xgrid {

class Database {
    struct State {
        sqlite3* handle = nullptr;
        std::filesystem::path path;
        std::optional<Error> trouble;
        bool broken = false;
        ~State();
        bool note(int code);
    };

public:
    /// The rows of one execution; whoever keeps them keeps a reader's view of the database.
    class Rows {
    public:
        Rows(State& state, sqlite3_stmt* statement) : state_(state), statement_(statement) {}
        Rows(const Rows&) = delete;
        Rows& operator=(const Rows&) = delete;
        ~Rows();

        bool next();
        std::int64_t integer(int column) const;
        bool null(int column) const;
        /// Until the next row.
        std::string_view bytes(int column) const;

    private:
        State& state_;
        sqlite3_stmt* statement_;
    };

    class Statement {
    public:
        Statement() = default;
        Statement(std::shared_ptr<State> state, std::string_view sql);

        /// The arguments, integers and bytes, are those of ?1, ?2 and so on; bytes must outlive
        /// the rows.
        template <class... Arguments>
        Rows rows(const Arguments&... arguments) {
            int place = 0;
            (bind(++place, arguments), ...);
            return {*state_, statement_.get()};
        }
        template <class... Arguments>
        void run(const Arguments&... arguments) {
            Rows all = rows(arguments...);
            while (all.next()) continue;
        }

    private:
        void bind(int place, std::int64_t value);
        void bind(int place, std::string_view bytes);
        void bind(int place, std::nullptr_t);

        struct Finalized {
            void operator()(sqlite3_stmt* statement) const;
        };
        std::shared_ptr<State> state_;
        std::unique_ptr<sqlite3_stmt, Finalized> statement_;
    };

    /// Error: the file cannot be opened. That it is broken shows when it is used.
    static Result<Database> open(const std::filesystem::path& path);

    Statement prepare(std::string_view sql) { return {state_, sql}; }
    void run(std::string_view sql);
    /// Several statements, without arguments.
    void run_all(const char* sql);
    /// So long a statement waits for another process's transaction; by default 20 s.
    void wait_for_others(std::chrono::milliseconds limit);
    /// Of the first column of the first row; 0 if there is none.
    std::int64_t integer(std::string_view sql);
    std::int64_t last_row() const;

    /// What went wrong since the last call, if anything did. Ends an open transaction.
    std::optional<Error> take_trouble();
    bool in_trouble() const { return state_->trouble.has_value(); }
    /// Whether what went wrong, ever, was that the file is no database, or not a whole one.
    bool broken() const { return state_->broken; }
    /// It is of no use to the caller, who will treat it as a broken one.
    void give_up() { state_->broken = true; }

private:
    explicit Database(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
};

}  // namespace xgrid
