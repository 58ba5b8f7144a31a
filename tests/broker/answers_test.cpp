#include "broker/answers.hpp"

#include <algorithm>

#include "tests/broker/one_broker.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

using Labels = std::map<std::string, std::string>;
using Lines = std::vector<std::string>;

struct Asking : OneBroker {
    Answer ask(Question question, const std::string& about = "") {
        const Effects effects = broker.receive(now, "asker", Ask{++number, question, about});
        const auto answers = sent<Answer>(effects, "asker");
        REQUIRE(answers.size() == 1);
        CHECK(answers[0].number == number);
        return answers[0];
    }
    Lines why(const std::string& run) { return ask(Question::why, run).lines; }

    void come_with(const std::string& session, std::uint32_t slots, Labels labels) {
        Status one = status({}, session, slots);
        one.labels = std::move(labels);
        say(one);
    }
    void submit_for(const std::string& run, Labels labels, std::uint32_t slots = 1,
                    const std::string& user = "") {
        RunSpec spec{.slots = slots};
        spec.environments = {{.name = "there", .slots = slots, .labels = std::move(labels)}};
        broker.receive(now, run + "'s client", Submit{.run = run, .spec = spec, .order = {user}});
    }

    std::uint64_t number = 0;
};

}  // namespace

TEST_CASE_FIXTURE(Asking, "runs are told of with who submitted them, those that are open first") {
    come("worker", 1);
    broker.receive(now, "ann", Submit{.run = "one", .order = {.user = "ann", .title = "tests/"}});
    now += std::chrono::seconds(2);
    submit("two");
    const Answer answer = ask(Question::runs);
    REQUIRE(answer.runs.size() == 2);
    CHECK(answer.runs[0].run == "two");
    CHECK(answer.runs[0].state == RunState::waits);
    CHECK(answer.runs[0].slots_wanted == 1);
    CHECK(answer.runs[0].age == 0);
    CHECK(answer.runs[1].run == "one");
    CHECK(answer.runs[1].state == RunState::runs);
    CHECK(answer.runs[1].order.user == "ann");
    CHECK(answer.runs[1].order.title == "tests/");
    CHECK(answer.runs[1].slots == 1);
    CHECK(answer.runs[1].age == 2);
    CHECK(answer.runs[1].followed);
    now += std::chrono::seconds(6);
    CHECK_FALSE(ask(Question::runs).runs[1].followed);
}

TEST_CASE_FIXTURE(Asking, "a run's verdicts are counted, and the tests that have none yet") {
    say(status());
    submit("run");
    say(status({{{1, 1}, 0, {SlotBegan{}, UnitsNamed{{"a"}}, Ended{}}}}));
    say(status({{{2, 1},
                 0,
                 {TestsFound{{{"x"}, {"y"}, {"z"}}}, Finished{0, {}},
                  Finished{1, {.outcome = Outcome::skipped}}}}}));
    const Answer answer = ask(Question::runs);
    REQUIRE(answer.runs.size() == 1);
    const std::map<Outcome, std::uint64_t> expected{{Outcome::passed, 1}, {Outcome::skipped, 1}};
    CHECK(answer.runs[0].verdicts == expected);
    CHECK(answer.runs[0].open == 1);
}

TEST_CASE_FIXTURE(Asking, "a run that is over says how it ended, and how long it took") {
    submit("run");
    now += std::chrono::seconds(3);
    broker.receive(now, "client", Cancel{"run"});
    now += std::chrono::seconds(4);
    const Answer answer = ask(Question::runs);
    REQUIRE(answer.runs.size() == 1);
    CHECK(answer.runs[0].state == RunState::over);
    CHECK(answer.runs[0].took == 3);
    CHECK(answer.runs[0].age == 7);
    REQUIRE(answer.runs[0].end);
    CHECK(answer.runs[0].end->end == RunEnd::cancelled);
    CHECK(why("run") == Lines{"it waits for nothing: it is over (xgrid attach run shows it)"});
}

