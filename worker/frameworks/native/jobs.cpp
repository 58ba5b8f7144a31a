#include "worker/frameworks/native/jobs.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <numeric>
#include <set>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "shared/process.hpp"
#include "shared/values.hpp"
#include "worker/frameworks/native/captured.hpp"
#include "worker/frameworks/native/program.hpp"
#include "worker/frameworks/native/texts.hpp"

namespace xgrid::worker::native {
namespace {

constexpr std::size_t found_most = 1000;  // tests in one message
constexpr std::ptrdiff_t units_most = 1000;
// So often a program that says nothing shows that it is looked after.
constexpr Duration alive_interval = std::chrono::seconds(1);
// News is told at most so often, and looked for where nothing is lost by it: each time four
// processes wake up.
constexpr Duration news_interval = std::chrono::milliseconds(50);
// One that prints more than that is not kept waiting: its pipe holds four times as much.
constexpr std::size_t bytes_much = std::size_t{16} * 1024;
constexpr double timeout_most_seconds = 1e7;

Instant now() { return std::chrono::steady_clock::now(); }
double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }
Duration duration(double seconds) {
    return std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(std::min(seconds, timeout_most_seconds)));
}

// All that an answer hangs on.
struct Question {
    std::string run;
    std::string directory;
    std::map<std::string, std::string> variables;
    std::vector<std::string> command;
    std::map<std::string, std::optional<std::string>> more_variables;
    std::string program_directory;
    std::string file;

    XGRID_FIELDS(Question, run, directory, variables, command, more_variables, program_directory,
                 file);
};

TestResult failure(Outcome outcome, const std::string& when, std::string message) {
    Phase phase = phase_for(outcome, when);
    phase.message = message.substr(0, message.find('\n'));
    phase.text = std::move(message);
    return {.outcome = outcome, .details = Details{.phases = {std::move(phase)}}};
}

TestResult timed_out(double limit) {
    return failure(Outcome::failed, "call", fmt::format("timed out after {:g} s", limit));
}

TestResult crashed(bool began, const std::string& end) {
    const std::string message = end + (began ? " while it ran" : " before it began");
    TestResult result =
        failure(began ? Outcome::failed : Outcome::error, began ? "call" : "setup", message);
    result.crashed = true;
    return result;
}

TestResult skipped(const std::string& reason) {
    Phase phase = phase_for(Outcome::skipped, "setup");
    phase.text = phase.message = phase.reason = reason;
    return {.outcome = Outcome::skipped, .details = Details{.phases = {std::move(phase)}}};
}

}  // namespace

// One process, and what it has told of its batch.
struct Jobs::Running final : Listener {
    Running(Jobs& owner, std::vector<Index> batch) : jobs(owner), tests(std::move(batch)) {
        open.insert(tests.begin(), tests.end());
    }

    void began(std::size_t test) override {
        if (test >= tests.size() || current == tests[test] || !open.contains(tests[test])) return;
        current = tests[test];
        began_at = now();
        any = true;
        if (!company_end.empty()) return;  // it has been told
        jobs.channel_.say(fact_line(jobs.job_, Started{*current}));
    }
    void ended(std::size_t test, TestResult result) override {
        began(test);
        if (test >= tests.size() || open.erase(tests[test]) == 0) return;
        const double took = seconds(now() - began_at);
        seen_seconds += took;
        told_seconds += std::accumulate(result.seconds.begin(), result.seconds.end(), 0.0);
        if (result.seconds == std::array<double, 3>{}) result.seconds[1] = took;
        tell(tests[test], std::move(result));
        current.reset();
    }
    void recorded(std::size_t test, Properties properties) override {
        if (test >= tests.size() || open.contains(tests[test])) return;
        jobs.channel_.say(fact_line(jobs.job_, LateProperties{tests[test], std::move(properties)}));
    }
    void printed(Stream stream, std::string_view text) override {
        if (jobs.start_.show_output) {
            const int to = stream == Stream::out ? STDOUT_FILENO : STDERR_FILENO;
            for (std::string_view left = text; !left.empty();) {
                const ssize_t count = write(to, left.data(), left.size());
                if (count <= 0) break;
                left.remove_prefix(static_cast<std::size_t>(count));
            }
        }
        (aside ? between : captured)[stream].add(text);
    }
    /// What was printed aside was read in one go with what the program told until now.
    void settle() {
        if (current) {
            for (const auto& [stream, text] : between) captured[stream].add(text.text());
        }
        if (current || (told && !open.empty())) between.clear();
        told = false;
    }
    std::string all_printed(Stream stream) {
        return captured[stream].text() + between[stream].text();
    }

