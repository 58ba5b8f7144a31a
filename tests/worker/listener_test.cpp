#include "worker/listener.hpp"

#include <doctest/doctest.h>

#include "shared/codec.hpp"

using namespace xgrid;
using namespace xgrid::worker;
using namespace std::chrono_literals;

namespace {

const Instant start = Instant() + 1h;

struct Fixture {
    Listener listener{3};

    Listener::Effects dial(const std::string& session, std::uint32_t slots, Instant now = start) {
        return listener.receive(now, "to-" + session, {.session = session, .slots = slots});
    }
};

DialAnswer last(const Listener::Effects& effects) {
    REQUIRE(!effects.send.empty());
    return effects.send.back().second;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a session gets what it asks for, of what is free") {
    const Listener::Effects first = dial("a", 2);
    REQUIRE(first.start.size() == 1);
    CHECK(first.start[0].slots == 2);
    CHECK(last(first).state == DialState::granted);
    const Listener::Effects second = dial("b", 2);
    REQUIRE(second.start.size() == 1);
    CHECK(second.start[0].slots == 1);
    CHECK(last(second).slots == 1);
    CHECK(listener.slots_free() == 0);
    CHECK(dial("a", 2).start.empty());  // again
}

TEST_CASE_FIXTURE(Fixture, "others wait in the order of their coming") {
    const SessionKey key = dial("a", 3).start[0].session;
    CHECK(last(dial("b", 1)).state == DialState::waiting);
    CHECK(last(dial("c", 1)).ahead == 1);
    CHECK(dial("a", 0).end == std::vector{key});
    CHECK(listener.slots_free() == 0);  // until its worker is gone
    const Listener::Effects gone = listener.worker_gone(key, "ended");
    CHECK(gone.start.size() == 2);
    CHECK(listener.sessions() == 2);
    CHECK(listener.slots_free() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a silent client is gone") {
    const SessionKey key = dial("a", 1).start[0].session;
    CHECK(listener.advance(start + 9s).end.empty());
    dial("a", 1, start + 9s);
    CHECK(listener.advance(start + 18s).end.empty());
    CHECK(listener.next_deadline() == start + 19s);
    CHECK(listener.advance(start + 19s).end == std::vector{key});
    CHECK(listener.advance(start + 30s).end.empty());  // it was told already
    listener.worker_gone(key, "ended");
    CHECK(listener.sessions() == 0);
    CHECK(listener.slots_free() == 3);
}

TEST_CASE_FIXTURE(Fixture, "a client whose connection is gone has less time, unless it is back") {
    const SessionKey key = dial("a", 1).start[0].session;
    listener.connection_gone(start + 1s, "to-a");
    CHECK(listener.next_deadline() == start + 4s);
    CHECK(listener.advance(start + 3s).end.empty());
    SUBCASE("it is not") { CHECK(listener.advance(start + 4s).end == std::vector{key}); }
    SUBCASE("it is, or was never gone") {
        dial("a", 1, start + 3s);
        CHECK(listener.next_deadline() == start + 13s);
    }
    SUBCASE("it was silent for long before") {
        dial("b", 1, start + 1s);
        listener.connection_gone(start + 9s, "to-b");
        CHECK(listener.advance(start + 11s).end.size() == 2);
    }
    SUBCASE("others have theirs, and a stranger's is nobody's") {
        dial("b", 1, start + 3s);
        listener.connection_gone(start + 3s, "to-nobody");
        CHECK(listener.advance(start + 4s).end.size() == 1);
    }
}

TEST_CASE_FIXTURE(Fixture, "a worker that dies is told, and its slots are for others") {
    const SessionKey key = dial("a", 3).start[0].session;
    dial("b", 1);
    const Listener::Effects gone = listener.worker_gone(key, "killed");
    REQUIRE(gone.send.size() == 2);
    CHECK(gone.send[0].first == "to-a");
    CHECK(gone.send[0].second.state == DialState::ended);
    CHECK(gone.send[0].second.text == "killed");
    CHECK(gone.send[1].first == "to-b");
    CHECK(last(dial("a", 3)).state == DialState::ended);  // it gets no other
    CHECK(listener.worker_gone(key, "again").send.empty());
}

TEST_CASE_FIXTURE(Fixture, "only a session's own connections are its") {
    const SessionKey key = dial("a", 1).start[0].session;
    CHECK(listener.session_of("to-a") == std::pair(key, Line::control));
    CHECK(!listener.session_of("stranger"));
    listener.receive(start, "more-a", {.session = "a", .line = Line::content, .slots = 1});
    CHECK(listener.connection_of(key, Line::content) == "more-a");
    // A session without its first connection is none.
    listener.receive(start, "stranger", {.session = "x", .line = Line::content, .slots = 1});
    CHECK(!listener.session_of("stranger"));
    // It has reconnected.
    CHECK(listener.receive(start, "new-a", {.session = "a", .slots = 1}).connected ==
          std::vector{key});
    CHECK(!listener.session_of("to-a"));
}

TEST_CASE("what is no session, or one too many, is refused") {
    Listener listener(1, {.sessions_max = 1});
    CHECK(last(listener.receive(start, "x", {.session = "", .slots = 1})).state ==
          DialState::ended);
    CHECK(last(listener.receive(start, "x", {.session = std::string(65, 'a'), .slots = 1})).state ==
          DialState::ended);
    CHECK(last(listener.receive(start, "x",
                                {.session = "a", .slots = 1, .label = std::string(257, 'a')}))
              .state == DialState::ended);
    CHECK(listener.receive(start, "x", {.session = "a", .slots = 0}).send.empty());
    CHECK(listener.sessions() == 0);
    listener.receive(start, "x", {.session = "a", .slots = 1});
    CHECK(last(listener.receive(start, "y", {.session = "b", .slots = 1})).state ==
          DialState::ended);
    CHECK(listener.sessions() == 1);
}

TEST_CASE("dials and answers survive the wire, and are no other messages") {
    const auto views = [](const std::vector<std::string>& frames) {
        return std::vector<std::string_view>(frames.begin(), frames.end());
    };
    const std::vector<std::string> frames = encode_dial(
        Dial{.session = "s", .line = Line::content, .slots = 3, .label = "l", .pack = true});
    Result<DialMessage> message = decode_dial(views(frames));
    REQUIRE(message);
    const Dial& dial = std::get<Dial>(*message);
    CHECK(dial.session == "s");
    CHECK(dial.line == Line::content);
    CHECK(dial.slots == 3);
    CHECK(dial.label == "l");
    CHECK(dial.pack);
    CHECK(!decode(views(frames)));
    CHECK(!decode_dial(views(encode(Welcome{}))));
    for (std::size_t size = 0; size < frames[2].size(); ++size) {
        CHECK(!decode_dial({frames[0], frames[1], std::string_view(frames[2]).substr(0, size)}));
    }
}
