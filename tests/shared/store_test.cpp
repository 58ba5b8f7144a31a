#include "shared/store.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/shared/store_folder.hpp"

namespace xgrid {
namespace {

TEST_CASE("what is put is there, under the id of its content, for another store too") {
    const StoreFolder folder;
    const std::vector<std::string> contents = {"",
                                               "a",
                                               std::string(1, '\0'),
                                               bytes_of(1, 5000),
                                               bytes_of(2, Store::small_bytes_max),
                                               bytes_of(3, Store::small_bytes_max + 1)};
    const std::string tree =
        encode_tree({{"a", EntryKind::file, object_id(ObjectKind::blob, contents[1])}});
    std::vector<NewObject> objects;
    for (const std::string& content : contents) objects.push_back(blob_of(content));
    objects.push_back(tree_of(tree));
    std::vector<ObjectId> ids;
    for (const NewObject& object : objects) ids.push_back(object.id);

    auto store = open_store(folder.path);
    CHECK(*store->lacks(ids) == ids);
    CHECK(text_of(store->put(noon, objects)) == "");
    CHECK(text_of(store->put(noon, objects)) == "");
    CHECK(store->lacks(ids)->empty());
    std::size_t total = tree.size();
    for (const std::string& content : contents) total += content.size();
    CHECK(*store->bytes() == total);

    auto second = open_store(folder.path);
    for (Store* each : {store.get(), second.get()}) {
        for (std::size_t i = 0; i < contents.size(); ++i) {
            CHECK(read_blob(*each, ids[i]) == contents[i]);
            CHECK(*each->size(ids[i]) == contents[i].size());
        }
        CHECK(*each->tree(tree_of(tree).id) == tree);
    }
}

TEST_CASE("what is lacking comes in the order it was asked for") {
    const StoreFolder folder;
    auto store = open_store(folder.path);
    const std::string contents[] = {"1", "2", "3", "4"};
    std::vector<ObjectId> ids;
    for (const std::string& content : contents) ids.push_back(blob_of(content).id);
    put_one(*store, blob_of("3"));
    put_one(*store, blob_of("1"));
    CHECK(*store->lacks(ids) == std::vector{ids[1], ids[3]});
    CHECK(store->lacks({})->empty());
}

TEST_CASE(
    "an object that is not what its id names is refused, and nothing that came with it kept") {
    const StoreFolder folder;
    auto store = open_store(folder.path);
    for (const std::string& content : {std::string("real"), bytes_of(1, 300'000)}) {
        CAPTURE(content.size());
        std::string changed = content;
        changed.back() = static_cast<char>(changed.back() ^ 1);
        const NewObject objects[] = {blob_of("neighbour"),
                                     {ObjectKind::blob, blob_of(content).id, changed}};
        CHECK(contains(text_of(store->put(noon, objects)), "its content has another id"));
        CHECK_FALSE(has(*store, objects[0].id));
        CHECK_FALSE(has(*store, objects[1].id));
        CHECK(std::filesystem::is_empty(folder.path / "files"));
        CHECK(std::filesystem::is_empty(folder.path / "incoming"));
    }
    const NewObject as_tree{ObjectKind::tree, blob_of("x").id, "x"};
    CHECK(contains(put_one(*store, as_tree), "its content has another id"));
}

TEST_CASE("a part of a blob is cut where the blob ends") {
    const StoreFolder folder;
    auto store = open_store(folder.path);
    for (const std::size_t size : {std::size_t{10'000}, Store::small_bytes_max + 10'000}) {
        CAPTURE(size);
        const std::string content = bytes_of(size, size);
        const ObjectId id = blob_of(content).id;
        REQUIRE(put_one(*store, blob_of(content)) == "");
        CHECK(*store->read_range(id, 0, size) == content);
        CHECK(*store->read_range(id, 9'000, 100) == content.substr(9'000, 100));
        CHECK(*store->read_range(id, size - 5, 100) == content.substr(size - 5));
        CHECK(*store->read_range(id, size, 100) == "");
        CHECK(contains(store->read_range(id, size + 1, 1).error(), "none at"));
    }
    CHECK(contains(store->read_range(blob_of("none").id, 0, 1).error(), "is not in"));
}

TEST_CASE("a large blob is a file that can be copied, a small one is not") {
    const StoreFolder folder;
    auto store = open_store(folder.path);
    const std::string large = bytes_of(1, 300'000);
    put_one(*store, blob_of(large));
    put_one(*store, blob_of("small"));
    Result<std::optional<std::filesystem::path>> file = store->path_of(blob_of(large).id);
    REQUIRE(file);
    REQUIRE(file->has_value());
    CHECK(std::filesystem::file_size(**file) == large.size());
    CHECK_FALSE(store->path_of(blob_of("small").id)->has_value());
    CHECK_FALSE(store->path_of(blob_of("none").id)->has_value());
}

TEST_CASE("a tree is not read as a blob, nor a blob as a tree") {
    const StoreFolder folder;
    auto store = open_store(folder.path);
    const std::string tree = encode_tree({});
    put_one(*store, tree_of(tree));
    put_one(*store, blob_of("x"));
    CHECK(contains(store->tree(blob_of("x").id).error(), "is no tree"));
    CHECK(contains(read_blob(*store, tree_of(tree).id), "is no blob"));
}

TEST_CASE("who reads a large blob may stop") {
    const StoreFolder folder;
    auto store = open_store(folder.path);
    const std::string large = bytes_of(1, 5'000'000);
    put_one(*store, blob_of(large));
    std::size_t taken = 0;
    CHECK(store->blob(blob_of(large).id, [&taken](std::string_view piece) {
        taken += piece.size();
        return false;
    }));
    CHECK(taken < large.size());
}

}  // namespace
}  // namespace xgrid
