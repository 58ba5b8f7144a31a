#include "worker/frameworks/crash_text.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace xgrid::worker {
namespace {

bool is_below(std::string_view line) {
    static constexpr std::array<std::string_view, 4> places = {"/_pytest/", "/pluggy/",
                                                               "\"<xgrid>/", "\"<string>\""};
    return std::ranges::any_of(
        places, [&](std::string_view place) { return line.find(place) != line.npos; });
}

}  // namespace

std::string without_frames_below(const std::string& text) {
    std::string kept;
    bool innermost = true;
    for (std::size_t from = 0; from < text.size();) {
        const std::size_t to = std::min(text.find('\n', from), text.size() - 1) + 1;
        const std::string_view line = std::string_view(text).substr(from, to - from);
        const bool is_frame = line.starts_with("  File \"");
        if (!is_frame || innermost || !is_below(line)) kept += line;
        innermost = !is_frame;
        from = to;
    }
    return kept;
}

}  // namespace xgrid::worker
