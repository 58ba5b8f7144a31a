// What Meson writes of a project's tests, and what leads into a copy of its build folder.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "worker/frameworks/native/meson_listing.hpp"
#include "worker/frameworks/native/meson_options.hpp"
#include "worker/frameworks/native/meson_verdict.hpp"
#include "worker/frameworks/native/moved_paths.hpp"
#include "worker/frameworks/native/pickled_truths.hpp"

using namespace xgrid;
using namespace xgrid::worker::native;

namespace {

using Truths = std::vector<bool>;
using Words = std::vector<std::string>;

// pickle.dumps() of three objects, of which the second one's should_fail is true.
const std::string pickle_2(
    "\x80\x02]q\0(cm\nT\nq\x01)\x81q\x02}q\x03(X\x04\0\0\0nameq\x04X\x01\0\0\0aq\x05X\x0b\0\0\0"
    "should_failq\x06\x89X\x07\0\0\0timeoutq\x07K\x1eubh\x01)\x81q\x08}q\x09(h\x04h\x05h\x06\x88h"
    "\x07K\x1eubh\x01)\x81q\x0a}q\x0b(h\x04h\x05h\x06\x89h\x07K\x1eube.",
    125);
const std::string pickle_4(
    "\x80\x04\x95g\0\0\0\0\0\0\0]\x94(\x8c\x01m\x94\x8c\x01T\x94\x93\x94)\x81\x94}\x94(\x8c\x04"
    "name\x94\x8c\x01"
    "a\x94\x8c\x0bshould_fail\x94\x89\x8c\x07timeout\x94K\x1eubh\x03)\x81\x94}\x94(h\x06h\x07h"
    "\x08\x88h\x09K\x1eubh\x03)\x81\x94}\x94(h\x06h\x07h\x08\x89h\x09K\x1eube.",
    114);

// As Meson 1.0.1 writes it.
const std::string listing = R"([
  {"cmd": ["/p/build/a", "--x"], "env": {"A": "1"}, "name": "a", "workdir": null, "timeout": 30,
   "suite": ["p"], "is_parallel": true, "priority": 0, "protocol": "exitcode", "depends": []},
  {"cmd": ["/p/build/b"], "env": {}, "name": "b", "workdir": "/p", "timeout": 0,
   "suite": ["p:slow", "p:net"], "is_parallel": false, "protocol": "tap"},
  {"cmd": ["/p/build/b"], "env": {}, "name": "b", "workdir": null, "timeout": -3,
   "suite": ["p:slow", "p:net"], "is_parallel": true, "protocol": "of later versions"}])";

std::vector<MesonEntry> entries() { return *meson_listing_from(listing); }

}  // namespace

TEST_CASE("an attribute's values are found in a pickle of any protocol since 2") {
    REQUIRE(pickled_truths(pickle_2, "should_fail"));
    CHECK(*pickled_truths(pickle_2, "should_fail") == Truths{false, true, false});
    REQUIRE(pickled_truths(pickle_4, "should_fail"));
    CHECK(*pickled_truths(pickle_4, "should_fail") == Truths{false, true, false});
    CHECK(pickled_truths(pickle_4, "timeout")->empty());  // a number
    CHECK(pickled_truths(pickle_4, "other")->empty());
}

TEST_CASE("what is no whole pickle has no values") {
    for (const std::string& pickle : {pickle_2, pickle_4}) {
        for (std::size_t bytes = 0; bytes < pickle.size(); ++bytes) {
            CHECK_FALSE(pickled_truths(pickle.substr(0, bytes), "should_fail"));
        }
    }
    CHECK_FALSE(pickled_truths("no pickle", "should_fail"));
    CHECK_FALSE(pickled_truths("\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", "should_fail"));
}

TEST_CASE("Meson's list of tests is read as far as it is known") {
    const std::vector<MesonEntry> all = entries();
    REQUIRE(all.size() == 3);
    CHECK(all[0].command == Words{"/p/build/a", "--x"});
    CHECK(all[0].environment == std::vector<std::pair<std::string, std::string>>{{"A", "1"}});
    CHECK(all[0].directory.empty());
    CHECK(all[0].timeout_seconds == 30);
    CHECK(all[0].parallel);
    CHECK(all[1].directory == "/p");
    CHECK_FALSE(all[1].parallel);
    CHECK(all[1].protocol == MesonProtocol::tap);
    CHECK(all[2].timeout_seconds == 0);
    CHECK(all[2].protocol == MesonProtocol::exit_code);
}

