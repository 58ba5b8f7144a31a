// Settings out of a Python file, without running it: what is assigned to a name at the top level,
// where that is written as literals. Pure. Python's grammar is known only as far as it takes to
// find statements: strings, brackets, comments, continued lines, indentation.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace xgrid::client {

/// Strings, alone or in a list or tuple; True, False (a bool) and None (monostate).
using Literal = std::variant<std::monostate, bool, std::string, std::vector<std::string>>;

struct Assignment {
    std::string name;
    std::uint32_t line = 0;
    Literal value;

    friend bool operator==(const Assignment&, const Assignment&) = default;
};

struct Literals {
    std::vector<Assignment> assignments;  // in order: the last to a name counts
    std::vector<std::string> notes;       // what could not be read, with its line: "3: x is ..."
};

/// Looks for the names given. Strings may have any prefix but f, and stand side by side; what they
/// hold comes out as UTF-8 (of bytes: as it is). Everything else about these names (computed,
/// within a block, changed later) is a note.
Literals read_literals(std::string_view source, const std::set<std::string, std::less<>>& names);

}  // namespace xgrid::client
