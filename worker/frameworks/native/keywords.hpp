// pytest's -k for tests of any framework: words joined by and, or, not and parentheses. A word
// matches an id that has it in it, whatever its case.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shared/result.hpp"

namespace xgrid::worker::native {

class Keywords {
public:
    /// Matches everything.
    Keywords() = default;
    static Result<Keywords> parse(std::string_view expression);

    bool match(std::string_view id) const;

private:
    // In postfix order: a word, or one of the operators.
    enum class Kind { word, both, either, opposite };
    struct Step {
        Kind kind = Kind::word;
        std::string word;
    };
    class Parser;
    std::vector<Step> steps_;
};

}  // namespace xgrid::worker::native
