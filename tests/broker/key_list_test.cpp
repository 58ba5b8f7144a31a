#include "broker/key_list.hpp"

#include <doctest/doctest.h>

#include "shared/key_words.hpp"
#include "tests/broker/keys.hpp"

using namespace xgrid;
using namespace xgrid::broker;

namespace {

constexpr std::int64_t noon = 1'795'694'400;  // 2026-11-26T12:00:00Z

KnownKey token_key(std::uint8_t number, std::string session = "") {
    KnownKey key = known_key(number, "cloud-1", {Role::work});
    key.until = noon;
    key.session = std::move(session);
    return key;
}

KeyList parsed(const std::string& text) {
    Result<KeyList> list = KeyList::parse(text);
    REQUIRE(list);
    return *list;
}

}  // namespace

TEST_CASE("a list of keys survives being written") {
    KeyList list;
    list.allow(known_key(1, "ann", {Role::admin}));
    list.allow(known_key(2, "ann", {Role::submit, Role::work}));
    list.allow(token_key(3));
    list.allow(token_key(4, "0123abcd"));
    CHECK(parsed(list.text()) == list);
    CHECK(parsed("") == KeyList());
}

TEST_CASE("what people write in it is read") {
    const KeyList list =
        parsed("# all of us\n\n  " + key_word(1) + "\tann  submit,read  # on her laptop\r\n" +
               key_word(2) + " bob@home work until=2026-11-26T12:00:00Z");
    CHECK(*list.find(key_word(1)) == known_key(1, "ann", {Role::read, Role::submit}));
    CHECK(list.find(key_word(2))->until == noon);
    CHECK(list.find(key_word(3)) == nullptr);
}

TEST_CASE("a line that says anything else lets nobody in, and is named") {
    const std::string good = key_word(1) + " ann submit";
    for (const std::string& line :
         {std::string("ann submit"), key_word(1) + " ann", key_word(1) + " ann root",
          key_word(1) + "x ann submit", key_word(1) + " a/b submit", good + " only-from=10.0.0.1",
          good + " until=tomorrow", good + " until=2026-02-30T12:00:00Z", good + " session=a/b",
          good + " session=", good + "\n" + key_word(1) + " bob read"}) {
        CHECK_MESSAGE(!KeyList::parse(line + "\n"), line);
    }
    CHECK(KeyList::parse(good + "\n\nx y z\n").error().starts_with("line 3 "));
}

TEST_CASE("a secret key in the list is told from a public one") {
    CurveKey key{};
    CHECK(KeyList::parse(text_of_secret(key) + " ann submit\n").error().find("secret") !=
          std::string::npos);
}

TEST_CASE("a user is revoked with all keys, or with one") {
    KeyList list;
    list.allow(known_key(1, "ann", {Role::submit}));
    list.allow(known_key(2, "ann", {Role::submit}));
    list.allow(known_key(3, "bob", {Role::submit}));
    KeyList other = list;
    CHECK(list.revoke("ann").size() == 2);
    CHECK(list.all().size() == 1);
    CHECK(other.revoke(key_word(2)) == std::vector{known_key(2, "ann", {Role::submit})});
    CHECK(other.find(key_word(1)) != nullptr);
    CHECK(other.revoke("nobody").empty());
}

TEST_CASE("a key that is allowed again has the new name and roles alone") {
    KeyList list;
    list.allow(known_key(1, "ann", {Role::admin}));
    list.allow(known_key(1, "bob", {Role::read}));
    CHECK(list.all().size() == 1);
    CHECK(*list.find(key_word(1)) == known_key(1, "bob", {Role::read}));
}

TEST_CASE("a token expires unless a worker has it") {
    CHECK_FALSE(token_key(1).is_expired(noon));
    CHECK(token_key(1).is_expired(noon + 1));
    CHECK_FALSE(token_key(1, "session").is_expired(noon + 1));
    CHECK_FALSE(known_key(1, "ann", {Role::work}).is_expired(noon + 1));
    KeyList list;
    list.allow(token_key(1));
    list.allow(token_key(2, "session"));
    list.allow(known_key(3, "ann", {Role::work}));
    list.drop_expired(noon + 1);
    CHECK(list.all().size() == 2);
    CHECK(list.find(key_word(1)) == nullptr);
}

TEST_CASE("times are written as in UTC") {
    CHECK(text_of_time(0) == "1970-01-01T00:00:00Z");
    CHECK(text_of_time(noon) == "2026-11-26T12:00:00Z");
    CHECK(text_of_time(noon + 86'399 - 12 * 3600) == "2026-11-26T23:59:59Z");
}
