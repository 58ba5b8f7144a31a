// A tree on its way from a client through the broker to workers, over connections that lose
// messages.
#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "broker/hub.hpp"
#include "shared/giving.hpp"
#include "shared/packing.hpp"
#include "tests/shared/memory_shelf.hpp"
#include "worker/tree_fetch.hpp"

using namespace xgrid;

namespace {

using std::chrono::seconds;

ObjectId add_tree(MemoryShelf& shelf, std::vector<TreeEntry> entries) {
    return shelf.add(ObjectKind::tree, encode_tree(entries));
}

ObjectId add_folder(MemoryShelf& shelf, std::mt19937_64& random, int deep) {
    std::vector<TreeEntry> entries;
    const auto count = random() % 12;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::string name = "entry" + std::to_string(100 + i);
        if (deep > 0 && random() % 3 == 0) {
            entries.push_back({name, EntryKind::folder, add_folder(shelf, random, deep - 1)});
        } else {
            const std::size_t size = random() % 20 == 0 ? random() % 5'000'000 : random() % 300;
            const std::string content(size, static_cast<char>('a' + random() % 5));
            entries.push_back({name, EntryKind::file, shelf.add(ObjectKind::blob, content)});
        }
    }
    return add_tree(shelf, entries);
}

// A client with the objects, a broker, and workers that want them; each message may be lost.
class Grid {
public:
    Grid(std::uint64_t seed, double loss, std::size_t workers, bool same_store = false)
        : random(seed),
          loss_(loss),
          hub(broker_shelf),
          same_store_(same_store),
          workers_(workers) {}

    void start(const ObjectId& root) {
        send("client", "broker", offer());
        for (std::size_t i = 0; i < workers_; ++i) {
            Shelf& shelf = same_store_ ? static_cast<Shelf&>(broker_shelf) : shelves[i];
            fetches.emplace(i, worker::TreeFetch("run", root, shelf));
            fetches.at(i).pack(workers_pack);
            send_all(peer(i), "broker", fetches.at(i).connect(now));
        }
    }

    bool done() const {
        return std::ranges::all_of(fetches, [](const auto& entry) {
            return entry.second.complete() || !entry.second.error().empty();
        });
    }

    void run() {
        int idle = 0;
        for (int step = 0; step < 2'000'000 && !done(); ++step) {
            if (!queue_.empty()) {
                deliver();
                continue;
            }
            REQUIRE(++idle < 10'000);
            now += seconds(5);
            // A connection is announced anew now and then: the offer may have been lost.
            send("client", "broker", offer());
            for (const auto& [to, message] : hub.advance(now)) send("broker", to, message);
            for (auto& [i, fetch] : fetches) send_all(peer(i), "broker", fetch.advance(now));
        }
        REQUIRE(done());
    }

    std::mt19937_64 random;
    double loss_;
    Instant now{};
    MemoryShelf client_shelf{"client"};
    MemoryShelf broker_shelf{"broker"};
    std::map<std::size_t, MemoryShelf> shelves;
    broker::Hub hub;
    std::map<std::size_t, worker::TreeFetch> fetches;
    bool forgets = false;  // the broker's shelf
    bool client_packs = false;
    bool workers_pack = false;
    std::size_t given = 0;            // pieces, by the client
    std::uint64_t given_bytes = 0;    // as they were sent
    std::uint64_t packed_frames = 0;  // of the client

private:
    Offer offer() const { return {"run", client_packs}; }
    static std::string peer(std::size_t worker) { return "worker" + std::to_string(worker); }

    template <class Messages>
    void send_all(const std::string& from, const std::string& to, const Messages& messages) {
        for (const auto& message : messages) send(from, to, message);
    }
    void send(const std::string& from, const std::string& to, Message message) {
        if (std::uniform_real_distribution<>(0, 1)(random) < loss_) return;
        queue_.push_back({from, to, std::move(message)});
    }

    void deliver() {
        // As a store does that is full.
        if (forgets && !broker_shelf.objects.empty() && random() % 10 == 0) {
            broker_shelf.objects.erase(broker_shelf.objects.begin());
        }
        auto [from, to, message] = std::move(queue_.front());
        queue_.pop_front();
        if (to == "broker") {
            broker::Hub::Sends sends;
            if (const auto* offer = std::get_if<Offer>(&message)) {
                sends = hub.receive(now, from, *offer);
            } else if (const auto* want = std::get_if<Want>(&message)) {
                sends = hub.receive(now, from, *want);
            } else {
                sends = hub.receive(now, from, std::get<Content>(message));
            }
            for (const auto& [peer, sent] : sends) send("broker", peer, sent);
        } else if (to == "client") {
            for (Content& content : answer(client_shelf, std::get<Want>(message))) {
                given += (*pieces_of(content)).size();
                given_bytes += bytes_on_the_way(content);
                packed_frames += content.packed.empty() ? 0 : 1;
                send("client", "broker", content);
            }
        } else {
            const std::size_t worker = std::stoul(to.substr(6));
            send_all(to, "broker", fetches.at(worker).receive(now, std::get<Content>(message)));
        }
    }

    struct Letter {
        std::string from;
        std::string to;
        Message message;
    };
    std::deque<Letter> queue_;
    bool same_store_;
    std::size_t workers_;
};

}  // namespace

