#include "broker/fair_share.hpp"

#include <doctest/doctest.h>

namespace xgrid::broker {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Names = std::vector<std::string>;

struct Shared {
    FairShare shares{ShareRules{}};
    Instant now = Instant(seconds(1000));
    std::uint64_t number = 0;

    void set(const std::string& run, const std::string& user, std::size_t held, std::size_t wanted,
             std::int32_t level = 0) {
        shares.set(
            now, run,
            {.user = user, .number = ++number, .level = level, .held = held, .wanted = wanted});
    }
    Names givers(const std::string& run) const { return shares.givers(now, run); }
};

TEST_CASE_FIXTURE(Shared, "the next slot is for the user with the fewest, not for the run") {
    set("a1", "ann", 2, 5);
    set("a2", "ann", 1, 5);
    set("b1", "bob", 2, 5);
    CHECK(shares.next() == "b1");
    CHECK(shares.next({"b1"}) == "a2");
    CHECK(shares.next({"b1", "a2"}) == "a1");
    CHECK(!shares.next({"a1", "a2", "b1"}));
    CHECK(shares.wanting() == Names{"b1", "a2", "a1"});
}

TEST_CASE_FIXTURE(Shared, "who wants nothing gets nothing") {
    set("other", "ann", 1, 0);
    set("a", "ann", 0, 1);
    CHECK(shares.is_contended());
    set("a", "ann", 1, 0);
    CHECK(!shares.is_contended());
    CHECK(!shares.next());
    set("a", "ann", 1, 3);
    shares.forget("a");
    CHECK(!shares.is_contended());
    CHECK(!shares.next());
}

TEST_CASE_FIXTURE(Shared, "twice the weight is twice the slots") {
    shares.set_rules({.users = {{"ann", {.weight = 2}}}});
    set("a", "ann", 3, 9);
    set("b", "bob", 2, 9);
    CHECK(shares.next() == "a");
    set("a", "ann", 5, 9);
    CHECK(shares.next() == "b");
}

TEST_CASE_FIXTURE(Shared, "a user at the limit gets nothing, whatever is free") {
    shares.set_rules({.otherwise = {.slots_max = 2}});
    shares.set(now, "a", {.user = "ann", .held = 1, .leaving = 1, .wanted = 5});
    CHECK(shares.room_for("ann") == 0);
    CHECK(!shares.next());
    CHECK(shares.wanting() == Names{"a"});
    set("a", "ann", 1, 5);
    CHECK(shares.room_for("ann") == 1);
    CHECK(shares.room_for("nobody") == 2);
    CHECK(shares.next() == "a");
}

TEST_CASE_FIXTURE(Shared, "each level doubles the part of what the user has") {
    set("low", "ann", 1, 9, 0);
    set("high", "ann", 3, 9, 2);
    CHECK(shares.next() == "high");
    set("high", "ann", 4, 9, 2);
    CHECK(shares.next() == "low");
    set("high", "ann", 5, 9, 2);
    CHECK(shares.next() == "low");
}

TEST_CASE("priorities count within bounds, and who waits goes before who does not") {
    CHECK(level_of(0, false) == 0);
    CHECK(level_of(0, true) == 2);
    CHECK(level_of(1, false) == 1);
    CHECK(level_of(2'000'000'000, false) == 100);
    CHECK(level_of(-2'000'000'000, true) == -98);
}

TEST_CASE_FIXTURE(Shared,
                  "of those that have nothing the longest wait is first; a level is a minute") {
    set("early", "ann", 0, 1);
    now += seconds(30);
    set("late", "bob", 0, 1);
    CHECK(shares.next() == "early");
    set("urgent", "cyd", 0, 1, 1);
    CHECK(shares.next() == "urgent");
    now += minutes(10);
    set("more urgent", "dan", 0, 1, 10);
    CHECK(shares.next() == "urgent");
}

TEST_CASE_FIXTURE(Shared,
                  "a run keeps its place in the row when it wants another number of slots") {
    set("early", "ann", 0, 1);
    now += seconds(5);
    set("late", "bob", 0, 1);
    set("early", "ann", 0, 7);
    CHECK(shares.next() == "early");
    // It had one, and gave it up.
    set("early", "ann", 1, 6);
    now += seconds(1);
    set("early", "ann", 0, 6);
    CHECK(shares.next() == "late");
}

TEST_CASE_FIXTURE(Shared, "who has two slots gives one to who has none, at once") {
    set("a", "ann", 2, 9);
    set("b", "bob", 8, 9);
    set("c", "cyd", 0, 9);
    CHECK(givers("c") == Names{"b", "a"});
    CHECK(givers("a").empty());
    now += patience;
    CHECK(givers("a") == Names{"b"});
}

TEST_CASE_FIXTURE(Shared, "a user has waited, whichever run it is that wants more") {
    set("a1", "ann", 1, 1);
    set("b", "bob", 9, 9);
    now += patience / 2;
    set("a2", "ann", 1, 1);
    set("a1", "ann", 1, 0);
    now += patience / 2;
    CHECK(givers("a2") == Names{"b"});
}

TEST_CASE_FIXTURE(Shared, "a slot changes hands only if that brings the two nearer") {
    set("a", "ann", 2, 9);
    set("b", "bob", 3, 9);
    now += minutes(1);
    CHECK(givers("a").empty());
    set("b", "bob", 4, 9);
    CHECK(givers("a") == Names{"b"});
    CHECK(givers("b").empty());
    shares.set_rules({.users = {{"bob", {.weight = 3}}}});
    CHECK(givers("a").empty());
    CHECK(givers("b").empty());
    set("b", "bob", 3, 9);
    CHECK(givers("b").empty());
    set("b", "bob", 2, 9);
    CHECK(givers("b") == Names{"a"});
}

TEST_CASE_FIXTURE(Shared, "of a user the run gives that has most, by its level") {
    set("high", "ann", 4, 9, 2);
    set("low", "ann", 2, 9, 0);
    set("b", "bob", 0, 9);
    CHECK(givers("b") == Names{"low", "high"});
}

TEST_CASE_FIXTURE(Shared, "between runs of one user levels count") {
    set("low", "ann", 4, 9, 0);
    set("high", "ann", 0, 9, 2);
    CHECK(givers("high") == Names{"low"});
    set("high", "ann", 1, 9, 2);
    set("low", "ann", 3, 9, 0);
    CHECK(givers("high").empty());
    now += patience;
    CHECK(givers("high") == Names{"low"});
    // The last one is kept.
    set("low", "ann", 1, 9, 0);
    CHECK(givers("high").empty());
    CHECK(givers("low").empty());
}

TEST_CASE_FIXTURE(Shared,
                  "an only slot changes hands when its turn is over, and who waits has waited") {
    set("a", "ann", 1, 9);
    now += turn_span - seconds(1);
    set("b", "bob", 0, 9);
    now += seconds(2);
    CHECK(givers("b").empty());
    CHECK(shares.next_change(now) == now + turn_span - seconds(2));
    now += turn_span - seconds(2);
    CHECK(givers("b") == Names{"a"});
    // It begins anew for who has got it.
    set("a", "ann", 0, 9);
    set("b", "bob", 1, 9);
    now += turn_span - milliseconds(1);
    CHECK(givers("a").empty());
    now += milliseconds(1);
    CHECK(givers("a") == Names{"b"});
}

TEST_CASE_FIXTURE(Shared, "runs of one user take turns, too") {
    set("one", "ann", 1, 9);
    set("other", "ann", 0, 9);
    CHECK(givers("other").empty());
    now += turn_span;
    CHECK(givers("other") == Names{"one"});
}

TEST_CASE_FIXTURE(Shared, "a user at the limit takes from no other, but runs share what there is") {
    shares.set_rules({.users = {{"ann", {.slots_max = 2}}}});
    set("one", "ann", 2, 9);
    set("other", "ann", 0, 9);
    set("b", "bob", 9, 9);
    CHECK(givers("other") == Names{"one"});
    shares.take(now, "one");
    shares.give(now, "other");
    CHECK(givers("other").empty());
}

TEST_CASE_FIXTURE(Shared, "what is leaving counts for nobody, until it is given") {
    shares.set(now, "a", {.user = "ann", .number = 1, .held = 1, .leaving = 2, .wanted = 1});
    set("b", "bob", 2, 9);
    CHECK(shares.next() == "a");
    shares.leave("a");
    shares.give(now, "a");
    CHECK(shares.next() == "b");
}

TEST_CASE_FIXTURE(Shared, "what may change by itself is known beforehand") {
    set("a", "ann", 3, 0);
    CHECK(shares.next_change(now) == never);
    set("b", "bob", 2, 4);
    CHECK(shares.next_change(now) == now + patience);
    now += patience;
    CHECK(shares.next_change(now) == never);
}

}  // namespace
}  // namespace xgrid::broker
