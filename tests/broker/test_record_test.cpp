// What is kept of one test: its duration, its verdicts, and what proves that it is flaky.
#include "broker/test_record.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::broker;

namespace {

// Runs are called by numbers; those of a decade have the same code.
struct Kept : TestRecord {
    std::uint64_t at = 100;

    void see(std::int64_t run, Outcome outcome, std::uint32_t milliseconds = 1) {
        add({.origin = run, .outcome = outcome, .microseconds = milliseconds * 1000}, ++at,
            [&](std::int64_t other) { return run / 10 == other / 10; });
    }
};

}  // namespace

TEST_CASE_FIXTURE(Kept, "a test takes what it took, and newer verdicts count more") {
    see(1, Outcome::passed, 1000);
    CHECK(seconds == doctest::Approx(1));
    see(2, Outcome::passed, 2000);
    CHECK(seconds == doctest::Approx(1.3));
    for (int i = 0; i < 20; ++i) see(3, Outcome::passed, 2000);
    CHECK(seconds == doctest::Approx(2).epsilon(0.01));
}

TEST_CASE_FIXTURE(Kept, "verdicts are counted, and the last ones kept, the newest first") {
    for (std::int64_t run = 0; run < 30; ++run) {
        see(run, run % 3 == 0 ? Outcome::failed : Outcome::passed);
    }
    CHECK(verdicts == 30);
    CHECK(failures == 10);
    REQUIRE(last.size() == kept_verdicts_max);
    CHECK(last.front().origin == 29);
    CHECK(last.back().origin == 10);
    CHECK(first_seen == 101);
    CHECK(last_seen == 130);
}

TEST_CASE_FIXTURE(Kept, "both outcomes with the same code prove that a test is flaky") {
    see(11, Outcome::passed);
    CHECK(flaky() == Flaky::no);
    see(12, Outcome::failed);
    CHECK(flaky() == Flaky::proved);
    REQUIRE(proofs.size() == 1);
    CHECK(proofs[0] == Proof{.passed = 11, .failed = 12, .at = 102});
}

TEST_CASE_FIXTURE(Kept, "both outcomes with different code are no more than a suspicion") {
    see(11, Outcome::error);
    see(21, Outcome::passed);
    CHECK(proofs.empty());
    CHECK(flaky() == Flaky::suspected);
}

TEST_CASE_FIXTURE(Kept, "attempts of one run prove it, too") {
    see(11, Outcome::failed);
    see(11, Outcome::passed);
    CHECK(flaky() == Flaky::proved);
    CHECK(proofs[0].passed == proofs[0].failed);
}

TEST_CASE_FIXTURE(Kept, "what is skipped or expected to fail proves nothing") {
    see(11, Outcome::failed);
    see(12, Outcome::skipped);
    see(13, Outcome::xfailed);
    see(14, Outcome::xpassed);
    CHECK(flaky() == Flaky::no);
    CHECK(failed());
}

TEST_CASE_FIXTURE(Kept, "of many proofs the first is kept, and the last") {
    for (std::int64_t run = 10; run < 20; ++run) {
        see(run, run % 2 == 0 ? Outcome::passed : Outcome::failed);
    }
    REQUIRE(proofs.size() == kept_proofs_max);
    CHECK(proofs.front().at == 110);
    CHECK(proofs.back().at == 102);
}

TEST_CASE_FIXTURE(Kept, "a suspicion is over when only one outcome is left") {
    see(1, Outcome::failed);
    for (std::int64_t run = 10; run < 40; run += 10) see(run, Outcome::passed);
    CHECK(flaky() == Flaky::suspected);
    CHECK(turns() == 1);
    for (std::int64_t run = 100; run < 300; run += 10) see(run, Outcome::passed);
    CHECK(flaky() == Flaky::no);
}
