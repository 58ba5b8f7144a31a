#include "broker/history.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "shared/environment.hpp"

namespace xgrid::broker {
namespace {

// Between two times that something is written while runs go on.
constexpr Duration write_interval = std::chrono::seconds(5);
// Of verdicts that are written in one go; then others may say something.
constexpr std::size_t part_max = 1000;
// Linux has no longer ones.
constexpr std::size_t path_bytes_max = 4096;

// One that was not asked for in any particular way has no name.
std::string name_of(const Environment& environment) {
    return environment.name == "popen" ? "" : environment.name;
}

std::uint64_t hash_of(const std::map<std::string, std::string>& fingerprint) {
    std::uint64_t hash = 14695981039346656037U;  // FNV-1a: the same on all machines
    const auto add = [&](const std::string& text) {
        for (const char letter : text) {
            hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211U;
        }
        hash = (hash ^ 0xFFU) * 1099511628211U;
    };
    for (const auto& [name, value] : fingerprint) {
        add(name);
        add(value);
    }
    return hash;
}

std::uint32_t microseconds_of(const std::array<double, 3>& seconds) {
    const double sum = std::accumulate(seconds.begin(), seconds.end(), 0.0) * 1e6;
    return static_cast<std::uint32_t>(std::clamp(sum, 0.0, 4e9));
}

// Whatever a client says.
std::vector<std::string> paths_of(const RunSpec& spec) {
    if (spec.changed.size() > changed_paths_max) return {};
    std::vector<std::string> paths = spec.changed;
    std::erase_if(paths, [](const std::string& path) { return path.size() > path_bytes_max; });
    std::ranges::sort(paths);
    const auto twice = std::ranges::unique(paths);
    paths.erase(twice.begin(), twice.end());
    return paths;
}

// A file that could not be collected has the place of a test, and is none.
bool is_test(const TestResult& result) {
    return !result.details || std::ranges::none_of(result.details->phases, [](const Phase& phase) {
        return phase.when == "collect";
    });
}

}  // namespace

std::string environment_of(const std::string& name, const SlotFacts& facts) {
    const std::string version = facts.version.substr(0, facts.version.rfind('.'));
    const std::string what = version.empty() ? facts.platform : "Python " + version;
    if (name.empty()) return what;
    return what.empty() ? name : name + ", " + what;
}

History::History(const std::filesystem::path& file, std::string project, Warn warn)
    : project_(std::move(project)), warn_(std::move(warn)) {
    if (file.empty()) return;
    Result<HistoryStore> store = HistoryStore::open(file);
    if (store) {
        store_.emplace(std::move(*store));
    } else {
        give_up(store.error());
    }
}

void History::give_up(const std::string& why) {
    store_.reset();
    due_ = never;
    if (!std::exchange(warned_, true)) warn_("no history of tests is kept: " + why);
}

void History::begin(const Submit& submit) {
    if (!store_ || submit.spec.collect_only) return;
    const auto [found, is_new] = runs_.try_emplace(submit.run);
    Known& run = found->second;
    if (!is_new) return;
    run.about = {.project = project_of(submit.order),
                 .run = submit.run,
                 .tree = submit.spec.tree ? submit.spec.tree->id.hex() : "",
                 .epoch = submit.epoch,
                 .changed = paths_of(submit.spec)};
    for (const Environment& one : environments_of(submit.spec)) {
        run.environments.push_back(name_of(one));
    }
    run.taken = store_->taken(run.about);
}

bool History::hear_changes(const Submit& submit) {
    const auto found = runs_.find(submit.run);
    if (!store_ || found == runs_.end()) return false;
    Known& run = found->second;
    if (run.written || run.taken > 0 || !run.about.changed.empty()) return false;
    run.about.changed = paths_of(submit.spec);
    return store_->says_more(run.about.project, run.about.changed);
}

std::vector<TestsExpected> History::expectations(const Submit& submit) {
    std::vector<TestsExpected> all;
    const auto found = runs_.find(submit.run);
    if (!store_ || found == runs_.end()) return all;
    const std::vector<std::string>& names = found->second.environments;
    const std::size_t lanes = submit.spec.each ? names.size() : 1;
    for (std::uint32_t lane = 0; lane < lanes; ++lane) {
        const HistoryRun& about = found->second.about;
        TestsExpected some{
            lane,
            store_->expected(about.project, submit.spec.each ? names[lane] : "", about.changed)};
        if (!some.units.empty()) all.push_back(std::move(some));
    }
    return all;
}

// ---- What happens

void History::look(Instant now, const std::function<const Submission*(const std::string&)>& find) {
    for (auto& [id, run] : runs_) {
        if (run.over) continue;
        const Submission* submission = find(id);
        run.over = submission == nullptr || submission->over();
        if (run.over) due_ = now;
        if (submission == nullptr) continue;
        const Events& events = submission->events();
        run.looked = std::max(run.looked, events.first());
        for (; run.looked < events.size(); ++run.looked) {
            hear(run, events.kept()[run.looked - events.first()]);
        }
        if (run.verdicts.empty()) continue;
        if (!written_at_) written_at_ = now;
        due_ = std::min(due_, *written_at_ + write_interval);
    }
}

void History::hear(Known& run, const Event& event) {
    if (const auto* up = std::get_if<WorkerUp>(&event)) {
        const std::string name =
            up->environment < run.environments.size() ? run.environments[up->environment] : "";
        run.slots[{up->environment, up->worker}] = {broker::environment_of(name, up->facts),
                                                    hash_of(up->facts.fingerprint)};
    } else if (const auto* failing = std::get_if<TestFailing>(&event)) {
        if (!failing->retried) return;
        const DoneTest test{failing->unit, failing->test, failing->environment};
        std::uint32_t& attempt = run.failing[test];
        attempt = std::max(attempt + 1, failing->attempt);
        note(run, test, failing->worker, failing->result, attempt, false);
    } else if (const auto* finished = std::get_if<TestFinished>(&event)) {
        const DoneTest test{finished->unit, finished->test, finished->environment};
        const auto before = run.failing.find(test);
        const std::uint32_t attempt = before == run.failing.end() ? 1 : before->second + 1;
        if (before != run.failing.end()) run.failing.erase(before);
        note(run, test, finished->worker, finished->result, attempt, true);
    }
}

// What no slot has run says nothing of the test.
void History::note(Known& run, const DoneTest& test, const std::string& worker,
                   const TestResult& result, std::uint32_t attempt, bool is_last) {
    const auto slot = run.slots.find({test.environment, worker});
    if (!store_ || slot == run.slots.end() || !is_test(result)) return;
    const bool ends_red = is_last && says_failed(result.outcome) &&
                          run.red.size() < co_failing_tests_max &&
                          run.red.emplace(test.unit, test.test).second;
    if (run.looked < run.taken) return;
    run.verdicts.push_back({.unit = test.unit,
                            .test = test.test,
                            .environment = slot->second.environment,
                            .kind = slot->second.kind,
                            .outcome = result.outcome,
                            .microseconds = microseconds_of(result.seconds),
                            .attempt = attempt,
                            .event = run.looked,
                            .ends_red = ends_red});
}

// ---- Writing

void History::write(Instant now, std::chrono::seconds wall) {
    if (!store_ || now < due_) return;
    for (auto& [id, run] : runs_) {
        if (!run.verdicts.empty()) return write_part(run, wall);  // the next one in the next turn
    }
    std::erase_if(runs_, [](const auto& run) { return run.second.over; });
    written_at_ = now;
    due_ = never;
    store_->prune(wall);
}

void History::write_part(Known& run, std::chrono::seconds wall) {
    const auto end =
        run.verdicts.begin() + static_cast<std::ptrdiff_t>(std::min(run.verdicts.size(), part_max));
    const std::vector<HistoryVerdict> part(run.verdicts.begin(), end);
    if (const auto error = store_->add(run.about, part, wall)) return give_up(error->text);
    run.verdicts.erase(run.verdicts.begin(), end);
    run.written = true;
}

void History::finish(std::chrono::seconds wall) {
    for (auto run = runs_.begin(); run != runs_.end() && store_; ++run) {
        while (store_ && !run->second.verdicts.empty()) write_part(run->second, wall);
    }
}

std::vector<TestHistory> History::answer(const Ask& ask, std::chrono::seconds wall) {
    finish(wall);
    if (!store_) return {};
    if (ask.question == Question::flakes) return store_->flakes(ask.project, told_tests_max);
    return store_->find(ask.project, ask.about, told_tests_max);
}

}  // namespace xgrid::broker
