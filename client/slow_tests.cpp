#include "client/slow_tests.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace xgrid::client {
namespace {

constexpr Duration first_notice = std::chrono::seconds(60);
constexpr Duration notice_interval = std::chrono::minutes(5);

std::string age(Duration time) {
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(time).count();
    return time > first_notice ? fmt::format("{} min", minutes) : "60 s";
}

}  // namespace

void SlowTests::add(Instant now, const Event& event) {
    if (const auto* started = std::get_if<TestStarted>(&event)) {
        running_.insert_or_assign(started->worker, Running{started->test.id, now, first_notice});
        next_ = std::min(next_, now + first_notice);
    } else if (const auto* finished = std::get_if<TestFinished>(&event)) {
        running_.erase(finished->worker);
    } else if (const auto* down = std::get_if<WorkerDown>(&event)) {
        running_.erase(down->worker);
    }
}

std::vector<std::string> SlowTests::due(Instant now) {
    std::vector<std::string> lines;
    if (now < next_) return lines;
    next_ = never;
    for (auto& [worker, one] : running_) {
        if (now >= one.since + one.say_after) {
            lines.push_back(fmt::format("still running after {}: {} on {}", age(one.say_after),
                                        one.test, worker));
            one.say_after =
                one.say_after == first_notice ? notice_interval : one.say_after + notice_interval;
        }
        next_ = std::min(next_, one.since + one.say_after);
    }
    return lines;
}

}  // namespace xgrid::client
