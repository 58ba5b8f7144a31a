#include "client/live_line.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace xgrid::client {
namespace {

constexpr Duration interval = std::chrono::milliseconds(100);
constexpr Duration delay = std::chrono::milliseconds(500);  // short runs go without
constexpr Duration estimate_after = std::chrono::seconds(1);

// The terminal must not wrap it, however narrow it has become.
constexpr const char* no_wrap = "\x1b[?7l";
constexpr const char* wrap = "\x1b[?7h";
constexpr const char* erase_line = "\r\x1b[K";

std::string duration_text(double seconds) {
    const auto whole = static_cast<std::uint64_t>(std::ceil(seconds));
    if (whole < 60) return fmt::format("{} s", whole);
    if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace

std::string LiveLine::draw(Instant now, const Tally& tally, std::size_t column) {
    if (now < began_at_ + delay || now < drawn_at_ + interval) return {};
    drawn_at_ = now;
    const std::string before = shown_ ? erase_line : column > 0 ? "\n" : "";
    shown_ = true;
    return before + no_wrap + text(now, tally) + wrap;
}

std::string LiveLine::hide(std::size_t column) {
    if (!std::exchange(shown_, false)) return {};
    drawn_at_ = Instant();  // back at once
    if (column == 0) return erase_line;
    return fmt::format("{}\x1b[A\x1b[{}C", erase_line, column);
}

// The most important first: what does not fit is left out.
std::string LiveLine::text(Instant now, const Tally& tally) const {
    if (const std::optional<std::uint64_t> bytes = tally.bytes_given()) {
        return fmt::format("sending the code: {:.1f} MB", static_cast<double>(*bytes) / 1e6);
    }
    const double seconds = std::chrono::duration<double>(now - began_at_).count();
    const std::uint64_t done = tally.tests_finished();
    const std::uint64_t all = std::max(tally.tests_expected(), done);
    const std::uint64_t failures = tally.count("failed") + tally.count("error");
    std::size_t room = markup_.columns() - 1;
    std::string text;
    const auto add = [&](const std::string& part, Hue hue) {
        if (width(part) > room) {
            room = 0;
            return;
        }
        room -= width(part);
        text += markup_.paint(part, hue, hue != Hue::none);
    };
    add(fmt::format("{}/{}{}", done, tally.tests_certain() ? "" : "~", all), Hue::none);
    if (failures > 0) add(fmt::format(", {} failed", failures), Hue::red);
    if (tally.tests_failing() > 0) {
        add(fmt::format(", {} failing", tally.tests_failing()), Hue::red);
    }
    add(fmt::format(", {:.0f}/s", static_cast<double>(done) / seconds), Hue::none);
    if (done > 0 && all > done && now >= began_at_ + estimate_after) {
        const double left = seconds / static_cast<double>(done) * static_cast<double>(all - done);
        add(fmt::format(", {} left", duration_text(left)), Hue::none);
    }
    return text;
}

}  // namespace xgrid::client
