// CMake's regular expressions, as ctest searches the output of tests with them. They are a dialect
// of their own: no {}, no classes, \ has no meaning within [], ^ and $ are the ends of the text and
// not of a line. What CMake cannot compile is found nowhere, as with ctest, which only warns.
//
// Searching takes time in proportion to the text and no stack, whatever the expression: outputs are
// long. Rejected: std::regex (recursion for each character), RE2 (a library on every host, and a
// parser would still be ours, for what CMake rejects).
//
// Verified with CMake 3.25.1, whose limit of 9 groups is kept (see tests/end_to_end/native).
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace xgrid::worker::native {

class CMakeRegex {
public:
    explicit CMakeRegex(std::string_view pattern);

    bool valid() const { return valid_; }
    bool found_in(std::string_view text) const;

private:
    using Bytes = std::bitset<256>;
    enum class Kind : std::uint8_t { bytes, split, begin, end, match };
    struct State {
        Kind kind = Kind::match;
        std::size_t bytes = 0;  // which of bytes_
        std::size_t next = 0;
        std::size_t other = 0;  // of a split
    };
    class Compiler;
    class Search;

    std::vector<State> states_;
    std::vector<Bytes> bytes_;
    std::size_t first_ = 0;
    bool valid_ = false;
};

}  // namespace xgrid::worker::native
