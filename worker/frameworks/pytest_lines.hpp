// What the Python runner and the worker say to each other, as JSON lines; the grammar stands in
// worker/frameworks/pytest/jobs.py and warm.py. Total: any line gives facts or an error.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "shared/messages.hpp"
#include "shared/result.hpp"

namespace xgrid::worker {

/// Numbers the jobs of one slot, in the runner's words.
using JobNumber = std::uint64_t;

// ---- Worker -> slot

std::string job_line(JobNumber job, const JobBody& body);
/// It was not begun, and is not to be.
std::string withdraw_job_line(JobNumber job);

// ---- Slot -> worker

struct LineUp {
    SlotFacts facts;
};
struct LineRefused {
    std::int32_t code = 0;
    std::string text;
};
struct LineFact {
    JobNumber job = 0;
    Fact fact;
};
struct LineAlive {};
struct LineLimit {
    double seconds = 0;
};
using SlotLine = std::variant<LineUp, LineRefused, LineFact, LineAlive, LineLimit>;

Result<SlotLine> read_slot_line(std::string_view line);

// ---- Worker -> warm interpreter

struct SlotRequest {
    std::uint64_t key = 0;
    std::string run;
    std::string name;
    const RunSpec* spec = nullptr;
};

/// The runner's modules: a length in four bytes, most significant first, then JSON.
std::string runner_modules();
/// The text for `python -c`.
std::string_view runner_bootstrap();
std::string start_line(const SlotRequest& request);
/// It is refused if it is still waiting there, else left alone.
std::string withdraw_line(std::uint64_t key);

// ---- Warm interpreter -> worker

struct WarmReady {};
struct WarmFailed {
    std::string text;
};
struct WarmStarted {
    std::uint64_t key = 0;
    int pid = 0;
};
struct WarmRefused {
    std::uint64_t key = 0;
    std::string text;
};
struct WarmExited {
    std::uint64_t key = 0;
    int status = 0;
};
using WarmLine = std::variant<WarmReady, WarmFailed, WarmStarted, WarmRefused, WarmExited>;

Result<WarmLine> read_warm_line(std::string_view line);

}  // namespace xgrid::worker