TEST_CASE("every worker gets the whole tree, whatever is lost on the way") {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
        CAPTURE(seed);
        Grid grid(seed, seed % 3 * 0.1, 1 + seed % 3);
        grid.client_packs = seed % 4 == 1 || seed % 4 == 2;
        grid.workers_pack = seed % 4 >= 2;
        const ObjectId root = add_folder(grid.client_shelf, grid.random, 4);
        for (std::size_t i = 0; i < 3; ++i) grid.shelves.emplace(i, "worker" + std::to_string(i));
        grid.start(root);
        grid.run();
        for (const auto& [i, fetch] : grid.fetches) {
            CHECK(fetch.error().empty());
            for (const auto& [id, object] : grid.client_shelf.objects) {
                CHECK(grid.shelves.at(i).objects.contains(id));
            }
        }
        if (grid.loss_ == 0) {
            // The client gives each piece once, however many workers want it.
            CHECK(grid.given == grid.broker_shelf.pieces_taken);
        }
    }
}

TEST_CASE("packed content takes less on each way that is said to be far, and on no other") {
    std::map<std::pair<bool, bool>, std::pair<std::uint64_t, std::uint64_t>> bytes;
    for (const bool client_packs : {false, true}) {
        for (const bool workers_pack : {false, true}) {
            Grid grid(5, 0, 1);
            grid.client_packs = client_packs;
            grid.workers_pack = workers_pack;
            const ObjectId root = add_folder(grid.client_shelf, grid.random, 4);
            grid.shelves.emplace(0, "worker0");
            grid.start(root);
            grid.run();
            CHECK(grid.shelves.at(0).objects == grid.client_shelf.objects);
            CHECK((grid.packed_frames > 0) == client_packs);
            bytes[{client_packs, workers_pack}] = {grid.given_bytes,
                                                   grid.fetches.at(0).bytes_received()};
        }
    }
    const auto [plain, also_plain] = bytes.at({false, false});
    REQUIRE(plain > 1'000'000);
    CHECK(plain == also_plain);
    CHECK(bytes.at({true, false}).first < plain / 2);
    CHECK(bytes.at({true, false}).second == plain);
    CHECK(bytes.at({false, true}).first == plain);
    CHECK(bytes.at({false, true}).second < plain / 2);
    CHECK(bytes.at({true, true}).first < plain / 2);
    CHECK(bytes.at({true, true}).second < plain / 2);
}

TEST_CASE("what is there is not sent again") {
    Grid grid(1, 0, 1);
    const ObjectId root = add_folder(grid.client_shelf, grid.random, 4);
    grid.shelves.emplace(0, "worker0");
    grid.shelves.at(0).objects = grid.client_shelf.objects;
    const ObjectId fresh = grid.client_shelf.add(ObjectKind::blob, "fresh");
    const ObjectId changed = add_tree(
        grid.client_shelf, {{"new", EntryKind::file, fresh}, {"old", EntryKind::folder, root}});
    grid.start(changed);
    grid.run();
    CHECK(grid.fetches.at(0).error().empty());
    CHECK(grid.given == 2);
    CHECK(grid.fetches.at(0).objects_received() == 2);
}

TEST_CASE("of a tree that is known nothing is looked for, unless it is the root") {
    MemoryShelf shelf("worker");
    const ObjectId blob = object_id(ObjectKind::blob, "not here");
    const ObjectId known = object_id(ObjectKind::tree, "nor this");
    const ObjectId root =
        add_tree(shelf, {{"blob", EntryKind::file, blob}, {"known", EntryKind::folder, known}});
    const auto wanted = [&](const std::set<ObjectId>& trees) {
        worker::TreeFetch fetch("run", root, shelf, {}, {}, trees);
        std::set<ObjectId> ids;
        for (const Want& want : fetch.connect(Instant())) {
            for (const WantedObject& object : want.objects) ids.insert(object.id);
        }
        return ids;
    };
    CHECK(wanted({}) == std::set<ObjectId>{blob, known});
    CHECK(wanted({known}) == std::set<ObjectId>{blob});
    CHECK(wanted({known, root}) == std::set<ObjectId>{blob});
}