TEST_CASE("a list that cannot be read is an error that says why") {
    CHECK(meson_listing_from("{}").error() == "it is no list of tests");
    CHECK_FALSE(meson_listing_from("[{\"name\": \"a\"}]"));
    CHECK_FALSE(meson_listing_from(R"([{"name": "a", "cmd": [], "env": {}}])"));
    CHECK_FALSE(meson_listing_from("[{"));
    CHECK_FALSE(meson_directories_from("{}"));
    CHECK(meson_directories_from(R"({"directories": {"build": "/b", "source": "/s"}})")->source ==
          "/s");
}

TEST_CASE("ids are those of `meson test --list`, each once") {
    CHECK(meson_ids(entries()) == Words{"p / a", "p:slow+net / b", "p:slow+net / b#2"});
    CHECK(meson_ids({entries()[0]}) == Words{"a"});
}

TEST_CASE("suites and names are chosen as Meson does") {
    const MesonEntry slow = entries()[1];
    CHECK(in_meson_suites(slow, {"slow"}));
    CHECK(in_meson_suites(slow, {"other", "p:net"}));
    CHECK(in_meson_suites(slow, {"p"}));
    CHECK_FALSE(in_meson_suites(slow, {"q:net"}));
    CHECK_FALSE(in_meson_suites(slow, {"other"}));
    CHECK(has_meson_name(slow, {"b"}));
    CHECK(has_meson_name(slow, {"p:b"}));
    CHECK(has_meson_name(slow, {"p:"}));
    CHECK_FALSE(has_meson_name(slow, {"q:b"}));
    CHECK_FALSE(has_meson_name(slow, {"bb"}));
}

TEST_CASE("a copied build folder leads into the copy, and names that only begin so do not") {
    const MovedPaths moved("/home/p/build", "/home/p", "/copy/build/");
    CHECK(moved.any());
    CHECK(moved.here("/home/p/build/a") == "/copy/build/a");
    CHECK(moved.here("/home/p/tests/a.txt") == "/copy/tests/a.txt");
    CHECK(moved.here("--root=/home/p:/home/p/build") == "--root=/copy:/copy/build");
    CHECK(moved.here("/home/p2/a /home/p-x /home/p.x") == "/home/p2/a /home/p-x /home/p.x");
    CHECK(moved.here("") == "");
    CHECK_FALSE(MovedPaths("/home/p/build", "/home/p", "/home/p/build").any());
    CHECK_FALSE(MovedPaths("build", "/home/p", "/copy/build").any());
    CHECK(MovedPaths("/b", "/", "/copy").here("/usr/bin/python3 /b/a") ==
          "/usr/bin/python3 /copy/a");
}

TEST_CASE("verdicts are Meson's") {
    constexpr auto exited = [](int code) { return code << 8; };
    const auto verdict = [](MesonProtocol protocol, const std::string& text, int status,
                            bool should_fail = false) {
        MesonOutput output(protocol);
        for (const char letter : text) output.add(std::string(1, letter));
        return output.verdict(status, should_fail);
    };
    const auto by_exit = [&](int status, bool should_fail = false) {
        return verdict(MesonProtocol::exit_code, "", status, should_fail).outcome;
    };
    CHECK(by_exit(0) == Outcome::passed);
    CHECK(by_exit(exited(1)) == Outcome::failed);
    CHECK(by_exit(exited(77)) == Outcome::skipped);
    CHECK(by_exit(exited(99)) == Outcome::error);
    CHECK(by_exit(11) == Outcome::failed);  // by a signal
    CHECK(by_exit(0, true) == Outcome::failed);
    CHECK(by_exit(exited(1), true) == Outcome::xfailed);
    CHECK(by_exit(exited(77), true) == Outcome::skipped);

    const auto of_rust = [&](const std::string& text) {
        return verdict(MesonProtocol::rust, text, 0).outcome;
    };
    CHECK(of_rust("running 1 test\ntest a::b ... ok\ntest result: ok. 1 passed\n") ==
          Outcome::passed);
    CHECK(of_rust("test a ... ok\ntest b ... FAILED") == Outcome::failed);
    CHECK(of_rust("running 0 tests\n") == Outcome::skipped);

    CHECK(verdict(MesonProtocol::tap, "1..1\nok 1\n", 0).outcome == Outcome::passed);
    CHECK(verdict(MesonProtocol::tap, "1..1\nnot ok 1\n", 0).outcome == Outcome::failed);
    CHECK(verdict(MesonProtocol::tap, "1..0\n", 0).outcome == Outcome::skipped);
    CHECK(verdict(MesonProtocol::tap, "1..1\nok 1\n", exited(1)).outcome == Outcome::error);
}
