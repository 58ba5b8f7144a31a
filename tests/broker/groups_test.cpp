#include "broker/groups.hpp"

#include <doctest/doctest.h>

using namespace xgrid::broker;

namespace {

using Jobs = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("a group goes to the slot that asks first, and stays there") {
    Groups groups;
    groups.wait("a", 1);
    groups.wait("b", 2);
    groups.wait("a", 3);
    CHECK(groups.free() == 2);
    CHECK(groups.next(0) == 1);
    CHECK(groups.free() == 1);
    CHECK(groups.awaited() == std::vector<SlotKey>{0});
    CHECK(groups.next(1) == 2);
    CHECK(groups.next(1) == std::nullopt);
    CHECK(groups.next(0) == 3);
    CHECK(groups.awaited().empty());
    groups.wait("a", 4);
    CHECK(groups.free() == 0);
    CHECK(groups.next(1) == std::nullopt);
    CHECK(groups.next(0) == 4);
}

TEST_CASE("a slot has its own groups' jobs before others, and all of them if it likes") {
    Groups groups;
    groups.wait("a", 1);
    CHECK(groups.next_of_own(0) == std::nullopt);
    CHECK(groups.next(0) == 1);
    groups.wait("b", 2);
    groups.wait("a", 3);
    CHECK(groups.next(0) == 3);
    CHECK(groups.next(0) == 2);
}

TEST_CASE("what a slot had that is gone waits for any other") {
    Groups groups;
    groups.wait("a", 1);
    groups.wait("b", 2);
    groups.next(0);
    groups.next(0);
    groups.wait("b", 3);
    groups.lose(0);
    CHECK(groups.free() == 1);
    CHECK(groups.awaited().empty());
    groups.wait("a", 4);
    CHECK(groups.free() == 2);
    CHECK(groups.next(1) == 3);
    CHECK(groups.next(2) == 4);
    groups.lose(7);
}

TEST_CASE("all jobs that wait can be taken, whoever they wait for") {
    Groups groups;
    groups.wait("a", 1);
    groups.wait("b", 2);
    groups.wait("a", 3);
    groups.next(0);
    CHECK(groups.take_all() == Jobs{3, 2});
    CHECK(groups.free() == 0);
    CHECK(groups.next(0) == std::nullopt);
    groups.wait("b", 4);
    CHECK(groups.next(1) == 4);
}
