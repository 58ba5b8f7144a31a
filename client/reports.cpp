#include "client/reports.hpp"

#include <fmt/format.h>
namespace xgrid::client {
Reports::Reports(const Options& options, const std::string&)
    : collect_only_(options.spec.collect_only) {}
void Reports::begin(Instant) {}
void Reports::add(Instant, const Event& event) {
    tally_.add(event);
    if (auto* f = std::get_if<TestFinished>(&event)) {
        fmt::print("{} {} {}\n", f->worker, outcome_word(f->result.outcome), f->test.id);
        if (f->result.details)
            for (auto& p : f->result.details->phases)
                if (p.category == "failed" || p.category == "error")
                    fmt::print("{}\n{}\n", p.when, p.text);
    }
    if (auto* f = std::get_if<WorkerUp>(&event)) fmt::print("up {}\n", f->worker);
    if (auto* f = std::get_if<WorkerDown>(&event)) fmt::print("down {} {}\n", f->worker, f->reason);
    if (auto* f = std::get_if<NoteSeen>(&event)) fmt::print("note {}\n", f->text);
    if (auto* f = std::get_if<OutputSeen>(&event)) fmt::print("[{}] {}\n", f->worker, f->text);
    if (auto* f = std::get_if<RunFinished>(&event))
        fmt::print("end {} {} {}\n", int(f->end), f->code, f->reason);
}
void Reports::tick(Instant) {}
int Reports::end(Instant) {
    for (auto& [k, v] : tally_.counts()) fmt::print("{} {}, ", v, k);
    fmt::print("\n");
    fflush(stdout);
    return tally_.exit_code(collect_only_);
}
void Reports::write(Destination&, const std::string&) {}
}  // namespace xgrid::client
