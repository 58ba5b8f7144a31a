#include "shared/tree.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace xgrid {
namespace {

using namespace std::string_literals;

ObjectId some_id(std::uint8_t first) {
    ObjectId id;
    id.bytes[0] = first;
    return id;
}

std::string entry(const std::string& mode, const std::string& name) {
    return mode + " " + name + "\0"s + std::string(32, 'i');
}

std::string why_not(const std::string& bytes) {
    Result<std::vector<TreeEntry>> tree = decode_tree(bytes);
    return tree ? "" : tree.error();
}

}  // namespace

// What `git hash-object` and `git mktree` say in repositories of both formats.
TEST_CASE("ids are git's") {
    CHECK(git_id(ObjectKind::blob, "hello\n").hex() == "ce013625030ba8dba906f756967f9e9ca394464a");
    CHECK(object_id(ObjectKind::blob, "hello\n").hex() ==
          "2cf8d83d9ee29543b34a87727421fdecb7e3f3a183d337639025de576db9ebb4");
    CHECK(git_id(ObjectKind::tree, "").hex() == "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    CHECK(object_id(ObjectKind::tree, "").hex() ==
          "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321");
}

TEST_CASE("an object in pieces has the id of the whole") {
    ObjectHash<ObjectId> hash(ObjectKind::blob, 6);
    hash.add("hel");
    hash.add("");
    hash.add("lo\n");
    CHECK(hash.finish() == object_id(ObjectKind::blob, "hello\n"));
}

TEST_CASE("a tree's bytes and entries are the same thing") {
    const std::vector<TreeEntry> entries = {{"a", EntryKind::executable, some_id(1)},
                                            {"a.b", EntryKind::file, some_id(2)},
                                            {"a0", EntryKind::link, some_id(3)},
                                            {"b", EntryKind::folder, some_id(4)}};
    Result<std::vector<TreeEntry>> decoded = decode_tree(encode_tree(entries));
    REQUIRE(decoded);
    CHECK(*decoded == entries);
}

TEST_CASE("a folder is sorted as if its name ended in a slash") {
    CHECK(comes_before("a.b", EntryKind::file, "a", EntryKind::folder));
    CHECK(comes_before("a", EntryKind::file, "a.b", EntryKind::file));
    CHECK(comes_before("a", EntryKind::folder, "a0", EntryKind::file));
    CHECK_FALSE(comes_before("a", EntryKind::file, "a", EntryKind::file));
    CHECK(comes_before("\x7f", EntryKind::file, "\x80", EntryKind::file));
}

TEST_CASE("a tree that may do harm is refused") {
    CHECK(why_not(entry("100644", "a")).empty());
    for (const std::string& name :
         {""s, "."s, ".."s, "a/b"s, "/"s, std::string(256, 'n'), ".git"s, ".GIT"s, ".Git"s,
          ".git "s, ".git..."s, ".git::$INDEX_ALLOCATION"s, "git~1"s, "GIT~1"s, ".g\u200cit"s,
          "\ufeff.git"s}) {
        CAPTURE(name);
        CHECK(why_not(entry("100644", name)) == "a tree has a forbidden name");
    }
    for (const std::string& name : {".gitignore"s, "git"s, ".git2"s, "git~12"s, "a b"s, "\xff"s}) {
        CAPTURE(name);
        CHECK(why_not(entry("40000", name)).empty());
    }
    for (const std::string& mode : {"160000"s, "100664"s, "040000"s, "60000"s, "20000"s, ""s}) {
        CAPTURE(mode);
        CHECK(why_not(entry(mode, "a")) == "a tree has an entry of unknown mode");
    }
    CHECK(why_not(entry("100644", "b") + entry("100644", "a")) == "a tree is out of order");
    CHECK(why_not(entry("100644", "a") + entry("100644", "a")) == "a tree is out of order");
    CHECK(why_not(entry("100644", "a") + entry("100644", "a.b") + entry("40000", "a")) ==
          "a tree has a name twice");
    const std::string whole = entry("100644", "a");
    for (std::size_t size = 1; size < whole.size(); ++size) {
        CHECK_FALSE(why_not(whole.substr(0, size)).empty());
    }
}

TEST_CASE("a link must not lead out of its tree") {
    CHECK(stays_within("a", 0));
    CHECK(stays_within("./a//b/", 0));
    CHECK(stays_within("../a", 1));
    CHECK(stays_within("../../a", 2));
    CHECK_FALSE(stays_within("..", 0));
    CHECK_FALSE(stays_within("../../a", 1));
    CHECK_FALSE(stays_within("a/..", 3));
    CHECK_FALSE(stays_within("/a", 3));
    CHECK_FALSE(stays_within("", 3));
    CHECK_FALSE(stays_within("a\0b"s, 3));
    CHECK_FALSE(stays_within(std::string(5000, 'a'), 3));
}

}  // namespace xgrid
