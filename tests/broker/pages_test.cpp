#include "broker/pages.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <poll.h>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::broker;

namespace {

// A desk, and somebody who answers what lies there.
struct Office {
    Office() : clerk([this](const std::stop_token& stop) { work(stop); }) {}
    ~Office() { desk.close(); }

    void work(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            const auto open = desk.take();
            if (!open) {
                std::this_thread::yield();
                continue;
            }
            ++asked;
            if (const auto* events = std::get_if<EventsAsked>(&open->question)) {
                open->reply.set_value(answer_to(*events));
            } else {
                open->reply.set_value(Answer{.runs = {{.run = "abc"}}, .lines = {"because"}});
            }
        }
    }

    // The run "abc" has five events, and gives two at a time.
    static EventsGiven answer_to(const EventsAsked& asked) {
        EventsGiven given;
        if (asked.run != "abc") return given;
        given.run = asked.run;
        given.first = std::min<std::uint64_t>(asked.from, 5);
        for (std::uint64_t i = given.first; i < std::min<std::uint64_t>(given.first + 2, 5); ++i) {
            given.events.emplace_back(NoteSeen{.text = std::to_string(i)});
        }
        given.over = true;
        given.more = given.first + 2 < 5;
        return given;
    }

    std::vector<std::string> read(RunStream stream) const {
        std::vector<std::string> all;
        while (const auto text = stream.next([](Duration) { return true; })) all.push_back(*text);
        return all;
    }

    Desk desk;
    Pages pages{desk};
    std::atomic<int> asked = 0;
    Instant now = Instant() + std::chrono::hours(1);
    std::jthread clerk;
};

}  // namespace

TEST_CASE_FIXTURE(Office, "however many ask, a question is heard once a second") {
    for (int i = 0; i < 5; ++i) {
        const auto page = pages.page("/api/why", "/api/why?run=abc", now);
        REQUIRE(page);
        CHECK(page->status == 200);
        CHECK(page->text.find(R"("why":["because"])") != std::string::npos);
    }
    CHECK(asked == 1);
    now += std::chrono::milliseconds(1001);
    CHECK(pages.page("/api/why", "/api/why?run=abc", now));
    CHECK(asked == 2);
}

TEST_CASE_FIXTURE(Office, "what is not there is no page, and what makes no sense is refused") {
    CHECK(!pages.page("/api/", "/api/", now));
    CHECK(!pages.page("/api/runs/", "/api/runs/", now));
    CHECK(pages.page("/api/events", "/api/events?run=other", now)->status == 404);
    CHECK(pages.page("/api/events", "/api/events?run=abc&from=-1", now)->status == 400);
    CHECK(pages.page("/api/events", "/api/events?run=abc&from=3", now)->status == 200);
}

TEST_CASE_FIXTURE(Office, "a stream has each event once, and ends with the run") {
    const std::vector<std::string> all = read(pages.stream("/api/stream?run=abc", 0));
    REQUIRE(all.size() == 3);
    CHECK(all[0].starts_with("id: 2\ndata: {"));
    CHECK(all[1].starts_with("id: 4\ndata: {"));
    CHECK(all[2].starts_with("id: 5\ndata: {"));
    CHECK(all[2].find(R"("last":true)") != std::string::npos);
    const std::vector<std::string> rest = read(pages.stream("/api/stream?run=abc", 4));
    REQUIRE(rest.size() == 1);
    CHECK(rest[0] == all[2]);
    const std::vector<std::string> none = read(pages.stream("/api/stream?run=other", 0));
    REQUIRE(none.size() == 1);
    CHECK(none[0].starts_with("event: unknown\n"));
}

TEST_CASE("without an answer the page says so, and a stream waits until the broker ends") {
    Desk desk;
    desk.close();
    Pages pages(desk);
    CHECK(pages.page("/api/runs", "/api/runs", Instant())->status == 503);
    int waits = 0;
    RunStream stream = pages.stream("/api/stream?run=abc", 0);
    CHECK(!stream.next([&](Duration) { return ++waits < 3; }));
    CHECK(waits == 3);
}

TEST_CASE("a question that lies there can be heard of, and who asked gets the reply") {
    Desk desk;
    std::optional<Answer> answer;
    std::jthread asker([&] { answer = desk.ask(Ask{.about = "this"}); });
    pollfd item{desk.descriptor(), POLLIN, 0};
    REQUIRE(::poll(&item, 1, 10'000) == 1);
    const auto open = desk.take();
    REQUIRE(open);
    CHECK(std::get<Ask>(open->question).about == "this");
    CHECK(!desk.take());
    CHECK(::poll(&item, 1, 0) == 0);
    open->reply.set_value(Answer{.number = 7});
    asker.join();
    REQUIRE(answer);
    CHECK(answer->number == 7);
}
