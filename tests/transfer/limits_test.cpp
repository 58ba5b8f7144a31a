// What those who break the rules of content can do: nothing to others, and little to themselves.
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "broker/hub.hpp"
#include "shared/content_limits.hpp"
#include "shared/tree.hpp"
#include "tests/shared/memory_shelf.hpp"
#include "worker/tree_fetch.hpp"

using namespace xgrid;
using broker::Hub;

namespace {

constexpr std::size_t turns_of_a_peer = Asking::turns_under_way;

ObjectId id_of(std::size_t number) { return object_id(ObjectKind::blob, std::to_string(number)); }

Want want_of(const std::string& run, std::uint64_t turn, std::size_t first, std::size_t count) {
    Want want{.run = run, .turn = turn};
    for (std::size_t i = 0; i < count; ++i) want.objects.push_back({id_of(first + i)});
    return want;
}

struct There {
    Instant now{};
    MemoryShelf shelf{"broker"};
    Hub hub{shelf};
};

}  // namespace

TEST_CASE("a want of too many objects is answered with why, and nothing is kept of it") {
    There there;
    there.hub.receive(there.now, "client", Offer{"run"});
    const Hub::Sends sends =
        there.hub.receive(there.now, "worker", want_of("run", 1, 0, wanted_objects_max + 1));
    REQUIRE(sends.size() == 1);
    const Content& content = std::get<Content>(sends[0].second);
    CHECK(sends[0].first == "worker");
    CHECK(content.last);
    CHECK(content.lacking.size() == wanted_objects_max);
    CHECK(content.why == "more than 256 objects are wanted at once");
    CHECK(there.hub.turns() == 0);
    CHECK(there.hub.wanted() == 0);
}

