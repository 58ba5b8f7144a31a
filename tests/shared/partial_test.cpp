#include "shared/partial.hpp"

#include <string>

#include <doctest/doctest.h>

#include "tests/shared/store_folder.hpp"

namespace xgrid {
namespace {

const std::string content = bytes_of(7, 3'000'000);
const ObjectId id = blob_of(content).id;

TEST_CASE("a blob in pieces is visible when the last has come, and not before") {
    const StoreFolder folder;
    auto store = open_store(folder.path);
    Result<Partial> partial = store->receive(id, content.size());
    REQUIRE(partial);
    for (std::size_t at = 0; at < content.size(); at += 700'000) {
        CHECK(partial->offset() == at);
        CHECK_FALSE(has(*store, id));
        CHECK(contains(text_of(store->keep(noon, *partial)), "bytes are there"));
        CHECK(text_of(partial->add(content.substr(at, 700'000))) == "");
    }
    CHECK(text_of(store->keep(noon, *partial)) == "");
    CHECK(read_blob(*store, id) == content);
    CHECK(contains(text_of(store->keep(noon, *partial)), "done with"));
    CHECK(contains(text_of(partial->add("")), "done with"));
}

TEST_CASE("a blob whose sender went away is gone on with, after the store was closed too") {
    const StoreFolder folder;
    {
        auto store = open_store(folder.path);
        Result<Partial> partial = store->receive(id, content.size());
        CHECK(text_of(partial->add(content.substr(0, 1'234'567))) == "");
    }
    auto store = open_store(folder.path);
    Result<Partial> partial = store->receive(id, content.size());
    REQUIRE(partial->offset() == 1'234'567);
    CHECK(text_of(partial->add(content.substr(1'234'567))) == "");
    CHECK(text_of(store->keep(noon, *partial)) == "");
    CHECK(read_blob(*store, id) == content);
}

TEST_CASE("bytes that are wrong are all gone at the end, so that the next sender begins anew") {
    const StoreFolder folder;
    auto store = open_store(folder.path);
    {
        Result<Partial> partial = store->receive(id, content.size());
        CHECK(text_of(partial->add("wrong")) == "");
    }
    {
        Result<Partial> partial = store->receive(id, content.size());
        CHECK(partial->offset() == 5);
        CHECK(text_of(partial->add(content.substr(5))) == "");
        CHECK(contains(text_of(store->keep(noon, *partial)), "another id"));
        CHECK_FALSE(has(*store, id));
    }
    CHECK(store->receive(id, content.size())->offset() == 0);
}

TEST_CASE("what an earlier sender left wrong does not keep a whole blob out") {
    const StoreFolder folder;
    auto store = open_store(folder.path);
    {
        Result<Partial> partial = store->receive(id, content.size());
        CHECK(text_of(partial->add("wrong")) == "");
    }
    CHECK(put_one(*store, blob_of(content)) == "");
    CHECK(read_blob(*store, id) == content);
}

TEST_CASE("no more bytes are taken than were announced") {
    const StoreFolder folder;
    auto store = open_store(folder.path);
    Result<Partial> partial = store->receive(id, 10);
    CHECK(contains(text_of(partial->add("12345678901")), "more than 10 bytes"));
    CHECK(text_of(partial->add("1234567890")) == "");
    CHECK(contains(text_of(partial->add("1")), "more than 10 bytes"));
    CHECK(contains(text_of(store->keep(noon, *partial)), "another id"));
}

TEST_CASE("a blob that was announced with another size before begins anew") {
    const StoreFolder folder;
    auto store = open_store(folder.path);
    {
        Result<Partial> partial = store->receive(id, content.size() + 1);
        CHECK(text_of(partial->add(content + "x")) == "");
    }
    CHECK(store->receive(id, content.size())->offset() == 0);
}

TEST_CASE("two receive the same blob at once, and neither waits for the other") {
    const StoreFolder folder;
    auto store = open_store(folder.path);
    auto other = open_store(folder.path);
    Result<Partial> first = store->receive(id, content.size());
    Result<Partial> second = other->receive(id, content.size());
    CHECK(text_of(first->add(content.substr(0, 1000))) == "");
    CHECK(second->offset() == 0);
    CHECK(text_of(second->add(content)) == "");
    CHECK(text_of(other->keep(noon, *second)) == "");
    CHECK(read_blob(*store, id) == content);
    CHECK(text_of(first->add(content.substr(1000))) == "");
    CHECK(text_of(store->keep(noon, *first)) == "");
    CHECK(read_blob(*store, id) == content);
    CHECK(*store->bytes() == content.size());
    CHECK(std::filesystem::is_empty(folder.path / "incoming"));
}

TEST_CASE("a blob larger than the whole store is refused before its first byte") {
    const StoreFolder folder;
    auto store = open_store(folder.path, 1'000'000);
    CHECK(contains(store->receive(id, 1'000'001).error(), "the store may have 1000000"));
}

TEST_CASE("a part that nobody went on with for a day goes when a store is opened") {
    const StoreFolder folder;
    {
        auto store = open_store(folder.path);
        Result<Partial> partial = store->receive(id, content.size());
        CHECK(text_of(partial->add("a")) == "");
    }
    const auto at = [&folder](Seconds now) {
        REQUIRE(Store::open(folder.path, 1 << 30, now));
        return !std::filesystem::is_empty(folder.path / "incoming");
    };
    const auto now =
        std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
    CHECK(at(now));
    CHECK_FALSE(at(now + 25 * one_hour));
}

}  // namespace
}  // namespace xgrid
