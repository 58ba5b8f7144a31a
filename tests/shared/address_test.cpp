#include "shared/address.hpp"

#include <doctest/doctest.h>

using namespace xgrid;

namespace {

const Address otherwise{"127.0.0.1", 8888};

std::string read(const std::string& text) {
    Result<Address> address = address_from(text, otherwise);
    return address ? text_of(*address) : "wrong";
}

}  // namespace

TEST_CASE("what an address does not say is as it is otherwise") {
    CHECK(read("") == "127.0.0.1:8888");
    CHECK(read("9") == "127.0.0.1:9");
    CHECK(read(":9") == "127.0.0.1:9");
    CHECK(read("h") == "h:8888");
    CHECK(read("h:9") == "h:9");
    CHECK(read("*:0") == "*:0");
    CHECK(read("10.0.0.1") == "10.0.0.1:8888");
    CHECK(read("[::1]") == "[::1]:8888");
    CHECK(read("[fe80::1%eth0]:65535") == "[fe80::1%eth0]:65535");
}

TEST_CASE("what is no address is an error") {
    for (const char* text : {"h:x", "h:-1", "h:65536", "65536", "h:1:2", "::1", "[::1", "[]:1",
                             "[::1]9", "h h:1", "a/b:1", "h: 1", "h:1 ", "99999999999999999999"}) {
        CAPTURE(text);
        CHECK(read(text) == "wrong");
    }
}

TEST_CASE("only this machine reaches its loopback") {
    CHECK(is_loopback("127.0.0.1"));
    CHECK(is_loopback("127.1.2.3"));
    CHECK(is_loopback("::1"));
    CHECK(!is_loopback("0.0.0.0"));
    CHECK(!is_loopback("::"));
    CHECK(!is_loopback("10.0.0.1"));
    CHECK(!is_loopback("::ffff:10.0.0.1"));
}