    /// With what was printed until now, if that is worth it.
    void tell(Index test, TestResult result) {
        failed = failed || result.outcome == Outcome::failed || result.outcome == Outcome::error;
        const bool silent = result.outcome == Outcome::passed && !result.details;
        if (!silent) {
            if (!result.details) result.details.emplace();
            for (const Stream stream : {Stream::out, Stream::err}) {
                const std::string text = all_printed(stream);
                if (text.empty()) continue;
                const char* name = stream == Stream::out ? "stdout" : "stderr";
                result.details->sections.emplace_back(fmt::format("Captured {} call", name), text);
            }
        }
        captured.clear();
        told = true;
        if (!company_end.empty() && result.outcome == Outcome::passed) {
            const std::string id = jobs.framework_.id(jobs.unit_, jobs.tests_[test]);
            const std::string note =
                fmt::format("{} passed alone: in one process with the tests before it, that was {}",
                            id, company_end);
            jobs.channel_.say(fact_line(jobs.job_, Noted{note, true}));
        }
        jobs.finish_test(test, std::move(result));
    }

    // Both may be too little: many tests are read in one go, and some clocks count milliseconds.
    double tests_seconds() const { return std::max(seen_seconds, told_seconds); }

    double limit_seconds() const {
        const Index test = current.value_or(tests.front());
        const double own = jobs.tests_[test].timeout_seconds;
        return own > 0 ? own : jobs.start_.timeout_seconds;
    }

    Jobs& jobs;
    std::vector<Index> tests;
    std::set<Index> open;  // without a result
    std::optional<Index> current;
    Instant began_at = now();
    bool any = false;  // one has begun
    bool timed_out = false;
    bool failed = false;      // a test has
    double seen_seconds = 0;  // of tests, as far as their beginnings and ends were read apart
    double told_seconds = 0;  // of tests, by the framework
    std::string end;          // how the process has ended
    std::string company_end;  // ... and how another one has, in which this test ran beside others
    std::map<Stream, Captured> captured;  // of the running test
    bool aside = false;  // what is printed now does not stand between what is told of the tests
    std::map<Stream, Captured> between;  // ... so it is of one of those that are told of next
    bool told = false;                   // a result, since settle()
};

Jobs::Jobs(const SlotStart& start, const SharedAnswers& answers, Channel& channel, OwnPermits tests,
           Framework& framework)
    : start_(start),
      answers_(answers),
      channel_(channel),
      permits_(std::move(tests)),
      framework_(framework),
      learnt_(own_learnt()) {}

void Jobs::serve() {
    while (true) {
        const SlotOrder order = channel_.next_order();
        job_ = order.job;
        Ended end;
        if (order.body.kind == JobKind::enumerate) enumerate(end);
        if (order.body.kind == JobKind::unit) run_unit(order.body, end);
        channel_.say(fact_line(order.job, end));
        channel_.flush();
        if (order.body.kind == JobKind::finish) return;
    }
}

Result<Ran> Jobs::ask(const Program& program) {
    const Question question{start_.testrun_uid, start_.directory,  start_.variables,
                            program.command,    program.variables, program.directory,
                            program.file};
    return answers_.get(to_bytes(question), [&] {
        return run_to_end(program, start_.directory, duration(start_.timeout_seconds));
    });
}

void Jobs::enumerate(Ended& end) {
    Result<Units> units =
        framework_.enumerate([this](const Program& program) { return ask(program); });
    if (!units) {
        channel_.say(fact_line(job_, ExitAsked{units.error(), 4}));
        end.end = End::stopped;
        end.text = units.error();
        return;
    }
    for (const std::string& note : units->notes) channel_.say(fact_line(job_, Noted{note, true}));
    if (std::ranges::all_of(units->needs, [](const auto& each) { return each == UnitNeeds{}; })) {
        units->needs.clear();
    }
    // Both lists are cut alike.
    const auto piece = [](const auto& all, std::size_t from) {
        const auto begin = all.begin() + static_cast<std::ptrdiff_t>(std::min(from, all.size()));
        const auto count = std::min<std::ptrdiff_t>(units_most, all.end() - begin);
        return std::decay_t<decltype(all)>(begin, begin + count);
    };
    for (std::size_t from = 0; from < units->names.size(); from += units_most) {
        const UnitsNamed named{piece(units->names, from), piece(units->needs, from)};
        channel_.say(fact_line(job_, named));
    }
}

