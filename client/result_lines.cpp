#include "client/result_lines.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "client/summary_line.hpp"

namespace xgrid::client {
namespace {

Hue hue_of(const std::string& category) {
    if (category == "passed") return Hue::green;
    return category == "failed" || category == "error" ? Hue::red : Hue::yellow;
}

const Phase& passed_phase() {
    static const Phase phase{.when = "call", .category = "passed", .letter = ".", .word = "PASSED"};
    return phase;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

void ResultLines::adopt(const Display& display, const Places& places) {
    display_ = display;
    places_ = places;
}

// Phases that passed in silence are not listed. Where only a teardown is, the test itself passed.
std::string ResultLines::add(const std::string& worker, const TestName& test,
                             const TestResult& result, const Tally& tally) {
    std::string text;
    bool shown = false;
    if (result.details) {
        for (const Phase& phase : result.details->phases) {
            if (phase.when == "teardown" && !shown)
                text += add(worker, test, passed_phase(), tally);
            shown = true;
            text += add(worker, test, phase, tally);
        }
    }
    return shown ? text : add(worker, test, passed_phase(), tally);
}

std::string ResultLines::add(const std::string& worker, const TestName& test, const Phase& phase,
                             const Tally& tally) {
    if (phase.letter.empty() && phase.word.empty()) return {};
    if (display_.verbosity > 0) return line(worker, places_.id(test.id), phase, tally);
    return letter(places_.id(test.id), phase, tally);
}

std::string ResultLines::line(const std::string& worker, const std::string& id, const Phase& phase,
                              const Tally& tally) const {
    const std::string name = printable(id);
    const std::string done = share(tally);
    const std::string word = markup_.paint(phase.word, hue_of(phase.category));
    if (!distributed_) {
        std::size_t column = width(name) + 1 + width(phase.word);
        const std::string why = reason(phase, column + width(done) + 1);
        column += width(why);
        return name + " " + word + why + filled(done, column, tally) + "\n";
    }
    const std::string label = worker.empty() ? "" : fmt::format("[{}]", worker);
    const std::size_t taken = width(label) + width(done) + 1 + width(phase.word) + 1 + width(name);
    return label + markup_.paint(done, Hue::cyan) + " " + word + " " + name + reason(phase, taken) +
           "\n";
}

std::string ResultLines::reason(const Phase& phase, std::size_t taken) const {
    if (phase.reason.empty()) return {};
    if (display_.verbosity > 1) return " (" + printable(phase.reason) + ")";
    constexpr std::size_t least = 6;  // " (...)"
    if (taken + least > markup_.columns()) return {};
    const std::size_t room = markup_.columns() - taken - 3;
    return " (" + shortened(printable(first_line(phase.reason)), room) + ")";
}

std::string ResultLines::letter(const std::string& id, const Phase& phase, const Tally& tally) {
    std::string text;
    const std::string file = id.substr(0, id.find("::"));
    const bool named = !distributed_ && display_.verbosity == 0;
    if (named && (file != file_ || column_ == 0)) {
        if (column_ > 0) text += filled(reached_, column_, tally) + "\n";
        if (file != file_) text += printable(file) + " ";
        column_ = file != file_ ? width(printable(file)) + 1 : 0;
        file_ = file;
    }
    text += markup_.paint(phase.letter, hue_of(phase.category));
    column_ += width(phase.letter);
    reached_ = share(tally);
    if (reached_.empty() || column_ + width(reached_) + 1 < markup_.columns()) return text;
    column_ = 0;
    return text + markup_.paint(reached_, run_hue(tally)) + "\n";
}

std::string ResultLines::new_line() {
    file_.clear();
    return std::exchange(column_, 0) > 0 ? "\n" : "";
}

std::string ResultLines::end(const Tally& tally) {
    if (column_ == 0) return {};
    const bool all = tally.end().end == RunEnd::completed;
    const std::string text = filled(share(tally, all), column_, tally);
    column_ = 0;
    return text + "\n";
}

std::string ResultLines::filled(const std::string& share, std::size_t column,
                                const Tally& tally) const {
    const std::size_t taken = column + width(share) + 1;
    const std::size_t fill = markup_.columns() > taken ? markup_.columns() - taken : 0;
    if (share.empty()) return {};
    return markup_.paint(std::string(fill, ' ') + share, run_hue(tally));
}

std::string ResultLines::share(const Tally& tally, bool last) const {
    const std::uint64_t done = tally.tests_finished();
    const std::uint64_t all = std::max(tally.tests_expected(), std::uint64_t{1});
    if (display_.progress == ProgressStyle::none) return {};
    if (display_.progress == ProgressStyle::count) {
        const std::string total = std::to_string(all);
        return fmt::format(" [{:>{}}/{}]", done, total.size(), total);
    }
    // Until the end one cannot know: files may hold more tests than others did.
    const std::uint64_t most = tally.tests_certain() ? 100 : 99;
    return fmt::format(" [{:3}%]", last ? 100 : std::min(done * 100 / all, most));
}

}  // namespace xgrid::client
