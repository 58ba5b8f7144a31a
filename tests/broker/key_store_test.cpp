#include "broker/key_store.hpp"

#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "broker/audit.hpp"
#include "tests/broker/keys.hpp"
#include "tests/client/temp_folder.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

namespace fs = std::filesystem;

const KnownKey ann = known_key(1, "ann", {Role::submit});
const KnownKey bob = known_key(2, "bob", {Role::work});

}  // namespace

TEST_CASE("a broker's own key is made once, and is its user's alone") {
    const client::TempFolder folder;
    const KeyStore store(folder.path());
    Result<CurveKey> first = store.secret();
    REQUIRE(first);
    Result<CurveKey> again = store.secret();
    REQUIRE(again);
    CHECK(*first == *again);
    CHECK(fs::status(folder / "key").permissions() == fs::perms(0600));
    fs::permissions(folder / "key", fs::perms(0640));
    CHECK_FALSE(store.secret());
}

TEST_CASE("a change of the list by another program is seen, and one's own is none") {
    const client::TempFolder folder;
    KeyStore broker(folder.path());
    KeyStore command(folder.path());
    Result<KeyList> none = broker.read();
    REQUIRE(none);
    CHECK(none->all().empty());
    CHECK_FALSE(broker.changed());
    REQUIRE(command.change([](KeyList& keys) { keys.allow(ann); }));
    CHECK_FALSE(command.changed());
    CHECK(broker.changed());
    REQUIRE(broker.change([](KeyList& keys) { keys.allow(bob); }));
    Result<KeyList> both = command.read();
    REQUIRE(both);
    CHECK(both->all().size() == 2);
    CHECK(fs::status(folder / "keys").permissions() == fs::perms(0600));
    fs::remove(folder / "keys");
    CHECK(broker.changed());
}

TEST_CASE("a list that others can change is not read, nor changed") {
    const client::TempFolder folder;
    KeyStore store(folder.path());
    REQUIRE(store.change([](KeyList& keys) { keys.allow(ann); }));
    fs::permissions(folder / "keys", fs::perms(0620));
    CHECK(store.changed());
    CHECK_FALSE(store.read());
    CHECK_FALSE(store.change([](KeyList& keys) { keys.allow(bob); }));
}

TEST_CASE("a log that is long is set aside, and the oldest goes") {
    const client::TempFolder folder;
    const fs::path file = folder / "audit.log";
    Audit audit(file);
    for (int i = 0; i < Audit::older_max + 3; ++i) {
        CHECK(audit.add(0, {{.action = "first"}}).empty());
        // As if much had been written meanwhile.
        fs::resize_file(file, Audit::file_bytes_max);
        CHECK(audit.add(0, {{.action = "last"}}).empty());
        CHECK_FALSE(fs::exists(file));
    }
    for (int i = 1; i <= Audit::older_max; ++i) {
        CHECK(fs::exists(file.string() + "." + std::to_string(i)));
    }
    CHECK_FALSE(fs::exists(file.string() + "." + std::to_string(Audit::older_max + 1)));
}

TEST_CASE("a log that cannot be written is told once") {
    const client::TempFolder folder;
    Audit audit(folder / "none/audit.log");
    CHECK_FALSE(audit.add(0, {{.action = "x"}}).empty());
    CHECK(audit.add(0, {{.action = "x"}}).empty());
}
