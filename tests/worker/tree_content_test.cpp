#include "worker/tree_content.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include "tests/shared/store_folder.hpp"

using namespace xgrid;

namespace {

namespace fs = std::filesystem;

struct Fixture {
    StoreFolder folder;
    fs::path home = folder.path / "home";
    fs::path library = folder.path / "elsewhere/lib";
    std::unique_ptr<Store> store = open_store(folder.path / "store");
    worker::TreeContent content{*store, {{"", home.string()}, {"lib", library.string()}}};

    Fixture() {
        fs::create_directories(home / "sub");
        fs::create_directories(library);
    }

    ObjectId write(const fs::path& path, const std::string& text) {
        std::ofstream(path) << text;
        return object_id(ObjectKind::blob, text);
    }

    std::string read(const ObjectId& id) {
        std::string text;
        Result<std::uint64_t> bytes = content.blob(id, [&](std::string_view piece) {
            text += piece;
            return true;
        });
        return bytes ? text : "error: " + bytes.error();
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "content lies at its place at home, or in a folder from elsewhere") {
    const ObjectId a = write(home / "sub/a.py", "a");
    const ObjectId b = write(library / "b.py", "b");
    CHECK(content.is_at_place(a, "sub/a.py"));
    CHECK(content.is_at_place(b, "lib/b.py"));
    CHECK_FALSE(content.is_at_place(b, "b.py"));
    CHECK(read(a) == "a");
    CHECK(read(b) == "b");
    CHECK_FALSE(content.was_deceived());
}

TEST_CASE_FIXTURE(Fixture, "links are content, too") {
    fs::create_symlink("sub/a.py", home / "link");
    const ObjectId id = object_id(ObjectKind::blob, "sub/a.py");
    CHECK(content.is_at_place(id, "link"));
    CHECK(read(id) == "sub/a.py");
}

TEST_CASE_FIXTURE(Fixture, "a file that has changed is noticed, and not believed again") {
    const ObjectId id = write(home / "a.py", "before");
    REQUIRE(content.is_at_place(id, "a.py"));
    SUBCASE("its content") { write(home / "a.py", "behind"); }
    SUBCASE("its size") { write(home / "a.py", "longer than before"); }
    SUBCASE("it is gone") { fs::remove(home / "a.py"); }
    SUBCASE("it is a folder now") {
        fs::remove(home / "a.py");
        fs::create_directory(home / "a.py");
    }
    CHECK(read(id).starts_with("error: "));
    CHECK(content.was_deceived());
    CHECK_FALSE(content.was_deceived());
    write(home / "a.py", "before");
    CHECK_FALSE(content.is_at_place(id, "a.py"));
    const NewObject object{ObjectKind::blob, id, "before"};
    REQUIRE(!store->put(noon, std::span(&object, 1)));
    CHECK(read(id) == "before");
}

TEST_CASE_FIXTURE(Fixture, "without places all content is in the store") {
    const ObjectId id = write(home / "a.py", "a");
    worker::TreeContent far(*store, {});
    CHECK_FALSE(far.is_at_place(id, "a.py"));
    const NewObject object{ObjectKind::blob, id, "a"};
    REQUIRE(!store->put(noon, std::span(&object, 1)));
    std::string text;
    REQUIRE(far.blob(id, [&](std::string_view piece) {
        text += piece;
        return true;
    }));
    CHECK(text == "a");
}
