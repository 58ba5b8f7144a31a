// What a slot of programs and its worker say to each other, seen from the slot. The grammar is that
// of the Python runner (worker/frameworks/pytest/jobs.py, warm.py), and pytest_lines.hpp is the
// worker's side: it reads what is written here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "shared/messages.hpp"
#include "shared/result.hpp"
#include "worker/frameworks/pytest_lines.hpp"

namespace xgrid::worker::native {

/// What a slot is told when it is started.
struct SlotStart {
    std::uint64_t key = 0;
    std::string name;
    std::string framework;
    std::string directory;
    std::map<std::string, std::string> variables;
    std::vector<std::string> arguments;
    std::optional<std::set<std::string>> chosen;  // ids: these alone, of all that was asked for
    std::uint32_t slots = 0;                      // of the run; 0: it is not distributed
    std::string testrun_uid;
    double timeout_seconds = 0;
    bool boxed = false;
    bool show_output = false;
    bool collect_only = false;
};

/// To the process that starts slots: one of both.
struct ServerOrder {
    std::optional<SlotStart> start;
    std::uint64_t withdraw = 0;
};
Result<ServerOrder> read_server_order(std::string_view line);

/// To a slot: a job, or `withdraw` and its number.
struct SlotOrder {
    JobNumber job = 0;
    bool withdrawn = false;
    JobBody body;
};
Result<SlotOrder> read_slot_order(std::string_view line);

std::string ready_line();
std::string started_line(std::uint64_t key, int pid);
std::string refused_start_line(std::uint64_t key, const std::string& text);
std::string exited_line(std::uint64_t key, int status);

std::string up_line(const SlotFacts& facts);
std::string refused_line(std::int32_t code, const std::string& text);
std::string alive_line();
std::string limit_line(double seconds);
/// Of those facts that programs can give: units, found, start, done, gave, late, properties,
/// note, exit, end.
std::string fact_line(JobNumber job, const Fact& fact);

}  // namespace xgrid::worker::native
