// The tables of the store's database, and what is asked of them. For the store's own files alone.
#pragma once

#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include "shared/database.hpp"
#include "shared/store.hpp"

namespace xgrid {

constexpr int store_version = 2;  // of the tables

// Contents have a table of their own, so that to mark an object as used does not write it again.
//
// Rows and both indexes grow at their ends, but by_first: ids are spread over all of an index, so
// that a transaction of some hundred objects writes most of its pages anew. So it has of each id
// the first eight bytes alone.
constexpr std::string_view store_tables[] = {
    "create table objects(place integer primary key,"  // as in contents
    " id blob not null, first integer not null,"
    " kind integer not null, size integer not null,"
    " used integer not null,"      // the hour
    " complete integer not null,"  // a tree: the hour when all below it was found here, or 0
    " is_file integer not null,"   // it is in no row of contents
    " boot text not null)",        // the time between two starts of the machine when it arrived
    "create index by_first on objects(first)",
    "create index by_use on objects(used, kind desc)",
    "create table contents(place integer primary key, content blob not null)",
    "create table pins(process text not null, id blob not null)",
    "create table totals(bytes integer not null, removals integer not null)",
    "insert into totals values(0, 0)",
};

struct Store::Statements {
    explicit Statements(Database& database)
        : begin(database.prepare("begin")),
          begin_writing(database.prepare("begin immediate")),
          commit(database.prepare("commit")),
          look(database.prepare("select place, size, is_file from objects"
                                " where first = ?1 and id = ?2")),
          find(database.prepare("select kind, size, is_file, boot, content from objects"
                                " left join contents using (place) where first = ?1 and id = ?2")),
          meet(database.prepare(
              "select kind, size, is_file, used, complete, content, objects.place from objects"
              " left join contents on contents.place = objects.place"
              " and objects.kind = 1 and complete < ?3 where first = ?1 and id = ?2")),
          add_object(database.prepare("insert into objects values"
                                      "(null, ?1, ?2, ?3, ?4, ?5, 0, ?6, ?7)")),
          add_content(database.prepare("insert into contents values(?1, ?2)")),
          grow(database.prepare("update totals set bytes = bytes + ?1")),
          use(database.prepare("update objects set used = max(used, ?2),"
                               " complete = case kind when 1 then ?2 else 0 end where place = ?1")),
          doubt(database.prepare("update objects set complete = 0"
                                 " where used <= ?1 and kind = 1 and complete <> 0")),
          remove_content(database.prepare("delete from contents where place = ?1")),
          remove_object(database.prepare("delete from objects where place = ?1")) {}

    Database::Statement begin, begin_writing, commit;
    Database::Statement look, find, meet;
    Database::Statement add_object, add_content, grow;
    Database::Statement use, doubt;
    Database::Statement remove_content, remove_object;
};

inline std::string_view view(const ObjectId& id) {
    return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}
/// Its first eight bytes.
inline std::int64_t first_of(const ObjectId& id) {
    std::int64_t first = 0;
    std::memcpy(&first, id.bytes.data(), sizeof first);
    return first;
}
/// None: the name is not of 64 hexadecimal digits.
inline std::optional<ObjectId> id_from(std::string_view hex) {
    ObjectId id;
    if (hex.size() != 2 * id.bytes.size()) return std::nullopt;
    for (std::size_t i = 0; i < id.bytes.size(); ++i) {
        const char* digits = hex.data() + 2 * i;
        if (std::from_chars(digits, digits + 2, id.bytes[i], 16).ptr != digits + 2) {
            return std::nullopt;
        }
    }
    return id;
}

inline std::int64_t hour_of(Seconds now) { return now.time_since_epoch().count() / 3600; }

}  // namespace xgrid
