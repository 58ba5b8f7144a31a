#include "client/lookout.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::client;
using namespace std::chrono_literals;

namespace {

const Instant start = Instant() + 1h;

const RunSummary waits{.run = "w1", .state = RunState::waits};
const RunSummary content{.run = "c1", .state = RunState::runs, .slots = 2};

// Answers what is asked, and what is asked then.
void answer_all(Lookout& lookout, Instant now, std::vector<Message> asked,
                const std::vector<RunSummary>& runs) {
    while (!asked.empty()) {
        const Ask ask = std::get<Ask>(asked.front());
        asked.erase(asked.begin());
        Answer answer{.number = ask.number};
        if (ask.question == Question::runs) answer.runs = runs;
        if (ask.question == Question::workers) answer.workers = {{.name = "anvil", .slots = 2}};
        if (ask.question == Question::why) answer.lines = {"because of " + ask.about};
        for (Message& more : lookout.receive(now, answer)) asked.push_back(std::move(more));
    }
}

}  // namespace

TEST_CASE("a round is over when all is answered, also why runs wait") {
    Lookout lookout("tcp://here:1");
    std::vector<Message> asked = lookout.advance(start);
    CHECK(asked.size() == 3);
    CHECK(lookout.rounds() == 0);
    answer_all(lookout, start, std::move(asked), {waits, content});
    CHECK(lookout.rounds() == 1);
    CHECK(lookout.overview().runs.size() == 2);
    CHECK(lookout.overview().workers.size() == 1);
    CHECK(lookout.overview().why ==
          std::map<std::string, std::vector<std::string>>{{"w1", {"because of w1"}}});
}

TEST_CASE("it asks once a second, and forgets why a run waited that does not any more") {
    Lookout lookout("tcp://here:1");
    answer_all(lookout, start, lookout.advance(start), {waits});
    CHECK(lookout.advance(start + 500ms).empty());
    CHECK(lookout.next_deadline() == start + Lookout::interval);
    answer_all(lookout, start + 1s, lookout.advance(start + 1s), {content});
    CHECK(lookout.rounds() == 2);
    CHECK(lookout.overview().why.empty());
}

TEST_CASE("a broker that is away is told of, asked on, and asked at once when it is back") {
    Lookout lookout("tcp://here:1");
    answer_all(lookout, start, lookout.advance(start), {content});
    CHECK(lookout.advance(start + 1s).size() == 3);
    CHECK(lookout.overview().trouble.empty());
    lookout.advance(start + 2s);
    CHECK(lookout.advance(start + 3s).size() == 3);
    CHECK(lookout.overview().trouble == "no broker answers at tcp://here:1 for 3 s");
    CHECK(lookout.overview().runs.size() == 1);  // as it was
    CHECK(lookout.rounds() == 2);                // what is not of now is worth showing, too
    lookout.receive(start + 3200ms, Welcome{.version = "2"});
    std::vector<Message> asked = lookout.advance(start + 3200ms);
    CHECK(asked.size() == 3);
    answer_all(lookout, start + 3300ms, std::move(asked), {});
    CHECK(lookout.overview().trouble.empty());
    CHECK(lookout.overview().version == "2");
}

TEST_CASE("answers to earlier rounds, and second answers, change nothing") {
    Lookout lookout("tcp://here:1");
    const std::vector<Message> early = lookout.advance(start);
    const std::vector<Message> late = lookout.advance(start + 1s);
    const std::uint64_t number = std::get<Ask>(early.front()).number;
    CHECK(lookout.receive(start + 1s, Answer{.number = number, .runs = {waits}}).empty());
    CHECK(lookout.overview().runs.empty());
    const std::uint64_t current = std::get<Ask>(late.front()).number;
    CHECK(lookout.receive(start + 1s, Answer{.number = current, .runs = {waits}}).size() == 1);
    CHECK(lookout.receive(start + 1s, Answer{.number = current, .runs = {waits}}).empty());
}

TEST_CASE("why a broker refuses is told") {
    Lookout lookout("tcp://here:1");
    lookout.advance(start);
    lookout.receive(start, Refusal{"no such user"});
    CHECK(lookout.overview().trouble == "the broker refuses: no such user");
}
