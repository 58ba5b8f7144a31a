#include "broker/outlook.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace xgrid::broker {
namespace {

// Pieces for each taker: so many that the last ones to end do so at about the same time, and so few
// that what a piece costs, its file's fixtures among it, does not matter.
constexpr double pieces_each = 6;
// A smaller one is not worth a message.
constexpr double piece_seconds_least = 0.1;
// What fails now and then may go before what takes longest, if it takes no more than this of all:
// else the run would end later for it.
constexpr double fragile_share_most = 0.01;
// Nothing ends in no time.
constexpr double seconds_least = 0.01;

}  // namespace

void Outlook::learn(std::vector<ExpectedUnit> units) {
    for (ExpectedUnit& known : units) {
        Unit& unit = units_[known.unit];
        seconds_ += known.seconds - unit.seconds;
        double named = 0;
        double failures = 0;
        for (const ExpectedTest& test : known.named) {
            named += test.seconds;
            failures += test.failures;
        }
        const auto others = known.tests - std::min<std::size_t>(known.tests, known.named.size());
        unit = {.seconds = known.seconds,
                .others = others == 0 ? 0 : std::max(known.seconds - named, 0.0) / others,
                .failures = failures,
                .failed = known.failed};
        for (ExpectedTest& test : known.named) {
            TestName name = test.test;
            unit.named.emplace(std::move(name), std::move(test));
        }
    }
}

Rank Outlook::rank_of(const std::string& unit) const {
    if (empty()) return {};
    const auto found = units_.find(unit);
    if (found == units_.end()) return {.kind = Rank::Kind::fresh};
    const Unit& known = found->second;
    return ranked(known.failed, known.seconds, known.failures);
}

Rank Outlook::ranked(bool failed, double seconds, double failures) const {
    const bool fragile = failures > 0 && seconds <= fragile_share_most * seconds_;
    Rank rank{.kind = failed    ? Rank::Kind::failed
                      : fragile ? Rank::Kind::fragile
                                : Rank::Kind::known,
              .seconds = seconds};
    if (rank.kind != Rank::Kind::known) rank.failures = failures / std::max(seconds, seconds_least);
    return rank;
}

Rank Outlook::rank_of(const std::string& unit, const std::vector<TestName>& tests) const {
    const auto found = units_.find(unit);
    if (found == units_.end()) return rank_of(unit);
    bool failed = false;
    double seconds = 0;
    double failures = 0;
    for (const TestName& test : tests) {
        seconds += seconds_of(found->second, test);
        const auto named = found->second.named.find(test);
        if (named == found->second.named.end()) continue;
        failed = failed || named->second.failed;
        failures += named->second.failures;
    }
    return ranked(failed, seconds, failures);
}

double Outlook::seconds_of(const Unit& unit, const TestName& test) {
    const auto named = unit.named.find(test);
    return named == unit.named.end() ? unit.others : named->second.seconds;
}

std::vector<double> Outlook::seconds_of(const std::string& unit,
                                        const std::vector<TestName>& tests) const {
    std::vector<double> all;
    const auto found = units_.find(unit);
    if (found == units_.end()) return all;
    all.reserve(tests.size());
    for (const TestName& test : tests) all.push_back(seconds_of(found->second, test));
    return all;
}

std::vector<std::vector<TestName>> Outlook::pieces_of(const std::string& unit,
                                                      const std::vector<TestName>& tests,
                                                      std::size_t takers, std::size_t most) const {
    const std::vector<double> seconds = seconds_of(unit, tests);
    const double all = std::accumulate(seconds.begin(), seconds.end(), 0.0);
    const double enough =
        std::max(all / (pieces_each * static_cast<double>(std::max<std::size_t>(takers, 1))),
                 piece_seconds_least);
    // Tests of no time at all are shared evenly.
    const std::size_t even = (tests.size() + takers - 1) / std::max<std::size_t>(takers, 1);
    most = std::max<std::size_t>(std::min(most, even), 1);
    std::vector<std::vector<TestName>> pieces;
    std::vector<TestName> piece;
    double gathered = 0;
    const auto close = [&] {
        if (!piece.empty()) pieces.push_back(std::exchange(piece, {}));
        gathered = 0;
    };
    for (std::size_t i = 0; i < tests.size(); ++i) {
        const double takes = i < seconds.size() ? seconds[i] : 0;
        if (takes >= enough) {
            pieces.push_back({tests[i]});
            continue;
        }
        if (gathered + takes > enough || piece.size() == most) close();
        piece.push_back(tests[i]);
        gathered += takes;
    }
    close();
    return pieces;
}

std::size_t fair_part(const std::vector<double>& seconds, std::size_t sharers) {
    const double all = std::accumulate(seconds.begin(), seconds.end(), 0.0);
    const double share = all / static_cast<double>(std::max<std::size_t>(sharers, 1));
    double sum = 0;
    std::size_t part = 0;
    while (part < seconds.size() && sum + seconds[part] <= share) sum += seconds[part++];
    return part;
}

}  // namespace xgrid::broker
