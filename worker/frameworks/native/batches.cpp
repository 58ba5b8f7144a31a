#include "worker/frameworks/native/batches.hpp"

#include <algorithm>
#include <cmath>

namespace xgrid::worker::native {
namespace {

// Of a batch's time, at most so much is the start of its process; less, as long as half of the
// tests are left for other slots.
constexpr double start_share_most = 0.1;
constexpr double start_share = 0.05;
// A process and what there is to do about it take about so long, however fast its program is.
constexpr double start_least_seconds = 0.002;
constexpr double test_least_seconds = 1e-6;
// How much the latest batch counts.
constexpr double fresh = 0.5;
constexpr std::size_t first_tests = 16;
// What was seen of some tests may be wrong for others: batches grow in steps.
constexpr std::size_t growth = 16;
constexpr std::size_t most_tests = 10'000;

double mixed(double before, double now) {
    return before == 0 ? now : (1 - fresh) * before + fresh * now;
}

}  // namespace

Batches::Batches(Costs known, bool alone)
    : costs_(known), alone_(alone), most_(known.test_seconds > 0 ? most_tests : first_tests) {}

std::size_t Batches::next(std::size_t left) const {
    if (alone_) return std::min(left, most_tests);
    if (costs_.test_seconds == 0) return std::min(left, most_);
    const std::size_t least = size_for(start_share_most);
    const std::size_t size =
        std::min(std::clamp(left - left / 2, least, size_for(start_share)), most_);
    // What would be left is not worth a start.
    return left < size + std::min(least, size) / 2 ? left : size;
}

std::size_t Batches::size_for(double share) const {
    const double start = std::max(costs_.start_seconds, start_least_seconds);
    const double each = std::max(costs_.test_seconds, test_least_seconds);
    const double wanted = std::ceil(start * (1 / share - 1) / each);
    return static_cast<std::size_t>(std::clamp(wanted, 1.0, double{most_tests}));
}

void Batches::ran(std::size_t tests, double seconds, double tests_seconds) {
    if (tests == 0) return;
    costs_.start_seconds = mixed(costs_.start_seconds, std::max(seconds - tests_seconds, 0.0));
    costs_.test_seconds =
        mixed(costs_.test_seconds,
              std::max(tests_seconds / static_cast<double>(tests), test_least_seconds));
    most_ = std::min(std::max(most_, tests * growth), most_tests);
}

}  // namespace xgrid::worker::native
