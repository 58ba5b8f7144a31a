#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "shared/store.hpp"
#include "tests/shared/other_process.hpp"
#include "tests/shared/store_folder.hpp"

namespace xgrid {
namespace {

// A folder of `files` files of 1000 bytes, in one folder below the root.
struct Sample {
    std::vector<std::string> contents;
    std::string below;
    std::string root;
    std::vector<NewObject> objects;  // the root, the folder, the files

    Sample(std::uint64_t seed, std::size_t files) {
        std::vector<TreeEntry> entries;
        for (std::size_t i = 0; i < files; ++i) {
            contents.push_back(bytes_of(seed * 1000 + i, 1000));
            entries.push_back(
                {std::to_string(1000 + i), EntryKind::file, blob_of(contents.back()).id});
        }
        below = encode_tree(entries);
        root = encode_tree({{"below", EntryKind::folder, tree_of(below).id}});
        objects = {tree_of(root), tree_of(below)};
        for (const std::string& content : contents) objects.push_back(blob_of(content));
    }
    Sample(const Sample&) = delete;

    ObjectId id() const { return objects[0].id; }
    std::size_t here(Store& store) const {
        std::size_t count = 0;
        for (const NewObject& object : objects) count += has(store, object.id) ? 1 : 0;
        return count;
    }
    bool whole(Store& store) const { return here(store) == objects.size(); }
};

std::size_t lacking(Store& store, const ObjectId& tree, Seconds now = noon) {
    Result<std::vector<LackingObject>> lacking = store.touch(now, tree);
    if (!lacking) FAIL(lacking.error());
    return lacking->size();
}

TEST_CASE("what a tree lacks is found from its root down") {
    const StoreFolder folder;
    auto store = open_store(folder.path);
    const Sample sample(1, 5);
    CHECK(*store->touch(noon, sample.id()) ==
          std::vector<LackingObject>{{ObjectKind::tree, sample.id()}});
    put_one(*store, sample.objects[0]);
    CHECK(*store->touch(noon, sample.id()) ==
          std::vector<LackingObject>{{ObjectKind::tree, sample.objects[1].id}});
    put_one(*store, sample.objects[1]);
    CHECK(lacking(*store, sample.id()) == 5);
    CHECK(text_of(store->put(noon, sample.objects)) == "");
    CHECK(lacking(*store, sample.id()) == 0);
    CHECK(lacking(*store, sample.id(), noon + 5 * one_hour) == 0);
}

TEST_CASE("a tree that names git's folder, and one whose entry is of another kind, are refused") {
    const StoreFolder folder;
    auto store = open_store(folder.path);
    put_one(*store, blob_of("x"));
    const std::string hostile = encode_tree({{".git", EntryKind::file, blob_of("x").id}});
    put_one(*store, tree_of(hostile));
    CHECK(contains(store->touch(noon, tree_of(hostile).id).error(), "cannot use tree"));
    const std::string mixed = encode_tree({{"a", EntryKind::folder, blob_of("x").id}});
    put_one(*store, tree_of(mixed));
    CHECK(contains(store->touch(noon, tree_of(mixed).id).error(), "as another kind"));
}

TEST_CASE("what was used longest ago goes first, and the store keeps its limit") {
    const StoreFolder folder;
    auto store = open_store(folder.path, 50'000);
    const Sample old(1, 10), used(2, 10), fresh(3, 30);
    CHECK(text_of(store->put(noon, old.objects)) == "");
    CHECK(text_of(store->put(noon + one_hour, used.objects)) == "");
    CHECK(lacking(*store, old.id(), noon + 2 * one_hour) == 0);
    CHECK(text_of(store->put(noon + 3 * one_hour, fresh.objects)) == "");
    CHECK(old.whole(*store));
    CHECK_FALSE(used.whole(*store));
    CHECK(fresh.whole(*store));
    CHECK(*store->bytes() <= 50'000);
}

TEST_CASE("what is below a tree that is complete does not go before the tree") {
    const StoreFolder folder;
    auto store = open_store(folder.path, 60'000);
    const Sample shared(1, 20);
    CHECK(text_of(store->put(noon, shared.objects)) == "");
    CHECK(lacking(*store, shared.id()) == 0);
    for (std::uint64_t i = 0; i < 30; ++i) {
        const Seconds now = noon + static_cast<int>(i) * one_hour / 2;
        const Sample next(2 + i, 5);
        CHECK(text_of(store->put(now, next.objects)) == "");
        CHECK(lacking(*store, next.id(), now) == 0);
        if (has(*store, shared.id())) CHECK(shared.whole(*store));
        CHECK(*store->bytes() <= 60'000);
    }
    CHECK_FALSE(has(*store, shared.id()));
}

TEST_CASE("what is pinned stays, with all below it, until it is unpinned as often") {
    const StoreFolder folder;
    auto store = open_store(folder.path, 20'000);
    auto other = open_store(folder.path, 20'000);
    const Sample pinned(1, 10), first(2, 15), second(3, 15);
    CHECK(text_of(store->pin(pinned.id())) == "");
    CHECK(text_of(store->pin(pinned.id())) == "");
    CHECK(text_of(store->put(noon, pinned.objects)) == "");
    CHECK(text_of(other->put(noon + one_hour, first.objects)) == "");
    CHECK(pinned.whole(*store));
    CHECK(text_of(store->unpin(pinned.id())) == "");
    CHECK(text_of(other->put(noon + 2 * one_hour, second.objects)) == "");
    CHECK(pinned.whole(*store));
    CHECK(text_of(store->unpin(pinned.id())) == "");
    CHECK(text_of(store->unpin(pinned.id())) == "");
    CHECK(text_of(other->put(noon + 3 * one_hour, first.objects)) == "");
    CHECK(pinned.here(*store) == 0);
}

TEST_CASE("a store of which all is pinned takes more than its limit, and makes up for it later") {
    const StoreFolder folder;
    auto store = open_store(folder.path, 20'000);
    const Sample first(1, 15), second(2, 15), third(3, 5);
    for (const Sample* each : {&first, &second}) {
        CHECK(text_of(store->pin(each->id())) == "");
        CHECK(text_of(store->put(noon, each->objects)) == "");
        CHECK(lacking(*store, each->id()) == 0);
    }
    CHECK(first.whole(*store));
    CHECK(second.whole(*store));
    CHECK(text_of(store->unpin(first.id())) == "");
    CHECK(text_of(store->put(noon + one_hour, third.objects)) == "");
    CHECK(first.here(*store) < 3);
    CHECK(second.whole(*store));
    CHECK(lacking(*store, first.id(), noon + one_hour) == 1);
    CHECK(*store->bytes() <= 25'000);
}

TEST_CASE("a large store is brought down over several puts") {
    const StoreFolder folder;
    std::vector<std::string> contents;
    std::vector<NewObject> objects;
    for (std::uint64_t i = 0; i < 9'500; ++i) contents.push_back(bytes_of(i, 100));
    for (const std::string& content : contents) objects.push_back(blob_of(content));
    REQUIRE(text_of(open_store(folder.path)->put(noon, objects)) == "");
    auto store = open_store(folder.path, 100'000);
    std::uint64_t before = *store->bytes();
    for (int puts = 0; puts < 3; ++puts) {
        CHECK(text_of(store->put(noon + one_hour, {})) == "");
        CHECK(*store->bytes() < before);
        before = *store->bytes();
    }
    CHECK(before <= 100'000);
}

TEST_CASE("a file that is evicted is gone from the disk, as is one that no index has") {
    const StoreFolder folder;
    auto store = open_store(folder.path, 1'000'000);
    const std::string first = bytes_of(1, 600'000), second = bytes_of(2, 600'000);
    const std::string stray = bytes_of(3, 10);
    std::filesystem::create_directories(folder.path / "files" / "no-id");
    const auto file = folder.path / "files" / blob_of(stray).id.hex();
    REQUIRE(File::open(file, O_CREAT | O_RDWR));
    put_one(*store, blob_of(first));
    put_one(*store, blob_of(second), noon + one_hour);
    CHECK_FALSE(has(*store, blob_of(first).id));
    CHECK(read_blob(*store, blob_of(second).id) == second);
    CHECK_FALSE(std::filesystem::exists(folder.path / "files" / blob_of(first).id.hex()));
    CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("another process's pin holds while that process lives, and ends with it") {
    const StoreFolder folder;
    const Sample pinned(1, 10), first(2, 15), second(3, 15);
    OtherProcess holder([&] {
        auto store = open_store(folder.path, 20'000);
        if (store->pin(pinned.id()) || store->put(noon, pinned.objects)) return 1;
        OtherProcess::rest();
        return 0;
    });
    holder.wait_for_word();
    auto store = open_store(folder.path, 20'000);
    CHECK(text_of(store->put(noon + one_hour, first.objects)) == "");
    CHECK(pinned.whole(*store));
    holder.kill();
    CHECK(text_of(store->put(noon + 2 * one_hour, second.objects)) == "");
    CHECK(pinned.here(*store) == 0);
    CHECK(std::filesystem::is_empty(folder.path / "processes"));
}

}  // namespace
TEST_CASE("what was put last is evicted last, though all is of the same hour") {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
        const StoreFolder folder;
        const std::unique_ptr<Store> store = open_store(folder.path, 10'000'000);
        for (const std::size_t size : {100'000, 2'000'000}) {  // in the database, and files
            for (std::uint64_t i = 0; i < 40; ++i) {
                const std::string content = bytes_of(seed * 1000 + i, size);
                const NewObject object{.id = object_id(ObjectKind::blob, content),
                                       .content = content};
                REQUIRE_FALSE(store->put(noon, std::span(&object, 1)));
                REQUIRE(store->size(object.id));
            }
        }
        CHECK(*store->bytes() <= 10'000'000);
    }
}

}  // namespace xgrid
