// Which of the words that there are was probably meant. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xgrid {

/// Letters to leave out, put in, change or swap with the next one until one text is the other
/// (optimal string alignment).
inline std::size_t edit_distance(std::string_view from, std::string_view to) {
    std::vector<std::size_t> before_last;
    std::vector<std::size_t> last(to.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= from.size(); ++i) {
        std::vector<std::size_t> row(to.size() + 1, i);
        for (std::size_t j = 1; j <= to.size(); ++j) {
            const std::size_t changed = last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, changed});
            const bool swapped =
                i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
            if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
        before_last = std::exchange(last, std::move(row));
    }
    return last.back();
}

/// The nearest one, of equals the first with the same first letter; empty: none is near enough to
/// have been meant.
inline std::string nearest(std::string_view word, const std::vector<std::string>& known) {
    std::string found;
    std::size_t least = 2 * (std::max<std::size_t>(word.size(), 3) / 3 + 1);
    for (const std::string& one : known) {
        const bool begins = word.size() > 2 && one.starts_with(word);
        const bool other_letter = word.substr(0, 1) != one.substr(0, 1);
        const std::size_t distance =
            2 * (begins ? 1 : edit_distance(word, one)) + (other_letter ? 1 : 0);
        if (distance >= least) continue;
        least = distance;
        found = one;
    }
    return found;
}

/// For the end of an error's first line: `; did you mean submit?`, or nothing.
inline std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
    const std::string found = nearest(word, known);
    return found.empty() ? "" : "; did you mean " + found + "?";
}

}  // namespace xgrid
