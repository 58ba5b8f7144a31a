#include "client/dialling.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::client;
using namespace std::chrono_literals;

namespace {

const Instant start = Instant() + 1h;

struct Fixture {
    Dialling dialling{start, "s", {.slots = 2, .label = "0", .pack = true}};

    Dialling::Effects answer(DialState state, std::uint32_t slots = 0, std::uint32_t ahead = 0,
                             const std::string& text = "") {
        return dialling.receive(
            start, {.session = "s", .state = state, .slots = slots, .ahead = ahead, .text = text});
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "it dials when greeted, and again and again") {
    const Dialling::Effects greeted = dialling.greeted(start, Line::control);
    REQUIRE(greeted.send.size() == 1);
    CHECK(greeted.send[0].first == Line::control);
    const Dial& dial = greeted.send[0].second;
    CHECK(dial.session == "s");
    CHECK(dial.slots == 2);
    CHECK(dial.label == "0");
    CHECK(dial.pack);
    CHECK(dialling.advance(start + 500ms).send.empty());
    CHECK(dialling.advance(start + 1s).send.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "the second connection joins once there is a session") {
    CHECK(dialling.greeted(start, Line::content).send.empty());
    const Dialling::Effects granted = answer(DialState::granted, 2);
    REQUIRE(granted.send.size() == 1);
    CHECK(granted.send[0].second.line == Line::content);
    CHECK(granted.notes.empty());
    CHECK(dialling.greeted(start, Line::content).send.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "the user hears of waiting and of fewer slots, once") {
    CHECK(answer(DialState::waiting, 0, 1).notes.size() == 1);
    CHECK(answer(DialState::waiting, 0, 1).notes.empty());
    CHECK(answer(DialState::waiting, 0, 0).notes.size() == 1);
    const Dialling::Effects fewer = answer(DialState::granted, 1);
    REQUIRE(fewer.notes.size() == 1);
    CHECK(fewer.notes[0] == "has 1 of the 2 slots that were asked for");
    CHECK(answer(DialState::granted, 1).notes.empty());
}

TEST_CASE_FIXTURE(Fixture, "an end is one, with what the worker says") {
    answer(DialState::granted, 2);
    answer(DialState::ended, 0, 0, "the worker there was killed");
    CHECK(dialling.trouble() == "the worker there was killed");
    CHECK(dialling.next_deadline() == never);
}

TEST_CASE_FIXTURE(Fixture, "answers for another session are not for us") {
    dialling.receive(start, {.session = "other", .state = DialState::ended});
    CHECK(dialling.trouble().empty());
}

TEST_CASE_FIXTURE(Fixture, "a silent worker is given up, not before its time") {
    answer(DialState::granted, 2);
    dialling.advance(start + 9s);
    CHECK(dialling.trouble().empty());
    dialling.advance(start + 10s);
    CHECK(dialling.trouble() == "its worker has not answered for 10 s");
}

TEST_CASE_FIXTURE(Fixture, "where nobody listens any more, none is waited for") {
    answer(DialState::granted, 2);
    dialling.hear(start + 1s, LineNews::refused);
    dialling.advance(start + 2s);
    CHECK(dialling.trouble().empty());
    dialling.hear(start + 3s, LineNews::refused);
    dialling.advance(start + 4s);
    CHECK(dialling.trouble() == "its worker is gone: nobody listens there any more");
}

TEST_CASE_FIXTURE(Fixture, "one that is back in time is not given up") {
    dialling.hear(start, LineNews::refused);
    dialling.greeted(start + 2s, Line::control);
    dialling.advance(start + 4s);
    CHECK(dialling.trouble().empty());
}

TEST_CASE_FIXTURE(Fixture, "a wrong token is told") {
    SUBCASE("by the worker") {
        dialling.hear(start, LineNews::denied);
        CHECK(dialling.trouble().starts_with("does not take this token"));
    }
    SUBCASE("by connections that are cut") {
        dialling.hear(start, LineNews::failed);
        CHECK(dialling.trouble().empty());
        dialling.hear(start, LineNews::failed);
        CHECK(dialling.trouble().starts_with("was given the wrong token"));
    }
    SUBCASE("unless one of them was not") {
        dialling.hear(start, LineNews::failed);
        dialling.greeted(start, Line::control);
        dialling.hear(start, LineNews::failed);
        CHECK(dialling.trouble().empty());
    }
}