void Jobs::run_unit(const JobBody& body, Ended& end) {
    unit_ = body.unit;
    tests_.clear();
    names_.clear();
    waiting_.clear();
    Result<Loaded> loaded =
        framework_.load(unit_, [this](const Program& program) { return ask(program); });
    if (!loaded) return fail_unit(loaded.error());
    tell_found(*loaded, body.selection, end);
    if (start_.collect_only) return;
    tell_skipped();
    permits_.add(waiting_.size());
    run_waiting();
}

// As a test of the unit's name, like a file that pytest cannot collect.
void Jobs::fail_unit(const std::string& why) {
    tests_ = {Case{.name = unit_}};
    channel_.say(fact_line(job_, TestsFound{{TestName{unit_}}}));
    finish_test(0, failure(Outcome::error, "collect", why));
}

void Jobs::tell_found(const Loaded& loaded, const Selection& selection, Ended& end) {
    std::map<std::string, std::uint32_t> seen;
    std::set<TestName> wanted(selection.tests.begin(), selection.tests.end());
    TestsFound found{.deselected = selection.mode == Select::all ? loaded.deselected : 0};
    bool told = false;
    const auto tell = [&] {
        channel_.say(fact_line(job_, std::exchange(found, {})));
        told = true;
    };
    for (const Case& test : loaded.tests) {
        const std::string id = framework_.id(unit_, test);
        const TestName name{id, seen[id]++};
        if (start_.chosen && !start_.chosen->contains(id)) continue;
        const bool named = wanted.erase(name) > 0;
        if (selection.mode != Select::all && named != (selection.mode == Select::only)) continue;
        if (test.skip.empty()) waiting_.push_back(static_cast<Index>(tests_.size()));
        tests_.push_back(test);
        found.tests.push_back(name);
        if (start_.collect_only) found.listed.push_back({0, id, id});
        names_.push_back(name);
        if (found.tests.size() == found_most) tell();
    }
    if (!found.tests.empty() || !told) tell();
    if (selection.mode == Select::only) end.missing.assign(wanted.begin(), wanted.end());
}

void Jobs::tell_skipped() {
    for (Index test = 0; test < tests_.size(); ++test) {
        if (!tests_[test].skip.empty()) finish_test(test, skipped(tests_[test].skip));
    }
}

void Jobs::finish_test(Index test, TestResult result) {
    const Case& about = tests_[test];
    if (result.details) {
        Details& details = *result.details;
        if (details.path.empty()) {
            details.path = about.path;
            details.line = about.line;
        }
        if (details.domain.empty()) details.domain = about.name;
    }
    channel_.say(fact_line(job_, Finished{test, std::move(result)}));
}

std::size_t Jobs::next_size(const Batches& batches) const {
    const auto suite = [this](std::size_t place) -> const std::string& {
        return tests_[waiting_[place]].suite;
    };
    const std::size_t left = waiting_.size();
    return at_suite_end(batches.next(left), left, [&](std::size_t at) {
        return !suite(at - 1).empty() && (at == left || suite(at) != suite(at - 1));
    });
}

void Jobs::run_waiting() {
    const std::string fingerprint = framework_.fingerprint(unit_);
    Known known = learnt_.read(fingerprint);
    Batches batches(known.costs, start_.slots <= 1);
    const bool together = framework_.keeps_together(unit_);
    while (!waiting_.empty()) {
        const std::size_t count = permits_.take(together       ? waiting_.size()
                                                : start_.boxed ? 1
                                                               : next_size(batches));
        if (count == 0) break;  // the worker has taken them back, and tells
        const auto to = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
        std::vector<Index> batch(waiting_.begin(), to);
        waiting_.erase(waiting_.begin(), to);
        std::vector<Index> left = run_batch(std::move(batch), batches);
        while (together && !left.empty()) left = run_batch(std::move(left), batches);
        // Anyone may have them.
        waiting_.insert(waiting_.begin(), left.begin(), left.end());
        permits_.add(left.size());
    }
    if (known.costs == batches.costs()) return;
    known.costs = batches.costs();
    learnt_.keep(fingerprint, known);
}