TEST_CASE_FIXTURE(Asking, "workers are told of with their labels, use and last word") {
    come_with("b", 4, {{"os", "linux"}});
    Status named = status({}, "a", 2);
    named.name = "anvil";
    named.version = "1.2";
    named.trouble = "its disk is full";
    named.drains = true;
    say(named);
    submit_for("run", {{"os", "linux"}}, 1);
    now += std::chrono::seconds(2);
    const Answer answer = ask(Question::workers);
    REQUIRE(answer.workers.size() == 2);
    CHECK(answer.workers[0] == WorkerSummary{.name = "anvil",
                                             .host = "a's host",
                                             .slots = 2,
                                             .silent = 2,
                                             .version = "1.2",
                                             .trouble = "its disk is full",
                                             .drains = true});
    CHECK(answer.workers[1] == WorkerSummary{.name = "b's host",
                                             .host = "b's host",
                                             .labels = {{"os", "linux"}},
                                             .slots = 4,
                                             .used = 1,
                                             .silent = 2,
                                             .runs = {"run"}});
}

TEST_CASE_FIXTURE(Asking,
                  "slots that could be used and are not there are counted by their labels") {
    CHECK(ask(Question::wanted).wanted.empty());
    come_with("worker", 1, {{"os", "linux"}});
    submit_for("a", {{"gpu", "yes"}});
    submit_for("b", {{"gpu", "yes"}});
    submit_for("c", {{"os", "linux"}});
    submit_for("d", {{"os", "linux"}});
    const std::vector<WantedSlots> expected{{{{"gpu", "yes"}}, 2}, {{{"os", "linux"}}, 1}};
    CHECK(ask(Question::wanted).wanted == expected);
}

TEST_CASE_FIXTURE(Asking, "without any worker a run says how one is started") {
    submit("run");
    CHECK(why("run") == Lines{"waits for a slot: no worker is there (start one: xgrid worker "
                              "--broker ENDPOINT)"});
}

TEST_CASE_FIXTURE(Asking, "labels that no worker has are named, and what there is instead") {
    come_with("worker", 2, {{"gpu", "no"}});
    submit_for("run", {{"gpu", "yes"}, {"os", "linux"}});
    CHECK(why("run") ==
          Lines{"waits for a slot: no worker has the labels gpu=yes, os=linux; there is gpu=no "
                "(start one: xgrid worker --broker ENDPOINT --label gpu=yes --label os=linux)"});
}

TEST_CASE_FIXTURE(Asking, "what there is instead of one value is each other one, by itself") {
    come_with("worker", 2, {{"python", "3.9,3.11"}});
    submit_for("run", {{"python", "3.12"}});
    CHECK(why("run").at(0).find("; there is python=3.11, python=3.9 (start") != std::string::npos);
    submit_for("named", {{"name", "anvil"}});
    CHECK(why("named").at(0).find("; there is name=worker's host (start one: xgrid worker --broker "
                                  "ENDPOINT --name anvil)") != std::string::npos);
    submit_for("served", {{"python", "3.9"}});
    CHECK(slots_of("served") == 1);
}

TEST_CASE_FIXTURE(Asking, "a worker that has left in order is told of no more") {
    say(status());
    Status gone = status({}, "worker", 0);
    gone.drains = true;
    say(gone);
    CHECK(ask(Question::workers).workers.empty());
    submit("run");
    CHECK(why("run").at(0).find("no worker is there") != std::string::npos);
}

TEST_CASE_FIXTURE(Asking, "a worker is told of with its user, as far as that is known") {
    broker.tell_users([](const std::string& peer) { return "the user of " + peer; });
    say(status());
    CHECK(ask(Question::workers).workers.at(0).user == "the user of worker's peer");
}

TEST_CASE_FIXTURE(Asking,
                  "a limit of slots is why a run gets none, and no more of them are asked for") {
    broker.set_shares({.users = {{"ann", {.slots_max = 1}}}});
    come("worker", 3);
    for (const std::string run : {"one", "two"}) {
        broker.receive(now, "ann", Submit{.run = run, .order = {.user = "ann"}});
    }
    const std::vector<std::string> lines = ask(Question::why, "two").lines;
    REQUIRE(!lines.empty());
    CHECK(lines[0].starts_with("waits for a slot: ann has as many slots as one user may have"));
    CHECK(ask(Question::wanted).wanted.empty());
    broker.set_shares({});
    CHECK(ask(Question::wanted).wanted.size() == 1);
}

