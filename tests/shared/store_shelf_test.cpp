#include "shared/store_shelf.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "shared/giving.hpp"
#include "tests/shared/store_folder.hpp"

using namespace xgrid;

namespace {

// In pieces, as a turn would give it.
Taken give(StoreShelf& shelf, ObjectKind kind, const ObjectId& id, const std::string& content) {
    Taken all;
    for (std::size_t at = 0; at < content.size(); at += piece_bytes_max) {
        const Taken taken = shelf.take({{.id = id,
                                         .kind = kind,
                                         .size = content.size(),
                                         .offset = at,
                                         .bytes = content.substr(at, piece_bytes_max)}});
        all.whole.insert(all.whole.end(), taken.whole.begin(), taken.whole.end());
        all.damaged.insert(all.damaged.end(), taken.damaged.begin(), taken.damaged.end());
        if (!taken.trouble.empty()) all.trouble = taken.trouble;
    }
    return all;
}

std::string large_tree() {
    std::vector<TreeEntry> entries;
    for (int i = 100'000; i < 140'000; ++i) entries.push_back({std::to_string(i), {}, {}});
    return encode_tree(entries);
}

struct There {
    StoreFolder folder;
    std::unique_ptr<Store> store = open_store(folder.path);
    StoreShelf shelf{*store, folder.path};
};

}  // namespace

TEST_CASE("what came last is given on as it came, and only as what it is") {
    There there;
    const std::string content = "def test(): pass";
    const ObjectId id = object_id(ObjectKind::blob, content);
    const std::string other = "what was said to be that, and is not";
    REQUIRE(there.shelf.take({{.id = id, .size = content.size(), .bytes = content}}).whole.size() ==
            1);

    Result<Piece> all = there.shelf.read({id, ObjectKind::blob}, piece_bytes_max);
    CHECK(all->bytes == content);
    CHECK(all->size == content.size());
    Result<Piece> part = there.shelf.read({id, ObjectKind::blob, 4}, 4);
    CHECK(part->bytes == "test");
    CHECK(part->size == content.size());
    CHECK_FALSE(there.shelf.read({id, ObjectKind::blob, content.size() + 1}, 4));
    CHECK_FALSE(there.shelf.read({id, ObjectKind::tree}, piece_bytes_max));

    const ObjectId wrong = object_id(ObjectKind::blob, "another");
    CHECK(there.shelf.take({{.id = wrong, .size = other.size(), .bytes = other}}).damaged ==
          std::vector{wrong});
    CHECK_FALSE(there.shelf.read({wrong, ObjectKind::blob}, piece_bytes_max));
    CHECK(there.shelf.read({id, ObjectKind::blob}, piece_bytes_max)->bytes == content);
}

TEST_CASE("blobs and trees that come in pieces are whole in the end") {
    There there;
    const std::string blob = bytes_of(1, 3'500'000);
    const std::string tree = large_tree();
    REQUIRE(tree.size() > piece_bytes_max);
    for (const auto& [kind, content] :
         {std::pair(ObjectKind::blob, blob), std::pair(ObjectKind::tree, tree)}) {
        const ObjectId id = object_id(kind, content);
        const Taken taken = give(there.shelf, kind, id, content);
        CHECK(taken.trouble.empty());
        CHECK(taken.whole == std::vector{id});
        CHECK(there.shelf.lacks({{id, kind}}).empty());
        CHECK(there.shelf.offset(id) == 0);
    }
}

TEST_CASE("a tree in pieces that is not what its id says is damaged, and can come again") {
    There there;
    const std::string tree = large_tree();
    const ObjectId id = object_id(ObjectKind::tree, tree);
    std::string wrong = tree;
    wrong.back() = 'x';
    CHECK(give(there.shelf, ObjectKind::tree, id, wrong).damaged == std::vector{id});
    CHECK(give(there.shelf, ObjectKind::tree, id, tree).whole == std::vector{id});
}

TEST_CASE("a blob whose size is said otherwise is damaged, and troubles nobody else") {
    There there;
    const std::string blob = bytes_of(2, 2'000'000);
    const ObjectId id = object_id(ObjectKind::blob, blob);
    const Piece first{.id = id, .size = blob.size(), .bytes = blob.substr(0, 1'000'000)};
    Piece second{.id = id, .size = 1'500'000, .offset = 1'000'000, .bytes = blob.substr(1'000'000)};
    CHECK(there.shelf.take({first}).damaged.empty());
    const Taken taken = there.shelf.take({second});
    CHECK(taken.damaged == std::vector{id});
    CHECK(taken.trouble.empty());
    second.size = blob.size();
    CHECK(there.shelf.take({second}).whole == std::vector{id});
}

TEST_CASE("however many blobs are half there, few are open, and each is gone on with") {
    There there;
    std::vector<std::string> blobs;
    for (std::size_t i = 0; i < StoreShelf::partial_max + 50; ++i) {
        blobs.push_back(bytes_of(10 + i, 300'000));
    }
    for (const std::size_t from : {0, 150'000}) {
        for (const std::string& blob : blobs) {
            const Taken taken = there.shelf.take({{.id = object_id(ObjectKind::blob, blob),
                                                   .size = blob.size(),
                                                   .offset = from,
                                                   .bytes = blob.substr(from, 150'000)}});
            CHECK(taken.trouble.empty());
            CHECK(taken.whole.size() == (from == 0 ? 0 : 1));
        }
    }
}
