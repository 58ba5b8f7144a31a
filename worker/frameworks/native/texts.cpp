#include "worker/frameworks/native/texts.hpp"

#include <array>
#include <charconv>
#include <cstddef>

namespace xgrid::worker::native {
namespace {

constexpr std::size_t one_line_most = 500;

bool read_number(std::string_view text, std::uint32_t& to) {
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), to);
    return failed == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        lines.push_back(line);
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return lines;
}

Place place_in(std::string_view text) {
    Place place;
    std::size_t split = text.rfind(':');
    std::string_view number =
        text.substr(split == std::string_view::npos ? text.size() : split + 1);
    if (text.ends_with(')')) {
        split = text.rfind('(');
        if (split != std::string_view::npos) {
            number = text.substr(split + 1, text.size() - split - 2);
        }
    }
    if (split == std::string_view::npos || split == 0 || !read_number(number, place.line))
        return {};
    place.path = text.substr(0, split);
    return place;
}

std::string one_line(std::string_view text) {
    for (std::string_view line : lines_of(text)) {
        const std::size_t from = line.find_first_not_of(" \t");
        if (from != std::string_view::npos) return std::string(line.substr(from, one_line_most));
    }
    return {};
}

Phase phase_for(Outcome outcome, const std::string& when) {
    struct Shown {
        const char* category;
        const char* letter;
        const char* word;
    };
    static constexpr std::array shown = {
        Shown{"passed", ".", "PASSED"}, Shown{"failed", "F", "FAILED"},
        Shown{"error", "E", "ERROR"},   Shown{"skipped", "s", "SKIPPED"},
        Shown{"xfailed", "x", "XFAIL"}, Shown{"xpassed", "X", "XPASS"},
    };
    const Shown& how = shown.at(static_cast<std::size_t>(outcome));
    return {.when = when, .category = how.category, .letter = how.letter, .word = how.word};
}

}  // namespace xgrid::worker::native
