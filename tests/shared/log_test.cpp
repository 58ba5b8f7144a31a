#include "shared/log.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace xgrid;

namespace {

using Texts = std::vector<std::string>;

Log<std::string> log_of(const Texts& texts) {
    Log<std::string> log;
    for (const std::string& text : texts) log.append(text);
    return log;
}

}  // namespace

TEST_CASE("entries are sent once, in order") {
    Log<std::string> log = log_of({"a", "b", "c"});
    CHECK(log.next(1000) == Texts{"a", "b", "c"});
    CHECK(log.next(1000).empty());
    CHECK(log.all_sent());
}

TEST_CASE("a batch is about as large as was asked for, and has one entry at least") {
    Log<std::string> log = log_of({std::string(100, 'a'), "b", "c"});
    CHECK(log.next(1).size() == 1);
    CHECK(log.next(1) == Texts{"b"});
}

TEST_CASE("what is not recorded is sent again after a rewind") {
    Log<std::string> log = log_of({"a", "b", "c"});
    log.next(1000);
    CHECK(log.record(1));
    log.rewind();
    CHECK(log.sent() == 1);
    CHECK(log.next(1000) == Texts{"b", "c"});
}

TEST_CASE("a peer cannot have recorded what does not exist, nor forget what it had") {
    Log<std::string> log = log_of({"a", "b"});
    CHECK(!log.record(3));
    CHECK(log.record(2));
    CHECK(!log.record(1));
    CHECK(log.all_recorded());
    CHECK(log.size() == 2);
}

TEST_CASE("only an entry that was not sent can be replaced") {
    Log<std::string> log = log_of({"a"});
    REQUIRE(log.last_unsent() != nullptr);
    *log.last_unsent() = "b";
    CHECK(log.next(1000) == Texts{"b"});
    CHECK(log.last_unsent() == nullptr);
}

TEST_CASE("the receiver skips what it has, and takes nothing beyond a gap") {
    CHECK(already_recorded(0, 0, 3) == 0);
    CHECK(already_recorded(2, 0, 3) == 2);
    CHECK(already_recorded(5, 0, 3) == 3);
    CHECK(already_recorded(2, 3, 3) == 3);
}
