// A worker as it is, with its sockets, and a broker that is played.
#include "worker/loop.hpp"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "shared/codec.hpp"
#include "shared/endpoint.hpp"
#include "shared/instant.hpp"
#include "shared/socket.hpp"
#include "shared/topics.hpp"
#include "tests/client/temp_folder.hpp"
#include "tests/shared/other_process.hpp"

using namespace xgrid;
using namespace std::chrono_literals;

namespace {

// Of the broker; the worker has come to it, and said its first status.
struct Played {
    client::TempFolder folder;
    std::string endpoint = "ipc://" + folder / "grid";
    // First, as it begins without threads.
    OtherProcess worker{[this] {
        return worker::run({.broker = endpoint, .name = "host", .cache = folder / "cache"});
    }};
    Context context;
    Router router{context, endpoint};
    Publisher publisher{context, topics_beside(endpoint)};
    std::string peer;
    Status said;  // last
    std::set<std::string> listened;

    Played() {
        until([&] { return said.number > 0; });
    }

    void send(const Message& message) { REQUIRE(router.send(peer, encode(message))); }
    void publish(const std::string& topic, std::uint64_t number, const Orders& orders) {
        publisher.send(encode(Publication{topic, number, orders}));
    }

    void until(const std::function<bool()>& done) {
        const Instant give_up = std::chrono::steady_clock::now() + 30s;
        while (!done()) {
            REQUIRE(std::chrono::steady_clock::now() < give_up);
            std::vector<zmq::pollitem_t> items = {router.poll_item(), publisher.poll_item()};
            wait_for(items, 1s);
            while (const auto subscription = publisher.receive()) {
                if (subscription->begins) listened.insert(subscription->topic);
            }
            while (const auto received = router.receive()) hear(*received);
        }
    }

    void hear(const Received& received) {
        if (received.frames.empty()) {
            peer = received.peer;
            return send(Welcome{"token", publisher.endpoint()});
        }
        Result<Message> message = decode(received.views());
        REQUIRE(message);
        if (const auto* status = std::get_if<Status>(&*message)) said = *status;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Played, "a worker listens where its broker publishes, obeys, and says so") {
    const std::string own = topic_of_session(said.session);
    const std::string all = topic_of_labels(said.labels);
    // All that it is ever sent: whom to follow.
    send(Orders{.broker = "token", .session = said.session, .number = 1});
    until(
        [&] { return said.broker == "token" && listened.contains(own) && listened.contains(all); });

    RunSpec spec{.interpreter = folder / "no-such-interpreter"};
    publish(all, 5, {.broker = "token", .number = 5, .runs = {{.run = "run", .spec = spec}}});
    const AttemptOrders attempt{
        .id = {7, 1}, .run = "run", .slot = "gw0", .body = JobBody{.kind = JobKind::enumerate}};
    publish(own, 6,
            {.broker = "token",
             .session = said.session,
             .number = 2,
             .runs = {{.run = "run", .slots = {"gw0"}}},
             .attempts = {attempt}});
    until([&] { return !said.attempts.empty() && !said.attempts[0].facts.empty(); });
    CHECK(said.heard == std::map<std::string, std::uint64_t>{{all, 5}, {own, 6}});
    CHECK(said.runs == std::vector<std::string>{"run"});
    CHECK(said.attempts[0].id == attempt.id);
}
