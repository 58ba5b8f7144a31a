#include "broker/answers.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "broker/waits.hpp"

namespace xgrid::broker {
namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

RunSummary summary(const Scene& scene, const KnownRun& known) {
    const Submission& run = *known.run;
    RunSummary summary{.run = run.id(),
                       .order = known.order,
                       .verdicts = run.verdicts(),
                       .age = seconds(scene.now - known.submitted_at),
                       .followed = known.followed};
    if (run.over()) {
        summary.state = RunState::over;
        summary.took = seconds(std::min(known.over_at, scene.now) - known.submitted_at);
        summary.end = run.end();
        return summary;
    }
    summary.slots = static_cast<std::uint32_t>(run.live_slots());
    summary.slots_wanted = static_cast<std::uint32_t>(run.slots_wanted());
    summary.state = summary.slots > 0 ? RunState::runs : RunState::waits;
    summary.open = open_tests(run);
    return summary;
}

// Those that are open first; then the last that were submitted.
std::vector<RunSummary> summaries(const Scene& scene) {
    std::vector<const KnownRun*> runs;
    for (const auto& [id, known] : scene.runs) runs.push_back(&known);
    std::ranges::sort(runs, [](const KnownRun* a, const KnownRun* b) {
        if (a->run->over() != b->run->over()) return b->run->over();
        return std::pair(a->submitted_at, a->run->id()) > std::pair(b->submitted_at, b->run->id());
    });
    if (runs.size() > told_runs_max) runs.resize(told_runs_max);
    std::vector<RunSummary> found;
    for (const KnownRun* known : runs) found.push_back(summary(scene, *known));
    return found;
}

std::vector<WorkerSummary> worker_summaries(const Scene& scene) {
    std::vector<WorkerSummary> found;
    for (const auto& [key, worker] : scene.workers.all()) {
        if (has_left(worker)) continue;
        WorkerSummary summary{.name = worker.name,
                              .host = worker.host,
                              .labels = worker.labels,
                              .slots = worker.slots,
                              .used = worker.used,
                              .silent = seconds(scene.now - worker.heard_at),
                              .version = worker.version,
                              .trouble = trouble_of(worker),
                              .drains = worker.drains};
        if (scene.user_of) summary.user = scene.user_of(worker.peer);
        const auto used = scene.used.find(key);
        if (used != scene.used.end()) {
            for (const auto& [run, slots] : used->second) summary.runs.push_back(run);
        }
        found.push_back(std::move(summary));
    }
    std::ranges::stable_sort(found, {}, &WorkerSummary::name);
    return found;
}

// What a lane wants in any of its environments counts for the first of them.
std::vector<WantedSlots> wanted_slots(const Scene& scene) {
    std::map<Labels, std::uint32_t> wanted;
    std::map<std::string, std::size_t> rooms;  // of users
    for (const auto& [id, known] : scene.runs) {
        std::size_t& room = rooms.try_emplace(known.order.user, known.users_room).first->second;
        for (const auto& lane : known.run->lanes()) {
            std::size_t left = std::min(lane->slots_wanted(), room);
            for (std::uint32_t i = 0; i < lane->environments().size() && left > 0; ++i) {
                const std::size_t here = std::min(left, lane->slots_wanted_in(i));
                if (here == 0) continue;
                wanted[lane->environments()[i].labels] += static_cast<std::uint32_t>(here);
                left -= here;
                room -= here;
            }
        }
    }
    std::vector<WantedSlots> found;
    for (const auto& [labels, slots] : wanted) found.push_back({labels, slots});
    return found;
}

}  // namespace

std::uint64_t open_tests(const Submission& run) {
    std::uint64_t open = 0;
    for (const auto& lane : run.lanes()) {
        for (const auto& [id, job] : lane->jobs()) {
            if (job.attempt && job.attempt->loaded) {
                open += static_cast<std::uint64_t>(std::ranges::count_if(
                    job.attempt->states,
                    [](TestState state) { return state != TestState::closed; }));
            } else if (job.body.selection.mode == Select::only) {
                open += job.body.selection.tests.size();
            }
        }
    }
    return open;
}

Answer answer(const Scene& scene, const Ask& ask) {
    Answer answer{.number = ask.number};
    switch (ask.question) {
        case Question::runs: answer.runs = summaries(scene); return answer;
        case Question::workers: answer.workers = worker_summaries(scene); return answer;
        case Question::wanted: answer.wanted = wanted_slots(scene); return answer;
        // The core keeps no history: who does adds what it knows.
        case Question::history:
        case Question::flakes: return answer;
        case Question::why: break;
    }
    Result<std::string> id = find_id(scene.runs, ask.about);
    if (id) {
        const KnownRun& known = scene.runs.at(*id);
        answer.runs.push_back(summary(scene, known));
        answer.lines = reasons_to_wait(scene, known);
    } else {
        answer.trouble = id.error();
    }
    return answer;
}

}  // namespace xgrid::broker
