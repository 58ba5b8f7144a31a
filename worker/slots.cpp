#include "worker/slots.hpp"

#include <algorithm>
#include <signal.h>
#include <string.h>

#include <fmt/format.h>

#include "shared/process.hpp"

namespace xgrid::worker {
namespace {

// After an interrupt a slot may take so long to run teardowns, before it is killed.
constexpr Duration interrupt_grace = std::chrono::seconds(2);
constexpr std::size_t err_tail_bytes = 4000;
constexpr std::size_t output_piece_bytes = 64 * 1024;
constexpr std::size_t unfinished_line_bytes = 1024 * 1024;  // a longer one is shown in pieces

std::string cannot_run(const std::string& interpreter, const std::string& why) {
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
    Process process{.warm = {command.spec.interpreter, command.spec.directory}};
    process.show_output = command.spec.show_output;
    int sockets[2];
    int outs[2];
    int errs[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets) != 0) {
        early_.emplace_back(command.slot, SlotRefused{strerror(errno), 3});
        return;
    }
    process.socket = Descriptor(sockets[0]);
    Descriptor socket(sockets[1]);
    fcntl(socket.get(), F_SETFL, 0);
    if (pipe2(outs, O_CLOEXEC) != 0) {
        early_.emplace_back(command.slot, SlotRefused{strerror(errno), 3});
        return;
    }
    process.out = Descriptor(outs[0]);
    Descriptor out(outs[1]);
    if (pipe2(errs, O_CLOEXEC) != 0) {
        early_.emplace_back(command.slot, SlotRefused{strerror(errno), 3});
        return;
    }
    process.err = Descriptor(errs[0]);
    Descriptor err(errs[1]);
    fcntl(process.out.get(), F_SETFL, O_NONBLOCK);
    fcntl(process.err.get(), F_SETFL, O_NONBLOCK);

