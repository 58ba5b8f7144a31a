#include <csignal>
#include <fstream>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <sys/resource.h>
#include <vector>

#include <doctest/doctest.h>

#include "shared/database.hpp"
#include "shared/store.hpp"
#include "tests/shared/other_process.hpp"
#include "tests/shared/store_folder.hpp"

namespace xgrid {
namespace {

void write_file(const std::filesystem::path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}
void alter(const std::filesystem::path& folder, std::string_view sql) {
    Result<Database> database = Database::open(folder / "objects.db");
    REQUIRE(database);
    database->run(sql);
    REQUIRE(text_of(database->take_trouble()) == "");
}

TEST_CASE("a damaged object is an error once, and lacking from then on, until it comes again") {
    const StoreFolder folder;
    auto store = open_store(folder.path);
    const std::string large = bytes_of(1, 2'500'000);
    const std::string tree = encode_tree({{"a", EntryKind::file, blob_of("small").id}});
    const NewObject objects[] = {blob_of("small"), blob_of(large), tree_of(tree)};
    const auto file = folder.path / "files" / blob_of(large).id.hex();
    REQUIRE(text_of(store->put(noon, objects)) == "");
    REQUIRE(store->touch(noon, tree_of(tree).id)->empty());

    const auto comes_again = [&](const NewObject& object) {
        CHECK_FALSE(has(*store, object.id));
        CHECK(put_one(*store, object) == "");
        CHECK(has(*store, object.id));
        CHECK_FALSE(text_of(store->verify(object.id)) != "");
    };
    SUBCASE("in the database") {
        alter(folder.path, "update contents set content = x'00'");
        CHECK(contains(read_blob(*store, objects[0].id), "is damaged, and has been removed"));
        CHECK(contains(read_blob(*store, objects[0].id), "is not in"));
        CHECK(store->touch(noon, tree_of(tree).id).error() != "");  // the tree too
        comes_again(objects[0]);
        comes_again(objects[2]);
        CHECK(store->touch(noon, tree_of(tree).id)->empty());
    }
    SUBCASE("its content is missing") {
        alter(folder.path, "delete from contents");
        CHECK(contains(read_blob(*store, objects[0].id), "is damaged"));
        comes_again(objects[0]);
    }
    SUBCASE("a tree that was complete is not, when something below it is dropped") {
        alter(folder.path, "update contents set content = x'00' where length(content) = 5");
        CHECK(store->touch(noon, tree_of(tree).id)->empty());
        CHECK(contains(read_blob(*store, objects[0].id), "is damaged"));
        CHECK(*store->touch(noon, tree_of(tree).id) ==
              std::vector<LackingObject>{{ObjectKind::blob, objects[0].id}});
    }
    SUBCASE("a file with another byte") {
        std::string changed = large;
        changed[2'000'000] = static_cast<char>(changed[2'000'000] ^ 1);
        write_file(file, changed);
        CHECK(contains(read_blob(*store, objects[1].id), "is damaged"));
        comes_again(objects[1]);
    }
    SUBCASE("a file that a reader of parts complains of") {
        write_file(file, bytes_of(2, large.size()));
        CHECK(store->read_range(objects[1].id, 0, 10));
        CHECK(contains(text_of(store->verify(objects[1].id)), "is damaged"));
        comes_again(objects[1]);
    }
    SUBCASE("a file cut off") {
        write_file(file, large.substr(0, 1000));
        SUBCASE("is read") { CHECK(contains(read_blob(*store, objects[1].id), "is damaged")); }
        SUBCASE("is read in parts") {
            CHECK(contains(store->read_range(objects[1].id, 0, 10).error(), "is damaged"));
        }
        SUBCASE("is copied") {
            CHECK(contains(store->path_of(objects[1].id).error(), "is damaged"));
        }
        SUBCASE("is asked for") {}
        comes_again(objects[1]);
    }
    SUBCASE("a file from before the machine was started, which was not all written") {
        alter(folder.path, "update objects set boot = 'an earlier one'");
        CHECK(store->path_of(objects[1].id)->has_value());
        alter(folder.path, "update objects set boot = 'an earlier one'");
        write_file(file, std::string(large.size(), '\0'));
        CHECK(contains(store->path_of(objects[1].id).error(), "is damaged"));
        comes_again(objects[1]);
    }
}

TEST_CASE("a broken database is set aside for a new one, which knows the files again") {
    const StoreFolder folder;
    const std::string large = bytes_of(1, 300'000);
    const NewObject objects[] = {blob_of("small"), blob_of(large)};
    REQUIRE(text_of(open_store(folder.path)->put(noon, objects)) == "");
    const auto database = folder.path / "objects.db";

    SUBCASE("it is something else") { write_file(database, std::string(50'000, 'x')); }
    SUBCASE("it is cut off") { std::filesystem::resize_file(database, 20'000); }
    SUBCASE("it is cut off within its first page") { std::filesystem::resize_file(database, 100); }
    SUBCASE("its tables are not ours") {
        std::filesystem::remove(database);
        alter(folder.path, "create table strange(x)");
    }
    SUBCASE("it is gone") { std::filesystem::remove(database); }

    auto store = open_store(folder.path);
    // A database that is cut off may open well, and be found broken by who looks for something.
    for (int i = 0; i < 2; ++i) (void)store->lacks({&objects[0].id, 1});
    CHECK_FALSE(has(*store, objects[0].id));
    CHECK(read_blob(*store, objects[1].id) == large);
    CHECK(text_of(store->put(noon, objects)) == "");
    CHECK(read_blob(*store, objects[0].id) == "small");
    CHECK(text_of(open_store(folder.path)->put(noon, objects)) == "");
}

TEST_CASE("a database that breaks while two have it open is set aside once, and both go on") {
    const StoreFolder folder;
    auto store = open_store(folder.path);
    auto other = open_store(folder.path);
    std::vector<std::string> contents;
    std::vector<ObjectId> ids;
    std::vector<NewObject> objects;
    for (std::uint64_t i = 0; i < 500; ++i) contents.push_back(bytes_of(i, 5000));
    for (const std::string& content : contents) objects.push_back(blob_of(content));
    for (const NewObject& object : objects) ids.push_back(object.id);
    REQUIRE(text_of(store->put(noon, objects)) == "");
    REQUIRE(text_of(store->pin(ids[0])) == "");
    REQUIRE(other->lacks(ids)->empty());
    alter(folder.path, "pragma wal_checkpoint(truncate)");
    write_file(folder.path / "objects.db", std::string(1'000'000, 'x'));

    for (int i = 0; i < 3; ++i) {
        (void)store->put(noon, objects);
        (void)other->put(noon, objects);
        for (const ObjectId& id : ids) (void)read_blob(*store, id);
        for (const ObjectId& id : ids) (void)read_blob(*other, id);
    }
    CHECK(text_of(store->put(noon, objects)) == "");
    CHECK(other->lacks(ids)->empty());
    for (std::size_t i = 0; i < ids.size(); ++i) CHECK(read_blob(*other, ids[i]) == contents[i]);
    CHECK(std::filesystem::exists(folder.path / "objects.db.broken"));
    CHECK(text_of(store->unpin(ids[0])) == "");
}

TEST_CASE("a newer xgrid's store is left alone") {
    const StoreFolder folder;
    open_store(folder.path);
    alter(folder.path, "pragma user_version = 1000");
    Result<std::unique_ptr<Store>> store = Store::open(folder.path, 1000, noon);
    REQUIRE_FALSE(store);
    CHECK(contains(store.error(), "a newer xgrid's (version 1000"));
    CHECK_FALSE(std::filesystem::exists(folder.path / "objects.db.broken"));
}

TEST_CASE("a folder that cannot be used is named, and why") {
    const StoreFolder folder;
    write_file(folder.path / "file", "");
    Result<std::unique_ptr<Store>> store = Store::open(folder.path / "file" / "below", 1000, noon);
    REQUIRE_FALSE(store);
    CHECK(contains(store.error(), "Not a directory"));
    CHECK(contains(store.error(), (folder.path / "file" / "below").string()));
}

// Fills what there is, and puts a small object when there is room again.
int fill(const std::filesystem::path& folder, std::string_view sign,
         const std::function<void()>& make_room) {
    auto store = open_store(folder);
    if (put_one(*store, blob_of("before")) != "") return 1;
    bool refused = false;
    for (std::uint64_t i = 0; i < 40 && !refused; ++i) {
        const std::string content = bytes_of(i, 200'000);
        const std::string error = put_one(*store, blob_of(content));
        refused = contains(error, sign);
        if (!refused && error != "") return 2;
        if (!refused && read_blob(*store, blob_of(content).id) != content) return 3;
        if (refused && has(*store, blob_of(content).id)) return 4;
    }
    if (!refused) return 5;
    const std::string large = bytes_of(1, 6'000'000);
    Result<Partial> partial = store->receive(blob_of(large).id, large.size());
    if (partial && !partial->add(large)) return 6;
    if (read_blob(*store, blob_of("before").id) != "before") return 7;
    make_room();
    if (put_one(*store, blob_of("after")) != "") return 8;
    return read_blob(*store, blob_of("after").id) == "after" ? 0 : 9;
}

TEST_CASE("a full disk refuses what comes, and loses nothing that is there") {
    const StoreFolder folder;
    OtherProcess other([&] {
        const std::string user = "0 " + std::to_string(::geteuid()) + " 1";
        const std::string group = "0 " + std::to_string(::getegid()) + " 1";
        if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return 77;
        write_file("/proc/self/uid_map", user);
        write_file("/proc/self/setgroups", "deny");
        write_file("/proc/self/gid_map", group);
        if (::mount("none", folder.path.c_str(), "tmpfs", 0, "size=4m") != 0) return 77;
        write_file(folder.path / "room", std::string(1'000'000, 'x'));
        return fill(folder.path / "store", "full",
                    [&] { std::filesystem::remove(folder.path / "room"); });
    });
    const int status = other.wait();
    if (status == 77) {
        MESSAGE("not tried: no file system can be mounted here");
    } else {
        CHECK(status == 0);
    }
}

TEST_CASE("files that may not grow refuse what comes, and lose nothing that is there") {
    const StoreFolder folder;
    OtherProcess other([&] {
        ::signal(SIGXFSZ, SIG_IGN);
        rlimit limit{2'000'000, RLIM_INFINITY};
        if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 70;
        return fill(folder.path, "I/O", [] {
            rlimit none{RLIM_INFINITY, RLIM_INFINITY};
            ::setrlimit(RLIMIT_FSIZE, &none);
        });
    });
    CHECK(other.wait() == 0);
}

}  // namespace
}  // namespace xgrid
