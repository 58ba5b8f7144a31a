#include "worker/frameworks/native/tap.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>

#include <fmt/format.h>

namespace xgrid::worker::native {
namespace {

constexpr std::string_view blanks = " \t\r\v\f";
// A program that prints points without end is cut, and says so as an error.
constexpr std::size_t points_most = 100'000;
constexpr std::size_t errors_most = 100;
constexpr std::size_t text_most = 64 * 1024;

std::string_view stripped(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(blanks);
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

/// Takes a number from its beginning; one too large is the largest.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::size_t length = 0;
    while (length < text.size() && is_digit(text[length])) ++length;
    if (length == 0) return std::nullopt;
    std::uint64_t number = 0;
    const auto [_, error] = std::from_chars(text.data(), text.data() + length, number);
    if (error != std::errc{}) number = std::numeric_limits<std::uint64_t>::max();
    text.remove_prefix(length);
    return number;
}

bool take(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    return true;
}

enum class Directive : std::uint8_t { none, skip, todo };

struct Directed {
    Directive directive = Directive::none;
    std::string why;
};

bool begins_word(std::string_view text, std::string_view upper) {
    return text.size() >= upper.size() &&
           std::equal(upper.begin(), upper.end(), text.begin(), [](char want, char have) {
               return want == std::toupper(static_cast<unsigned char>(have));
           });
}

/// "# SKIP why" and "# TODO why", in any case; SKIP may be longer: "# skipped: why".
Directed directed_by(std::string_view text) {
    text = stripped(text);
    if (!take(text, "#")) return {};
    text = stripped(text);
    const std::size_t end = std::min(text.find_first_of(blanks), text.size());
    const std::string_view word = text.substr(0, end);
    Directed found;
    if (begins_word(word, "SKIP")) {
        found.directive = Directive::skip;
    } else if (begins_word(word, "TODO") &&
               (word.size() == 4 || std::isalnum(static_cast<unsigned char>(word[4])) == 0)) {
        found.directive = Directive::todo;
        text = text.substr(4);
        found.why = stripped(text);
        return found;
    } else {
        return {};
    }
    found.why = stripped(text.substr(end));
    return found;
}

}  // namespace

void Tap::add(std::string_view text) {
    while (true) {
        const std::size_t end = text.find('\n');
        rest_.append(text.substr(0, end));
        if (end == text.npos) return;
        add_line(rest_);
        rest_.clear();
        text.remove_prefix(end + 1);
    }
}

void Tap::end() {
    if (!rest_.empty()) add_line(rest_);
    rest_.clear();
    if (block_indent_) complain("a YAML block has no end");
    if (bail_out_ || !plan_ || *plan_ == count_) return;
    complain(fmt::format("too {} tests: {} are planned, and {} were run",
                         count_ < *plan_ ? "few" : "many", *plan_, count_));
}

void Tap::complain(std::string what) {
    if (errors_.size() < errors_most) errors_.push_back(std::move(what));
}

// Whether the line belongs to a YAML block, which may only follow a point.
bool Tap::in_block(std::string_view line) {
    const std::size_t indent = std::min(line.find_first_not_of(blanks), line.size());
    const std::string_view inside = line.substr(indent);
    if (!block_indent_) {
        const bool begins =
            after_point_ && version_ >= 13 && indent > 0 && inside.starts_with("---");
        after_point_ = false;
        if (begins) block_indent_ = line.substr(0, indent);
        return begins;
    }
    if (indent > 0 && inside == "...") {
        block_indent_.reset();
        return true;
    }
    if (line.starts_with(*block_indent_)) {
        std::string& diagnosis = points_.back().diagnosis;
        if (diagnosis.size() < text_most) {
            diagnosis.append(line.substr(block_indent_->size())).append("\n");
        }
        return true;
    }
    complain("a YAML block has no end");
    block_indent_.reset();
    return false;
}

void Tap::add_line(std::string_view line) {
    ++line_;
    const std::size_t end = line.find_last_not_of(blanks);
    line = line.substr(0, end == line.npos ? 0 : end + 1);
    if (in_block(line) || line.empty()) return;
    if (line.front() == '#') {
        if (!points_.empty() && points_.back().diagnosis.size() < text_most) {
            points_.back().diagnosis.append(stripped(line.substr(1))).append("\n");
        }
        return;
    }
    const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
    if (indent >= 4) {
        add_point(line.substr(indent), indent / 4);
        return;
    }
    if (add_point(line, 0) || add_plan(line)) return;
    if (take(line, "Bail out!")) {
        spoken_ = true;
        if (!bail_out_) bail_out_ = stripped(line);
    } else if (take(line, "TAP version ")) {
        if (const auto version = take_number(line)) add_version(*version);
    }
    // Anything else is no TAP, and so no matter.
}

void Tap::add_version(std::uint64_t version) {
    spoken_ = true;
    if (line_ != 1) {
        complain("the version is not in the first line");
        return;
    }
    version_ = version;
    if (version < 13) complain("the version is not 13 or later");
}

bool Tap::add_point(std::string_view line, std::size_t depth) {
    const bool failed = take(line, "not ");
    if (!take(line, "ok")) return false;
    if (!line.empty() && blanks.find(line.front()) == blanks.npos) return false;
    line = stripped(line);
    TapPoint point{.depth = depth};
    const std::optional<std::uint64_t> number = take_number(line);
    point.number = number.value_or(depth == 0 ? count_ + 1 : 0);
    const std::size_t hash = line.find('#');
    const Directed directed = hash == line.npos ? Directed{} : directed_by(line.substr(hash));
    std::string_view name = stripped(line.substr(0, hash));
    if (take(name, "-")) name = stripped(name);
    point.name = name.substr(0, text_most);
    point.why = directed.why;
    switch (directed.directive) {
        case Directive::skip: point.outcome = failed ? Outcome::failed : Outcome::skipped; break;
        case Directive::todo: point.outcome = failed ? Outcome::xfailed : Outcome::xpassed; break;
        case Directive::none: point.outcome = failed ? Outcome::failed : Outcome::passed; break;
    }
    spoken_ = true;
    if (depth == 0) {
        ++count_;
        if (plan_is_late_ && !late_point_) {
            complain("a test follows a plan that came after tests");
            late_point_ = true;
        }
        if (point.number != count_) complain("tests are numbered out of order");
        after_point_ = true;
    }
    if (points_.size() < points_most) {
        points_.push_back(std::move(point));
    } else {
        complain("there are more tests than can be kept");
    }
    return true;
}

bool Tap::add_plan(std::string_view line) {
    if (!take(line, "1..")) return false;
    const auto planned = take_number(line);
    if (!planned) return false;
    spoken_ = true;
    if (plan_) {
        complain("there is more than one plan");
        return true;
    }
    const Directed directed = directed_by(line);
    if (directed.directive == Directive::skip && *planned > 0) {
        complain("a plan of tests cannot be skipped");
    } else if (directed.directive == Directive::todo) {
        complain("a plan cannot be TODO");
    }
    plan_ = planned;
    plan_is_late_ = count_ > 0;
    plan_why_ = directed.why;
    return true;
}

Outcome Tap::outcome() const {
    if (bail_out_ || !errors_.empty()) return Outcome::error;
    bool all_skipped = true;
    for (const TapPoint& point : points_) {
        if (point.depth > 0) continue;
        if (point.outcome == Outcome::failed || point.outcome == Outcome::xpassed) {
            return Outcome::failed;
        }
        all_skipped = all_skipped && point.outcome == Outcome::skipped;
    }
    return all_skipped ? Outcome::skipped : Outcome::passed;
}

std::string Tap::why() const {
    if (bail_out_) return "Bail out! " + *bail_out_;
    if (!errors_.empty()) return "TAP: " + errors_.front();
    std::uint64_t bad = 0;
    const TapPoint* first = nullptr;
    for (const TapPoint& point : points_) {
        if (point.depth > 0) continue;
        if (point.outcome != Outcome::failed && point.outcome != Outcome::xpassed) continue;
        if (++bad == 1) first = &point;
    }
    if (bad > 0) {
        return fmt::format(
            "{}: {}{}", first->outcome == Outcome::xpassed ? "passed, but TODO" : "not ok",
            first->name.empty() ? fmt::format("test {}", first->number) : first->name,
            bad > 1 ? fmt::format(" (and {} more)", bad - 1) : "");
    }
    if (outcome() != Outcome::skipped) return {};
    for (const TapPoint& point : points_) {
        if (point.depth == 0 && !point.why.empty()) return point.why;
    }
    return plan_why_.empty() ? "no tests were run" : plan_why_;
}

}  // namespace xgrid::worker::native
