#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "shared/store.hpp"
#include "tests/shared/other_process.hpp"
#include "tests/shared/store_folder.hpp"

namespace xgrid {
namespace {

// Small and large ones; those of every third number are the same for all who put them.
std::string content_of(std::uint64_t writer, std::uint64_t number) {
    const std::uint64_t seed = number % 3 == 0 ? number : (writer + 1) * 100'000 + number;
    return bytes_of(seed, number % 50 == 7 ? 400'000 : 200 + seed % 5000);
}

// Puts all of them, in batches of 20.
int put_all(const std::filesystem::path& folder, std::uint64_t writer, std::uint64_t count,
            std::uint64_t bytes_max = 1 << 30) {
    auto store = open_store(folder, bytes_max);
    for (std::uint64_t first = 0; first < count; first += 20) {
        std::vector<std::string> contents;
        std::vector<NewObject> objects;
        for (std::uint64_t i = first; i < first + 20; ++i) {
            contents.push_back(content_of(writer, i));
        }
        for (const std::string& content : contents) objects.push_back(blob_of(content));
        if (store->put(noon, objects)) return 1;
        OtherProcess::say();
    }
    return 0;
}

TEST_CASE("two processes put the same and other objects at once") {
    const StoreFolder folder;
    constexpr std::uint64_t count = 400;
    {
        OtherProcess first([&] { return put_all(folder.path, 0, count); });
        OtherProcess second([&] { return put_all(folder.path, 1, count); });
        CHECK(first.wait() == 0);
        CHECK(second.wait() == 0);
    }
    auto store = open_store(folder.path);
    std::uint64_t bytes = 0;
    for (std::uint64_t writer : {0, 1}) {
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::string content = content_of(writer, i);
            CHECK(read_blob(*store, blob_of(content).id) == content);
            bytes += writer == 0 || i % 3 != 0 ? content.size() : 0;
        }
    }
    CHECK(*store->bytes() == bytes);
}

TEST_CASE("a writer killed at any moment leaves a store in which all that is there is right") {
    const StoreFolder folder;
    constexpr std::uint64_t count = 200;
    for (std::uint64_t moment = 0; moment < 60; ++moment) {
        CAPTURE(moment);
        {
            // Killed some microseconds, other ones each time, after some batch.
            OtherProcess writer([&] { return put_all(folder.path, moment / 4, count); });
            OtherProcess second([&] { return put_all(folder.path, moment / 4, count); });
            for (std::uint64_t i = 0; i < 1 + moment % 5; ++i) writer.wait_for_word();
            ::usleep(static_cast<useconds_t>(moment * 37 % 1000));
            writer.kill();
            second.kill();
        }
        auto store = open_store(folder.path);
        std::uint64_t bytes = 0;
        for (std::uint64_t writer = 0; writer <= moment / 4; ++writer) {
            for (std::uint64_t i = 0; i < count; ++i) {
                if (writer > 0 && i % 3 == 0) continue;
                const std::string content = content_of(writer, i);
                const ObjectId id = blob_of(content).id;
                if (!has(*store, id)) continue;
                bytes += content.size();
                if (writer == moment / 4) CHECK(read_blob(*store, id) == content);
            }
        }
        CHECK(*store->bytes() == bytes);
        CHECK_FALSE(std::filesystem::exists(folder.path / "objects.db.broken"));
        if (moment % 4 != 3) continue;
        store.reset();
        OtherProcess last([&] { return put_all(folder.path, moment / 4, count); });
        CHECK(last.wait() == 0);
    }
    // Nothing that died keeps anything: what is left of it goes with the next.
    open_store(folder.path);
}

TEST_CASE(
    "a writer killed while it evicts leaves what is right, or lacking, and the next goes on") {
    const StoreFolder folder;
    constexpr std::uint64_t count = 200;
    constexpr std::uint64_t bytes_max = 900'000;
    for (std::uint64_t moment = 0; moment < 50; ++moment) {
        CAPTURE(moment);
        {
            OtherProcess writer([&] { return put_all(folder.path, moment, count, bytes_max); });
            for (std::uint64_t i = 0; i < 4 + moment % 5; ++i) writer.wait_for_word();
            ::usleep(static_cast<useconds_t>(moment * 37 % 1000));
            writer.kill();
        }
        auto store = open_store(folder.path, bytes_max);
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::string content = content_of(moment, i);
            const ObjectId id = blob_of(content).id;
            if (has(*store, id)) CHECK(read_blob(*store, id) == content);
        }
        CHECK_FALSE(std::filesystem::exists(folder.path / "objects.db.broken"));
    }
    OtherProcess last([&] { return put_all(folder.path, 1000, count, bytes_max); });
    CHECK(last.wait() == 0);
    auto store = open_store(folder.path, bytes_max);
    CHECK(*store->bytes() <= bytes_max);
    std::uint64_t file_bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder.path / "files")) {
        file_bytes += file.file_size();
    }
    CHECK(file_bytes <= bytes_max);
}

TEST_CASE("a receiver killed at any moment can be gone on with") {
    const StoreFolder folder;
    const std::string content = bytes_of(1, 6'000'000);
    const ObjectId id = blob_of(content).id;
    std::uint64_t offset = 0;
    std::uint64_t furthest = 0;
    for (std::uint64_t moment = 0; moment < 30; ++moment) {
        OtherProcess receiver([&] {
            auto store = open_store(folder.path);
            Result<Partial> partial = store->receive(id, content.size());
            while (partial && partial->offset() < content.size()) {
                OtherProcess::say();
                if (partial->add(content.substr(partial->offset(), 40'000))) return 1;
            }
            std::ofstream(folder.path / "all-is-there");
            return store->keep(noon, *partial) ? 2 : 0;
        });
        // Near the end it may be done before it is killed.
        for (std::uint64_t i = 0; i <= moment % 7 && receiver.hears_word(); ++i) {
        }
        receiver.kill();
        auto store = open_store(folder.path);
        if (has(*store, id)) break;
        Result<Partial> partial = store->receive(id, content.size());
        REQUIRE(partial);
        // Between its removal from what is partial and its being kept it is nowhere.
        if (std::filesystem::exists(folder.path / "all-is-there")) {
            std::filesystem::remove(folder.path / "all-is-there");
        } else {
            CHECK(partial->offset() >= offset);
        }
        offset = partial->offset();
        furthest = std::max(furthest, offset);
    }
    auto store = open_store(folder.path);
    if (!has(*store, id)) {
        Result<Partial> partial = store->receive(id, content.size());
        CHECK(furthest > 0);
        CHECK(text_of(partial->add(content.substr(partial->offset()))) == "");
        CHECK(text_of(store->keep(noon, *partial)) == "");
    }
    CHECK(read_blob(*store, id) == content);
}

}  // namespace
}  // namespace xgrid