TEST_CASE("where broker and worker use one store, content reaches it once") {
    Grid grid(2, 0.1, 2, true);
    const ObjectId root = add_folder(grid.client_shelf, grid.random, 4);
    grid.start(root);
    grid.run();
    for (const auto& [i, fetch] : grid.fetches) {
        CHECK(fetch.error().empty());
        CHECK(fetch.bytes_received() == 0);
    }
    CHECK(grid.broker_shelf.objects.size() == grid.client_shelf.objects.size());
}

TEST_CASE("a large object goes on where it was interrupted") {
    Grid grid(3, 0, 1);
    const std::string content(10'000'000, 'x');
    const ObjectId blob = grid.client_shelf.add(ObjectKind::blob, content);
    const ObjectId root = add_tree(grid.client_shelf, {{"large", EntryKind::file, blob}});
    grid.shelves.emplace(0, "worker0");
    grid.shelves.at(0).partial[blob] = content.substr(0, 9'000'000);
    grid.broker_shelf.partial[blob] = content.substr(0, 8'000'000);
    grid.start(root);
    grid.run();
    CHECK(grid.fetches.at(0).bytes_received() < 1'100'000);
    CHECK(grid.given <= 1 + 2 + 1);
}

TEST_CASE("what the broker's store lets go of before it is given comes again") {
    for (std::uint64_t seed = 20; seed < 26; ++seed) {
        CAPTURE(seed);
        Grid grid(seed, 0.05, 2);
        grid.forgets = true;
        const ObjectId root = add_folder(grid.client_shelf, grid.random, 4);
        for (std::size_t i = 0; i < 2; ++i) grid.shelves.emplace(i, "worker" + std::to_string(i));
        grid.start(root);
        grid.run();
        for (const auto& [i, fetch] : grid.fetches) CHECK(fetch.error().empty());
    }
}

TEST_CASE("a file that has changed since its tree was made ends the fetch") {
    Grid grid(4, 0, 1);
    const ObjectId blob = grid.client_shelf.add(ObjectKind::blob, "before");
    const ObjectId root = add_tree(grid.client_shelf, {{"a.py", EntryKind::file, blob}});
    grid.shelves.emplace(0, "worker0");
    SUBCASE("its content") { grid.client_shelf.objects.at(blob).second = "behind"; }
    SUBCASE("its size") { grid.client_shelf.objects.at(blob).second = "after that"; }
    SUBCASE("it is gone") { grid.client_shelf.objects.erase(blob); }
    grid.start(root);
    grid.run();
    CHECK(grid.fetches.at(0).error().find("changed") != std::string::npos);
    CHECK_FALSE(grid.shelves.at(0).objects.contains(blob));
}

TEST_CASE("a broker that cannot keep objects says why") {
    Grid grid(6, 0, 1);
    const ObjectId blob = grid.client_shelf.add(ObjectKind::blob, "content");
    const ObjectId root = add_tree(grid.client_shelf, {{"a.py", EntryKind::file, blob}});
    grid.shelves.emplace(0, "worker0");
    grid.broker_shelf.trouble = "no space left";
    grid.start(root);
    grid.run();
    CHECK(grid.fetches.at(0).error() == "no space left");
}

TEST_CASE("a tree that may not be written to a disk is refused") {
    Grid grid(5, 0, 1);
    const ObjectId blob = grid.client_shelf.add(ObjectKind::blob, "content");
    const ObjectId inner = add_tree(grid.client_shelf, {{".git", EntryKind::file, blob}});
    const ObjectId root = add_tree(grid.client_shelf, {{"sub", EntryKind::folder, inner}});
    grid.shelves.emplace(0, "worker0");
    grid.start(root);
    grid.run();
    CHECK(grid.fetches.at(0).error() ==
          "the tree of 'sub' is refused: a tree has a forbidden name");
    CHECK_FALSE(grid.shelves.at(0).objects.contains(blob));
}

TEST_CASE("a tree with more entries than the limit is refused") {
    MemoryShelf shelf;
    std::vector<TreeEntry> entries;
    for (char name = 'a'; name <= 'f'; ++name) {
        entries.push_back({std::string(1, name), EntryKind::file, {}});
    }
    const ObjectId root = add_tree(shelf, entries);
    CHECK(worker::TreeFetch("run", root, shelf, {.entries_max = 6}).error().empty());
    CHECK_FALSE(worker::TreeFetch("run", root, shelf, {.entries_max = 5}).error().empty());
}
