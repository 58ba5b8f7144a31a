#include "client/answer_text.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "client/markup.hpp"
#include "client/run_id.hpp"
#include "client/table.hpp"

namespace xgrid::client {
namespace {

std::string counted(std::size_t count, const std::string& thing) {
    return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

std::string tests_of(const RunSummary& run) {
    std::string text = counts_of(run);
    if (run.open > 0) text += fmt::format("{}{} open", text.empty() ? "" : ", ", run.open);
    return text;
}

}  // namespace

std::string labels_of(const std::map<std::string, std::string>& labels) {
    std::string text;
    for (const auto& [name, value] : labels) {
        text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
    }
    return text;
}

std::string state_of(const RunSummary& run) {
    if (run.state == RunState::waits) return "waits";
    if (run.state == RunState::runs) return "runs";
    if (!run.end) return "over";
    switch (run.end->end) {
        case RunEnd::completed: break;
        case RunEnd::stopped: return "stopped";
        case RunEnd::cancelled: return "cancelled";
        case RunEnd::refused: return "refused";
        case RunEnd::grid_failed: return "grid failed";
        case RunEnd::exit_asked: return "ended";
    }
    const auto count = [&](Outcome outcome) {
        const auto found = run.verdicts.find(outcome);
        return found == run.verdicts.end() ? 0 : found->second;
    };
    return count(Outcome::failed) + count(Outcome::error) > 0 ? "failed" : "passed";
}

std::string state_of(const WorkerSummary& worker) {
    if (!worker.trouble.empty()) return worker.trouble;
    if (worker.drains) return "leaves when it is done";
    constexpr double heartbeats_missed = 3;
    if (worker.silent >= heartbeats_missed) {
        return "silent for " + rough_time(worker.silent);
    }
    return worker.used > 0 ? "works" : "idle";
}

std::string slots_of(const RunSummary& run) {
    if (run.state == RunState::over) return "";
    if (run.slots_wanted == 0) return fmt::format("{}", run.slots);
    return fmt::format("{} of {}", run.slots, run.slots + run.slots_wanted);
}

std::string rough_time(double seconds) {
    constexpr std::array<std::pair<double, const char*>, 3> units = {
        std::pair{86400.0, "d"}, std::pair{3600.0, "h"}, std::pair{60.0, "min"}};
    for (const auto& [length, name] : units) {
        if (seconds >= 2 * length) return fmt::format("{:.0f} {}", seconds / length, name);
    }
    return fmt::format("{:.0f} s", seconds);
}

std::string counts_of(const RunSummary& run) {
    using Word = std::pair<Outcome, const char*>;
    constexpr std::array words = {
        Word{Outcome::failed, "failed"},   Word{Outcome::passed, "passed"},
        Word{Outcome::skipped, "skipped"}, Word{Outcome::xfailed, "xfailed"},
        Word{Outcome::xpassed, "xpassed"}, Word{Outcome::error, "errors"}};
    std::string text;
    for (const auto& [outcome, word] : words) {
        const auto found = run.verdicts.find(outcome);
        if (found == run.verdicts.end()) continue;
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", found->second, word);
    }
    return text;
}

std::string text_of(const std::vector<RunSummary>& runs, std::size_t columns) {
    if (runs.empty()) return "no runs\n";
    Table table({"RUN", "STATE", "USER", "PROJECT", ">SLOTS", ">AGE", "TESTS", "WHAT"},
                {"WHAT", "PROJECT", "USER", "TESTS"});
    for (const RunSummary& run : runs) {
        table.add({short_id(run.run), state_of(run), run.order.user, run.order.project,
                   slots_of(run), rough_time(run.age), tests_of(run), run.order.title});
    }
    return table.text(columns);
}

std::string text_of(const std::vector<WorkerSummary>& workers, std::size_t columns) {
    if (workers.empty()) return "no workers (start one: xgrid worker --broker ENDPOINT)\n";
    const bool users = std::ranges::any_of(
        workers, [](const WorkerSummary& worker) { return !worker.user.empty(); });
    std::vector<std::string> heads = {"WORKER", ">USED", ">SLOTS", "STATE", "LABELS", "RUNS"};
    if (users) heads.insert(heads.begin() + 1, "USER");
    std::vector<std::string> yielding = {"LABELS", "RUNS", "STATE"};
    if (users) yielding.emplace_back("USER");
    Table table(heads, yielding);
    for (const WorkerSummary& worker : workers) {
        std::string runs;
        for (const std::string& run : worker.runs) {
            runs += (runs.empty() ? "" : " ") + short_id(run);
        }
        std::vector<std::string> row = {
            worker.name,      fmt::format("{}", worker.used), fmt::format("{}", worker.slots),
            state_of(worker), labels_of(worker.labels),       runs};
        if (users) row.insert(row.begin() + 1, worker.user);
        table.add(std::move(row));
    }
    return table.text(columns);
}

std::vector<std::string> waiting_runs(const std::vector<RunSummary>& runs) {
    constexpr std::size_t most = 8;
    std::vector<std::string> waiting;
    for (const RunSummary& run : runs) {
        const bool wants = run.state == RunState::waits || run.slots_wanted > 0;
        if (run.state != RunState::over && wants && waiting.size() < most) {
            waiting.push_back(run.run);
        }
    }
    return waiting;
}

std::string slots_of(const Overview& overview) {
    std::size_t slots = 0;
    std::size_t used = 0;
    for (const WorkerSummary& worker : overview.workers) {
        slots += worker.slots;
        used += worker.used;
    }
    return fmt::format("{} of {} used, on {}", used, slots,
                       counted(overview.workers.size(), "worker"));
}

std::string runs_of(const Overview& overview) {
    const auto count = [&](RunState state) {
        return std::ranges::count(overview.runs, state, &RunSummary::state);
    };
    const auto running = count(RunState::runs);
    const auto waiting = count(RunState::waits);
    return fmt::format("{} {}, {} {}, {} over", running, running == 1 ? "runs" : "run", waiting,
                       waiting == 1 ? "waits" : "wait", count(RunState::over));
}

std::string text_of(const WantedSlots& wanted) {
    const std::string labels = labels_of(wanted.labels);
    return fmt::format("{} more{}", counted(wanted.slots, "slot"),
                       labels.empty() ? "" : " with " + labels);
}

std::string title_of(const RunSummary& run) {
    std::string text = state_of(run);
    for (const std::string& part : {run.order.user, run.order.project, run.order.title}) {
        if (!part.empty()) text += ", " + printable(part);
    }
    return text;
}

std::string text_of(const Overview& overview, std::size_t columns) {
    std::vector<RunSummary> open;
    std::ranges::copy_if(overview.runs, std::back_inserter(open),
                         [](const RunSummary& run) { return run.state != RunState::over; });
    std::string text = fmt::format("broker   {}", overview.broker);
    if (!overview.version.empty()) text += fmt::format(", xgrid {}", overview.version);
    text += fmt::format("\nslots    {}\nruns     {}\n", slots_of(overview), runs_of(overview));
    for (const WantedSlots& wanted : overview.wanted) {
        text += fmt::format("wanted   {}\n", text_of(wanted));
    }
    for (const WorkerSummary& worker : overview.workers) {
        if (!worker.trouble.empty()) {
            text += fmt::format("trouble  worker {}: {}\n", worker.name, worker.trouble);
        }
    }
    if (!open.empty()) text += "\n" + text_of(open, columns);
    for (const auto& [run, reasons] : overview.why) {
        for (const std::string& reason : reasons) {
            text += fmt::format("{}{}: {}\n", reason == reasons.front() ? "\n" : "", short_id(run),
                                reason);
        }
    }
    return text;
}

}  // namespace xgrid::client