TEST_CASE("of a connection the last turns are kept, in whatever order they are numbered") {
    There there;
    for (std::uint64_t i = 0; i < 5'000; ++i) {
        there.hub.receive(there.now, "worker", want_of("run", 5'000 - i, i * 3, 3));
        there.hub.receive(there.now, "worker", want_of("run", ~i, i * 3, 3));
        REQUIRE(there.hub.turns() <= turns_of_a_peer);
        REQUIRE(there.hub.wanted() <= 2 * (2 * 3 + wanted_objects_max) + 3);
    }
}

TEST_CASE("who opens more turns than there may be loses the oldest, and nobody else does") {
    There there;
    there.hub.receive(there.now, "worker", want_of("honest", 1, 0, 3));
    for (std::size_t i = 0; i < Hub::turns_max + 100; ++i) {
        there.hub.receive(there.now, fmt::format("peer{}", i), want_of("greedy", 1, i, 2));
    }
    CHECK(there.hub.turns() == Hub::turns_max);
    there.hub.receive(there.now, "client", Offer{"honest"});
    const std::string blob = std::to_string(0);
    Hub::Sends sends =
        there.hub.receive(there.now, "client",
                          Content{.run = "honest",
                                  .turn = 1,
                                  .pieces = {{.id = id_of(0), .size = blob.size(), .bytes = blob}},
                                  .lacking = {id_of(1), id_of(2)},
                                  .last = true});
    REQUIRE(sends.size() == 1);
    CHECK(sends[0].first == "worker");
}

TEST_CASE("of more runs than there may be the one that was silent longest is forgotten") {
    There there;
    for (std::size_t i = 0; i < Hub::runs_max + 10; ++i) {
        there.now += std::chrono::milliseconds(1);
        there.hub.receive(there.now, "peer", Offer{fmt::format("run{}", i)});
        there.hub.receive(there.now, "client", Offer{"honest"});
        CHECK(there.hub.runs() <= Hub::runs_max);
    }
    there.hub.receive(there.now, "worker", want_of("honest", 1, 0, 1));
    CHECK_FALSE(there.hub.receive(there.now, "worker", want_of("honest", 2, 1, 1)).empty());
    there.hub.advance(there.now + Hub::silence_max);
    CHECK(there.hub.runs() == 0);
    CHECK(there.hub.turns() == 0);
}

TEST_CASE("content is heard from the run's client alone") {
    There there;
    there.hub.receive(there.now, "client", Offer{"run"});
    there.hub.receive(there.now, "worker", want_of("run", 1, 0, 1));
    const Content content{.run = "run",
                          .turn = 1,
                          .pieces = {{.id = id_of(0), .size = 1, .bytes = "0"}},
                          .last = true};
    CHECK(there.hub.receive(there.now, "stranger", content).empty());
    CHECK(there.hub.receive(there.now, "worker", content).empty());
    CHECK(there.shelf.objects.empty());
    CHECK(there.hub.receive(there.now, "client", content).size() == 1);
    CHECK(there.shelf.objects.size() == 1);
}

TEST_CASE("a piece that cannot be ends what it was for, and is not kept") {
    There there;
    there.hub.receive(there.now, "client", Offer{"run"});
    there.hub.receive(there.now, "worker", want_of("run", 1, 0, 1));
    Piece piece{.id = id_of(0), .size = 10, .bytes = "0"};
    SUBCASE("more than its object has") { piece.bytes = std::string(11, '0'); }
    SUBCASE("beyond its object's end") { piece.offset = 11; }
    SUBCASE("an end that overflows") { piece.offset = ~std::uint64_t{0}; }
    SUBCASE("more than a piece may have") {
        piece.size = piece_bytes_max + 1;
        piece.bytes = std::string(piece_bytes_max + 1, '0');
    }
    SUBCASE("of an object larger than any") { piece.size = object_bytes_max + 1; }
    SUBCASE("of a tree larger than any") {
        piece.kind = ObjectKind::tree;
        piece.size = tree_bytes_max + 1;
    }
    SUBCASE("nothing, where there is more") { piece.bytes.clear(); }
    const Hub::Sends sends = there.hub.receive(
        there.now, "client", Content{.run = "run", .turn = 1, .pieces = {piece}, .last = true});
    REQUIRE(sends.size() == 1);
    CHECK(std::get<Content>(sends[0].second).lacking == std::vector{id_of(0)});
    CHECK(there.shelf.partial.empty());
    CHECK(there.hub.turns() == 0);

    // A worker refuses it as well.
    MemoryShelf shelf("worker");
    worker::TreeFetch fetch("run", id_of(0), shelf);
    fetch.connect(there.now);
    fetch.receive(there.now, Content{.run = "run", .turn = 1, .pieces = {piece}});
    CHECK_FALSE(fetch.error().empty());
    CHECK(shelf.partial.empty());
}

TEST_CASE("a worker takes nothing that it did not want, and believes nothing said of it") {
    Instant now{};
    MemoryShelf shelf("worker");
    const std::string tree = encode_tree({{"a", EntryKind::file, id_of(1)}});
    worker::TreeFetch fetch("run", object_id(ObjectKind::tree, tree), shelf);
    fetch.connect(now);
    Content content{.run = "run", .turn = 1, .lacking = {id_of(6)}};
    for (std::size_t i = 100; i < 1'000; ++i) {
        content.pieces.push_back({.id = id_of(i), .size = 9, .bytes = "0"});
        content.stored.push_back(id_of(i));
    }
    CHECK(fetch.receive(now, content).empty());
    CHECK(fetch.error().empty());
    CHECK(shelf.partial.empty());
    CHECK(shelf.objects.empty());
    content.run = "other";
    content.lacking = {object_id(ObjectKind::tree, tree)};
    CHECK(fetch.receive(now, content).empty());
    CHECK(fetch.error().empty());
    CHECK(fetch.receive(now, {.run = "run", .stored = content.lacking}).empty());
    CHECK(fetch.error() == "the broker says that it has stored what is not there");
}
