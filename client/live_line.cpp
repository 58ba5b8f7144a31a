#include "client/live_line.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

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

// Parts from the left, as far as they fit: the most important first.
class Fitted {
public:
    explicit Fitted(const Markup& markup) : markup_(markup), room_(markup.columns() - 1) {}

    void add(const std::string& part, Hue hue = Hue::none) {
        if (width(part) > room_) {
            room_ = 0;
            return;
        }
        room_ -= width(part);
        text_ += markup_.paint(part, hue, hue != Hue::none);
    }
    const std::string& text() const { return text_; }

private:
    const Markup& markup_;
    std::size_t room_;
    std::string text_;
};

// Of a Tally, or of one environment's.
template <class Counts>
void add_progress(Fitted& to, Duration since, const Counts& counts) {
    const double seconds = std::chrono::duration<double>(since).count();
    const std::uint64_t done = counts.tests_finished();
    const std::uint64_t all = counts.tests_expected();
    const std::uint64_t failures = counts.count("failed") + counts.count("error");
    to.add(fmt::format("{}/{}{}", done, counts.tests_certain() ? "" : "~", all));
    if (failures > 0) to.add(fmt::format(", {} failed", failures), Hue::red);
    if (counts.tests_failing() > 0) {
        to.add(fmt::format(", {} failing", counts.tests_failing()), Hue::red);
    }
    to.add(fmt::format(", {:.0f}/s", static_cast<double>(done) / seconds));
    if (done > 0 && all > done && since >= estimate_after) {
        const double left = seconds / static_cast<double>(done) * static_cast<double>(all - done);
        to.add(fmt::format(", {} left", duration_text(left)));
    }
}

}  // namespace

std::string LiveLine::draw(Instant now, const Tally& tally, std::size_t column) {
    if (now < began_at_ + delay || now < drawn_at_ + interval) return {};
    drawn_at_ = now;
    std::string text = lines_ > 0 ? erase() : column > 0 ? "\n" : "";
    text += no_wrap;
    const std::vector<std::string> all = lines(now, tally);
    lines_ = all.size();
    for (std::size_t i = 0; i < all.size(); ++i) text += (i > 0 ? "\n" : "") + all[i];
    return text + wrap;
}

// The cursor is on the last of them.
std::string LiveLine::erase() const {
    std::string text = erase_line;
    for (std::size_t i = 1; i < lines_; ++i) text += std::string("\x1b[A") + erase_line;
    return text;
}

std::string LiveLine::hide(std::size_t column) {
    if (lines_ == 0) return {};
    const std::string erased = erase();
    lines_ = 0;
    drawn_at_ = Instant();  // back at once
    if (column == 0) return erased;
    return fmt::format("{}\x1b[A\x1b[{}C", erased, column);
}

std::vector<std::string> LiveLine::lines(Instant now, const Tally& tally) const {
    if (const std::optional<std::uint64_t> bytes = tally.bytes_given()) {
        return {fmt::format("sending the code: {:.1f} MB", static_cast<double>(*bytes) / 1e6)};
    }
    const std::vector<EnvironmentTally>& all = tally.environments();
    if (all.size() == 1) {
        Fitted fitted(markup_);
        add_progress(fitted, now - began_at_, tally);
        return {fitted.text()};
    }
    constexpr std::size_t kept = 2;  // rows for what is printed
    const std::size_t room = std::max<std::size_t>(rows_, kept + 2) - kept;
    const std::size_t shown = all.size() > room ? room - 1 : all.size();
    std::vector<std::string> lines;
    for (std::uint32_t i = 0; i < shown; ++i) lines.push_back(line(now, all[i], i));
    if (shown == all.size()) return lines;
    Fitted more(markup_);
    more.add(fmt::format("... and {} environments more", all.size() - shown));
    lines.push_back(more.text());
    return lines;
}

std::string LiveLine::line(Instant now, const EnvironmentTally& tally,
                           std::uint32_t environment) const {
    std::size_t widest = 0;
    for (std::uint32_t i = 0; i < names_.size(); ++i) {
        widest = std::max(widest, width(printable(names_[i])));
    }
    const std::string name =
        shortened(printable(names_[environment]), std::min(widest, markup_.columns() / 2));
    widest = std::min(widest, markup_.columns() / 2);
    Fitted fitted(markup_);
    fitted.add(name + std::string(widest - width(name) + 2, ' '));
    if (tally.over() && tally.tests_finished() == 0) {
        fitted.add("ended");
    } else if (!tally.begun()) {
        fitted.add("not begun");
    } else {
        add_progress(fitted, now - began_at_, tally);
    }
    return fitted.text();
}

}  // namespace xgrid::client
