#include "client/remote_talk.hpp"

#include <doctest/doctest.h>

using namespace xgrid::client;

namespace {

// Of a host that was reached so far, with what was said there and by ssh.
RemoteEnd ended(const std::vector<std::string>& words, const std::vector<std::string>& errors,
                const std::string& how = "exited with status 255",
                const std::vector<std::string>& hosts = {"h"}) {
    RemoteTalk talk("m");
    for (const std::string& word : words) talk.hear(word);
    for (const std::string& error : errors) talk.hear_error(error);
    RemoteEnd end = talk.end();
    end.spec = "ssh=" + hosts.back();
    end.hosts = hosts;
    for (const std::string& host : hosts) end.commands.push_back("ssh -p 22 " + host);
    end.how = how;
    end.system = "Linux x86_64";
    end.program_bytes = 20'000'000;
    return end;
}

std::string why(const std::string& error) { return explain(ended({}, {error})); }

}  // namespace

TEST_CASE("a host on the way wants its script, and the last one what it lacks") {
    RemoteTalk talk("m");
    CHECK(talk.hear("Welcome to this host") == RemoteWant::nothing);
    CHECK(talk.hear("m hop") == RemoteWant::script);
    CHECK(talk.stage() == RemoteStage::connecting);
    CHECK(talk.hear("m here Linux x86_64") == RemoteWant::nothing);
    CHECK(talk.reached() == 2);
    CHECK(talk.stage() == RemoteStage::arrived);
    CHECK(talk.hear("m need gzip -dc") == RemoteWant::packed_program);
    CHECK(talk.hear("m need cat") == RemoteWant::plain_program);
    CHECK(talk.hear("m start") == RemoteWant::nothing);
    CHECK(talk.stage() == RemoteStage::working);
    CHECK(talk.hear("m end 0") == RemoteWant::nothing);
    CHECK(talk.stage() == RemoteStage::ended);
}

TEST_CASE("what is printed without the mark is no word to us") {
    RemoteTalk talk("m");
    for (const char* line : {"", "start", "mm start", "m", "m ", "x m start"}) talk.hear(line);
    CHECK(talk.stage() == RemoteStage::connecting);
    CHECK(talk.reached() == 0);
}

TEST_CASE("errors are for the user once a worker is there, and before that only if there is none") {
    RemoteTalk talk("m");
    CHECK(talk.hear_error("banner").empty());
    talk.hear("m here Linux x86_64");
    talk.hear("m start");
    CHECK(talk.hear_error("trouble") == "trouble");
    CHECK(talk.end().lines == std::vector<std::string>{"trouble"});
}

TEST_CASE("ssh's own messages are told with the spec, and what to do") {
    CHECK(why("ssh: connect to host h port 22: Connection refused") ==
          "cannot use 'ssh=h': h refuses the connection: ssh: connect to host h port 22: "
          "Connection refused\n(is sshd running there, on that port?)");
    CHECK(why("ssh: Could not resolve hostname h: Name or service not known") ==
          "cannot use 'ssh=h': h is not known as a host: ssh: Could not resolve hostname h: Name "
          "or service not known");
    CHECK(why("Host key verification failed.")
              .find("connect once by hand and compare it: ssh -p 22 h") != std::string::npos);
    CHECK(why("me@h: Permission denied (publickey).").find("h does not let us in: ") !=
          std::string::npos);
    const RemoteEnd changed = ended({}, {"@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @",
                                         "Host key verification failed."});
    CHECK(explain(changed).find("h has another host key than it had") != std::string::npos);
    CHECK(why("something new") ==
          "cannot use 'ssh=h': h does not run what it is asked to: ssh exited with status 255\n"
          "something new");
}

TEST_CASE("a fault behind a proxy names the host that is meant, and the way") {
    const RemoteEnd end =
        ended({"m hop"}, {"Host key verification failed."}, "exited with status 255", {"a", "b"});
    CHECK(explain(end).starts_with("cannot use 'ssh=b' through a: b has a host key"));
    const RemoteEnd tool = ended({"m fail tool ssh"}, {}, "exited with status 1", {"a", "b"});
    CHECK(explain(tool) == "cannot use 'ssh=b': there is no ssh here");
}

TEST_CASE("why a way leads to nobody is told as ssh says it") {
    const auto why = [](const std::vector<std::string>& errors) {
        return explain_refusal(ended({"m here", "m start"}, errors));
    };
    CHECK(why({}).empty());
    CHECK(why({"channel 2: open failed: connect failed: Connection refused"}) ==
          "cannot use 'ssh=h': h cannot connect there: connect failed: Connection refused");
    CHECK(why({"channel 3: open failed: administratively prohibited: open failed"})
              .find("(its sshd_config has to allow it: AllowTcpForwarding yes") !=
          std::string::npos);
}

TEST_CASE("what a host says of itself is told") {
    const auto says = [](const std::string& fault) {
        return explain(ended({"m here Linux x86_64", "m fail " + fault}, {}));
    };
    CHECK(says("tool tar").starts_with("cannot use 'ssh=h': h has no tar\n("));
    CHECK(says("system Darwin arm64")
              .starts_with("cannot use 'ssh=h': h is Darwin arm64, and this xgrid runs on Linux "
                           "x86_64\n("));
    CHECK(says("forwarding").find("AllowStreamLocalForwarding yes") != std::string::npos);
    CHECK(says("write 2000 tar: x: No space left on device")
              .starts_with("cannot use 'ssh=h': xgrid's program cannot be kept on h: tar: x: No "
                           "space left on device (2 MB free, 41 MB needed for a moment)\n("));
    CHECK(says("write - mkdir: no").find("MB free") == std::string::npos);
    CHECK(says("start 126 sh: ld.so: Permission denied").find("noexec") != std::string::npos);
    CHECK(says("start 1 FATAL: kernel too old") ==
          "cannot use 'ssh=h': xgrid's program does not run on h: 1 FATAL: kernel too old");
}

TEST_CASE("a shell without sh, and one that is none, are told") {
    CHECK(explain(ended({}, {"bash: line 1: head: command not found"}, "exited with status 127"))
              .starts_with("cannot use 'ssh=h': h has no sh, or no head\nbash: "));
    CHECK(explain(ended({"This account is currently not available."}, {}, "exited with status 1"))
              .starts_with("cannot use 'ssh=h': h has no shell for that user: This account"));
}

TEST_CASE("a host that is lost while it works is lost, not unusable") {
    const std::vector<std::string> working = {"m here Linux x86_64", "m start"};
    CHECK(explain(ended(working, {"Timeout, server h not responding."})) ==
          "lost 'ssh=h': the connection to h is lost\nTimeout, server h not responding.");
    std::vector<std::string> over = working;
    over.push_back("m end 3");
    CHECK(explain(ended(over, {})) == "lost 'ssh=h': the worker on h exited with status 3");
    CHECK(explain(ended({"m here Linux x86_64"}, {"Connection reset by peer"})) ==
          "cannot use 'ssh=h': the connection to h is lost\nConnection reset by peer");
}
