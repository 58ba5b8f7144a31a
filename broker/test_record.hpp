// What is kept of one test in one environment: how long it takes, its last verdicts, and whether it
// has been seen to be flaky. Pure; knows nothing of where it is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "shared/messages.hpp"

namespace xgrid::broker {

/// So many verdicts are kept, and so many proofs: the first one, and the last.
constexpr std::size_t kept_verdicts_max = 20;
constexpr std::size_t kept_proofs_max = 5;

/// A verdict. Its origin numbers what it has in common with others: run, code, what the slot is.
struct Seen {
    std::int64_t origin = 0;
    Outcome outcome = Outcome::passed;
    std::uint32_t microseconds = 0;  // of its phases in sum
    std::uint32_t attempt = 1;

    XGRID_FIELDS(Seen, origin, outcome, microseconds, attempt);
};

/// The origins of both outcomes, which have the same code and are slots of the same kind.
struct Proof {
    std::int64_t passed = 0;
    std::int64_t failed = 0;
    std::uint64_t at = 0;  // seconds since 1970, UTC

    XGRID_FIELDS(Proof, passed, failed, at);
};

enum class Flaky : std::uint8_t { no, suspected, proved };

struct TestRecord {
    double seconds = 0;  // newer verdicts count more
    std::uint64_t verdicts = 0;
    std::uint64_t failures = 0;
    std::uint64_t first_seen = 0;
    std::uint64_t last_seen = 0;
    std::vector<Seen> last;     // the newest first
    std::vector<Proof> proofs;  // the newest first

    /// `same`: whether what came from that origin is of the same code, in a slot of the same kind.
    void add(const Seen& seen, std::uint64_t at,
             const std::function<bool(std::int64_t origin)>& same);

    /// By its last verdict that says either.
    bool failed() const;
    /// Both outcomes are among those that are kept: suspected, until it is proved.
    Flaky flaky() const;
    /// The share of failures among those that are kept; none while they are too few to tell.
    std::optional<double> failing_share() const;
    /// How often one outcome followed the other, among those that are kept.
    std::size_t turns() const;
};

bool says_passed(Outcome outcome);
bool says_failed(Outcome outcome);

}  // namespace xgrid::broker
