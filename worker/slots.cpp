#include "worker/slots.hpp"

#include <algorithm>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <fmt/format.h>

#include "shared/process.hpp"
#include "worker/frameworks/crash_text.hpp"

namespace xgrid::worker {
namespace {

// After an interrupt a slot may take so long to run teardowns, before it is killed.
constexpr Duration interrupt_grace = std::chrono::seconds(2);
// After the signal that makes it show its stacks and die.
constexpr Duration abort_grace = std::chrono::seconds(1);
// Without its socket nothing of use can come of it: another program runs there now, say.
constexpr Duration closed_grace = std::chrono::milliseconds(500);
constexpr Duration look_interval = std::chrono::seconds(1);
constexpr Duration leftovers_delay = std::chrono::milliseconds(100);
// A crash shows a hundred frames of each thread, those that matter first.
constexpr std::size_t err_tail_bytes = 16'000;
constexpr std::size_t output_piece_bytes = std::size_t{64} * 1024;
constexpr std::size_t unfinished_line_bytes =
    std::size_t{1024} * 1024;  // a longer one is shown in pieces

std::string cannot_run(const WarmKey& key, const std::string& why) {
    if (key.command.empty()) return "cannot start slots: " + why;
    std::string interpreter = key.command.front();
    for (std::size_t i = 1; i < key.command.size(); ++i) interpreter += " " + key.command[i];
    std::string text = fmt::format("cannot run pytest with {}: {}", interpreter, why);
    if (why.starts_with("No module named")) {
        text += fmt::format(
            "\n(install pytest there: {} -m pip install pytest, or name another "
            "interpreter with --python)",
            interpreter);
    } else if (why.starts_with("No such file")) {
        text += "\n(name an interpreter that has pytest with --python)";
    }
    return text;
}

}  // namespace

void Slots::warm(const WarmKey& key) {
    auto& warm = warm_[key];
    if (!warm || warm->gone()) warm = std::make_unique<PytestWarm>(key);
}

void Slots::perform(Instant now, const Command& command) {
    std::visit([&](const auto& one) { carry_out(now, one); }, command);
}

void Slots::carry_out(Instant, const StartSlot& command) {
    Process process{.warm = warm_key(command.spec)};
    process.show_output = command.spec.show_output;
    std::optional<SlotEnds> ends = connect(process);
    if (!ends) {
        early_.emplace_back(command.slot, SlotRefused{strerror(errno), 3});
        return;
    }
    warm(process.warm);
    PytestWarm& warm = *warm_.at(process.warm);
    warm.request(command.slot, start_line({command.slot, command.run, command.name, &command.spec}),
                 *std::move(ends));
    processes_.emplace(command.slot, std::move(process));
}

// None: errno says why.
std::optional<SlotEnds> Slots::connect(Process& process) {
    SlotEnds ends;
    const auto both = [](const int(&pair)[2], Descriptor& ours, Descriptor& theirs) {
        ours = Descriptor(pair[0]);
        theirs = Descriptor(pair[1]);
        fcntl(ours.get(), F_SETFL, O_NONBLOCK);
    };
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return std::nullopt;
    both(pair, process.socket, ends.socket);
    if (pipe2(pair, O_CLOEXEC) != 0) return std::nullopt;
    both(pair, process.out, ends.out);
    if (pipe2(pair, O_CLOEXEC) != 0) return std::nullopt;
    both(pair, process.err, ends.err);
    if (!process.jobs_to_begin.create() || !process.tests_to_begin.create()) return std::nullopt;
    ends.jobs = process.jobs_to_begin.copy();
    ends.tests = process.tests_to_begin.copy();
    if (!ends.jobs || !ends.tests) return std::nullopt;
    return ends;
}

void Slots::send(Process& process, std::string_view line) {
    process.to_send += line;
    // One that reads no more is about to be reported gone.
    if (!send_some(process.socket, process.to_send)) process.to_send.clear();
    if (!process.to_send.empty() || process.permits_due == 0) return;
    process.jobs_to_begin.add(std::exchange(process.permits_due, 0));
}

void Slots::order(Process& process, JobNumber job, const JobBody& body) {
    ++process.permits_due;
    send(process, job_line(job, body));
}

void Slots::carry_out(Instant, const GiveJob& command) {
    const auto found = processes_.find(command.slot);
    if (found == processes_.end()) return;
    Process& process = found->second;
    const JobNumber job = process.next_job++;
    process.jobs.emplace(job, command.attempt);
    if (process.jobs.size() == 1) process.current = command.attempt;
    order(process, job, command.body);
}

void Slots::carry_out(Instant, const AskBack& command) {
    const auto found = processes_.find(command.slot);
    if (found == processes_.end()) return;
    Process& process = found->second;
    const auto job = std::ranges::find(process.jobs, command.attempt,
                                       [](const auto& entry) { return entry.second; });
    if (job == process.jobs.end()) return;
    const auto answer = [&](Fact fact) {
        early_.emplace_back(command.slot, SlotFact{command.attempt, std::move(fact)});
    };
    const bool whole = command.keep == 0 || command.keep == keep_if_begun;
    if (whole && take_job_back(process, job->first)) {
        process.jobs.erase(job);
        answer(GaveBack{.number = command.number});
        answer(Ended{.end = End::returned});
    } else if (job == process.jobs.begin() && process.unbegun.complete()) {
        take_tests_back(process, command, early_);
    } else if (job == process.jobs.begin()) {
        process.asked = command;
    } else {
        answer(GaveBack{.number = command.number});
    }
}

// A permit is for the last job that was given. Its first one a slot keeps, to say in it that it is
// up.
bool Slots::take_job_back(Process& process, JobNumber job) {
    if (job != process.jobs.rbegin()->first || (!process.up && process.jobs.size() == 1))
        return false;
    if (process.permits_due > 0) {
        --process.permits_due;
    } else if (process.jobs_to_begin.take(1) == 0) {
        return false;
    }
    send(process, withdraw_job_line(job));
    return true;
}

void Slots::take_tests_back(Process& process, const AskBack& command, Reports& reports) {
    const std::size_t unbegun = process.unbegun.size();
    // It may have begun some since it last told, and still keeps as many as it may or fewer.
    const std::size_t count = unbegun - std::min<std::size_t>(unbegun, command.keep);
    const std::size_t taken = process.tests_to_begin.take(count);
    GaveBack gave{command.number, process.unbegun.take_last(taken)};
    reports.emplace_back(command.slot, SlotFact{command.attempt, std::move(gave)});
}

void Slots::carry_out(Instant now, const EndSlot& command) {
    const auto found = processes_.find(command.slot);
    if (found == processes_.end()) return;
    Process& process = found->second;
    process.ending = true;
    if (process.pid > 0) {
        interrupt(now, process);
    } else if (warm_.at(process.warm)->withdraw(command.slot)) {
        early_.emplace_back(command.slot, SlotExited{"never started"});
        processes_.erase(found);
    }
}

void Slots::carry_out(Instant now, const AbortSlot& command) {
    const auto found = processes_.find(command.slot);
    if (found == processes_.end()) return;
    Process& process = found->second;
    if (process.pid == 0) {
        carry_out(now, EndSlot{command.slot});
        // The interpreter was asked and does not answer: what it holds is lost in any case.
        const auto left = processes_.find(command.slot);
        if (left == processes_.end()) return;
        const PytestWarm& silent = *warm_.at(left->second.warm);
        if (!silent.gone()) kill(silent.pid(), SIGKILL);
        return;
    }
    // No core file of what is no fault of the program; with 1 those that take it by a pipe do not
    // get it either.
    constexpr rlimit no_core{.rlim_cur = 1, .rlim_max = 1};
    prlimit(process.pid, RLIMIT_CORE, &no_core, nullptr);
    kill(process.pid, SIGABRT);
    kill(process.pid, SIGCONT);
    process.kill_by = now + abort_grace;
}

void Slots::interrupt(Instant now, Process& process) {
    // It takes down what its tests have set up, if it can.
    order(process, 0, {.kind = JobKind::finish});
    kill(process.pid, SIGINT);
    process.kill_by = now + interrupt_grace;
}

std::vector<Slots::Watched> Slots::watched() const {
    std::vector<Watched> all;
    for (const auto& [key, warm] : warm_) {
        if (!warm->gone()) all.push_back({warm->control(), warm->wants_to_write()});
    }
    for (const auto& [key, process] : processes_) {
        if (process.socket) all.push_back({process.socket.get(), !process.to_send.empty()});
        if (process.out) all.push_back({process.out.get()});
        if (process.err) all.push_back({process.err.get()});
    }
    return all;
}

Instant Slots::next_deadline() const {
    Instant next = early_.empty() ? never : Instant();
    for (const auto& [key, warm] : warm_) {
        if (warm->gone()) next = Instant();
    }
    for (const auto& [key, process] : processes_) {
        next = std::min({next, process.kill_by, process.closed_by});
    }
    return processes_.empty() ? std::min(next, leftovers_at_) : std::min(next, look_at_);
}

Slots::Reports Slots::collect(Instant now) {
    Reports reports = std::exchange(early_, {});
    for (auto& [key, process] : processes_) {
        send(process, "");
        read_socket(now, key, process, reports);
        read_output(key, process, process.out, Stream::out, reports);
        read_output(key, process, process.err, Stream::err, reports);
        end_if_due(now, process);
    }
    look_for_stopped(now, reports);
    end_leftovers(now);
    for (auto& [key, warm] : warm_) read_warm(now, *warm, reports);
    std::erase_if(warm_, [](const auto& entry) { return entry.second->gone(); });
    return reports;
}

void Slots::end_if_due(Instant now, Process& process) {
    if (process.pid == 0) return;
    if (now >= process.closed_by) {
        process.closed_by = never;
        process.kill_by = now;
    }
    if (now < process.kill_by) return;
    kill(-process.pid, SIGKILL);
    process.kill_by = now + interrupt_grace;
}

void Slots::look_for_stopped(Instant now, Reports& reports) {
    if (now < look_at_) return;
    look_at_ = now + look_interval;
    for (auto& [key, process] : processes_) {
        if (process.pid == 0) continue;
        const bool stopped = is_stopped(process.pid);
        if (stopped == std::exchange(process.stopped, stopped)) continue;
        reports.emplace_back(key, SlotStopped{stopped});
    }
}

void Slots::read_socket(Instant now, SlotKey key, Process& process, Reports& reports) {
    if (!process.socket) return;
    ReadEnd end = ReadEnd::more;
    while (end == ReadEnd::more) end = read_some(process.socket, process.text);
    std::size_t from = 0;
    const std::string text = std::move(process.text);
    for (std::size_t to = 0; (to = text.find('\n', from)) != std::string::npos; from = to + 1) {
        read_line(key, process, std::string_view(text).substr(from, to - from), reports);
    }
    process.text = text.substr(from);
    if (end != ReadEnd::end) return;
    process.socket.close();
    const std::string program = process.pid > 0 ? program_of(process.pid) : "";
    if (program.empty()) return;  // the socket went with the process
    process.fault = "closed its connection to the worker";
    if (program != program_of(warm_.at(process.warm)->pid())) {
        process.fault += ", and became " + program;
    }
    process.closed_by = now + closed_grace;
}

void Slots::read_line(SlotKey key, Process& process, std::string_view text, Reports& reports) {
    Result<SlotLine> line = read_slot_line(text);
    if (!line) {
        reports.emplace_back(key, SlotFact{process.current, Noted{line.error()}});
    } else if (auto* up = std::get_if<LineUp>(&*line)) {
        process.up = true;
        const auto capture = up->facts.settings.find("capture");
        if (capture != up->facts.settings.end() && capture->second == "no") {
            process.show_output = true;  // addopts may say so, too
        }
        const auto stacks = up->facts.settings.find("faulthandler_timeout");
        process.show_errors = stacks != up->facts.settings.end();
        reports.emplace_back(key, SlotFact{process.current, SlotBegan{std::move(up->facts)}});
    } else if (auto* refused = std::get_if<LineRefused>(&*line)) {
        reports.emplace_back(key, SlotRefused{std::move(refused->text), refused->code});
    } else if (std::holds_alternative<LineAlive>(*line)) {
        reports.emplace_back(key, SlotLives{});
    } else if (const auto* limit = std::get_if<LineLimit>(&*line)) {
        const std::chrono::duration<double> seconds(limit->seconds);
        reports.emplace_back(key, SlotLimit{std::chrono::duration_cast<Duration>(seconds)});
    } else if (auto* said = std::get_if<LineFact>(&*line)) {
        if (process.show_output && std::holds_alternative<Finished>(said->fact)) {
            // What the test printed was printed before it said so.
            read_output(key, process, process.out, Stream::out, reports);
            read_output(key, process, process.err, Stream::err, reports);
            show_output(key, process, true, reports);
        }
        const auto job = process.jobs.find(said->job);
        if (job == process.jobs.end()) {
            // A job that has ended may still be found to have left something broken: the job that
            // finds it tells.
            if (!std::holds_alternative<LateTeardown>(said->fact)) return;
            reports.emplace_back(key, SlotFact{process.current, std::move(said->fact)});
            return;
        }
        process.current = job->second;
        process.unbegun.hear(said->fact);
        const bool ends = std::holds_alternative<Ended>(said->fact);
        reports.emplace_back(key, SlotFact{job->second, std::move(said->fact)});
        if (process.asked && process.unbegun.complete()) {
            take_tests_back(process, *std::exchange(process.asked, std::nullopt), reports);
        }
        if (!ends) return;
        process.jobs.erase(job);
        process.unbegun = {};
        process.asked.reset();
        if (!process.jobs.empty()) process.current = process.jobs.begin()->second;
    }
}

void Slots::read_output(SlotKey key, Process& process, Descriptor& from, Stream stream,
                        Reports& reports) {
    std::string text;
    while (from && text.size() < output_piece_bytes) {
        const ReadEnd end = read_some(from, text);
        if (end == ReadEnd::end) from.close();
        if (end != ReadEnd::more) break;
    }
    if (text.empty()) return;
    if (stream == Stream::err) {
        process.err_tail += text;
        if (process.err_tail.size() > err_tail_bytes) {
            process.err_tail.erase(0, process.err_tail.size() - err_tail_bytes);
        }
    }
    if (!process.show_output && !(process.show_errors && stream == Stream::err)) return;
    process.unfinished.at(static_cast<std::size_t>(stream)) += text;
    show_output(key, process, false, reports);
}

// Whole lines, so that those of several slots do not mix; the rest when a test has ended. Between
// jobs it waits: there is no attempt to tell it with.
void Slots::show_output(SlotKey key, Process& process, bool all, Reports& reports) {
    if (process.jobs.empty() && !all) return;
    for (const Stream stream : {Stream::out, Stream::err}) {
        std::string& text = process.unfinished.at(static_cast<std::size_t>(stream));
        const bool cut = all || text.size() > unfinished_line_bytes;
        const std::size_t end = cut ? text.size() : text.rfind('\n') + 1;
        if (end == 0) continue;
        reports.emplace_back(key, SlotFact{process.current, Printed{stream, text.substr(0, end)}});
        text.erase(0, end);
    }
}

void Slots::read_warm(Instant now, PytestWarm& warm, Reports& reports) {
    warm.write();
    for (const WarmLine& line : warm.read()) {
        if (const auto* started = std::get_if<WarmStarted>(&line)) {
            const auto found = processes_.find(started->key);
            if (found == processes_.end()) continue;
            found->second.pid = started->pid;
            if (found->second.ending) interrupt(now, found->second);
        } else if (const auto* refused = std::get_if<WarmRefused>(&line)) {
            const auto found = processes_.find(refused->key);
            const bool withdrawn = found != processes_.end() && found->second.ending;
            remove(now, refused->key,
                   withdrawn ? SlotReport(SlotExited{"never started"})
                             : SlotReport(SlotRefused{refused->text, 3}),
                   reports);
        } else if (const auto* exited = std::get_if<WarmExited>(&line)) {
            const auto found = processes_.find(exited->key);
            if (found == processes_.end()) continue;
            remove(now, exited->key, this->exited(found->second, exited->status), reports);
        }
    }
    if (!warm.gone()) return;
    std::vector<SlotKey> orphans;
    for (const auto& [key, process] : processes_) {
        if (warm_.at(process.warm).get() == &warm) orphans.push_back(key);
    }
    for (const SlotKey key : orphans) {
        const Process& process = processes_.at(key);
        remove(now, key,
               process.pid > 0 || warm.was_ready()
                   ? SlotReport(SlotLost{warm.why()})
                   : SlotReport(SlotRefused{cannot_run(process.warm, warm.why()), 3}),
               reports);
    }
}

// The last that it said comes before its end; what it left running in its group ends with it.
void Slots::remove(Instant now, SlotKey key, SlotReport report, Reports& reports) {
    const auto found = processes_.find(key);
    if (found == processes_.end()) return;
    Process& process = found->second;
    if (process.pid > 0) kill(-process.pid, SIGKILL);
    read_socket(now, key, process, reports);
    read_output(key, process, process.out, Stream::out, reports);
    read_output(key, process, process.err, Stream::err, reports);
    if (process.show_output) show_output(key, process, true, reports);
    if (auto* exit = std::get_if<SlotExited>(&report)) {
        if (!exit->clean) kill_session(process.pid);
        if (!process.err_tail.empty()) {
            exit->text += "\n" + without_frames_below(process.err_tail);
        }
    }
    reports.emplace_back(key, std::move(report));
    // After a refusal the core waits for the process to be gone all the same.
    if (std::holds_alternative<SlotRefused>(reports.back().second)) {
        reports.emplace_back(key, SlotExited{"refused"});
    }
    processes_.erase(found);
    leftovers_at_ = now + leftovers_delay;
}

// Of runs that are over; which of them belongs to whom nobody can tell while slots live.
void Slots::end_leftovers(Instant now) {
    if (now < leftovers_at_) return;
    leftovers_at_ = never;
    if (!processes_.empty()) return;
    std::vector<pid_t> own;
    for (const auto& [key, warm] : warm_) own.push_back(warm->pid());
    end_adopted(own);
}

SlotExited Slots::exited(const Process& process, int status) {
    SlotExited exit{.text = describe_exit(status), .clean = status == 0};
    const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (!process.fault.empty()) {
        exit.text = killed ? process.fault : process.fault + ": " + exit.text;
    } else if (killed && process.kill_by == never) {
        exit.text += out_of_memory_.struck() ? ", out of memory" : ", perhaps out of memory";
    }
    return exit;
}

}  // namespace xgrid::worker
