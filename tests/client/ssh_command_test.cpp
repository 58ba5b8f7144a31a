#include "client/ssh_command.hpp"

#include <doctest/doctest.h>

using namespace xgrid;
using namespace xgrid::client;

namespace {

using Words = std::vector<std::string>;

XSpec spec(const std::string& text) {
    Result<XSpec> parsed = parse_xspec(text);
    REQUIRE(parsed);
    return *parsed;
}

Host host(const std::string& text, const Words& via = {}) {
    Host made{.reach = Reach::ssh, .spec = spec(text)};
    for (const std::string& one : via) made.via.push_back(spec(one));
    return made;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("what is quoted is one word for sh") {
    CHECK(shell_word("") == "''");
    CHECK(shell_word("a b$`\"\\!") == "'a b$`\"\\!'");
    CHECK(shell_word("it's") == "'it'\\''s'");
}

TEST_CASE("the host is found among ssh's arguments") {
    CHECK(host_among({"h"}) == "h");
    CHECK(host_among({"-p", "22", "-v", "me@h", "-A"}) == "me@h");
    CHECK(host_among({"-p22", "h"}) == "h");
    CHECK(host_among({"-4vp", "22", "h"}) == "h");
    CHECK(host_among({"-o", "User me", "--", "h"}) == "h");
    CHECK(host_among({"-p", "22"}).empty());
    CHECK(host_among({}).empty());
}

TEST_CASE("what is no command line for ssh is refused with why") {
    CHECK(ssh_arguments(spec("ssh=-p 22")).error() == "'ssh=-p 22' names no host");
    CHECK(ssh_arguments(spec("ssh=h 'x")).error() == "'ssh=h 'x' has a quote that is not closed");
    Result<Words> words = ssh_arguments(spec("ssh=-o 'User me' h"));
    REQUIRE(words);
    CHECK(*words == Words{"-o", "User me", "h"});
    CHECK(host_name_of(spec("ssh=-p 22 me@h")) == "me@h");
}

TEST_CASE("a host next to us is reached by ssh with the spec's arguments") {
    const Way way = way_to(host("ssh=-p 22 h//ssh_config=/my config"), "mark", "/run/broker");
    CHECK(way.sockets == Words{"/tmp/xgrid-mark-0"});
    const Words command = local_command(way);
    REQUIRE(command.size() == 3);
    CHECK(command[0] == "/bin/sh");
    CHECK(contains(command[2], "set -- '-F' '/my config' '-p' '22' 'h'\n"));
    CHECK(contains(command[2], "here='/run/broker'\nthere='/tmp/xgrid-mark-0'\nleads='-R'\n"));
    CHECK(contains(command[2], "hop=''\n"));
}

TEST_CASE("what a login shell is given has no letter that shells differ about") {
    const std::string command = local_command(way_to(host("ssh=h"), "m", "/b"))[2];
    const std::string next = "next='exec sh -c '\\''eval \"$(head -c 8192)\"'\\'''\n";
    CHECK(contains(command, next));
}

TEST_CASE("behind a proxy each host is reached from the one before, with a socket of its own") {
    const Way way = way_to(host("ssh=c", {"ssh=a", "ssh=b"}), "m", "/broker");
    CHECK(way.sockets == Words{"/tmp/xgrid-m-0", "/tmp/xgrid-m-1", "/tmp/xgrid-m-2"});
    CHECK(contains(local_command(way)[2], "set -- 'a'\n"));
    const std::string first = hop_script(way, 0);
    CHECK(contains(first, "here='/tmp/xgrid-m-0'\nthere='/tmp/xgrid-m-1'\n"));
    CHECK(contains(first, "hop='1'\nset -- 'b'\n"));
    CHECK(contains(hop_script(way, 1), "hop='1'\nset -- 'c'\n"));
    CHECK(contains(remote_script(way, {}), "socket='/tmp/xgrid-m-2'\n"));
}

TEST_CASE("to a worker that listens a socket here leads, by sockets on the way") {
    const Host there{.reach = Reach::socket,
                     .spec = spec("socket=[::1]:9"),
                     .via = {spec("ssh=a"), spec("ssh=b")}};
    const Way way = way_to(there, "m", "/to");
    REQUIRE(way.hops.size() == 2);
    CHECK(way.sockets == Words{"/tmp/xgrid-m-0", "[::1]:9"});
    CHECK(contains(local_command(way)[2], "here='/to'\nthere='/tmp/xgrid-m-0'\nleads='-L'\n"));
    CHECK(contains(hop_script(way, 0), "here='/tmp/xgrid-m-0'\nthere='[::1]:9'\nleads='-L'\n"));
    CHECK(contains(hop_script(way, 0), "set -- 'b'\n"));
    CHECK(pass_script(way).size() == 8192);
}

TEST_CASE("scripts have the length that they are read with") {
    const Way way = way_to(host("ssh=b", {"ssh=a"}), std::string(32, 'f'), "/broker");
    CHECK(hop_script(way, 0).size() == 8192);
    const std::string script = remote_script(way, {.system = "Linux x86_64",
                                                   .program_bytes = 123,
                                                   .loader = "ld.so",
                                                   .slots = 3,
                                                   .labels = {{"a", "b c"}}});
    CHECK(script.size() == 8192);
    CHECK(contains(script, "size='123'\nloader='ld.so'\n"));
    CHECK(contains(script,
                   "set -- '--slots' '3' '--until-end-of-input' '--compress' 'always' '--label' "
                   "'a=b c'\n"));
}
