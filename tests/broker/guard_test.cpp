#include "broker/guard.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "tests/broker/keys.hpp"

using namespace xgrid;
using namespace xgrid::broker;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t expiry = 1'000'000;

struct Guarded {
    Guard::Now now{Instant{1h}, expiry - 100};
    Guard guard{list()};
    std::set<std::string> open;  // runs

    static KeyList list() {
        KeyList keys;
        keys.allow(known_key(1, "ann", {Role::submit}));
        keys.allow(known_key(2, "bob", {Role::submit}));
        keys.allow(known_key(3, "eve", {Role::read}));
        keys.allow(known_key(4, "hal", {Role::work}));
        keys.allow(known_key(5, "root", {Role::admin}));
        KnownKey token = known_key(6, "cloud", {Role::work});
        token.until = expiry;
        keys.allow(token);
        return keys;
    }
    static Guard::From from(std::uint8_t key, const std::string& peer = "") {
        return {peer.empty() ? "peer-" + std::to_string(key) : peer, key_word(key), "10.0.0.1"};
    }
    Guard::Verdict say(std::uint8_t key, Message& message, const std::string& peer = "") {
        return guard.hear(now, from(key, peer), 100, message,
                          [this](const std::string& run) { return open.contains(run); });
    }
    Guard::Verdict say(std::uint8_t key, Message&& message, const std::string& peer = "") {
        return say(key, message, peer);
    }
    bool submit(std::uint8_t key, const std::string& run) {
        const bool passes = say(key, Submit{.run = run}).passes;
        if (passes) open.insert(run);
        return passes;
    }
    bool noted(const std::string& action) {
        const std::vector<Occurrence> all = guard.occurrences();
        return std::ranges::any_of(
            all, [&](const Occurrence& one) { return one.action.starts_with(action); });
    }
    void pass(Duration time) {
        now.instant += time;
        now.time += time / 1s;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Guarded, "who is in the list gets in, and nobody else") {
    CHECK(guard.lets_in(now, from(1), Guard::Door::messages));
    CHECK(noted("connected"));
    CHECK_FALSE(guard.lets_in(now, from(77), Guard::Door::messages));
    CHECK(noted("denied"));
    CHECK_FALSE(guard.lets_in(now, {.key = ""}, Guard::Door::messages));
}

TEST_CASE_FIXTURE(Guarded, "publications are for workers, and not for those with a token") {
    CHECK(guard.lets_in(now, from(4), Guard::Door::publications));
    CHECK_FALSE(guard.lets_in(now, from(1), Guard::Door::publications));
    CHECK_FALSE(guard.lets_in(now, from(6), Guard::Door::publications));
}

TEST_CASE_FIXTURE(Guarded, "a flood of unknown keys is a line in the log, and not more") {
    for (int i = 0; i < 1000; ++i) guard.lets_in(now, from(77), Guard::Door::messages);
    CHECK(guard.occurrences().size() == 1);
    pass(Guard::pause);
    guard.lets_in(now, from(77), Guard::Door::messages);
    const std::vector<Occurrence> later = guard.occurrences();
    REQUIRE(later.size() == 1);
    CHECK(later[0].about == "and 999 times before");
}

TEST_CASE_FIXTURE(Guarded, "nor is a flood from everywhere more than so many lines") {
    Guard::From stranger = from(77);
    for (int i = 0; i < 10'000; ++i) {
        stranger.address = std::to_string(i);
        guard.lets_in(now, stranger, Guard::Door::messages);
    }
    CHECK(guard.occurrences().size() < 200);
}

TEST_CASE_FIXTURE(Guarded, "a submission is its key's user's, whatever it says") {
    Message message = Submit{.run = "r", .order = {.user = "root", .title = "all"}};
    CHECK(say(1, message).passes);
    CHECK(std::get<Submit>(message).order.user == "ann");
    CHECK(noted("submit"));
}

TEST_CASE_FIXTURE(Guarded, "who may not is told once which role may") {
    const Guard::Verdict verdict = say(3, Submit{.run = "r"});
    CHECK_FALSE(verdict.passes);
    CHECK(verdict.refusal == "the key of eve has the role read, and this needs submit or admin");
    CHECK(say(3, Submit{.run = "r"}).refusal.empty());
    CHECK_FALSE(say(3, Submit{.run = "r"}).passes);
    CHECK_FALSE(say(3, Cancel{"r"}).passes);
    pass(Guard::pause);
    CHECK_FALSE(say(3, Submit{.run = "r"}).refusal.empty());
}

TEST_CASE_FIXTURE(Guarded, "a run is whose who submitted it first") {
    REQUIRE(submit(1, "r"));
    CHECK(submit(1, "r"));
    CHECK_FALSE(submit(2, "r"));
    CHECK_FALSE(submit(5, "r"));
    CHECK_FALSE(say(2, Offer{.run = "r"}).passes);
    CHECK_FALSE(say(2, Content{.run = "r"}).passes);
    CHECK(say(1, Offer{.run = "r"}).passes);
    CHECK(say(1, Content{.run = "r"}).passes);
}

TEST_CASE_FIXTURE(Guarded, "who offers the code of a run before it is submitted has it, too") {
    CHECK(say(1, Offer{.run = "r"}).passes);
    CHECK_FALSE(submit(2, "r"));
    CHECK(submit(1, "r"));
}

TEST_CASE_FIXTURE(Guarded, "an open run that nobody here has submitted is nobody's to take") {
    open.insert("of before");
    CHECK_FALSE(say(2, Submit{.run = "of before"}).passes);
    CHECK_FALSE(say(2, Cancel{"of before"}).passes);
    CHECK(say(5, Cancel{"of before"}).passes);
}

TEST_CASE_FIXTURE(Guarded, "a run is cancelled by its user, and by an admin") {
    REQUIRE(submit(1, "r"));
    CHECK_FALSE(say(2, Cancel{"r"}).passes);
    CHECK(say(1, Cancel{"r"}).passes);
    CHECK(say(5, Cancel{"r"}).passes);
    // A run that is no more is answered by the broker, as ever.
    CHECK(say(2, Cancel{"unknown"}).passes);
}

TEST_CASE_FIXTURE(Guarded, "others follow a run, and cannot say what it lacks") {
    REQUIRE(submit(1, "r"));
    Message others = Follow{.run = "r", .lacking = {{0, "gone"}}};
    CHECK(say(3, others).passes);
    CHECK(std::get<Follow>(others).lacking.empty());
    Message own = Follow{.run = "r", .lacking = {{0, "gone"}}};
    CHECK(say(1, own).passes);
    CHECK(std::get<Follow>(own).lacking.size() == 1);
}

TEST_CASE_FIXTURE(Guarded, "a worker's session is its user's") {
    CHECK(say(4, Status{.session = "s"}).passes);
    CHECK_FALSE(say(5, Status{.session = "s"}).passes);
    CHECK(say(4, Status{.session = "s"}).passes);
}

TEST_CASE_FIXTURE(Guarded, "a token is the first worker's that shows it") {
    // Before anybody has said which worker it is, nothing is given away.
    CHECK_FALSE(say(6, Want{.run = "r"}, "first").passes);
    const Guard::Verdict first = say(6, Status{.session = "one"}, "first");
    CHECK(first.passes);
    CHECK(first.token_used);
    CHECK(guard.keys().find(key_word(6))->session == "one");
    CHECK(say(6, Want{.run = "r"}, "first").passes);

    const Guard::Verdict second = say(6, Status{.session = "two"}, "second");
    CHECK_FALSE(second.passes);
    CHECK(second.refusal.find("another worker") != std::string::npos);

    // The first comes back, also later, on another connection.
    pass(24h);
    CHECK(guard.lets_in(now, from(6), Guard::Door::messages));
    const Guard::Verdict again = say(6, Status{.session = "one"}, "third");
    CHECK(again.passes);
    CHECK_FALSE(again.token_used);
}

TEST_CASE_FIXTURE(Guarded, "a token that nobody has used in time lets nobody in") {
    pass(101s);
    CHECK_FALSE(guard.lets_in(now, from(6), Guard::Door::messages));
    // Who was connected before, and has not said anything.
    const Guard::Verdict late = say(6, Status{.session = "one"});
    CHECK_FALSE(late.passes);
    CHECK(late.refusal == "this token has expired");
}

TEST_CASE_FIXTURE(Guarded, "a revoked key is not heard any more, nor hears") {
    REQUIRE(submit(1, "r"));
    REQUIRE(say(4, Status{.session = "s"}).passes);
    CHECK(guard.may_hear("peer-1"));
    KeyList fewer = list();
    fewer.revoke("ann");
    const Guard::Cut cut = guard.replace(fewer);
    REQUIRE(cut.peers.size() == 1);
    CHECK(cut.peers[0].first == "peer-1");
    CHECK(cut.runs == std::vector<std::string>{"r"});
    CHECK_FALSE(cut.listener);
    CHECK_FALSE(guard.may_hear("peer-1"));
    CHECK(guard.may_hear("peer-4"));
    CHECK_FALSE(say(1, Submit{.run = "r2"}).passes);
    CHECK_FALSE(guard.may_hear("peer-1"));
    CHECK_FALSE(guard.lets_in(now, from(1), Guard::Door::messages));
    CHECK(noted("cut-off"));
}

TEST_CASE_FIXTURE(Guarded, "runs go on while their user has another key") {
    KeyList more = list();
    more.allow(known_key(9, "ann", {Role::submit}));
    guard.replace(more);
    REQUIRE(submit(1, "r"));
    more.revoke(key_word(1));
    const Guard::Cut cut = guard.replace(more);
    CHECK(cut.peers.size() == 1);
    CHECK(cut.runs.empty());
    CHECK(say(9, Cancel{"r"}).passes);
}

TEST_CASE_FIXTURE(Guarded, "where a worker's key is revoked nobody may go on listening unasked") {
    KeyList fewer = list();
    fewer.revoke("hal");
    CHECK(guard.replace(fewer).listener);
}

TEST_CASE_FIXTURE(Guarded, "a role that is taken away counts from the next message on") {
    REQUIRE(submit(1, "r"));
    KeyList less = list();
    less.allow(known_key(1, "ann", {Role::read}));
    CHECK(guard.replace(less).peers.empty());
    CHECK_FALSE(submit(1, "r2"));
    CHECK(say(1, Follow{.run = "r"}).passes);
}

TEST_CASE_FIXTURE(Guarded, "a user has so many open runs, and then no more") {
    guard = Guard(list(), {.otherwise = {.open_runs = 2}, .users = {{"bob", {.open_runs = 1}}}});
    REQUIRE(submit(1, "a"));
    REQUIRE(submit(1, "b"));
    const Guard::Verdict third = say(1, Submit{.run = "c"});
    CHECK_FALSE(third.passes);
    CHECK(third.refusal.find("2 runs") != std::string::npos);
    CHECK(submit(1, "a"));
    CHECK(submit(2, "d"));
    CHECK_FALSE(submit(2, "e"));  // one user may have another limit
    open.erase("a");
    CHECK(submit(1, "c"));
}

TEST_CASE_FIXTURE(Guarded, "a user who has too many open tests gets no other run") {
    std::map<std::string, std::uint64_t> tests;
    int counted = 0;
    guard = Guard(list(), {.otherwise = {.queued_tests = 10}}, [&](const std::string& run) {
        ++counted;
        return tests[run];
    });
    REQUIRE(submit(1, "a"));
    REQUIRE(submit(1, "b"));
    tests = {{"a", 6}, {"b", 5}};
    pass(Guard::count_interval);
    const Guard::Verdict refused = say(1, Submit{.run = "c"});
    CHECK_FALSE(refused.passes);
    CHECK(refused.refusal ==
          "ann has 11 tests that are not over, and with more than 10 may submit no other run");
    CHECK(submit(1, "a"));  // what is there is heard
    CHECK(submit(2, "d"));
    // Asking again and again is no work.
    counted = 0;
    for (int i = 0; i < 100; ++i) CHECK_FALSE(submit(1, "c"));
    CHECK(counted == 0);
    tests["b"] = 4;
    CHECK_FALSE(submit(1, "c"));
    pass(Guard::count_interval);
    CHECK(submit(1, "c"));
    // A run that is over is missed at once.
    tests["c"] = 9;
    pass(Guard::count_interval);
    CHECK_FALSE(submit(1, "e"));
    open.erase("c");
    CHECK(submit(1, "e"));
}

TEST_CASE_FIXTURE(Guarded, "limits that are changed count from the next message on") {
    guard = Guard(list(), {.otherwise = {.open_runs = 1, .messages_at_once = 2}});
    REQUIRE(submit(1, "a"));
    CHECK_FALSE(submit(1, "b"));
    CHECK_FALSE(say(1, Follow{.run = "a"}).passes);
    guard.limit({.users = {{"ann", {.open_runs = 2}}}});
    CHECK(submit(1, "b"));
    CHECK_FALSE(submit(1, "c"));
    CHECK(say(1, Follow{.run = "a"}).passes);
}

TEST_CASE_FIXTURE(Guarded, "what a user says beyond the limits is not heard, and others are") {
    guard = Guard(list(), {.otherwise = {.messages_per_second = 10, .messages_at_once = 5}});
    for (int i = 0; i < 5; ++i) CHECK(say(1, Follow{.run = "r"}).passes);
    CHECK_FALSE(say(1, Follow{.run = "r"}).passes);
    CHECK_FALSE(say(1, Follow{.run = "r"}, "another connection").passes);
    CHECK(noted("limited"));
    CHECK(say(2, Follow{.run = "r"}).passes);
    pass(1s);
    CHECK(say(1, Follow{.run = "r"}).passes);
}

TEST_CASE("a line of the log is one line, whatever peers say") {
    const std::string line = line_of(
        0, {.action = "submit", .user = "ann", .key = "k", .address = "10.0.0.1", .about = "a\nb"});
    CHECK(line == "1970-01-01T00:00:00Z submit user=ann key=k address=10.0.0.1 a?b");
    CHECK(line_of(0, {.action = "x", .about = std::string(100'000, 'y')}).size() < 1000);
}
