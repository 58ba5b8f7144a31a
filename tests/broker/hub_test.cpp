// A hub that is to keep all of a tree. What passes through it: tests/transfer.
#include "broker/hub.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "shared/giving.hpp"
#include "shared/tree.hpp"
#include "tests/shared/memory_shelf.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

struct Keeps {
    Keeps() {
        const ObjectId deep = add_tree({{"c", EntryKind::file, add("three")}});
        root = add_tree({{"a", EntryKind::file, add("one")},
                         {"b", EntryKind::file, add("two")},
                         {"deep", EntryKind::folder, deep}});
    }

    ObjectId add(const std::string& text) { return client.add(ObjectKind::blob, text); }
    ObjectId add_tree(const std::vector<TreeEntry>& entries) {
        return client.add(ObjectKind::tree, encode_tree(entries));
    }

    /// Offers, and gives what is asked for, until nothing more is said; what was answered.
    std::vector<Kept> offer(const std::string& peer = "client") {
        Hub::Sends sends = hub.receive(now, peer, Offer{.run = "run", .whole = true});
        append(sends, hub.keep(now, peer, "run", root));
        return give(sends, peer);
    }
    std::vector<Kept> give(Hub::Sends sends, const std::string& peer = "client") {
        std::vector<Kept> kept;
        while (!sends.empty()) {
            Hub::Sends next;
            for (const auto& [to, message] : sends) {
                CHECK(to == peer);
                if (const auto* answer = std::get_if<Kept>(&message)) kept.push_back(*answer);
                const auto* want = std::get_if<Want>(&message);
                if (want == nullptr) continue;
                asked += want->objects.size();
                for (const Content& content : answer(client, *want)) {
                    append(next, hub.receive(now, peer, content));
                }
            }
            sends = std::move(next);
        }
        return kept;
    }
    static void append(Hub::Sends& to, const Hub::Sends& more) {
        to.insert(to.end(), more.begin(), more.end());
    }

    Instant now{};
    MemoryShelf client{"client"};
    MemoryShelf shelf{"broker"};
    Hub hub{shelf};
    ObjectId root;
    std::size_t asked = 0;
};

}  // namespace

TEST_CASE_FIXTURE(Keeps, "all of a tree is asked for, and then said to be kept") {
    CHECK(offer() == std::vector{Kept{"run", ""}});
    CHECK(shelf.objects.size() == client.objects.size());
    CHECK(asked == client.objects.size());
}

TEST_CASE_FIXTURE(Keeps, "what is there is not asked for, and the answer is said again") {
    offer();
    asked = 0;
    CHECK(offer() == std::vector{Kept{"run", ""}});
    CHECK(offer("its next connection") == std::vector{Kept{"run", ""}});
    CHECK(asked == 0);
}

TEST_CASE_FIXTURE(Keeps, "what cannot be had is why it is not kept") {
    const ObjectId one = object_id(ObjectKind::blob, "one");
    client.objects.erase(one);
    const std::vector<Kept> kept = offer();
    REQUIRE_FALSE(kept.empty());
    CHECK(kept.front().why == "the code changed, or became unreadable, while it was being sent");
    client.add(ObjectKind::blob, "one");
    CHECK(offer().front().why == kept.front().why);  // who offers it anew has another run
}

TEST_CASE_FIXTURE(Keeps, "a store that cannot keep it is why") {
    shelf.trouble = "the disk is full";
    const std::vector<Kept> kept = offer();
    REQUIRE_FALSE(kept.empty());
    CHECK(kept.front().why == "the disk is full");
}

TEST_CASE_FIXTURE(Keeps, "a store that lets go of the first for the last does not keep it") {
    Hub::Sends sends = hub.receive(now, "client", Offer{.run = "run", .whole = true});
    append(sends, hub.keep(now, "client", "run", root));
    // The root has come, and goes before the rest is there.
    for (int round = 0; round < 2; ++round) {
        Hub::Sends next;
        for (const auto& [to, message] : sends) {
            for (const Content& content : answer(client, std::get<Want>(message))) {
                append(next, hub.receive(now, "client", content));
            }
        }
        sends = std::move(next);
    }
    shelf.objects.erase(root);
    const std::vector<Kept> kept = give(sends);
    REQUIRE(kept.size() == 1);
    CHECK(kept[0].why.starts_with("the broker's store does not hold all of it at once"));
}

TEST_CASE_FIXTURE(Keeps, "what is no tree is refused") {
    root = client.add(ObjectKind::tree, "nonsense");
    const std::vector<Kept> kept = offer();
    REQUIRE_FALSE(kept.empty());
    CHECK(kept[0].why.starts_with("a folder of the tree is refused: "));
}

TEST_CASE_FIXTURE(Keeps, "only who offers the run may have it kept") {
    hub.receive(now, "client", Offer{.run = "run"});
    CHECK(hub.keep(now, "somebody else", "run", root).empty());
    CHECK(hub.keep(now, "client", "another run", root).empty());
    CHECK(hub.wanted() == 0);
}

TEST_CASE_FIXTURE(Keeps, "a message that is lost is said again after a while") {
    hub.receive(now, "client", Offer{.run = "run", .whole = true});
    hub.keep(now, "client", "run", root);  // its want does not arrive
    now += Asking::silence_max;
    CHECK(give(hub.advance(now)) == std::vector{Kept{"run", ""}});
}