std::vector<Jobs::Index> Jobs::run_batch(std::vector<Index> tests, Batches& batches) {
    std::vector<Case> cases;
    for (const Index test : tests) cases.push_back(tests_[test]);
    Batch batch = framework_.batch(unit_, cases);
    const auto taken = tests.begin() + static_cast<std::ptrdiff_t>(batch.tests);
    std::vector<Index> left(taken, tests.end());
    tests.erase(taken, tests.end());
    Running running(*this, std::move(tests));
    const Instant from = now();
    run_process(batch, running);
    if (running.open.empty()) {
        batches.ran(running.tests.size(), seconds(now() - from), running.tests_seconds());
        return left;
    }
    std::vector<Index> innocent = conclude(running);
    innocent.insert(innocent.end(), left.begin(), left.end());
    return innocent;
}

void Jobs::run_process(Batch& batch, Running& running) {
    if (const double own = tests_[running.tests.front()].timeout_seconds; own > 0) {
        channel_.say(limit_line(own));
        channel_.flush();
    }
    Result<Process> process = Process::start(batch.program, start_.directory);
    if (!process) {
        running.end = process.error();
        return;
    }
    batch.reader->start(running);
    channel_.flush();
    Instant alive_at = now() + alive_interval;
    Instant news_at;
    // How many bytes there were. What was printed before the program told something is there when
    // that has been read: so it is read after it, and handed on before.
    const auto read_some = [&] {
        const std::string news = process->read(batch.told_in);
        std::size_t count = news.size();
        running.aside = true;
        for (const Source source : {Source::out, Source::err, Source::report}) {
            if (source == batch.told_in) continue;
            for (std::string text; !(text = process->read(source)).empty(); count += text.size()) {
                batch.reader->read(source, text, running);
            }
        }
        running.aside = false;
        if (!news.empty()) batch.reader->read(batch.told_in, news, running);
        running.settle();
        return count;
    };
    while (true) {
        const double limit = running.limit_seconds();
        const Instant end_by = limit > 0 ? running.began_at + duration(limit) : never;
        process->wait(std::min({end_by, alive_at, channel_.empty() ? never : news_at}));
        const std::size_t bytes = read_some();
        if (now() >= news_at) {
            channel_.flush();
            news_at = now() + news_interval;
        }
        if (batch.told_in == Source::out && bytes < bytes_much) process->rest(news_at);
        if (const std::optional<int> status = process->ended()) {
            while (read_some() > 0) {
            }
            running.end = describe_exit(*status);
            if (!running.timed_out) batch.reader->end(*status, running);
            if (batch.ends_with_0 && *status != 0 && running.open.empty() && !running.failed) {
                tell_late(running);
            }
            return;
        }
        if (now() >= alive_at) {
            channel_.say(alive_line());
            alive_at = now() + alive_interval;
        }
        const bool over = limit > 0 && now() >= running.began_at + duration(limit);
        if (!over || running.timed_out) continue;
        running.timed_out = true;
        process->kill();
    }
}

// All tests have passed, and the program has not: like a teardown that fails after the last test.
void Jobs::tell_late(Running& running) {
    std::string text = fmt::format("the program was {} after its tests had passed", running.end);
    for (const Stream stream : {Stream::out, Stream::err}) {
        const std::string printed = running.all_printed(stream);
        if (!printed.empty()) text += "\n" + printed;
    }
    Phase phase = failure(Outcome::error, "teardown", text).details->phases.front();
    channel_.say(fact_line(job_, LateTeardown{names_[running.tests.back()], std::move(phase)}));
}

// The process is gone before its time. Returns those that it has nothing to do with.
std::vector<Jobs::Index> Jobs::conclude(Running& running) {
    const bool alone = running.tests.size() == 1;
    std::optional<Index> suspect = running.current;
    // When none has begun, it is the first that could not; between two it was neither's doing.
    if (!suspect && !running.any) suspect = running.tests.front();
    std::vector<Index> innocent;
    for (const Index test : running.tests) {
        if (running.open.contains(test) && test != suspect) innocent.push_back(test);
    }
    if (!suspect) return innocent;
    if (running.timed_out) {
        running.tell(*suspect, timed_out(running.limit_seconds()));
    } else if (alone) {
        running.tell(*suspect, crashed(running.any, running.end));
    } else {
        run_alone(*suspect, running.end);
    }
    return innocent;
}

void Jobs::run_alone(Index test, const std::string& company_end) {
    Batch batch = framework_.batch(unit_, std::span(&tests_[test], 1));
    Running running(*this, {test});
    running.company_end = company_end;
    run_process(batch, running);
    if (!running.open.empty()) conclude(running);
}

}  // namespace xgrid::worker::native
