#include "broker/waits.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace xgrid::broker {
namespace {

// A worker that was silent for longer has missed heartbeats.
constexpr Duration silence_told = std::chrono::seconds(3);
constexpr std::size_t listed_max = 4;

using Lines = std::vector<std::string>;

std::string counted(std::size_t count, const std::string& thing) {
    return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

// As much of an id as a user needs to see.
std::string short_id(const std::string& id) { return id.substr(0, 8); }

std::string whose(const Scene& scene, const std::string& id) {
    const auto found = scene.runs.find(id);
    const std::string user = found == scene.runs.end() ? "" : found->second.order.user;
    return user.empty() ? "run " + short_id(id) : fmt::format("{}'s run {}", user, short_id(id));
}

// The first of them, and how many more there are.
std::string listed(const Lines& all) {
    std::string text;
    for (std::size_t i = 0; i < std::min(all.size(), listed_max); ++i) {
        text += (i > 0 ? ", " : "") + all[i];
    }
    if (all.size() > listed_max) text += fmt::format(" and {} more", all.size() - listed_max);
    return text;
}

// What there is instead of the labels that are wanted.
std::string nearest(const Scene& scene, const Labels& wanted) {
    std::set<std::string> there;
    for (const auto& [name, value] : wanted) {
        std::set<std::string> values;
        bool is_there = false;
        for (const auto& [key, worker] : scene.workers.all()) {
            is_there = is_there || does_for(worker, {{name, value}});
            const auto label = worker.labels.find(name);
            if (name == name_label) {
                values.insert(worker.called);
            } else if (label != worker.labels.end()) {
                for (const std::string& one : values_of(label->second)) values.insert(one);
            }
        }
        if (is_there) continue;
        for (const std::string& other : values) there.insert(fmt::format("{}={}", name, other));
    }
    return there.empty() ? "" : "; there is " + listed({there.begin(), there.end()});
}

std::string options_for(const Labels& labels) {
    std::string text;
    for (const auto& [name, value] : labels) {
        text +=
            name == name_label ? " --name " + value : fmt::format(" --label {}={}", name, value);
    }
    return text;
}

struct Fitting {
    std::size_t workers = 0;
    std::size_t able = 0;  // of them: they take something new
    std::size_t slots = 0;
    std::size_t used = 0;
    std::map<std::string, std::size_t> by_run;
    Lines troubles;
};

Fitting fitting(const Scene& scene, const Labels& labels) {
    Fitting fitting;
    for (const auto& [key, worker] : scene.workers.all()) {
        if (has_left(worker) || !does_for(worker, labels)) continue;
        ++fitting.workers;
        if (takes_new(worker)) {
            ++fitting.able;
            fitting.slots += worker.slots;
            fitting.used += std::min(worker.used, worker.slots);
        }
        if (const auto used = scene.used.find(key); used != scene.used.end()) {
            for (const auto& [run, slots] : used->second) fitting.by_run[run] += slots;
        }
        const Duration silent = scene.now - worker.heard_at;
        if (const std::string trouble = trouble_of(worker); !trouble.empty()) {
            fitting.troubles.push_back(
                fmt::format("worker {} takes nothing new: {}", worker.name, trouble));
        } else if (worker.drains) {
            fitting.troubles.push_back(fmt::format(
                "worker {} takes nothing new: it finishes what it has, and leaves", worker.name));
        } else if (silent > silence_told) {
            fitting.troubles.push_back(
                fmt::format("worker {} was not heard for {} s: look whether it still runs",
                            worker.name, silent / std::chrono::seconds(1)));
        }
    }
    return fitting;
}

std::string who_has_them(const Scene& scene, const Fitting& there, const std::string& run) {
    std::vector<std::pair<std::size_t, std::string>> holders;
    for (const auto& [id, slots] : there.by_run) holders.emplace_back(slots, id);
    std::ranges::sort(holders, std::greater());
    Lines texts;
    for (const auto& [slots, id] : holders) {
        texts.push_back(fmt::format("{} by {}", slots, id == run ? "this run" : whose(scene, id)));
    }
    return listed(texts);
}

// In an environment where it could use more slots.
void say_environment(const Scene& scene, const Run& lane, std::uint32_t number, Lines& lines) {
    const Environment& environment = lane.environments()[number];
    const Labels& labels = environment.labels;
    const Fitting there = fitting(scene, labels);
    const bool has_some = lane.live_slots() > 0;
    const std::string waits = has_some ? "could use more slots" : "waits for a slot";
    if (std::ranges::all_of(scene.workers.all(),
                            [](const auto& entry) { return has_left(entry.second); })) {
        lines.push_back(
            fmt::format("{}: no worker is there (start one: xgrid worker --broker ENDPOINT{})",
                        waits, options_for(labels)));
    } else if (there.workers == 0) {
        lines.push_back(
            fmt::format("{}: no worker has the label{} {}{} (start one: xgrid worker --broker "
                        "ENDPOINT{})",
                        waits, labels.size() == 1 ? "" : "s", text_of(labels),
                        nearest(scene, labels), options_for(labels)));
    } else if (there.able == 0) {
        lines.push_back(fmt::format(
            "{}: {} that would do take{} nothing new (another worker would help: xgrid worker "
            "--broker ENDPOINT{})",
            waits,
            there.workers == 1 ? "the only worker" : fmt::format("all {} workers", there.workers),
            there.workers == 1 ? "s" : "", options_for(labels)));
    } else if (there.slots == 0) {
        lines.push_back(
            fmt::format("{}: the {} that would do {} no slots (start them with "
                        "--slots N)",
                        waits, counted(there.able, "worker"), there.able == 1 ? "has" : "have"));
    } else if (there.used >= there.slots) {
        lines.push_back(fmt::format(
            "{}: {} that fit{} {} taken: {} (it gets one as one comes free; another worker would "
            "help{})",
            waits, there.slots == 1 ? "the only slot" : fmt::format("all {} slots", there.slots),
            there.slots == 1 ? "s" : "", there.slots == 1 ? "is" : "are",
            who_has_them(scene, there, lane.id()), has_some ? "" : ", or xgrid cancel RUN"));
    } else {
        lines.push_back(fmt::format("{} that would do {} free: nothing is to be done",
                                    counted(there.slots - there.used, "slot"),
                                    there.slots - there.used == 1 ? "is" : "are"));
    }
    lines.insert(lines.end(), there.troubles.begin(), there.troubles.end());
}

struct Files {
    std::set<std::string> all;
    std::set<std::string> held;  // by slots
    bool listing = false;
};

Files files_of(const Run& lane) {
    Files files;
    for (const auto& [id, job] : lane.jobs()) {
        if (job.body.kind == JobKind::enumerate) files.listing = true;
        if (job.body.kind != JobKind::unit) continue;
        files.all.insert(job.body.unit);
        if (job.attempt) files.held.insert(job.body.unit);
    }
    return files;
}

// What its slots do.
void say_slots(const KnownRun& known, const Run& lane, Lines& lines) {
    const std::size_t slots = lane.live_slots();
    const auto begun = static_cast<std::size_t>(
        std::ranges::count_if(lane.slots(), [](const auto& slot) { return slot.second.up; }));
    const Files files = files_of(lane);
    if (slots > 0) {
        const std::string run =
            fmt::format("{} run{}", counted(slots, "slot"), slots == 1 ? "s" : "");
        const std::size_t waiting = files.all.size() - files.held.size();
        if (files.listing) {
            lines.push_back(run + ": its files are being listed");
        } else if (waiting > 0) {
            lines.push_back(fmt::format("{} of {} wait{}, {}", waiting,
                                        counted(files.all.size(), "file"), waiting == 1 ? "s" : "",
                                        run));
        } else {
            lines.push_back(fmt::format("no file waits, {}", run));
        }
    }
    if (begun == slots) return;
    std::string text = fmt::format("{} {} not begun: ", counted(slots - begun, "slot"),
                                   slots - begun == 1 ? "has" : "have");
    if (!lane.spec().tree || begun > 0) {
        text += "its interpreter starts (xgrid worker tells of trouble there)";
    } else if (known.followed) {
        text += "its code is on the way, or its interpreter starts";
    } else {
        text +=
            "its client has not sent all of its code, and is not there (submit it again where the "
            "code is)";
    }
    lines.push_back(text);
}

// Who has that lock: units of its run, or, where it is the grid's, runs.
std::string holders_of(const Scene& scene, const Submission& run, const std::string& lock) {
    Lines holders;
    if (run.resources().is_of_grid(lock)) {
        for (const auto& [id, other] : scene.runs) {
            const LockCounts& granted = other.run->resources().granted();
            if (!granted.contains(lock)) continue;
            holders.push_back(id == run.id() ? "this run" : whose(scene, id));
        }
        return listed(holders);
    }
    for (const auto& lane : run.lanes()) {
        for (const auto& [id, job] : lane->jobs()) {
            const bool has = job.attempt && job.needs != nullptr &&
                             std::ranges::binary_search(job.needs->locks, lock);
            if (!has) continue;
            holders.push_back(
                fmt::format("{} in {}", job.body.unit, lane->name_of(job.attempt->slot)));
        }
    }
    return listed(holders);
}

// What its files wait for beside a slot.
void say_needs(const Scene& scene, const Submission& run, const Run& lane, Lines& lines) {
    std::map<std::string, std::size_t> by_lock;
    std::size_t alone = 0;
    for (const auto& [order, kind] : lane.needy().kinds()) {
        for (const std::string& lock : run.resources().busy(*kind.needs)) {
            by_lock[lock] += kind.jobs.size();
        }
        if (kind.needs->serial) alone += kind.jobs.size();
    }
    for (const auto& [lock, files] : by_lock) {
        const std::string holders = holders_of(scene, run, lock);
        if (holders.empty()) continue;
        lines.push_back(fmt::format("{} wait{} for the lock {}: {} has it", counted(files, "file"),
                                    files == 1 ? "s" : "", lock, holders));
    }
    if (const auto& awaited = lane.kept().awaited()) {
        const Job& wide = *lane.find(awaited->job);
        const auto worker = scene.workers.all().find(awaited->worker);
        lines.push_back(
            fmt::format("{} waits for {} processors: for slots of worker {}, where others of this "
                        "run still run",
                        wide.body.unit, wide.needs->processors,
                        worker == scene.workers.all().end() ? "" : worker->second.name));
    }
    for (const auto& [id, job] : lane.jobs()) {
        if (!job.attempt || job.needs == nullptr || !job.needs->serial) continue;
        lines.push_back(fmt::format("{} runs alone in {}: all else waits for it", job.body.unit,
                                    lane.name_of(job.attempt->slot)));
    }
    if (alone > 0) {
        lines.push_back(fmt::format("{} run{} alone, when nothing else is left to run",
                                    counted(alone, "file"), alone == 1 ? "s" : ""));
    }
}

void say_lane(const Scene& scene, const KnownRun& known, const Run& lane, Lines& lines) {
    if (lane.over()) return;
    if (lane.end()) {
        lines.push_back(fmt::format("it is being ended{}: {} to finish",
                                    lane.end()->reason.empty() ? "" : ", " + lane.end()->reason,
                                    counted(lane.live_slots(), "slot")));
        return;
    }
    std::set<Labels> told;
    for (std::uint32_t i = 0; i < lane.environments().size(); ++i) {
        if (lane.slots_wanted_in(i) == 0) continue;
        if (known.users_room == 0) {
            lines.push_back(fmt::format(
                "{}: {} has as many slots as one user may have here ([users] in the broker's "
                "broker.toml says how many)",
                lane.live_slots() > 0 ? "could use more slots" : "waits for a slot",
                known.order.user));
            break;
        }
        if (!told.insert(lane.environments()[i].labels).second) continue;
        say_environment(scene, lane, i, lines);
    }
    say_slots(known, lane, lines);
    say_needs(scene, *known.run, lane, lines);
}

}  // namespace

std::string is_over(const std::string& run) {
    return fmt::format("it waits for nothing: it is over (xgrid attach {} shows it)",
                       short_id(run));
}

std::vector<std::string> reasons_to_wait(const Scene& scene, const KnownRun& known) {
    const Submission& run = *known.run;
    if (run.over()) {
        return {is_over(run.id())};
    }
    Lines lines;
    for (std::size_t i = 0; i < run.lanes().size(); ++i) {
        Lines here;
        say_lane(scene, known, *run.lanes()[i], here);
        if (run.lanes().size() == 1) return here.empty() ? Lines{"it waits for nothing"} : here;
        for (const std::string& line : here) {
            lines.push_back(fmt::format("{}: {}", run.spec().environments[i].name, line));
        }
    }
    return lines.empty() ? Lines{"it waits for nothing"} : lines;
}

}  // namespace xgrid::broker
