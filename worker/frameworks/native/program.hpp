// A process of a test program: starting it, what it writes, and its end. It is in a process group
// of its own, and dies with its slot.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>

#include "shared/descriptor.hpp"
#include "shared/instant.hpp"
#include "shared/result.hpp"
#include "worker/frameworks/native/framework.hpp"

namespace xgrid::worker::native {

class Process {
public:
    /// Starts it in that folder, unless it says where; an error says why that cannot be.
    static Result<Process> start(const Program& program, const std::string& directory);

    Process(Process&&) noexcept = default;
    Process& operator=(Process&&) = delete;
    /// One that has not ended is killed, with its group.
    ~Process();

    /// Waits until something can be read, it has ended, or that time has come.
    void wait(Instant until);
    /// Waits until then, its end, or something on its stderr.
    void rest(Instant until);
    /// What can be read of that now, at most some of it; empty: nothing now. Between wait() and the
    /// end only what wait() has found to be there is looked for.
    std::string read(Source source);
    /// Its status, once it has ended; what is left of its group is killed then.
    std::optional<int> ended();
    /// With its group.
    void kill();

private:
    explicit Process(pid_t pid) : pid_(pid) {}

    struct Id {
        explicit Id(pid_t pid) : number(pid) {}
        Id(Id&& other) noexcept : number(std::exchange(other.number, 0)) {}
        pid_t number;
    };
    Id pid_;
    Descriptor life_;  // readable when it has ended
    struct Stream {
        Descriptor end;
        bool ready = true;
    };
    std::map<Source, Stream> streams_;
    bool ending_ = true;  // or it may be, as far as one can tell
};

/// Runs it to its end; past the limit, if it is not 0, it is killed.
Result<Ran> run_to_end(const Program& program, const std::string& directory, Duration limit);

/// "build/unit --list", as a user would type it.
std::string as_command(const Program& program);

}  // namespace xgrid::worker::native
