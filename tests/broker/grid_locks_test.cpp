#include "broker/grid_locks.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::broker;

namespace {

using Texts = std::vector<std::string>;
using Names = std::set<std::string>;

const std::map<std::string, Lock> one_each = {{"x", {1, true}}, {"y", {1, true}}};

// Runs that ask, get what is to be had, and use it.
struct Runs {
    GridLocks locks;
    std::map<std::string, Resources> runs;

    explicit Runs(const std::map<std::string, Lock>& known = one_each) {
        for (const char* run : {"a", "b", "c"}) runs.emplace(run, Resources(known));
    }

    Names ask(const std::string& run, const Texts& wish) {
        return locks.ask(run, 0, wish.empty() ? GridLocks::Wishes() : GridLocks::Wishes{wish});
    }
    Texts available(const std::string& run, const Texts& wish) {
        return locks.available(run, 0, {wish}, runs.at(run));
    }
    void take(const std::string& run, const Texts& wish) {
        for (const std::string& lock : wish) runs.at(run).grant(lock);
        runs.at(run).take(tidy({.locks = wish}));
        locks.set(run, runs.at(run));
    }
    Names give_back(const std::string& run, const Texts& wish) {
        runs.at(run).give_back(tidy({.locks = wish}));
        return locks.set(run, runs.at(run));
    }
};

}  // namespace

TEST_CASE("a lock that one run has another one does not get, until it is free") {
    Runs runs;
    CHECK(runs.available("a", {"x"}) == Texts{"x"});
    runs.take("a", {"x"});
    CHECK(runs.available("b", {"x"}).empty());
    runs.ask("b", {"x"});
    CHECK(runs.give_back("a", {"x"}) == Names{"b"});
    CHECK(runs.available("b", {"x"}) == Texts{"x"});
}

TEST_CASE("a run gets all locks of a unit or none") {
    Runs runs;
    runs.take("a", {"x"});
    CHECK(runs.available("b", {"x", "y"}).empty());
    CHECK(runs.locks.available("b", 0, {{"x", "y"}, {"y"}}, runs.runs.at("b")) == Texts{"y"});
}

TEST_CASE("who has asked longer is not overtaken, whatever it waits for beside") {
    Runs runs;
    runs.take("a", {"x"});
    runs.ask("b", {"x", "y"});
    CHECK(runs.available("c", {"y"}).empty());
    runs.ask("c", {"y"});
    // It has no use for them any more.
    CHECK(runs.ask("b", {}) == Names{"c"});
    CHECK(runs.available("c", {"y"}) == Texts{"y"});
}

TEST_CASE("who has got some comes after all others with the rest") {
    Runs runs;
    runs.ask("a", {"x"});
    runs.ask("b", {"x"});
    CHECK(runs.available("b", {"x"}).empty());
    runs.take("a", {"x"});
    runs.ask("a", {"x"});
    CHECK(runs.give_back("a", {"x"}) == Names{"a", "b"});
    CHECK(runs.available("a", {"x"}).empty());
    CHECK(runs.available("b", {"x"}) == Texts{"x"});
}

TEST_CASE("of two runs that differ the smaller number of holders counts") {
    Runs runs;
    runs.runs.at("b") = Resources({{"x", {2, true}}});
    runs.take("a", {"x"});
    CHECK(runs.available("b", {"x"}).empty());
    runs.give_back("a", {"x"});
    runs.take("b", {"x"});
    CHECK(runs.available("a", {"x"}).empty());
    CHECK(runs.available("b", {"x"}) == Texts{"x"});
}

TEST_CASE("what a run had is free when it is forgotten") {
    Runs runs;
    runs.take("a", {"x"});
    runs.ask("b", {"x"});
    CHECK(runs.locks.holders("x") == std::map<std::string, std::uint32_t>{{"a", 1}});
    CHECK(runs.locks.forget("a") == Names{"b"});
    CHECK(runs.locks.holders("x").empty());
    CHECK(runs.available("b", {"x"}) == Texts{"x"});
}