TEST_CASE_FIXTURE(Asking, "slots that others have are told of with whose they are") {
    come_with("worker", 1, {{"gpu", "yes"}});
    submit_for("ab12cd34ef", {{"gpu", "yes"}}, 1, "ann");
    submit_for("run", {{"gpu", "yes"}});
    CHECK(why("run") == Lines{"waits for a slot: the only slot that fits is taken: 1 by ann's run "
                              "ab12cd34 (it gets one as one comes free; another worker would help, "
                              "or xgrid cancel RUN)"});
}

TEST_CASE_FIXTURE(Asking, "files that wait for a slot are counted") {
    say(status());
    submit("run", {.slots = 2});
    CHECK(why("run").back() ==
          "1 slot has not begun: its interpreter starts (xgrid worker tells of trouble there)");
    say(status({{{1, 1}, 0, {SlotBegan{}}}}));
    CHECK(why("run").back() == "1 slot runs: its files are being listed");
    say(status({{{1, 1}, 1, {UnitsNamed{{"a", "b", "c"}}, Ended{}}}}));
    const Lines lines = why("run");
    REQUIRE(lines.size() == 2);
    CHECK(lines[0] ==
          "could use more slots: the only slot that fits is taken: 1 by this run (it "
          "gets one as one comes free; another worker would help)");
    CHECK(lines[1].find(" of 3 files wait") != std::string::npos);
    CHECK(lines[1].ends_with(", 1 slot runs"));
}

TEST_CASE_FIXTURE(Asking, "what files need beside a slot is told, and who has it") {
    say(status({}, "worker", 3));
    submit("run", {.slots = 3});
    UnitsNamed named{{"a", "b", "c"}, {{1, {"x"}}, {1, {"x"}}, {.serial = true}}};
    say(status({{{1, 1}, 0, {SlotBegan{}, std::move(named), Ended{}}}}, "worker", 3));
    CHECK(why("run") == Lines{"2 of 3 files wait, 1 slot runs",
                              "1 file waits for the lock x: a in gw0 has it",
                              "1 file runs alone, when nothing else is left to run"});
}

TEST_CASE_FIXTURE(Asking, "code that does not come is why a slot does not begin") {
    say(status());
    RunSpec spec;
    spec.tree = TreeSpec{};
    submit("run", spec);
    CHECK(why("run").back() ==
          "1 slot has not begun: its code is on the way, or its interpreter starts");
    now += std::chrono::seconds(6);
    CHECK(why("run").back() ==
          "1 slot has not begun: its client has not sent all of its code, and "
          "is not there (submit it again where the code is)");
}

TEST_CASE_FIXTURE(Asking, "a worker that takes nothing is why it does not help") {
    Status full = status();
    full.name = "anvil";
    full.trouble = "its disk is full";
    say(full);
    submit("one");
    submit("run");
    CHECK(why("run") == Lines{"waits for a slot: the only worker that would do takes nothing new "
                              "(another worker would help: xgrid worker --broker ENDPOINT)",
                              "worker anvil takes nothing new: its disk is full"});
    const std::vector<WantedSlots> wanted{{{}, 2}};
    CHECK(ask(Question::wanted).wanted == wanted);
}

TEST_CASE_FIXTURE(Asking, "a run may be named by how its id begins, if no other begins so") {
    submit("abc");
    submit("abd");
    submit("a");
    CHECK(ask(Question::why, "abc").runs.at(0).run == "abc");
    CHECK(ask(Question::why, "a").runs.at(0).run == "a");
    CHECK(ask(Question::why, "abd").trouble.empty());
    CHECK(ask(Question::why, "ab").trouble ==
          "more runs than one begin with ab: give more of its id (xgrid runs --json shows all of "
          "it)");
    CHECK(ask(Question::why, "x").trouble == "there is no run x (xgrid runs lists them)");
    CHECK(ask(Question::why, "").trouble == "no run is named (xgrid runs lists them)");
    CHECK(ask(Question::why, "x").lines.empty());
}
