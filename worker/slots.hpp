// The slots' processes: carries out the core's commands, and turns what slots say, print and how
// they end into reports. Decides nothing but how to end a process that does not want to.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "shared/instant.hpp"
#include "worker/descriptor.hpp"
#include "worker/frameworks/pytest_warm.hpp"
#include "worker/kernel.hpp"
#include "worker/permits.hpp"
#include "worker/unbegun.hpp"
#include "worker/worker.hpp"

namespace xgrid::worker {

class Slots {
public:
    using Reports = std::vector<std::pair<SlotKey, SlotReport>>;

    /// Starts that interpreter before anyone asks for a slot.
    void warm(const WarmKey& key);

    void perform(Instant now, const Command& command);
    /// What there is to report, read without waiting.
    Reports collect(Instant now);

    /// What to wait for before the next collect().
    struct Watched {
        int descriptor = -1;
        bool write = false;
    };
    std::vector<Watched> watched() const;
    Instant next_deadline() const;

private:
    struct Process {
        WarmKey warm;
        pid_t pid = 0;  // once it has started
        Descriptor socket;
        Descriptor out;
        Descriptor err;
        bool up = false;   // it has said so, in the attempt that it was given first
        std::string text;  // a line that is not complete
        std::string to_send;
        Permits jobs_to_begin;
        Permits tests_to_begin;
        std::uint64_t permits_due = 0;          // for jobs, when they are sent
        std::string err_tail;                   // the last that it printed there
        std::array<std::string, 2> unfinished;  // lines on stdout and stderr
        bool show_output = false;
        bool show_errors = false;  // stderr alone: stacks are dumped there
        bool stopped = false;
        std::map<JobNumber, AttemptId> jobs;  // the first one runs, if its permit is taken
        Unbegun unbegun;                      // of the first one
        std::optional<AskBack> asked;         // for tests of the first one, when they are found
        AttemptId current;  // the attempt that it last spoke of, or was last given
        JobNumber next_job = 1;
        bool ending = false;
        Instant kill_by = never;
        Instant closed_by = never;  // it may live without its socket
        std::string fault;          // what it did before it was gone
    };

    void carry_out(Instant now, const StartSlot& command);
    void carry_out(Instant now, const GiveJob& command);
    void carry_out(Instant now, const AskBack& command);
    void carry_out(Instant now, const EndSlot& command);
    void carry_out(Instant now, const AbortSlot& command);

    void interrupt(Instant now, Process& process);
    void end_if_due(Instant now, Process& process);
    void look_for_stopped(Instant now, Reports& reports);
    void read_socket(Instant now, SlotKey key, Process& process, Reports& reports);
    void read_line(SlotKey key, Process& process, std::string_view line, Reports& reports);
    void read_output(SlotKey key, Process& process, Descriptor& from, Stream stream,
                     Reports& reports);
    void show_output(SlotKey key, Process& process, bool all, Reports& reports);
    void read_warm(Instant now, PytestWarm& warm, Reports& reports);
    void remove(Instant now, SlotKey key, SlotReport report, Reports& reports);
    SlotExited exited(const Process& process, int status);
    void end_leftovers(Instant now);
    static void send(Process& process, std::string_view line);
    static void order(Process& process, JobNumber job, const JobBody& body);
    static bool take_job_back(Process& process, JobNumber job);
    static void take_tests_back(Process& process, const AskBack& command, Reports& reports);
    static std::optional<SlotEnds> connect(Process& process);

    std::map<WarmKey, std::unique_ptr<PytestWarm>> warm_;
    std::map<SlotKey, Process> processes_;
    Reports early_;  // that a command brought about
    OutOfMemory out_of_memory_;
    Instant look_at_;
    Instant leftovers_at_ = never;  // to end what slots have left behind
};

}  // namespace xgrid::worker
