#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "shared/store_shelf.hpp"
#include "tests/shared/store_folder.hpp"

namespace xgrid {
namespace {

struct Fixture {
    StoreFolder folder;
    std::unique_ptr<Store> store = open_store(folder.path);
    StoreShelf shelf{*store, folder.path};
};

// The object in pieces of that size.
std::vector<Piece> pieces_of(const std::string& content, std::size_t bytes) {
    std::vector<Piece> pieces;
    const ObjectId id = object_id(ObjectKind::blob, content);
    for (std::size_t at = 0; at < content.size(); at += bytes) {
        pieces.push_back({id, ObjectKind::blob, content.size(), at, content.substr(at, bytes)});
    }
    return pieces;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "small objects of one message are kept together") {
    std::vector<Piece> pieces;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        pieces.push_back(pieces_of(bytes_of(seed, 100), 100).front());
    }
    const Taken taken = shelf.take(pieces);
    CHECK(taken.trouble.empty());
    CHECK(taken.damaged.empty());
    CHECK(taken.whole.size() == 20);
    Result<Piece> piece = shelf.read({pieces[7].id}, 1000);
    REQUIRE(piece);
    CHECK(*piece == pieces[7]);
    CHECK(shelf.lacks({{pieces[7].id}, {ObjectId{}}}) == std::vector<WantedObject>{{ObjectId{}}});
}

TEST_CASE_FIXTURE(Fixture, "a damaged object among others is named, and the others are kept") {
    std::vector<Piece> pieces = {pieces_of("good", 100).front(), pieces_of("bad!", 100).front()};
    pieces[1].bytes = "evil";
    const Taken taken = shelf.take(pieces);
    CHECK(taken.trouble.empty());
    CHECK(taken.whole == std::vector<ObjectId>{pieces[0].id});
    CHECK(taken.damaged == std::vector<ObjectId>{pieces[1].id});
    CHECK(shelf.lacks({{pieces[1].id}}).size() == 1);
}

TEST_CASE_FIXTURE(Fixture,
                  "a large object comes in pieces, in order, and goes on where it stopped") {
    const std::vector<Piece> pieces = pieces_of(bytes_of(1, 1'000'000), 300'000);
    CHECK(shelf.take({pieces[0]}).whole.empty());
    CHECK(shelf.offset(pieces[0].id) == 300'000);
    CHECK(shelf.take({pieces[2]}).whole.empty());  // not the next
    CHECK(shelf.take({pieces[0]}).whole.empty());  // again
    CHECK(shelf.offset(pieces[0].id) == 300'000);
    CHECK(shelf.take({pieces[1], pieces[2]}).whole.empty());
    CHECK(shelf.take({pieces[3]}).whole == std::vector<ObjectId>{pieces[0].id});
    Result<Piece> part = shelf.read({pieces[0].id, ObjectKind::blob, 300'000}, 300'000);
    REQUIRE(part);
    CHECK(*part == pieces[1]);
}

TEST_CASE_FIXTURE(Fixture,
                  "what came of a large object before the process ended is not sent again") {
    const std::vector<Piece> pieces = pieces_of(bytes_of(2, 1'000'000), 400'000);
    {
        StoreShelf earlier(*store, folder.path);
        earlier.take({pieces[0], pieces[1]});
    }
    CHECK(shelf.take({pieces[0]}).whole.empty());  // it is told where to go on
    CHECK(shelf.offset(pieces[0].id) == 800'000);
    CHECK(shelf.take({pieces[2]}).whole.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a large object that is not what its id says begins anew") {
    std::vector<Piece> pieces = pieces_of(bytes_of(3, 900'000), 300'000);
    pieces[1].bytes[5] ^= 1;
    const Taken taken = shelf.take(pieces);
    CHECK(taken.damaged == std::vector<ObjectId>{pieces[0].id});
    CHECK(shelf.offset(pieces[0].id) == 0);
    pieces[1].bytes[5] ^= 1;
    CHECK(shelf.take(pieces).whole.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "shelves over one folder have one name, others another") {
    const StoreFolder other;
    const std::unique_ptr<Store> store_of_other = open_store(other.path);
    CHECK(StoreShelf(*store, folder.path).name() == shelf.name());
    CHECK(StoreShelf(*store_of_other, other.path).name() != shelf.name());
}

}  // namespace xgrid
