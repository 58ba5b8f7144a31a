// A broker as it is, with its sockets, and a worker that is played.
#include "broker/loop.hpp"

#include <functional>
#include <map>
#include <optional>
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

const std::string own = topic_of_session("session");
const std::string all = topic_of_labels({});

struct Played {
    client::TempFolder folder;
    std::string endpoint = "ipc://" + folder / "grid";
    // First, as it begins without threads.
    OtherProcess broker{[this] {
        return broker::run({.bind = endpoint, .data = folder.path(), .embedded = true});
    }};
    Context context;
    Dealer dealer{context, endpoint};  // of the worker, and of a client
    std::optional<Subscriber> subscriber;
    std::string token;
    Status status{.session = "session", .slots = 2, .host = "host"};
    std::map<std::string, Publication> published;  // last ones
    bool follows = false;

    // Says what is there to be said until that is so.
    void until(const std::function<bool()>& done) {
        const Instant give_up = std::chrono::steady_clock::now() + 30s;
        while (!done()) {
            REQUIRE(std::chrono::steady_clock::now() < give_up);
            std::vector<zmq::pollitem_t> items = {dealer.poll_item()};
            if (subscriber) items.push_back(subscriber->poll_item());
            wait_for(items, 100ms);
            while (const auto received = dealer.receive()) hear(*received);
            while (subscriber) {
                const auto received = subscriber->receive();
                if (!received) break;
                Result<Publication> publication = decode_publication(received->views());
                REQUIRE(publication);
                published[publication->topic] = *publication;
            }
            say();
        }
    }

    void say() {
        ++status.number;
        status.broker = token;
        for (const auto& [topic, publication] : published) {
            status.heard[topic] = publication.number;
        }
        dealer.send(encode(Message(status)));
    }

    void hear(const Received& received) {
        if (received.frames.empty()) return;
        Result<Message> message = decode(received.views());
        REQUIRE(message);
        if (const auto* welcome = std::get_if<Welcome>(&*message)) {
            token = welcome->broker;
            subscriber.emplace(context, topics_reached(endpoint, welcome->topics),
                               std::vector{own, all});
        }
        follows = follows || std::holds_alternative<Orders>(*message);
    }
};

}  // namespace

TEST_CASE_FIXTURE(Played, "what is published for a worker reaches it where it listens") {
    until([&] { return follows; });
    const RunSpec spec{.environments = {{.name = "a"}, {.name = "b"}}, .each = true};
    dealer.send(encode(Message(Submit{.run = "run", .spec = spec})));
    until([&] { return published.contains(own) && published.contains(all); });
    REQUIRE(std::holds_alternative<Orders>(published[all].message));
    CHECK(std::get<Orders>(published[all].message).runs.at(0).spec == spec);
    const Orders orders = std::get<Orders>(published[own].message);
    CHECK(orders.broker == token);
    CHECK(orders.attempts.size() == 2);
}
