// The text of a TOML file as plain values; toml++ ends here. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "shared/result.hpp"

namespace xgrid {

struct TomlValue;
using TomlList = std::vector<TomlValue>;
using TomlTable = std::map<std::string, TomlValue>;

struct TomlValue {
    /// monostate: a date or time.
    std::variant<std::monostate, bool, std::int64_t, double, std::string, TomlList, TomlTable>
        value;
    std::size_t line = 0;  // where it begins; from 1 on
};

/// Error: what is wrong, with its line.
Result<TomlTable> parse_toml(std::string_view text);

/// The table at a path of names (a.b.c); null: there is none.
const TomlTable* table_at(const TomlTable& table, const std::vector<std::string>& names);

/// "text", "a list", ...: what it is, for an error.
std::string kind_of(const TomlValue& value);

}  // namespace xgrid