    warm(process.warm);
    PytestWarm& warm = *warm_.at(process.warm);
    warm.request(command.slot, start_line({command.slot, command.run, command.name, &command.spec}),
                 std::move(socket), std::move(out), std::move(err));
    processes_.emplace(command.slot, std::move(process));
}

void Slots::send(Process& process, std::string_view line) {
    process.to_send += line;
    // One that reads no more is about to be reported gone.
    if (!send_some(process.socket, process.to_send)) process.to_send.clear();
}

void Slots::carry_out(Instant, const GiveJob& command) {
    const auto found = processes_.find(command.slot);
    if (found == processes_.end()) return;
    Process& process = found->second;
    const JobNumber job = process.next_job++;
    process.jobs.emplace(job, command.attempt);
    if (process.jobs.size() == 1) process.current = command.attempt;
    send(process, job_line(job, command.body));
}

void Slots::carry_out(Instant, const AskBack& command) {
    const auto found = processes_.find(command.slot);
    if (found == processes_.end()) return;
    for (const auto& [job, attempt] : found->second.jobs) {
        if (attempt != command.attempt) continue;
        send(found->second, give_back_line(job, command.number, command.keep));
    }
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

void Slots::interrupt(Instant now, Process& process) {
    // It takes down what its tests have set up, if it can.
    send(process, job_line(0, {.kind = JobKind::finish}));
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
    for (const auto& [key, process] : processes_) next = std::min(next, process.kill_by);
    return next;
}

Slots::Reports Slots::collect(Instant now) {
    Reports reports = std::exchange(early_, {});
    for (auto& [key, process] : processes_) {
        send(process, "");
        read_socket(key, process, reports);
        read_output(key, process, process.out, Stream::out, reports);
        read_output(key, process, process.err, Stream::err, reports);
        if (now >= process.kill_by && process.pid > 0) {
            kill(-process.pid, SIGKILL);
            process.kill_by = now + interrupt_grace;
        }
    }
    for (auto& [key, warm] : warm_) read_warm(now, *warm, reports);
    std::erase_if(warm_, [](const auto& entry) { return entry.second->gone(); });
    return reports;
}

void Slots::read_socket(SlotKey key, Process& process, Reports& reports) {
    if (!process.socket) return;
    ReadEnd end = ReadEnd::more;
    while (end == ReadEnd::more) end = read_some(process.socket, process.text);
    std::size_t from = 0;
    const std::string text = std::move(process.text);
    for (std::size_t to = 0; (to = text.find('\n', from)) != std::string::npos; from = to + 1) {
        read_line(key, process, std::string_view(text).substr(from, to - from), reports);
    }
    process.text = text.substr(from);
    if (end == ReadEnd::end) process.socket.close();
}

void Slots::read_line(SlotKey key, Process& process, std::string_view text, Reports& reports) {
    Result<SlotLine> line = read_slot_line(text);
    if (!line) {
        reports.emplace_back(key, SlotFact{process.current, Noted{line.error()}});
    } else if (auto* up = std::get_if<LineUp>(&*line)) {
        const auto capture = up->facts.settings.find("capture");
        if (capture != up->facts.settings.end() && capture->second == "no") {
            process.show_output = true;  // addopts may say so, too
        }
        reports.emplace_back(key, SlotFact{process.current, SlotBegan{std::move(up->facts)}});
    } else if (auto* refused = std::get_if<LineRefused>(&*line)) {
        reports.emplace_back(key, SlotRefused{std::move(refused->text), refused->code});
    } else if (auto* said = std::get_if<LineFact>(&*line)) {
        if (process.show_output && std::holds_alternative<Finished>(said->fact)) {
            // What the test printed was printed before it said so.
            read_output(key, process, process.out, Stream::out, reports);
            read_output(key, process, process.err, Stream::err, reports);
            show_output(key, process, true, reports);
        }
        const auto job = process.jobs.find(said->job);
        if (job == process.jobs.end()) return;
        process.current = job->second;
        const bool ends = std::holds_alternative<Ended>(said->fact);
        reports.emplace_back(key, SlotFact{job->second, std::move(said->fact)});
        if (!ends) return;
        process.jobs.erase(job);
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
    if (!process.show_output) return;
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
            remove(refused->key, SlotRefused{refused->text, 3}, reports);
        } else if (const auto* exited = std::get_if<WarmExited>(&line)) {
            remove(exited->key, SlotExited{describe_exit(exited->status)}, reports);
        }
    }
    if (!warm.gone()) return;
    std::vector<SlotKey> orphans;
    for (const auto& [key, process] : processes_) {
        if (warm_.at(process.warm).get() == &warm) orphans.push_back(key);
    }
    for (const SlotKey key : orphans) {
        const Process& process = processes_.at(key);
        const bool started = process.pid > 0;
        remove(key,
               started
                   ? SlotReport(SlotLost{warm.why()})
                   : SlotReport(SlotRefused{cannot_run(process.warm.interpreter, warm.why()), 3}),
               reports);
    }
}

// The last that it said comes before its end; what it left running in its group ends with it.
void Slots::remove(SlotKey key, SlotReport report, Reports& reports) {
    const auto found = processes_.find(key);
    if (found == processes_.end()) return;
    Process& process = found->second;
    if (process.pid > 0) kill(-process.pid, SIGKILL);
    read_socket(key, process, reports);
    read_output(key, process, process.out, Stream::out, reports);
    read_output(key, process, process.err, Stream::err, reports);
    if (process.show_output) show_output(key, process, true, reports);
    if (auto* exited = std::get_if<SlotExited>(&report)) {
        if (!process.err_tail.empty()) exited->text += "\n" + process.err_tail;
    }
    reports.emplace_back(key, std::move(report));
    // After a refusal the core waits for the process to be gone all the same.
    if (std::holds_alternative<SlotRefused>(reports.back().second)) {
        reports.emplace_back(key, SlotExited{"refused"});
    }
    processes_.erase(found);
}

}  // namespace xgrid::worker
