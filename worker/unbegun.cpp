#include "worker/unbegun.hpp"

#include <algorithm>
#include <iterator>
#include <variant>

namespace xgrid::worker {

void Unbegun::hear(const Fact& fact) {
    if (const auto* found = std::get_if<TestsFound>(&fact)) {
        for (std::size_t i = 0; i < found->tests.size(); ++i) tests_.insert(tests_.end(), found_++);
    } else if (const auto* started = std::get_if<Started>(&fact)) {
        tests_.erase(started->test);
        complete_ = true;
    } else if (const auto* finished = std::get_if<Finished>(&fact)) {
        tests_.erase(finished->test);  // one that could not be collected has no start
    } else if (const auto* gave = std::get_if<GaveBack>(&fact)) {
        for (const std::uint32_t test : gave->tests) tests_.erase(test);
    }
}

std::vector<std::uint32_t> Unbegun::take_last(std::size_t count) {
    const auto first =
        std::prev(tests_.end(), static_cast<std::ptrdiff_t>(std::min(count, size())));
    std::vector<std::uint32_t> last(first, tests_.end());
    tests_.erase(first, tests_.end());
    return last;
}

}  // namespace xgrid::worker
