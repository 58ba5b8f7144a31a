#include "client/trace.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <variant>

#include "shared/outcome_words.hpp"

namespace xgrid::client {
namespace {

using Json = nlohmann::ordered_json;

std::string element(const Json& object) {
    return ",\n" + object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json name_of(const char* what, std::uint32_t process, std::uint32_t thread,
             const std::string& name) {
    return {
        {"name", what}, {"ph", "M"}, {"pid", process}, {"tid", thread}, {"args", {{"name", name}}}};
}

// Whole nanoseconds: more digits say nothing.
double rounded(double microseconds) {
    return static_cast<double>(std::llround(microseconds * 1e3)) / 1e3;
}

Json slice(const std::string& name, const char* category, double start, double length) {
    return {{"name", name},
            {"cat", category},
            {"ph", "X"},
            {"ts", rounded(start)},
            {"dur", rounded(length)}};
}

std::string message_of(const TestResult& result) {
    if (!result.details) return {};
    for (const Phase& phase : result.details->phases) {
        if (!phase.message.empty()) return phase.message;
    }
    return {};
}

}  // namespace

double Trace::microseconds(Instant at) const {
    return std::chrono::duration<double, std::micro>(at - began_at_).count();
}

// Its first element has no comma before it.
std::string Trace::begin(Instant now) {
    began_at_ = now;
    const Json first = name_of("process_name", 0, 0, "xgrid submit");
    return "[\n" + first.dump();
}

Trace::Lane& Trace::lane(const std::string& worker, const std::string& host, std::string& text) {
    const auto found = lanes_.find(worker);
    if (found != lanes_.end()) return found->second;
    const auto [process, is_new] =
        processes_.emplace(host, static_cast<std::uint32_t>(processes_.size() + 1));
    Lane& made = lanes_[worker];
    made = {.process = process->second, .thread = static_cast<std::uint32_t>(lanes_.size())};
    if (is_new) text += element(name_of("process_name", made.process, 0, host));
    text += element(name_of("thread_name", made.process, made.thread, worker));
    return made;
}

// News comes in lots: slices of a slot stand one behind the other, as long as their tests took and
// as near as that allows to when they were heard of.
std::string Trace::slices(Instant now, const std::string& worker, const TestName& test,
                          std::uint32_t environment, const TestResult& result,
                          const char* attempt) {
    static constexpr std::array names = {"setup", "call", "teardown"};
    std::string text;
    Lane& on = lane(worker, "unknown host", text);
    double length = 1e6 * std::accumulate(result.seconds.begin(), result.seconds.end(), 0.0);
    // What crashed was not measured where it ran.
    if (result.crashed && length == 0 && on.started > 0) length = microseconds(now) - on.started;
    const double heard = std::max(microseconds(now) - length, 0.0);
    const double start = std::max(on.free, on.started > 0 ? std::min(heard, on.started) : heard);
    on.free = start + length;
    on.started = 0;
    Json whole = slice(test.id, "test", start, length);
    whole["pid"] = on.process;
    whole["tid"] = on.thread;
    Json& facts = whole["args"];
    facts["outcome"] = outcome_word(result.outcome);
    facts["environment"] = environments_[environment];
    facts["attempt"] = attempt;
    if (result.crashed) facts["crashed"] = true;
    if (const std::string message = message_of(result); !message.empty()) {
        facts["message"] = message;
    }
    text += element(whole);
    double from = start;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const double part = 1e6 * result.seconds.at(i);
        if (part <= 0) continue;
        Json phase = slice(names.at(i), "phase", from, part);
        phase["pid"] = on.process;
        phase["tid"] = on.thread;
        text += element(phase);
        from += part;
    }
    return text;
}

std::string Trace::add(Instant now, const Event& event, const Tally&) {
    std::string text;
    const auto instant = [&](const std::string& worker, const std::string& name) {
        const Lane& on = lane(worker, "unknown host", text);
        text += element({{"name", name},
                         {"cat", "slot"},
                         {"ph", "i"},
                         {"ts", rounded(microseconds(now))},
                         {"pid", on.process},
                         {"tid", on.thread},
                         {"s", "t"}});
    };
    if (const auto* up = std::get_if<WorkerUp>(&event)) {
        lane(up->worker, up->host, text);
        instant(up->worker, "slot begins");
    } else if (const auto* down = std::get_if<WorkerDown>(&event)) {
        instant(down->worker, down->reason.empty() ? "slot ends" : "slot lost: " + down->reason);
    } else if (const auto* started = std::get_if<TestStarted>(&event)) {
        lane(started->worker, "unknown host", text).started = microseconds(now);
    } else if (const auto* failing = std::get_if<TestFailing>(&event)) {
        text = slices(now, failing->worker, failing->test, failing->environment, failing->result,
                      "runs again");
    } else if (const auto* finished = std::get_if<TestFinished>(&event)) {
        if (finished->worker.empty()) return {};  // no slot ran it
        text = slices(now, finished->worker, finished->test, finished->environment,
                      finished->result, "last");
    }
    return text;
}

std::string Trace::end(Instant, const Tally&, int) { return "\n]\n"; }

}  // namespace xgrid::client
