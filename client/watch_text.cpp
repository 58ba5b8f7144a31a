#include "client/watch_text.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "client/run_id.hpp"
#include "client/table.hpp"

namespace xgrid::client {
namespace {

using Lines = std::vector<std::string>;

constexpr std::size_t signs = 10;  // of a bar

Lines lines_of(const Table& table, const Markup& markup) {
    Lines lines;
    const std::string text = table.text(markup.columns());
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        lines.push_back(shortened(text.substr(at, end - at), markup.columns(), "…"));
        at = end + 1;
    }
    lines.front() = markup.paint(lines.front(), Hue::none, true);
    return lines;
}

std::uint64_t verdicts_of(const RunSummary& run) {
    std::uint64_t all = 0;
    for (const auto& [outcome, count] : run.verdicts) all += count;
    return all;
}

std::string failures_of(const RunSummary& run) {
    std::uint64_t failures = 0;
    for (const Outcome outcome : {Outcome::failed, Outcome::error}) {
        const auto found = run.verdicts.find(outcome);
        if (found != run.verdicts.end()) failures += found->second;
    }
    return failures == 0 ? "" : fmt::format("{}", failures);
}

std::string took(const RunSummary& run) {
    return rough_time(run.state == RunState::over ? run.took : run.age);
}

// Open ones say beneath why they have to wait.
Lines open_runs(const Overview& overview, const Markup& markup) {
    Table table({"RUN", "STATE", "USER", "PROJECT", ">SLOTS", ">AGE", "TESTS", ">FAILED", "WHAT"},
                {"WHAT", "PROJECT", "USER"});
    std::vector<const RunSummary*> shown;
    for (const RunSummary& run : overview.runs) {
        if (run.state == RunState::over) continue;
        const std::uint64_t done = verdicts_of(run);
        table.add({short_id(run.run), state_of(run), run.order.user, run.order.project,
                   slots_of(run), took(run), bar(done, done + run.open, signs), failures_of(run),
                   run.order.title});
        shown.push_back(&run);
    }
    if (shown.empty()) return {"no runs are open"};
    Lines lines = lines_of(table, markup);
    Lines all = {lines.front()};
    for (std::size_t i = 0; i < shown.size(); ++i) {
        const bool failed = !failures_of(*shown[i]).empty();
        all.push_back(markup.paint(lines[i + 1], failed ? Hue::red : Hue::none));
        const auto why = overview.why.find(shown[i]->run);
        if (why == overview.why.end()) continue;
        for (const std::string& reason : why->second) {
            const std::string line = "  " + printable(reason);
            all.push_back(markup.paint(shortened(line, markup.columns(), "…"), Hue::yellow));
        }
    }
    return all;
}

Lines workers(const Overview& overview, const Markup& markup) {
    if (overview.workers.empty()) return {"no workers"};
    Table table({"WORKER", "LOAD", "STATE", "LABELS", "RUNS"}, {"LABELS", "RUNS", "STATE"});
    for (const WorkerSummary& worker : overview.workers) {
        std::string runs;
        for (const std::string& run : worker.runs) {
            runs += (runs.empty() ? "" : " ") + short_id(run);
        }
        table.add({worker.name, bar(worker.used, worker.slots, signs), state_of(worker),
                   labels_of(worker.labels), runs});
    }
    return lines_of(table, markup);
}

Lines ended_runs(const Overview& overview, const Markup& markup) {
    Table table({"OVER", "STATE", "USER", "PROJECT", ">TOOK", "TESTS", "WHAT"},
                {"WHAT", "PROJECT", "USER", "TESTS"});
    std::size_t count = 0;
    for (const RunSummary& run : overview.runs) {
        if (run.state != RunState::over) continue;
        table.add({short_id(run.run), state_of(run), run.order.user, run.order.project, took(run),
                   counts_of(run), run.order.title});
        ++count;
    }
    return count == 0 ? Lines() : lines_of(table, markup);
}

// As many as fit, the last of which then says how many do not.
void limit(Lines& lines, std::size_t most) {
    if (lines.size() <= most) return;
    const std::size_t kept = most == 0 ? 0 : most - 1;
    const std::size_t gone = lines.size() - kept;
    lines.resize(kept);
    if (most > 0) lines.push_back(fmt::format("… {} lines more", gone));
}

Lines heading(const Overview& overview, const Markup& markup) {
    std::string first = "xgrid watch: " + overview.broker;
    if (!overview.version.empty()) first += ", xgrid " + overview.version;
    Lines lines = {markup.paint(shortened(first, markup.columns(), "…"), Hue::none, true)};
    const auto add = [&](const std::string& line, Hue hue) {
        lines.push_back(markup.paint(shortened(printable(line), markup.columns(), "…"), hue));
    };
    if (!overview.trouble.empty()) add(overview.trouble + "; trying again", Hue::red);
    if (overview.version.empty()) return lines;
    add("slots   " + slots_of(overview), Hue::none);
    add("runs    " + runs_of(overview), Hue::none);
    for (const WantedSlots& wanted : overview.wanted)
        add("wanted  " + text_of(wanted), Hue::yellow);
    return lines;
}

}  // namespace

std::vector<std::string> watch_lines(const Overview& overview, const Markup& markup,
                                     std::size_t rows) {
    Lines all = heading(overview, markup);
    if (overview.version.empty()) return all;
    std::vector<Lines> sections = {open_runs(overview, markup), workers(overview, markup),
                                   ended_runs(overview, markup)};
    const std::size_t blanks = sections.size();
    std::size_t room = rows > all.size() + blanks ? rows - all.size() - blanks : 0;
    // What one does not need is for those after it, but none takes more than half from the next.
    for (std::size_t i = 0; i < sections.size(); ++i) {
        std::size_t others = 0;
        for (std::size_t j = i + 1; j < sections.size(); ++j) others += sections[j].size();
        const std::size_t least = i + 1 < sections.size() ? room - room / 2 : room;
        limit(sections[i], std::max(least, room > others ? room - others : 0));
        room -= sections[i].size();
        if (sections[i].empty()) continue;
        all.emplace_back();
        std::ranges::move(sections[i], std::back_inserter(all));
    }
    if (all.size() > rows) all.resize(rows);
    return all;
}

std::string bar(std::uint64_t done, std::uint64_t all, std::size_t signs) {
    const std::size_t full = all == 0 ? 0 : static_cast<std::size_t>(done * signs / all);
    std::string text = "[" + std::string(full, '#') + std::string(signs - full, '.') + "]";
    if (all > 0) text += fmt::format(" {}/{}", done, all);
    return text;
}

}  // namespace xgrid::client
