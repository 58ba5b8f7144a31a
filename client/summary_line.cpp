#include "client/summary_line.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace xgrid::client {
namespace {

using Part = std::pair<std::string, Hue>;

constexpr std::array known = {"failed",  "passed",  "skipped",  "deselected",
                              "xfailed", "xpassed", "warnings", "error"};

Hue hue_of(const std::string& category, Hue run) {
    if (category == "failed" || category == "error") return Hue::red;
    if (category == "warnings") return Hue::yellow;
    if (category == "passed") return run == Hue::red ? Hue::green : run;
    return Hue::yellow;
}

std::string counted(const std::string& category, std::uint64_t count) {
    if (category == "warnings") return fmt::format("{} warning{}", count, count == 1 ? "" : "s");
    if (category == "error") return fmt::format("{} error{}", count, count == 1 ? "" : "s");
    return fmt::format("{} {}", count, category);
}

std::vector<Part> parts_of(const std::map<std::string, std::uint64_t>& counts, Hue run) {
    std::vector<Part> parts;
    for (const char* category : known) {
        const auto count = counts.find(category);
        if (count == counts.end()) continue;
        parts.emplace_back(counted(category, count->second), hue_of(category, run));
    }
    for (const auto& [category, count] : counts) {  // plugins' own
        if (std::ranges::find(known, category) != known.end()) continue;
        parts.emplace_back(counted(category, count), Hue::yellow);
    }
    return parts;
}

std::string collected(const Tally& tally) {
    const std::uint64_t left_out = tally.count("deselected");
    const std::uint64_t kept = tally.tests_collected();
    const std::uint64_t errors = tally.count("error");
    const std::string plural = kept + left_out == 1 ? "test" : "tests";
    std::string text;
    if (kept + left_out == 0) {
        text = "no tests collected";
    } else if (left_out == 0) {
        text = fmt::format("{} {} collected", kept, plural);
    } else if (kept == 0) {
        text = fmt::format("no tests collected ({} deselected)", left_out);
    } else {
        text = fmt::format("{}/{} {} collected ({} deselected)", kept, kept + left_out, plural,
                           left_out);
    }
    if (errors > 0) text += ", " + counted("error", errors);
    return text;
}

}  // namespace

Hue run_hue(const Tally& tally) {
    if (tally.count("failed") + tally.count("error") > 0) return Hue::red;
    if (tally.end().end != RunEnd::completed && tally.end().code != 0) return Hue::red;
    if (tally.count("warnings") + tally.count("xpassed") > 0) return Hue::yellow;
    return tally.count("passed") > 0 ? Hue::green : Hue::yellow;
}

std::string counts_text(const std::map<std::string, std::uint64_t>& counts) {
    std::string text;
    for (const auto& [part, hue] : parts_of(counts, Hue::none)) {
        text += (text.empty() ? "" : ", ") + part;
    }
    return text;
}

std::string took_text(Duration took) {
    const double seconds = std::chrono::duration<double>(took).count();
    if (seconds < 60) return fmt::format("{:.2f}s", seconds);
    const auto whole = static_cast<std::uint64_t>(seconds);
    return fmt::format("{:.2f}s ({}:{:02}:{:02})", seconds, whole / 3600, whole / 60 % 60,
                       whole % 60);
}

std::string summary_line(const Tally& tally, Duration took, bool collect_only, bool framed,
                         const Markup& markup) {
    std::vector<Part> parts = parts_of(tally.counts(), run_hue(tally));
    if (collect_only) {
        parts = {{collected(tally), run_hue(tally)}};
    } else if (parts.empty()) {
        parts = {{"no tests ran", Hue::yellow}};
    }
    const Hue hue = run_hue(tally);
    const std::string in = " in " + took_text(took);
    std::string plain;
    std::string painted;
    for (const auto& [text, part_hue] : parts) {
        if (!plain.empty()) {
            plain += ", ";
            painted += ", ";
        }
        plain += text;
        painted += markup.paint(text, part_hue, part_hue == hue);
    }
    plain += in;
    painted += markup.paint(in, hue);
    if (!framed) return painted;
    // The frame is as wide as for the plain text: colours take no columns.
    const std::string frame = Markup(false, markup.columns()).line('=', plain);
    const std::size_t left = frame.find(' ');
    const std::size_t right = frame.rfind(' ');
    return markup.paint(frame.substr(0, left), hue) + " " + painted + " " +
           markup.paint(frame.substr(right + 1), hue);
}

}  // namespace xgrid::client
