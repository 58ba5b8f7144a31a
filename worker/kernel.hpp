// What the kernel tells of a slot's process, beside what the slot says itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace xgrid::worker {

/// A signal has stopped it; being held by a debugger is something else.
bool is_stopped(pid_t pid);

/// The program that it runs, as a path; empty if that cannot be told.
std::string program_of(pid_t pid);

/// Kills every process of the session that this one leads or led, whatever their groups.
void kill_session(pid_t leader);

/// Kills those of this process's children that it did not start, and all below them: they came when
/// their parents died.
void end_adopted(const std::vector<pid_t>& own);

/// Counts how often the kernel has killed processes of this one's control group for want of memory.
class OutOfMemory {
public:
    OutOfMemory();
    /// Whether it has done so since this was last asked.
    bool struck();

private:
    std::string path_;  // empty: it cannot be told
    std::uint64_t seen_ = 0;
};

/// The number behind `oom_kill` in the text of memory.events or memory.oom_control; 0: none.
std::uint64_t oom_kills(std::string_view text);

}  // namespace xgrid::worker
